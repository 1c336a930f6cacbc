//! How somebody must have signed in to ask for something. Who has not is sent back to do so, in the
//! words that OAuth servers understand; what nobody has signed is no sign-in.

use jiff::Timestamp;

use crate::domain::{approval::later, card::duration, request::SignIn};

/// Clocks may be so far apart.
const LEEWAY_SECONDS: i64 = 30;

/// What a guardrail wants of a sign-in. At least one of both is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepUp {
    /// One of these contexts (`acr`); any, where there are none.
    pub acr: Vec<String>,
    /// No longer ago than this.
    pub max_age_seconds: Option<i64>,
}

impl StepUp {
    pub fn is_met(&self, sign_in: &SignIn, now: Timestamp) -> bool {
        let acr = sign_in.acr.as_ref();
        let is_strong = self.acr.is_empty() || acr.is_some_and(|acr| self.acr.contains(acr));
        is_strong && self.max_age_seconds.is_none_or(|most| is_fresh(sign_in.at, most, now))
    }

    /// What is wanted, in words: “within 5 minutes and with `acr` `gold`”.
    pub fn words(&self) -> String {
        let within = self.max_age_seconds.map(|most| format!("within {}", duration(most)));
        let acr =
            (!self.acr.is_empty()).then(|| format!("with `acr` `{}`", self.acr.join("` or `")));
        within.into_iter().chain(acr).collect::<Vec<_>>().join(" and ")
    }
}

/// A sign-in that lies ahead is none.
fn is_fresh(at: Option<Timestamp>, most: i64, now: Timestamp) -> bool {
    at.is_some_and(|at| at <= later(now, LEEWAY_SECONDS) && now < later(at, most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::at;

    #[test]
    fn a_sign_in_must_be_strong_enough_and_lately_enough() {
        let wanted = StepUp { acr: vec!["gold".to_owned()], max_age_seconds: Some(300) };
        let is_met = |acr: Option<&str>, minute: Option<i64>| {
            let sign_in = SignIn { acr: acr.map(str::to_owned), at: minute.map(at) };
            wanted.is_met(&sign_in, at(10))
        };
        assert!(is_met(Some("gold"), Some(10)));
        assert!(is_met(Some("gold"), Some(6)));
        assert!(!is_met(Some("gold"), Some(5)), "five minutes are over");
        assert!(!is_met(Some("gold"), Some(11)), "tomorrow is no sign-in");
        assert!(!is_met(Some("gold"), None));
        assert!(!is_met(Some("silver"), Some(10)));
        assert!(!is_met(None, Some(10)));
        let any = StepUp { acr: Vec::new(), max_age_seconds: Some(300) };
        assert!(any.is_met(&SignIn { acr: None, at: Some(at(9)) }, at(10)));
        assert_eq!(wanted.words(), "within 5 minutes and with `acr` `gold`");
    }
}
