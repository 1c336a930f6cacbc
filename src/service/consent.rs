//! Consents: a server keeps the browser of whoever wants access, and asks by it how it stands. The
//! first time opens a request of the client; the others find it again by the challenge.

use std::time::Duration;

use async_trait::async_trait;
use countersign_port::{
    consent::{Consent, Consents, Decided, NotAsked, Standing, Waiting},
    text::Untrusted,
};
use serde_json::{Map, json};
use sha2::{Digest, Sha256};

use super::{
    Service,
    delegation::{entitled, said},
};
use crate::{
    config::client::TokenSubject,
    domain::{
        access::{open::KeyUse, slice::View},
        approval::{Approval, ApprovalStatus},
        client::Client,
        request::{
            Action, AskingClient, Bound, Context, Draft, GRANT_SCOPE, Item, Part, RequestedAccess,
            Resource, SignIn, Subject,
        },
    },
    refusal::Refusal,
};

/// What a scope is granted to.
const OAUTH_CLIENT: &str = "oauth_client";

/// Whoever waits hears that nobody has decided while the server can still be told.
const NOTICE_S: i64 = 30;

#[async_trait]
impl Consents for Service {
    async fn ask(&self, consent: Consent, wait: Duration) -> Result<Standing, NotAsked> {
        let speaker =
            TokenSubject { issuer: consent.issuer.clone(), client_id: consent.client.clone() };
        let client = self.parts.delegating.speakers.get(&speaker).cloned();
        let client = client.ok_or(NotAsked::UnknownClient)?;
        let sign_in = SignIn { acr: consent.acr.clone(), at: consent.signed_in_at };
        let waits_s = u64::try_from(consent.expires_in_s).unwrap_or_default();
        match self.consented(&client, consent, wait).await {
            Ok(view) => Ok(self.standing(&view)),
            Err(why) => refused(&client, &why, &sign_in, waits_s),
        }
    }
}

impl Service {
    async fn consented(
        &self,
        client: &Client,
        consent: Consent,
        wait: Duration,
    ) -> Result<View, Refusal> {
        entitled(client)?;
        let key = key(&consent);
        let opened = if let Some(view) = self.repeated(client, &key).await? {
            view
        } else {
            let draft = draft(consent, client);
            if let Some(name) = client.may_not_ask_for(&draft.items) {
                let name = Untrusted::new(name).display();
                let detail = format!("client `{}` may not ask for `{name}`", client.id);
                return Err(Refusal::InvalidScope { detail });
            }
            self.open(client, draft, Some(key)).await?
        };
        // Whoever is shown a yes takes it up.
        self.follow(client, &opened.request.id, None, wait).await
    }

    fn standing(&self, view: &View) -> Standing {
        let task = self.task(view).task;
        let live = view.approval.as_ref().filter(|own| own.status == ApprovalStatus::Live);
        match (&view.outcome, live) {
            (None, _) => Standing::Waiting(Waiting {
                title: task.display.title,
                decides: task.display.description,
                reference: task.id,
                number: task.display.number,
                until: task.expires_at,
            }),
            (Some(_), Some(approval)) => Standing::Approved(decided(view, approval)),
            (Some(_), None) if view.approval.is_some() => {
                Standing::Refused("It was approved, and has run out since.".to_owned())
            }
            (Some(_), None) => Standing::Refused(task.display.title),
        }
    }
}

fn decided(view: &View, approval: &Approval) -> Decided {
    let granted = view.outcome.iter().flat_map(crate::domain::outcome::Outcome::granted);
    let scopes = granted.flat_map(|(number, granted)| {
        let parts = view.request.items.get(number).map(Item::parts).unwrap_or_default();
        let parts = parts.into_iter().enumerate();
        parts.filter_map(|(part, what)| match what {
            Part::Scope(scope) if granted.parts.contains(&part) => Some(scope.to_owned()),
            Part::Scope(_) | Part::Detail(_) | Part::Action(_) => None,
        })
    });
    Decided {
        request: view.request.id.to_string(),
        approval: approval.id.to_string(),
        scopes: scopes.collect(),
        until: approval.approved_until,
    }
}

/// What the policy refuses is a no like any other; what passes while somebody waits is tried again.
fn refused(
    client: &Client,
    why: &Refusal,
    sign_in: &SignIn,
    waits_s: u64,
) -> Result<Standing, NotAsked> {
    let is_short = |seconds: u64| seconds < waits_s;
    if matches!(why, Refusal::Unavailable)
        || matches!(why, Refusal::RateLimited { retry_after_seconds, .. } if is_short(*retry_after_seconds))
    {
        return Err(NotAsked::Later(why.to_string()));
    }
    let said = said(why, sign_in);
    tracing::warn!(client = %client.id, why = said, "a consent was refused");
    // Whoever waits can do something about this.
    if matches!(why, Refusal::StepUp { .. } | Refusal::RateLimited { .. }) {
        return Ok(Standing::Refused(said));
    }
    Ok(Standing::Refused("Nobody can approve this. Ask whoever runs it.".to_owned()))
}

/// A consent that is asked for again is the same one, while the same is asked.
fn key(consent: &Consent) -> KeyUse {
    let Consent { issuer, key, client, subject, scopes, .. } = consent;
    let asked = json!({ "client": client, "scopes": scopes, "subject": subject });
    KeyUse {
        key: format!("consent/{issuer}/{key}"),
        body_sha256: hex::encode(Sha256::digest(asked.to_string())),
    }
}

fn draft(consent: Consent, client: &Client) -> Draft {
    let resource =
        Resource { kind: OAUTH_CLIENT.to_owned(), id: consent.client.clone(), properties: None };
    let requested = RequestedAccess { scopes: consent.scopes, ..RequestedAccess::default() };
    let action = Action { name: GRANT_SCOPE.to_owned(), properties: None };
    Draft {
        client: AskingClient {
            id: consent.client,
            name: consent.client_name,
            actor: None,
            source: Map::new(),
        },
        subject: Subject {
            kind: "user".to_owned(),
            id: consent.subject,
            name: None,
            email: None,
            groups: Vec::new(),
            proven: Vec::new(),
            roles: Vec::new(),
            sid: None,
            sign_in: SignIn { acr: consent.acr, at: consent.signed_in_at },
        },
        items: vec![Item { action, requested, resource }],
        context: Context::default(),
        credential: None,
        delegated: None,
        login_hint: None,
        binding: Bound { browser: true, mode: client.mode, ..Bound::default() },
        binding_message: None,
        acr_values: None,
        requested_expiry_seconds: Some((consent.expires_in_s - NOTICE_S).max(1)),
        callback: None,
        transaction: None,
    }
}
