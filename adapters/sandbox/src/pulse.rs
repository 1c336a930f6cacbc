//! Says that something on the screen has changed. Counts changes and carries nothing: whoever
//! hears it looks again.

use tokio::sync::watch;

/// A count that goes up with every change.
#[derive(Debug, Clone, Default)]
pub struct Pulse(watch::Sender<u64>);

impl Pulse {
    /// Reports a change.
    pub fn beat(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    /// How many changes there were.
    pub fn count(&self) -> u64 {
        *self.0.borrow()
    }

    /// Waits for a change after the one that was `seen`.
    pub async fn after(&self, seen: u64) {
        // An error means that no sender is left, which cannot be while `self` is one.
        let _ = self.0.subscribe().wait_for(|count| *count != seen).await;
    }

    /// Looks now and after every change, until there is something to see.
    pub async fn until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        loop {
            let seen = self.count();
            if let Some(found) = look() {
                return found;
            }
            self.after(seen).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn until_looks_again_after_every_beat() {
        let pulse = Pulse::default();
        let looks = std::cell::Cell::new(0);
        let look = || {
            looks.set(looks.get() + 1);
            (pulse.count() == 2).then_some("seen")
        };
        let beats = async {
            pulse.beat();
            tokio::task::yield_now().await;
            pulse.beat();
        };
        let (found, ()) = tokio::join!(pulse.until(look), beats);
        assert_eq!(found, "seen");
        assert!(looks.get() >= 2);
    }
}
