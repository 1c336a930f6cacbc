//! Single-use credentials: claimed by the client, redeemed once by the resource server, asked about
//! and revoked by both. Signatures are checked first: a forged token costs no write.

use countersign_verify::claims::{self, ACTION};
use jiff::Timestamp;

use super::Service;
use crate::{
    domain::{
        access::{
            Act, Refused,
            claim::Claim,
            redeem::Redeem,
            revoke::{Holder, Revoke, What},
            slice::View,
        },
        actor::Actor,
        approval::{Approval, ApprovalStatus},
        binding::binding,
        client::Client,
        credential::{Credential, Standing},
        decide::Granted,
        id::RequestId,
        request::{AccessRequest, Item, Part},
        task::{
            TaskResponse,
            arap::{self, ArapResponse},
        },
    },
    refusal::Refusal,
    signing::{SIGNED_LIVES_S, SigningError},
    store::load,
};

/// A credential, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub credential: String,
    pub jti: String,
    pub expires_in_seconds: i64,
}

/// What a resource server presents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presented {
    pub token: String,
    pub params_hash: String,
    pub sid: Option<String>,
    pub ath: Option<String>,
    pub cnf: Option<String>,
    pub sub: Option<String>,
    pub client_id: Option<String>,
    pub key: Option<String>,
}

impl Service {
    /// Claims the credential of an approved action. Today's policy must still have a way to yes.
    pub async fn claim(
        &self,
        client: &Client,
        id: &RequestId,
        ath: Option<String>,
    ) -> Result<Claimed, Refusal> {
        let view = self.view(client, id).await?;
        self.hear_providers().await?;
        self.plans(client, &view.request)?;
        let claim = Claim { request: id.clone(), client: client.id.clone(), ath };
        let view = match self.parts.ledger.submit(self.command(Act::Claim(claim))).await {
            Err(Refused::Unknown) => Err(Refusal::UnknownTask),
            other => other.map_err(Refusal::from),
        }?;
        let issued = view.credentials.last().zip(view.approval.as_ref());
        let (credential, approval) = issued.ok_or(Refusal::Unavailable)?;
        let claims = claims(&view.request, credential, approval, &self.parts.public_url);
        Ok(Claimed {
            credential: self.parts.signing.credential(&claims).await?,
            jti: claims.jti,
            expires_in_seconds: claims.exp - claims.iat,
        })
    }

    /// Redeems a credential. `None` is a no, for whatever reason.
    pub async fn redeem(
        &self,
        server: &str,
        presented: Presented,
    ) -> Result<Option<claims::Credential>, Refusal> {
        let Some((claims, request)) = self.opened(&presented.token).await? else {
            return Ok(None);
        };
        let redeem = Redeem {
            request,
            jti: claims.jti.clone(),
            by: server.to_owned(),
            params_hash: presented.params_hash,
            sid: presented.sid,
            ath: presented.ath,
            cnf: presented.cnf,
            sub: presented.sub,
            client_id: presented.client_id,
            key: presented.key,
        };
        match self.parts.ledger.submit(self.command(Act::Redeem(redeem))).await {
            Ok(_) => Ok(Some(claims)),
            Err(Refused::NotActive) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// Whether a credential could be redeemed now, for whom it is about. Reads only.
    pub async fn introspect(
        &self,
        holder: &Holder,
        token: &str,
    ) -> Result<Option<claims::Credential>, Refusal> {
        let Some((claims, request)) = self.opened(token).await? else { return Ok(None) };
        let mut connection = self.parts.store.read.acquire().await?;
        let view = load::read_with_credentials(&mut connection, &request).await?;
        let now = self.parts.clock.now();
        let is_active = view.is_some_and(|view| {
            let mut all = view.credentials.iter().filter(|own| own.jti == claims.jti);
            all.any(|own| holder.holds(own) && own.standing(now) == Standing::Issued)
                && lives(&view, now)
        });
        Ok(is_active.then_some(claims))
    }

    /// Revokes a credential, if it is the holder's and not yet over. Says nothing about it.
    pub async fn revoke(&self, by: Holder, token: &str) -> Result<(), Refusal> {
        let Some((claims, request)) = self.opened(token).await? else { return Ok(()) };
        let what = What::Credential { jti: claims.jti, by };
        let act = Act::Revoke(Revoke { request, what });
        match self.parts.ledger.submit(self.command(act)).await {
            Ok(_) | Err(Refused::NotActive) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// A task as it is answered: a live approval comes with its proof.
    pub async fn with_state(&self, view: &View, mut task: TaskResponse) -> TaskResponse {
        let now = self.parts.clock.now();
        let Some(result) = task.result.as_mut() else { return task };
        if !self.parts.signing.is_set_up() || !lives(view, now) {
            return task;
        }
        let Some(claims) = state(view, &self.parts.public_url, now) else { return task };
        match self.parts.signing.approval(&claims).await {
            Ok(state) => result.approval.state = Some(state),
            // The answer is as good without it.
            Err(error) => tracing::error!(%error, "an approval could not be signed"),
        }
        task
    }

    /// A task for a client in the mode of AuthZEN's profile: a live approval comes with what shows it
    /// to us again, and with a proof for the client itself.
    pub async fn arap(&self, view: &View) -> ArapResponse {
        let now = self.parts.clock.now();
        let url = &self.parts.public_url;
        let mut task = arap::task(view, url, now);
        let Some(result) = task.result.as_mut() else { return task };
        if !self.parts.signing.is_set_up() || !lives(view, now) {
            return task;
        }
        let Some(proof) = state(view, url, now) else { return task };
        let state = claims::ApprovalState { aud: url.to_string(), ..proof.clone() };
        let signing = &self.parts.signing;
        match (signing.approval(&state).await, signing.approval(&proof).await) {
            (Ok(state), Ok(proof)) => {
                result.approval.state = Some(state);
                result.grant.proof = Some(proof);
            }
            // The answer is as good without them.
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "an approval could not be signed");
            }
        }
        task
    }

    /// The claims of a token that was signed here, and the request that it names.
    async fn opened(
        &self,
        token: &str,
    ) -> Result<Option<(claims::Credential, RequestId)>, Refusal> {
        if !self.parts.signing.is_set_up() {
            return Ok(None);
        }
        let claims = match self.parts.signing.open(token).await? {
            Ok(claims) => claims,
            Err(why) => {
                tracing::info!(%why, "a credential was refused");
                return Ok(None);
            }
        };
        let request = claims.txn.parse().ok();
        Ok(request.filter(|_| claims.iss == *self.parts.public_url).map(|id| (claims, id)))
    }
}

fn lives(view: &View, now: Timestamp) -> bool {
    let live = view.approval.as_ref().filter(|own| own.status == ApprovalStatus::Live);
    live.and_then(Approval::lapses_at).is_some_and(|at| at > now)
}

/// Who acts, in the words of RFC 8693.
fn act(actor: &Actor) -> claims::Actor {
    let next = actor.act.as_deref().map(act).map(Box::new);
    claims::Actor { sub: actor.id.clone(), iss: actor.issuer.clone(), act: next }
}

/// What a credential says on the wire.
fn claims(
    request: &AccessRequest,
    credential: &Credential,
    approval: &Approval,
    issuer: &str,
) -> claims::Credential {
    let item = request.items.first();
    let action = item.map(|item| item.action.name.clone()).unwrap_or_default();
    claims::Credential {
        iss: issuer.to_owned(),
        aud: credential.aud.clone(),
        sub: request.subject.id.clone(),
        client_id: request.client.id.clone(),
        iat: credential.issued_at.as_second(),
        exp: credential.expires_at.as_second(),
        jti: credential.jti.clone(),
        txn: request.id.to_string(),
        act: request.client.actor.as_ref().map(act),
        authorization_details: [claims::Detail {
            kind: ACTION.to_owned(),
            actions: [action],
            locations: [credential.aud.clone()],
            identifier: item.map(|item| item.resource.id.clone()).unwrap_or_default(),
            params_hash: credential.params_hash.clone(),
            params_hash_alg: countersign_json::canonical::PARAMS_HASH_ALG.to_owned(),
        }],
        approval: claims::Approval {
            id: approval.id.to_string(),
            approved_at: approval.approved_at.to_string(),
            approved_until: approval.approved_until.to_string(),
        },
        sid: credential.binding.sid.clone(),
        ath: credential.binding.ath.clone(),
        cnf: credential.binding.cnf.clone(),
    }
}

/// What `approval.state` says.
fn state(view: &View, issuer: &str, now: Timestamp) -> Option<claims::ApprovalState> {
    let (approval, outcome) = (view.approval.as_ref()?, view.outcome.as_ref()?);
    let request = &view.request;
    let granted = outcome.granted();
    let granted = granted
        .filter_map(|(number, granted)| Some(self::granted(request.items.get(number)?, granted)));
    let binding = binding(request);
    let iat = now.as_second();
    Some(claims::ApprovalState {
        iss: issuer.to_owned(),
        aud: request.integrator.to_string(),
        iat,
        exp: approval.approved_until.as_second().min(iat.saturating_add(SIGNED_LIVES_S)),
        approval_id: approval.id.to_string(),
        request_id: request.id.to_string(),
        subject: claims::Subject {
            kind: request.subject.kind.clone(),
            id: request.subject.id.clone(),
        },
        client_id: request.client.id.clone(),
        granted: granted.collect(),
        binding_hash: binding.hash,
        binding_context_members: binding.context_members,
        approved_until: approval.approved_until.to_string(),
        txn: request.transaction.as_ref().map(|transaction| transaction.id.clone()),
    })
}

fn granted(item: &Item, granted: &Granted) -> claims::Granted {
    let mut scopes = Vec::new();
    let mut authorization_details = Vec::new();
    let parts = item.parts().into_iter().enumerate();
    for (_, part) in parts.filter(|(number, _)| granted.parts.contains(number)) {
        match part {
            Part::Scope(scope) => scopes.push(scope),
            Part::Detail(detail) => authorization_details.push(detail.clone()),
            Part::Action(_) => {}
        }
    }
    let action = item.action.name.clone();
    claims::Granted { action, scope: scopes.join(" "), authorization_details }
}

/// Keys that cannot be read or used are told to the operator; the caller is told to come back.
impl From<SigningError> for Refusal {
    fn from(error: SigningError) -> Self {
        tracing::error!(%error, "nothing could be signed or verified");
        Self::Unavailable
    }
}
