//! How findings are written: for people, or one JSON object a line.

use countersign_port::finding::{Finding, Health};

use crate::cli::{Failure, output, table};

/// Writes them to stdout.
pub(super) fn write(findings: &[Finding], json: bool) -> Result<(), Failure> {
    for finding in findings {
        if json {
            output::data(&serde_json::to_string(finding)?);
        } else {
            output::data(&lines(finding));
        }
    }
    let to_do = findings.iter().filter(|finding| finding.fix.is_some()).count();
    output::talk(&match to_do {
        0 => "all is well".to_owned(),
        _ => format!("{} to look after", output::count(to_do, "thing", "things")),
    });
    Ok(())
}

/// Whether nothing is broken, and nothing is left unknown.
pub(super) fn is_well(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| match finding.health {
        Health::Good | Health::Poor => true,
        Health::Bad | Health::Unknown => false,
    })
}

/// A shape beside the words, so that no colour is needed.
const fn mark(health: Health) -> &'static str {
    match health {
        Health::Good => "✔",
        Health::Poor => "–",
        Health::Bad => "✖",
        Health::Unknown => "?",
    }
}

fn lines(finding: &Finding) -> String {
    let Finding { what, health, means, fix } = finding;
    let found = format!("{} {}: {}", mark(*health), table::safe(what), table::safe(means));
    match fix {
        None => found,
        Some(fix) => {
            let how = table::safe(&fix.how);
            format!("{found}\n    {}: {how}\n    more: docs/runbook/{}.md", fix.who, fix.page)
        }
    }
}
