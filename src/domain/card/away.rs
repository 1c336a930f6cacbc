//! Who may decide at this moment for those who are away.

use super::{Scene, could_act, open_since, votes};
use crate::domain::{
    id::PersonId,
    people::People,
    plan::{Ask, StandIns},
    stand_in::{StandIn, shares, shown_name},
};

/// The arrangements by which somebody could act on an ask at this moment, and could not otherwise.
pub(super) fn stand_ins<'a>(scene: Scene<'a>, ask: &Ask) -> Vec<&'a StandIn> {
    let Some(plan) = scene.view.plans.get(scene.item) else { return Vec::new() };
    if plan.stand_ins == StandIns::Forbidden {
        return Vec::new();
    }
    let has_voted =
        |id: &PersonId| votes(scene).any(|vote| vote.person == *id && vote.struck.is_none());
    let is_asked = |id: &PersonId| could_act(scene, ask).any(|person| person.id == *id);
    let is_colleague = |id: &PersonId| {
        let own = scene.people.groups_of(id);
        let opened_at = open_since(scene, ask).unwrap_or(scene.now);
        ask.circles(opened_at, scene.now).any(|circle| shares(circle, own))
    };
    let now = scene.people.stand_ins().iter().filter(|one| one.holds_at(scene.now));
    now.filter(|one| {
        let StandIn { away, delegate, .. } = one;
        let may = !plan.excluded.contains(delegate) && !has_voted(delegate);
        may && is_asked(away) && !is_asked(delegate) && is_colleague(delegate)
    })
    .collect()
}

/// `Gus Lind for Erin Doyle`.
pub(super) fn words(one: &StandIn, people: &People) -> String {
    format!("{} for {}", shown_name(&one.delegate, people), shown_name(&one.away, people))
}
