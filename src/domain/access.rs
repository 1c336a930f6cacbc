//! The use-cases as pure functions over what was loaded: a command goes in, a reply comes out and
//! the effects are noted. Run again over the same rows, they give the same answer.

pub mod slice;
pub mod effects;
pub mod open;
pub mod join;
pub mod answered;
pub mod vote;
pub mod cancel;
pub mod claim;
pub mod redeem;
pub mod renew;
pub mod review;
pub mod revoke;
pub mod share;
pub mod tick;
pub mod told;
pub mod turn_away;
pub mod withdraw;
mod change;
mod press;
mod recheck;
mod seat;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use countersign_port::access::RefusalKind;
use jiff::Timestamp;

use self::{
    answered::Answered,
    cancel::Cancel,
    claim::{Claim, Unclaimable},
    join::Join,
    open::{Once, Open, Proof},
    redeem::Redeem,
    renew::Renew,
    review::SignOff,
    revoke::Revoke,
    slice::{Slice, View},
    told::{Delivered, TakeUp, Undeliverable},
    turn_away::TurnAway,
    vote::Vote,
    withdraw::Withdraw,
};
use super::{
    brake::Held,
    id::{ClientId, RequestId},
    outcome::Status,
};
use crate::domain::ids::{Ids, Seed};

/// Something that wants to change a request.
#[derive(Debug, Clone)]
pub struct Command {
    /// All ids and salts that the command needs come out of this, so that a repeated run makes
    /// the same ones.
    pub seed: Seed,
    pub act: Act,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub enum Act {
    Open(Box<Open>),
    Join(Box<Join>),
    Vote(Box<Vote>),
    TurnAway(TurnAway),
    Review(Box<SignOff>),
    Cancel(Cancel),
    /// Do whatever has come due: expiry, escalation, lapse.
    Tick(RequestId),
    Answered(Answered),
    Delivered(Delivered),
    Undeliverable(Undeliverable),
    TakeUp(TakeUp),
    Withdraw(Withdraw),
    Claim(Claim),
    Redeem(Redeem),
    Revoke(Revoke),
    Renew(Box<Renew>),
}

/// The answer to a command. A refusal is an answer like any other.
pub type Reply = Result<View, Refused>;

/// Why a command changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The idempotency key was used with another body.
    KeyReused,
    /// A request was made with the same denial or challenge before.
    Spent(Proof),
    /// The client has as many requests pending as it may.
    TooManyPending { limit: u64 },
    /// A guardrail holds the client back for a while.
    HeldBack(Box<Held>),
    /// No such request, or one that the caller may not see.
    Unknown,
    /// The request has ended.
    Over(Status),
    /// The click does not count.
    Vote(RefusalKind),
    /// Nor does this one, for its number; so many tries are left.
    WrongNumber { left: u32 },
    /// No such request, or one that is another client's or subject's, or asks for less.
    NotJoinable,
    /// There is no credential to be had.
    Claim(Unclaimable),
    /// The credential gives nothing, or not to this caller. The log knows why.
    NotActive,
    /// The store could not take it; nothing was recorded.
    Unavailable,
}

impl Act {
    /// The request that must be locked, where it exists already.
    pub fn locks(&self) -> Option<&RequestId> {
        match self {
            Self::Open(_) => None,
            Self::Vote(vote) => Some(&vote.request),
            Self::TurnAway(press) => Some(&press.request),
            Self::Review(sign) => Some(&sign.request),
            Self::Cancel(cancel) => Some(&cancel.request),
            Self::Tick(request) => Some(request),
            Self::Join(join) => Some(&join.request),
            Self::Answered(answered) => Some(&answered.request),
            Self::Delivered(delivered) => Some(&delivered.request),
            Self::Undeliverable(dead) => Some(&dead.request),
            Self::TakeUp(take_up) => Some(&take_up.request),
            Self::Withdraw(withdraw) => Some(&withdraw.request),
            Self::Claim(claim) => Some(&claim.request),
            Self::Redeem(redeem) => Some(&redeem.request),
            Self::Revoke(revoke) => Some(&revoke.request),
            Self::Renew(renew) => Some(&renew.request),
        }
    }

    /// What the press that it comes from is known by, if that can come again.
    pub fn press(&self) -> Option<&str> {
        match self {
            Self::Vote(vote) => vote.once.as_deref(),
            Self::TurnAway(press) => press.once.as_deref(),
            Self::Review(sign) => sign.once.as_deref(),
            Self::Renew(renew) => renew.once.as_deref(),
            Self::Open(_)
            | Self::Join(_)
            | Self::Cancel(_)
            | Self::Tick(_)
            | Self::Answered(_)
            | Self::Delivered(_)
            | Self::Undeliverable(_)
            | Self::TakeUp(_)
            | Self::Withdraw(_)
            | Self::Claim(_)
            | Self::Redeem(_)
            | Self::Revoke(_) => None,
        }
    }

    /// The request that it would open.
    pub fn opens(&self) -> Option<&Open> {
        match self {
            Self::Open(open) => Some(open),
            Self::Renew(renew) => Some(&renew.open),
            Self::Join(_)
            | Self::Vote(_)
            | Self::TurnAway(_)
            | Self::Review(_)
            | Self::Cancel(_)
            | Self::Tick(_)
            | Self::Answered(_)
            | Self::Delivered(_)
            | Self::Undeliverable(_)
            | Self::TakeUp(_)
            | Self::Withdraw(_)
            | Self::Claim(_)
            | Self::Redeem(_)
            | Self::Revoke(_) => None,
        }
    }

    /// The marks of what must not have been used before.
    pub fn once(&self) -> Option<&BTreeMap<String, Once>> {
        self.opens().map(|open| &open.once)
    }

    /// The idempotency key that must be looked up.
    pub fn key(&self) -> Option<(&ClientId, &str)> {
        match self {
            Self::Open(open) => {
                open.key.as_ref().map(|key| (&open.request.integrator, key.key.as_str()))
            }
            Self::Join(join) => Some((&join.integrator, join.key.key.as_str())),
            Self::Vote(_)
            | Self::TurnAway(_)
            | Self::Review(_)
            | Self::Cancel(_)
            | Self::Tick(_)
            | Self::Answered(_)
            | Self::Delivered(_)
            | Self::Undeliverable(_)
            | Self::TakeUp(_)
            | Self::Withdraw(_)
            | Self::Claim(_)
            | Self::Redeem(_)
            | Self::Revoke(_)
            | Self::Renew(_) => None,
        }
    }

    /// The request whose credentials must be loaded as well.
    pub fn credentials(&self) -> Option<&RequestId> {
        match self {
            Self::Claim(_) | Self::Redeem(_) | Self::Revoke(_) | Self::Review(_) => self.locks(),
            Self::Open(_)
            | Self::Join(_)
            | Self::Vote(_)
            | Self::TurnAway(_)
            | Self::Cancel(_)
            | Self::Tick(_)
            | Self::Answered(_)
            | Self::Delivered(_)
            | Self::Undeliverable(_)
            | Self::TakeUp(_)
            | Self::Withdraw(_)
            | Self::Renew(_) => None,
        }
    }
}

/// Folds one command over what was loaded.
pub fn apply(slice: &mut Slice, command: Command, now: Timestamp) -> Reply {
    let mut ids = command.seed.ids(now);
    let changed = command.act.locks().cloned();
    let reply = act(slice, command.act, &mut ids, now);
    if let Some(changed) = changed {
        share::follow(slice, &changed, &mut ids, now);
    }
    reply
}

fn act(slice: &mut Slice, act: Act, ids: &mut Ids, now: Timestamp) -> Reply {
    match act {
        Act::Open(open) => open::open(slice, *open, ids, now),
        Act::Join(join) => join::join(slice, *join, ids, now),
        Act::Vote(vote) => press::vote(slice, &vote, ids, now),
        Act::TurnAway(press) => press::turn_away(slice, &press, ids, now),
        Act::Review(sign) => press::review(slice, &sign, ids, now),
        Act::Cancel(cancel) => cancel::cancel(slice, cancel, ids, now),
        Act::Tick(request) => tick::tick(slice, &request, ids, now),
        Act::Answered(answered) => answered::answered(slice, answered, ids, now),
        Act::Delivered(delivered) => told::delivered(slice, delivered, ids, now),
        Act::Undeliverable(dead) => told::undeliverable(slice, dead, ids, now),
        Act::TakeUp(take_up) => told::take_up(slice, &take_up, ids, now),
        Act::Withdraw(withdraw) => withdraw::withdraw(slice, &withdraw, ids, now),
        Act::Claim(claim) => claim::claim(slice, claim, ids, now),
        Act::Redeem(redeem) => redeem::redeem(slice, redeem, ids, now),
        Act::Revoke(revoke) => revoke::revoke(slice, revoke, ids, now),
        Act::Renew(renew) => press::renew(slice, *renew, ids, now),
    }
}
