//! Who may call: integrators under `clients:` and readers of the log under `auditors:`.

use std::collections::{HashMap, HashSet};

use countersign_egress::target::Allow;
use countersign_port::webhook_signature::{
    Signer,
    key::{Secret, SigningKey},
};
use secrecy::ExposeSecret;
use url::Url;

use super::{
    Limits, Reader, api_key::ApiKey, callback_token::CallbackToken, deputy::Deputy, issuer::Issuer,
    secret::EncryptionKey,
};
use crate::domain::{
    client::{Approvers, Claims, Client, Mode, Requester},
    diagnostic::{Diagnostic, suggest},
    id::{ClientId, PersonId},
    policy::Trust,
    provisioned::Source,
    right::Right,
    yaml::{
        Node, Value,
        read::{self, Members},
    },
};

/// A registered OAuth server or service, with what proves that it is the one.
#[derive(Debug)]
pub struct Integrator {
    pub client: Client,
    pub requests_per_second: u32,
    pub api_keys: Vec<ApiKey>,
    /// What it signs its requests with, newest first.
    pub webhook_secrets: Vec<Secret>,
    /// What its callbacks are signed with. Absent where it takes none.
    pub signer: Option<Signer>,
    /// What access token its callbacks carry, beside the signature.
    pub callback_token: Option<CallbackToken>,
    pub tokens: Vec<TokenSubject>,
    /// Who else works on its requests.
    pub deputies: Vec<Deputy>,
}

/// What the entries of clients are read against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) limits: Limits,
    pub(super) trusted: &'a [&'a str],
    pub(super) allow: &'a Allow,
    pub(super) public_url: Option<&'a str>,
    pub(super) keys: &'a [EncryptionKey],
}

/// Whose access tokens speak for a client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenSubject {
    pub issuer: String,
    /// The value of the issuer's client claim.
    pub client_id: String,
}

/// A reader of decisions and of the log.
#[derive(Debug)]
pub struct Auditor {
    pub id: String,
    pub requests_per_second: u32,
    pub api_keys: Vec<ApiKey>,
}

/// A resource server: what a credential is meant for, and who redeems it.
#[derive(Debug)]
pub struct ResourceServer {
    /// The `aud` of its credentials.
    pub id: String,
    pub requests_per_second: u32,
    pub api_keys: Vec<ApiKey>,
    /// How its transaction challenges are read, where they are believed.
    pub challenges: Option<Issuer>,
}

/// A provider of people and groups, and how it proves itself.
#[derive(Debug)]
pub struct Provider {
    pub source: Source,
    pub requests_per_second: u32,
    pub api_keys: Vec<ApiKey>,
}

pub(super) const KEYS: &[&str] = &[
    "id",
    "name",
    "api_keys",
    "webhook_secret",
    "webhook_signing_key",
    "tokens",
    "callbacks",
    "callback_token",
    "scopes",
    "may",
    "deputies",
    "trust",
    "assert_claims",
    "approvers",
    "tell_requester",
    "owner",
    "mode",
    "actors",
    "limits",
];
pub(super) const AUDITOR_KEYS: &[&str] = &["id", "api_keys"];
pub(super) const SERVER_KEYS: &[&str] = &["id", "api_keys", "challenges"];
pub(super) const TOKEN_KEYS: &[&str] = &["issuer", "client_id"];

impl Reader<'_> {
    /// Each client with the node that it was read from.
    pub(super) fn clients<'n>(
        &mut self,
        node: Option<&'n Node>,
        around: Around<'_>,
    ) -> Vec<(&'n Node, Integrator)> {
        let nodes = node.and_then(|node| read::list(node, &mut self.faults)).unwrap_or_default();
        let mut clients: Vec<(&Node, Integrator)> = Vec::new();
        let mut taken = HashSet::new();
        for node in nodes {
            let Some(client) = self.client(node, around) else { continue };
            if clients.iter().any(|(_, other)| other.client.id == client.client.id) {
                self.fault(node, format!("the client `{}` stands here twice", client.client.id));
            }
            for token in client.every_token() {
                if !taken.insert(token.clone()) {
                    let twice = &token.client_id;
                    self.fault(node, format!("the token client `{twice}` stands here twice"));
                }
            }
            clients.push((node, client));
        }
        clients
    }

    pub(super) fn auditors<'n>(
        &mut self,
        node: Option<&'n Node>,
        limits: Limits,
    ) -> Vec<(&'n Node, Auditor)> {
        let nodes = node.and_then(|node| read::list(node, &mut self.faults)).unwrap_or_default();
        nodes.iter().filter_map(|node| Some((node, self.auditor(node, limits)?))).collect()
    }

    /// Credentials are signed with keys that are kept sealed.
    pub(super) fn resource_servers<'n>(
        &mut self,
        node: Option<&'n Node>,
        limits: Limits,
        keys: &[EncryptionKey],
        public_url: Option<&str>,
    ) -> Vec<(&'n Node, ResourceServer)> {
        let Some(node) = node else { return Vec::new() };
        let nodes = read::list(node, &mut self.faults).unwrap_or_default();
        if keys.is_empty() && !nodes.is_empty() {
            let message = "credentials are signed with keys that are kept sealed: give an `encryption_key`, `openssl rand -base64 32` makes one";
            self.fault(node, message);
        }
        let mut servers: Vec<(&Node, ResourceServer)> = Vec::new();
        for node in nodes {
            let Some(server) = self.resource_server(node, limits, public_url) else { continue };
            let id = &server.id;
            if servers.iter().any(|(_, other)| other.id == *id) {
                self.fault(node, format!("the resource server `{id}` stands here twice"));
            }
            servers.push((node, server));
        }
        servers
    }

    /// A prefix finds one key, so two callers may not share one.
    pub(super) fn refuse_shared_prefixes<'k>(
        &mut self,
        clients: &'k [(&'k Node, Integrator)],
        auditors: &'k [(&'k Node, Auditor)],
        servers: &'k [(&'k Node, ResourceServer)],
        of_providers: impl Iterator<Item = (&'k Node, &'k Vec<ApiKey>)>,
    ) {
        let of_clients = clients
            .iter()
            .flat_map(|(node, client)| client.every_key().map(move |keys| (*node, keys)));
        let of_auditors = auditors.iter().map(|(node, auditor)| (*node, &auditor.api_keys));
        let mut seen = HashMap::new();
        let of_servers = servers.iter().map(|(node, server)| (*node, &server.api_keys));
        for (node, keys) in of_clients.chain(of_auditors).chain(of_servers).chain(of_providers) {
            for key in keys {
                if seen.insert(key.prefix.as_str(), node).is_some() {
                    self.fault(node, format!("two API keys have the prefix `{}`", key.prefix));
                }
            }
        }
    }

    fn client(&mut self, node: &Node, around: Around<'_>) -> Option<Integrator> {
        let members = Members::of(node, KEYS, &mut self.faults)?;
        let id = self.needed_text(&members, "id");
        let name = members.get("name").and_then(|node| read::text(node, &mut self.faults));
        let limits = self.limits(members.get("limits"), around.limits);
        let callbacks = self.callbacks(members.get("callbacks"), around.allow);
        let scopes = members.need("scopes", &mut self.faults);
        let may = members.get("may").and_then(|node| self.rights(node));
        let client = Client {
            id: ClientId::from(id.unwrap_or_default()),
            name: name.or(id).unwrap_or_default().to_owned(),
            scopes: self.texts(scopes),
            may: may.unwrap_or_default(),
            callbacks,
            trust: self.word(members.get("trust"), &Trust::CHOICES).unwrap_or_default(),
            owner: members
                .get("owner")
                .and_then(|node| read::text(node, &mut self.faults))
                .map(PersonId::from),
            claims: self.word(members.get("assert_claims"), &CLAIMS).unwrap_or_default(),
            pending_limit: Some(limits.pending_per_client),
            approvers: self.word(members.get("approvers"), &APPROVERS).unwrap_or_default(),
            requester: self.word(members.get("tell_requester"), &REQUESTER).unwrap_or_default(),
            mode: self.word(members.get("mode"), &MODES).unwrap_or_default(),
            actors: self.actors(members.get("actors")),
        };
        if let (Mode::Arap, Some(node)) = (client.mode, members.get("mode")) {
            self.refuse_unbound(node, around);
        }
        let faults = self.faults.len();
        let api_keys = self.api_keys(members.get("api_keys"));
        let tokens = self.tokens(members.get("tokens"), around.trusted);
        let secrets = self.webhook_secrets(members.get("webhook_secret"));
        let (webhook_secrets, to_sign): (Vec<Secret>, Vec<Secret>) = secrets.into_iter().unzip();
        let signer = signer(to_sign, self.signing_key(members.get("webhook_signing_key")));
        let proofs = api_keys.len() + webhook_secrets.len() + tokens.len();
        if proofs == 0 && self.faults.len() == faults {
            self.fault(node, "this client cannot prove who it is: give it `api_keys`, a `webhook_secret` or `tokens`");
        }
        if !client.callbacks.is_empty() {
            self.refuse_callbacks(node, &members, &client);
        }
        let deputies = self.deputies(members.get("deputies"), around.trusted);
        let callback_token = self.callback_token(members.get("callback_token"), &client, around);
        let requests_per_second = limits.requests_per_second;
        id?;
        Some(Integrator {
            client,
            requests_per_second,
            api_keys,
            webhook_secrets,
            signer,
            callback_token,
            tokens,
            deputies,
        })
    }

    fn auditor(&mut self, node: &Node, limits: Limits) -> Option<Auditor> {
        let members = Members::of(node, AUDITOR_KEYS, &mut self.faults)?;
        let id = self.needed_text(&members, "id");
        let keys = members.need("api_keys", &mut self.faults);
        let api_keys = self.api_keys(keys);
        let requests_per_second = limits.requests_per_second;
        Some(Auditor { id: id?.to_owned(), requests_per_second, api_keys })
    }

    fn resource_server(
        &mut self,
        node: &Node,
        limits: Limits,
        public_url: Option<&str>,
    ) -> Option<ResourceServer> {
        let members = Members::of(node, SERVER_KEYS, &mut self.faults)?;
        let id = self.needed_text(&members, "id");
        let keys = members.need("api_keys", &mut self.faults);
        let api_keys = self.api_keys(keys);
        let challenges = members.get("challenges");
        let challenges = challenges.and_then(|node| self.challenges(node, id?, public_url));
        let requests_per_second = limits.requests_per_second;
        Some(ResourceServer { id: id?.to_owned(), requests_per_second, api_keys, challenges })
    }

    /// Callbacks are signed, and say what was granted.
    fn refuse_callbacks(&mut self, node: &Node, members: &Members<'_>, client: &Client) {
        let secret = members.get("webhook_secret").map(read::one_or_more);
        if secret.is_none_or(<[Node]>::is_empty) {
            self.fault(node, "callbacks are signed: give this client a `webhook_secret`");
        }
        if let Some(may) = members.get("may")
            && !client.may.has(Right::Result)
        {
            self.fault(
                may,
                "`callbacks` say what was granted: add `result`, or take out the `callbacks`",
            );
        }
    }

    /// What a client in the mode of the profile is given is signed, and found by https.
    fn refuse_unbound(&mut self, node: &Node, around: Around<'_>) {
        if around.public_url.is_some_and(|url| !url.starts_with("https://")) {
            self.fault(node, "`arap` needs a `public_url` with https: write one, or `direct`");
        }
        if around.keys.is_empty() {
            self.fault(node, "`arap` binds what is asked with keys that are kept sealed: give an `encryption_key`, `openssl rand -base64 32` makes one");
        }
    }

    /// Keys by reference, or their digests as they are.
    pub(super) fn api_keys(&mut self, node: Option<&Node>) -> Vec<ApiKey> {
        let nodes = node.map(read::one_or_more).unwrap_or_default();
        nodes.iter().filter_map(|node| self.api_key(node)).collect()
    }

    fn api_key(&mut self, node: &Node) -> Option<ApiKey> {
        let key = match &node.value {
            Value::Scalar(text) if text.starts_with("sha256:") => ApiKey::hashed(text),
            Value::Scalar(_) | Value::Nothing | Value::List(_) | Value::Map(_) => {
                ApiKey::of(self.secret(node)?.expose_secret())
            }
        };
        key.map_err(|error| self.fault(node, error.to_string())).ok()
    }

    /// Each secret twice: to check with and to sign with.
    fn webhook_secrets(&mut self, node: Option<&Node>) -> Vec<(Secret, Secret)> {
        let mut pairs = Vec::new();
        for (node, text) in self.secrets(node) {
            let text = text.expose_secret();
            let pair = text.parse().and_then(|one| Ok((one, text.parse()?)));
            match pair {
                Ok(pair) => pairs.push(pair),
                Err(error) => self.fault(node, format!("not a webhook secret: {error}")),
            }
        }
        pairs
    }

    fn signing_key(&mut self, node: Option<&Node>) -> Option<SigningKey> {
        let node = node?;
        let key = self.secret(node)?.expose_secret().parse();
        key.map_err(|error| self.fault(node, format!("not a signing key: {error}"))).ok()
    }

    fn callbacks(&mut self, node: Option<&Node>, allow: &Allow) -> Vec<String> {
        let nodes = node.map(read::one_or_more).unwrap_or_default();
        let mut endpoints = Vec::new();
        for node in nodes {
            let Some(text) = read::text(node, &mut self.faults) else { continue };
            match callback(text, allow) {
                Ok(endpoint) => endpoints.push(endpoint),
                Err(why) => self.fault(node, format!("`{text}` cannot be called back: {why}")),
            }
        }
        endpoints
    }

    /// `trusted` are the issuers that are believed, and the realms that hand decisions over.
    pub(super) fn tokens(&mut self, node: Option<&Node>, trusted: &[&str]) -> Vec<TokenSubject> {
        let nodes = node.and_then(|node| read::list(node, &mut self.faults)).unwrap_or_default();
        let mut subjects = Vec::new();
        for node in nodes {
            let Some(members) = Members::of(node, TOKEN_KEYS, &mut self.faults) else { continue };
            let issuer = self.needed_text(&members, "issuer");
            let client_id = self.needed_text(&members, "client_id");
            let (Some(issuer), Some(client_id)) = (issuer, client_id) else { continue };
            if !trusted.contains(&issuer) {
                let message = format!("`{issuer}` is not among the `issuers`");
                let help = suggest(issuer, trusted.iter().copied());
                self.faults.push(Diagnostic::new(node.span, message).with_help(help));
            }
            let (issuer, client_id) = (issuer.to_owned(), client_id.to_owned());
            subjects.push(TokenSubject { issuer, client_id });
        }
        subjects
    }

    pub(super) fn texts(&mut self, node: Option<&Node>) -> Vec<String> {
        let texts = node.and_then(|node| read::texts(node, &mut self.faults)).unwrap_or_default();
        texts.into_iter().map(|text| text.text.to_owned()).collect()
    }

    pub(super) fn word<T: Copy>(
        &mut self,
        node: Option<&Node>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        read::choice(node?, choices, &mut self.faults)
    }
}

const CLAIMS: [(&str, Claims); 2] = [("true", Claims::Believed), ("false", Claims::Ignored)];
const REQUESTER: [(&str, Requester); 2] = [("true", Requester::Told), ("false", Requester::Untold)];
const MODES: [(&str, Mode); 2] = [("direct", Mode::Direct), ("arap", Mode::Arap)];
const APPROVERS: [(&str, Approvers); 2] =
    [("shown", Approvers::Shown), ("hidden", Approvers::Hidden)];

fn signer(mut secrets: Vec<Secret>, key: Option<SigningKey>) -> Option<Signer> {
    (!secrets.is_empty()).then(|| Signer::new(secrets.remove(0), secrets, key))
}

/// The endpoint as it is compared and called: in serialised form.
pub(super) fn callback(text: &str, allow: &Allow) -> Result<String, &'static str> {
    let url = Url::parse(text).map_err(|_| "it is not a URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has a name or password before the host");
    }
    if url.fragment().is_some() {
        return Err("it has a fragment, which no server sees");
    }
    match url.scheme() {
        "https" => Ok(url.into()),
        "http" if !allow.networks.is_empty() => Ok(url.into()),
        "http" => Err("http is for addresses in `egress.allow` only; write https"),
        _ => Err("it is not https"),
    }
}
