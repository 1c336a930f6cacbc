//! Conditions: closed tests on attributes, compiled at load, that say in words what they saw.

use std::fmt;

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

/// Whether a value is what a test wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
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

    /// Why all of it holds, or the first condition that does not.
    pub fn look<'a>(&'a self, facts: Facts<'a>, doubt: Doubt) -> Result<Holds<'a>, Fails<'a>> {
        let mut doubtful = None;
        for condition in &self.all {
            let seen = condition.attribute.look(facts);
            match (condition.test.answer(&seen), doubt) {
                (Answer::Yes, _) => {}
                (Answer::NotKnown, Doubt::Holds) => doubtful = Some(condition.name.as_str()),
                (Answer::NotKnown, Doubt::Fails) => {
                    return Err(Fails { condition, seen: Seen::NotKnown });
                }
                (Answer::No, _) => return Err(Fails { condition, seen }),
            }
        }
        Ok(Holds { words: &self.words, doubtful })
    }
}

/// Why conditions hold. Put into words only where somebody reads them: a request looks at every
/// rule until one matches.
#[derive(Debug, Clone, Copy)]
pub struct Holds<'a> {
    words: &'a str,
    /// What is not known, and taken strictly.
    doubtful: Option<&'a str>,
}

/// The first condition that does not hold, and what it saw.
#[derive(Debug, Clone, Copy)]
pub struct Fails<'a> {
    condition: &'a Condition,
    seen: Seen<'a>,
}

impl fmt::Display for Holds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words)?;
        match self.doubtful {
            Some(name) => write!(f, ", taken strictly: `{name}` is not known"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Fails<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Condition { name, wanted, .. } = self.condition;
        match &self.seen {
            Seen::NotHere => write!(f, "there is no `{name}` here"),
            Seen::NotKnown => write!(f, "`{name}` is not known"),
            seen @ (Seen::Text(_) | Seen::Number(_) | Seen::Flag(_) | Seen::Groups { .. }) => {
                write!(f, "`{name}` is {seen}, not {wanted}")
            }
        }
    }
}

impl Test {
    /// A value of another kind is no: the reader lets no such test through.
    pub(super) fn answer(&self, seen: &Seen<'_>) -> Answer {
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

    /// The numbers at which the answer changes.
    pub(super) fn edges(self) -> impl Iterator<Item = Decimal> {
        let (one, other) = match self {
            Self::Exactly(edge) | Self::Over(edge) | Self::AtMost(edge) => (edge, None),
            Self::Between(over, most) => (over, Some(most)),
        };
        std::iter::once(one).chain(other)
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
