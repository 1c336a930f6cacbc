//! `countersign people away` and `back`: who decides for somebody while they are away. It holds at
//! every replica from its next click on.

use clap::Args;
use jiff::Timestamp;
use secrecy::ExposeSecret;

use crate::{
    adapters,
    away::Unchanged,
    cli::{ConfigFile, End, Failure, output},
    clock::{Clock, Seeds},
    desk::Desk,
    domain::{
        id::PersonId,
        stand_in::{Order, StandIn, day, end},
    },
    law::{Law, Sources},
    store::{Store, filter::Moment},
};

/// In the history: whoever may use the command line of the service.
pub(in crate::cli) const OPERATOR: &str = "operator";

/// Who is away, and who decides for them.
#[derive(Debug, Args)]
pub struct Away {
    #[command(flatten)]
    file: ConfigFile,
    /// Who is away, by the key of the people file.
    person: String,
    /// Who decides for them: the key or e-mail address of a colleague of the same group.
    #[arg(long)]
    to: String,
    /// Until when: a length such as `5d`, a last day such as `2026-12-24`, or an instant.
    #[arg(long)]
    until: String,
    /// From when; without it from now on. A day begins at midnight UTC.
    #[arg(long)]
    from: Option<Moment>,
}

/// Who is back.
#[derive(Debug, Args)]
pub struct Back {
    #[command(flatten)]
    file: ConfigFile,
    /// Who is back, by the key of the people file.
    person: String,
}

/// What a command works with.
pub(super) struct Office {
    pub(super) law: Law,
    pub(super) store: Store,
    pub(super) now: Timestamp,
}

/// Arranges it.
pub(super) async fn leave(away: Away) -> Result<End, Failure> {
    let office = Office::open(&away.file).await?;
    let said = office.leave(&away).await;
    office.close(said).await
}

/// Ends it.
pub(super) async fn back(back: Back) -> Result<End, Failure> {
    let office = Office::open(&back.file).await?;
    let person = PersonId::from(back.person.as_str());
    let ended = office.desk(&Seeds::system()).come_back(OPERATOR, &person).await;
    let said = ended.map(|StandIn { away, delegate, .. }| {
        format!("{delegate} does not decide for {away} any more")
    });
    office.close(said).await
}

impl Office {
    pub(super) async fn open(file: &ConfigFile) -> Result<Self, Failure> {
        let config = output::config(&file.config)?;
        let sources = Sources::read(&config.policy, &config.catalogue, &config.people)?;
        let known = adapters::known(&config);
        let law = Law::parse(&sources, &known).map_err(|faulty| output::law_faults(&faulty))?;
        let store = Store::existing(config.database.expose_secret()).await?;
        let law = law.told(store.provisioned().await?.into());
        Ok(Self { law, store, now: Clock::system().now() })
    }

    async fn leave(&self, away: &Away) -> Result<String, Unchanged> {
        let order = Order {
            away: &PersonId::from(away.person.as_str()),
            delegate: &away.to,
            from: away.from.map_or(self.now, |from| from.0),
            until: end(&away.until, self.now)?,
        };
        let seeds = Seeds::system();
        let StandIn { away, delegate, until, .. } =
            self.desk(&seeds).arrange(OPERATOR, order).await?;
        Ok(format!("{delegate} may decide for {away} until {}", day(until)))
    }

    pub(super) fn desk<'a>(&'a self, seeds: &'a Seeds) -> Desk<'a> {
        Desk { store: &self.store, law: &self.law, seeds, now: self.now }
    }

    pub(super) async fn close<E>(self, said: Result<String, E>) -> Result<End, Failure>
    where
        Failure: From<E>,
    {
        self.store.close().await;
        output::data(&said?);
        Ok(End::Yes)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        away: Away,
    }

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        for (from, at) in [
            ("2026-12-24", "2026-12-24T00:00:00Z"),
            ("2026-12-24T08:30:00+01:00", "2026-12-24T07:30:00Z"),
        ] {
            let line = ["away", "erin", "--to", "gus", "--until", "5d", "--from", from];
            let away = Line::try_parse_from(line).expect("a line").away;
            assert_eq!(away.from.expect("a moment").0, at.parse().expect("an instant"), "{from}");
        }
    }
}
