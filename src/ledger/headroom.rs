//! How many requests a client has pending, known without counting them in every batch. Counts are
//! taken in the database and raised by what this lane has opened since, so that they are never too
//! low but for what other lanes open; half of the room that was left may be used up before it is
//! counted again, and nobody is refused on a count that was not just taken.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::domain::id::ClientId;

/// What a lane knows of the pending requests of each client.
#[derive(Debug, Default)]
pub(super) struct Headroom(Mutex<BTreeMap<ClientId, Room>>);

#[derive(Debug, Clone, Copy)]
struct Room {
    pending: u64,
    /// Counted again before it would be more than this.
    good_to: u64,
}

impl Headroom {
    /// How many are pending at most, if `more` of them may be opened without counting again.
    pub(super) fn known(&self, client: &ClientId, more: u64) -> Option<u64> {
        let rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = rooms.get(client)?;
        (room.pending.saturating_add(more) <= room.good_to).then_some(room.pending)
    }

    /// Notes the counts of a batch that was committed; `counted` are those that were taken in it,
    /// with the limit.
    pub(super) fn learn(
        &self,
        pending: BTreeMap<ClientId, u64>,
        counted: &BTreeMap<ClientId, u64>,
    ) {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (client, pending) in pending {
            match (counted.get(&client), rooms.get_mut(&client)) {
                (Some(limit), _) => {
                    let good_to = pending + limit.saturating_sub(pending) / 2;
                    rooms.insert(client, Room { pending, good_to });
                }
                (None, Some(room)) => room.pending = pending,
                (None, None) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_counted_again_when_half_of_the_room_is_used_up() {
        let headroom = Headroom::default();
        let client = ClientId::from("crm");
        let of = |pending| BTreeMap::from([(client.clone(), pending)]);
        assert_eq!(headroom.known(&client, 1), None, "never counted");
        headroom.learn(of(20), &of(100));
        assert_eq!(headroom.known(&client, 40), Some(20));
        assert_eq!(headroom.known(&client, 41), None);
        headroom.learn(of(59), &BTreeMap::new());
        assert_eq!(headroom.known(&client, 1), Some(59));
        assert_eq!(headroom.known(&client, 2), None);
        headroom.learn(of(100), &of(100));
        assert_eq!(headroom.known(&client, 1), None, "full: counted every time");
    }
}
