//! What the demo's page says beside the screen of its chat product: the log of the OAuth server,
//! the clock, what is broken, and the step of the tour.

use askama::Template;
use jiff::Timestamp;

use super::{Page, screen::Screen};
use crate::{
    demo::Persona,
    oauth_server::{Switch, log::Entry, scenario::Scenario},
    stage::Stage,
    tour::{STEPS, Step},
    visit::Visit,
    weather::Weather,
};

#[derive(Template)]
#[template(path = "demo.html")]
pub(super) struct View<'a> {
    screen: Screen<'a>,
    now: Timestamp,
    lines: Vec<LogLine>,
    answering: Switch,
    weather: Weather,
    tour: TourView,
}

/// A line of what the OAuth server sees.
struct LogLine {
    what: String,
    result: String,
    note: String,
    /// The request whose credential can be spent from here.
    spend: Option<String>,
}

enum TourView {
    At { number: usize, step: Step, persona: Persona },
    Done,
}

impl<'a> View<'a> {
    pub(super) fn of(page: &'a Page, visit: Visit) -> Result<Self, askama::Error> {
        let stage = &page.stage;
        Ok(Self {
            // First: it counts the changes that the rest of the page has seen.
            screen: Screen::of(&stage.sandbox, &page.visitors, visit)?,
            now: stage.clock.now(),
            lines: lines(stage),
            answering: stage.server.answering(),
            weather: stage.sandbox.weather(),
            tour: TourView::at(page.done()),
        })
    }
}

impl TourView {
    fn at(done: usize) -> Self {
        let step = STEPS.get(done).copied();
        match step.and_then(|step| Some((step, Persona::find(step.who)?))) {
            None => Self::Done,
            Some((step, persona)) => Self::At { number: done + 1, step, persona },
        }
    }
}

fn lines(stage: &Stage) -> Vec<LogLine> {
    let spendable = stage.server.spendable();
    let lines = stage.server.log().into_iter().rev();
    lines.map(|entry| LogLine::of(&entry, &spendable)).collect()
}

impl LogLine {
    fn of(entry: &Entry, spendable: &[String]) -> Self {
        match entry {
            Entry::Asked { scenario, asked } => Self {
                what: "POST /access/v1/requests".to_owned(),
                result: asked.status.to_string(),
                note: asked_note(*scenario, asked.problem.as_deref(), asked.number.as_deref()),
                spend: None,
            },
            Entry::Called(call) => Self {
                what: format!("callback {}", call.event),
                result: call.outcome().to_owned(),
                note: call.story(),
                spend: spendable.contains(&call.request).then(|| call.request.clone()),
            },
            Entry::Forged { why } => Self {
                what: "callback".to_owned(),
                result: "401".to_owned(),
                note: why.clone(),
                spend: None,
            },
            Entry::Redeemed { active, .. } => Self {
                what: "POST /access/v1/credentials/redeem".to_owned(),
                result: format!("active: {active}"),
                note: redeemed_note(*active).to_owned(),
                spend: None,
            },
        }
    }
}

fn asked_note(scenario: Scenario, problem: Option<&str>, number: Option<&str>) -> String {
    let mut note = scenario.label().to_owned();
    if let Some(problem) = problem {
        note = format!("{note} · {problem}");
    }
    if let Some(number) = number {
        note = format!("{note} · the requester's screen shows {number}");
    }
    note
}

const fn redeemed_note(active: bool) -> &'static str {
    if active { "the bank pays, once" } else { "a replay: the bank does not pay" }
}

#[cfg(test)]
mod tests;
