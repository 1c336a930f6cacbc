//! `countersign policy test`: plays the cases of the test file, in virtual time.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;

use super::Which;
use crate::{
    adapters,
    cli::{End, Failure, output},
    domain::policy::check::Finding,
    law::{
        Faulty, Law, Source,
        rehearsal::{self, Played, Report, Script},
    },
};

/// What to test.
#[derive(Debug, Args)]
pub struct Test {
    /// The files of cases; by default `policy.test.yaml` beside the policy.
    files: Vec<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// A rule that no case reaches is a failure too.
    #[arg(long)]
    strict: bool,
    /// One JSON object a line: every case, and then the coverage.
    #[arg(long)]
    json: bool,
}

/// Plays everything; a case that comes out otherwise is a no.
pub fn run(test: &Test) -> Result<End, Failure> {
    let (config, sources) = test.which.read()?;
    let known = adapters::known(&config);
    let law = Law::parse(&sources, &known).map_err(|faulty| output::law_faults(&faulty))?;
    let beside = [beside(&config.policy)];
    let files = if test.files.is_empty() { beside.as_slice() } else { &test.files };
    let (mut good, mut cases, mut reached) = (true, 0, BTreeSet::new());
    for file in files {
        let source = Source::read(file)?;
        let report = script(&source, &law)?.play(&law, &known.platforms);
        tell(test, &source, &report)?;
        good &= report.is_good();
        cases += report.cases.len();
        reached.extend(report.reached);
    }
    let untested = rehearsal::untested(&law, &reached);
    sum_up(test, cases, law.policy.rules.len(), &untested);
    let covered = untested.is_empty() || !test.strict;
    Ok(if good && covered { End::Yes } else { End::No })
}

fn sum_up(test: &Test, cases: usize, rules: usize, untested: &[Finding]) {
    let covered = rules - untested.len();
    let lines = || untested.iter().map(|finding| &finding.diagnostic);
    if test.json {
        let untested: Vec<_> = lines()
            .map(|line| json!({ "line": line.span.line, "message": line.message }))
            .collect();
        let told =
            json!({ "cases": cases, "rules": rules, "reached": covered, "untested": untested });
        output::data(&told.to_string());
        return;
    }
    for line in lines() {
        output::data(&format!("  {}, in line {}", line.message, line.span.line));
    }
    let cases = output::count(cases, "case", "cases");
    output::data(&format!("{cases}, {covered} of {rules} rules reached"));
}

/// `policy.test.yaml` for `policy.yaml`.
pub(super) fn beside(policy: &Path) -> PathBuf {
    policy.with_extension("test.yaml")
}

/// Reads a file of cases; its faults are shown with line and caret.
pub(super) fn script(source: &Source, law: &Law) -> Result<Script, Failure> {
    Script::parse(&source.text, law).map_err(|faults| {
        let faulty = [Faulty { source: source.clone(), faults }];
        format!("{}; nothing was tested", output::found(&faulty)).into()
    })
}

fn tell(test: &Test, source: &Source, report: &Report) -> Result<(), Failure> {
    for Played { name, line, faults } in &report.cases {
        if test.json {
            let failures: Vec<_> = faults
                .iter()
                .map(|fault| json!({ "line": fault.span.line, "message": fault.message }))
                .collect();
            let passed = faults.is_empty();
            let told =
                json!({ "case": name, "line": line, "passed": passed, "failures": failures });
            output::data(&serde_json::to_string(&told)?);
            continue;
        }
        let mark = if faults.is_empty() { '✔' } else { '✘' };
        output::data(&format!("{mark} {name}"));
        if !faults.is_empty() {
            output::found(&[Faulty { source: source.clone(), faults: faults.clone() }]);
        }
    }
    Ok(())
}
