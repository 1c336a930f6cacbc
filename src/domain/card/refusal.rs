//! Refusals in words: private, polite, saying why and who can.

use countersign_port::access::{Refusal, RefusalKind};

use jiff::Timestamp;

use super::{Scene, deciders, names, words::joined};
use crate::domain::{
    decide::ItemState,
    id::PersonId,
    outcome::Status,
    vote::{Verdict, Vote},
};

/// The sentence for a click that was not counted.
pub fn refusal(scene: Scene<'_>, kind: RefusalKind, person: Option<&PersonId>) -> Refusal {
    let can = who_can(scene, None);
    let sentence = match kind {
        RefusalKind::OwnRequest => {
            format!("You asked for this, so you can't approve it. {can} can.")
        }
        RefusalKind::NotEligible => {
            format!("You're not in {}. {can} can decide.", open_groups(scene))
        }
        RefusalKind::AlreadyVoted => already(scene, person),
        RefusalKind::LinkTooWeak => too_weak(&who_can(scene, person)),
        RefusalKind::Over => over(scene),
        RefusalKind::StepNotOpen => {
            format!(
                "{} decides now. You'll get a message when it is your turn.",
                open_groups(scene)
            )
        }
        RefusalKind::WrongNumber => wrong_number(scene),
        RefusalKind::NumberLocked => locked(scene, person),
        RefusalKind::Incomplete => {
            "Something is missing: fill in the form and press again.".to_owned()
        }
        RefusalKind::Unexplained => "Say in a few words why, then deny again.".to_owned(),
        RefusalKind::NotRequester => {
            let who = super::requester(scene.view, scene.people).plain();
            format!("You didn't ask for this, so you can't ask again. {who} can.")
        }
        RefusalKind::Guest => format!("Guests can't decide here. {can} can."),
        RefusalKind::Changed => {
            format!("It changed at {}: look again before you decide.", changed_at(scene))
        }
        RefusalKind::MembershipUnknown
        | RefusalKind::Stranger
        | RefusalKind::NotAPerson
        | RefusalKind::IdentityUnknown
        | RefusalKind::UnknownButton
        | RefusalKind::OwnApproval
        | RefusalKind::UnknownRequest
        | RefusalKind::Superseded
        | RefusalKind::Withdrawn
        | RefusalKind::NotLinked
        | RefusalKind::NothingLeft
        | RefusalKind::NotArranged
        | RefusalKind::NotRenewed
        | RefusalKind::Unavailable => return plain(kind),
    };
    Refusal { kind, sentence }
}

/// Refusals that need nothing of the request.
pub fn plain(kind: RefusalKind) -> Refusal {
    let sentence = match kind {
        RefusalKind::Superseded => "A newer card replaced this one; use that.",
        RefusalKind::Withdrawn => {
            "This card was taken back from this channel. Nothing was recorded; where else it is asked, the card is still there."
        }
        RefusalKind::NotLinked => return unlinked(None, None),
        RefusalKind::MembershipUnknown => {
            "We can't tell which groups you are in just now. Nothing was recorded; try again in a minute."
        }
        RefusalKind::NothingLeft => {
            "Nothing would be left of what others granted. Deny it instead, or grant a part that they granted too."
        }
        RefusalKind::Guest => "Guests can't decide here. Nothing was recorded.",
        RefusalKind::UnknownRequest => {
            "There is no request with this id that concerns you. An id begins with arq_."
        }
        RefusalKind::Stranger => {
            "This request belongs to another company; only its people can decide. Nothing was recorded."
        }
        RefusalKind::NotAPerson => {
            "Only people whose account is active can decide. Nothing was recorded."
        }
        RefusalKind::IdentityUnknown => {
            "The chat couldn't tell us who you are just now. Nothing was recorded; try again in a minute."
        }
        RefusalKind::Changed => "It has changed: look again before you decide.",
        RefusalKind::NotArranged => "This cannot be arranged. Nothing was changed.",
        RefusalKind::NotRenewed => {
            "This can't be asked for again here. Nothing was changed; start anew where you asked."
        }
        RefusalKind::Unavailable => "Not recorded. Try again; pressing twice is harmless.",
        RefusalKind::UnknownButton
        | RefusalKind::OwnRequest
        | RefusalKind::NotRequester
        | RefusalKind::NotEligible
        | RefusalKind::LinkTooWeak
        | RefusalKind::AlreadyVoted
        | RefusalKind::OwnApproval
        | RefusalKind::StepNotOpen
        | RefusalKind::Over
        | RefusalKind::WrongNumber
        | RefusalKind::NumberLocked
        | RefusalKind::Incomplete
        | RefusalKind::Unexplained => {
            "This button is not one of ours, or its request is gone. Nothing was recorded."
        }
    };
    Refusal { kind, sentence: sentence.to_owned() }
}

/// Why nothing was arranged, in a sentence of its own.
pub fn not_arranged(why: &impl std::fmt::Display) -> Refusal {
    let why = why.to_string();
    let mut letters = why.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    let sentence: String = first.chain(letters).collect();
    let sentence = format!("{sentence}. Nothing was changed.");
    Refusal { kind: RefusalKind::NotArranged, sentence }
}

pub(super) fn too_weak(others: &str) -> String {
    format!(
        "This wants accounts that somebody has declared, and yours is linked by your sign-in alone, so \
         nothing was recorded. Say “link” to Countersign here and read the code out to an operator, \
         who declares it. {others} can decide meanwhile."
    )
}

/// Why the account of nobody does not count, and how it becomes somebody's. `named` is whom its
/// address proposes; `sign_in` is where they can sign in.
pub fn unlinked(named: Option<&str>, sign_in: Option<&str>) -> Refusal {
    let whose = match named {
        Some(name) => format!(
            "By its e-mail address this account is {name}'s. An address decides nothing, so nothing was recorded."
        ),
        None => "This account isn't linked to a person in Countersign, so nothing was recorded."
            .to_owned(),
    };
    let how = match sign_in {
        Some(page) => format!(
            "Confirm once who you are: sign in at {page}, and say “link” to Countersign here with the code that you are shown."
        ),
        None => "Say “link” to Countersign here, and an operator can link it to you.".to_owned(),
    };
    Refusal { kind: RefusalKind::NotLinked, sentence: format!("{whose} {how}") }
}

/// Why it was not asked for again, in the words in which the client would be told.
pub fn not_renewed(why: &impl std::fmt::Display) -> Refusal {
    let sentence = format!("It was not asked for again: {why}.");
    Refusal { kind: RefusalKind::NotRenewed, sentence }
}

/// Everybody who may act now, but for one.
fn who_can(scene: Scene<'_>, but: Option<&PersonId>) -> String {
    let plan = scene.view.plans.get(scene.item);
    let states = scene.view.states(scene.now);
    let (Some(plan), Some(ItemState::Pending(standing))) = (plan, states.get(scene.item)) else {
        return "Nobody".to_owned();
    };
    let asks = plan.steps.get(standing.step).map_or(&[][..], |step| &step.asks);
    let mut people = Vec::new();
    let but = but.and_then(|id| scene.people.get(id)).map(super::shown_name);
    for name in asks.iter().flat_map(|ask| deciders(scene, ask)) {
        if !people.contains(&name) && Some(&name) != but.as_ref() {
            people.push(name);
        }
    }
    if people.is_empty() { "Nobody".to_owned() } else { names(&people) }
}

fn open_groups(scene: Scene<'_>) -> String {
    let plan = scene.view.plans.get(scene.item);
    let states = scene.view.states(scene.now);
    let (Some(plan), Some(ItemState::Pending(standing))) = (plan, states.get(scene.item)) else {
        return "the group that decides".to_owned();
    };
    let asks = plan.steps.get(standing.step).map_or(&[][..], |step| &step.asks);
    let named = |ask: &super::Ask| ask.circle_names(standing.opened_at, scene.now);
    joined(&asks.iter().map(named).collect::<Vec<_>>(), "or")
}

/// When somebody last granted less than was asked.
fn changed_at(scene: Scene<'_>) -> String {
    let less = |vote: &&Vote| matches!(vote.verdict, Verdict::Approve { grant: Some(_) });
    let cut = scene.view.votes.iter().filter(|vote| vote.item == scene.item).filter(less);
    let at = cut.map(|vote| vote.cast_at).max().unwrap_or(scene.now);
    at.strftime("%H:%M UTC").to_string()
}

fn already(scene: Scene<'_>, person: Option<&PersonId>) -> String {
    let own = |vote: &&Vote| vote.item == scene.item && Some(&vote.person) == person;
    let spoken_for = |vote: &&Vote| {
        vote.item == scene.item && vote.struck.is_none() && person.is_some_and(|id| vote.is_for(id))
    };
    if let Some(vote) = scene.view.votes.iter().find(spoken_for) {
        let (who, at) = (vote.name.display(), vote.cast_at.strftime("%H:%M UTC"));
        return format!("{who} decided for you at {at}; each person counts once.");
    }
    match scene.view.votes.iter().find(own) {
        Some(vote) => format!(
            "You already approved at {}; each person counts once.",
            vote.cast_at.strftime("%H:%M UTC")
        ),
        None => "You already approved; each person counts once.".to_owned(),
    }
}

fn over(scene: Scene<'_>) -> String {
    let Some(outcome) = &scene.view.outcome else {
        return "This part of the request has been decided.".to_owned();
    };
    let at = outcome.at.strftime("%H:%M UTC");
    match outcome.status {
        Status::Approved | Status::Pending => format!("This was approved at {at}."),
        Status::Denied => format!("This was denied at {at}; nothing was granted."),
        Status::Expired => {
            format!("This expired at {at}, nothing was granted. It can be asked for again.")
        }
        Status::Cancelled => format!("This was withdrawn at {at}; nothing was granted."),
        Status::Failed => format!("This failed at {at}; nothing was granted."),
        Status::Partial => format!("This ended in parts at {at}."),
    }
}

fn wrong_number(scene: Scene<'_>) -> String {
    let name = super::sentence_name(&scene.view.request.subject).display();
    format!("That number isn't the one on {name}'s screen.")
}

/// A group that is kept elsewhere, where nobody has said lately who is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    pub group: String,
    /// The directory, and what the group is called there.
    pub place: String,
    pub since: Option<Timestamp>,
}

/// Says which directory is silent, and since when.
pub fn silent(silences: &[Silence]) -> Refusal {
    let since = |silence: &Silence| match silence.since {
        Some(at) => format!("has not answered since {}", at.strftime("%Y-%m-%d %H:%M UTC")),
        None => "has not answered yet".to_owned(),
    };
    let all = silences.iter().map(|silence| {
        let Silence { group, place, .. } = silence;
        format!(" Who is in {group} stands in {place}, which {}.", since(silence))
    });
    let all: String = all.collect();
    let sentence = format!(
        "We can't tell which groups you are in just now.{all} Nothing was recorded; try again in a minute."
    );
    Refusal { kind: RefusalKind::MembershipUnknown, sentence }
}

/// The same for somebody who may try so often again.
pub fn tries_left(scene: Scene<'_>, left: u32) -> Refusal {
    let tries = match left {
        1 => "One try left: ask them for it before you use it.".to_owned(),
        2 => "Two tries left.".to_owned(),
        more => format!("{more} tries left."),
    };
    let sentence = format!("{} {tries}", wrong_number(scene));
    Refusal { kind: RefusalKind::WrongNumber, sentence }
}

fn locked(scene: Scene<'_>, person: Option<&PersonId>) -> String {
    let next = match who_can(scene, person).as_str() {
        "Nobody" => "Nobody else can approve it: deny it, or have it asked for again.".to_owned(),
        others => format!("{others} can still decide."),
    };
    format!("Three wrong numbers: your vote on this request is locked. {next}")
}
