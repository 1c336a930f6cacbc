//! `countersign clock`: what time this machine has, the database server, and whoever acted last; and
//! the way back where that was by a clock that was wrong.

use clap::Args;
use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::{ConfigFile, End, Failure, output, table};
use crate::{
    clock::{AGREEMENT_US, Clock},
    store::Store,
};

/// Which database, and what to do.
#[derive(Debug, Args)]
pub struct Clocks {
    #[command(flatten)]
    file: ConfigFile,
    /// Forget that anybody acted on a later time than the clocks have now. What has expired by then
    /// stays expired. On SQLite the service has to be stopped.
    #[arg(long)]
    forget_later: bool,
}

/// What time it is, for whom, in microseconds.
struct Times {
    here: i64,
    server: Option<i64>,
    acted: i64,
}

/// Compares, and forgets if that is wanted.
pub async fn run(clocks: &Clocks) -> Result<End, Failure> {
    let config = output::config(&clocks.file.config)?;
    let store = Store::existing(config.database.expose_secret()).await?;
    let end = look(&store, clocks.forget_later).await;
    store.close().await;
    end
}

async fn look(store: &Store, forget_later: bool) -> Result<End, Failure> {
    let acted = store.high_water().await?;
    let here = Clock::system().raw_us();
    let times = Times { here, server: store.server_time_us().await?, acted };
    times.print()?;
    if !forget_later {
        return Ok(if times.agree() { End::Yes } else { End::No });
    }
    let to_us = times.present_us().ok_or(
        "the clocks of this machine and of the database server are apart: correct whichever is wrong \
         first",
    )?;
    if store.lower_high_water(to_us).await? {
        output::talk("the later time is forgotten");
    } else {
        output::talk("nobody acted on a later time");
    }
    Ok(End::Yes)
}

impl Times {
    fn print(&self) -> Result<(), Failure> {
        let mut rows = vec![("this machine", self.here)];
        rows.extend(self.server.map(|at| ("the database server", at)));
        rows.push(("acted on last", self.acted));
        let row = |(what, at_us): (&str, i64)| {
            let at = Timestamp::from_microsecond(at_us)?;
            Ok(vec![what.to_owned(), format!("{at:.0}")])
        };
        let rows = rows.into_iter().map(row).collect::<Result<Vec<_>, jiff::Error>>()?;
        table::print(&["clock", "time"], &rows);
        Ok(())
    }

    /// The time that it is, if the clocks agree on it.
    fn present_us(&self) -> Option<i64> {
        let server = self.server.unwrap_or(self.here);
        let apart_us = self.here.abs_diff(server);
        (apart_us <= AGREEMENT_US.unsigned_abs()).then(|| self.here.min(server))
    }

    fn agree(&self) -> bool {
        self.present_us().is_some_and(|now_us| self.acted - now_us <= AGREEMENT_US)
    }
}
