//! The one wording of a request: a pure function of the request and its state, for every platform.

mod away;
pub mod buttons;
pub mod refusal;
mod renewal;
pub mod review;
pub mod story;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use countersign_port::{
    access::Loss,
    card::{Card, Change, Face, Fact, Line, Novelty, Progress, ProgressMark, Quote},
    text::Untrusted,
};
use jiff::Timestamp;

pub(crate) use self::words::duration;
use self::words::{capitalised, environment, joined, lower_first, sentence_name};
use super::{
    access::slice::View,
    actor::Actor,
    approval::later,
    decide::{self, Granted, ItemState, Standing},
    id::PersonId,
    outcome::{ItemOutcome, Status},
    people::{People, Person},
    plan::{Ask, Plan},
    vote::{Verdict, Vote},
};

/// Everything that a card is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    pub view: &'a View,
    /// Which item of the request.
    pub item: usize,
    pub people: &'a People,
    pub now: Timestamp,
}

/// Draws the card of one item. Buttons are added by [`buttons::add`].
pub fn card(scene: Scene<'_>) -> Card {
    let view = scene.view;
    let face = face(scene);
    let sentence = item_title(view, scene.item);
    Card {
        request: view.request.id.to_string(),
        version: view.version,
        face,
        title: headline(scene, face),
        warnings: review::warning(scene).into_iter().chain(warnings(view)).collect(),
        facts: facts(scene),
        quote: quote(scene),
        changes: changes(scene),
        consequence: consequence(scene, face),
        progress: progress(scene),
        actions: Vec::new(),
        footer: footer(scene, face),
        notification: notification(scene, face, sentence),
    }
}

/// The same for whoever asked: who decides and until when, and nothing that is there to judge by.
pub fn for_requester(scene: Scene<'_>) -> Card {
    let card = card(scene);
    if card.face.is_final() {
        return card;
    }
    let notification = Line::words("You asked: ").line(item_title(scene.view, scene.item));
    Card { warnings: Vec::new(), consequence: None, notification, ..card }
}

/// What stands where a card was taken back. It says nothing of the request: whoever reads it may be
/// somebody for whom it was not meant.
pub fn withdrawn(view: &View, why: Loss) -> Card {
    let words = match why {
        Loss::Shared => "Taken back: this channel is shared with another company",
        Loss::Removed | Loss::Refused => "Taken back: this is asked elsewhere",
    };
    Card {
        request: view.request.id.to_string(),
        version: view.version,
        face: Face::Cancelled,
        title: Line::words(words),
        warnings: Vec::new(),
        facts: Vec::new(),
        quote: None,
        changes: Vec::new(),
        consequence: None,
        progress: Vec::new(),
        actions: Vec::new(),
        footer: vec![Line::words(view.request.id.to_string())],
        notification: Line::words(words),
    }
}

/// The request in one sentence.
pub fn title(view: &View) -> Line {
    let more = view.request.items.len().saturating_sub(1);
    let first = item_title(view, 0);
    if more == 0 { first } else { first.and(format!(" (and {more} more)")) }
}

/// Who is asked, for the requester's screen.
pub fn who_decides(view: &View) -> Line {
    let Some(plan) = view.plans.first() else { return Line::default() };
    if plan.is_pre_approved() {
        return Line::words("Approved by policy; nobody had to be asked.");
    }
    let steps: Vec<String> = plan
        .steps
        .iter()
        .map(|step| joined(&step.asks.iter().map(needs).collect::<Vec<_>>(), "and"))
        .collect();
    Line::words(format!("Needs {}.", steps.join(", then ")))
}

fn needs(ask: &Ask) -> String {
    format!("{} from {}", ask.count, ask.group_names())
}

/// “Shop Admin wants to change live orders in production”.
fn item_title(view: &View, item: usize) -> Line {
    client_name(view).and(" wants to ").line(wanted(view, item))
}

fn client_name(view: &View) -> Line {
    let client = &view.request.client;
    let name = client.name.clone().unwrap_or_else(|| Untrusted::new(client.id.clone()));
    Line::default().outside(name.display())
}

/// “change live orders and 1 more in production”.
fn wanted(view: &View, item: usize) -> Line {
    let parts = view.plans.get(item).map_or(0, |plan| plan.parts.len());
    worded(view, item, &(0..parts).collect())
}

/// The same of some of its parts only: a card never says more than holds.
fn worded(view: &View, item: usize, parts: &BTreeSet<usize>) -> Line {
    let Some(plan) = view.plans.get(item) else { return Line::default() };
    let mut named = parts.iter().filter_map(|number| plan.parts.get(*number));
    let Some(first) = named.next() else { return Line::default() };
    let line = Line::default().outside(lower_first(&first.title));
    let more = named.count();
    let line = if more == 0 { line } else { line.and(format!(" and {more} more")) };
    match environment(view, plan) {
        Some(environment) => line.and(" in ").outside(environment.display()),
        None => line,
    }
}

fn face(scene: Scene<'_>) -> Face {
    if review::condemned(scene).is_some() {
        return Face::Denied;
    }
    let status = scene.view.outcome.as_ref().and_then(|outcome| {
        let alone = scene.view.request.items.len() == 1;
        let item = outcome.items.get(scene.item).map(ItemOutcome::status);
        if alone { Some(outcome.status) } else { item }
    });
    match status {
        Some(Status::Approved) if renewal::has_lapsed(scene) => Face::Expired,
        Some(Status::Approved) => Face::Approved,
        Some(Status::Denied) => Face::Denied,
        Some(Status::Expired) => Face::Expired,
        Some(Status::Cancelled) => Face::Cancelled,
        Some(Status::Failed) => Face::Failed,
        Some(Status::Partial) => Face::Mixed,
        Some(Status::Pending) | None => open_face(scene),
    }
}

/// The face of a request that has not ended; items of a bundle may have.
fn open_face(scene: Scene<'_>) -> Face {
    match scene.view.states(scene.now).get(scene.item) {
        Some(ItemState::Approved(_)) => Face::Approved,
        Some(ItemState::Denied(_)) => Face::Denied,
        Some(ItemState::Expired(_)) => Face::Expired,
        Some(ItemState::Pending(standing))
            if standing.step > 0 || standing.filled.iter().any(|have| *have > 0) =>
        {
            Face::Partial
        }
        Some(ItemState::Pending(_)) | None => Face::Pending,
    }
}

fn headline(scene: Scene<'_>, face: Face) -> Line {
    let view = scene.view;
    let client = client_name(view);
    let wanted = wanted(view, scene.item);
    match face {
        Face::Pending => Line::words("Approval needed: ").line(item_title(view, scene.item)),
        Face::Partial => {
            let (have, needed) = tally(scene);
            Line::words(format!("{have} of {needed} approved: ")).line(item_title(view, scene.item))
        }
        Face::Approved => {
            let less = if is_less(scene) { "Approved, less than asked: " } else { "Approved: " };
            let alarm = review::of(scene).map_or("", |_| review::alarm(scene));
            let line = Line::words(format!("{alarm}{less}")).line(client).and(" may ");
            match granted(scene) {
                Some(granted) => line
                    .line(worded(view, scene.item, &granted.parts))
                    .and(" until ")
                    .time(later(granted.at, granted.valid_for_seconds)),
                None => line.line(wanted),
            }
        }
        Face::Denied if review::condemned(scene).is_some() => {
            Line::words(review::condemned(scene).unwrap_or_default())
                .line(item_title(view, scene.item))
        }
        Face::Denied => Line::words("Denied: ").line(client).and(" may not ").line(wanted),
        Face::Expired => Line::words(renewal::title(scene)).line(item_title(view, scene.item)),
        Face::Cancelled => {
            Line::words("Withdrawn, nothing granted: ").line(item_title(view, scene.item))
        }
        Face::Failed => Line::words("Failed, nothing granted: ").line(item_title(view, scene.item)),
        Face::Mixed => Line::words("Ended in parts: ").line(item_title(view, scene.item)),
    }
}

/// How many of all people needed have approved.
fn tally(scene: Scene<'_>) -> (u32, u32) {
    let Some(plan) = scene.view.plans.get(scene.item) else { return (0, 0) };
    let needed = plan.steps.iter().flat_map(|step| &step.asks).map(|ask| ask.count).sum();
    let have = match scene.view.states(scene.now).get(scene.item) {
        Some(ItemState::Pending(_) | ItemState::Expired(_)) => {
            (0..plan.steps.len()).flat_map(|step| filled(scene, plan, step)).sum()
        }
        Some(ItemState::Approved(_)) => needed,
        Some(ItemState::Denied(_)) | None => 0,
    };
    (have, needed)
}

/// How many have approved each ask of a step.
fn filled(scene: Scene<'_>, plan: &Plan, step: usize) -> Vec<u32> {
    decide::filled(plan, step, votes(scene))
}

fn granted(scene: Scene<'_>) -> Option<Granted> {
    match scene.view.states(scene.now).into_iter().nth(scene.item) {
        Some(ItemState::Approved(granted)) => Some(granted),
        Some(ItemState::Pending(_) | ItemState::Denied(_) | ItemState::Expired(_)) | None => None,
    }
}

fn is_less(scene: Scene<'_>) -> bool {
    let plan = scene.view.plans.get(scene.item);
    plan.zip(granted(scene)).is_some_and(|(plan, granted)| {
        granted.parts.len() < plan.parts.len() || granted.valid_for_seconds < plan.valid_for_seconds
    })
}

/// What a reader must know before they believe the rest.
fn warnings(view: &View) -> Vec<Line> {
    let request = &view.request;
    let line = |text: &Option<Untrusted>| text.as_ref().map(Untrusted::display);
    let texts = [
        ("client name", line(&request.client.name)),
        // It may have several lines, as it is quoted.
        ("reason", request.context.justification.as_ref().map(Untrusted::display_lines)),
        ("requester's name", line(&request.subject.name)),
        ("binding message", line(&request.binding_message)),
        ("resource server's reason", request.transaction.as_ref().map(|it| it.reason.display())),
    ];
    let odd = texts
        .into_iter()
        .filter(|(_, text)| text.as_ref().is_some_and(|text| !text.warnings().is_empty()));
    odd.map(|(what, _)| {
        Line::words(format!("The {what} contains unusual characters; read it with care."))
    })
    .collect()
}

fn facts(scene: Scene<'_>) -> Vec<Fact> {
    let view = scene.view;
    let mut facts = vec![Fact { label: "Asked by", value: requester(view, scene.people) }];
    facts.extend(acting(view));
    if let Some(plan) = view.plans.get(scene.item) {
        let risk = Line::words(format!("{} {}", plan.risk.mark(), plan.risk.word()));
        facts.push(Fact { label: "Risk", value: risk });
        if let Some(environment) = environment(view, plan) {
            let value = Line::default().outside(capitalised(&environment));
            facts.push(Fact { label: "Environment", value });
        }
    }
    if view.sharing.asked_again > 0 {
        let times = format!("{} times; one decision answers all", view.sharing.asked_again + 1);
        facts.push(Fact { label: "Asked", value: Line::words(times) });
    }
    for (name, value) in &view.request.context.parameters {
        let text = Untrusted::new(format!("{name}: {}", words::scalar(value)));
        facts.push(Fact { label: "Parameter", value: Line::default().outside(text.display()) });
    }
    if let Some(transaction) = &view.request.transaction {
        let outside = |text: Untrusted| Line::default().outside(text.display());
        let server = Untrusted::new(transaction.server.clone());
        facts.push(Fact { label: "Wanted by", value: outside(server) });
        facts.push(Fact { label: "Because", value: outside(transaction.reason.clone()) });
        let id = Untrusted::new(transaction.id.clone());
        facts.push(Fact { label: "Transaction", value: outside(id) });
    }
    if let Some(message) = &view.request.binding_message {
        let value = Line::default().outside(message.display());
        facts.push(Fact { label: "Reference", value });
    }
    facts
}

/// Who acts for them, and for whom in turn, as the client says it.
fn acting(view: &View) -> Option<Fact> {
    let name = |actor: &Actor| Untrusted::new(actor.id.clone()).display();
    let actor = view.request.client.actor.as_ref()?;
    let mut value = Line::default().outside(name(actor));
    for next in actor.chain().skip(1) {
        value = value.and(", sent by ").outside(name(next));
    }
    Some(Fact { label: "Through", value })
}

/// The name that the people file gives; what the request says about itself only where there is
/// none, and then as a claim.
fn requester(view: &View, people: &People) -> Line {
    let subject = &view.request.subject;
    match people.who_is(subject).and_then(|person| people.get(person)) {
        Some(person) => Line::default().outside(Untrusted::new(&person.name).display()),
        None => Line::default()
            .outside(sentence_name(subject).display())
            .and(" (not in the people file)"),
    }
}

fn quote(scene: Scene<'_>) -> Option<Quote> {
    let request = &scene.view.request;
    let text = request.context.justification.as_ref()?.display_lines();
    let known = scene.people.who_is(&request.subject).and_then(|person| scene.people.get(person));
    let who = match known {
        Some(person) => Untrusted::new(&person.name),
        None => sentence_name(&request.subject),
    };
    Some(Quote { who: who.display(), text })
}

fn changes(scene: Scene<'_>) -> Vec<Change> {
    let Some(plan) = scene.view.plans.get(scene.item) else { return Vec::new() };
    let granted = granted(scene);
    let kept =
        |number: &usize| granted.as_ref().is_none_or(|granted| granted.parts.contains(number));
    plan.parts
        .iter()
        .enumerate()
        .filter(|(number, _)| kept(number))
        .map(|(_, part)| Change {
            novelty: Novelty::New,
            title: part.title.display(),
            name: Untrusted::new(part.name.clone()).display(),
        })
        .collect()
}

fn consequence(scene: Scene<'_>, face: Face) -> Option<Line> {
    if face.is_final() {
        return None;
    }
    let (parts, seconds) = left(scene)?;
    let life = words::duration(seconds);
    let who = Line::words("If you approve: ").line(client_name(scene.view));
    Some(who.and(" can ").line(worded(scene.view, scene.item, &parts)).and(format!(" for {life}.")))
}

/// What those who have approved so far have left, and for how long.
fn left(scene: Scene<'_>) -> Option<(BTreeSet<usize>, i64)> {
    let plan = scene.view.plans.get(scene.item)?;
    let mut parts: BTreeSet<usize> = (0..plan.parts.len()).collect();
    let mut seconds = plan.valid_for_seconds;
    for vote in votes(scene) {
        if let Verdict::Approve { grant: Some(grant) } = &vote.verdict {
            parts = &parts & &grant.parts;
            seconds = grant.valid_for_seconds.unwrap_or(seconds).min(seconds);
        }
    }
    Some((parts, seconds))
}

fn progress(scene: Scene<'_>) -> Vec<Progress> {
    let Some(plan) = scene.view.plans.get(scene.item) else { return Vec::new() };
    let states = scene.view.states(scene.now);
    let mut lines: Vec<Progress> = votes(scene).map(voted).collect();
    match states.get(scene.item) {
        Some(ItemState::Pending(standing)) if scene.view.outcome.is_none() => {
            lines.extend(still_needed(scene, plan, standing));
        }
        Some(ItemState::Expired(_)) => {
            lines.push(Progress { mark: ProgressMark::Note, line: Line::words(ran_out(scene)) });
        }
        Some(ItemState::Pending(_) | ItemState::Approved(_) | ItemState::Denied(_)) | None => {}
    }
    if plan.is_pre_approved() {
        let line = Line::words("Approved by policy: ").and(plan.rules.join(", "));
        lines.push(Progress { mark: ProgressMark::Done, line });
    }
    lines.extend(review::progress(scene));
    lines.extend(told(scene.view));
    lines.extend(renewal::notes(scene));
    lines
}

fn ran_out(scene: Scene<'_>) -> String {
    let outcome = scene.view.outcome.as_ref();
    if outcome.and_then(|outcome| outcome.items.get(scene.item)) == Some(&ItemOutcome::Failed) {
        return "nobody could be asked: no channel took the card of this step".to_owned();
    }
    let (have, needed) = tally(scene);
    format!(
        "{have} of {needed} had approved when time ran out; earlier approvals do not carry over"
    )
}

fn votes(scene: Scene<'_>) -> impl Iterator<Item = &Vote> {
    scene.view.votes.iter().filter(move |vote| vote.item == scene.item)
}

fn voted(vote: &Vote) -> Progress {
    let who = vote.who().and(" ").time(vote.cast_at);
    if let Some(struck) = vote.struck {
        let line = who.and(" does not count any more: ").and(struck.why.words());
        return Progress { mark: ProgressMark::Note, line };
    }
    match &vote.verdict {
        Verdict::Approve { grant: None } => Progress { mark: ProgressMark::Done, line: who },
        Verdict::Approve { grant: Some(_) } => {
            Progress { mark: ProgressMark::Done, line: who.and(" (less than asked)") }
        }
        Verdict::Deny { reason } => {
            let line = who.and(": ").and(reason.words());
            let line = match &vote.comment {
                Some(comment) => line.and(" – ").outside(comment.display()),
                None => line,
            };
            Progress { mark: ProgressMark::Refused, line }
        }
    }
}

fn still_needed(scene: Scene<'_>, plan: &Plan, standing: &Standing) -> Vec<Progress> {
    let open = plan.steps.get(standing.step).map_or(&[][..], |step| &step.asks);
    let now = open.iter().zip(&standing.filled).filter(|(ask, have)| **have < ask.count);
    let mut lines: Vec<Progress> = now.map(|(ask, have)| open_ask(scene, ask, *have)).collect();
    for (number, step) in plan.steps.iter().enumerate().skip(standing.step + 1) {
        let asks = step.asks.iter().zip(filled(scene, plan, number));
        lines.extend(asks.filter(|(ask, have)| *have < ask.count).map(|(ask, _)| Progress {
            mark: ProgressMark::Later,
            line: Line::words(format!("then {}", needs(ask))),
        }));
    }
    lines
}

fn open_ask(scene: Scene<'_>, ask: &Ask, have: u32) -> Progress {
    let names = names(&deciders(scene, ask));
    let opened_at = open_since(scene, ask).unwrap_or(scene.now);
    let groups = ask.circle_names(opened_at, scene.now);
    let line = format!("{have} of {} from {groups}: {names}", ask.count);
    Progress { mark: ProgressMark::Open, line: Line::words(line) }
}

/// Who could still act on an ask: its members, less those who never count or have counted.
fn could_act<'a>(scene: Scene<'a>, ask: &Ask) -> impl Iterator<Item = &'a Person> {
    let excluded = scene.view.plans.get(scene.item).map_or(&[][..], |plan| &plan.excluded);
    let counted = votes(scene).filter(|vote| vote.struck.is_none());
    let voted: Vec<&Vote> = counted.collect();
    let opened_at = open_since(scene, ask).unwrap_or(scene.now);
    let circles = ask.circles(opened_at, scene.now);
    let members: BTreeMap<&PersonId, &Person> = circles
        .flat_map(|circle| scene.people.members_of(circle))
        .map(|person| (&person.id, person))
        .collect();
    let has_acted = move |id: &PersonId| {
        excluded.contains(id) || voted.iter().any(|vote| vote.person == *id || vote.is_for(id))
    };
    members.into_values().filter(move |person| !has_acted(&person.id))
}

/// Since when an ask is open; none where its step is not.
fn open_since(scene: Scene<'_>, ask: &Ask) -> Option<Timestamp> {
    let states = scene.view.states(scene.now);
    let ItemState::Pending(standing) = states.get(scene.item)? else { return None };
    let step = scene.view.plans.get(scene.item)?.steps.get(standing.step)?;
    step.asks.contains(ask).then_some(standing.opened_at)
}

/// The names of those for whom a step waits, if it is the one that is open.
fn still_wanted(scene: Scene<'_>, step: usize) -> Vec<String> {
    let states = scene.view.states(scene.now);
    let (Some(ItemState::Pending(standing)), Some(plan), None) =
        (states.get(scene.item), scene.view.plans.get(scene.item), &scene.view.outcome)
    else {
        return Vec::new();
    };
    let open = plan.steps.get(standing.step).filter(|_| standing.step == step);
    let asks = open.into_iter().flat_map(|step| step.asks.iter().zip(&standing.filled));
    let short = asks.filter(|(ask, have)| **have < ask.count);
    let mut names: Vec<String> = short.flat_map(|(ask, _)| deciders(scene, ask)).collect();
    names.sort();
    names.dedup();
    names
}

/// The names of those who could still act on an ask.
pub(super) fn deciders(scene: Scene<'_>, ask: &Ask) -> Vec<String> {
    let stand_ins = away::stand_ins(scene, ask);
    let is_stood_in_for = |person: &&Person| stand_ins.iter().any(|one| one.away == person.id);
    let here = could_act(scene, ask).filter(|person| !is_stood_in_for(person)).map(shown_name);
    here.chain(stand_ins.iter().map(|one| away::words(one, scene.people))).collect()
}

/// A person's name as it is shown.
fn shown_name(person: &Person) -> String {
    Untrusted::new(&person.name).display().to_string()
}

/// Whether the open step waits for this person.
pub fn waits_for(scene: Scene<'_>, person: &PersonId) -> bool {
    let (Some(plan), Some(ItemState::Pending(standing)), None) = (
        scene.view.plans.get(scene.item),
        scene.view.states(scene.now).into_iter().nth(scene.item),
        &scene.view.outcome,
    ) else {
        return false;
    };
    let asks = plan.steps.get(standing.step).map_or(&[][..], |step| &step.asks);
    let short = asks.iter().zip(&standing.filled).filter(|(ask, have)| **have < ask.count);
    short.into_iter().any(|(ask, _)| {
        could_act(scene, ask).any(|other| other.id == *person)
            || away::stand_ins(scene, ask).iter().any(|one| one.delegate == *person)
    })
}

fn names(people: &[String]) -> String {
    if people.is_empty() { "nobody is left who could".to_owned() } else { joined(people, "or") }
}

fn told(view: &View) -> Option<Progress> {
    if view.request.callback.is_none() && view.request.delegated.is_none() {
        return None;
    }
    view.outcome.as_ref()?;
    Some(match view.told_at {
        Some(at) => {
            Progress { mark: ProgressMark::Done, line: client_name(view).and(" told ").time(at) }
        }
        None => Progress {
            mark: ProgressMark::Open,
            line: client_name(view).and(" has not been told yet"),
        },
    })
}

fn footer(scene: Scene<'_>, face: Face) -> Vec<Line> {
    let view = scene.view;
    let id = Line::words(format!("{} · v{}", view.request.id, view.version));
    if face.is_final() {
        return vec![id];
    }
    vec![Line::words("Expires ").time(view.expires_at()), id]
}

fn notification(scene: Scene<'_>, face: Face, sentence: Line) -> Line {
    let view = scene.view;
    if face.is_final() {
        return headline(scene, face);
    }
    let risk = view.plans.get(scene.item).map_or("", |plan| plan.risk.word());
    Line::words("Approval needed by ")
        .time(view.expires_at())
        .and(": ")
        .line(sentence)
        .and(", asked by ")
        .line(requester(view, scene.people))
        .and(format!(". {risk}."))
}

#[cfg(test)]
mod tests;
