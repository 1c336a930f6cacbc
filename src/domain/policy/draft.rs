//! From rules to the plan: owners filled in, guardrails applied, the parts of an item merged.

use countersign_port::text::Untrusted;
use jiff::{SignedDuration, Timestamp};

use super::{
    Policy, Question, Refused,
    attribute::Facts,
    rule::{
        AskTerms, ChannelName, Decision, EscalationTerms, GroupName, Lifetimes, Limits,
        ReviewTerms, Rule, StandingIn, Tightening, either, shorter,
    },
};
use crate::domain::{
    brake::Brake,
    catalogue::resolve::ResolvedPart,
    id::{Group, PersonId},
    link::Level,
    plan::{
        Ask, Channel, CredentialTerms, DescribedPart, Escalation, Justification, NumberCheck, Plan,
        Review, Risk, StandIns, Step, TraceLine,
    },
};

/// What one part needs.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    rule: &'a str,
    steps: Vec<Step>,
    lifetimes: Lifetimes,
    risk: Risk,
    number_check: NumberCheck,
    justification: Justification,
    stand_ins: StandIns,
    link: Level,
    credential: Option<CredentialTerms>,
    review: Option<Review>,
    brakes: Vec<Brake>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        rule: &'a Rule,
        tightening: Tightening,
        policy: &Policy,
        facts: Facts<'_>,
    ) -> Result<Self, Refused> {
        let owner = Owner { group: &facts.part.entry.owner, policy };
        let steps = owner.steps(&rule.decision, tightening.at_least)?;
        let review = rule.review.as_ref().map(|terms| owner.review(terms, &steps));
        Ok(Self {
            rule: &rule.name,
            steps,
            lifetimes: rule.limits.or(policy.defaults).within(tightening.cap),
            risk: facts.part.entry.risk,
            number_check: tightening.number_check,
            justification: tightening.justification,
            stand_ins: match tightening.standing_in {
                StandingIn::Allowed => policy.stand_ins,
                StandingIn::Forbidden => StandIns::Forbidden,
            },
            link: tightening.link,
            credential: rule.credential.clone(),
            review: review.transpose()?,
            brakes: Vec::new(),
        })
    }

    pub(super) fn held_back_by(self, brakes: Vec<Brake>) -> Self {
        Self { brakes, ..self }
    }

    /// Both parts of an item at once: everything that either needs, for the shorter time.
    fn and(mut self, other: Self) -> Self {
        let more = other.steps.len().saturating_sub(self.steps.len());
        self.steps.extend(std::iter::repeat_n(Step { asks: Vec::new() }, more));
        for (step, other) in self.steps.iter_mut().zip(other.steps) {
            join(&mut step.asks, other.asks);
        }
        self.lifetimes = self.lifetimes.shorter(other.lifetimes);
        self.risk = self.risk.max(other.risk);
        self.number_check = either(self.number_check, other.number_check);
        self.justification = self.justification.or(other.justification);
        self.stand_ins = self.stand_ins.and(other.stand_ins);
        self.link = self.link.max(other.link);
        self.credential = narrower(self.credential, other.credential);
        self.brakes.extend(other.brakes);
        let reviews = self.review.into_iter().chain(other.review);
        self.review = reviews.min_by_key(|review| review.within_seconds);
        self
    }
}

/// The plan of an item out of the drafts of its parts.
pub(super) fn merge(
    drafts: Vec<Draft<'_>>,
    question: &Question<'_>,
    now: Timestamp,
    policy_sha256: &str,
    trace: Vec<TraceLine>,
) -> Option<Plan> {
    let mut rules: Vec<String> = Vec::new();
    for draft in &drafts {
        if !rules.iter().any(|rule| rule == draft.rule) {
            rules.push(draft.rule.to_owned());
        }
    }
    let mut draft = drafts.into_iter().reduce(Draft::and)?;
    draft.brakes.sort_unstable();
    draft.brakes.dedup();
    let lifetimes = draft.lifetimes.within(wishes(question, now));
    Some(Plan {
        rules,
        policy_sha256: policy_sha256.to_owned(),
        parts: question.item.parts().iter().map(described).collect(),
        steps: draft.steps,
        expires_at: later(now, lifetimes.expires_after),
        use_within_seconds: lifetimes.use_within,
        valid_for_seconds: lifetimes.valid_for,
        risk: draft.risk,
        number_check: draft.number_check,
        justification: draft.justification,
        stand_ins: draft.stand_ins,
        link: draft.link,
        excluded: excluded(question),
        credential: draft.credential,
        review: draft.review,
        brakes: draft.brakes,
        trace,
    })
}

/// What the card will say about a part, whatever becomes of the catalogue.
fn described(part: &ResolvedPart<'_>) -> DescribedPart {
    DescribedPart {
        name: part.name.to_owned(),
        title: Untrusted::new(&part.entry.title),
        description: part.entry.description.as_ref().map(Untrusted::new),
        risk: part.entry.risk,
        environment: Some(part.entry.env.clone()),
    }
}

/// Adds the asks of another part. An identical one is asked once, of the larger number of people;
/// asks of one part stay apart, even where they look alike.
fn join(asks: &mut Vec<Ask>, mut others: Vec<Ask>) {
    for ask in &mut *asks {
        // An ask that others may join later is another ask: merging would let them decide both.
        let same = |other: &Ask| {
            (&ask.from, &ask.channel, &ask.escalate)
                == (&other.from, &other.channel, &other.escalate)
        };
        if let Some(found) = others.iter().position(same) {
            let other = others.remove(found);
            ask.count = ask.count.max(other.count);
            ask.remind_every_seconds =
                shorter(ask.remind_every_seconds, other.remind_every_seconds);
        }
    }
    asks.append(&mut others);
}

fn narrower(
    one: Option<CredentialTerms>,
    other: Option<CredentialTerms>,
) -> Option<CredentialTerms> {
    let (Some(one), Some(other)) = (&one, &other) else { return one.or(other) };
    let mut bound_to = [one.bound_to.as_slice(), &other.bound_to].concat();
    bound_to.sort_unstable();
    bound_to.dedup();
    let valid_for_seconds = one.valid_for_seconds.min(other.valid_for_seconds);
    Some(CredentialTerms { bound_to, valid_for_seconds })
}

/// What the request wishes for. It can shorten, never lengthen.
fn wishes(question: &Question<'_>, now: Timestamp) -> Limits {
    let requested = &question.item.item().requested;
    let until = requested.until.map(|until| until.duration_since(now).as_secs());
    let valid_for = shorter(requested.duration_seconds, until);
    let expires_after = question.request.requested_expiry_seconds;
    Limits {
        expires_after: expires_after.map(|seconds| seconds.max(0)),
        use_within: None,
        valid_for: valid_for.map(|seconds| seconds.max(0)),
    }
}

/// Requester, subject and the owners of client and agent never count.
fn excluded(question: &Question<'_>) -> Vec<PersonId> {
    let named = [question.requester.person.as_ref(), question.client_owner, question.agent_owner];
    let subject = question.people.who_may_be(&question.request.subject);
    let mut people: Vec<_> = named.into_iter().flatten().chain(subject).cloned().collect();
    people.sort_unstable();
    people.dedup();
    people
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// Fills the owner of a part into the words of a rule.
pub(super) struct Owner<'a> {
    pub(super) group: &'a Group,
    pub(super) policy: &'a Policy,
}

impl Owner<'_> {
    pub(super) fn steps(&self, decision: &Decision, at_least: u32) -> Result<Vec<Step>, Refused> {
        let steps = match decision {
            Decision::PreApprove => [].as_slice(),
            Decision::Ask(steps) => steps,
        };
        let step = |asks: &Vec<AskTerms>| {
            let asks =
                asks.iter().map(|terms| self.ask(terms, at_least)).collect::<Result<_, _>>()?;
            Ok(Step { asks })
        };
        steps.iter().map(step).collect()
    }

    fn ask(&self, terms: &AskTerms, at_least: u32) -> Result<Ask, Refused> {
        let escalate = terms.escalate.as_ref().map(|terms| {
            let add = self.groups(&terms.add);
            let EscalationTerms { after_seconds, handover, .. } = *terms;
            Ok(Escalation { after_seconds, to: self.channel(&terms.to)?, add, handover })
        });
        Ok(Ask {
            from: self.groups(&terms.from),
            count: terms.count.max(at_least),
            channel: self.channel(&terms.channel)?,
            escalate: escalate.transpose()?,
            remind_every_seconds: terms.remind_every_seconds,
        })
    }

    /// Where nothing is said, in the channel with the name of the reviewers, or else where the
    /// emergency is asked first.
    pub(super) fn review(&self, terms: &ReviewTerms, steps: &[Step]) -> Result<Review, Refused> {
        let by = self.name(&terms.by);
        let own = || self.policy.channels.get(by.as_str());
        let asked = || steps.iter().flat_map(|step| &step.asks).map(|ask| &ask.channel).next();
        let routable = |channel: &&Channel| !channel.addresses.is_empty();
        let unroutable = || Refused::Unroutable { channel: by.to_string() };
        let channel = if let Some(name) = &terms.channel {
            self.channel(name)?
        } else {
            own().filter(routable).or_else(asked).cloned().ok_or_else(unroutable)?
        };
        Ok(Review { by, channel: Some(channel), within_seconds: terms.within_seconds })
    }

    /// In one order and each once, so that identical asks look identical.
    fn groups(&self, names: &[GroupName]) -> Vec<Group> {
        let mut groups: Vec<_> = names.iter().map(|name| self.name(name)).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    fn name(&self, name: &GroupName) -> Group {
        match name {
            GroupName::Named(group) => group.clone(),
            GroupName::Owner => self.group.clone(),
            GroupName::OwnerLead => Group(format!("{}.lead", self.group)),
        }
    }

    fn channel(&self, name: &ChannelName) -> Result<Channel, Refused> {
        let channel = match name {
            ChannelName::Named(channel) => Some(channel),
            ChannelName::Owner => self.policy.channels.get(self.group.as_str()),
        };
        let name = channel.map_or(self.group.as_str(), |channel| &channel.name);
        let routable = channel.filter(|channel| !channel.addresses.is_empty()).cloned();
        routable.ok_or_else(|| Refused::Unroutable { channel: name.to_owned() })
    }
}
