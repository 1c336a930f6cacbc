//! What somebody says of themselves in chat: that they are away, that they are back, and whose their
//! account is.

use countersign_port::access::{Identity, Press, Refusal, RefusalKind, Word};

use super::Service;
use crate::{
    away::Unchanged,
    desk::Desk,
    domain::{
        card::refusal,
        id::PersonId,
        link::{LIFE_SECONDS, Level},
        stand_in::{Order, StandIn, day, end, shown_name},
    },
    law::Law,
    linking::NotLinked,
};

impl Service {
    pub(super) async fn said(&self, word: &Word, by: &Identity) -> Result<String, Refusal> {
        let law = self.law_now().await.map_err(|error| unchanged(Unchanged::Database(error)))?;
        let person = law.people.owner_of(Some(by));
        let sentence = match (word, person) {
            (Word::Link { code: None }, owner) => return self.link_by_code(&law, by, owner).await,
            (Word::Link { code: Some(code) }, _) => {
                return self.confirm_link(&law, by, code).await;
            }
            (Word::Away { .. } | Word::Back, None) => {
                return Err(refusal::plain(RefusalKind::NotLinked));
            }
            (Word::Away { colleague, until }, Some(person)) => {
                self.go_away(&law, &person, (colleague, until)).await
            }
            (Word::Back, Some(person)) => self.come_back(&law, &person).await,
        };
        let sentence = sentence.map_err(unchanged)?;
        self.arranged().await;
        Ok(sentence)
    }

    /// It holds here at once, and at every other replica from its next click on.
    async fn arranged(&self) {
        if let Err(error) = self.hear_people().await {
            tracing::warn!(%error, "what was arranged is in force from the next click on");
        }
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
        let is_declared = law.people.level_of(by) == Level::Declared;
        if let Some(owner) = owner.as_ref().filter(|_| is_declared) {
            return Ok(format!("It is linked to {}.", shown_name(owner, &law.people)));
        }
        let code = self.desk(law).make_code(by).await;
        let code = code.map_err(|error| unchanged(Unchanged::Database(error)))?.words();
        let first = match (&owner, self.parts.sign_in.as_deref()) {
            (Some(owner), _) => {
                let name = shown_name(owner, &law.people);
                format!("It is linked to {name} by your sign-in. To have it declared as well: ")
            }
            (None, Some(page)) => format!(
                "Sign in at {page}, and say “link” here with the code that you are shown. Or without a \
                 sign-in: "
            ),
            (None, None) => String::new(),
        };
        let minutes = LIFE_SECONDS / 60;
        Ok(format!(
            "{first}Your code is {code}, good once, for {minutes} minutes. Read it out to an operator who \
             knows you; they link your account with: countersign people link {code} --to YOUR-KEY"
        ))
    }

    /// The code says who has signed in, and whoever types it holds the account.
    async fn confirm_link(&self, law: &Law, by: &Identity, code: &str) -> Result<String, Refusal> {
        let link = self.desk(law).confirm(by, code).await.map_err(|why| match why {
            NotLinked::Fault(fault) => refusal::not_arranged(&fault),
            NotLinked::Database(error) => unchanged(Unchanged::Database(error)),
        })?;
        self.arranged().await;
        let name = shown_name(&link.person, &law.people);
        Ok(format!("Your account is linked to {name} now. Its clicks count as theirs."))
    }

    /// Why the account of nobody does not count, and how it becomes somebody's. Whose it is by its
    /// address is written down once.
    pub(super) async fn unlinked(&self, law: &Law, press: &Press) -> Refusal {
        let proposed = press.email.as_deref().and_then(|email| law.people.proposed_by(email));
        let proposed = proposed.filter(|person| !law.barred().contains(&person.id));
        if let Some(person) = proposed {
            let links = &law.heard().provisioned.links;
            let is_known = links.iter().any(|link| link.account == press.by);
            if !is_known && let Err(error) = self.desk(law).propose(&press.by, &person.id).await {
                tracing::warn!(%error, "whose an account may be could not be written down");
            }
        }
        let name = proposed.map(|person| shown_name(&person.id, &law.people));
        refusal::unlinked(name.as_deref(), self.parts.sign_in.as_deref())
    }

    async fn come_back(&self, law: &Law, away: &PersonId) -> Result<String, Unchanged> {
        let StandIn { delegate, .. } = self.desk(law).come_back(away.as_str(), away).await?;
        let name = shown_name(&delegate, &law.people);
        Ok(format!("Welcome back. {name} does not decide for you any more."))
    }

    pub(super) fn desk<'a>(&'a self, law: &'a Law) -> Desk<'a> {
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
