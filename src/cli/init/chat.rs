//! What a configuration to start from holds of the chat product: where the first card goes, who may
//! press on it, which secrets there are, and what is left to do.

use super::{Contents, Readers};

const SANDBOX: &str = include_str!("sandbox.yaml");

/// The parts that depend on the product.
pub(super) struct Chat {
    /// Its section of the configuration.
    pub section: String,
    /// The address of the one channel, as in the policy.
    pub channel: String,
    /// The accounts of the two people, as in the people file.
    pub erin: String,
    pub dana: String,
    /// Further files: name, contents, readers.
    pub files: Vec<(&'static str, Contents, Readers)>,
    /// What is left to do before the service can start.
    pub before: &'static [&'static str],
    /// What is left to do while it runs; `{config}` stands for the path of the configuration.
    pub after: &'static [&'static str],
    /// What is said at the very end.
    pub farewell: String,
}

/// A workspace in the browser; there is nothing left to do.
pub(super) fn sandbox(key: String) -> Chat {
    let account = |user: &str| format!("sandbox: {{ team: demo, user: {user} }}");
    Chat {
        section: SANDBOX.to_owned(),
        channel: "sandbox: approvals".to_owned(),
        erin: account("erin"),
        dana: account("dana"),
        files: vec![("secrets/sandbox.key", key.into(), Readers::Owner)],
        before: &[],
        after: &[],
        farewell:
            "The workspace to click in is at /demo?k=<secrets/sandbox.key> of the same address."
                .to_owned(),
    }
}
