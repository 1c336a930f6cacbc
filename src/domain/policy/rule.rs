//! Guardrails and rules as loaded: conditions compiled, names checked, owners still to be filled
//! in from the catalogue.

use super::{
    attribute::Attribute,
    condition::{Conditions, Test},
    step_up::StepUp,
};
use crate::domain::{
    brake::Brake,
    diagnostic::Span,
    id::Group,
    link::Level,
    plan::{Channel, CredentialTerms, Handover, Justification, NumberCheck},
};

/// Applies wherever it matches, in no order, and can only tighten.
#[derive(Debug, Clone, PartialEq)]
pub struct Guardrail {
    pub name: String,
    pub span: Span,
    pub conditions: Conditions,
    /// The sentence that the requester is given, where it refuses.
    pub refuse: Option<String>,
    /// How the requester must have signed in, where it cares.
    pub step_up: Option<StepUp>,
    pub tightening: Tightening,
    /// How often may be asked.
    pub brakes: Vec<Brake>,
}

/// What a guardrail demands of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tightening {
    pub pre_approval: PreApproval,
    pub number_check: NumberCheck,
    pub justification: Justification,
    pub standing_in: StandingIn,
    /// How surely the accounts of approvers must be theirs.
    pub link: Level,
    /// So many people in every ask, and never none.
    pub at_least: u32,
    pub cap: Limits,
}

/// Whether policy itself may say yes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PreApproval {
    #[default]
    Allowed,
    Forbidden,
}

/// Whether colleagues may decide for those who are away, where the policy lets them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StandingIn {
    #[default]
    Allowed,
    Forbidden,
}

/// How long things live, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    pub expires_after: i64,
    pub use_within: i64,
    pub valid_for: i64,
}

/// Lifetimes of which some are said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    pub expires_after: Option<i64>,
    pub use_within: Option<i64>,
    pub valid_for: Option<i64>,
}

/// Says who must say yes. The first that matches decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub name: String,
    pub span: Span,
    pub conditions: Conditions,
    pub decision: Decision,
    /// Where each ask stands, as in [`Decision::Ask`].
    pub places: Vec<Vec<Span>>,
    pub limits: Limits,
    pub credential: Option<CredentialTerms>,
    pub review: Option<ReviewTerms>,
    /// Where it stands.
    pub review_place: Option<Span>,
}

/// What a rule decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    PreApprove,
    /// Steps in time order, each of asks side by side.
    Ask(Vec<Vec<AskTerms>>),
}

/// An ask before the owner is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskTerms {
    pub from: Vec<GroupName>,
    pub count: u32,
    pub channel: ChannelName,
    pub escalate: Option<EscalationTerms>,
    pub remind_every_seconds: Option<i64>,
}

/// An escalation before the owner is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationTerms {
    pub after_seconds: i64,
    pub to: ChannelName,
    pub add: Vec<GroupName>,
    pub handover: Handover,
}

/// A review before the owner is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewTerms {
    pub by: GroupName,
    /// Where they are asked; the channel with the name of the group where nothing is said.
    pub channel: Option<ChannelName>,
    pub within_seconds: i64,
}

/// A group as the policy names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupName {
    Named(Group),
    /// The owner in the catalogue.
    Owner,
    /// The owner's group of leads: `<owner>.lead`.
    OwnerLead,
}

/// A channel as the policy names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelName {
    Named(Channel),
    /// The channel that has the owner's name.
    Owner,
}

impl Rule {
    /// Whether it decides only where the glass is broken.
    pub fn is_for_emergencies(&self) -> bool {
        self.conditions.all.iter().any(|condition| {
            condition.attribute == Attribute::BreakGlass && condition.test == Test::Flag(true)
        })
    }
}

impl Tightening {
    /// Both demands at once.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            pre_approval: match (self.pre_approval, other.pre_approval) {
                (PreApproval::Allowed, PreApproval::Allowed) => PreApproval::Allowed,
                (PreApproval::Forbidden, _) | (_, PreApproval::Forbidden) => PreApproval::Forbidden,
            },
            number_check: either(self.number_check, other.number_check),
            justification: self.justification.or(other.justification),
            standing_in: match (self.standing_in, other.standing_in) {
                (StandingIn::Allowed, StandingIn::Allowed) => StandingIn::Allowed,
                (StandingIn::Forbidden, _) | (_, StandingIn::Forbidden) => StandingIn::Forbidden,
            },
            link: self.link.max(other.link),
            at_least: self.at_least.max(other.at_least),
            cap: self.cap.shorter(other.cap),
        }
    }
}

impl Lifetimes {
    /// The shorter of each.
    #[must_use]
    pub fn shorter(self, other: Self) -> Self {
        self.within(Limits {
            expires_after: Some(other.expires_after),
            use_within: Some(other.use_within),
            valid_for: Some(other.valid_for),
        })
    }

    /// None longer than its limit.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        let shorter = |own: i64, limit: Option<i64>| limit.map_or(own, |limit| limit.min(own));
        Self {
            expires_after: shorter(self.expires_after, limits.expires_after),
            use_within: shorter(self.use_within, limits.use_within),
            valid_for: shorter(self.valid_for, limits.valid_for),
        }
    }
}

impl Limits {
    /// What is said, and the default for the rest.
    #[must_use]
    pub fn or(self, defaults: Lifetimes) -> Lifetimes {
        Lifetimes {
            expires_after: self.expires_after.unwrap_or(defaults.expires_after),
            use_within: self.use_within.unwrap_or(defaults.use_within),
            valid_for: self.valid_for.unwrap_or(defaults.valid_for),
        }
    }

    /// The shorter of each that is said.
    #[must_use]
    pub fn shorter(self, other: Self) -> Self {
        Self {
            expires_after: shorter(self.expires_after, other.expires_after),
            use_within: shorter(self.use_within, other.use_within),
            valid_for: shorter(self.valid_for, other.valid_for),
        }
    }
}

/// Required where either is.
pub fn either(one: NumberCheck, other: NumberCheck) -> NumberCheck {
    match (one, other) {
        (NumberCheck::NotNeeded, NumberCheck::NotNeeded) => NumberCheck::NotNeeded,
        (NumberCheck::Required, _) | (_, NumberCheck::Required) => NumberCheck::Required,
    }
}

/// The shorter of two, of which either may be unsaid.
pub fn shorter(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}
