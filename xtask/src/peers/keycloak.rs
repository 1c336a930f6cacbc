//! Whether the real Keycloak does what our fake does: the scenarios of its stories, told of a server
//! from Maven Central.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::place::Place;
use crate::{
    command,
    loopback::free_address,
    outcome::{During, Outcome, Stop, fail, skip},
    verdict,
    workshop::Workshop,
};

const VERSION: &str = "26.7.4";

/// It builds itself at the first start.
const START_LIMIT: Duration = Duration::from_mins(4);

/// What it says once it listens.
const STARTED: &str = "Listening on:";

/// The address that Keycloak asks at, but for host and port.
const CHANNEL: &str = "/keycloak/main/0123456789abcdef0123456789abcdef";

/// A running Keycloak.
struct Keycloak {
    process: Child,
}

/// Starts it, sets a realm up and tells the scenarios.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let place = Place::new(shop, "keycloak")?;
    let home = install(shop, &place)?;
    let (server, ours) = (free_address()?, free_address()?);
    let log = place.path("keycloak.log");
    let mut command = Command::new(home.join("bin/kc.sh"));
    command.arg("start-dev").arg("--import-realm");
    command.arg("--http-host=127.0.0.1").arg(format!("--http-port={}", server.port()));
    command.arg(format!("--hostname=http://{server}"));
    command.arg(format!(
        "--spi-ciba-auth-channel--ciba-http-auth-channel--http-authentication-channel-uri=\
         http://{ours}{CHANNEL}"
    ));
    command.env("JAVA_OPTS_KC_HEAP", "-Xms64m -Xmx512m");
    let began = Instant::now();
    let _keycloak = Keycloak::start(&mut command, &log)?;
    let took = began.elapsed().as_secs();
    let mut tests = shop.cargo();
    tests.args(["test", "--test", "it", "--", "--nocapture", "the_real_keycloak"]);
    tests.env("COUNTERSIGN_KEYCLOAK_ISSUER", format!("http://{server}/realms/acme"));
    tests.env("COUNTERSIGN_KEYCLOAK_LISTEN", ours.to_string());
    verdict::run(&mut tests)?;
    Ok(format!("Keycloak {VERSION}, started in {took} s, and the fake: one behaviour"))
}

/// The server and its realm, unpacked anew: nothing of an earlier run is left.
fn install(shop: &Workshop, place: &Place<'_>) -> Outcome<PathBuf> {
    let archive = place.path(&format!("keycloak-quarkus-dist-{VERSION}.tar.gz"));
    if !archive.exists() {
        download(shop, archive.parent().unwrap_or(Path::new(".")))?;
    }
    shop.program("java", "default-jre-headless")?;
    let home = place.path(&format!("keycloak-{VERSION}"));
    let data = home.join("data");
    if data.exists() {
        fs::remove_dir_all(&data).during(data.display())?;
    }
    if !home.exists() {
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(&archive).arg("-C").arg(home.parent().unwrap_or(Path::new(".")));
        command::run(&mut tar)?;
    }
    let import = data.join("import");
    fs::create_dir_all(&import).during(import.display())?;
    let realm = shop.root.join("tests/peers/keycloak/acme-realm.json");
    fs::copy(&realm, import.join("acme-realm.json")).during(realm.display())?;
    Ok(home)
}

fn download(shop: &Workshop, folder: &Path) -> Outcome<()> {
    let mut maven = Command::new(shop.program("mvn", "maven")?);
    maven.args(["--quiet", "--batch-mode", "dependency:copy"]);
    maven.arg(format!("-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:tar.gz"));
    maven.arg(format!("-DoutputDirectory={}", folder.display()));
    command::run(&mut maven).or_else(|stop| match stop {
        Stop::Fail(why) => skip(format!("real Keycloak: Maven does not bring it: {why}")),
        skipped @ Stop::Skip(_) => Err(skipped),
    })
}

impl Keycloak {
    fn start(command: &mut Command, log: &Path) -> Outcome<Self> {
        let file = File::create(log).during(log.display())?;
        command::show(command);
        command.stdin(Stdio::null()).stdout(file).stderr(Stdio::null());
        let mut keycloak = Self { process: command.spawn().during("start Keycloak")? };
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            let said = fs::read_to_string(log).during(log.display())?;
            if said.contains(STARTED) {
                return Ok(keycloak);
            }
            if let Some(status) = keycloak.process.try_wait().during("wait for Keycloak")? {
                return fail(format!("Keycloak ended with {status}\n{said}"));
            }
            thread::sleep(Duration::from_millis(200));
        }
        fail(format!("Keycloak did not start within {START_LIMIT:?}; see {}", log.display()))
    }
}

impl Drop for Keycloak {
    fn drop(&mut self) {
        // The script hands this on to the server, which it would leave behind if it were killed.
        drop(Command::new("kill").arg(self.process.id().to_string()).status());
        drop(self.process.wait());
    }
}
