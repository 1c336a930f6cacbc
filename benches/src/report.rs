//! What is told: figures, goals, and whether they can be believed. A table for people, JSON lines
//! for machines.

use std::{fs::File, io::Write, path::Path};

use serde_json::{Value, json};

use crate::{failure::Failure, scale::Scale, series::Series};

/// A spread wider than this says that something else was at work on the machine.
const NOISY_SPREAD: f64 = 0.4;

/// Everything that was found out.
#[derive(Debug)]
pub(crate) struct Report {
    scale: Scale,
    lines: File,
    goals: Vec<Verdict>,
    broken: Vec<String>,
    disturbed: Option<&'static str>,
}

/// What is wanted of a figure.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// A goal and how it was met.
#[derive(Debug)]
struct Verdict {
    id: &'static str,
    what: String,
    bound: Bound,
    value: f64,
    spread: f64,
    result: Met,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    Yes,
    No,
    /// The rounds disagree too much to say.
    Noisy,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Passed,
    Failed,
}

impl Report {
    /// Starts a report that also writes JSON lines to a file.
    pub(crate) fn start(scale: Scale, lines: &Path) -> Result<Self, Failure> {
        let lines = File::create(lines)?;
        Ok(Self { scale, lines, goals: Vec::new(), broken: Vec::new(), disturbed: None })
    }

    /// A heading.
    pub(crate) fn about(&mut self, name: &str, what: &Value) -> Result<(), Failure> {
        anstream::println!("\n{name}");
        for (key, value) in what.as_object().into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            anstream::println!("  {key:<44} {text}");
        }
        self.line(&json!({ "about": name, "facts": what }))
    }

    /// A figure that nothing is wanted of, and that others are measured against.
    pub(crate) fn figure(
        &mut self,
        name: &str,
        unit: &str,
        series: &Series,
    ) -> Result<(), Failure> {
        let (median, spread) = (series.median(), series.spread());
        let shown = shown(median);
        anstream::println!("  {name:<44} {shown:>10} {unit:<12} ± {:.0} %", spread * 50.0);
        self.line(&json!({ "figure": name, "unit": unit, "median": median, "spread": spread,
            "rounds": series }))
    }

    /// A figure that something is wanted of.
    pub(crate) fn goal(
        &mut self,
        id: &'static str,
        what: &str,
        bound: Bound,
        series: &Series,
    ) -> Result<(), Failure> {
        let bound = bound.relaxed(self.scale.share_of_goals());
        let (value, spread) = (series.median(), series.spread());
        let noisy = spread > NOISY_SPREAD || self.disturbed.is_some();
        let result = match (bound.holds(value), noisy) {
            (true, _) => Met::Yes,
            (false, true) => Met::Noisy,
            (false, false) => Met::No,
        };
        let what = what.to_owned();
        let verdict = Verdict { id, what, bound, value, spread, result };
        verdict.print();
        self.line(&json!({ "goal": id, "what": verdict.what, "wanted": bound.words(),
            "value": value, "spread": spread, "result": result.word(), "rounds": series }))?;
        self.goals.push(verdict);
        Ok(())
    }

    /// A part of the programme that could not be measured, or must not be believed.
    pub(crate) fn broken(&mut self, part: &str, why: &Failure) -> Result<(), Failure> {
        anstream::println!("  BROKEN  {part}: {why}");
        self.broken.push(format!("{part}: {why}"));
        self.line(&json!({ "broken": part, "why": why.to_string() }))
    }

    /// Something that makes every miss of this run doubtful.
    pub(crate) fn disturbed(&mut self, why: &'static str) {
        anstream::println!("  NOISY   {why}");
        self.disturbed = Some(why);
    }

    /// Something that was left out, and why.
    pub(crate) fn skipped(&mut self, what: &str, why: &str) -> Result<(), Failure> {
        anstream::println!("  skipped: {what}: {why}");
        self.line(&json!({ "skipped": what, "why": why }))
    }

    /// The goals once more, in one table, and the verdict.
    pub(crate) fn end(self) -> End {
        anstream::println!("\nGoals{}", self.scale.relaxation());
        for verdict in &self.goals {
            verdict.print();
        }
        for broken in &self.broken {
            anstream::println!("  BROKEN  {broken}");
        }
        let any = |result| self.goals.iter().any(|verdict| verdict.result == result);
        if any(Met::Noisy) {
            let why = self.disturbed.map_or_else(
                || format!("rounds disagree by more than {:.0} %", NOISY_SPREAD * 100.0),
                str::to_owned,
            );
            anstream::println!(
                "\nNOISY: {why}. Goals that were missed were neither met nor missed: measure again \
                 where it is quiet."
            );
        }
        if any(Met::No) || !self.broken.is_empty() { End::Failed } else { End::Passed }
    }

    fn line(&mut self, value: &Value) -> Result<(), Failure> {
        Ok(writeln!(self.lines, "{value}")?)
    }
}

impl Verdict {
    fn print(&self) {
        let Self { id, what, bound, value, spread, result } = self;
        let (wanted, value, word) = (bound.words(), shown(*value), result.word());
        anstream::println!(
            "  {word:<6} {id:<4} {what:<46} {value:>10}  {wanted:<10} ± {:.0} %",
            spread * 50.0
        );
    }
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }

    /// Nothing of zero stays nothing: what may not happen may not happen in a hurry either.
    fn relaxed(self, share: f64) -> Self {
        match self {
            Self::AtLeast(least) => Self::AtLeast(least * share),
            Self::AtMost(most) => Self::AtMost(most / share),
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {}", shown(least)),
            Self::AtMost(most) => format!("≤ {}", shown(most)),
        }
    }
}

impl Met {
    fn word(self) -> &'static str {
        match self {
            Self::Yes => "pass",
            Self::No => "MISS",
            Self::Noisy => "NOISY",
        }
    }
}

/// Three digits are as many as a measurement has.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || size == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
