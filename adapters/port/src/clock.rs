//! The time, and how far our clock is from that of a platform, by the `Date` of its answers. What
//! either side signs is refused that seems to be five minutes old.

use std::{fmt, sync::Arc};

use axum::http::{HeaderMap, header::DATE};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

use crate::finding::{Finding, Fix};

/// The time, asked from outside.
#[derive(Clone)]
pub struct Now(pub Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Now {
    /// What time it is.
    pub fn get(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Now")
    }
}

/// Worth a look.
const NOTICEABLE: SignedDuration = SignedDuration::from_secs(2);
/// Clicks may be refused, and “by 14:32” is wrong by minutes.
const TOO_FAR: SignedDuration = SignedDuration::from_mins(1);

/// When we asked, and when the answer came, by our clock.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub at: Timestamp,
    pub answered_at: Timestamp,
}

/// How far our clock is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skew {
    Little,
    Noticeable { seconds: i64 },
    TooMuch { seconds: i64 },
}

impl Asked {
    /// What the answer says of our clock, if it has a date.
    pub fn skew(&self, answer: &HeaderMap) -> Option<Skew> {
        let text = answer.get(DATE)?.to_str().ok()?;
        rfc2822::parse(text).ok().map(|theirs| self.against(theirs.timestamp()))
    }

    /// Their clock stood at `theirs` at some time between the two, cut to whole seconds: only
    /// what that cannot explain counts. Seconds above zero mean that our clock is ahead.
    fn against(&self, theirs: Timestamp) -> Skew {
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

impl Skew {
    /// In words. `whose` clock it is, such as `Slack's`.
    pub fn finding(self, whose: &str) -> Finding {
        let what = format!("clock, against {whose}");
        let how = "switch on time synchronisation (NTP) on this machine".to_owned();
        let fix = Fix { who: "an operator of Countersign", how, page: "clock" };
        match self {
            Self::Little => Finding::good(what, "the two agree"),
            Self::Noticeable { seconds } => Finding::poor(what, off(seconds), fix),
            Self::TooMuch { seconds } => {
                let means = format!("{}: past five minutes every click is refused", off(seconds));
                Finding::bad(what, means, fix)
            }
        }
    }
}

fn off(seconds: i64) -> String {
    let direction = if seconds > 0 { "ahead" } else { "behind" };
    format!("the clock of this machine is {} s {direction}", seconds.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Health;

    fn asked() -> Asked {
        let at = |text: &str| format!("2026-11-22T14:{text}Z").parse::<Timestamp>().unwrap();
        Asked { at: at("02:10.9"), answered_at: at("02:12.1") }
    }

    fn skew(theirs: &str) -> Skew {
        let date = format!("Sun, 22 Nov 2026 14:{theirs} GMT");
        let answer = HeaderMap::from_iter([(DATE, date.parse().unwrap())]);
        asked().skew(&answer).unwrap()
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
        assert_eq!(skew("04:12").finding("Slack's").health, Health::Bad);
        let means = skew("02:20").finding("Slack's").means;
        assert_eq!(means, "the clock of this machine is 7 s behind");
    }

    #[test]
    fn an_answer_without_a_date_says_nothing() {
        let unreadable = HeaderMap::from_iter([(DATE, "soon".parse().unwrap())]);
        assert_eq!(asked().skew(&HeaderMap::new()), None);
        assert_eq!(asked().skew(&unreadable), None);
    }
}
