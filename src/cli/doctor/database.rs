//! The database: whether it can be reached, fits this program and takes writes; what waits in it;
//! whether its secrets open; and its clock.

use countersign_port::finding::{Finding, Fix};
use secrecy::ExposeSecret;

use crate::{
    cli::output,
    clock::Clock,
    config::Config,
    memory,
    reseal::{self, Missing},
    seal::KeyRing,
    store::{OpenError, Store, backlog::Backlog, schema::Schema},
};

const OPERATOR: &str = "an operator";
const PAGE: &str = "database";

/// A clock further off is worth a look.
const NOTICEABLE_US: i64 = 2_000_000;
/// A clock further off makes times on cards wrong.
const TOO_FAR_US: i64 = 60_000_000;
/// What is due for longer is not being sent.
const LATE_US: i64 = 300_000_000;

/// Looks at it. The store is given on if its tables are those of this program.
pub(super) async fn examine(
    config: &Config,
    keys: &KeyRing,
    clock: &Clock,
    findings: &mut Vec<Finding>,
) -> Option<Store> {
    let (store, schema) = match open(config).await {
        Ok(opened) => opened,
        Err(finding) => {
            findings.push(finding);
            return None;
        }
    };
    findings.push(fits(schema));
    if schema != Schema::Current {
        store.close().await;
        return None;
    }
    findings.push(writable(store.check_writable().await));
    findings.push(sealed(&store, keys).await);
    findings.extend(clocks(&store, clock).await);
    findings.extend(waiting(store.backlog().await, clock.now().as_microsecond()));
    Some(store)
}

async fn open(config: &Config) -> Result<(Store, Schema), Finding> {
    let url = config.database.expose_secret();
    let store = Store::connect(url).await.map_err(|error| not_opened(&error))?;
    let schema = store.schema().await.map_err(|error| unreachable(&error))?;
    Ok((store, schema))
}

fn not_opened(error: &OpenError) -> Finding {
    if matches!(error, OpenError::Missing { .. }) {
        let how = "run this with the configuration of the service; a new one makes its \
            database when it starts";
        return Finding::bad("database", error.to_string(), by_operator(how, PAGE));
    }
    unreachable(error)
}

fn unreachable(error: &dyn std::error::Error) -> Finding {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    let how = "SQLite: does the folder exist, and may the service write to it? PostgreSQL: does \
        the server run, and are address, user and password right?";
    Finding::bad("database", format!("{error}{cause}"), by_operator(how, PAGE))
}

fn fits(schema: Schema) -> Finding {
    let what = "tables of the database";
    match schema {
        Schema::Current => Finding::good(what, "up to date"),
        Schema::Behind(missing) => {
            let missing = output::count(missing, "migration has", "migrations have");
            let means = format!("{missing} not been run: the service runs them when it starts");
            Finding::bad(what, means, by_operator("run `countersign migrate`", PAGE))
        }
        Schema::Ahead => {
            let means = "a newer version of this program has used the database";
            Finding::bad(what, means, by_operator("run the newer version", PAGE))
        }
    }
}

fn writable(result: Result<(), sqlx::Error>) -> Finding {
    let what = "writing to the database";
    match result {
        Ok(()) => Finding::good(what, "it takes writes"),
        Err(error) => {
            let how = "is the disk full, the file read-only, or the server a standby?";
            Finding::bad(
                what,
                format!("no click would be recorded: {error}"),
                by_operator(how, PAGE),
            )
        }
    }
}

async fn sealed(store: &Store, keys: &KeyRing) -> Finding {
    let what = "secrets at rest";
    match reseal::missing(store, keys).await {
        Ok(missing) if missing.is_empty() => {}
        Ok(missing) => {
            let said = |one: &Missing| format!("`{}` has sealed {}", one.key, one.sealed);
            let said: Vec<String> = missing.iter().map(said).collect();
            let means =
                format!("a key is missing, and the service will not start: {}", said.join("; "));
            let how = "put it back into `encryption_key`, behind the first; if it is lost for good, \
                run `countersign keys give-up`";
            return Finding::bad(what, means, by_operator(how, "sealed-secrets"));
        }
        Err(error) => return unreachable(&error),
    }
    match memory::open_all(store, keys).await {
        Ok(0) => Finding::good(what, "there are none"),
        Ok(count) => {
            let records = output::count(count, "record opens", "records open");
            Finding::good(what, records)
        }
        Err(lost) => {
            let how = "put the key that is missing back into `encryption_key`, behind the first; \
                what does not open at all has to be installed again";
            Finding::bad(what, lost.to_string(), by_operator(how, "sealed-secrets"))
        }
    }
}

async fn clocks(store: &Store, clock: &Clock) -> Vec<Finding> {
    let asked_us = clock.now().as_microsecond();
    let (server_us, high_water_us) = match times(store).await {
        Ok(times) => times,
        Err(error) => return vec![unreachable(&error)],
    };
    let answered_us = clock.now().as_microsecond();
    let mut findings = Vec::new();
    if let Some(server_us) = server_us {
        let off_us = (asked_us - server_us).max(server_us - answered_us);
        findings.push(apart("clock, against the database's", off_us));
    }
    let set_back_us = high_water_us - answered_us;
    findings.push(apart("clock, against what was done before", set_back_us));
    findings
}

async fn times(store: &Store) -> Result<(Option<i64>, i64), sqlx::Error> {
    Ok((store.server_time_us().await?, store.high_water().await?))
}

fn apart(what: &str, off_us: i64) -> Finding {
    let means = format!("they are {} s apart", off_us / 1_000_000);
    let fix = by_operator("switch on time synchronisation (NTP) on every machine", "clock");
    if off_us <= NOTICEABLE_US {
        Finding::good(what, "the two agree")
    } else if off_us <= TOO_FAR_US {
        Finding::poor(what, means, fix)
    } else {
        Finding::bad(what, means, fix)
    }
}

fn waiting(backlog: Result<Backlog, sqlx::Error>, now_us: i64) -> Vec<Finding> {
    let backlog = match backlog {
        Ok(backlog) => backlog,
        Err(error) => return vec![unreachable(&error)],
    };
    vec![late(backlog, now_us), given_up(backlog.dead)]
}

fn late(backlog: Backlog, now_us: i64) -> Finding {
    let what = "cards and callbacks that wait";
    match backlog.oldest_us.map(|oldest_us| now_us - oldest_us) {
        Some(late_us @ LATE_US..) => {
            let minutes = late_us / 60_000_000;
            let means = format!("the oldest was due {minutes} min ago: nobody sends them");
            let how = "does the service run? If so, its log says why it does not send";
            Finding::bad(what, means, by_operator(how, "nothing-is-sent"))
        }
        Some(_) => Finding::good(what, "they are sent in time"),
        None => Finding::good(what, "there are none"),
    }
}

fn given_up(dead: i64) -> Finding {
    let what = "cards and callbacks that were given up";
    if dead == 0 {
        return Finding::good(what, "there are none");
    }
    let how = "`countersign outbox list` shows them with their causes, `countersign outbox \
        redrive` sends callbacks again";
    Finding::poor(what, format!("there are {dead}"), by_operator(how, "callback-given-up"))
}

fn by_operator(how: &str, page: &'static str) -> Fix {
    Fix { who: OPERATOR, how: how.to_owned(), page }
}
