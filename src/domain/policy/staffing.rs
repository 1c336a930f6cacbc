//! Whether a plan can be fulfilled at all: enough different people, less those who never count.
//! Only groups of which the people file knows every member can show that it cannot.

use std::collections::{BTreeSet, HashMap};

use super::Refused;
use crate::domain::{
    id::{Group, PersonId},
    people::People,
    plan::{Ask, Plan},
};

/// Refuses a plan that would wait for people who do not exist. A person counts once for an item,
/// so that the asks of all steps draw on different people.
pub(super) fn check(
    plan: &Plan,
    is_elsewhere: impl Fn(&Group) -> bool,
    people: &People,
) -> Result<(), Refused> {
    let asks: Vec<&Ask> = plan.steps.iter().flat_map(|step| &step.asks).collect();
    let wanted: usize = asks.iter().map(|ask| seats(ask)).sum();
    let mut seating = Seating::default();
    for ask in asks {
        let Some(mut candidates) = candidates(ask, &is_elsewhere, people) else { continue };
        candidates.retain(|person| !plan.excluded.contains(person));
        // With a person for every seat of the plan, this ask can be filled last.
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

/// Everybody who could ever act on an ask; `None` where that is not known.
fn candidates<'a>(
    ask: &Ask,
    is_elsewhere: impl Fn(&Group) -> bool,
    people: &'a People,
) -> Option<Vec<&'a PersonId>> {
    // A person must be in all of `from`: the groups that are known bound the whole.
    let known: Vec<_> = ask.from.iter().filter(|group| !is_elsewhere(group)).cloned().collect();
    let joining = ask.escalate.as_ref().map(|escalate| escalate.add.as_slice()).unwrap_or_default();
    if known.is_empty() || joining.iter().any(is_elsewhere) {
        return None;
    }
    let later = joining.iter().flat_map(|group| people.members_of(std::slice::from_ref(group)));
    let all: BTreeSet<_> =
        people.members_of(&known).into_iter().chain(later).map(|person| &person.id).collect();
    Some(all.into_iter().collect())
}

/// Who sits where. Grown by augmenting paths: whoever sits may move to let another sit.
#[derive(Debug, Default)]
struct Seating<'a> {
    /// For each seat, who could sit there.
    seats: Vec<Vec<&'a PersonId>>,
    taken: HashMap<&'a PersonId, usize>,
}

impl<'a> Seating<'a> {
    /// Adds a seat; false where nobody is left for it.
    fn fill(&mut self, candidates: &[&'a PersonId]) -> bool {
        self.seats.push(candidates.to_vec());
        let seat = self.seats.len() - 1;
        self.seat(seat, &mut BTreeSet::new())
    }

    fn seat(&mut self, seat: usize, asked: &mut BTreeSet<&'a PersonId>) -> bool {
        let candidates = self.seats.get(seat).cloned().unwrap_or_default();
        for person in candidates {
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
