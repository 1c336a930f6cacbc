//! `countersign doctor`: whether all is well, in words for people who do not write code. Sends no
//! card and no callback, and brings no table up to date.

pub(super) mod chats;
pub(super) mod providers;
mod callbacks;
mod database;
mod files;
mod report;

use clap::Args;
use countersign_egress::Egress;
use countersign_port::finding::Finding;

use super::{ConfigFile, End, Failure};
use crate::{
    adapters::{self, Adapters},
    clock::{Clock, Seeds},
    config::Config,
    law::Law,
    means::Means,
    seal::KeyRing,
};

/// What to look at.
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    file: ConfigFile,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Asks the chat products and directories about what a law names, and nothing else. Where the
/// database is not well they cannot be asked: it says so instead.
pub(super) async fn outside(mut config: Config, law: &Law) -> Result<Vec<Finding>, Failure> {
    let egress = Egress::new(std::mem::take(&mut config.egress))?;
    let keys = KeyRing::new(std::mem::take(&mut config.encryption_keys));
    let (clock, seeds) = (Clock::system(), Seeds::system());
    let mut findings = Vec::new();
    let Some(store) = database::examine(&config, &keys, &clock, &mut findings).await else {
        return Ok(findings);
    };
    let means = Means { store, egress, keys: keys.into(), clock, seeds };
    findings.clear();
    let adapters = adapters::connect(&config, &law.people, &means)?;
    ask(&config, law, &adapters, &means, &mut findings).await?;
    means.store.close().await;
    Ok(findings)
}

/// Looks at everything, whatever is wrong with the rest.
pub async fn run(doctor: Doctor) -> Result<End, Failure> {
    let mut findings = Vec::new();
    if let Some(config) = files::configuration(&doctor.file.config, &mut findings) {
        examine(config, &mut findings).await?;
    }
    report::write(&findings, doctor.json)?;
    Ok(if report::is_well(&findings) { End::Yes } else { End::No })
}

async fn examine(mut config: Config, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let law = files::law(&config, findings);
    let egress = Egress::new(std::mem::take(&mut config.egress))?;
    let keys = KeyRing::new(std::mem::take(&mut config.encryption_keys));
    let clock = Clock::system();
    let store = database::examine(&config, &keys, &clock, findings).await;
    callbacks::examine(&config.clients, &egress, findings).await;
    let (Some(law), Some(store)) = (law, store) else {
        findings.push(chats::not_looked_at());
        return Ok(());
    };
    let seeds = Seeds::system();
    let means = Means { store, egress, keys: keys.into(), clock, seeds };
    look_outside(&config, &law, &means, findings).await?;
    means.store.close().await;
    Ok(())
}

async fn look_outside(
    config: &Config,
    law: &Law,
    means: &Means,
    findings: &mut Vec<Finding>,
) -> Result<(), Failure> {
    let adapters = adapters::connect(config, &law.people, means)?;
    if let Some(delegator) =
        adapters::keycloak::delegator(&config.keycloak, &means.egress, &means.clock)
    {
        findings.extend(delegator.examine().await);
    }
    if let Some(hydra) = &config.hydra {
        findings.extend(adapters::hydra::examine(hydra, &means.egress).await?);
    }
    if let Some(sign_in) = &config.sign_in {
        findings.push(adapters::sign_in::examine(sign_in, means).await);
    }
    ask(config, law, &adapters, means, findings).await
}

/// Asks about the channels, groups and people of a law.
async fn ask(
    config: &Config,
    law: &Law,
    adapters: &Adapters,
    means: &Means,
    findings: &mut Vec<Finding>,
) -> Result<(), Failure> {
    for chat in &adapters.chats {
        findings.extend(chat.examine(&chats::channels(law, chat.platform())).await);
        findings.extend(chat.examine_accounts(&chats::accounts(law, chat.platform())).await);
    }
    chats::directories(law, &adapters.directories, findings).await;
    let known = adapters::known(config);
    providers::examine(law, &known.providers, &means.store, findings).await?;
    Ok(())
}
