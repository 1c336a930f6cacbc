//! Decisions that a server has handed over: opened as a request of their client, or joined to one
//! that is open. What the policy refuses is answered like any other no, so that the server's client
//! hears of a refusal and not of an outage.

use async_trait::async_trait;
use countersign_port::{
    delegation::{Delegated, Delegations, NotTaken, Verdict},
    text::Untrusted,
};
use serde_json::Map;

use super::Service;
use crate::{
    config::client::TokenSubject,
    domain::{
        access::{
            Act, Refused,
            effects::{NewAnswer, NewDelegation},
            join::Join,
            open::{KeyUse, Open},
        },
        client::Client,
        delegation::Delegation,
        id::EventId,
        plan::Plan,
        request::{
            AccessRequest, Action, AskingClient, Bound, Context, Delegator, Draft, GRANT_SCOPE,
            Item, RequestedAccess, Resource, SignIn, Subject,
        },
        right::Right,
    },
    refusal::{self, Refusal},
    seal::{Place, SealError},
};

/// What a scope is granted to where nothing else is named.
const OAUTH_CLIENT: &str = "oauth_client";

/// Where a bearer stands.
pub(crate) fn place(row: &str) -> Place<'_> {
    Place { table: "delegation", column: "sealed", row }
}

#[async_trait]
impl Delegations for Service {
    async fn take(&self, delegated: Delegated) -> Result<(), NotTaken> {
        let speaker =
            TokenSubject { issuer: delegated.issuer.clone(), client_id: delegated.client.clone() };
        let client = self.parts.delegating.speakers.get(&speaker).cloned();
        let client = client.ok_or_else(|| NotTaken::UnknownClient {
            issuer: delegated.issuer.clone(),
            client: delegated.client.clone(),
        })?;
        let new = self.sealed(&delegated).map_err(|error| {
            tracing::error!(%error, "the bearer of a delegation could not be sealed");
            NotTaken::Unavailable
        })?;
        match delegated.joins.clone() {
            Some(request) => self.join(&client, delegated, &request, new).await,
            None => self.open_delegated(&client, delegated, new).await,
        }
    }
}

impl Service {
    /// The delegation with its bearer sealed for its own row.
    fn sealed(&self, delegated: &Delegated) -> Result<NewDelegation, SealError> {
        let now = self.parts.clock.now();
        let id = EventId::from_ulid(self.parts.seeds.seed().ids(now).ulid());
        let keys = &self.parts.delegating.keys;
        let key_id = keys.first()?.to_string();
        let nonce = self.parts.seeds.nonce();
        let sealed = keys.seal(place(id.as_str()), &delegated.bearer, nonce)?;
        let delegation = Delegation {
            asked_at: now,
            connection: delegated.connection.clone(),
            endpoint: delegated.endpoint.clone(),
            expires_at: delegated.expires_at,
            id,
            issuer: delegated.issuer.clone(),
            scopes: delegated.scopes.clone(),
        };
        Ok(NewDelegation { delegation, sealed, key_id })
    }

    async fn join(
        &self,
        client: &Client,
        delegated: Delegated,
        request: &str,
        delegation: NewDelegation,
    ) -> Result<(), NotTaken> {
        entitled(client).map_err(|_| NotTaken::NotJoinable)?;
        let key = key(&delegated);
        let join = Join {
            request: request.parse().map_err(|_| NotTaken::NotJoinable)?,
            integrator: client.id.clone(),
            client: delegated.client,
            subject: delegated.subject,
            delegation,
            key,
        };
        match self.parts.ledger.submit(self.command(Act::Join(Box::new(join)))).await {
            Ok(_) => Ok(()),
            Err(Refused::KeyReused) => Err(NotTaken::KeyReused),
            Err(Refused::NotJoinable | Refused::Unknown) => Err(NotTaken::NotJoinable),
            Err(_) => Err(NotTaken::Unavailable),
        }
    }

    async fn open_delegated(
        &self,
        client: &Client,
        delegated: Delegated,
        new: NewDelegation,
    ) -> Result<(), NotTaken> {
        let key = key(&delegated);
        let request = self.request(client, draft(delegated, new.delegation.decide_within_s()));
        let plans = match self.delegated_plans(client, &request).await {
            Ok(plans) => plans,
            Err(Refusal::Unavailable) => return Err(NotTaken::Unavailable),
            Err(refusal) => return self.refuse(&key, &request, new, &refusal).await,
        };
        let requester = self.requester(client, &request, &plans);
        let open = Open::new(request.clone(), plans, Some(key.clone()), client.pending_limit);
        let open = open.showing(requester).delegated(new.clone());
        match self.parts.ledger.submit(self.command(Act::Open(Box::new(open)))).await {
            Ok(_) => Ok(()),
            Err(Refused::KeyReused) => Err(NotTaken::KeyReused),
            Err(Refused::TooManyPending { .. }) => Err(NotTaken::TooMany),
            Err(Refused::HeldBack(held)) => {
                self.refuse(&key, &request, new, &Refusal::held_back(&held)).await
            }
            Err(_) => Err(NotTaken::Unavailable),
        }
    }

    async fn delegated_plans(
        &self,
        client: &Client,
        request: &AccessRequest,
    ) -> Result<Vec<Plan>, Refusal> {
        entitled(client)?;
        if let Some(name) = client.may_not_ask_for(&request.items) {
            let name = Untrusted::new(name).display();
            let detail = format!("client `{}` may not ask for `{name}`", client.id);
            return Err(Refusal::InvalidScope { detail });
        }
        self.hear_providers().await?;
        self.plans(client, request)
    }

    /// Nobody is asked and nothing is opened; the server is told no.
    async fn refuse(
        &self,
        key: &KeyUse,
        request: &AccessRequest,
        new: NewDelegation,
        why: &Refusal,
    ) -> Result<(), NotTaken> {
        let why = said(why, &request.subject.sign_in);
        tracing::warn!(client = %request.integrator, connection = new.delegation.connection, why,
            "a delegation was refused");
        metrics::counter!("countersign_delegations_total", "result" => "refused").increment(1);
        let answer = NewAnswer {
            delegation: new.delegation.clone(),
            // The id that the request would have had: the outbox orders by it and nothing else.
            request: request.id.clone(),
            verdict: Verdict::Denied,
            due_at: new.delegation.answerable_at(),
        };
        let kept = self.parts.store.answer_without_request(&key.key, &new, &answer).await;
        kept.map(|_| ()).map_err(|error| {
            tracing::error!(%error, "the database did not answer");
            NotTaken::Unavailable
        })
    }
}

/// Whether a server may ask for this client, and be told what was granted.
pub(super) fn entitled(client: &Client) -> Result<(), Refusal> {
    refusal::need(client, Right::Request)?;
    refusal::need(client, Right::Result)
}

/// Why a server that asks for others is refused. Whoever signs in at it cannot help that it does not
/// say so.
pub(super) fn said(why: &Refusal, sign_in: &SignIn) -> String {
    if matches!(why, Refusal::StepUp { .. }) && sign_in.is_unknown() {
        return format!("{why}; the server that asks does not say how they signed in");
    }
    why.to_string()
}

/// A delegation that is handed over once more is the same one.
fn key(delegated: &Delegated) -> KeyUse {
    KeyUse {
        key: format!("delegation/{}/{}", delegated.connection, delegated.key),
        body_sha256: delegated.body_sha256.clone(),
    }
}

fn draft(delegated: Delegated, expires_in_seconds: i64) -> Draft {
    let resource =
        Resource { kind: OAUTH_CLIENT.to_owned(), id: delegated.client.clone(), properties: None };
    let requested = RequestedAccess { scopes: delegated.scopes, ..RequestedAccess::default() };
    let action = Action { name: GRANT_SCOPE.to_owned(), properties: None };
    Draft {
        client: AskingClient { id: delegated.client, name: None, actor: None, source: Map::new() },
        subject: Subject {
            kind: "user".to_owned(),
            id: delegated.subject,
            name: None,
            email: None,
            groups: Vec::new(),
            proven: Vec::new(),
            sign_in: SignIn { acr: delegated.acr, at: delegated.signed_in_at },
            roles: Vec::new(),
            sid: None,
        },
        items: vec![Item { action, requested, resource }],
        context: Context::default(),
        credential: None,
        delegated: Some(Delegator { connection: delegated.connection, issuer: delegated.issuer }),
        login_hint: delegated.login_hint,
        binding: Bound::default(),
        binding_message: delegated.binding_message,
        acr_values: delegated.acr_values,
        requested_expiry_seconds: Some(expires_in_seconds),
        callback: None,
        transaction: None,
    }
}
