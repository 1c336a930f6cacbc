//! The story of a request for the thread below its card: one line for each entry of the log that
//! people care about, in our words.

use countersign_port::{
    access::{DenyReason, Judgement},
    card::Line,
    text::Untrusted,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Scene, client_name, review};
use crate::domain::{
    access::effects::Reader,
    audit::{Kind, Leaf},
    outcome::Status,
    vote::{Lost, Verdict},
};

/// The line of an entry, if it has one for the card of this item. An erased payload tells nothing.
/// Nobody reminds the requester of what others have to do.
pub fn line(scene: Scene<'_>, reader: Reader, leaf: &Leaf, payload: &Value) -> Option<Line> {
    let Scene { view, item, .. } = scene;
    let fact = |name: &str| leaf.facts.get(name);
    let is_elsewhere = fact("item").and_then(Value::as_u64).is_some_and(|of| of != item as u64);
    if is_elsewhere {
        return None;
    }
    match leaf.kind {
        Kind::VoteCast => voted(fact("verdict")?, payload, leaf),
        Kind::Escalated => {
            let channel = Untrusted::new(payload.get("channel")?.as_str()?).display();
            let lost = fact("why").and_then(Value::as_str) == Some("lost");
            let before = if lost { "Asked " } else { "Nobody has decided yet: asked " };
            let after = if lost { ", because another channel is lost." } else { " as well." };
            Some(Line::words(before).outside(channel).and(after))
        }
        Kind::Reminded | Kind::ReviewReminded if reader == Reader::Requester => None,
        Kind::VoteStruck => struck(fact("why")?, payload),
        Kind::Reminded => reminded(scene, fact("step")?.as_u64()?),
        Kind::RequestDecided => decided(fact("status")?),
        Kind::RequestRefused => held_back(scene, fact("why")?, fact("until")?),
        Kind::CallbackDelivered => Some(client_name(view).and(" told ").time(leaf.at)),
        Kind::CallbackDead => Some(client_name(view).and(" could not be told.")),
        Kind::CallbackUnclear => {
            Some(client_name(view).and(" may have been told or not: nobody can say."))
        }
        Kind::ApprovalTakenUp => Some(client_name(view).and(" took the approval up.")),
        Kind::ApprovalLapsed => Some(Line::words("Not taken up in time: the approval lapsed.")),
        Kind::ApprovalRevoked if review::is_by_reviewer(scene, &leaf.actor) => {
            Some(Line::words("The approval was revoked: it was not justified."))
        }
        Kind::ApprovalRevoked => Some(Line::words("An operator revoked the approval.")),
        Kind::ReviewOpened | Kind::ReviewOverdue => review::warning(scene),
        Kind::ReviewReminded => review_reminded(scene),
        Kind::ReviewSigned => reviewed(fact("judgement")?, payload, leaf),
        Kind::CredentialRedeemed => Some(Line::words("Done: the approval was used ").time(leaf.at)),
        Kind::CredentialRevoked => Some(Line::words("The credential was revoked.")),
        Kind::AskedAgain => Some(client_name(view).and(" asked for the same again ").time(leaf.at)),
        Kind::RequestRenewed => {
            let Renewer { name } = Renewer::deserialize(payload).ok()?;
            Some(Line::default().outside(name.display()).and(" asked again ").time(leaf.at))
        }
        Kind::RequestOpened
        | Kind::AskedAlone
        | Kind::VoteRefused
        | Kind::ReviewRefused
        | Kind::CardWithdrawn
        | Kind::DelegationJoined
        | Kind::CredentialClaimed
        | Kind::CredentialRefused => None,
    }
}

/// Names only people who can still act; nobody is reminded of what has been decided meanwhile.
fn reminded(scene: Scene<'_>, step: u64) -> Option<Line> {
    let names = super::still_wanted(scene, usize::try_from(step).ok()?);
    if names.is_empty() {
        return None;
    }
    let who = super::joined(&names, "or");
    let line = Line::words("Reminder: this still waits. ").outside(Untrusted::new(who).display());
    Some(line.and(" can decide until ").time(scene.view.expires_at()).and("."))
}

/// Says who can still review it; nobody is reminded of what is done.
fn review_reminded(scene: Scene<'_>) -> Option<Line> {
    let review = review::of(scene).filter(|review| review.signed.is_none())?;
    let who = super::names(&review::reviewers(scene, review));
    let line = Line::words("Reminder: the review is still owed, since ").time(review.due_at);
    Some(
        line.and(". ")
            .outside(Untrusted::new(who).display())
            .and(" can say whether it was justified."),
    )
}

fn reviewed(judgement: &Value, payload: &Value, leaf: &Leaf) -> Option<Line> {
    let Words { name, comment, .. } = Words::deserialize(payload).ok()?;
    let judgement = review::words(Judgement::deserialize(judgement).ok()?);
    let line = Line::default().outside(name.display()).and(" reviewed it ").time(leaf.at);
    let line = line.and(format!(": {judgement}"));
    Some(match comment {
        Some(comment) => line.and(". ").outside(comment.display()),
        None => line.and("."),
    })
}

/// What an entry about a vote says in words.
#[derive(Deserialize)]
struct Words {
    name: Untrusted,
    comment: Option<Untrusted>,
    on_behalf_of: Option<Named>,
}

/// Who asked again.
#[derive(Deserialize)]
struct Renewer {
    name: Untrusted,
}

/// Whom they stood in for.
#[derive(Deserialize)]
struct Named {
    name: Untrusted,
}

fn voted(verdict: &Value, payload: &Value, leaf: &Leaf) -> Option<Line> {
    let Words { name, comment, on_behalf_of } = Words::deserialize(payload).ok()?;
    let who = Line::default().outside(name.display());
    let who = match on_behalf_of {
        Some(Named { name }) => who.and(", for ").outside(name.display()).and(","),
        None => who,
    };
    let line = match Verdict::deserialize(verdict).ok()? {
        Verdict::Approve { grant: None } => who.and(" approved "),
        Verdict::Approve { grant: Some(_) } => who.and(" approved less than was asked "),
        Verdict::Deny { reason } => who.and(no(reason)),
    };
    let line = line.time(leaf.at);
    Some(match comment {
        // On one line: nobody draws a second line of ours.
        Some(comment) => line.and(": ").outside(comment.display()),
        None => line,
    })
}

/// Those who said no learn that it was tried again.
fn held_back(scene: Scene<'_>, why: &Value, until: &Value) -> Option<Line> {
    let until = Timestamp::deserialize(until).ok()?;
    let again = client_name(scene.view).and(" asked for the same again and was refused until ");
    (why.as_str() == Some("cool_down")).then(|| again.time(until).and("."))
}

/// Whoever counts for less than before still counts: only a vote that is gone is told of.
fn struck(why: &Value, payload: &Value) -> Option<Line> {
    let Words { name, .. } = Words::deserialize(payload).ok()?;
    let why = Lost::deserialize(why).ok()?.words();
    let line = Line::default().outside(name.display());
    Some(line.and(" does not count any more: ").and(why).and("."))
}

fn no(reason: DenyReason) -> String {
    format!(" said no ({}) ", reason.words())
}

fn decided(status: &Value) -> Option<Line> {
    let words = match Status::deserialize(status).ok()? {
        Status::Approved => "Approved.",
        Status::Denied => "Denied: nothing was granted.",
        Status::Expired => "Expired: nobody, or too few, decided in time.",
        Status::Cancelled => "Withdrawn: nothing was granted.",
        Status::Failed => "Failed: nothing was granted.",
        Status::Partial => "Ended in parts.",
        Status::Pending => return None,
    };
    Some(Line::words(words))
}
