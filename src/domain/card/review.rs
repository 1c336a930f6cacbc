//! What a card says of a review that is owed, and of one that is done; its two buttons, and why
//! somebody may not press them.

use countersign_port::{
    access::{Judgement, Refusal, RefusalKind},
    card::{Button, Card, Emphasis, Field, Form, Line, Progress, ProgressMark, Verb},
};

use super::{Scene, names, refusal, shown_name, votes, words::duration};
use crate::domain::{
    access::review::said_yes,
    approval::ApprovalStatus,
    button::{Meaning, token},
    id::{CardId, PersonId},
    people::Person,
    request::Urgency,
    review::{Review, Signed, State},
};

/// The review of the item, if one is owed or was.
pub fn of(scene: Scene<'_>) -> Option<&Review> {
    scene.view.reviews.iter().find(|review| review.item == scene.item)
}

/// The word before everything else, where it was an emergency.
pub(super) fn alarm(scene: Scene<'_>) -> &'static str {
    let item = scene.view.request.items.get(scene.item);
    let is_emergency = item.is_some_and(|item| item.requested.urgency == Urgency::Emergency);
    if is_emergency { "Break-glass. " } else { "" }
}

/// What whoever approves must know, and whoever reads on afterwards.
pub(super) fn warning(scene: Scene<'_>) -> Option<Line> {
    let alarm = alarm(scene);
    let Some(review) = of(scene) else {
        let terms = scene.view.plans.get(scene.item)?.review.as_ref()?;
        let within = duration(terms.within_seconds);
        let by = &terms.by;
        return scene
            .view
            .outcome
            .is_none()
            .then(|| Line::words(format!("{alarm}{by} reviews a yes within {within}.")));
    };
    let by = &review.by;
    match review.state(scene.now) {
        State::Owed => {
            let line = Line::words(format!("{alarm}A review is owed: {by} must say by "));
            Some(line.time(review.due_at).and(" whether it was justified."))
        }
        State::Overdue => {
            let line = Line::words(format!("{alarm}The review is overdue: {by} owed it by "));
            Some(line.time(review.due_at).and("."))
        }
        State::Justified | State::NotJustified => None,
    }
}

/// Whether somebody has reviewed a part of it.
pub(super) fn is_by_reviewer(scene: Scene<'_>, actor: &str) -> bool {
    let mut signed = scene.view.reviews.iter().filter_map(|review| review.signed.as_ref());
    signed.any(|signed| signed.person.as_str() == actor)
}

/// What stands first where it was not justified: more than that it was approved once.
pub(super) fn condemned(scene: Scene<'_>) -> Option<&'static str> {
    let review = of(scene)?;
    if review.state(scene.now) != State::NotJustified {
        return None;
    }
    let approval = scene.view.approval.as_ref().map(|approval| approval.status);
    Some(match approval {
        Some(ApprovalStatus::Revoked) => "Not justified, revoked: ",
        Some(_) | None => "Not justified, nothing was left to revoke: ",
    })
}

/// Who reviewed it, or who can.
pub(super) fn progress(scene: Scene<'_>) -> Option<Progress> {
    let review = of(scene)?;
    let Some(signed) = &review.signed else {
        let who = names(&reviewers(scene, review));
        let line = Line::words(format!("review by {}: {who}", review.by));
        return Some(Progress { mark: ProgressMark::Open, line });
    };
    let mark = match signed.judgement {
        Judgement::Justified => ProgressMark::Done,
        Judgement::NotJustified => ProgressMark::Refused,
    };
    Some(Progress { mark, line: found(signed) })
}

/// “Sam Okoro 14:02: reviewed, justified – as agreed on the phone”.
fn found(signed: &Signed) -> Line {
    let line = Line::default().outside(signed.name.display()).and(" ").time(signed.at);
    let line = line.and(format!(": reviewed, {}", words(signed.judgement)));
    match &signed.comment {
        Some(comment) => line.and(" – ").outside(comment.display()),
        None => line,
    }
}

pub(super) const fn words(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::Justified => "justified",
        Judgement::NotJustified => "not justified",
    }
}

/// Who could sign it off. By their ids: two of them may have one name.
fn could_review<'a>(scene: Scene<'a>, review: &Review) -> impl Iterator<Item = &'a Person> {
    let excluded = scene.view.plans.get(scene.item).map_or(&[][..], |plan| &plan.excluded);
    let may = move |id: &PersonId| {
        !excluded.contains(id)
            && scene.view.request.subject.id != id.as_str()
            && !votes(scene).any(|vote| said_yes(vote, id))
    };
    let members = scene.people.members_of(std::slice::from_ref(&review.by));
    members.into_iter().filter(move |person| may(&person.id))
}

/// The names of those who could sign it off.
pub(super) fn reviewers(scene: Scene<'_>, review: &Review) -> Vec<String> {
    could_review(scene, review).map(shown_name).collect()
}

/// Whether the review of an item waits for this person.
pub fn waits_for(scene: Scene<'_>, person: &PersonId) -> bool {
    let Some(review) = of(scene).filter(|review| review.signed.is_none()) else { return false };
    could_review(scene, review).any(|other| other.id == *person)
}

/// Adds the two answers to a card that hangs where the review is asked.
pub fn add(
    card: &mut Card,
    scene: Scene<'_>,
    (platform, address): (&str, &str),
    (id, secret): (&CardId, &[u8; 32]),
) {
    let Some(review) = of(scene).filter(|review| review.signed.is_none()) else { return };
    if !review.is_asked_at(platform, address, scene.now) {
        return;
    }
    let mut buttons = answers(card);
    for button in &mut buttons {
        button.token = token(id, secret, Meaning { step: 0, verb: button.verb });
    }
    card.actions = buttons;
}

fn answers(card: &Card) -> Vec<Button> {
    let sentence = card.title.plain();
    let button = |verb, label, emphasis, form| Button {
        verb,
        label,
        spoken: format!("{} {sentence}", label.trim_end_matches('…')),
        emphasis,
        token: String::new(),
        form,
    };
    let form = |title, submit, summary| Form {
        title,
        summary,
        fields: vec![Field::Text { name: "comment", label: "In a sentence" }],
        submit,
    };
    let yes = form("Was it justified?", "Justified", vec![card.title.clone()]);
    let revokes = Line::words("Say why. What is still live of it is revoked.");
    let no = form("Not justified?", "Not justified", vec![card.title.clone(), revokes]);
    vec![
        button(Verb::Justified, "Justified…", Emphasis::Primary, Some(yes)),
        button(Verb::NotJustified, "Not justified…", Emphasis::Danger, Some(no)),
        button(Verb::Details, "Details", Emphasis::Plain, None),
    ]
}

/// The sentence for an answer that was not taken from somebody.
pub fn refused(scene: Scene<'_>, kind: RefusalKind, person: Option<&PersonId>) -> Refusal {
    let Some(review) = of(scene) else { return refusal::plain(kind) };
    let others = could_review(scene, review).filter(|other| Some(&other.id) != person);
    let others: Vec<String> = others.map(shown_name).collect();
    let can = if others.is_empty() { "Nobody".to_owned() } else { names(&others) };
    let sentences = [
        (
            RefusalKind::OwnRequest,
            format!("You asked for this, so you can't review it. {can} can."),
        ),
        (
            RefusalKind::OwnApproval,
            format!("You said yes to this, so you can't review it. {can} can."),
        ),
        (
            RefusalKind::NotEligible,
            format!("You're not in {}, who review this. {can} can.", review.by),
        ),
        (RefusalKind::LinkTooWeak, refusal::too_weak(&can)),
        (RefusalKind::Over, over(review)),
        (
            RefusalKind::Unexplained,
            "Say in a sentence why it was not justified, then press again.".to_owned(),
        ),
    ];
    match sentences.into_iter().find(|(of, _)| *of == kind) {
        Some((kind, sentence)) => Refusal { kind, sentence },
        None => refusal::plain(kind),
    }
}

fn over(review: &Review) -> String {
    let Some(signed) = &review.signed else { return refusal::plain(RefusalKind::Over).sentence };
    let at = signed.at.strftime("%H:%M UTC");
    format!("{} reviewed this at {at}: {}.", signed.name.display(), words(signed.judgement))
}

#[cfg(test)]
mod tests;
