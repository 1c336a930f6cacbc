//! What an auditor looks for. Read from query parameters and from flags alike; what is left out
//! restricts nothing, and everything that is given must hold.

use std::str::FromStr;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::domain::{audit::Kind, id::RequestId, outcome::Status};

/// What a request is found by.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args, utoipa::IntoParams,
)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Id of the client that asked.
    #[arg(long, value_name = "ID")]
    pub client: Option<String>,
    /// On whose behalf it was asked.
    #[arg(long, value_name = "ID")]
    pub subject: Option<String>,
    /// Id of a person who voted, yes or no.
    #[arg(long, value_name = "PERSON")]
    pub approver: Option<String>,
    /// A scope that was asked for, or the type of an authorization detail.
    #[arg(long, value_name = "SCOPE")]
    pub scope: Option<String>,
    /// An action that was asked for.
    #[arg(long, value_name = "NAME")]
    pub action: Option<String>,
    /// How it ended.
    #[arg(long, value_name = "STATUS", value_parser = word::<Status>)]
    #[param(inline)]
    pub outcome: Option<Status>,
    /// A rule of the policy that decided who is asked.
    #[arg(long, value_name = "NAME")]
    pub rule: Option<String>,
    /// A channel that was asked.
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
    /// Not before this instant: RFC 3339, or a date in UTC.
    #[arg(long, value_name = "TIME")]
    #[param(value_type = Option<String>, example = "2026-11-01")]
    pub from: Option<Moment>,
    /// Before this instant: RFC 3339, or a date in UTC.
    #[arg(long, value_name = "TIME")]
    #[param(value_type = Option<String>, example = "2026-12-01T00:00:00Z")]
    pub to: Option<Moment>,
    /// Stands somewhere in the request's id, client, subject, parts, rules or channels, in large
    /// or small letters.
    #[arg(short, long, value_name = "TEXT")]
    pub q: Option<String>,
}

/// What an entry of the log is found by, beside its request.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args, utoipa::IntoParams,
)]
#[into_params(parameter_in = Query)]
pub struct EntryFilter {
    /// What the entry is about.
    #[arg(long, value_name = "KIND", value_parser = word::<Kind>)]
    #[param(inline)]
    pub kind: Option<Kind>,
    /// The person or client that acted; `system` for the service itself.
    #[arg(long, value_name = "ID")]
    pub actor: Option<String>,
    /// The request that the entry is about.
    #[arg(long, value_name = "ID")]
    #[param(value_type = Option<String>)]
    pub request_id: Option<RequestId>,
}

/// An instant, as a person writes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Moment(pub Timestamp);

/// Not an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an instant: `{0}`; write 2026-11-22T14:06:00Z or 2026-11-22")]
pub struct NotAMoment(String);

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        // A date alone: of a time without a zone nobody knows which instant it is.
        let date = || civil::Date::strptime("%Y-%m-%d", text).ok()?.to_zoned(TimeZone::UTC).ok();
        let at = text.parse().ok().or_else(|| Some(date()?.timestamp()));
        at.map(Self).ok_or_else(|| NotAMoment(text.to_owned()))
    }
}

impl TryFrom<String> for Moment {
    type Error = NotAMoment;

    fn try_from(text: String) -> Result<Self, NotAMoment> {
        text.parse()
    }
}

/// A word of a closed list, spelt as on the wire.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_value(text.into())
}

/// What is known of a request whose decision or entry is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub request_id: String,
    pub client: String,
    pub subject: String,
    /// `pending` while there is no outcome.
    pub status: String,
    /// Scopes, actions and detail types.
    pub parts: Vec<String>,
    pub rules: Vec<String>,
    pub channels: Vec<String>,
    pub wanted_approver: Voted,
}

/// Whether the approver that is looked for voted on the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voted {
    Yes,
    No,
}

impl Filter {
    /// Whether the request is one of those that are looked for. Time is not looked at: it belongs
    /// to the decision or the entry, and bounds the walk.
    pub fn matches(&self, candidate: &Candidate) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let has = |wanted: &Option<String>, found: &[String]| {
            wanted.as_ref().is_none_or(|wanted| found.contains(wanted))
        };
        is(&self.client, &candidate.client)
            && is(&self.subject, &candidate.subject)
            && self.outcome.is_none_or(|outcome| outcome.as_str() == candidate.status)
            && has(&self.scope, &candidate.parts)
            && has(&self.action, &candidate.parts)
            && has(&self.rule, &candidate.rules)
            && has(&self.channel, &candidate.channels)
            && (self.approver.is_none() || candidate.wanted_approver == Voted::Yes)
            && self.q.as_ref().is_none_or(|text| candidate.says(text))
    }

    /// Whether it asks for nothing but a time.
    pub fn is_time_only(&self) -> bool {
        *self == Self { from: self.from, to: self.to, ..Self::default() }
    }
}

impl Candidate {
    fn says(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let lists = self.parts.iter().chain(&self.rules).chain(&self.channels);
        [&self.request_id, &self.client, &self.subject]
            .into_iter()
            .chain(lists)
            .any(|word| word.to_lowercase().contains(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate() -> Candidate {
        Candidate {
            request_id: "arq_1".to_owned(),
            client: "crm".to_owned(),
            subject: "Ana".to_owned(),
            status: "denied".to_owned(),
            parts: vec!["orders:read".to_owned(), "transfer".to_owned()],
            rules: vec!["shop".to_owned()],
            channels: vec!["leads".to_owned()],
            wanted_approver: Voted::No,
        }
    }

    #[test]
    fn everything_that_is_given_must_hold() {
        let text = |text: &str| Some(text.to_owned());
        let holds = |filter: Filter| filter.matches(&candidate());
        assert!(holds(Filter::default()));
        let both = Filter { client: text("crm"), action: text("transfer"), ..Filter::default() };
        assert!(holds(both.clone()));
        assert!(!holds(Filter { scope: text("orders"), ..both.clone() }), "a word, not a prefix");
        assert!(!holds(Filter { outcome: Some(Status::Approved), ..both.clone() }));
        assert!(!holds(Filter { approver: text("erin"), ..both }));
        assert!(holds(Filter { q: text("LEAD"), ..Filter::default() }));
        assert!(holds(Filter { q: text("ana"), ..Filter::default() }));
        assert!(!holds(Filter { q: text("denied"), ..Filter::default() }));
    }

    #[test]
    fn a_moment_is_an_instant_or_a_date() {
        let date: Moment = "2026-11-22".parse().expect("a date");
        assert_eq!("2026-11-22T00:00:00Z".parse(), Ok(date));
        assert_eq!("2026-11-22T01:00:00+01:00".parse(), Ok(date));
        for wrong in ["", "yesterday", "2026-11-31", "14:06", "2026-11-22T14:06:00"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }
}
