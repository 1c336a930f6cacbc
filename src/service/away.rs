//! What somebody says of themselves in chat: that they are away, that they are back, and that their
//! account is to be linked to them.

use countersign_port::access::{Identity, Refusal, RefusalKind, Word};

use super::Service;
use crate::{
    away::Unchanged,
    desk::Desk,
    domain::{
        card::refusal,
        id::PersonId,
        link::LIFE_SECONDS,
        stand_in::{Order, StandIn, day, end, shown_name},
    },
    law::Law,
};

impl Service {
    pub(super) async fn said(&self, word: &Word, by: &Identity) -> Result<String, Refusal> {
        let law = self.law_now().await.map_err(|error| unchanged(Unchanged::Database(error)))?;
        let person = law.people.owner_of(Some(by));
        let sentence = match (word, person) {
            (Word::Link, owner) => return self.link_by_code(&law, by, owner).await,
            (Word::Away { .. } | Word::Back, None) => {
                return Err(refusal::plain(RefusalKind::NotLinked));
            }
            (Word::Away { colleague, until }, Some(person)) => {
                self.go_away(&law, &person, (colleague, until)).await
            }
            (Word::Back, Some(person)) => self.come_back(&law, &person).await,
        };
        let sentence = sentence.map_err(unchanged)?;
        // It holds here at once, and at every other replica from its next click on.
        if let Err(error) = self.hear_people().await {
            tracing::warn!(%error, "what was arranged is in force from the next click on");
        }
        Ok(sentence)
    }

    async fn go_away(
        &self,
        law: &Law,
        away: &PersonId,
        (delegate, until): (&str, &str),
    ) -> Result<String, Unchanged> {
        let now = self.parts.clock.now();
        let order = Order { away, delegate, from: now, until: end(until, now)? };
        let StandIn { delegate, until, .. } = self.desk(law).arrange(away.as_str(), order).await?;
        let (name, until) = (shown_name(&delegate, &law.people), day(until));
        Ok(format!(
            "{name} may decide for you until {until}, where no guardrail forbids it. \
             You can still decide yourself. Say “back” to end it."
        ))
    }

    /// Everything that is said is for whoever holds the account: the code proves that they do.
    async fn link_by_code(
        &self,
        law: &Law,
        by: &Identity,
        owner: Option<PersonId>,
    ) -> Result<String, Refusal> {
        if let Some(owner) = owner {
            return Ok(format!("It is linked to {}.", shown_name(&owner, &law.people)));
        }
        let code = self.desk(law).make_code(by).await;
        let code = code.map_err(|error| unchanged(Unchanged::Database(error)))?.words();
        let minutes = LIFE_SECONDS / 60;
        Ok(format!(
            "Your code is {code}, good once, for {minutes} minutes. Read it out to an operator who knows \
             you; they link your account with: countersign people link {code} --to YOUR-KEY"
        ))
    }

    async fn come_back(&self, law: &Law, away: &PersonId) -> Result<String, Unchanged> {
        let StandIn { delegate, .. } = self.desk(law).come_back(away.as_str(), away).await?;
        let name = shown_name(&delegate, &law.people);
        Ok(format!("Welcome back. {name} does not decide for you any more."))
    }

    fn desk<'a>(&'a self, law: &'a Law) -> Desk<'a> {
        let parts = &self.parts;
        Desk { store: &parts.store, law, seeds: &parts.seeds, now: parts.clock.now() }
    }
}

fn unchanged(why: Unchanged) -> Refusal {
    match why {
        Unchanged::Fault(fault) => refusal::not_arranged(&fault),
        Unchanged::Database(error) => {
            tracing::error!(%error, "what somebody said of themselves could not be written down");
            refusal::plain(RefusalKind::Unavailable)
        }
    }
}
