//! Every case of `tests/policies/faults`: a broken file, and the page that its author reads.

use std::fmt::Write;

use super::{files, office::Office};
use crate::domain::{
    catalogue::Catalogue,
    diagnostic::{Paint, Source, render},
    people::People,
    policy::Policy,
};

const RULER: &str = "\n==== what is said ====\n";

#[test]
fn every_fault_is_shown_with_its_place_and_its_remedy() {
    let office = Office::example();
    let mut wrong = String::new();
    for (name, text) in files("faults") {
        let (broken, wanted) = text.split_once(RULER).unwrap_or((&text, ""));
        let (kind, _) = name.split_once('-').unwrap();
        let faults = match kind {
            "catalogue" => Catalogue::parse(broken).map(drop),
            "people" => People::parse(broken).map(drop),
            _ => Policy::parse(broken, &office.vocabulary()).map(drop),
        };
        let source = Source { name: &format!("{kind}.yaml"), text: broken };
        let page = render(&faults.expect_err(&name), source, Paint::Plain);
        if page.trim_end() != wanted.trim_end() {
            writeln!(wrong, "{name}\n--- wanted\n{wanted}\n--- got\n{page}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn colour_is_only_for_terminals() {
    let faults = Policy::parse("rules: []\n", &Office::example().vocabulary()).unwrap_err();
    let source = Source { name: "policy.yaml", text: "rules: []\n" };
    assert!(render(&faults, source, Paint::Colour).contains('\u{1b}'));
    assert!(!render(&faults, source, Paint::Plain).contains('\u{1b}'));
}
