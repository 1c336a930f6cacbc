//! A PostgreSQL for one run: its own folder, a free port on the loopback, gone at the end. It never
//! touches a server or a cluster that was there before.

use std::{
    fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    command,
    loopback::free_address,
    outcome::{During, Outcome, fail, skip},
    workshop::{Workshop, is_root},
};

const START_LIMIT: Duration = Duration::from_secs(30);
const FOLDER_PREFIX: &str = "countersign-postgres-";

/// Whether a commit reaches the disk.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Durability {
    /// No fsync: for tests, where a lost machine loses nothing.
    None,
    /// As in production: for measurements, which would be a lie without it.
    Full,
}

/// A running server, stopped and removed when dropped.
#[derive(Debug)]
pub(crate) struct Postgres {
    url: String,
    folder: PathBuf,
    account: Account,
    programs: PathBuf,
    server: Child,
}

/// The account it runs under: the server refuses to run as root.
#[derive(Debug, Clone, Copy)]
enum Account {
    Ours,
    Borrowed { uid: u32, gid: u32 },
}

impl Postgres {
    /// Makes a cluster and starts a server on it.
    pub(crate) fn start(shop: &Workshop, durability: Durability) -> Outcome<Self> {
        let programs = programs(shop)?;
        let account = account()?;
        remove_abandoned()?;
        let folder = std::env::temp_dir().join(format!("{FOLDER_PREFIX}{}", std::process::id()));
        fs::create_dir(&folder).during(folder.display())?;
        account.take_over(&folder)?;
        make_cluster(&programs, account, &folder)?;
        let port = free_address()?.port();
        let server = spawn(&programs, account, &folder, port, durability)?;
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let mut postgres = Self { url, folder, account, programs, server };
        postgres.wait_until_ready(port)?;
        anstream::println!("PostgreSQL for this run: {}", postgres.url);
        Ok(postgres)
    }

    /// The superuser's address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn wait_until_ready(&mut self, port: u16) -> Outcome<()> {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if self.server.try_wait().during("wait for PostgreSQL")?.is_some() {
                break;
            }
            let mut ask = Command::new(self.programs.join("pg_isready"));
            ask.args(["--quiet", "--host=127.0.0.1"]).arg(format!("--port={port}"));
            if ask.status().during("pg_isready")?.success() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        fail(format!("PostgreSQL did not start; its log says:\n{log}"))
    }
}

impl Drop for Postgres {
    /// Best effort: what stays behind is removed by the next run.
    fn drop(&mut self) {
        let mut stop = self.account.command(&self.programs.join("pg_ctl"));
        stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"]).arg(data(&self.folder));
        if !stop.status().is_ok_and(|status| status.success()) {
            drop(self.server.kill());
        }
        drop(self.server.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}

impl Account {
    /// The program under this account; where the system can, it stops with us, however we end.
    fn command(self, program: &Path) -> Command {
        let Some(setpriv) = command::find("setpriv") else { return Command::new(program) };
        let mut command = Command::new(setpriv);
        command.arg("--pdeathsig=INT");
        match self {
            Self::Ours => {}
            Self::Borrowed { uid, gid } => {
                command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}"));
                command.arg("--clear-groups").current_dir("/");
            }
        }
        command.arg(program);
        command
    }

    fn take_over(self, folder: &Path) -> Outcome<()> {
        match self {
            Self::Ours => Ok(()),
            Self::Borrowed { uid, gid } => {
                chown(folder, Some(uid), Some(gid)).during(folder.display())
            }
        }
    }
}

/// As root we borrow an account; as anybody else we are one already.
fn account() -> Outcome<Account> {
    if !is_root()? {
        return Ok(Account::Ours);
    }
    if command::find("setpriv").is_none() {
        return skip("PostgreSQL refuses to run as root: install util-linux (for `setpriv`)");
    }
    let accounts = fs::read_to_string("/etc/passwd").during("/etc/passwd")?;
    match ["postgres", "nobody"].into_iter().find_map(|name| borrow(&accounts, name)) {
        Some(account) => Ok(account),
        None => skip("PostgreSQL refuses to run as root, and there is no account `postgres`"),
    }
}

fn borrow(accounts: &str, name: &str) -> Option<Account> {
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut numbers = line.split(':').skip(2).map(str::parse);
    Some(Account::Borrowed { uid: numbers.next()?.ok()?, gid: numbers.next()?.ok()? })
}

/// A run that was killed could not tidy up: its folder is named after a process that is no more.
fn remove_abandoned() -> Outcome<()> {
    if !Path::new("/proc/self").exists() {
        return Ok(());
    }
    for entry in fs::read_dir(std::env::temp_dir()).during("list the temporary folder")?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(owner) = name.strip_prefix(FOLDER_PREFIX) else { continue };
        let alive = Path::new("/proc").join(owner).exists();
        if owner == std::process::id().to_string() || !alive {
            fs::remove_dir_all(entry.path()).during(entry.path().display())?;
        }
    }
    Ok(())
}

/// The folder of the server's programs.
fn programs(shop: &Workshop) -> Outcome<PathBuf> {
    if let Some(folder) = installed() {
        return Ok(folder);
    }
    shop.install("postgresql", "PostgreSQL")?;
    match installed() {
        Some(folder) => Ok(folder),
        None => fail("the package postgresql brought no server"),
    }
}

/// Debian keeps the server's programs off the search path, one folder a version.
fn installed() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.sort();
    folders.extend(command::find("initdb").and_then(|path| path.parent().map(Path::to_path_buf)));
    let complete = |folder: &PathBuf| {
        ["initdb", "postgres", "pg_ctl", "pg_isready"]
            .iter()
            .all(|name| folder.join(name).is_file())
    };
    folders.into_iter().rfind(complete)
}

fn make_cluster(programs: &Path, account: Account, folder: &Path) -> Outcome<()> {
    let mut initdb = account.command(&programs.join("initdb"));
    initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]);
    initdb.args(["--no-sync", "--pgdata"]).arg(data(folder)).stdout(Stdio::null());
    command::run(&mut initdb)
}

fn spawn(
    programs: &Path,
    account: Account,
    folder: &Path,
    port: u16,
    durability: Durability,
) -> Outcome<Child> {
    let log = fs::File::create(folder.join("log")).during("PostgreSQL's log")?;
    let mut server = account.command(&programs.join("postgres"));
    server.arg("-D").arg(data(folder)).arg("-k").arg(folder).arg("-p").arg(port.to_string());
    server.args(["-h", "127.0.0.1", "-c", "max_connections=200"]);
    match durability {
        Durability::Full => {}
        Durability::None => {
            server.args(["-c", "fsync=off", "-c", "synchronous_commit=off"]);
            server.args(["-c", "full_page_writes=off"]);
        }
    }
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    server.spawn().during("start PostgreSQL")
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str = "root:x:0:0::/root:/bin/sh\npostgres:x:101:104::/:/bin/sh\nodd:x\n";

    #[test]
    fn an_account_is_borrowed_by_its_numbers() {
        let account = borrow(ACCOUNTS, "postgres");
        assert!(matches!(account, Some(Account::Borrowed { uid: 101, gid: 104 })));
    }

    #[test]
    fn an_unknown_or_broken_account_is_not_borrowed() {
        assert!(borrow(ACCOUNTS, "nobody").is_none());
        assert!(borrow(ACCOUNTS, "odd").is_none());
    }
}
