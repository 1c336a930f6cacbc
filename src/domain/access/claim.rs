//! Claim the single-use credential of an approved action. What is written down is that there is one
//! and to what it is bound; the signature is made after the commit.

use jiff::Timestamp;
use serde_json::json;

use super::{
    Refused, Reply,
    change::{Change, facts},
    slice::{Slice, View},
    told::take_up_approval,
};
use crate::domain::{
    approval::{Approval, ApprovalStatus, later},
    audit::{Event, Kind},
    credential::{self, Binding, Credential, Standing, State},
    id::{ClientId, RequestId},
    ids::Ids,
    outcome::Status,
    plan::CredentialTerms,
};

/// What a rule binds to a session.
const SESSION: &str = "session";

/// Once more after one that expired unredeemed.
const CREDENTIALS_MAX: usize = 2;

/// Who claims, and the base token that it is to be bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub request: RequestId,
    pub client: ClientId,
    /// SHA-256 of the base token, in base64url.
    pub ath: Option<String>,
}

/// Why there is no credential to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unclaimable {
    #[error("the request did not ask for one: give it a `credential` member")]
    NotAskedFor,
    #[error("the request is `{}`: only an approved action has one", .0.as_str())]
    NotApproved(Status),
    #[error("the approval is `{}`: ask again with a new request", .0.as_str())]
    NotLive(ApprovalStatus),
    #[error("one is alive until {0}: redeem it, or wait until it has expired")]
    OneIsAlive(Timestamp),
    #[error("it was claimed as often as it may be: ask again with a new request")]
    NoMore,
    #[error(
        "it would be bound to nothing: give `credential.sid` or `credential.cnf` in the request, or `ath` here"
    )]
    Unbound,
    #[error(
        "the policy binds it to a session: give `credential.sid` in the request, or `ath` here"
    )]
    NoSession,
}

pub(super) fn claim(slice: &mut Slice, claim: Claim, ids: &mut Ids, now: Timestamp) -> Reply {
    let jti = format!("act_{}", hex::encode(ids.bytes().first_chunk::<16>().unwrap_or(&[0; 16])));
    let mut change = Change::of(slice, &claim.request, ids, now).ok_or(Refused::Unknown)?;
    if change.view().request.integrator != claim.client {
        return Err(Refused::Unknown);
    }
    // Claimed by this very command, in a run of which nobody heard the end.
    if change.view().credentials.last().is_some_and(|newest| newest.jti == jti) {
        return Ok(change.view().clone());
    }
    let credential = issue(change.view(), claim, jti, now).map_err(Refused::Claim)?;
    take_up_approval(&mut change);
    change.log(claimed(&credential));
    change.effects().credentials.insert(credential.jti.clone(), credential.clone());
    change.loaded.view.credentials.push(credential);
    Ok(change.done())
}

/// The credential, if there is one to be had now.
fn issue(
    view: &View,
    claim: Claim,
    jti: String,
    now: Timestamp,
) -> Result<Credential, Unclaimable> {
    let wish = view.request.credential.as_ref().ok_or(Unclaimable::NotAskedFor)?;
    let approval = live_approval(view, now)?;
    may_have_another(&view.credentials, now)?;
    let (item, plan) =
        view.request.items.first().zip(view.plans.first()).ok_or(Unclaimable::NotAskedFor)?;
    let binding = Binding { ath: claim.ath, cnf: wish.cnf.clone(), sid: wish.sid.clone() };
    let terms = plan.credential.as_ref();
    check_binding(&binding, terms)?;
    let life = credential::life_seconds(wish.ttl_seconds, terms);
    Ok(Credential {
        approval: approval.id.clone(),
        aud: wish.aud.clone(),
        binding,
        client: claim.client,
        expires_at: later(now, life).min(approval.approved_until),
        issued_at: now,
        jti,
        mismatches: 0,
        params_hash: credential::params_hash(&view.request, item)
            .ok_or(Unclaimable::NotAskedFor)?,
        request: claim.request,
        state: State::Issued,
    })
}

fn live_approval(view: &View, now: Timestamp) -> Result<&Approval, Unclaimable> {
    let status = view.outcome.as_ref().map_or(Status::Pending, |outcome| outcome.status);
    let approval = view.approval.as_ref().ok_or(Unclaimable::NotApproved(status))?;
    match approval.status {
        // Time that ran out holds, also where no timer has seen it yet.
        ApprovalStatus::Live if approval.lapses_at().is_some_and(|at| at <= now) => {
            Err(Unclaimable::NotLive(ApprovalStatus::Lapsed))
        }
        ApprovalStatus::Live => Ok(approval),
        over @ (ApprovalStatus::Used | ApprovalStatus::Lapsed | ApprovalStatus::Revoked) => {
            Err(Unclaimable::NotLive(over))
        }
    }
}

fn may_have_another(credentials: &[Credential], now: Timestamp) -> Result<(), Unclaimable> {
    let Some(newest) = credentials.last() else { return Ok(()) };
    match newest.standing(now) {
        Standing::Issued => Err(Unclaimable::OneIsAlive(newest.expires_at)),
        Standing::Expired if credentials.len() < CREDENTIALS_MAX => Ok(()),
        Standing::Expired | Standing::Redeemed | Standing::Revoked => Err(Unclaimable::NoMore),
    }
}

fn check_binding(binding: &Binding, terms: Option<&CredentialTerms>) -> Result<(), Unclaimable> {
    let session = terms.is_some_and(|terms| terms.bound_to.iter().any(|name| name == SESSION));
    if session && !binding.holds_a_session() {
        return Err(Unclaimable::NoSession);
    }
    if binding.is_none() { Err(Unclaimable::Unbound) } else { Ok(()) }
}

fn claimed(credential: &Credential) -> Event {
    Event {
        kind: Kind::CredentialClaimed,
        actor: credential.client.to_string(),
        facts: facts(json!({
            "approval": credential.approval,
            "jti": credential.jti,
            "aud": credential.aud,
            "expires_at": credential.expires_at,
            "params_hash": credential.params_hash,
        })),
        payload: json!({ "binding": credential.binding }).into(),
    }
}
