//! A process of its own: what `doctor` says of a realm, and that a bearer stays where it belongs.

use std::{fs, path::PathBuf};

use countersign::clock::Clock;
use countersign_sandbox::demo;

use super::{fake::Fake, realm::Realm};
use crate::{
    office::{API_KEY, ENCRYPTION_KEY, KEYCLOAK_PATH},
    patience::until,
    running::{Running, run},
};

pub(super) struct Site {
    folder: tempfile::TempDir,
    pub(super) fake: Fake,
    config: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Site {
    async fn open() -> Self {
        let fake = Fake::start(Clock::system()).await;
        let issuer = fake.issuer();
        Self::of(fake, &issuer)
    }

    /// The demo's law, and a realm that is to have this issuer.
    fn of(fake: Fake, issuer: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("it.db").display());
        Self::at(&database, folder, fake, issuer)
    }

    /// The same, on a database of its own.
    pub(super) async fn on(database: &str) -> Self {
        let fake = Fake::start(Clock::system()).await;
        let issuer = fake.issuer();
        Self::at(database, tempfile::tempdir().unwrap(), fake, &issuer)
    }

    /// A process that Keycloak asks.
    pub(super) async fn serve(&self) -> Running {
        let (config, environment) = (self.config.clone(), self.environment.clone());
        let start = move || Running::start(&config, &environment);
        let running = tokio::task::spawn_blocking(start).await.unwrap();
        self.fake.connect(&format!("{}/keycloak/main/{KEYCLOAK_PATH}", running.url));
        running
    }

    fn at(database: &str, folder: tempfile::TempDir, fake: Fake, issuer: &str) -> Self {
        let own = fake.issuer();
        let base = own.split("/realms/").next().unwrap();
        let config = format!(
            r#"
listen: 127.0.0.1:0
database: "{database}"
encryption_key: {{ env: ENCRYPTION_KEY }}
clients:
  - id: shop-admin
    api_keys: [{{ env: API_KEY }}]
    scopes: ["*"]
    trust: trusted
    tokens: [{{ issuer: "{issuer}", client_id: shop-admin }}]
keycloak: [{{ name: main, issuers: ["{issuer}"], base_url: "{base}", realm_expires_in: 600, path_secret: {{ env: KEYCLOAK_PATH }} }}]
egress: {{ allow: [127.0.0.1/32] }}
sandbox: {{ key: {{ env: SANDBOX_KEY }}, channels: [{}] }}
"#,
            demo::CHANNELS.join(", "),
        );
        for (name, text) in [
            ("countersign.yaml", config.as_str()),
            ("policy.yaml", demo::POLICY),
            ("catalogue.yaml", demo::CATALOGUE),
            ("people.yaml", demo::PEOPLE),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let environment = vec![
            ("RUST_LOG", "trace".to_owned()),
            ("API_KEY", API_KEY.to_owned()),
            ("ENCRYPTION_KEY", ENCRYPTION_KEY.to_owned()),
            ("KEYCLOAK_PATH", KEYCLOAK_PATH.to_owned()),
            ("SANDBOX_KEY", "s".repeat(43)),
        ];
        let config = folder.path().join("countersign.yaml");
        Self { folder, fake, config, environment }
    }

    fn edit(&self, what: &str, by: &str) {
        let text = fs::read_to_string(&self.config).unwrap();
        assert!(text.contains(what), "{what}: {text}");
        fs::write(&self.config, text.replace(what, by)).unwrap();
    }

    async fn doctor(&self) -> (Option<i32>, String) {
        let config = self.config.to_str().unwrap();
        let migrated = run(&["migrate", "--config", config], &self.environment).await;
        assert_eq!(migrated.code, Some(0), "{migrated:?}");
        let said = run(&["doctor", "--config", config], &self.environment).await;
        (said.code, said.out)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_looks_at_the_realm() {
    let site = Site::open().await;
    let (code, said) = site.doctor().await;
    let line = format!("✔ Keycloak main, {}: it answers, by the same issuer", site.fake.issuer());
    assert!(said.contains(&line), "{said}");
    assert_eq!(code, Some(0), "{said}");

    // Two minutes are what a realm gives unless somebody raises it, and push is nothing to us.
    site.edit("realm_expires_in: 600, ", "");
    let (code, said) = site.doctor().await;
    assert!(said.contains("people have 120 seconds to decide"), "{said}");
    assert_eq!(code, Some(0), "worth a look, no more: {said}");
    site.edit("name: main", "name: main, realm_expires_in: 900, delivery: ping");
    let (_, said) = site.doctor().await;
    assert!(said.contains("it does not offer the delivery `ping`"), "{said}");

    // Keycloak calls itself otherwise: it would not believe its own bearers.
    let fake = Fake::start(Clock::system()).await;
    let (code, said) = Site::of(fake, "https://sso.example.com/realms/acme").doctor().await;
    assert!(said.contains("it calls itself"), "{said}");
    assert!(said.contains("docs/runbook/keycloak.md"), "{said}");
    assert_eq!(code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_is_nowhere_to_be_read() {
    let site = Site::open().await;
    let running = site.serve().await;
    let realm = Realm { issuer: site.fake.issuer() };
    // One is answered, by the policy itself; one waits for people.
    let answered = realm.ask(&[("scope", "openid report:read")]).await.unwrap();
    let waiting = realm.ask(&[]).await.unwrap();
    until("an answer", || (!site.fake.callbacks().is_empty()).then_some(())).await;
    assert!(realm.poll(&answered).await.is_ok());

    let log = tokio::task::spawn_blocking(|| running.stop()).await.unwrap();
    assert!(log.contains("answered"), "it logs at all: {log}");
    let kept = fs::read(site.folder.path().join("it.db")).unwrap();
    let kept = String::from_utf8_lossy(&kept);
    for id in [&answered, &waiting] {
        let bearer = site.fake.bearer(id);
        let signature = bearer.rsplit('.').next().unwrap();
        assert!(!log.contains(signature), "a bearer is in the log");
        assert!(!kept.contains(signature), "a bearer is in the database");
    }
    assert!(!log.contains(KEYCLOAK_PATH), "the secret of the path is in the log");
}
