//! Every case of `tests/policies/check`: for each finding, a policy that has it with the page that
//! its author reads, and one that nearly has it.

use std::fmt::Write;

use super::{files, office::Office};
use crate::domain::{
    diagnostic::{Paint, Severity, Source, render},
    policy::check::{Code, File, Finding, check},
};

const RULER: &str = "\n==== what is said ====\n";

fn findings(office: &Office, text: &str) -> Vec<Finding> {
    check(&office.policy(text), office.surroundings())
}

/// What is said of the policy, and below it of the catalogue.
fn page(office: &Office, findings: &[Finding], policy: &str) -> String {
    let files = [
        (File::Policy, "policy.yaml", policy),
        (File::Catalogue, "catalogue.yaml", office.catalogue_text()),
    ];
    files
        .into_iter()
        .map(|(file, name, text)| {
            let own = findings.iter().filter(|finding| finding.file == file);
            render(own.map(|finding| &finding.diagnostic), Source { name, text }, Paint::Plain)
        })
        .collect()
}

#[test]
fn every_finding_is_shown_where_it_is_and_only_there() {
    let office = Office::example();
    let (mut wrong, mut shown, mut spared) = (String::new(), 0, 0);
    for (name, text) in files("check") {
        if let Some(code) = name.strip_suffix(".clean.yaml") {
            let found = findings(&office, &text);
            let said = page(&office, &found, &text);
            let has = |finding: &Finding| finding.diagnostic.code == Some(code);
            if found.iter().any(has) {
                writeln!(wrong, "{name}\n--- wanted nothing of it\n--- got\n{said}").unwrap();
            }
            spared += 1;
            continue;
        }
        let code = name.strip_suffix(".txt").expect(&name);
        let (policy, wanted) = text.split_once(RULER).unwrap_or((&text, ""));
        let found = findings(&office, policy);
        assert!(found.iter().any(|finding| finding.diagnostic.code == Some(code)), "{name}");
        let said = page(&office, &found, policy);
        if said.trim_end() != wanted.trim_end() {
            writeln!(wrong, "{name}\n--- wanted\n{wanted}\n--- got\n{said}").unwrap();
        }
        shown += 1;
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    // A rule without a test is found where tests are run.
    let all = Code::ALL.len() - 1;
    assert_eq!(
        (shown, spared),
        (all, all),
        "each finding has a file that has it and one that has not"
    );
}

#[test]
fn the_example_has_nothing_that_cannot_be_meant_so() {
    let office = Office::example();
    let text = include_str!("../../../../tests/policies/example/policy.yaml");
    let found = findings(&office, text);
    let errors = found.iter().filter(|finding| finding.diagnostic.severity == Severity::Error);
    assert_eq!(errors.count(), 0, "{}", page(&office, &found, text));
}
