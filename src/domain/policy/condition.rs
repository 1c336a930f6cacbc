//! Conditions: closed tests on attributes, compiled at load, that say in words what they saw.

use std::fmt::Write;

use rust_decimal::Decimal;

use super::{
    attribute::{Attribute, Facts, Seen},
    glob::Glob,
};
use crate::domain::id::Group;

/// The `if:` of a guardrail or rule. All must hold; none at all always holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    pub all: Vec<Condition>,
    /// All of them in words, put together once: the trace repeats them for every request.
    words: String,
}

/// One attribute and what it is tested for.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub attribute: Attribute,
    /// The attribute by name.
    pub name: String,
    pub test: Test,
    /// The test in words.
    pub wanted: String,
}

/// What a value is tested for; several mean any of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Text(Vec<Glob>),
    Number(Vec<Bounds>),
    Flag(bool),
}

/// A stretch of decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    Exactly(Decimal),
    Over(Decimal),
    AtMost(Decimal),
    /// Over the first and at most the second.
    Between(Decimal, Decimal),
}

/// How a value that could not be found out is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// A guardrail applies in doubt.
    Holds,
    /// A rule never matches in doubt.
    Fails,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    NotKnown,
}

impl Conditions {
    pub fn new(all: Vec<Condition>) -> Self {
        let word = |Condition { name, wanted, .. }: &Condition| format!("`{name}` is {wanted}");
        let words = match all.as_slice() {
            [] => "it has no conditions".to_owned(),
            all => all.iter().map(word).collect::<Vec<_>>().join(", "),
        };
        Self { all, words }
    }

    /// Why all of it holds, or the first condition that does not, in words.
    pub fn look(&self, facts: Facts<'_>, doubt: Doubt) -> Result<String, String> {
        let mut doubtful = None;
        for condition in &self.all {
            let seen = condition.attribute.look(facts);
            match (condition.test.answer(&seen), doubt) {
                (Answer::Yes, _) => {}
                (Answer::NotKnown, Doubt::Holds) => doubtful = Some(&condition.name),
                (Answer::NotKnown, Doubt::Fails) => {
                    return Err(format!("`{}` is not known", condition.name));
                }
                (Answer::No, _) => return Err(condition.failed(&seen)),
            }
        }
        match doubtful {
            Some(name) => Ok(format!("{}, taken strictly: `{name}` is not known", self.words)),
            None => Ok(self.words.clone()),
        }
    }
}

impl Condition {
    fn failed(&self, seen: &Seen<'_>) -> String {
        let Self { name, wanted, .. } = self;
        if *seen == Seen::NotHere {
            return format!("there is no `{name}` here");
        }
        // One line for every rule of every request: room at once instead of growing.
        let mut because = String::with_capacity(name.len() + wanted.len() + 48);
        // Writing to a `String` cannot fail.
        let _ = write!(because, "`{name}` is {seen}, not {wanted}");
        because
    }
}

impl Test {
    /// A value of another kind is no: the reader lets no such test through.
    fn answer(&self, seen: &Seen<'_>) -> Answer {
        let yes = match (self, seen) {
            (_, Seen::NotKnown) => return Answer::NotKnown,
            (Self::Text(globs), Seen::Text(text)) => globs.iter().any(|glob| glob.matches(text)),
            (Self::Text(globs), Seen::Groups { known, unknown }) => {
                let fits = |group: &Group| globs.iter().any(|glob| glob.matches(group.as_str()));
                if !known.iter().any(fits) && unknown.iter().any(fits) {
                    return Answer::NotKnown;
                }
                known.iter().any(fits)
            }
            (Self::Number(bounds), Seen::Number(number)) => {
                bounds.iter().any(|bounds| bounds.hold(*number))
            }
            (Self::Flag(wanted), Seen::Flag(flag)) => wanted == flag,
            (Self::Text(_) | Self::Number(_) | Self::Flag(_), _) => false,
        };
        if yes { Answer::Yes } else { Answer::No }
    }
}

impl Bounds {
    fn hold(self, number: Decimal) -> bool {
        match self {
            Self::Exactly(wanted) => number == wanted,
            Self::Over(over) => number > over,
            Self::AtMost(most) => number <= most,
            Self::Between(over, most) => number > over && number <= most,
        }
    }

    pub fn words(self) -> String {
        match self {
            Self::Exactly(wanted) => wanted.to_string(),
            Self::Over(over) => format!("over {over}"),
            Self::AtMost(most) => format!("at most {most}"),
            Self::Between(over, most) => format!("over {over} and at most {most}"),
        }
    }
}
