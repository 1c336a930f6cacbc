//! Revoke a credential that was not redeemed: by the client that claimed it, or by the resource
//! server that it is meant for.

use jiff::Timestamp;
use serde_json::json;

use super::{
    Refused, Reply,
    change::{Change, facts},
    redeem::keep,
    slice::Slice,
};
use crate::domain::{
    audit::{Event, Kind},
    credential::{Credential, Standing, State},
    id::{ClientId, RequestId},
    ids::Ids,
};

/// What is revoked, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoke {
    pub request: RequestId,
    pub jti: String,
    pub by: Holder,
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

pub(super) fn revoke(slice: &mut Slice, revoke: &Revoke, ids: &mut Ids, now: Timestamp) -> Reply {
    let mut change = Change::of(slice, &revoke.request, ids, now).ok_or(Refused::NotActive)?;
    let mut credentials = change.view().credentials.iter().enumerate();
    let found = credentials.find(|(_, credential)| credential.jti == revoke.jti);
    let Some((place, mut credential)) = found.map(|(place, found)| (place, found.clone())) else {
        return Err(Refused::NotActive);
    };
    if !revoke.by.holds(&credential) || credential.standing(now) != Standing::Issued {
        return Err(Refused::NotActive);
    }
    credential.state = State::Revoked { by: revoke.by.as_str().to_owned() };
    change.log(revoked(&credential, revoke.by.as_str()));
    keep(&mut change, place, credential);
    Ok(change.done())
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
