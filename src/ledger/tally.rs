//! What a batch has done, counted for the operator once it is committed. Everything that is counted
//! has an entry in the log; the labels are the closed lists that stand in its facts.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::{
    audit::{Entry, Kind, Leaf},
    id::RequestId,
    outcome::Status,
};

/// The counts of one batch.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: BTreeMap<Count, u64>,
    failed: Vec<RequestId>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Count {
    Opened,
    Vote { verdict: String },
    Refused { why: String },
    Outcome { status: String },
    Withdrawn { why: String },
    ReviewOpened,
    ReviewOverdue,
    Reviewed { judgement: String },
}

impl Tally {
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut tally = Self::default();
        for leaf in entries.iter().map(|entry| &entry.leaf) {
            let Some(count) = Count::of(leaf) else { continue };
            if matches!(&count, Count::Outcome { status } if status == Status::Failed.as_str()) {
                tally.failed.push(leaf.request_id.clone());
            }
            *tally.counts.entry(count).or_default() += 1;
        }
        tally
    }

    /// Adds them to the metrics. Whoever nobody could be asked for is named to the operators.
    pub(super) fn count(self) {
        for (count, times) in self.counts {
            count.counter().increment(times);
        }
        for request in self.failed {
            tracing::error!(request = %request, "a request failed: no channel took its card, see the runbook on cards that were given up");
        }
    }
}

impl Count {
    fn of(leaf: &Leaf) -> Option<Self> {
        let fact = |name: &str| leaf.facts.get(name);
        match leaf.kind {
            Kind::RequestOpened => Some(Self::Opened),
            Kind::VoteCast => {
                let verdict = fact("verdict").and_then(|verdict| verdict.get("verdict"));
                Some(Self::Vote { verdict: word(verdict) })
            }
            Kind::VoteRefused | Kind::ReviewRefused => {
                Some(Self::Refused { why: word(fact("why")) })
            }
            Kind::RequestDecided => Some(Self::Outcome { status: word(fact("status")) }),
            Kind::CardWithdrawn => Some(Self::Withdrawn { why: word(fact("why")) }),
            Kind::ReviewOpened => Some(Self::ReviewOpened),
            Kind::ReviewOverdue => Some(Self::ReviewOverdue),
            Kind::ReviewSigned => Some(Self::Reviewed { judgement: word(fact("judgement")) }),
            Kind::VoteStruck
            | Kind::RequestRefused
            | Kind::RequestRenewed
            | Kind::Escalated
            | Kind::Reminded
            | Kind::ApprovalTakenUp
            | Kind::ApprovalLapsed
            | Kind::ApprovalRevoked
            | Kind::ReviewReminded
            | Kind::CredentialClaimed
            | Kind::CredentialRedeemed
            | Kind::CredentialRefused
            | Kind::CredentialRevoked
            | Kind::CallbackDelivered
            | Kind::CallbackDead
            | Kind::CallbackUnclear
            | Kind::DelegationJoined
            | Kind::AskedAgain
            | Kind::AskedAlone => None,
        }
    }

    fn counter(self) -> metrics::Counter {
        match self {
            Self::Opened => metrics::counter!("countersign_requests_opened_total"),
            Self::Vote { verdict } => {
                metrics::counter!("countersign_votes_total", "verdict" => verdict)
            }
            Self::Refused { why } => {
                metrics::counter!("countersign_votes_refused_total", "why" => why)
            }
            Self::Outcome { status } => {
                metrics::counter!("countersign_outcomes_total", "status" => status)
            }
            Self::ReviewOpened => metrics::counter!("countersign_reviews_opened_total"),
            Self::ReviewOverdue => metrics::counter!("countersign_reviews_overdue_total"),
            Self::Reviewed { judgement } => {
                metrics::counter!("countersign_reviews_total", "judgement" => judgement)
            }
            Self::Withdrawn { why } => {
                metrics::counter!("countersign_cards_withdrawn_total", "why" => why)
            }
        }
    }
}

fn word(fact: Option<&Value>) -> String {
    fact.and_then(Value::as_str).unwrap_or("unknown").to_owned()
}
