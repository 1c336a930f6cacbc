//! What chat products and directories say of the channels, groups and people that a policy names,
//! each finding where the name stands in its file. What is well is not told.

use countersign_port::finding::{Finding, Health};

use crate::{
    cli::{
        Failure,
        doctor::{self, chats::group_name, providers::account_of},
    },
    config::Config,
    domain::{
        diagnostic::{Diagnostic, Severity, Span},
        yaml::{self, Entry, Node, Value},
    },
    law::{Faulty, Law, Source, Sources},
};

/// The kinds of findings, and what they are about.
pub(super) const CODES: [(&str, &str); 2] = [
    (NOT_THERE, "A channel, group or person that is not there, or is of no use"),
    (NOT_TOLD, "Nobody could say whether a channel, group or person is there"),
];

const NOT_THERE: &str = "not-there";
const NOT_TOLD: &str = "not-told";

/// A clock is nothing that a policy names.
const CLOCK: &str = "clock";

/// Asks about everything that is named.
pub(super) async fn ask(
    config: Config,
    sources: &Sources,
    law: &Law,
) -> Result<Vec<Faulty>, Failure> {
    let findings = doctor::outside(config, law).await?;
    let (policy, people) = (read(&sources.policy), read(&sources.people));
    let names = names(law, policy.as_ref());
    let persons = accounts(law, people.as_ref());
    let (mut in_policy, mut in_people) = (Vec::new(), Vec::new());
    for finding in findings {
        let Some(fault) = fault(&finding) else { continue };
        let at = |names: &[Name]| names.iter().find(|name| name.is_of(&finding)).map(|one| one.at);
        if let Some(span) = at(&persons) {
            in_people.push(Diagnostic { span, ..fault });
        } else {
            let span = at(&names).unwrap_or(fault.span);
            in_policy.push(Diagnostic { span, ..fault });
        }
    }
    let files = [(&sources.policy, in_policy), (&sources.people, in_people)];
    let files = files.into_iter().filter(|(_, faults)| !faults.is_empty());
    Ok(files.map(|(source, faults)| Faulty { source: source.clone(), faults }).collect())
}

/// Placed at the beginning of the file, until it is known where it belongs.
fn fault(finding: &Finding) -> Option<Diagnostic> {
    let fix = finding.fix.as_ref().filter(|fix| fix.page != CLOCK)?;
    let (severity, code) = match finding.health {
        Health::Good => return None,
        Health::Poor => (Severity::Warning, NOT_THERE),
        Health::Bad => (Severity::Error, NOT_THERE),
        Health::Unknown => (Severity::Error, NOT_TOLD),
    };
    let start = Span { start: 0, end: 0, line: 1 };
    let said = Diagnostic::new(start, format!("{}: {}", finding.what, finding.means));
    Some(Diagnostic { severity, code: Some(code), ..said.with_help(Some(fix.how.clone())) })
}

/// A name that stands in a file.
struct Name {
    /// How a finding about it is headed, or how that ends.
    what: String,
    at: Span,
}

impl Name {
    fn is_of(&self, finding: &Finding) -> bool {
        let before = finding.what.strip_suffix(&self.what);
        before.is_some_and(|before| before.is_empty() || before.ends_with(' '))
    }
}

fn names(law: &Law, policy: Option<&Node>) -> Vec<Name> {
    let channels = members(policy, "channels").iter().flat_map(|channel| entries(&channel.node));
    let addresses = channels.filter_map(|address| match &address.node.value {
        Value::Scalar(what) => Some(Name { what: what.clone(), at: address.node.span }),
        Value::Nothing | Value::List(_) | Value::Map(_) => None,
    });
    let groups = members(policy, "groups").iter().filter_map(|entry| {
        let mut kept = law.kept_elsewhere();
        let (group, source) = kept.find(|(group, _)| group.as_str() == entry.key.text)?;
        Some(Name { what: group_name(group, source), at: entry.key.span })
    });
    addresses.chain(groups).collect()
}

/// The accounts of everybody, each where its provider stands in their entry.
fn accounts(law: &Law, people: Option<&Node>) -> Vec<Name> {
    let mut names = Vec::new();
    for entry in members(people, "people") {
        let mut everybody = law.people.iter();
        let Some(person) = everybody.find(|person| person.id.as_str() == entry.key.text) else {
            continue;
        };
        names.push(Name { what: account_of(&person.id), at: entry.key.span });
        names.extend(person.identities.iter().map(|account| {
            let mut own = entries(&entry.node).iter();
            let own = own.find(|member| member.key.text == account.provider);
            let at = own.map_or(entry.key.span, |member| member.key.span);
            Name { what: account.heading(), at }
        }));
    }
    names
}

/// The members of a section of a file.
fn members<'f>(file: Option<&'f Node>, section: &str) -> &'f [Entry] {
    let sections = file.map(entries).unwrap_or_default();
    let found = sections.iter().find(|entry| entry.key.text == section);
    found.map(|entry| entries(&entry.node)).unwrap_or_default()
}

fn entries(node: &Node) -> &[Entry] {
    match &node.value {
        Value::Map(entries) => entries,
        Value::Nothing | Value::Scalar(_) | Value::List(_) => &[],
    }
}

/// It was read before without a fault.
fn read(source: &Source) -> Option<Node> {
    yaml::parse(&source.text, &mut Vec::new())
}
