//! The files of the demo: a configuration like any other, with secrets made for this run alone.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_egress::{Settings, target::Allow};
use countersign_sandbox::demo as company;
use secrecy::SecretString;
use tempfile::TempDir;

use crate::{cli::Failure, clock::Seeds};

/// A folder that goes away with the process, and what is in it.
pub(super) struct Files {
    pub(super) config: PathBuf,
    pub(super) page_key: String,
    pub(super) service_url: String,
    pub(super) callback_endpoint: String,
    pub(super) api_key: SecretString,
    pub(super) resource_key: SecretString,
    pub(super) webhook_secret: String,
    _folder: TempDir,
}

impl Files {
    /// Writes everything.
    pub(super) fn write(
        seeds: &Seeds,
        service: SocketAddr,
        callbacks: SocketAddr,
    ) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("countersign-demo-").tempdir()?;
        let path = folder.path();
        let random = || hex::encode(seeds.seed().0);
        let api_key = format!("cs_demo_{}", random());
        let resource_key = format!("cs_bank_{}", random());
        let webhook_secret = format!("whsec_{}", STANDARD.encode(seeds.seed().0));
        let callback_endpoint = format!("http://{callbacks}/callback");
        write_secret(&path.join("api.key"), &api_key)?;
        write_secret(&path.join("webhook.key"), &webhook_secret)?;
        write_secret(&path.join("bank.key"), &resource_key)?;
        write_secret(&path.join("encryption.key"), &STANDARD.encode(seeds.seed().0))?;
        fs::write(path.join("policy.yaml"), company::POLICY)?;
        fs::write(path.join("catalogue.yaml"), company::CATALOGUE)?;
        fs::write(path.join("people.yaml"), company::PEOPLE)?;
        let config = path.join("countersign.yaml");
        fs::write(&config, configuration(path, service, &callback_endpoint))?;
        Ok(Self {
            config,
            page_key: random(),
            service_url: format!("http://{service}"),
            callback_endpoint,
            api_key: api_key.into(),
            resource_key: resource_key.into(),
            webhook_secret,
            _folder: folder,
        })
    }

    /// The sample OAuth server may call this machine and nothing else.
    pub(super) fn egress() -> Result<Settings, Failure> {
        let networks = vec!["127.0.0.1/32".parse()?];
        Ok(Settings { allow: Allow { networks, ports: Vec::new() }, ..Settings::default() })
    }
}

fn configuration(folder: &Path, service: SocketAddr, callback_endpoint: &str) -> String {
    let database = folder.join("demo.db");
    let (id, name, bank) = (company::CLIENT_ID, company::CLIENT_NAME, company::BANK);
    format!(
        "listen: {service}
public_url: http://{service}
database: \"sqlite:{}\"
encryption_key: {{ file: encryption.key }}
policy: policy.yaml
catalogue: catalogue.yaml
people: people.yaml
clients:
  - id: {id}
    name: {name}
    api_keys: [{{ file: api.key }}]
    webhook_secret: {{ file: webhook.key }}
    callbacks: [\"{callback_endpoint}\"]
    scopes: [\"*\"]
    trust: trusted
    tell_requester: true
resource_servers: [{{ id: \"{bank}\", api_keys: [{{ file: bank.key }}] }}]
egress: {{ allow: [127.0.0.1/32] }}
",
        database.display(),
    )
}

/// Nobody else on the machine may read it.
fn write_secret(path: &Path, secret: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(secret.as_bytes())
}
