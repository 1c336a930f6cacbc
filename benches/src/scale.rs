//! How long everything is measured: minutes for a check, a quarter of an hour for a figure that is
//! published.

use std::time::Duration;

/// The length of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    Quick,
    Full,
}

impl Scale {
    /// How often both sides are measured, one after the other.
    pub(crate) const fn rounds(self) -> usize {
        match self {
            Self::Quick => 5,
            Self::Full => 7,
        }
    }

    /// How long one side is measured in one round.
    pub(crate) const fn lasting(self) -> Duration {
        match self {
            Self::Quick => Duration::from_secs(1),
            Self::Full => Duration::from_secs(3),
        }
    }

    /// How many callbacks are drained.
    pub(crate) const fn callbacks(self) -> usize {
        match self {
            Self::Quick => 2_000,
            Self::Full => 20_000,
        }
    }

    /// How many callbacks are due while nobody outside answers.
    pub(crate) const fn due(self) -> usize {
        match self {
            Self::Quick => 10_000,
            Self::Full => 100_000,
        }
    }

    /// How often clicks are measured with nobody who answers.
    pub(crate) const fn silences(self) -> usize {
        match self {
            Self::Quick => 3,
            Self::Full => 5,
        }
    }

    /// How many requests the peak of memory is taken under.
    pub(crate) const fn requests(self) -> usize {
        match self {
            Self::Quick => 5_000,
            Self::Full => 20_000,
        }
    }

    /// How often the service is killed, on each database.
    pub(crate) const fn kills(self) -> usize {
        match self {
            Self::Quick => 10,
            Self::Full => 60,
        }
    }

    /// A check on a machine of unknown speed wants less than a published figure.
    pub(crate) const fn share_of_goals(self) -> f64 {
        match self {
            Self::Quick => 0.7,
            Self::Full => 1.0,
        }
    }

    pub(crate) const fn relaxation(self) -> &'static str {
        match self {
            Self::Quick => " (a quick run asks for 70 % of them)",
            Self::Full => "",
        }
    }
}
