//! A folder with a configuration and the three files, and the commands that are run in it.

use std::{fs, path::Path};

use serde_json::Value;

use crate::running::{Running, Said, run};

/// What stands in the files unless a story writes something else.
const POLICY: &str = include_str!("../../../adapters/sandbox/demo/policy.yaml");
const CATALOGUE: &str = include_str!("../../../adapters/sandbox/demo/catalogue.yaml");
const PEOPLE: &str = include_str!("../../../adapters/sandbox/demo/people.yaml");

/// Somebody's desk, with the demo's company on it.
pub(super) struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    pub(super) fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.write("policy.yaml", POLICY);
        desk.write("catalogue.yaml", CATALOGUE);
        desk.write("people.yaml", PEOPLE);
        desk.keep_in(&format!("sqlite:{}", desk.path("it.db")));
        desk
    }

    /// Has the configuration name another database.
    pub(super) fn keep_in(&self, database: &str) {
        self.write(
            "countersign.yaml",
            &format!(
                "listen: 127.0.0.1:0\npublic_url: https://countersign.example\ndatabase: \"{database}\"\nsandbox: {{ key: {{ env: SANDBOX_KEY }}, channels: \
                 [platform, shop-approvals, payments, security, incident] }}\nclients:\n  - \
                 {{ id: shop-admin, name: Shop Admin, webhook_secret: {{ env: WEBHOOK_SECRET }}, \
                 scopes: [\"*\"], trust: trusted }}\n"
            ),
        );
    }

    /// The policy of the company.
    pub(super) fn policy() -> &'static str {
        POLICY
    }

    /// Its people.
    pub(super) fn people() -> &'static str {
        PEOPLE
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Runs `countersign policy …`.
    pub(super) async fn policy_command(&self, arguments: &[&str]) -> Said {
        self.command(&[&["policy"], arguments].concat()).await
    }

    /// Runs `countersign …`.
    pub(super) async fn command(&self, arguments: &[&str]) -> Said {
        run(arguments, &self.environment()).await
    }

    /// Starts `countersign serve`.
    pub(super) fn serve(&self) -> Running {
        Running::start(Path::new(&self.path("countersign.yaml")), &self.environment())
    }

    fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("SANDBOX_KEY", "k".repeat(43)),
            ("WEBHOOK_SECRET", crate::receiver::SECRET.to_owned()),
            ("COUNTERSIGN_CONFIG", self.path("countersign.yaml")),
        ]
    }
}

/// Every line of data as JSON.
pub(super) fn lines(said: &Said) -> Vec<Value> {
    said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
