//! Which rule decides what: for every world, the rules and guardrails that can match there.

use super::{
    super::{
        Policy,
        rule::{Decision, PreApproval, Rule, Tightening},
    },
    Code, File, Finding, Surroundings,
    takers::Takers,
    world::{Rest, Thing, World, implies, overlap, things},
};

/// The policy, spread out over its worlds.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub(super) policy: &'a Policy,
    pub(super) surroundings: Surroundings<'a>,
    pub(super) plots: Vec<Plot<'a>>,
    things: Vec<Thing<'a>>,
}

/// What can match in one world, by number in the file.
#[derive(Debug)]
pub(super) struct Plot<'a> {
    pub(super) thing: Thing<'a>,
    pub(super) rules: Vec<Match<'a>>,
    pub(super) guardrails: Vec<(usize, Rest<'a>)>,
}

/// A rule that can match in a world.
#[derive(Debug)]
pub(super) struct Match<'a> {
    pub(super) rule: usize,
    pub(super) rest: Rest<'a>,
    /// The rule before it that takes all of it.
    pub(super) taken_by: Option<usize>,
}

impl<'a> Ground<'a> {
    pub(super) fn of(policy: &'a Policy, surroundings: Surroundings<'a>) -> Self {
        let things: Vec<Thing<'a>> = things(surroundings.catalogue).collect();
        let plots = things.iter().flat_map(|thing| plots(policy, *thing)).collect();
        Self { policy, surroundings, plots, things }
    }

    /// Everything of which a rule can decide something.
    pub(super) fn things_of(&self, rule: usize) -> Vec<Thing<'a>> {
        let mut things: Vec<Thing<'a>> = Vec::new();
        for plot in &self.plots {
            let is_new =
                things.last().is_none_or(|last| !std::ptr::eq(last.entry, plot.thing.entry));
            if is_new && plot.reached(rule).is_some() {
                things.push(plot.thing);
            }
        }
        things
    }

    /// What guardrails demand wherever a rule decides.
    pub(super) fn always(&self, rule: usize) -> Tightening {
        let mut always: Option<Vec<usize>> = None;
        for plot in &self.plots {
            let Some(found) = plot.reached(rule) else { continue };
            let here = plot.guardrails.iter().filter(|(_, rest)| implies(&found.rest, rest));
            let here: Vec<usize> = here.map(|(number, _)| *number).collect();
            match &mut always {
                Some(always) => always.retain(|number| here.contains(number)),
                None => always = Some(here),
            }
        }
        let numbers = always.unwrap_or_default();
        let guardrails = numbers.iter().filter_map(|number| self.policy.guardrails.get(*number));
        guardrails.fold(Tightening::default(), |all, one| all.and(one.tightening))
    }

    /// Entries of the catalogue of which every request is refused for want of a rule.
    pub(super) fn unreached(&self) -> impl Iterator<Item = Finding> {
        let is_reached = |thing: &Thing<'_>| {
            let mut plots = self.plots.iter();
            plots.any(|plot| std::ptr::eq(plot.thing.entry, thing.entry) && !plot.rules.is_empty())
        };
        self.things.iter().filter(move |thing| !is_reached(thing)).map(|thing| {
            let message = format!("no rule of the policy decides `{}`", thing.name);
            let help =
                "add a rule for it, or take it out: every request for it is refused".to_owned();
            Finding::of(File::Catalogue, Code::UnreachedEntry, thing.entry.span, message, help)
        })
    }
}

impl<'a> Plot<'a> {
    /// Where a rule decides something in this world.
    pub(super) fn reached(&self, rule: usize) -> Option<&Match<'a>> {
        self.found(rule).filter(|found| found.taken_by.is_none())
    }

    /// A rule that can match in this world, reached or not.
    pub(super) fn found(&self, rule: usize) -> Option<&Match<'a>> {
        let at = self.rules.binary_search_by_key(&rule, |found| found.rule).ok()?;
        self.rules.get(at)
    }
}

fn plots<'a>(policy: &'a Policy, thing: Thing<'a>) -> Vec<Plot<'a>> {
    let rules: Vec<(usize, &Rule)> = policy
        .rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| !thing.rules_out(&rule.conditions))
        .collect();
    let guardrails: Vec<_> = policy
        .guardrails
        .iter()
        .enumerate()
        .filter(|(_, guardrail)| !thing.rules_out(&guardrail.conditions))
        .collect();
    let of_rules = rules.iter().map(|(_, rule)| &rule.conditions);
    let of_guardrails = guardrails.iter().map(|(_, guardrail)| &guardrail.conditions);
    let conditions: Vec<_> = of_rules.chain(of_guardrails).collect();
    let worlds = thing.worlds(&conditions).into_iter();
    worlds
        .map(|world| {
            let guardrails: Vec<(usize, Rest<'a>)> = guardrails
                .iter()
                .filter_map(|(number, guardrail)| {
                    Some((*number, world.rest(&guardrail.conditions)?))
                })
                .collect();
            let rules = matches(policy, &world, &rules, &guardrails);
            Plot { thing, rules, guardrails }
        })
        .collect()
}

/// The rules that can match in a world, each with the one before it that leaves it nothing.
fn matches<'a>(
    policy: &Policy,
    world: &World<'a>,
    rules: &[(usize, &'a Rule)],
    guardrails: &[(usize, Rest<'a>)],
) -> Vec<Match<'a>> {
    let mut found: Vec<Match<'a>> = Vec::new();
    // Numbers, in `found`, of the rules that decide whatever they match.
    let mut takers = Takers::default();
    for (number, rule) in rules {
        let Some(rest) = world.rest(&rule.conditions) else { continue };
        let candidates = takers.candidates(&rest);
        let mut earlier = candidates.iter().filter_map(|at| found.get(*at));
        let taker = earlier.find(|earlier| implies(&rest, &earlier.rest));
        let taken_by = taker.map(|taker| taker.rule);
        let always_decides = rule.decision != Decision::PreApprove
            || !guardrails.iter().any(|(number, other)| {
                forbids_pre_approval(policy, *number) && overlap(&rest, other)
            });
        if taken_by.is_none() && always_decides {
            takers.insert(found.len(), &rest);
        }
        found.push(Match { rule: *number, rest, taken_by });
    }
    found
}

/// Whether a guardrail wants a person asked.
pub(super) fn forbids_pre_approval(policy: &Policy, guardrail: usize) -> bool {
    policy.guardrails.get(guardrail).is_some_and(|guardrail| {
        guardrail.tightening.pre_approval == PreApproval::Forbidden
            || guardrail.tightening.at_least > 0
    })
}
