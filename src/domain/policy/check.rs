//! What is wrong with a policy that can be read: rules that never decide, guardrails that take back
//! what a rule says, asks that nobody can fulfil, times that cannot come. Conditions are compared
//! as sets, never tried out; where that cannot tell, nothing is said.

mod crowd;
mod owners;
mod reach;
mod review;
mod shadow;
mod takers;
mod times;
mod world;

use super::Policy;
use crate::domain::{
    catalogue::Catalogue,
    diagnostic::{Diagnostic, Severity, Span},
    people::People,
};

/// Everything that a policy is checked against.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    pub catalogue: &'a Catalogue,
    pub people: &'a People,
}

/// Something that its author would want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file that `diagnostic` is about.
    pub file: File,
    pub diagnostic: Diagnostic,
}

/// Which file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    Policy,
    Catalogue,
}

/// What kind of finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    UnreachableRule,
    LaxerRuleFirst,
    AlwaysRefused,
    PreApprovalNever,
    PreApprovalSometimes,
    LateEscalation,
    LateReminder,
    LongEscalations,
    AboveCap,
    TooFewPeople,
    TooFewWithoutRequester,
    SharedPeople,
    NoChannel,
    NobodyCanAnswer,
    ReviewByNobody,
    ReviewByApprovers,
    BreakGlassUnreviewed,
    UnreachedEntry,
    UntestedRule,
}

/// Everything that is found, in no order.
pub fn check(policy: &Policy, surroundings: Surroundings<'_>) -> Vec<Finding> {
    let ground = reach::Ground::of(policy, surroundings);
    let mut findings = shadow::findings(&ground);
    findings.extend(times::findings(&ground));
    findings.extend(crowd::findings(&ground));
    findings.extend(review::findings(&ground));
    findings.extend(ground.unreached());
    findings
}

impl Finding {
    /// A finding in the policy.
    fn new(code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::of(File::Policy, code, span, message.into(), help.into())
    }

    fn of(file: File, code: Code, span: Span, message: String, help: String) -> Self {
        let (severity, code) = (code.severity(), Some(code.as_str()));
        Self { file, diagnostic: Diagnostic { message, help: Some(help), span, severity, code } }
    }

    /// The same where it is no more than a warning.
    fn into_warning(mut self) -> Self {
        self.diagnostic.severity = Severity::Warning;
        self
    }

    /// A rule that no test case reaches.
    pub fn untested(name: &str, span: Span) -> Self {
        let message = format!("no test reaches the rule `{name}`");
        let help = "add a case to the test file whose request it decides";
        Self::new(Code::UntestedRule, span, message, help)
    }
}

impl Code {
    pub const ALL: [Self; 19] = [
        Self::UnreachableRule,
        Self::LaxerRuleFirst,
        Self::AlwaysRefused,
        Self::PreApprovalNever,
        Self::PreApprovalSometimes,
        Self::LateEscalation,
        Self::LateReminder,
        Self::LongEscalations,
        Self::AboveCap,
        Self::TooFewPeople,
        Self::TooFewWithoutRequester,
        Self::SharedPeople,
        Self::NoChannel,
        Self::NobodyCanAnswer,
        Self::ReviewByNobody,
        Self::ReviewByApprovers,
        Self::BreakGlassUnreviewed,
        Self::UnreachedEntry,
        Self::UntestedRule,
    ];

    /// The word by which it is known outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnreachableRule => "unreachable-rule",
            Self::LaxerRuleFirst => "laxer-rule-first",
            Self::AlwaysRefused => "always-refused",
            Self::PreApprovalNever => "pre-approval-never",
            Self::PreApprovalSometimes => "pre-approval-sometimes",
            Self::LateEscalation => "late-escalation",
            Self::LateReminder => "late-reminder",
            Self::LongEscalations => "long-escalations",
            Self::AboveCap => "above-cap",
            Self::TooFewPeople => "too-few-people",
            Self::TooFewWithoutRequester => "too-few-without-requester",
            Self::SharedPeople => "shared-people",
            Self::NoChannel => "no-channel",
            Self::NobodyCanAnswer => "nobody-can-answer",
            Self::ReviewByNobody => "review-by-nobody",
            Self::ReviewByApprovers => "review-by-approvers",
            Self::BreakGlassUnreviewed => "break-glass-unreviewed",
            Self::UnreachedEntry => "unreached-entry",
            Self::UntestedRule => "untested-rule",
        }
    }

    /// What it is about, in one sentence.
    pub const fn about(self) -> &'static str {
        match self {
            Self::UnreachableRule => "A rule that never decides anything",
            Self::LaxerRuleFirst => {
                "A rule that asks for less stands before one that asks for more"
            }
            Self::AlwaysRefused => "A guardrail refuses everything that a rule decides",
            Self::PreApprovalNever => "A guardrail always forbids a pre-approval",
            Self::PreApprovalSometimes => "A guardrail sometimes forbids a pre-approval",
            Self::LateEscalation => "An escalation falls due when the request is over",
            Self::LateReminder => "A reminder falls due when the request is over",
            Self::LongEscalations => "The escalations of the steps add up to the request's life",
            Self::AboveCap => "A rule names a lifetime that a guardrail always shortens",
            Self::TooFewPeople => "An ask needs more people than there are",
            Self::TooFewWithoutRequester => "An ask needs everybody, the requester too",
            Self::SharedPeople => "Several asks of a rule draw on the same people",
            Self::NoChannel => "An ask in a channel that has no address",
            Self::NobodyCanAnswer => "An ask of a group whose members are never known",
            Self::ReviewByNobody => "A review that nobody can give",
            Self::ReviewByApprovers => "A review by those who may ask or say yes themselves",
            Self::BreakGlassUnreviewed => "An emergency that nobody reviews afterwards",
            Self::UnreachedEntry => "An entry of the catalogue that no rule decides",
            Self::UntestedRule => "A rule that no test case reaches",
        }
    }

    pub const fn severity(self) -> Severity {
        match self {
            Self::UnreachableRule
            | Self::AlwaysRefused
            | Self::PreApprovalNever
            | Self::LateEscalation
            | Self::LateReminder
            | Self::TooFewPeople
            | Self::SharedPeople
            | Self::NoChannel
            | Self::NobodyCanAnswer
            | Self::ReviewByNobody => Severity::Error,
            Self::LaxerRuleFirst
            | Self::PreApprovalSometimes
            | Self::LongEscalations
            | Self::AboveCap
            | Self::TooFewWithoutRequester
            | Self::ReviewByApprovers
            | Self::BreakGlassUnreviewed
            | Self::UnreachedEntry
            | Self::UntestedRule => Severity::Warning,
        }
    }
}

/// “`a`, `b` and 3 more”.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 3;
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.get(..SHOWN) {
        Some(first) if names.len() > SHOWN => {
            format!("{} and {} more", first.join(", "), names.len() - SHOWN)
        }
        Some(_) | None => names.join(", "),
    }
}
