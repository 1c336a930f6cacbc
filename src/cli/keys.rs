//! `countersign keys`: which keys there are and what each has sealed; sealing anew under another.

use std::sync::Arc;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use secrecy::ExposeSecret;

use super::{ConfigFile, End, Failure, output, table};
use crate::{
    clock::{Clock, Seeds},
    reseal,
    seal::{KeyId, KeyRing},
    signing::{Shown, SigningKeys},
    store::{Store, reseal::Kept},
};

/// What to do with the keys.
#[derive(Debug, Args)]
pub struct Keys {
    #[command(flatten)]
    file: ConfigFile,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// The keys of `encryption_key` with what each has sealed, and the keys that sign.
    List,
    /// Seal everything anew under the first key of `encryption_key`. The service may run; what was
    /// stopped goes on where it was.
    Rotate,
    /// Give up all that a lost key has sealed, and make a new key that signs. There is no way back.
    GiveUp {
        /// The key, as `list` and the refusal to start name it.
        key: KeyId,
    },
}

/// Does it, on the database itself.
pub async fn run(keys: Keys) -> Result<End, Failure> {
    let config = output::config(&keys.file.config)?;
    let store = Store::existing(config.database.expose_secret()).await?;
    let ring = Arc::new(KeyRing::new(config.encryption_keys));
    match keys.act {
        Act::List => list(&store, ring).await?,
        Act::Rotate => rotate(&store, &ring).await?,
        Act::GiveUp { key } => give_up(&store, ring, key).await?,
    }
    store.close().await;
    Ok(End::Yes)
}

async fn list(store: &Store, ring: Arc<KeyRing>) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for (number, id) in ring.ids().enumerate() {
        let id = id.to_string();
        let mut sealed = Vec::new();
        for kept in Kept::ALL {
            let by_key = store.sealed_by(kept).await?;
            let count = by_key.iter().find(|(key, _)| *key == id).map_or(0, |(_, count)| *count);
            if count > 0 {
                let (one, many) = kept.words();
                sealed.push(output::count(count, one, many));
            }
        }
        let role = match (number, sealed.is_empty()) {
            (0, _) => "seals",
            (_, false) => "opens: run `countersign keys rotate`",
            (_, true) => "may be taken out",
        };
        let sealed = if sealed.is_empty() { "nothing".to_owned() } else { sealed.join(", ") };
        rows.push(vec![id, role.to_owned(), sealed]);
    }
    for one in reseal::missing(store, &ring).await? {
        let role = "is missing: put it back, or run `countersign keys give-up`";
        rows.push(vec![one.key, role.to_owned(), one.sealed]);
    }
    let is_whole = rows.len() == ring.ids().count();
    table::print(&["key", "it", "sealed"], &rows);
    if !is_whole {
        return Ok(());
    }
    let signing = SigningKeys::new(store.clone(), ring, Clock::system(), Seeds::system());
    let shown = signing.shown().await?;
    if !shown.is_empty() {
        output::data("");
        let row = |key: Shown| vec![key.kid, key.standing.to_owned(), key.since.to_string()];
        let rows: Vec<Vec<String>> = shown.into_iter().map(row).collect();
        table::print(&["signing key", "it", "since"], &rows);
    }
    Ok(())
}

async fn rotate(store: &Store, ring: &KeyRing) -> Result<(), Failure> {
    let bar = progress(reseal::outstanding(store, ring).await?);
    let done = reseal::reseal(store, ring, &Seeds::system(), || bar.inc(1)).await;
    bar.finish_and_clear();
    let rows = output::count(done?, "row was", "rows were");
    output::talk(&format!("{rows} sealed anew under `{}`", ring.first()?));
    match reseal::outstanding(store, ring).await? {
        0 => Ok(()),
        // A process with the old ring has written meanwhile.
        left => {
            let rows = output::count(left, "row", "rows");
            Err(format!("{rows} more came: restart every replica with the new first key, then run this again").into())
        }
    }
}

/// What was signed stays good: the public halves of the signing keys stand.
async fn give_up(store: &Store, ring: Arc<KeyRing>, key: KeyId) -> Result<(), Failure> {
    ring.first()?;
    if ring.has(key).is_ok() {
        return Err(format!(
            "`{key}` is in `encryption_key`, so nothing is lost: `countersign keys rotate` seals anew what it has sealed"
        )
        .into());
    }
    let lost = reseal::missing(store, &ring).await?;
    let lost = lost.into_iter().find(|one| one.key == key.to_string());
    let lost = lost.ok_or_else(|| format!("nothing is sealed with a key `{key}`"))?;
    store.give_up_sealed(&lost.key).await?;
    output::talk(&format!("given up: {}, sealed with `{key}`", lost.sealed));
    if reseal::missing(store, &ring).await?.is_empty() {
        SigningKeys::new(store.clone(), ring, Clock::system(), Seeds::system()).renew().await?;
        output::talk("there is a key that signs; install by link again what was installed by link");
    }
    Ok(())
}

/// On stderr, and only where that is a terminal.
fn progress(rows: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(rows), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} rows, {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
