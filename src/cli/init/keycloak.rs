//! A connection to Keycloak beside whatever chat product there is, and what to set there. The secret of
//! the address is in a file, and never on the screen.

use clap::Args;
use serde_json::json;

use super::{Contents, Failure, Readers};
use crate::adapters;

const SECTION: &str = include_str!("keycloak.yaml");
const OPTIONS: &str = include_str!("keycloak.txt");

const PATH_SECRET: &str = "secrets/keycloak-path.key";
const ENCRYPTION_KEY: &str = "secrets/encryption.key";

/// What to write for Keycloak.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Wanted {
    /// Let clients of Keycloak ask: the issuer of their realm, `https://sso.example.com/realms/acme`.
    #[arg(long, value_name = "REALM")]
    pub keycloak: Option<String>,
    /// The client at Keycloak that is the first client here.
    #[arg(long, value_name = "ID", requires = "keycloak")]
    keycloak_client: Option<String>,
}

/// Secrets that nobody else has.
pub(super) struct Secrets {
    pub path: String,
    pub encryption: String,
}

/// The parts of the configuration.
#[derive(Default)]
pub(super) struct Connected {
    /// More sections.
    pub section: String,
    /// More of the first client.
    pub tokens: String,
    pub files: Vec<(&'static str, Contents, Readers)>,
    /// What to set at Keycloak.
    pub options: String,
}

/// `files` are those that are written anyway: there is one key for all that is sealed at rest.
pub(super) fn connect(
    wanted: &Wanted,
    public_url: &str,
    folder: &str,
    secrets: Secrets,
    files: &[(&'static str, Contents, Readers)],
) -> Result<Connected, Failure> {
    let Some(issuer) = &wanted.keycloak else { return Ok(Connected::default()) };
    let own = adapters::keycloak::issuer(issuer);
    let issuer = own.ok_or_else(|| {
        format!("`{issuer}` is no realm: its issuer ends in `/realms/` and a name")
    })?;
    let client = wanted.keycloak_client.as_deref().unwrap_or("first");
    let token = json!([{ "issuer": issuer, "client_id": client }]);
    let mut connected = Connected {
        section: SECTION.replace("{issuer}", &json!(issuer).to_string()),
        tokens: format!("\n    tokens: {token}"),
        files: vec![(PATH_SECRET, secrets.path.into(), Readers::Owner)],
        options: OPTIONS
            .replace("{public_url}", public_url.trim_end_matches('/'))
            .replace("{secret}", &format!("{folder}/{PATH_SECRET}"))
            .replace("{realm}", issuer.rsplit('/').next().unwrap_or_default())
            .replace("{client}", client),
    };
    if !files.iter().any(|(name, ..)| *name == ENCRYPTION_KEY) {
        connected.section.insert_str(0, "encryption_key: { file: secrets/encryption.key }\n");
        connected.files.push((ENCRYPTION_KEY, secrets.encryption.into(), Readers::Owner));
    }
    Ok(connected)
}
