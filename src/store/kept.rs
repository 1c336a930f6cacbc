//! What of a request never changes – what was asked, and the plans that were made for it – kept in
//! memory after it was read once, so that its next vote and its callback need not read it again.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::domain::{
    access::slice::{Loaded, View},
    id::RequestId,
    plan::Plan,
    request::AccessRequest,
};

/// A request with its plans is a few kilobytes. Who is asked answers within minutes, and what is
/// older is read.
const MOST: usize = 512;

/// The newest requests of a lane.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    requests: HashMap<RequestId, Unchanging>,
    /// Oldest first.
    order: VecDeque<RequestId>,
}

/// What never changes.
#[derive(Debug, Clone)]
pub(super) struct Unchanging {
    pub(super) request: Arc<AccessRequest>,
    pub(super) plans: Arc<Vec<Plan>>,
}

impl Kept {
    /// Those of the requests that are known.
    pub(super) fn among(&self, ids: &BTreeSet<RequestId>) -> HashMap<RequestId, Unchanging> {
        let known = self.lock();
        let find = |id: &RequestId| Some((id.clone(), known.requests.get(id)?.clone()));
        ids.iter().filter_map(find).collect()
    }

    /// Keeps what a batch has opened or loaded. Only after its commit: what was not written is not
    /// known.
    pub fn learn<'a>(&self, requests: impl Iterator<Item = &'a Loaded>) {
        let mut known = self.lock();
        for View { request, plans, .. } in requests.map(|loaded| &loaded.view) {
            if known.requests.contains_key(&request.id) {
                continue;
            }
            let unchanging = Unchanging { request: request.clone(), plans: plans.clone() };
            known.requests.insert(request.id.clone(), unchanging);
            known.order.push_back(request.id.clone());
            if known.order.len() > MOST
                && let Some(oldest) = known.order.pop_front()
            {
                known.requests.remove(&oldest);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
