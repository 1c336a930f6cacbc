//! Reviews of what was granted in an emergency: owed from the moment of the grant, overdue at their
//! time, and signed off by somebody else than whoever asked or said yes.

use countersign_port::{
    access::{Judgement, RefusalKind},
    text::Untrusted,
};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Refused, Reply,
    change::{Change, SYSTEM, account, facts},
    revoke::take_back,
    slice::Slice,
    vote::{Certain, Voter, is_own},
};
use crate::domain::{
    audit::{Event, Kind},
    id::{PersonId, RequestId},
    ids::Ids,
    outcome::Outcome,
    plan::Plan,
    review::{Due, Review, Signed},
    vote::{Evidence, Verdict, Vote},
};

/// Somebody says whether it was justified.
#[derive(Debug, Clone)]
pub struct SignOff {
    pub request: RequestId,
    pub item: usize,
    /// Where the card is: platform and address.
    pub platform: String,
    pub address: String,
    pub reviewer: Voter,
    pub judgement: Judgement,
    pub comment: Option<Untrusted>,
    pub payload_sha256: String,
    /// What the press is known by if it comes again.
    pub once: Option<String>,
}

/// Opens the reviews of an outcome, in the transaction that grants.
pub(super) fn open(change: &mut Change<'_>, outcome: &Outcome) {
    let plans = change.view().plans.clone();
    for (item, _) in outcome.granted() {
        let Some(terms) = plans.get(item).and_then(|plan| plan.review.as_ref()) else { continue };
        let review = Review::owed(item, terms, outcome.at);
        change.log(Event {
            kind: Kind::ReviewOpened,
            actor: SYSTEM.to_owned(),
            facts: facts(json!({ "item": item, "by": review.by, "due_at": review.due_at })),
            payload: json!({}).into(),
        });
        if let Some(channel) = &review.channel {
            change.post(item, channel);
        }
        keep_review(change, review);
    }
}

/// Says so where a review is overdue, and reminds of it. Says whether there was anything to say.
pub(super) fn fall_due(change: &mut Change<'_>) -> bool {
    let now = change.now;
    let mut is_news = false;
    for mut review in change.view().reviews.clone() {
        let kind = match review.fall_due(now) {
            None => continue,
            Some(Due::Overdue) => Kind::ReviewOverdue,
            Some(Due::Reminder) => Kind::ReviewReminded,
        };
        change.log(Event {
            kind,
            actor: SYSTEM.to_owned(),
            facts: facts(json!({ "item": review.item, "due_at": review.due_at })),
            payload: json!({}).into(),
        });
        keep_review(change, review);
        is_news = true;
    }
    is_news
}

pub(super) fn sign_off(slice: &mut Slice, sign: &SignOff, ids: &mut Ids, now: Timestamp) -> Reply {
    let mut change = Change::of(slice, &sign.request, ids, now).ok_or(Refused::Unknown)?;
    match admit(&change, sign) {
        Ok(review) => {
            let signed = review.signed.clone();
            keep_review(&mut change, review);
            change.log(told(sign, signed.as_ref()));
            if sign.judgement == Judgement::NotJustified {
                take_back(&mut change, sign.reviewer.person.as_str(), json!({}));
            }
            Ok(change.done())
        }
        Err(kind) => {
            change.log(refused(sign, kind));
            change.recorded();
            Err(Refused::Vote(kind))
        }
    }
}

/// Turns a press into a review that is done.
fn admit(change: &Change<'_>, sign: &SignOff) -> Result<Review, RefusalKind> {
    let view = change.view();
    let plan = view.plans.get(sign.item).ok_or(RefusalKind::UnknownButton)?;
    let mut reviews = view.reviews.iter();
    let review = reviews.find(|review| review.item == sign.item);
    let review = review.ok_or(RefusalKind::UnknownButton)?;
    if review.signed.is_some() {
        return Err(RefusalKind::Over);
    }
    if is_own(change, plan, &sign.reviewer) {
        return Err(RefusalKind::OwnRequest);
    }
    let person = &sign.reviewer.person;
    if view.votes.iter().any(|vote| vote.item == sign.item && said_yes(vote, person)) {
        return Err(RefusalKind::OwnApproval);
    }
    if !review.is_asked_at(&sign.platform, &sign.address, change.now) {
        return Err(RefusalKind::UnknownButton);
    }
    let certain = eligible(review, plan, sign, change.now)?;
    if sign.reviewer.level < plan.link {
        return Err(RefusalKind::LinkTooWeak);
    }
    Ok(Review { signed: Some(signed(sign, certain, change.now)), ..review.clone() })
}

/// Whether somebody has a part in the yes: in person, or by a colleague who stood in for them. One
/// that was struck was meant as a yes as well.
pub fn said_yes(vote: &Vote, person: &PersonId) -> bool {
    matches!(vote.verdict, Verdict::Approve { .. })
        && (vote.person == *person || vote.is_for(person))
}

/// In the group for certain, at this moment, in their own right: nobody stands in for a review.
fn eligible(
    review: &Review,
    plan: &Plan,
    sign: &SignOff,
    now: Timestamp,
) -> Result<Certain, RefusalKind> {
    let membership = sign.reviewer.roster.membership(&sign.reviewer.person);
    if membership.is_barred {
        return Err(RefusalKind::NotAPerson);
    }
    let certain = membership.certain(plan.risk, now);
    if certain.groups.contains(&review.by) {
        Ok(certain)
    } else if certain.unknown.contains(&review.by) {
        Err(RefusalKind::MembershipUnknown)
    } else {
        Err(RefusalKind::NotEligible)
    }
}

fn signed(sign: &SignOff, certain: Certain, now: Timestamp) -> Signed {
    Signed {
        at: now,
        comment: sign.comment.clone(),
        evidence: Evidence {
            identity: sign.reviewer.identity.clone(),
            groups: certain.groups,
            groups_seen_at: certain.seen_at,
            payload_sha256: sign.payload_sha256.clone(),
        },
        judgement: sign.judgement,
        name: sign.reviewer.name.clone(),
        person: sign.reviewer.person.clone(),
    }
}

fn keep_review(change: &mut Change<'_>, review: Review) {
    let request = change.view().request.id.clone();
    change.effects().reviews.insert((request, review.item), review.clone());
    let reviews = &mut change.loaded.view.reviews;
    reviews.retain(|old| old.item != review.item);
    reviews.push(review);
    reviews.sort_by_key(|review| review.item);
}

/// The entry about a review that is done.
fn told(sign: &SignOff, signed: Option<&Signed>) -> Event {
    let evidence = signed.map(|signed| &signed.evidence);
    Event {
        kind: Kind::ReviewSigned,
        actor: sign.reviewer.person.to_string(),
        facts: facts(json!({
            "item": sign.item,
            "judgement": sign.judgement,
            "payload_sha256": sign.payload_sha256,
        })),
        payload: json!({
            "name": sign.reviewer.name,
            "comment": sign.comment,
            "account": account(&sign.reviewer.identity),
            "groups": evidence.map(|evidence| &evidence.groups),
            "groups_seen_at": evidence.map(|evidence| evidence.groups_seen_at),
        })
        .into(),
    }
}

fn refused(sign: &SignOff, kind: RefusalKind) -> Event {
    Event {
        kind: Kind::ReviewRefused,
        actor: sign.reviewer.person.to_string(),
        facts: facts(json!({ "item": sign.item, "why": kind })),
        payload: json!({ "account": account(&sign.reviewer.identity) }).into(),
    }
}
