//! Count a click, or say why it does not count. Everything is judged by the stored plan and the
//! stored votes, never by what a card showed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::Arc,
};

use countersign_port::{
    access::{Choice, Identity, RefusalKind},
    text::Untrusted,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Refused, Reply,
    change::{Change, account, facts},
    recheck,
    seat::{self, Seat},
    slice::{Loaded, Slice},
};
use crate::domain::{
    approval::later,
    audit::{Event, Kind},
    decide::ItemState,
    id::{Group, PersonId, RequestId},
    ids::Ids,
    link::Level,
    plan::{NumberCheck, Plan, Risk},
    request::Part,
    stand_in::StandIn,
    vote::{self, Behalf, Evidence, Grant, Verdict},
};

/// After so many wrong numbers a person's vote on the request is locked.
const WRONG_NUMBERS: u32 = 3;

/// How long the answer of a directory is believed: an hour, and where much is at stake for minutes.
const AGE_SECONDS: i64 = 3600;
const HIGH_RISK_AGE_SECONDS: i64 = 300;

/// A click by a person who is known, on a button that is known.
#[derive(Debug, Clone)]
pub struct Vote {
    pub request: RequestId,
    pub item: usize,
    /// The step that the button was drawn for.
    pub step: usize,
    /// Where the card is: platform and address.
    pub platform: String,
    pub address: String,
    pub voter: Voter,
    pub choice: Choice,
    pub comment: Option<Untrusted>,
    pub number: Option<String>,
    /// When the form was opened that was sent.
    pub seen_at: Option<Timestamp>,
    pub payload_sha256: String,
    /// What the press is known by if it comes again.
    pub once: Option<String>,
}

/// Who clicked, as looked up just before.
#[derive(Debug, Clone)]
pub struct Voter {
    pub person: PersonId,
    pub name: Untrusted,
    pub identity: Identity,
    /// How surely the account is theirs.
    pub level: Level,
    /// Who is in which groups, as it was known when they clicked: of them, and of everybody whose
    /// vote theirs may complete.
    pub roster: Arc<dyn Roster>,
}

/// Who is in which groups. Known beforehand: it is asked while rows are locked.
pub trait Roster: Debug + Send + Sync {
    /// The groups of a person; of somebody who is nobody any more there are none.
    fn membership(&self, person: &PersonId) -> Membership;

    /// For whom a person stands in, did or will.
    fn mandates(&self, person: &PersonId) -> Vec<Mandate>;
}

/// That somebody may decide for a colleague who is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    pub stand_in: StandIn,
    /// What the colleague is called.
    pub name: Untrusted,
}

/// The groups of a person, as the people file and the directories last told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    pub groups: Vec<Group>,
    /// When the directory of a group answered last, for every group that is kept in one.
    pub answered: BTreeMap<Group, Option<Timestamp>>,
    /// Whether they may not act, whatever group they are in: switched off by whoever keeps them.
    pub is_barred: bool,
}

/// The groups that count, and those of which nobody can tell.
pub(super) struct Certain {
    pub(super) groups: Vec<Group>,
    pub(super) unknown: Vec<Group>,
    /// The age of the oldest answer that counts.
    pub(super) seen_at: Timestamp,
}

impl Membership {
    pub(super) fn certain(&self, risk: Risk, now: Timestamp) -> Certain {
        let is_fresh = |at: &Option<Timestamp>| is_believed(*at, risk, now);
        let counts = |group: &&Group| self.answered.get(*group).is_none_or(is_fresh);
        let groups: Vec<Group> = self.groups.iter().filter(counts).cloned().collect();
        let unknown = self.answered.iter().filter(|(_, at)| !is_fresh(at));
        let seen = groups.iter().filter_map(|group| self.answered.get(group).copied().flatten());
        Certain {
            seen_at: seen.min().unwrap_or(now),
            unknown: unknown.map(|(group, _)| group.clone()).collect(),
            groups,
        }
    }
}

/// Whether what a directory has said at that time still counts.
pub fn is_believed(at: Option<Timestamp>, risk: Risk, now: Timestamp) -> bool {
    let believed = if risk >= Risk::High { HIGH_RISK_AGE_SECONDS } else { AGE_SECONDS };
    at.is_some_and(|at| later(at, believed) >= now)
}

pub(super) fn vote(slice: &mut Slice, vote: &Vote, ids: &mut Ids, now: Timestamp) -> Reply {
    let mut change = Change::of(slice, &vote.request, ids, now).ok_or(Refused::Unknown)?;
    match admit(&mut change, vote) {
        Ok(stored) => {
            cast(&mut change, vote, stored);
            Ok(change.done())
        }
        Err(kind) => {
            change.log(refused(vote, kind));
            change.recorded();
            if kind == RefusalKind::WrongNumber {
                return Err(Refused::WrongNumber { left: left(change.loaded, vote) });
            }
            Err(Refused::Vote(kind))
        }
    }
}

/// Turns a click into a vote that counts.
fn admit(change: &mut Change<'_>, vote: &Vote) -> Result<vote::Vote, RefusalKind> {
    let now = change.now;
    if change.view().outcome.is_some() {
        return Err(RefusalKind::Over);
    }
    let plans = change.view().plans.clone();
    let plan = plans.get(vote.item).ok_or(RefusalKind::UnknownButton)?;
    let states = change.view().states(now);
    let Some(ItemState::Pending(standing)) = states.get(vote.item) else {
        return Err(RefusalKind::Over);
    };
    if is_own(change, plan, &vote.voter) {
        return Err(RefusalKind::OwnRequest);
    }
    let certain = vote.voter.roster.membership(&vote.voter.person).certain(plan.risk, now);
    let earlier = earlier_step(change, vote)?;
    let seat = match earlier {
        Some(old) => Seat::of(old, certain),
        None => seat::find(change, (plan, standing), vote, certain)?,
    };
    if vote.voter.level < plan.link {
        return Err(RefusalKind::LinkTooWeak);
    }
    has_seen_all(change, vote)?;
    check_number(change, plan, vote)?;
    let verdict = verdict(change, vote)?;
    Ok(vote::Vote {
        person: vote.voter.person.clone(),
        name: vote.voter.name.clone(),
        item: vote.item,
        step: seat.step,
        asks: seat.asks,
        verdict,
        comment: vote.comment.clone(),
        cast_at: now,
        evidence: Evidence {
            identity: vote.voter.identity.clone(),
            groups: seat.certain.groups,
            groups_seen_at: seat.certain.seen_at,
            payload_sha256: vote.payload_sha256.clone(),
        },
        on_behalf_of: seat.on_behalf_of,
        struck: None,
    })
}

/// Requester, subject and client owner never count, however they got here.
pub(super) fn is_own(change: &Change<'_>, plan: &Plan, voter: &Voter) -> bool {
    plan.excluded.contains(&voter.person)
        || change.view().request.subject.id == voter.person.as_str()
}

/// A person counts once. Who counted already may still change their mind to no, where they voted.
/// Whom a colleague has approved for may still say no as well.
fn earlier_step(change: &Change<'_>, vote: &Vote) -> Result<Option<vote::Vote>, RefusalKind> {
    let own = own_vote(change, vote).filter(|old| old.struck.is_none());
    let is_spoken_for = || seat::is_spoken_for(change, vote.item, &vote.voter.person);
    match (own, &vote.choice) {
        (Some(old), Choice::Deny { .. }) => Ok(Some(old.clone())),
        (Some(_), Choice::Approve | Choice::ApproveLess { .. } | Choice::Review(_)) => {
            Err(RefusalKind::AlreadyVoted)
        }
        (None, Choice::Approve | Choice::ApproveLess { .. }) if is_spoken_for() => {
            Err(RefusalKind::AlreadyVoted)
        }
        (None, _) => Ok(None),
    }
}

fn own_vote<'a>(change: &'a Change<'_>, vote: &Vote) -> Option<&'a vote::Vote> {
    let mut votes = change.view().votes.iter();
    votes.find(|old| old.person == vote.voter.person && old.item == vote.item)
}

/// Nobody approves what they have not seen: what others cut off after the form was opened. A no is
/// a no to all of it.
fn has_seen_all(change: &Change<'_>, vote: &Vote) -> Result<(), RefusalKind> {
    let Some(seen_at) = vote.seen_at else { return Ok(()) };
    let cut_since = |old: &vote::Vote| {
        old.item == vote.item
            && old.cast_at > seen_at
            && matches!(old.verdict, Verdict::Approve { grant: Some(_) })
    };
    match vote.choice {
        Choice::Approve | Choice::ApproveLess { .. }
            if change.view().votes.iter().any(cut_since) =>
        {
            Err(RefusalKind::Changed)
        }
        Choice::Approve | Choice::ApproveLess { .. } | Choice::Deny { .. } | Choice::Review(_) => {
            Ok(())
        }
    }
}

/// Approver and requester must talk: the number stands on the requester's screen only.
fn check_number(change: &mut Change<'_>, plan: &Plan, vote: &Vote) -> Result<(), RefusalKind> {
    if plan.number_check == NumberCheck::NotNeeded || matches!(vote.choice, Choice::Deny { .. }) {
        return Ok(());
    }
    let person = vote.voter.person.to_string();
    let wrong = change.loaded.wrong_numbers.get(&person).copied().unwrap_or(0);
    if wrong >= WRONG_NUMBERS {
        return Err(RefusalKind::NumberLocked);
    }
    let typed = vote.number.as_deref().map(str::trim).unwrap_or_default();
    if typed.is_empty() {
        return Err(RefusalKind::Incomplete);
    }
    if typed == change.view().number.to_string() {
        return Ok(());
    }
    change.loaded.wrong_numbers.insert(person.clone(), wrong + 1);
    change.effects().wrong_numbers.insert((vote.request.clone(), person), wrong + 1);
    Err(if wrong + 1 >= WRONG_NUMBERS {
        RefusalKind::NumberLocked
    } else {
        RefusalKind::WrongNumber
    })
}

/// How many wrong numbers the voter may still type.
pub(super) fn tries_left(slice: &Slice, vote: &Vote) -> u32 {
    slice.requests.get(&vote.request).map_or(0, |loaded| left(loaded, vote))
}

fn left(loaded: &Loaded, vote: &Vote) -> u32 {
    let wrong = loaded.wrong_numbers.get(vote.voter.person.as_str());
    WRONG_NUMBERS.saturating_sub(wrong.copied().unwrap_or(0))
}

fn verdict(change: &Change<'_>, vote: &Vote) -> Result<Verdict, RefusalKind> {
    match &vote.choice {
        // Whoever counts anew approves what their card shows: without what they cut off before.
        Choice::Approve => match own_vote(change, vote).map(|old| &old.verdict) {
            Some(Verdict::Approve { grant }) => Ok(Verdict::Approve { grant: grant.clone() }),
            Some(Verdict::Deny { .. }) | None => Ok(Verdict::Approve { grant: None }),
        },
        Choice::ApproveLess { scopes, valid_for_seconds } => {
            let parts: BTreeSet<usize> = scopes.iter().copied().collect();
            let valid_for_seconds = (*valid_for_seconds).map(i64::try_from).transpose();
            let Ok(valid_for_seconds) = valid_for_seconds else {
                return Err(RefusalKind::Incomplete);
            };
            let mut grant = Grant { parts, valid_for_seconds };
            if let Some(Verdict::Approve { grant: Some(before) }) =
                own_vote(change, vote).map(|old| &old.verdict)
            {
                grant = grant.within(before);
            }
            leaves_something(change, vote.item, &grant)?;
            Ok(Verdict::Approve { grant: Some(grant) })
        }
        Choice::Deny { reason } => Ok(Verdict::Deny { reason: *reason }),
        // What a reviewer says decides nothing.
        Choice::Review(_) => Err(RefusalKind::UnknownButton),
    }
}

/// What is granted must exist, must not be less than an action that cannot be split, and must
/// leave something of what others granted.
fn leaves_something(change: &Change<'_>, item: usize, grant: &Grant) -> Result<(), RefusalKind> {
    let request = change.view().request.clone();
    let parts = request.items.get(item).map(super::super::request::Item::parts).unwrap_or_default();
    if grant.parts.iter().any(|part| *part >= parts.len())
        || grant.valid_for_seconds.is_some_and(|seconds| seconds <= 0)
    {
        return Err(RefusalKind::Incomplete);
    }
    let mut kept: BTreeSet<usize> = grant.parts.clone();
    for old in change.view().votes.iter().filter(|old| old.item == item) {
        if let Verdict::Approve { grant: Some(grant) } = &old.verdict {
            kept = &kept & &grant.parts;
        }
    }
    let action_is_cut = matches!(parts.first(), Some(Part::Action(_))) && !grant.parts.contains(&0);
    if kept.is_empty() || action_is_cut { Err(RefusalKind::NothingLeft) } else { Ok(()) }
}

fn cast(change: &mut Change<'_>, vote: &Vote, stored: vote::Vote) {
    change.log(counted(&stored));
    change.keep(stored);
    recheck::recheck(change, vote);
    change.settle();
}

/// The entry about a vote that counts.
pub(super) fn counted(vote: &vote::Vote) -> Event {
    let evidence = &vote.evidence;
    let mut told = facts(json!({
        "item": vote.item,
        "step": vote.step,
        "asks": vote.asks,
        "verdict": vote.verdict,
        "payload_sha256": evidence.payload_sha256,
    }));
    let mut payload = facts(json!({
        "name": vote.name,
        "comment": vote.comment,
        "account": account(&evidence.identity),
        "groups": evidence.groups,
        "groups_seen_at": evidence.groups_seen_at,
    }));
    if let Some(Behalf { person, name, stand_in, groups }) = &vote.on_behalf_of {
        told.insert("on_behalf_of".to_owned(), json!({ "person": person, "stand_in": stand_in }));
        let behalf = json!({ "name": name, "groups": groups });
        payload.insert("on_behalf_of".to_owned(), behalf);
    }
    let actor = vote.person.to_string();
    Event { kind: Kind::VoteCast, actor, facts: told, payload: Value::Object(payload).into() }
}

fn refused(vote: &Vote, kind: RefusalKind) -> Event {
    Event {
        kind: Kind::VoteRefused,
        actor: vote.voter.person.to_string(),
        facts: facts(json!({ "item": vote.item, "step": vote.step, "why": kind })),
        payload: json!({ "account": account(&vote.voter.identity) }).into(),
    }
}
