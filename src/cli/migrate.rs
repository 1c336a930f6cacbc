//! `countersign migrate`: bring the database up to date. `serve` does it too; this is for those who
//! want it done before.

use clap::Args;
use secrecy::ExposeSecret;

use super::{ConfigFile, End, Failure, output};
use crate::store::Store;

/// Which database.
#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    file: ConfigFile,
}

/// Brings it up to date.
pub async fn run(migrate: &Migrate) -> Result<End, Failure> {
    let config = output::config(&migrate.file.config)?;
    let store = Store::open(config.database.expose_secret()).await?;
    store.close().await;
    output::talk("the database is up to date");
    Ok(End::Yes)
}
