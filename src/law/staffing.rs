//! Whether the people that a plan asks for exist, as far as directories have said lately.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Law;
use crate::{
    domain::{
        id::Group,
        plan::Plan,
        policy::{GroupSource, Policy, Refused},
    },
    refusal::Refusal,
};

impl Law {
    /// What directories have said lately shows whether there are people enough; where one is silent
    /// the request waits, because it may speak again before the time runs out, and nobody of the
    /// group counts until it does.
    pub(super) fn staff(&self, plan: &Plan, now: Timestamp) -> Result<(), Refusal> {
        let is_silent = |group: &Group| self.silent(group, plan.risk, now).is_some();
        let is_claimed = |group: &Group| self.is_claimed(group);
        Policy::staff(plan, |group| is_silent(group) || is_claimed(group), &self.people)
            .map_err(|refused| self.short(&refused))
    }

    /// The groups that a plan asks and of which nobody can tell who is in them.
    pub fn silences<'a>(
        &'a self,
        plan: &'a Plan,
        now: Timestamp,
    ) -> impl Iterator<Item = (&'a Group, &'a GroupSource)> {
        let asks = plan.steps.iter().flat_map(|step| &step.asks);
        let groups: BTreeSet<&Group> = asks.flat_map(|ask| &ask.from).collect();
        groups
            .into_iter()
            .filter_map(move |group| Some((group, self.silent(group, plan.risk, now)?)))
    }

    /// Names who keeps the books of the group that has too few people in it.
    fn short(&self, short: &Refused) -> Refusal {
        let mut sentences = vec![short.to_string()];
        if let Refused::Unsatisfiable { from, .. } = short {
            let books = self.kept_elsewhere().filter(|(group, _)| from.contains(*group));
            sentences.extend(books.map(|(group, GroupSource { kind, value })| {
                format!("who is in `{group}` stands in the `{kind}` `{value}`")
            }));
        }
        Refusal::Unroutable { detail: sentences.join("; ") }
    }
}
