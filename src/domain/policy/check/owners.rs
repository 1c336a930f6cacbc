//! What is wrong with a rule for things of some owners, told once for all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{super::rule::Rule, Code, Finding, listed, reach::Ground};
use crate::domain::{diagnostic::Span, id::Group};

/// Why a rule does not work, for things of one owner.
pub(super) trait Reason {
    fn code(&self) -> Code;
    /// What is the matter, as a whole sentence.
    fn message(&self, rule: &Rule) -> String;
    fn remedy(&self) -> &'static str;
    fn place(&self, rule: &Rule) -> Span;
}

/// One finding for each kind of trouble, however many owners have it. A rule that works for some of
/// them is no fault: one team without a channel must not keep the law of all from being in force.
pub(super) fn told<R: Reason>(
    ground: &Ground<'_>,
    (number, rule): (usize, &Rule),
    why: impl Fn(&Group) -> Option<R>,
) -> Vec<Finding> {
    let owners: BTreeSet<&Group> =
        ground.things_of(number).into_iter().map(|thing| &thing.entry.owner).collect();
    let mut kinds: BTreeMap<Code, (R, Vec<&Group>)> = BTreeMap::new();
    for owner in &owners {
        if let Some(reason) = why(owner) {
            let (_, same) = kinds.entry(reason.code()).or_insert((reason, Vec::new()));
            same.push(owner);
        }
    }
    let told = kinds.into_iter().map(|(code, (reason, same))| {
        let names = listed(same.iter().map(|owner| owner.as_str()));
        let help = format!("for what belongs to {names}: {}", reason.remedy());
        let finding = Finding::new(code, reason.place(rule), reason.message(rule), help);
        if same.len() < owners.len() { finding.into_warning() } else { finding }
    });
    told.collect()
}
