//! How far our clock is from Slack's. A click is refused that seems to be five minutes old.

use jiff::{SignedDuration, Timestamp};

/// Worth a look.
const NOTICEABLE: SignedDuration = SignedDuration::from_secs(2);
/// Clicks may be refused, and “by 14:32” is wrong by minutes.
const TOO_FAR: SignedDuration = SignedDuration::from_mins(1);

/// When we asked, and when the answer came, by our clock.
pub(super) struct Asked {
    pub at: Timestamp,
    pub answered_at: Timestamp,
}

/// How far our clock is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skew {
    Little,
    Noticeable { seconds: i64 },
    TooMuch { seconds: i64 },
}

impl Asked {
    /// Slack's clock stood at `theirs` at some time between the two, cut to whole seconds: only
    /// what that cannot explain counts. Seconds above zero mean that our clock is ahead.
    pub(super) fn skew(&self, theirs: Timestamp) -> Skew {
        let ahead = self.at.duration_since(theirs) - SignedDuration::from_secs(1);
        let behind = theirs.duration_since(self.answered_at);
        let (off, sign) = if ahead > behind { (ahead, 1) } else { (behind, -1) };
        let seconds = sign * off.as_secs();
        if off > TOO_FAR {
            Skew::TooMuch { seconds }
        } else if off > NOTICEABLE {
            Skew::Noticeable { seconds }
        } else {
            Skew::Little
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew(theirs: &str) -> Skew {
        let at = |text: &str| format!("2026-11-22T14:{text}Z").parse::<Timestamp>().unwrap();
        Asked { at: at("02:10.9"), answered_at: at("02:12.1") }.skew(at(theirs))
    }

    #[test]
    fn what_the_way_and_whole_seconds_explain_is_no_skew() {
        for theirs in ["02:08", "02:10", "02:11", "02:12", "02:14"] {
            assert_eq!(skew(theirs), Skew::Little, "{theirs}");
        }
    }

    #[test]
    fn more_is_said_with_its_direction() {
        assert_eq!(skew("02:05"), Skew::Noticeable { seconds: 4 });
        assert_eq!(skew("02:20"), Skew::Noticeable { seconds: -7 });
        assert_eq!(skew("01:00"), Skew::TooMuch { seconds: 69 });
        assert_eq!(skew("04:12"), Skew::TooMuch { seconds: -119 });
    }
}
