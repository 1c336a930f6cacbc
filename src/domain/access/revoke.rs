//! Revoke a credential that was not redeemed: by the client that claimed it, or by the resource
//! server that it is meant for. Revoke an approval with its credential: by an operator.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Refused, Reply,
    change::{Change, facts},
    redeem::keep,
    slice::Slice,
};
use crate::domain::{
    approval::{Approval, ApprovalStatus},
    audit::{Event, Kind},
    credential::{Credential, Standing, State},
    id::{ClientId, RequestId},
    ids::Ids,
};

/// Of which request something is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoke {
    pub request: RequestId,
    pub what: What,
}

/// What is revoked, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Credential { jti: String, by: Holder },
    Approval(Operator),
}

/// Whoever may use the command line of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// In the log.
    pub actor: String,
    /// Who they say they are. Nobody has proven it.
    pub name: Option<String>,
    pub reason: Option<String>,
}

/// Somebody who may ask about a credential, and revoke it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    Client(ClientId),
    ResourceServer(String),
}

impl Holder {
    /// Whether a credential is theirs.
    pub fn holds(&self, credential: &Credential) -> bool {
        match self {
            Self::Client(client) => credential.client == *client,
            Self::ResourceServer(id) => credential.aud == *id,
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Client(client) => client.as_str(),
            Self::ResourceServer(id) => id,
        }
    }
}

pub(super) fn revoke(slice: &mut Slice, revoke: Revoke, ids: &mut Ids, now: Timestamp) -> Reply {
    let Some(change) = Change::of(slice, &revoke.request, ids, now) else {
        return Err(match revoke.what {
            What::Credential { .. } => Refused::NotActive,
            What::Approval(_) => Refused::Unknown,
        });
    };
    match revoke.what {
        What::Credential { jti, by } => revoke_credential(change, &jti, &by),
        What::Approval(operator) => revoke_approval(change, operator),
    }
}

fn revoke_credential(mut change: Change<'_>, jti: &str, by: &Holder) -> Reply {
    let mut credentials = change.view().credentials.iter().enumerate();
    let found = credentials.find(|(_, credential)| credential.jti == jti);
    let Some((place, credential)) = found.map(|(place, found)| (place, found.clone())) else {
        return Err(Refused::NotActive);
    };
    if !by.holds(&credential) || credential.standing(change.now) != Standing::Issued {
        return Err(Refused::NotActive);
    }
    withdraw(&mut change, place, credential, by.as_str());
    Ok(change.done())
}

fn revoke_approval(mut change: Change<'_>, operator: Operator) -> Reply {
    if !change.view().approval.as_ref().is_some_and(is_live) {
        return Err(Refused::NotActive);
    }
    let Operator { actor, name, reason } = operator;
    take_back(&mut change, &actor, json!({ "name": name, "reason": reason }));
    Ok(change.done())
}

/// Takes back what is still live: the approval, which is one for the whole request, and every
/// credential that came of it and was not used. The task stays approved; its client is told, and an
/// evaluation says no from here on.
pub(super) fn take_back(change: &mut Change<'_>, by: &str, payload: Value) {
    let approval = change.view().approval.clone().filter(is_live);
    if let Some(mut approval) = approval.clone() {
        approval.status = ApprovalStatus::Revoked;
        change.log(Event {
            kind: Kind::ApprovalRevoked,
            actor: by.to_owned(),
            facts: facts(json!({ "approval": approval.id })),
            payload: payload.into(),
        });
        let request = change.view().request.id.clone();
        change.effects().approvals.insert(request, approval.clone());
        change.loaded.view.approval = Some(approval);
    }
    let credentials = change.view().credentials.clone().into_iter().enumerate();
    for (place, credential) in credentials.filter(|(_, own)| own.state == State::Issued) {
        withdraw(change, place, credential, by);
    }
    if approval.is_some() {
        change.call_back("approval.revoked");
    }
}

/// Until the log says otherwise: the clock of another machine may be ahead.
fn is_live(approval: &Approval) -> bool {
    approval.status == ApprovalStatus::Live
}

fn withdraw(change: &mut Change<'_>, place: usize, mut credential: Credential, by: &str) {
    credential.state = State::Revoked { by: by.to_owned() };
    change.log(revoked(&credential, by));
    keep(change, place, credential);
}

/// The entry about a revocation.
pub(super) fn revoked(credential: &Credential, by: &str) -> Event {
    Event {
        kind: Kind::CredentialRevoked,
        actor: by.to_owned(),
        facts: facts(json!({
            "approval": credential.approval,
            "jti": credential.jti,
            "mismatches": credential.mismatches,
        })),
        payload: json!({}).into(),
    }
}
