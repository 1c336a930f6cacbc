//! One person's vote on one item, with the evidence that it rests on.

use std::collections::BTreeSet;

use countersign_port::{
    access::{DenyReason, Identity},
    card::Line,
    text::Untrusted,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{Group, PersonId};

/// A vote as stored. One person has at most one for each item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vote {
    pub person: PersonId,
    /// The name as it was shown at that moment.
    pub name: Untrusted,
    /// Which item of the request, from 0.
    pub item: usize,
    /// Which step of the plan, from 0.
    pub step: usize,
    /// The asks of that step that the person may count for, by number from 0.
    pub asks: Vec<usize>,
    pub verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Untrusted>,
    pub cast_at: Timestamp,
    pub evidence: Evidence,
    /// Whom the person stood in for, where they did not count in their own right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Behalf>,
    /// Set once it does not count any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub struck: Option<Struck>,
}

/// A colleague who was away, and in whose right somebody counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behalf {
    pub person: PersonId,
    /// The name as it was shown at that moment.
    pub name: Untrusted,
    /// By which arrangement.
    pub stand_in: String,
    /// The groups of whoever was away, as seen at that moment.
    pub groups: Vec<Group>,
}

/// That a vote does not count any more: whoever cast it was looked at again when it would have
/// decided. What they had cut off stays cut off, because others have approved the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Struck {
    pub at: Timestamp,
    pub why: Lost,
}

/// What is missing of somebody who counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lost {
    /// They are in none of the groups any more that were asked, or are nobody any more.
    NotEligible,
    /// Nobody can tell whether they still are.
    MembershipUnknown,
    /// They may not act any more, whatever group they are in.
    Barred,
    /// They stood in for somebody, and do so no longer.
    StandInEnded,
}

/// Yes or no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Approve {
        /// What of the item; `None` for all of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<Grant>,
    },
    Deny {
        reason: DenyReason,
    },
}

impl Lost {
    /// As it follows “does not count any more: ”.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotEligible => "is not in the group any more",
            Self::MembershipUnknown => "nobody can tell just now who is in the group",
            Self::Barred => "is not active any more",
            Self::StandInEnded => "does not stand in any more",
        }
    }
}

/// Less than everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The numbers of the parts that are granted, as [`super::request::Item::parts`] counts them.
    pub parts: BTreeSet<usize>,
    /// A shorter life than the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for_seconds: Option<i64>,
}

impl Vote {
    /// Whether it was cast in the place of somebody.
    pub fn is_for(&self, person: &PersonId) -> bool {
        self.on_behalf_of.as_ref().is_some_and(|behalf| behalf.person == *person)
    }

    /// Who voted, and for whom, as the card says it: `Gus Lind for Erin Doyle`.
    pub fn who(&self) -> Line {
        let who = Line::default().outside(self.name.display());
        match &self.on_behalf_of {
            Some(behalf) => who.and(" for ").outside(behalf.name.display()),
            None => who,
        }
    }
}

impl Grant {
    /// What both leave.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        let lives = self.valid_for_seconds.into_iter().chain(other.valid_for_seconds);
        Self { parts: &self.parts & &other.parts, valid_for_seconds: lives.min() }
    }
}

/// What a vote rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The account that clicked.
    pub identity: Identity,
    /// The groups as seen at that moment.
    pub groups: Vec<Group>,
    /// When the groups were looked up.
    pub groups_seen_at: Timestamp,
    /// SHA-256 of the raw payload, in hexadecimal.
    pub payload_sha256: String,
}
