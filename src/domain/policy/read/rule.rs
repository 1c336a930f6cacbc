//! Reads guardrails, rules and their asks.

use std::collections::BTreeSet;

use super::{
    super::rule::{
        AskTerms, ChannelName, Decision, EscalationTerms, GroupName, Guardrail, Limits,
        PreApproval, ReviewTerms, Rule, StandingIn, Tightening,
    },
    super::step_up::StepUp,
    Names, OWNER, OWNER_LEAD, unknown,
};
use crate::domain::{
    brake::{Brake, Counted},
    diagnostic::{Diagnostic, Span},
    id::Group,
    link::Level,
    plan::{CredentialTerms, Handover, Justification, NumberCheck},
    yaml::{
        Node,
        read::{self, Faults, Members, Text},
    },
};

/// A credential lives for five minutes at most: it authorises one call, now.
const LONGEST_CREDENTIAL_SECONDS: i64 = 300;

/// Nobody can be asked to review sooner, and later nobody remembers.
const SHORTEST_REVIEW_SECONDS: i64 = 300;
const LONGEST_REVIEW_SECONDS: i64 = 30 * 86_400;

/// What a brake counts is kept for so long, and counted up to so many.
const LONGEST_BRAKE_SECONDS: i64 = 30 * 86_400;
const MOST: u32 = 1_000;

/// Steps of asks, and where each ask stands.
type Steps = (Vec<Vec<AskTerms>>, Vec<Vec<Span>>);

impl Names<'_> {
    pub(super) fn guardrails(&self, node: &Node, faults: &mut Faults) -> Vec<Guardrail> {
        let nodes = read::list(node, faults).unwrap_or_default();
        let read: Vec<_> = nodes.iter().filter_map(|node| self.guardrail(node, faults)).collect();
        twice("guardrail", read.iter().map(|one| (one.name.as_str(), one.span)), faults);
        read
    }

    pub(super) fn rules(&self, node: &Node, faults: &mut Faults) -> Vec<Rule> {
        let nodes = read::list(node, faults).unwrap_or_default();
        let read: Vec<_> = nodes.iter().filter_map(|node| self.rule(node, faults)).collect();
        twice("rule", read.iter().map(|one| (one.name.as_str(), one.span)), faults);
        read
    }

    fn guardrail(&self, node: &Node, faults: &mut Faults) -> Option<Guardrail> {
        let known = [
            "name",
            "if",
            "refuse",
            "pre_approval",
            "number_check",
            "justification",
            "stand_ins",
            "link",
            "step_up",
            "at_least",
            "cap",
            "cool_down",
            "quota",
        ];
        let members = Members::of(node, &known, faults)?;
        let name = members.need("name", faults).and_then(|node| read::text(node, faults));
        let conditions = self.conditions(members.get("if"), faults);
        let refuse = members.get("refuse").map(|node| read::text(node, faults));
        let tightening = tightening(&members, faults);
        let brakes = brakes(name.unwrap_or_default(), &members, faults);
        let step_up = members.get("step_up").map(|node| step_up(node, faults));
        let slows = members.get("cool_down").or(members.get("quota")).is_some();
        if refuse.is_none() && step_up.is_none() && !slows && tightening == Tightening::default() {
            let message = "a guardrail must tighten something";
            let help =
                "add `refuse`, `pre_approval`, `number_check`, `justification`, `stand_ins`, `link`, `step_up`, `at_least`, `cap`, `cool_down` or `quota`".to_owned();
            faults.push(Diagnostic::new(node.span, message).with_help(Some(help)));
        }
        Some(Guardrail {
            name: name?.to_owned(),
            span: node.span,
            conditions: conditions?,
            refuse: refuse.flatten().map(str::to_owned),
            step_up: step_up.flatten(),
            tightening,
            brakes,
        })
    }

    fn rule(&self, node: &Node, faults: &mut Faults) -> Option<Rule> {
        let known = [
            "name",
            "if",
            "ask",
            "pre_approve",
            "expires_after",
            "use_within",
            "valid_for",
            "credential",
            "review_after",
        ];
        let members = Members::of(node, &known, faults)?;
        let name = members.need("name", faults).and_then(|node| read::text(node, faults));
        let conditions = self.conditions(members.get("if"), faults);
        let mut limits = limits(&members, faults);
        let pre_approve = members.get("pre_approve");
        if let Some(node) = pre_approve {
            limits.valid_for = pre_approval(node, &members, faults);
        }
        let decided = match (members.get("ask"), pre_approve) {
            (Some(node), None) => {
                self.steps(node, faults).map(|(steps, places)| (Decision::Ask(steps), places))
            }
            (None, Some(_)) => Some((Decision::PreApprove, Vec::new())),
            (Some(_), Some(_)) | (None, None) => {
                let message = "a rule has either `ask` or `pre_approve`";
                faults.push(Diagnostic::new(node.span, message));
                None
            }
        };
        let credential = members.get("credential").map(|node| credential(node, faults));
        let review = members.get("review_after").map(|node| self.review(node, faults));
        let (decision, places) = decided?;
        Some(Rule {
            name: name?.to_owned(),
            span: node.span,
            conditions: conditions?,
            decision,
            places,
            limits,
            credential: credential.flatten(),
            review: review.flatten(),
            review_place: members.get("review_after").map(|node| node.span),
        })
    }

    fn steps(&self, node: &Node, faults: &mut Faults) -> Option<Steps> {
        let nodes = read::list(node, faults)?;
        if nodes.is_empty() {
            return read::expected("at least one ask", node, faults);
        }
        let steps: Vec<_> = nodes.iter().map(|node| self.step(node, faults)).collect();
        steps.into_iter().collect::<Option<Vec<_>>>().map(|steps| steps.into_iter().unzip())
    }

    /// One ask, or `all:` of several side by side.
    fn step(&self, node: &Node, faults: &mut Faults) -> Option<(Vec<AskTerms>, Vec<Span>)> {
        let entries = read::entries(node, faults)?;
        if !entries.iter().any(|entry| entry.key.text == "all") {
            return self.ask(node, faults).map(|ask| (vec![ask], vec![node.span]));
        }
        let all = Members::of(node, &["all"], faults)?.get("all")?;
        let nodes = read::list(all, faults)?;
        if nodes.is_empty() {
            return read::expected("at least one ask", all, faults);
        }
        let asks: Vec<_> = nodes.iter().map(|node| self.ask(node, faults)).collect();
        let places = nodes.iter().map(|node| node.span).collect();
        Some((asks.into_iter().collect::<Option<_>>()?, places))
    }

    fn ask(&self, node: &Node, faults: &mut Faults) -> Option<AskTerms> {
        let members = Members::of(node, &["from", "count", "in", "escalate", "remind"], faults)?;
        let from = members.need("from", faults).and_then(|node| self.groups(node, faults));
        let count = members.get("count").map(|node| read::count(node, faults));
        let channel = members.need("in", faults).and_then(|node| self.channel(node, faults));
        let escalate = members.get("escalate").map(|node| self.escalation(node, faults));
        let remind = members.get("remind").map(|node| {
            let members = Members::of(node, &["every"], faults)?;
            members.need("every", faults).and_then(|node| read::seconds(node, faults))
        });
        Some(AskTerms {
            from: from?,
            count: count.unwrap_or(Some(1))?,
            channel: channel?,
            escalate: escalate.flatten(),
            remind_every_seconds: remind.flatten(),
        })
    }

    fn escalation(&self, node: &Node, faults: &mut Faults) -> Option<EscalationTerms> {
        let members = Members::of(node, &["after", "to", "add", "instead"], faults)?;
        let after = members.need("after", faults).and_then(|node| read::seconds(node, faults));
        let to = members.need("to", faults).and_then(|node| self.channel(node, faults));
        let (beside, instead) = (members.get("add"), members.get("instead"));
        if let (Some(_), Some(twice)) = (beside, instead) {
            let message = "an escalation has either `add` or `instead`";
            let help = "`add` lets others act too, `instead` lets only them".to_owned();
            faults.push(Diagnostic::new(twice.span, message).with_help(Some(help)));
        }
        let add = beside.or(instead).map(|node| self.groups(node, faults));
        let add = add.unwrap_or_else(|| Some(Vec::new()));
        let handover = if instead.is_some() { Handover::Instead } else { Handover::Beside };
        Some(EscalationTerms { after_seconds: after?, to: to?, add: add?, handover })
    }

    fn review(&self, node: &Node, faults: &mut Faults) -> Option<ReviewTerms> {
        let members = Members::of(node, &["by", "within", "in"], faults)?;
        let by = members.need("by", faults).and_then(|node| {
            let text = read::text(node, faults)?;
            Some(self.group(Text { text, span: node.span }, faults))
        });
        let within = members.need("within", faults).and_then(|node| {
            let seconds = read::seconds(node, faults)?;
            if (SHORTEST_REVIEW_SECONDS..=LONGEST_REVIEW_SECONDS).contains(&seconds) {
                return Some(seconds);
            }
            read::expected("from `5m` to `30d`", node, faults)
        });
        let channel = members.get("in").map(|node| self.channel(node, faults));
        Some(ReviewTerms {
            by: by?,
            channel: channel.map_or(Some(None), |channel| channel.map(Some))?,
            within_seconds: within?,
        })
    }

    fn groups(&self, node: &Node, faults: &mut Faults) -> Option<Vec<GroupName>> {
        let texts = read::texts(node, faults)?;
        Some(texts.into_iter().map(|text| self.group(text, faults)).collect())
    }

    fn group(&self, name: Text<'_>, faults: &mut Faults) -> GroupName {
        match name.text {
            OWNER => GroupName::Owner,
            OWNER_LEAD => GroupName::OwnerLead,
            text => {
                let known = self.groups.iter().copied().chain([OWNER, OWNER_LEAD]);
                unknown("group", name, known, faults);
                GroupName::Named(Group::from(text))
            }
        }
    }

    fn channel(&self, node: &Node, faults: &mut Faults) -> Option<ChannelName> {
        let text = read::text(node, faults)?;
        if text == OWNER {
            return Some(ChannelName::Owner);
        }
        let known = self.channels.keys().map(String::as_str).chain([OWNER]);
        unknown("channel", Text { text, span: node.span }, known, faults);
        self.channels.get(text).cloned().map(ChannelName::Named)
    }
}

/// The lifetimes that a map names.
pub(super) fn limits(members: &Members<'_>, faults: &mut Faults) -> Limits {
    let mut seconds = |key| members.get(key).and_then(|node| read::seconds(node, faults));
    Limits {
        expires_after: seconds("expires_after"),
        use_within: seconds("use_within"),
        valid_for: seconds("valid_for"),
    }
}

fn tightening(members: &Members<'_>, faults: &mut Faults) -> Tightening {
    let pre_approval = members
        .get("pre_approval")
        .and_then(|node| read::choice(node, &[("forbidden", PreApproval::Forbidden)], faults));
    let number_check = members
        .get("number_check")
        .and_then(|node| read::choice(node, &[("required", NumberCheck::Required)], faults));
    let justification = members
        .get("justification")
        .and_then(|node| read::choice(node, &[("required", Justification::Required)], faults));
    let standing_in = members
        .get("stand_ins")
        .and_then(|node| read::choice(node, &[("forbidden", StandingIn::Forbidden)], faults));
    let link = members
        .get("link")
        .and_then(|node| read::choice(node, &[("declared", Level::Declared)], faults));
    let at_least = members.get("at_least").and_then(|node| read::count(node, faults));
    let cap = members.get("cap").and_then(|node| {
        let known = ["expires_after", "use_within", "valid_for"];
        Some(limits(&Members::of(node, &known, faults)?, faults))
    });
    Tightening {
        pre_approval: pre_approval.unwrap_or_default(),
        number_check: number_check.unwrap_or_default(),
        justification: justification.unwrap_or_default(),
        standing_in: standing_in.unwrap_or_default(),
        link: link.unwrap_or_default(),
        at_least: at_least.unwrap_or_default(),
        cap: cap.unwrap_or_default(),
    }
}

/// How somebody must have signed in.
fn step_up(node: &Node, faults: &mut Faults) -> Option<StepUp> {
    let members = Members::of(node, &["acr", "max_age"], faults)?;
    let acr = members.get("acr").map(|node| read::texts(node, faults));
    let max_age = members.get("max_age").map(|node| read::seconds(node, faults));
    if acr.is_none() && max_age.is_none() {
        let message = "a `step_up` wants `acr`, `max_age` or both";
        faults.push(Diagnostic::new(node.span, message));
        return None;
    }
    let acr = acr.unwrap_or_else(|| Some(Vec::new()))?;
    Some(StepUp {
        acr: acr.into_iter().map(|text| text.text.to_owned()).collect(),
        max_age_seconds: max_age.map_or(Some(None), |seconds| seconds.map(Some))?,
    })
}

/// How often may be asked, in the words of one guardrail.
fn brakes(guardrail: &str, members: &Members<'_>, faults: &mut Faults) -> Vec<Brake> {
    let kinds =
        [("cool_down", "denials", Counted::Denials), ("quota", "requests", Counted::Requests)];
    let brakes = kinds.into_iter().filter_map(|(key, what, counts)| {
        let members = Members::of(members.get(key)?, &[what, "within"], faults)?;
        let most = members.need(what, faults).and_then(|node| read::number(node, MOST, faults));
        let within = members.need("within", faults).and_then(|node| {
            let seconds = read::seconds(node, faults)?;
            if seconds > LONGEST_BRAKE_SECONDS {
                return read::expected("at most `30d`", node, faults);
            }
            Some(seconds)
        });
        let guardrail = guardrail.to_owned();
        Some(Brake { counts, guardrail, most: most?, within_seconds: within? })
    });
    brakes.collect()
}

/// A pre-approval says itself how long it is valid.
fn pre_approval(node: &Node, rule: &Members<'_>, faults: &mut Faults) -> Option<i64> {
    if let Some(twice) = rule.get("valid_for") {
        let message = "`valid_for` belongs inside `pre_approve` here";
        faults.push(Diagnostic::new(twice.span, message));
    }
    let members = Members::of(node, &["valid_for"], faults)?;
    members.need("valid_for", faults).and_then(|node| read::seconds(node, faults))
}

fn credential(node: &Node, faults: &mut Faults) -> Option<CredentialTerms> {
    let members = Members::of(node, &["single_use", "bound_to", "valid_for"], faults)?;
    members.get("single_use").and_then(|node| read::choice(node, &[("true", ())], faults));
    let bound_to = members.need("bound_to", faults).and_then(|node| bound_to(node, faults));
    let valid_for = members.need("valid_for", faults).and_then(|node| {
        let seconds = read::seconds(node, faults)?;
        if seconds > LONGEST_CREDENTIAL_SECONDS {
            return read::expected("at most `5m`: a credential is for one call", node, faults);
        }
        Some(seconds)
    });
    Some(CredentialTerms { valid_for_seconds: valid_for?, bound_to: bound_to? })
}

/// It is always bound to the action, which is therefore not kept.
fn bound_to(node: &Node, faults: &mut Faults) -> Option<Vec<String>> {
    let mut bound_to = Vec::new();
    for name in read::texts(node, faults)? {
        unknown("binding", name, ["action", "params", "session"].into_iter(), faults);
        if name.text != "action" {
            bound_to.push(name.text.to_owned());
        }
    }
    bound_to.sort_unstable();
    bound_to.dedup();
    Some(bound_to)
}

/// Names a trace line by its name, so that a name stands for one thing.
fn twice<'a>(what: &str, named: impl Iterator<Item = (&'a str, Span)>, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for (name, span) in named {
        if !seen.insert(name) {
            let message = format!("another {what} is called `{name}` already");
            faults.push(Diagnostic::new(span, message));
        }
    }
}
