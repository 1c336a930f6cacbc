//! Who counts for which ask: a person may count for several, is counted once, and is counted where
//! they are needed most. A maximum bipartite matching, so that the order of clicks cannot matter.

/// Gives for each ask how many people it has. `needed[a]` people are wanted for ask `a`;
/// `people[p]` lists the asks that person `p` may count for.
pub fn fill(needed: &[u32], people: &[&[usize]]) -> Vec<u32> {
    let mut seats = Seats { needed, people, held_by: vec![Vec::new(); needed.len()] };
    for person in 0..people.len() {
        let mut tried = vec![false; needed.len()];
        seats.place(person, &mut tried);
    }
    seats.held_by.iter().map(|held| u32::try_from(held.len()).unwrap_or(u32::MAX)).collect()
}

struct Seats<'a> {
    needed: &'a [u32],
    people: &'a [&'a [usize]],
    /// For each ask, the people that hold a seat of it.
    held_by: Vec<Vec<usize>>,
}

impl Seats<'_> {
    /// Finds a seat for a person, moving others to another of their seats where that helps.
    fn place(&mut self, person: usize, tried: &mut [bool]) -> bool {
        let Some(asks) = self.people.get(person).copied() else { return false };
        asks.iter().any(|&ask| self.take(person, ask, tried))
    }

    fn take(&mut self, person: usize, ask: usize, tried: &mut [bool]) -> bool {
        match tried.get_mut(ask) {
            None | Some(true) => return false,
            Some(seen) => *seen = true,
        }
        let capacity = self.needed.get(ask).copied().unwrap_or(0) as usize;
        let holders = self.held_by.get(ask).cloned().unwrap_or_default();
        if holders.len() >= capacity {
            let Some(moved) = holders.into_iter().find(|&holder| self.place(holder, tried)) else {
                return false;
            };
            self.leave(moved, ask);
        }
        if let Some(held) = self.held_by.get_mut(ask) {
            held.push(person);
        }
        true
    }

    fn leave(&mut self, person: usize, ask: usize) {
        if let Some(held) = self.held_by.get_mut(ask) {
            held.retain(|&holder| holder != person);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The most people that can be seated, by trying every seat for every one of them.
    fn most(needed: &[u32], people: &[&[usize]]) -> u32 {
        let Some((first, others)) = people.split_first() else { return 0 };
        let seated = first.iter().filter(|ask| needed.get(**ask).is_some_and(|left| *left > 0));
        let seated = seated.map(|ask| {
            let mut left = needed.to_vec();
            left[*ask] -= 1;
            1 + most(&left, others)
        });
        seated.chain([most(needed, others)]).max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn as_many_count_as_can_be_seated_at_all(
            needed in proptest::collection::vec(0..3_u32, 0..4),
            people in proptest::collection::vec(proptest::collection::vec(0..5_usize, 0..4), 0..6),
        ) {
            let people: Vec<&[usize]> = people.iter().map(Vec::as_slice).collect();
            let filled = fill(&needed, &people);
            prop_assert_eq!(filled.iter().sum::<u32>(), most(&needed, &people));
            prop_assert!(filled.iter().zip(&needed).all(|(have, wanted)| have <= wanted));
            // Who comes first changes who sits where, never how many sit.
            let backwards: Vec<&[usize]> = people.iter().rev().copied().collect();
            prop_assert_eq!(fill(&needed, &backwards).iter().sum::<u32>(), filled.iter().sum::<u32>());
        }
    }

    #[test]
    fn somebody_in_two_groups_steps_aside_for_somebody_in_one() {
        let both: &[usize] = &[0, 1];
        let first: &[usize] = &[0];
        assert_eq!(fill(&[1, 1], &[both, first]), [1, 1]);
        assert_eq!(fill(&[1, 1], &[first, both]), [1, 1]);
    }

    #[test]
    fn nobody_is_counted_twice_and_no_ask_is_overfilled() {
        let both: &[usize] = &[0, 1];
        assert_eq!(fill(&[1, 1], &[both]).iter().sum::<u32>(), 1);
        assert_eq!(fill(&[2], &[&[0], &[0], &[0]]), [2]);
        assert_eq!(fill(&[1], &[&[], &[7]]), [0]);
    }
}
