//! Clicks in Slack: each is a vote, and every second one decides. A card is clicked once, as people
//! do. Beside it, round by round, the same is done in Teams, and Bolt is sent the very same bytes,
//! in each of its languages.

mod round;
mod silence;
mod teams;

use serde_json::json;

use self::round::{Peer, Rounds};
use crate::{
    bolt::{Bolt, Language},
    database::Engine,
    failure::Failure,
    report::{Bound, Report},
    tools::{Outside, Tools},
};

pub(super) async fn measure(
    tools: &Tools,
    outside: &Outside,
    report: &mut Report,
) -> Result<(), Failure> {
    for engine in &tools.engines {
        let install = |language| match engine {
            Engine::Sqlite => Bolt::install(language, tools),
            Engine::Postgres { .. } => Err("it is measured beside SQLite".to_owned()),
        };
        let mut bolts = Language::ALL.map(|one| (one, install(one), Peer::default()));
        let mut rounds = Rounds::default();
        let mut teams = teams::Rounds::default();
        for _ in 0..tools.scale.rounds() {
            let clicks = rounds.round(tools, outside, engine).await?;
            teams.round(tools, outside, engine).await?;
            for (_, bolt, peer) in &mut bolts {
                if let Ok(bolt) = bolt {
                    peer.round(tools, bolt, clicks.clone()).await?;
                }
            }
        }
        report.about(&format!("Clicks in Slack on {}", engine.name()), &json!({}))?;
        rounds.tell(report)?;
        teams.tell(&rounds.some, report)?;
        for (language, bolt, peer) in &bolts {
            match bolt {
                Ok(bolt) => judge(&rounds, bolt, peer, report)?,
                Err(why) => report.skipped(language.name(), why)?,
            }
        }
    }
    silence::measure(tools, outside, report).await
}

fn judge(rounds: &Rounds, bolt: &Bolt, peer: &Peer, report: &mut Report) -> Result<(), Failure> {
    let name = bolt.name();
    peer.tell(name, report)?;
    let times = rounds.one.over(&peer.one);
    report.goal("R4", &format!("1 connection, times {name}"), Bound::AtLeast(2.0), &times)?;
    let times = rounds.some.over(&peer.some);
    report.goal("R4", &format!("32 connections, times {name}"), Bound::AtLeast(8.0), &times)?;
    let share = rounds.some_p99_ms.over(&peer.some_p99_ms);
    report.goal("R4", &format!("32 connections: p99, of {name}'s"), Bound::AtMost(0.25), &share)
}
