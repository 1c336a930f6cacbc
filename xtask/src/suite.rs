//! A suite and its run: one after the other, then a table and one closing line.

use std::time::{Duration, Instant};

use clap::Args;

use crate::{
    outcome::{Outcome, Stop, fail},
    workshop::Workshop,
};

/// One thing that passes, fails or cannot run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Suite {
    /// What one types after `--only`.
    pub(crate) name: &'static str,
    /// What it proves, in a few words.
    pub(crate) about: &'static str,
    /// Runs it; the text is the fact worth a place in the table.
    pub(crate) run: fn(&Workshop) -> Outcome<String>,
}

/// Which suites to run.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Run these suites alone.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    only: Vec<String>,
    /// Name the suites and run none.
    #[arg(long)]
    list: bool,
}

struct Row {
    name: &'static str,
    result: Outcome<String>,
    took: Duration,
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// Runs what was selected, or lists what there is.
pub(crate) fn run_selected(
    shop: &Workshop,
    suites: &[Suite],
    selection: &Selection,
) -> Outcome<()> {
    if selection.list {
        list(suites);
        return Ok(());
    }
    run(shop, &select(suites, &selection.only)?)
}

/// Prints the names and what each proves.
pub(crate) fn list(suites: &[Suite]) {
    for suite in suites {
        anstream::println!("{:<12} {}", suite.name, suite.about);
    }
}

/// The suites of these names in their own order; all of them if no name is given.
pub(crate) fn select(suites: &[Suite], names: &[String]) -> Outcome<Vec<Suite>> {
    let known = |name: &String| suites.iter().any(|suite| suite.name == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<_> = suites.iter().map(|suite| suite.name).collect();
        return fail(format!("no suite is called `{unknown}`; there are: {}", all.join(", ")));
    }
    let wanted = |suite: &&Suite| names.is_empty() || names.iter().any(|name| name == suite.name);
    Ok(suites.iter().filter(wanted).copied().collect())
}

/// Runs every suite, also after a failure, and fails at the end if one failed.
pub(crate) fn run(shop: &Workshop, suites: &[Suite]) -> Outcome<()> {
    let rows: Vec<Row> = suites.iter().map(|suite| run_one(shop, *suite)).collect();
    let tally = tally(&rows);
    print_table(&rows);
    print_failures(&rows);
    // Alone on its line: what a reader, or a machine, looks for first.
    anstream::println!(
        "\n{} passed, {} failed, {} skipped",
        tally.passed,
        tally.failed,
        tally.skipped
    );
    match tally.failed {
        0 => Ok(()),
        count => fail(format!("{count} of {} suites, see the table", rows.len())),
    }
}

fn run_one(shop: &Workshop, suite: Suite) -> Row {
    anstream::println!("\n==== {}: {} ====", suite.name, suite.about);
    let started = Instant::now();
    let result = (suite.run)(shop);
    match &result {
        Ok(fact) => anstream::println!("{}: {fact}", suite.name),
        Err(Stop::Skip(why)) => anstream::println!("skipped: {}: {why}", suite.name),
        Err(Stop::Fail(why)) => {
            let headline = why.lines().next().unwrap_or_default();
            anstream::println!("FAILED: {}: {headline}", suite.name);
        }
    }
    Row { name: suite.name, result, took: started.elapsed() }
}

fn tally(rows: &[Row]) -> Tally {
    let mut tally = Tally::default();
    for row in rows {
        match row.result {
            Ok(_) => tally.passed += 1,
            Err(Stop::Skip(_)) => tally.skipped += 1,
            Err(Stop::Fail(_)) => tally.failed += 1,
        }
    }
    tally
}

fn print_table(rows: &[Row]) {
    anstream::println!();
    for row in rows {
        let (result, text) = match &row.result {
            Ok(fact) => ("passed", fact),
            Err(Stop::Skip(why)) => ("skipped", why),
            Err(Stop::Fail(why)) => ("FAILED", why),
        };
        let text = text.lines().next().unwrap_or_default();
        let seconds = row.took.as_secs_f32();
        anstream::println!("{:<12} {result:<8} {seconds:>7.1} s  {text}", row.name);
    }
}

/// What a failed suite says beyond the line that is in the table.
fn print_failures(rows: &[Row]) {
    for row in rows {
        if let Err(Stop::Fail(why)) = &row.result
            && let Some((_, details)) = why.split_once('\n')
        {
            anstream::println!("\n==== {} ====\n{details}", row.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITES: &[Suite] = &[
        Suite { name: "one", about: "", run: |_| Ok(String::new()) },
        Suite { name: "two", about: "", run: |_| Ok(String::new()) },
    ];

    fn names(wanted: &[&str]) -> Outcome<Vec<&'static str>> {
        let wanted: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
        Ok(select(SUITES, &wanted)?.iter().map(|suite| suite.name).collect())
    }

    #[test]
    fn no_name_selects_all_and_names_keep_the_order_of_the_table() {
        assert_eq!(names(&[]).unwrap(), ["one", "two"]);
        assert_eq!(names(&["two", "one"]).unwrap(), ["one", "two"]);
        assert_eq!(names(&["two"]).unwrap(), ["two"]);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let Err(Stop::Fail(why)) = names(&["three"]) else { panic!("an unknown name was taken") };
        assert_eq!(why, "no suite is called `three`; there are: one, two");
    }

    #[test]
    fn a_skip_is_neither_passed_nor_failed() {
        let row = |result| Row { name: "one", result, took: Duration::ZERO };
        let skip = || Err(Stop::Skip(String::new()));
        let tally = tally(&[row(Ok(String::new())), row(skip()), row(skip())]);
        assert_eq!((tally.passed, tally.failed, tally.skipped), (1, 0, 2));
    }
}
