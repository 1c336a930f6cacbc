//! Whether a plan can be fulfilled at all: enough different people, less those who never count.
//! Only groups of which the people file knows every member can show that it cannot.

use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use super::Refused;
use crate::domain::{
    id::{Group, PersonId},
    people::People,
    plan::{Ask, Step},
};

/// Refuses a plan that would wait for people who do not exist. A person counts once for an item,
/// so that the asks of all steps draw on different people.
pub(super) fn check(
    steps: &[Step],
    excluded: &[PersonId],
    is_elsewhere: impl Fn(&Group) -> bool,
    people: &People,
) -> Result<(), Refused> {
    let asks: Vec<&Ask> = steps.iter().flat_map(|step| &step.asks).collect();
    let wanted: usize = asks.iter().map(|ask| seats(ask)).sum();
    let mut seating = Seating::default();
    for ask in asks {
        let Some(known) = known_groups(ask, &is_elsewhere) else { continue };
        // With a person for every seat of the plan, this ask can be filled last.
        let candidates = candidates(ask, &known, people, excluded, wanted);
        if candidates.len() >= wanted {
            continue;
        }
        let filled = (0..seats(ask)).filter(|_| seating.fill(&candidates)).count();
        if filled < seats(ask) {
            return Err(Refused::Unsatisfiable {
                from: ask.from.clone(),
                missing: seats(ask) - filled,
            });
        }
    }
    Ok(())
}

fn seats(ask: &Ask) -> usize {
    usize::try_from(ask.count).unwrap_or(usize::MAX)
}

/// The groups of an ask of which everybody is known; `None` where they do not bound who may act.
fn known_groups(ask: &Ask, is_elsewhere: impl Fn(&Group) -> bool) -> Option<Vec<Group>> {
    // A person must be in all of `from`: the groups that are known bound the whole.
    let known: Vec<_> = ask.from.iter().filter(|group| !is_elsewhere(group)).cloned().collect();
    let bounded = !known.is_empty() && !joining(ask).iter().any(is_elsewhere);
    bounded.then_some(known)
}

/// Everybody who could ever act on an ask, or the first `most` of them.
fn candidates<'a>(
    ask: &Ask,
    known: &[Group],
    people: &'a People,
    excluded: &[PersonId],
    most: usize,
) -> Vec<&'a PersonId> {
    let later = joining(ask).iter().flat_map(|group| people.ids_in(std::slice::from_ref(group)));
    let mut all = BTreeSet::new();
    for person in people.ids_in(known).chain(later) {
        if all.len() >= most {
            break;
        }
        if !excluded.contains(person) {
            all.insert(person);
        }
    }
    all.into_iter().collect()
}

fn joining(ask: &Ask) -> &[Group] {
    ask.escalate.as_ref().map(|escalate| escalate.add.as_slice()).unwrap_or_default()
}

/// Who sits where. Grown by augmenting paths: whoever sits may move to let another sit.
#[derive(Debug, Default)]
struct Seating<'a> {
    /// For each seat, who could sit there.
    seats: Vec<Rc<[&'a PersonId]>>,
    taken: HashMap<&'a PersonId, usize>,
}

impl<'a> Seating<'a> {
    /// Adds a seat; false where nobody is left for it.
    fn fill(&mut self, candidates: &[&'a PersonId]) -> bool {
        self.seats.push(candidates.into());
        let seat = self.seats.len() - 1;
        self.seat(seat, &mut BTreeSet::new())
    }

    fn seat(&mut self, seat: usize, asked: &mut BTreeSet<&'a PersonId>) -> bool {
        let candidates = self.seats.get(seat).cloned().unwrap_or_default();
        for person in candidates.iter().copied() {
            if !asked.insert(person) {
                continue;
            }
            let sits_at = self.taken.get(person).copied();
            if sits_at.is_none_or(|other| self.seat(other, asked)) {
                self.taken.insert(person, seat);
                return true;
            }
        }
        false
    }
}
