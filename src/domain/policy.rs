//! Which request goes where, and who must say yes: guardrails that only tighten, rules of which
//! the first match decides, and the plan that comes of them. Pure; who is in which group now, and
//! whether an external source can be reached, is the caller's to say.

pub mod attribute;
pub mod check;
pub mod condition;
mod draft;
pub mod glob;
pub mod read;
pub mod rule;
mod staffing;
pub mod step_up;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::{
    attribute::Facts,
    condition::Doubt,
    draft::Draft,
    rule::{Decision, Guardrail, Lifetimes, PreApproval, Rule, Tightening},
    step_up::StepUp,
};
use super::{
    catalogue::resolve::ResolvedItem,
    diagnostic::Span,
    id::{Group, PersonId},
    people::People,
    plan::{Channel, Plan, StandIns, TraceKind, TraceLine, TraceVerdict},
    request::AccessRequest,
};

/// A policy that was read without a fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// SHA-256 of its text, in hexadecimal.
    pub sha256: String,
    pub defaults: Lifetimes,
    /// Whether colleagues may decide for those who are away, where no guardrail forbids it.
    pub stand_ins: StandIns,
    pub channels: BTreeMap<String, Channel>,
    /// Groups that are kept elsewhere. A group of the people file is not listed here.
    pub groups: BTreeMap<Group, GroupSource>,
    pub guardrails: Vec<Guardrail>,
    pub rules: Vec<Rule>,
}

/// Where the members of a group are looked up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupSource {
    /// One of the kinds that the caller of [`Policy::parse`] knows.
    pub kind: String,
    pub value: String,
}

/// Where the members are named by claims about the subject of a request, such as `role:senior`.
pub const CLAIM: &str = "idp_claim";

impl GroupSource {
    /// Whether the members are known only where they ask for something.
    pub fn is_claim(&self) -> bool {
        self.kind == CLAIM
    }
}

/// How far a client or a requester is trusted: declared, never guessed. What is not declared is
/// not trusted.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    #[default]
    Untrusted,
    Standard,
    Trusted,
}

/// One item of a request, with what is known of those who ask.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub request: &'a AccessRequest,
    pub item: &'a ResolvedItem<'a>,
    pub requester: &'a Requester,
    pub client_trust: Trust,
    /// Who answers for the client, and never approves its requests.
    pub client_owner: Option<&'a PersonId>,
    /// Who answers for the agent that acts, and never approves its requests.
    pub agent_owner: Option<&'a PersonId>,
    pub people: &'a People,
}

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requester {
    /// As [`People::who_is`] found it.
    pub person: Option<PersonId>,
    pub groups: BTreeSet<Group>,
    /// Groups of which it could not be found out whether the requester is in them: a rule never
    /// matches on one of these, a guardrail always does.
    pub unknown_groups: BTreeSet<Group>,
    pub trust: Trust,
}

/// Why there is no plan. Nothing is granted and nobody is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("no rule of the policy matches `{part}`")]
    NoRule { part: String },
    #[error("{sentence}")]
    Guardrail { name: String, sentence: String, part: String },
    #[error(
        "whoever asks for `{part}` must have signed in {}: have them sign in so, and ask again \
         with their `subject_token` (guardrail `{name}`)", .wanted.words()
    )]
    StepUp { name: String, wanted: StepUp, part: String },
    #[error("too few people in `{}` may approve this: {missing} more needed", join(.from))]
    Unsatisfiable { from: Vec<Group>, missing: usize },
    #[error("the channel `{channel}` has no address")]
    Unroutable { channel: String },
}

/// How much of the way to a plan is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The guardrails and rules that matched: what is kept with a request.
    Matches,
    /// Also why the others did not.
    Everything,
}

/// The lines that are told.
struct Trace {
    lines: Vec<TraceLine>,
    detail: Detail,
}

impl Policy {
    /// Who must say yes to one item, from `now` on.
    pub fn plan(
        &self,
        question: &Question<'_>,
        now: Timestamp,
        detail: Detail,
    ) -> Result<Plan, Refused> {
        let mut trace = Trace { lines: Vec::new(), detail };
        let mut drafts = Vec::new();
        for part in question.item.parts() {
            drafts.push(self.judge(Facts { question, part }, &mut trace)?);
        }
        let Some(plan) = draft::merge(drafts, question, now, &self.sha256, trace.lines) else {
            return Err(Refused::NoRule { part: question.item.item().action.name.clone() });
        };
        let elsewhere = |group: &Group| self.is_elsewhere(group);
        staffing::check(&plan.steps, &plan.excluded, elsewhere, question.people)?;
        Ok(plan)
    }

    /// Whether a plan can be fulfilled, as far as the groups go that somebody can tell about.
    pub fn staff(
        plan: &Plan,
        is_unknown: impl Fn(&Group) -> bool,
        people: &People,
    ) -> Result<(), Refused> {
        staffing::check(&plan.steps, &plan.excluded, is_unknown, people)
    }

    /// Every guardrail and rule that was looked at, also where the answer is a refusal.
    pub fn trace(&self, question: &Question<'_>) -> Vec<TraceLine> {
        let mut trace = Trace { lines: Vec::new(), detail: Detail::Everything };
        for part in question.item.parts() {
            // The lines are what is wanted; the verdict is `plan`'s to give.
            let _ = self.judge(Facts { question, part }, &mut trace);
        }
        trace.lines
    }

    /// Whether some members of a group may not be in the people file.
    pub fn is_elsewhere(&self, group: &Group) -> bool {
        self.groups.contains_key(group)
    }

    fn judge<'a>(&'a self, facts: Facts<'_>, trace: &mut Trace) -> Result<Draft<'a>, Refused> {
        let mut tightening = Tightening::default();
        let (mut refused, mut step_up, mut brakes) = (None, None, Vec::new());
        for guardrail in &self.guardrails {
            let subject = (TraceKind::Guardrail, guardrail.name.as_str(), guardrail.span);
            let looked = guardrail.conditions.look(facts, Doubt::Holds);
            trace.note(subject, facts, &looked);
            if looked.is_ok() {
                tightening = tightening.and(guardrail.tightening);
                refused = refused.or(guardrail.refusal(facts));
                step_up = step_up.or(guardrail.step_up(facts));
                brakes.extend(guardrail.brakes.iter().cloned());
            }
        }
        if let Some(refused) = refused {
            return Err(refused);
        }
        let Some(rule) = self.first_match(facts, tightening, trace) else {
            return Err(Refused::NoRule { part: facts.part.name.to_owned() });
        };
        // Nobody is sent to sign in for what is refused all the same.
        if let Some(step_up) = step_up {
            return Err(step_up);
        }
        Draft::new(rule, tightening, self, facts).map(|draft| draft.held_back_by(brakes))
    }

    fn first_match(
        &self,
        facts: Facts<'_>,
        tightening: Tightening,
        trace: &mut Trace,
    ) -> Option<&Rule> {
        self.rules.iter().find(|rule| {
            let subject = (TraceKind::Rule, rule.name.as_str(), rule.span);
            let looked = rule.conditions.look(facts, Doubt::Fails);
            match rule.permitted(tightening) {
                Err(forbidden) if looked.is_ok() => {
                    trace.note(subject, facts, &Err::<&str, _>(forbidden));
                    false
                }
                Ok(()) | Err(_) => {
                    trace.note(subject, facts, &looked);
                    looked.is_ok()
                }
            }
        })
    }
}

impl Guardrail {
    fn refusal(&self, facts: Facts<'_>) -> Option<Refused> {
        let sentence = self.refuse.clone()?;
        let (name, part) = (self.name.clone(), facts.part.name.to_owned());
        Some(Refused::Guardrail { name, sentence, part })
    }

    /// What is wanted of the requester's sign-in, and is not so.
    fn step_up(&self, facts: Facts<'_>) -> Option<Refused> {
        let request = facts.question.request;
        let wanted = self.step_up.as_ref()?;
        let is_met = wanted.is_met(&request.subject.sign_in, request.opened_at);
        let (name, part) = (self.name.clone(), facts.part.name.to_owned());
        (!is_met).then(|| Refused::StepUp { name, wanted: wanted.clone(), part })
    }
}

impl Rule {
    /// A pre-approval that a guardrail forbids is passed over, so that a later rule may ask people.
    fn permitted(&self, tightening: Tightening) -> Result<(), &'static str> {
        let forbidden =
            tightening.pre_approval == PreApproval::Forbidden || tightening.at_least > 0;
        if self.decision == Decision::PreApprove && forbidden {
            return Err("it pre-approves, which a guardrail forbids here");
        }
        Ok(())
    }
}

impl Trust {
    /// The words of the file.
    pub const CHOICES: [(&'static str, Self); 3] =
        [("untrusted", Self::Untrusted), ("standard", Self::Standard), ("trusted", Self::Trusted)];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Untrusted => "untrusted",
            Self::Standard => "standard",
            Self::Trusted => "trusted",
        }
    }
}

impl Trace {
    /// Words are made only for lines that are kept.
    fn note(
        &mut self,
        (kind, name, span): (TraceKind, &str, Span),
        facts: Facts<'_>,
        looked: &Result<impl Display, impl Display>,
    ) {
        let (verdict, because) = match (looked, self.detail) {
            (Ok(because), _) => (TraceVerdict::Matched, because.to_string()),
            (Err(because), Detail::Everything) => (TraceVerdict::Skipped, because.to_string()),
            (Err(_), Detail::Matches) => return,
        };
        let (name, part) = (name.to_owned(), facts.part.name.to_owned());
        self.lines.push(TraceLine { because, kind, line: span.line, name, part, verdict });
    }
}

fn join(groups: &[Group]) -> String {
    groups.iter().map(Group::as_str).collect::<Vec<_>>().join("` and `")
}
