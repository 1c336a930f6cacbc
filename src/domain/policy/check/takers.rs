//! The rules that take whatever they match, found by how their patterns begin: of a thousand rules
//! few are compared with each other.

use std::collections::BTreeMap;

use super::{
    super::{condition::Test, glob::Glob},
    world::Rest,
};

/// Rules by number, in no order.
#[derive(Debug, Default)]
pub(super) struct Takers<'a> {
    /// By the attribute of the first pattern, and what a pattern there begins with.
    beginning: BTreeMap<(&'a str, &'a str), Vec<usize>>,
    /// Those without a pattern.
    others: Vec<usize>,
}

impl<'a> Takers<'a> {
    pub(super) fn insert(&mut self, number: usize, rest: &Rest<'a>) {
        match patterns(rest).next() {
            Some((name, globs)) => {
                for glob in globs {
                    self.beginning.entry((name, glob.head())).or_default().push(number);
                }
            }
            None => self.others.push(number),
        }
    }

    /// Every rule that may take all that fits these conditions, the first one first. A pattern that
    /// covers another begins as that one does.
    pub(super) fn candidates(&self, rest: &Rest<'a>) -> Vec<usize> {
        let mut found = self.others.clone();
        for (name, globs) in patterns(rest) {
            let Some(pattern) = globs.first().map(Glob::pattern) else { continue };
            let ends = pattern.char_indices().map(|(at, _)| at).chain([pattern.len()]);
            for head in ends.filter_map(|end| pattern.get(..end)) {
                found.extend(self.beginning.get(&(name, head)).into_iter().flatten());
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The conditions on texts, by the name of their attribute.
fn patterns<'a>(rest: &Rest<'a>) -> impl Iterator<Item = (&'a str, &'a [Glob])> {
    rest.iter().filter_map(|condition| match &condition.test {
        Test::Text(globs) => Some((condition.name.as_str(), globs.as_slice())),
        Test::Number(_) | Test::Flag(_) => None,
    })
}
