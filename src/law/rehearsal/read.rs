//! Reads a file of cases. Requests are written in few words; what the catalogue does not know of
//! them is found when they are played, as it is found at the door.

mod asked;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Case, Click, Deed, Expectation, Law, Script, Standing, Step, Wanted};
use crate::domain::{
    diagnostic::{Diagnostic, Span, suggest},
    id::{Group, PersonId},
    link::Level,
    yaml::{
        self, Entry, Node, Value,
        read::{self, Faults, Members, Text},
    },
};

/// When a case begins that does not say so.
pub(super) const START: Timestamp = Timestamp::UNIX_EPOCH;

/// The integrator of every case.
pub(super) const CLIENT: &str = "test";

const CASE: [&str; 4] = ["name", "request", "rule", "then"];
const STEP: [&str; 10] = [
    "at",
    "members",
    "links",
    "approve",
    "deny",
    "turned_away",
    "expect",
    "asked",
    "cards",
    "review",
];

/// An address links nobody, so that it is none of these.
const LEVELS: [(&str, Level); 2] = [("proven", Level::Proven), ("declared", Level::Declared)];

/// What a list of names stands for.
type OfNames = fn(BTreeSet<String>) -> Expectation;

struct Reader<'a> {
    law: &'a Law,
    faults: Faults,
}

pub(super) fn script(text: &str, law: &Law) -> Result<Script, Vec<Diagnostic>> {
    let mut reader = Reader { law, faults: Faults::new() };
    let root = yaml::parse(text, &mut reader.faults);
    let script = root.and_then(|root| reader.script(&root));
    match script {
        Some(script) if reader.faults.is_empty() => Ok(script),
        Some(_) | None => Err(reader.faults),
    }
}

impl Reader<'_> {
    fn script(&mut self, root: &Node) -> Option<Script> {
        let members = Members::of(root, &["members", "cases"], &mut self.faults)?;
        let elsewhere = self.law.policy.groups.keys().map(Group::as_str).collect();
        let groups = members
            .get("members")
            .map(|node| self.groups(node, &elsewhere, "group that the policy keeps elsewhere"));
        let groups = groups.unwrap_or_default();
        let cases = members.need("cases", &mut self.faults)?;
        let nodes = read::list(cases, &mut self.faults)?;
        let cases = nodes.iter().filter_map(|node| self.case(node)).collect();
        Some(Script { members: groups, cases })
    }

    /// The members of groups that are among the known ones.
    fn groups(
        &mut self,
        node: &Node,
        known: &BTreeSet<&str>,
        what: &str,
    ) -> BTreeMap<Group, BTreeSet<PersonId>> {
        let mut groups = BTreeMap::new();
        for Entry { key, node } in read::entries(node, &mut self.faults).unwrap_or_default() {
            let group = Group::from(key.text.as_str());
            if !known.contains(group.as_str()) {
                let message = format!("`{group}` is no {what}");
                let help = suggest(&key.text, known.iter().copied());
                self.faults.push(Diagnostic::new(key.span, message).with_help(help));
            }
            groups.insert(group, self.people(node).into_iter().map(|(person, _)| person).collect());
        }
        groups
    }

    fn people(&mut self, node: &Node) -> Vec<(PersonId, Span)> {
        if matches!(&node.value, Value::List(nodes) if nodes.is_empty()) {
            return Vec::new();
        }
        let texts = read::texts(node, &mut self.faults).unwrap_or_default();
        texts.into_iter().map(|text| (self.person(text), text.span)).collect()
    }

    fn person(&mut self, name: Text<'_>) -> PersonId {
        let id = PersonId::from(name.text);
        if self.law.people.get(&id).is_none() {
            let known = self.law.people.iter().map(|person| person.id.as_str());
            let message = format!("`{}` is nobody in the people file", name.text);
            let help = suggest(name.text, known);
            self.faults.push(Diagnostic::new(name.span, message).with_help(help));
        }
        id
    }

    fn case(&mut self, node: &Node) -> Option<Case> {
        let members = Members::of(node, &CASE, &mut self.faults)?;
        let name = members.need("name", &mut self.faults);
        let name = name.and_then(|node| read::text(node, &mut self.faults));
        let rule = members.get("rule").and_then(|node| self.rule(node));
        let request = members.need("request", &mut self.faults);
        let asked = request.and_then(|node| self.asked(node));
        let mut steps = Vec::new();
        if let Some(node) = members.get("then") {
            let mut at = 0;
            for node in read::list(node, &mut self.faults).unwrap_or_default() {
                let step = self.step(node, at);
                at = step.as_ref().map_or(at, |step| step.at_seconds);
                steps.extend(step);
            }
        }
        if rule.is_none() && steps.iter().all(|step| step.wanted.is_empty()) {
            let message = "a case that expects nothing shows nothing";
            let help = "say which `rule` must decide, or what to `expect`".to_owned();
            self.faults.push(Diagnostic::new(node.span, message).with_help(Some(help)));
        }
        Some(Case { name: name?.to_owned(), span: node.span, asked: asked?, rule, steps })
    }

    fn rule(&mut self, node: &Node) -> Option<(String, Span)> {
        let name = read::text(node, &mut self.faults)?;
        let names = || self.law.policy.rules.iter().map(|rule| rule.name.as_str());
        if !names().any(|known| known == name) {
            let help = suggest(name, names());
            let message = format!("no rule is called `{name}`");
            self.faults.push(Diagnostic::new(node.span, message).with_help(help));
        }
        Some((name.to_owned(), node.span))
    }

    /// A step without a time happens right after the one before it.
    fn step(&mut self, node: &Node, before: i64) -> Option<Step> {
        let members = Members::of(node, &STEP, &mut self.faults)?;
        let at_seconds = match members.get("at") {
            Some(node) => self.later_than(node, before)?,
            None => before,
        };
        let law = self.law;
        let known = law.people.groups().chain(law.policy.groups.keys()).map(Group::as_str);
        let known = known.collect();
        let moved = members
            .get("members")
            .map(|node| self.groups(node, &known, "group of the people file or the policy"));
        let mut clicks = Vec::new();
        // In the order in which they are written down.
        for Entry { key, node } in read::entries(node, &mut self.faults).unwrap_or_default() {
            let deed = match key.text.as_str() {
                "approve" => Deed::Approve,
                "deny" => Deed::Deny,
                "turned_away" => Deed::TurnedAway,
                _ => continue,
            };
            let people = self.people(node).into_iter();
            clicks.extend(people.map(|(person, span)| Click { person, deed, span }));
        }
        let members_now = moved.unwrap_or_default();
        let links = members.get("links").map(|node| self.links(node)).unwrap_or_default();
        let wanted = self.wanted(&members);
        Some(Step { at_seconds, members: members_now, links, clicks, wanted })
    }

    /// How surely the accounts of some people are theirs.
    fn links(&mut self, node: &Node) -> BTreeMap<PersonId, Level> {
        let mut links = BTreeMap::new();
        for Entry { key, node } in read::entries(node, &mut self.faults).unwrap_or_default() {
            let person = self.person(Text { text: &key.text, span: key.span });
            if let Some(level) = read::choice(node, &LEVELS, &mut self.faults) {
                links.insert(person, level);
            }
        }
        links
    }

    fn later_than(&mut self, node: &Node, before: i64) -> Option<i64> {
        let is_start = matches!(&node.value, Value::Scalar(text) if text == "0s" || text == "0m");
        let seconds = if is_start { 0 } else { read::seconds(node, &mut self.faults)? };
        if seconds < before {
            let message = "this step lies before the one above it";
            let help = "times count from the request, and steps stand in their order".to_owned();
            self.faults.push(Diagnostic::new(node.span, message).with_help(Some(help)));
        }
        Some(seconds)
    }

    fn wanted(&mut self, members: &Members<'_>) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        if let Some(node) = members.get("expect") {
            let standing = read::choice(node, &Standing::CHOICES, &mut self.faults);
            wanted.extend(
                standing.map(|standing| Wanted {
                    what: Expectation::Standing(standing),
                    span: node.span,
                }),
            );
        }
        let lists: [(&str, OfNames); 3] = [
            ("asked", Expectation::Asked),
            ("cards", Expectation::Cards),
            ("review", Expectation::Review),
        ];
        for (key, what) in lists {
            let Some(node) = members.get(key) else { continue };
            let what = what(self.names(node));
            wanted.push(Wanted { what, span: node.span });
        }
        wanted
    }

    /// One name, several or none.
    fn names(&mut self, node: &Node) -> BTreeSet<String> {
        if matches!(&node.value, Value::List(nodes) if nodes.is_empty()) {
            return BTreeSet::new();
        }
        let texts = read::texts(node, &mut self.faults).unwrap_or_default();
        texts.into_iter().map(|text| text.text.to_owned()).collect()
    }
}
