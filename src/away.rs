//! Arranging who decides for those who are away, and ending it: by themselves in chat, or by an
//! operator on the command line.

use serde_json::json;

use crate::{
    desk::Desk,
    domain::{
        id::PersonId,
        stand_in::{self, Fault, Known, Order, StandIn},
    },
    store::people_change::Line,
};

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Unchanged {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("the database cannot be read or written: nothing was changed")]
    Database(#[from] sqlx::Error),
}

impl Desk<'_> {
    /// Lets a colleague decide for somebody who is away. `actor` is who says so.
    pub async fn arrange(&self, actor: &str, order: Order<'_>) -> Result<StandIn, Unchanged> {
        let mut changing = self.store.change_people(self.now).await?;
        let others = changing.stand_ins().await?;
        let known = Known {
            people: &self.law.people,
            stand_ins: self.law.policy.stand_ins,
            barred: self.law.barred(),
            groups: self.law.certainty(),
            others: &others,
        };
        let one = stand_in::arrange(self.id(), order, known, self.now)?;
        changing.put_stand_in(&one).await?;
        changing.commit(actor, &self.arranged("stand_in_arranged", &one)).await?;
        Ok(one)
    }

    /// Ends what is arranged for somebody who was, or would be, away.
    pub async fn come_back(&self, actor: &str, away: &PersonId) -> Result<StandIn, Unchanged> {
        let mut changing = self.store.change_people(self.now).await?;
        let others = changing.stand_ins().await?;
        let theirs = others.into_iter().filter(|one| one.away == *away && one.until > self.now);
        // What begins later is left for another time.
        let one = theirs.min_by_key(|one| one.from).ok_or(Fault::NotAway)?;
        changing.end_stand_in(&one.id).await?;
        changing.commit(actor, &self.arranged("stand_in_ended", &one)).await?;
        Ok(one)
    }

    fn arranged(&self, what: &'static str, one: &StandIn) -> Line {
        let StandIn { id, away, delegate, from, until } = one;
        let body = json!({ "stand_in": id, "delegate": delegate, "from": from, "until": until });
        Line { id: self.id(), what, subject: away.to_string(), body }
    }
}
