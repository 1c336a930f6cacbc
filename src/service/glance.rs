//! One look at the database for all clicks that wait for one. Whoever finds nobody looking looks for
//! everybody who has asked so far; nobody waits for company.

use std::sync::{Arc, Mutex as Waiting, PoisonError};

use tokio::sync::{Mutex, oneshot};

use crate::{
    domain::id::CardId,
    store::{
        Store,
        card::PostedCard,
        glance::{Glance, Marks},
    },
};

/// What one click has asked for: its card, if there is such a one, and the marks of that moment.
pub(super) type Seen = Result<(Option<PostedCard>, Arc<Marks>), Arc<sqlx::Error>>;

/// The clicks of this process that wait to be told of their card.
#[derive(Debug, Default)]
pub struct Glances {
    waiting: Waiting<Vec<(CardId, oneshot::Sender<Seen>)>>,
    turn: Mutex<()>,
}

impl Glances {
    /// What stands in the database at a moment after this was called.
    pub(super) async fn look(&self, store: &Store, card: &CardId) -> Seen {
        loop {
            let (answer, mut seen) = oneshot::channel();
            self.waiting().push((card.clone(), answer));
            tokio::select! {
                biased;
                // Should whoever looked have given up, it is asked again.
                seen = &mut seen => if let Ok(seen) = seen { return seen },
                _turn = self.turn.lock() => {
                    self.look_for_all(store).await;
                    if let Ok(seen) = seen.try_recv() {
                        return seen;
                    }
                }
            }
        }
    }

    async fn look_for_all(&self, store: &Store) {
        let (cards, answers): (Vec<_>, Vec<_>) =
            std::mem::take(&mut *self.waiting()).into_iter().unzip();
        if cards.is_empty() {
            return;
        }
        match store.glance(&cards).await {
            Ok(Glance { cards: found, marks }) => {
                let marks = Arc::new(marks);
                for (card, answer) in cards.iter().zip(answers) {
                    // Whoever asked may have gone away.
                    let _ = answer.send(Ok((found.get(card).cloned(), Arc::clone(&marks))));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for answer in answers {
                    let _ = answer.send(Err(Arc::clone(&error)));
                }
            }
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<(CardId, oneshot::Sender<Seen>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
