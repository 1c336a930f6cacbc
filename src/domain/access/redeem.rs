//! Redeem a credential: once, by the resource server that it is meant for, for what was approved. A
//! refusal says nothing to its caller; the log knows why.

use countersign_verify::claims::Confirmation;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{
    Refused, Reply,
    change::{Change, SYSTEM, facts},
    revoke::revoked,
    slice::{Slice, View},
};
use crate::domain::{
    approval::{Approval, ApprovalStatus, later},
    audit::{Event, Kind},
    credential::{Credential, MISMATCHES, REPEAT_SECONDS, Standing, State},
    id::RequestId,
    ids::Ids,
};

/// What a resource server is about to execute, and the credential for it. The signature of the token
/// that named it was good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeem {
    pub request: RequestId,
    pub jti: String,
    /// The resource server.
    pub by: String,
    pub params_hash: String,
    pub sid: Option<String>,
    pub ath: Option<String>,
    /// The thumbprint of the key that was proven there.
    pub cnf: Option<String>,
    /// Subject and client of the base token, where they are given.
    pub sub: Option<String>,
    pub client_id: Option<String>,
    pub key: Option<String>,
}

/// Why a redemption gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Why {
    Unknown,
    WrongAudience,
    Expired,
    Replayed,
    Revoked,
    ApprovalOver,
    WrongSubject,
    WrongClient,
    WrongSession,
    WrongToken,
    WrongKey,
    WrongParameters,
}

impl Why {
    /// Whether the credential was good and the call was not: somebody may be trying.
    fn is_mismatch(self) -> bool {
        match self {
            Self::WrongSubject
            | Self::WrongClient
            | Self::WrongSession
            | Self::WrongToken
            | Self::WrongKey
            | Self::WrongParameters => true,
            Self::Unknown
            | Self::WrongAudience
            | Self::Expired
            | Self::Replayed
            | Self::Revoked
            | Self::ApprovalOver => false,
        }
    }
}

pub(super) fn redeem(slice: &mut Slice, redeem: Redeem, ids: &mut Ids, now: Timestamp) -> Reply {
    let mut change = Change::of(slice, &redeem.request, ids, now).ok_or(Refused::NotActive)?;
    let Some(place) = place(change.view(), &redeem.jti) else {
        return refuse(&mut change, &redeem, Why::Unknown);
    };
    let Some(credential) = change.view().credentials.get(place).cloned() else {
        return refuse(&mut change, &redeem, Why::Unknown);
    };
    if repeats(&credential, &redeem, now) {
        return Ok(change.view().clone());
    }
    match judge(change.view(), &credential, &redeem, now) {
        Ok(()) => Ok(spend(change, place, credential, redeem)),
        Err(why) => {
            if why.is_mismatch() {
                mismatch(&mut change, place, credential);
            }
            refuse(&mut change, &redeem, why)
        }
    }
}

fn place(view: &View, jti: &str) -> Option<usize> {
    view.credentials.iter().position(|credential| credential.jti == jti)
}

/// A lost answer must not burn the action: the same call within 30 seconds has the same answer.
fn repeats(credential: &Credential, redeem: &Redeem, now: Timestamp) -> bool {
    let State::Redeemed { at, by, key: Some(key) } = &credential.state else { return false };
    Some(key) == redeem.key.as_ref()
        && *by == redeem.by
        && credential.params_hash == redeem.params_hash
        && now < later(*at, REPEAT_SECONDS)
}

fn judge(view: &View, credential: &Credential, redeem: &Redeem, now: Timestamp) -> Result<(), Why> {
    if credential.aud != redeem.by {
        return Err(Why::WrongAudience);
    }
    match credential.standing(now) {
        Standing::Issued => {}
        Standing::Expired => return Err(Why::Expired),
        Standing::Redeemed => return Err(Why::Replayed),
        Standing::Revoked => return Err(Why::Revoked),
    }
    let approval = view.approval.as_ref().filter(|own| own.status == ApprovalStatus::Live);
    if approval.and_then(Approval::lapses_at).is_none_or(|at| at <= now) {
        return Err(Why::ApprovalOver);
    }
    is_this_call(view, credential, redeem)
}

/// Whether it is the call that the credential was issued for.
fn is_this_call(view: &View, credential: &Credential, redeem: &Redeem) -> Result<(), Why> {
    let given = |own: &Option<String>, wanted: &str| own.as_ref().is_none_or(|own| own == wanted);
    if !given(&redeem.sub, &view.request.subject.id) {
        return Err(Why::WrongSubject);
    }
    if !given(&redeem.client_id, &view.request.client.id) {
        return Err(Why::WrongClient);
    }
    let binding = &credential.binding;
    let key = binding.cnf.as_ref().map(Confirmation::thumbprint);
    let bound = [
        (binding.sid.as_deref(), &redeem.sid, Why::WrongSession),
        (binding.ath.as_deref(), &redeem.ath, Why::WrongToken),
        (key, &redeem.cnf, Why::WrongKey),
    ];
    for (wanted, own, why) in bound {
        if wanted.is_some() && wanted != own.as_deref() {
            return Err(why);
        }
    }
    if credential.params_hash == redeem.params_hash { Ok(()) } else { Err(Why::WrongParameters) }
}

/// The one transition to redeemed; the approval is used with it.
fn spend(mut change: Change<'_>, place: usize, mut credential: Credential, redeem: Redeem) -> View {
    change.log(Event {
        kind: Kind::CredentialRedeemed,
        actor: redeem.by.clone(),
        facts: facts(json!({
            "approval": credential.approval,
            "jti": credential.jti,
            "params_hash": credential.params_hash,
        })),
        payload: json!({}).into(),
    });
    credential.state = State::Redeemed { at: change.now, by: redeem.by, key: redeem.key };
    keep(&mut change, place, credential);
    if let Some(mut approval) = change.view().approval.clone() {
        approval.status = ApprovalStatus::Used;
        change.effects().approvals.insert(redeem.request, approval.clone());
        change.loaded.view.approval = Some(approval);
        change.call_back("approval.used");
    }
    change.done()
}

/// The fifth redemption for something else revokes it.
fn mismatch(change: &mut Change<'_>, place: usize, mut credential: Credential) {
    credential.mismatches += 1;
    if credential.mismatches >= MISMATCHES {
        credential.state = State::Revoked { by: SYSTEM.to_owned() };
        change.log(revoked(&credential, SYSTEM));
    }
    keep(change, place, credential);
}

/// Writes a changed credential down.
pub(super) fn keep(change: &mut Change<'_>, place: usize, credential: Credential) {
    change.effects().credentials.insert(credential.jti.clone(), credential.clone());
    if let Some(old) = change.loaded.view.credentials.get_mut(place) {
        *old = credential;
    }
}

fn refuse(change: &mut Change<'_>, redeem: &Redeem, why: Why) -> Reply {
    change.log(Event {
        kind: Kind::CredentialRefused,
        actor: redeem.by.clone(),
        facts: facts(json!({
            "jti": redeem.jti,
            "why": why,
            "params_hash": redeem.params_hash,
        })),
        payload: json!({}).into(),
    });
    change.recorded();
    Err(Refused::NotActive)
}
