//! Reads the policy file. Every name that it uses is looked up at once, so that a policy that was
//! read has no dangling ones; all faults are reported together.

mod calendar;
mod condition;
mod rule;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use self::calendar::Calendars;
use super::{GroupSource, Policy, rule::Lifetimes};
use crate::domain::{
    catalogue::Catalogue,
    diagnostic::{Diagnostic, suggest},
    id::Group,
    people::People,
    plan::{Channel, StandIns},
    yaml::{
        self, Entry, Node,
        read::{self, Faults, Members, Text},
    },
};

/// Everything that a policy may refer to.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary<'a> {
    pub catalogue: &'a Catalogue,
    pub people: &'a People,
    /// The kinds of outside group sources that can be looked up.
    pub group_sources: &'a [&'a str],
    /// The platforms that a channel can be on.
    pub platforms: &'a [&'a str],
}

/// What the sections read so far have named.
struct Names<'a> {
    vocabulary: &'a Vocabulary<'a>,
    calendars: Calendars,
    channels: BTreeMap<String, Channel>,
    groups: BTreeSet<&'a str>,
}

const OWNER: &str = "owner";
const OWNER_LEAD: &str = "owner.lead";

impl Policy {
    /// Reads a policy, or names every fault of the file.
    pub fn parse(text: &str, vocabulary: &Vocabulary<'_>) -> Result<Self, Vec<Diagnostic>> {
        let mut faults = Vec::new();
        let root = yaml::parse(text, &mut faults);
        let policy = root.and_then(|root| read_file(&root, vocabulary, &mut faults));
        match policy {
            Some(policy) if faults.is_empty() => {
                Ok(Self { sha256: hex::encode(Sha256::digest(text)), ..policy })
            }
            Some(_) | None => Err(faults),
        }
    }
}

fn read_file(root: &Node, vocabulary: &Vocabulary<'_>, faults: &mut Faults) -> Option<Policy> {
    let known = ["version", "defaults", "calendars", "channels", "groups", "guardrails", "rules"];
    let members = Members::of(root, &known, faults)?;
    members.need("version", faults).and_then(|node| read::choice(node, &[("1", ())], faults));
    let (defaults, stand_ins) = read_defaults(members.get("defaults"), faults);
    let channels = members.get("channels").map(|node| read_channels(node, vocabulary, faults));
    let sources = members.get("groups").map(|node| read_groups(node, vocabulary, faults));
    let (channels, groups) = (channels.unwrap_or_default(), sources.unwrap_or_default());
    let known_groups = vocabulary.people.groups().chain(groups.keys()).map(Group::as_str).collect();
    let calendars = members.get("calendars").map(|node| calendar::calendars(node, faults));
    let calendars = calendars.unwrap_or_default();
    let names = Names { vocabulary, calendars, channels: channels.clone(), groups: known_groups };
    let guardrails = members.get("guardrails").map(|node| names.guardrails(node, faults));
    let rules = members.need("rules", faults).map(|node| names.rules(node, faults));
    Some(Policy {
        sha256: String::new(),
        defaults,
        stand_ins,
        channels,
        groups,
        guardrails: guardrails.unwrap_or_default(),
        rules: rules?,
    })
}

fn read_defaults(node: Option<&Node>, faults: &mut Faults) -> (Lifetimes, StandIns) {
    let defaults = Lifetimes { expires_after: 1_800, use_within: 600, valid_for: 3_600 };
    let known = [
        "expires_after",
        "use_within",
        "valid_for",
        "stand_ins",
        "self_approval",
        "on_deny",
        "no_rule",
    ];
    let Some(members) = node.and_then(|node| Members::of(node, &known, faults)) else {
        return (defaults, StandIns::default());
    };
    let mut only = |key, word| {
        members.get(key).and_then(|node| read::choice(node, &[(word, ())], faults));
    };
    // The only legal values, written out so that readers see them.
    only("self_approval", "forbidden");
    only("on_deny", "stop");
    only("no_rule", "refuse");
    let words = [("forbidden", StandIns::Forbidden), ("same_group", StandIns::SameGroup)];
    let stand_ins = members.get("stand_ins").and_then(|node| read::choice(node, &words, faults));
    (rule::limits(&members, faults).or(defaults), stand_ins.unwrap_or_default())
}

fn read_channels(
    node: &Node,
    vocabulary: &Vocabulary<'_>,
    faults: &mut Faults,
) -> BTreeMap<String, Channel> {
    let mut channels = BTreeMap::new();
    for Entry { key, node } in read::entries(node, faults).unwrap_or_default() {
        reserved(Text { text: &key.text, span: key.span }, faults);
        let Some(_) = Members::of(node, vocabulary.platforms, faults) else { continue };
        let mut addresses = BTreeMap::new();
        for address in read::entries(node, faults).unwrap_or_default() {
            let text = read::text(&address.node, faults);
            addresses.extend(text.map(|text| (address.key.text.clone(), text.to_owned())));
        }
        channels.insert(key.text.clone(), Channel { name: key.text.clone(), addresses });
    }
    channels
}

fn read_groups(
    node: &Node,
    vocabulary: &Vocabulary<'_>,
    faults: &mut Faults,
) -> BTreeMap<Group, GroupSource> {
    let mut groups = BTreeMap::new();
    for Entry { key, node } in read::entries(node, faults).unwrap_or_default() {
        let name = Text { text: &key.text, span: key.span };
        reserved(name, faults);
        spelt_otherwise(name, vocabulary.people, faults);
        match read::entries(node, faults) {
            Some([source]) => {
                let sources = vocabulary.group_sources;
                let name = Text { text: &source.key.text, span: source.key.span };
                unknown("group source", name, sources.iter().copied(), faults);
                let value = read::text(&source.node, faults);
                let source = |value: &str| GroupSource {
                    kind: name.text.to_owned(),
                    value: value.to_owned(),
                };
                groups.extend(value.map(|value| (Group::from(key.text.as_str()), source(value))));
            }
            Some(_) => _ = read::expected::<()>("exactly one source", node, faults),
            None => {}
        }
    }
    groups
}

/// `owner` means the owner in the catalogue, so that nothing else may have that name.
fn reserved(name: Text<'_>, faults: &mut Faults) {
    if [OWNER, OWNER_LEAD].contains(&name.text) {
        let message = format!("`{}` is taken: it stands for the owner in the catalogue", name.text);
        faults.push(Diagnostic::new(name.span, message));
    }
}

/// Two groups that differ in case only are one group to whoever reads the file.
fn spelt_otherwise(name: Text<'_>, people: &People, faults: &mut Faults) {
    let same = |group: &&Group| group.as_str().to_lowercase() == name.text.to_lowercase();
    if let Some(group) = people.groups().find(same).filter(|group| group.as_str() != name.text) {
        let message = format!("`{}` is written `{group}` in the people file", name.text);
        faults.push(Diagnostic::new(name.span, message));
    }
}

/// Notes a name that is not among the known ones.
fn unknown<'a>(
    what: &str,
    name: Text<'_>,
    known: impl Iterator<Item = &'a str> + Clone,
    faults: &mut Faults,
) {
    if !known.clone().any(|known| known == name.text) {
        let message = format!("unknown {what} `{}`", name.text);
        faults.push(Diagnostic::new(name.span, message).with_help(suggest(name.text, known)));
    }
}
