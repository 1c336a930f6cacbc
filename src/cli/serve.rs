//! `countersign serve`: one running service, until it is told to stop.

use clap::Args;

use super::{ConfigFile, End, Failure, output};
use crate::{
    adapters::{self, Adapters},
    clock::{Clock, Seeds},
    law::{Law, Sources},
    logging,
    means::Means,
    outbox::pace::Pace,
    reload::{Files, Reload},
    server::{Server, Setup},
    signals::{self, Hangups},
};

/// What to serve.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    file: ConfigFile,
}

/// Serves until SIGTERM or ctrl-c.
pub async fn run(serve: Serve) -> Result<End, Failure> {
    logging::start();
    let mut config = output::config(&serve.file.config)?;
    let sources = Sources::read(&config.policy, &config.catalogue, &config.people)?;
    let law = Law::parse(&sources, &adapters::known(&config))
        .map_err(|faulty| output::law_faults(&faulty))?;
    let means = Means::open(&mut config, Clock::system(), Seeds::system()).await?;
    let Adapters { chats, directories, pages } = adapters::connect(&config, &law.people, &means)?;
    for warning in law.warnings().iter().map(|finding| &finding.diagnostic) {
        tracing::warn!(
            code = warning.code,
            line = warning.span.line,
            "policy: {}",
            warning.message
        );
    }
    let files = Files {
        policy: config.policy.clone(),
        catalogue: config.catalogue.clone(),
        people: config.people.clone(),
        known: adapters::known(&config),
    };
    let setup = Setup { config, means, law, chats, directories, pace: Pace::Chat };
    // Before anybody can know that it runs: who has seen it ready may ask it to stop.
    let (stop, hangups) = (signals::stop()?, Hangups::hear()?);
    let server = Server::start(setup, |_| pages).await?;
    let reload = Reload::new(server.app(), files, sources);
    reload.begin().await?;
    server.app().also(reload.run(hangups));
    tracing::info!(address = %server.address(), "listening");
    stop.await;
    tracing::info!("stopping");
    server.stop().await;
    Ok(End::Yes)
}
