//! The configuration: one YAML file and what the environment overrides, read once at the start.
//! Nothing else in the program reads the environment. `config.default.yaml` is its manual.

mod actor;
pub mod api_key;
mod callback_token;
pub mod client;
pub mod deputy;
mod directory;
pub mod environment;
mod hydra;
pub mod issuer;
pub mod keycloak;
pub mod page;
mod outbound;
mod place;
mod scim;
mod sign_in;
pub mod sandbox;
pub mod secret;
pub mod slack;
pub mod teams;
#[cfg(test)]
mod tests;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use self::{
    client::{Around, Auditor, Integrator, Provider, ResourceServer},
    environment::Environment,
    issuer::Issuer,
    page::Page,
    sandbox::Workspace,
    secret::EncryptionKey,
};
use crate::domain::{
    diagnostic::Diagnostic,
    yaml::{
        self, Node,
        read::{self, Faults, Members},
    },
};

/// The file that documents every key.
pub const DEFAULT: &str = include_str!("config.default.yaml");

/// Everything that an operator decides.
#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// How the world reaches this service; without a slash at its end.
    pub public_url: String,
    pub database: SecretString,
    /// The first seals, all open. Empty where nothing has to be sealed.
    pub encryption_keys: Vec<EncryptionKey>,
    pub policy: PathBuf,
    pub catalogue: PathBuf,
    pub people: PathBuf,
    pub clients: Vec<Integrator>,
    pub auditors: Vec<Auditor>,
    /// Who may redeem credentials.
    pub resource_servers: Vec<ResourceServer>,
    pub issuers: Vec<Issuer>,
    /// Servers that hand decisions over.
    pub keycloak: Vec<countersign_keycloak::settings::Connection>,
    /// The server whose consent page waits here.
    pub hydra: Option<countersign_hydra::settings::Settings>,
    /// Where people sign in to link their accounts.
    pub sign_in: Option<countersign_sign_in::settings::Settings>,
    /// Who tells us of people and groups.
    pub providers: Vec<Provider>,
    /// Who is on call, by addresses of one's own.
    pub on_call: Vec<countersign_directory::on_call::Schedule>,
    pub pagerduty: Option<countersign_directory::pagerduty::Settings>,
    pub entra: Option<countersign_directory::entra::Settings>,
    pub egress: countersign_egress::Settings,
    pub slack: Option<countersign_slack::settings::Settings>,
    pub teams: Option<countersign_teams::settings::Settings>,
    /// A chat workspace in the browser, on this machine only.
    pub sandbox: Option<Workspace>,
}

/// What a client may take, unless its own entry says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A second's worth may also come at once.
    pub requests_per_second: u32,
    pub pending_per_client: u64,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration `{path}`")]
    Unreadable { path: String, source: std::io::Error },
    /// Print [`Page::render`] beneath it.
    #[error("the configuration has faults")]
    Faulty(Page),
}

/// What the readers of the sections share.
struct Reader<'a> {
    /// Where relative paths start.
    folder: &'a Path,
    environment: &'a Environment,
    faults: Faults,
    page: Page,
}

const KEYS: &[&str] = &[
    "listen",
    "public_url",
    "database",
    "encryption_key",
    "policy",
    "catalogue",
    "people",
    "clients",
    "auditors",
    "resource_servers",
    "issuers",
    "keycloak",
    "hydra",
    "sign_in",
    "scim",
    "on_call",
    "pagerduty",
    "entra",
    "limits",
    "egress",
    "slack",
    "teams",
    "sandbox",
];

const LIMIT_KEYS: &[&str] = &["requests_per_second", "pending_per_client"];

impl Config {
    /// Reads a file and the environment of the process.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: name.clone(), source })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&name, &text, folder, &Environment::of_process()).map_err(ConfigError::Faulty)
    }

    /// Reads a configuration, or names every fault of it. Relative paths start at `folder`.
    pub fn parse(
        name: &str,
        text: &str,
        folder: &Path,
        environment: &Environment,
    ) -> Result<Self, Page> {
        let mut reader =
            Reader { folder, environment, faults: Faults::new(), page: Page::of(name, text) };
        let config = yaml::parse(text, &mut reader.faults).and_then(|mut root| {
            environment.override_in(&mut root, KEYS, &mut reader.page, &mut reader.faults);
            reader.config(&root)
        });
        match config {
            Some(config) if reader.faults.is_empty() => Ok(config),
            Some(_) | None => Err(reader.page.with(reader.faults)),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests_per_second: 50, pending_per_client: 1_000 }
    }
}

impl Reader<'_> {
    /// Every section is read, whatever is wrong with the others.
    fn config(&mut self, root: &Node) -> Option<Config> {
        let members = Members::of(root, KEYS, &mut self.faults)?;
        let listen = self.listen(members.get("listen"));
        let public_url = self.public_url(root, members.get("public_url"), listen);
        let database = self.database(members.get("database"));
        let encryption_keys = self.encryption_keys(members.get("encryption_key"));
        let limits = self.limits(members.get("limits"), Limits::default());
        let egress = self.egress(members.get("egress"));
        let issuers = self.issuers(members.get("issuers"), public_url.as_deref());
        let keycloak = self.keycloak(members.get("keycloak"), &encryption_keys);
        let hydra = self.hydra(members.get("hydra"), &egress.allow, &encryption_keys);
        let sign_in = self.sign_in(members.get("sign_in"), &egress.allow, public_url.as_deref());
        let hydra_issuer = hydra.as_ref().map(|hydra| hydra.issuer.as_str().trim_end_matches('/'));
        let trusted: Vec<&str> = issuers
            .iter()
            .map(|each| each.issuer.as_str())
            .chain(keycloak.iter().flat_map(|each| &each.realms).map(|realm| &*realm.issuer))
            .chain(hydra_issuer)
            .collect();
        let around = Around {
            limits,
            trusted: &trusted,
            allow: &egress.allow,
            public_url: public_url.as_deref(),
            keys: &encryption_keys,
        };
        let clients = self.clients(members.get("clients"), around);
        let auditors = self.auditors(members.get("auditors"), limits);
        let servers = members.get("resource_servers");
        let servers =
            self.resource_servers(servers, limits, &encryption_keys, public_url.as_deref());
        let providers = self.providers(members.get("scim"), limits);
        let provider_keys = providers.iter().map(|(node, provider)| (*node, &provider.api_keys));
        self.refuse_shared_prefixes(&clients, &auditors, &servers, provider_keys);
        let slack = self.slack(members.get("slack"), public_url.as_deref(), &encryption_keys);
        let teams =
            self.teams(members.get("teams"), public_url.as_deref(), listen, &encryption_keys);
        let on_call = self.on_call(members.get("on_call"));
        let pagerduty = self.pagerduty(members.get("pagerduty"));
        let entra = self.entra(members.get("entra"));
        let sandbox = self.sandbox(members.get("sandbox"), listen);
        Some(Config {
            listen: listen?,
            public_url: public_url?,
            database: database?,
            encryption_keys,
            policy: self.path(members.get("policy"), "policy.yaml"),
            catalogue: self.path(members.get("catalogue"), "catalogue.yaml"),
            people: self.path(members.get("people"), "people.yaml"),
            clients: clients.into_iter().map(|(_, client)| client).collect(),
            auditors: auditors.into_iter().map(|(_, auditor)| auditor).collect(),
            resource_servers: servers.into_iter().map(|(_, server)| server).collect(),
            issuers,
            keycloak,
            hydra,
            sign_in,
            providers: providers.into_iter().map(|(_, provider)| provider).collect(),
            on_call,
            pagerduty,
            entra,
            egress,
            slack,
            teams,
            sandbox,
        })
    }

    fn limits(&mut self, node: Option<&Node>, above: Limits) -> Limits {
        let Some(members) = node.and_then(|node| Members::of(node, LIMIT_KEYS, &mut self.faults))
        else {
            return above;
        };
        let mut number = |key: &str, most: u32| {
            members.get(key).and_then(|node| whole(node, most, &mut self.faults))
        };
        let rate = number("requests_per_second", 100_000);
        let pending = number("pending_per_client", 1_000_000);
        Limits {
            requests_per_second: rate.unwrap_or(above.requests_per_second),
            pending_per_client: pending.map_or(above.pending_per_client, u64::from),
        }
    }

    fn fault(&mut self, node: &Node, message: impl Into<String>) {
        self.faults.push(Diagnostic::new(node.span, message));
    }
}

/// A whole number from 1.
fn whole(node: &Node, most: u32, faults: &mut Faults) -> Option<u32> {
    let number = match &node.value {
        yaml::Value::Scalar(text) => text.parse().ok().filter(|number| (1..=most).contains(number)),
        yaml::Value::Nothing | yaml::Value::List(_) | yaml::Value::Map(_) => None,
    };
    number.or_else(|| read::expected(&format!("a whole number from 1 to {most}"), node, faults))
}
