//! How a piece of work ends: with a value, or with the reason why not.

use std::fmt::Display;

/// Why something stopped.
#[derive(Debug, Clone)]
pub(crate) enum Stop {
    /// It cannot run here; the text says what is missing and how to get it.
    Skip(String),
    /// It ran and is wrong; the text says what to look at.
    Fail(String),
}

/// A value, or why there is none.
pub(crate) type Outcome<T> = Result<T, Stop>;

/// Fails with a plain sentence.
pub(crate) fn fail<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Stop::Fail(why.into()))
}

/// Skips with a plain sentence.
pub(crate) fn skip<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Stop::Skip(why.into()))
}

/// Says what was being done when an error came.
pub(crate) trait During<T> {
    /// Turns any error into a failure that begins with `what`.
    fn during(self, what: impl Display) -> Outcome<T>;
}

impl<T, E: Display> During<T> for Result<T, E> {
    fn during(self, what: impl Display) -> Outcome<T> {
        self.map_err(|error| Stop::Fail(format!("{what}: {error}")))
    }
}
