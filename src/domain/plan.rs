//! Who must say yes, made once from the policy and frozen into the request. Editing the policy
//! never changes a pending request. Members stand in the order of canonical JSON, so that they are
//! written so at once.

use std::collections::BTreeMap;

use countersign_port::text::Untrusted;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    approval::later,
    brake::Brake,
    id::{Group, PersonId},
    link::Level,
};

/// The plan of one item: steps follow one another, asks inside a step run side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What the client is held back by, if it asks too much.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub brakes: Vec<Brake>,
    /// Terms of the single-use action credential, where the policy gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialTerms>,
    /// People who never count: requester, subject, client owner.
    pub excluded: Vec<PersonId>,
    /// Exclusive: at this instant it is over.
    pub expires_at: Timestamp,
    /// Whether the request had to say why.
    #[serde(default, skip_serializing_if = "Justification::is_not_needed")]
    pub justification: Justification,
    /// How surely an account must be somebody's for its clicks to count.
    #[serde(default, skip_serializing_if = "Level::is_usual")]
    pub link: Level,
    pub number_check: NumberCheck,
    /// The item's parts as the catalogue described them then, in the order of
    /// [`super::request::Item::parts`].
    pub parts: Vec<DescribedPart>,
    /// SHA-256 of the policy text in force, in hexadecimal.
    pub policy_sha256: String,
    /// A review that falls due after a break-glass grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    pub risk: Risk,
    /// The rules that decided, by name, in the order of the item's parts, each once.
    pub rules: Vec<String>,
    /// Whether colleagues may decide for those who are away.
    #[serde(default, skip_serializing_if = "StandIns::are_forbidden")]
    pub stand_ins: StandIns,
    /// Empty where the policy approves without a person.
    pub steps: Vec<Step>,
    /// How the policy came to this plan: one line for each guardrail and rule that matched; a
    /// preview has one for each that was looked at.
    pub trace: Vec<TraceLine>,
    /// How long an approval may wait to be taken up.
    pub use_within_seconds: i64,
    /// How long the access lives once approved.
    pub valid_for_seconds: i64,
}

/// What the catalogue says about one part of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribedPart {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Untrusted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The raw scope, action or authorization-detail type.
    pub name: String,
    pub risk: Risk,
    /// In words that follow “wants to”: `Change live orders`.
    pub title: Untrusted,
}

/// Asks that run side by side and need different people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub asks: Vec<Ask>,
}

/// So many people of a group, asked in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    pub channel: Channel,
    pub count: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate: Option<Escalation>,
    /// A person must be in all of these.
    pub from: Vec<Group>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_every_seconds: Option<i64>,
}

/// A channel by the name that the policy uses, with its address on each platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Platform name to channel address.
    pub addresses: BTreeMap<String, String>,
    pub name: String,
}

/// What happens when nobody has acted for a while after the step opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// People who may then act too; empty means that only the place changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<Group>,
    pub after_seconds: i64,
    /// Whether those who were asked first may still act then.
    #[serde(default, skip_serializing_if = "Handover::is_beside")]
    pub handover: Handover,
    /// Where the card is posted as well.
    pub to: Channel,
}

/// What becomes of those who were asked first, when others may act too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handover {
    #[default]
    Beside,
    Instead,
}

/// How much harm a mistake does. From the catalogue, never from a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    Low,
    Medium,
    High,
    Critical,
}

/// Whether an approver must type the number on the requester's screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberCheck {
    #[default]
    NotNeeded,
    Required,
}

/// Whether a request must say why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    #[default]
    NotNeeded,
    Required,
}

/// Whether somebody who is away may be stood in for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandIns {
    #[default]
    Forbidden,
    /// By a colleague whom they have named, and who is in one of the groups that are asked.
    SameGroup,
}

/// Terms of a single-use action credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialTerms {
    /// What the credential is bound to besides the action: `params`, `session`.
    pub bound_to: Vec<String>,
    pub valid_for_seconds: i64,
}

/// A review after the fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub by: Group,
    /// Where they are asked for it; none in plans that were made before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    pub within_seconds: i64,
}

/// One guardrail or rule, and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceLine {
    /// In words: why it matched, or the first condition that did not hold.
    pub because: String,
    pub kind: TraceKind,
    /// Where it stands in the policy file; lines start at 1.
    pub line: u32,
    /// The name of the guardrail or rule.
    pub name: String,
    /// Which part of the item was looked at: the raw scope, action or detail type.
    pub part: String,
    pub verdict: TraceVerdict,
}

/// What a trace line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceKind {
    Guardrail,
    Rule,
}

/// Whether it applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceVerdict {
    Matched,
    Skipped,
}

impl Plan {
    /// Whether the policy itself said yes.
    pub fn is_pre_approved(&self) -> bool {
        self.steps.is_empty()
    }
}

impl Justification {
    /// Required where either is.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotNeeded, Self::NotNeeded) => Self::NotNeeded,
            (Self::Required, _) | (_, Self::Required) => Self::Required,
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
    const fn is_not_needed(&self) -> bool {
        matches!(self, Self::NotNeeded)
    }
}

impl StandIns {
    /// Allowed only where both allow it.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::SameGroup, Self::SameGroup) => Self::SameGroup,
            (Self::Forbidden, _) | (_, Self::Forbidden) => Self::Forbidden,
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn are_forbidden(&self) -> bool {
        *self == Self::Forbidden
    }
}

impl Handover {
    /// The plain way is not written down.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_beside(&self) -> bool {
        *self == Self::Beside
    }
}

impl TraceLine {
    /// “rule `write to production`, line 68: `env` is `prod`”.
    pub fn sentence(&self) -> String {
        let Self { name, line, because, .. } = self;
        format!("{} `{name}`, line {line}: {because}", self.kind.as_str())
    }
}

impl TraceKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guardrail => "guardrail",
            Self::Rule => "rule",
        }
    }
}

impl Ask {
    /// Where it is asked: its channel, and the one that it may escalate to.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        std::iter::once(&self.channel).chain(self.escalate.iter().map(|escalation| &escalation.to))
    }

    /// Who may act on it at an instant, where its step opened at another: whoever is in all groups
    /// of one of these lists.
    pub fn circles(&self, opened_at: Timestamp, now: Timestamp) -> impl Iterator<Item = &[Group]> {
        let escalation = self.escalate.as_ref().filter(|escalation| {
            !escalation.add.is_empty() && later(opened_at, escalation.after_seconds) <= now
        });
        let handed_over = escalation.is_some_and(|one| one.handover == Handover::Instead);
        let first = (!handed_over).then_some(self.from.as_slice());
        first.into_iter().chain(escalation.map(|escalation| escalation.add.as_slice()))
    }

    /// The same in words: `shop and senior or platform`.
    pub fn circle_names(&self, opened_at: Timestamp, now: Timestamp) -> String {
        let named =
            |circle: &[Group]| circle.iter().map(Group::as_str).collect::<Vec<_>>().join(" and ");
        self.circles(opened_at, now).map(named).collect::<Vec<_>>().join(" or ")
    }

    /// The first instant after another at which it is to be reminded of.
    pub fn next_reminder(&self, opened_at: Timestamp, after: Timestamp) -> Option<Timestamp> {
        let every = self.remind_every_seconds.filter(|every| *every > 0)?;
        let waited = after.duration_since(opened_at).as_secs().max(0);
        Some(later(opened_at, (waited / every + 1).saturating_mul(every)))
    }

    /// The groups that are asked, in words: `shop and senior`.
    pub fn group_names(&self) -> String {
        let names: Vec<&str> = self.from.iter().map(Group::as_str).collect();
        names.join(" and ")
    }
}

impl Review {
    /// “review by security within 24 hours of a yes, in incident”.
    pub fn words(&self) -> String {
        let within = super::card::duration(self.within_seconds);
        let place = self.channel.as_ref().map(|channel| format!(", in {}", channel.name));
        format!("review by {} within {within} of a yes{}", self.by, place.unwrap_or_default())
    }
}

impl Risk {
    /// The word on the card.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "Low risk",
            Self::Medium => "Medium risk",
            Self::High => "High risk",
            Self::Critical => "Critical risk",
        }
    }

    /// The shape beside the word.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Low => "▽",
            Self::Medium => "◇",
            Self::High => "▲",
            Self::Critical => "◆",
        }
    }
}
