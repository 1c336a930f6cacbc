//! Which columns of a request are written, so that no index is written that has not changed.

use crate::domain::{
    access::{effects::Touch, slice::Slice},
    id::RequestId,
};

/// Requests that were there before, by what of them has changed.
#[derive(Default)]
pub(super) struct Touched<'a> {
    /// Nothing that an index looks at.
    pub(super) counters: Vec<(&'a RequestId, &'a Touch)>,
    /// When it comes due too.
    pub(super) due: Vec<(&'a RequestId, &'a Touch)>,
    /// Whether it is open too, or whose card it shares.
    pub(super) standing: Vec<(&'a RequestId, &'a Touch)>,
}

impl<'a> Touched<'a> {
    pub(super) fn of(
        slice: &Slice,
        touches: impl Iterator<Item = (&'a RequestId, &'a Touch)>,
    ) -> Self {
        let mut sorted = Self::default();
        for (id, touch) in touches {
            let stored = slice.requests.get(id).and_then(|loaded| loaded.stored.as_ref());
            sorted.column(stored, touch).push((id, touch));
        }
        sorted
    }

    fn column(
        &mut self,
        stored: Option<&Touch>,
        touch: &Touch,
    ) -> &mut Vec<(&'a RequestId, &'a Touch)> {
        match stored {
            Some(was) if (was.settled_at, &was.card_of) == (touch.settled_at, &touch.card_of) => {
                if was.next_at == touch.next_at {
                    &mut self.counters
                } else {
                    &mut self.due
                }
            }
            Some(_) | None => &mut self.standing,
        }
    }
}
