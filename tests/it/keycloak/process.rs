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

struct Site {
    folder: tempfile::TempDir,
    fake: Fake,
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
        let own = fake.issuer();
        let base = own.split("/realms/").next().unwrap();
        let config = format!(
            r#"
listen: 127.0.0.1:0
database: "sqlite:{}"
encryption_key: {{ env: ENCRYPTION_KEY }}
clients:
  - id: shop-admin
    api_keys: [{{ env: API_KEY }}]
    scopes: ["*"]
    trust: trusted
    tokens: [{{ issuer: "{issuer}", client_id: shop-admin }}]
keycloak: [{{ name: main, issuers: ["{issuer}"], base_url: "{base}", path_secret: {{ env: KEYCLOAK_PATH }} }}]
egress: {{ allow: [127.0.0.1/32] }}
sandbox: {{ key: {{ env: SANDBOX_KEY }}, channels: [{}] }}
"#,
            folder.path().join("it.db").display(),
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
    let (config, environment) = (site.config.clone(), site.environment.clone());
    let start = move || Running::start(&config, &environment);
    let running = tokio::task::spawn_blocking(start).await.unwrap();
    site.fake.connect(&format!("{}/keycloak/main/{KEYCLOAK_PATH}", running.url));
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
