//! What slows a client down: who keeps asking for what was denied waits, and who asks for more than
//! a quota waits as well. Pure; what was counted is the caller's to say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    approval::later,
    audit::canonical,
    id::RequestId,
    plan::Plan,
    request::{AccessRequest, Item},
};

/// So many within a time, and no more until it has passed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Brake {
    pub counts: Counted,
    /// The guardrail that wants it.
    pub guardrail: String,
    pub most: u32,
    pub within_seconds: i64,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Denials of the same thing, asked for by the same client for the same subject.
    Denials,
    /// Requests of the client that the guardrail applies to.
    Requests,
}

/// One thing that was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub at: Timestamp,
    pub request: RequestId,
}

/// A brake that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub brake: Brake,
    /// When it was counted last, and for which request.
    pub last: Mark,
    /// When it was found to hold.
    pub at: Timestamp,
    pub until: Timestamp,
}

impl Brake {
    /// The name under which it is counted for an item of a request.
    pub fn name(&self, request: &AccessRequest, item: usize) -> String {
        match self.counts {
            Counted::Denials => format!("denied/{}", thing(request, request.items.get(item))),
            Counted::Requests => format!("asked/{}/{}", request.integrator, self.guardrail),
        }
    }

    /// What it wants, for whoever reads a plan.
    pub fn words(&self) -> String {
        let Self { counts, guardrail, most, within_seconds } = self;
        let within = super::card::duration(*within_seconds);
        let what = match counts {
            Counted::Denials => "not to be asked for again after so many denials",
            Counted::Requests => "the client may ask so often",
        };
        format!("{what}: {most} within {within} (guardrail `{guardrail}`)")
    }

    /// What counts at an instant is not older than this.
    pub fn since(&self, now: Timestamp) -> Timestamp {
        later(now, -self.within_seconds)
    }

    /// Whether it holds, and until when: the oldest of those that fill it must grow too old.
    pub fn held(&self, marks: &[Mark], now: Timestamp) -> Option<Held> {
        let since = self.since(now);
        let mut counted: Vec<&Mark> = marks.iter().filter(|mark| mark.at > since).collect();
        counted.sort_by_key(|mark| std::cmp::Reverse(mark.at));
        let most = usize::try_from(self.most).ok()?.checked_sub(1)?;
        let until = later(counted.get(most)?.at, self.within_seconds);
        let last = (*counted.first()?).clone();
        Some(Held { brake: self.clone(), last, at: now, until })
    }
}

/// The name under which it is kept that a refusal was written down.
pub fn noted(name: &str) -> String {
    format!("held/{name}")
}

/// The brakes of a request's plans, each with the name that it is counted under.
pub fn of<'a>(
    request: &'a AccessRequest,
    plans: &'a [Plan],
) -> impl Iterator<Item = (String, &'a Brake)> {
    let plans = plans.iter().enumerate();
    plans.flat_map(move |(item, plan)| {
        plan.brakes.iter().map(move |brake| (brake.name(request, item), brake))
    })
}

impl Held {
    /// What the client is told: what happened, and what to do.
    pub fn sentence(&self) -> String {
        let Self { brake: Brake { guardrail, most, within_seconds, counts }, last, until, .. } =
            self;
        let within = super::card::duration(*within_seconds);
        match counts {
            Counted::Denials => format!(
                "this was denied {most} times within {within}, the last time as `{}`: talk to those \
                 who said no, or ask for something else; the same can be asked for again from \
                 {until} on (guardrail `{guardrail}`)",
                last.request
            ),
            Counted::Requests => format!(
                "this client has asked {most} times within {within}, as often as the guardrail \
                 `{guardrail}` lets it; ask again from {until} on"
            ),
        }
    }

    /// The word in the log.
    pub const fn why(&self) -> &'static str {
        match self.brake.counts {
            Counted::Denials => "cool_down",
            Counted::Requests => "quota",
        }
    }
}

/// The same thing, whoever words it: a digest of who asks, for whom, what, on what and with which
/// parameters. Reasons, lengths of time and names are no other thing.
fn thing(request: &AccessRequest, item: Option<&Item>) -> String {
    let item = item.map(|item| {
        let mut scopes = item.requested.scopes.clone();
        scopes.sort_unstable();
        scopes.dedup();
        json!({
            "action": item.action,
            "resource": item.resource,
            "scopes": scopes,
            "details": item.requested.authorization_details,
        })
    });
    let thing = json!({
        "integrator": request.integrator,
        "client": request.client.id,
        "subject": [request.subject.kind, request.subject.id],
        "item": item,
        "parameters": request.context.parameters,
    });
    hex::encode(Sha256::digest(canonical(&thing)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{at, request};

    fn brake(most: u32) -> Brake {
        Brake {
            counts: Counted::Denials,
            guardrail: "enough".to_owned(),
            most,
            within_seconds: 600,
        }
    }

    fn marks(minutes: &[i64]) -> Vec<Mark> {
        let mark = |minute: &i64| Mark { at: at(*minute), request: request(1, 1).id };
        minutes.iter().map(mark).collect()
    }

    #[test]
    fn it_holds_until_the_oldest_of_those_that_fill_it_is_too_old() {
        let held = |most, minutes: &[i64], now| {
            brake(most).held(&marks(minutes), at(now)).map(|held| held.until)
        };
        assert_eq!(held(2, &[1], 5), None);
        assert_eq!(held(2, &[1, 3], 5), Some(at(11)));
        assert_eq!(held(2, &[3, 1], 10), Some(at(11)));
        assert_eq!(held(2, &[1, 3], 11), None);
        assert_eq!(held(2, &[1, 3, 4], 11), Some(at(13)));
        assert_eq!(held(1, &[1, 3, 4], 11), Some(at(14)));
    }

    #[test]
    fn the_same_thing_in_other_words_is_the_same_thing() {
        let name = |request: &AccessRequest| brake(2).name(request, 0);
        let one = request(1, 1);
        let mut other = request(2, 1);
        other.context.justification = Some(countersign_port::text::Untrusted::new("Please!"));
        other.items[0].requested.scopes.reverse();
        other.items[0].requested.duration_seconds = Some(7);
        assert_eq!(name(&one), name(&other));
        other.items[0].requested.scopes.pop();
        assert_ne!(name(&one), name(&other));
        let mut other = request(2, 1);
        other.subject.id = "gus".to_owned();
        assert_ne!(name(&one), name(&other));
    }
}
