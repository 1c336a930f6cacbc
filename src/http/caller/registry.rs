//! Everybody who may call, by what proves it. Built once from the configuration.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use countersign_egress::{Egress, jwks::Jwks};
use countersign_port::webhook_signature::{Headers, Why, key::Secret, verify};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::{
    challenge::{self, Challenge, Unfit},
    pace::Pace,
    token::{self, Refused, SubjectClaims},
};
use crate::{
    config::{
        api_key::{self, ApiKey},
        client::{Auditor, Integrator, Provider, ResourceServer, TokenSubject},
        deputy::Deputy,
        issuer::{Issuer, Keys},
    },
    domain::{client::Client, id::ClientId},
    refusal::Refusal,
};

/// How many requests may be under way at once, the waiting ones included.
const CROWD: usize = 4096;

/// How many of them may be long polls of one client.
const WAITS: usize = 256;

/// Clients and auditors.
#[derive(Debug)]
pub struct Registry {
    clients: HashMap<ClientId, Known>,
    /// The holders of API keys, by public prefix.
    keys: HashMap<String, (ApiKey, Holder)>,
    /// The ids of the resource servers.
    servers: BTreeSet<String>,
    tokens: HashMap<TokenSubject, Arc<Client>>,
    issuers: HashMap<String, Trusted>,
    /// The resource servers whose challenges are believed, by id.
    challengers: HashMap<String, Trusted>,
    pub(super) crowd: Semaphore,
}

/// A client and what comes with it.
#[derive(Debug)]
pub(super) struct Known {
    client: Arc<Client>,
    pub(super) pace: Pace,
    pub(super) waits: Arc<Semaphore>,
    secrets: Vec<Secret>,
}

/// An auditor or a resource server, and what comes with it.
#[derive(Debug, Clone)]
pub(super) struct Keyed {
    pub(super) id: Arc<str>,
    pub(super) pace: Arc<Pace>,
}

/// Whose an API key is.
#[derive(Debug)]
enum Holder {
    /// With what this key may do.
    Client(Arc<Client>),
    Auditor(Keyed),
    ResourceServer(Keyed),
    Provider(Keyed),
}

#[derive(Debug)]
struct Trusted {
    issuer: Issuer,
    jwks: Jwks,
}

/// Whoever speaks for a client, itself or a deputy: the client with what they may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Speaker<'r> {
    pub(super) client: &'r Arc<Client>,
    pub(super) known: &'r Known,
}

/// Who may call the API of requests and credentials.
#[derive(Debug, Clone, Copy)]
pub(super) enum Party<'r> {
    Client(Speaker<'r>),
    ResourceServer(&'r Keyed),
}

impl Trusted {
    fn new(issuer: Issuer, egress: &Egress) -> Self {
        let jwks = match &issuer.keys {
            Keys::Given(set) => Jwks::given(set, issuer.algorithm),
            Keys::Fetched(url) => Jwks::fetched(url.clone(), issuer.algorithm, egress.clone()),
        };
        Self { issuer, jwks }
    }
}

impl Keyed {
    fn new(id: String, requests_per_second: u32) -> Self {
        Self { id: id.into(), pace: Arc::new(Pace::new(requests_per_second)) }
    }
}

impl Party<'_> {
    /// Takes one request, or says when the next may come.
    pub(super) fn check_pace(self) -> Result<(), Refusal> {
        match self {
            Self::Client(speaker) => speaker.known.pace.check(),
            Self::ResourceServer(keyed) => keyed.pace.check(),
        }
    }
}

impl Registry {
    /// Keys of issuers are fetched through `egress` when the first token comes.
    pub fn new(
        integrators: Vec<Integrator>,
        auditors: Vec<Auditor>,
        servers: Vec<ResourceServer>,
        providers: Vec<Provider>,
        issuers: Vec<Issuer>,
        egress: &Egress,
    ) -> Self {
        let mut registry = Self {
            clients: HashMap::new(),
            keys: HashMap::new(),
            servers: servers.iter().map(|server| server.id.clone()).collect(),
            tokens: HashMap::new(),
            issuers: HashMap::new(),
            challengers: HashMap::new(),
            crowd: Semaphore::new(CROWD),
        };
        for integrator in integrators {
            registry.add(integrator);
        }
        for auditor in auditors {
            let keyed = Keyed::new(auditor.id, auditor.requests_per_second);
            registry.hold(auditor.api_keys, || Holder::Auditor(keyed.clone()));
        }
        for server in servers {
            if let Some(issuer) = server.challenges {
                registry.challengers.insert(server.id.clone(), Trusted::new(issuer, egress));
            }
            let keyed = Keyed::new(server.id, server.requests_per_second);
            registry.hold(server.api_keys, || Holder::ResourceServer(keyed.clone()));
        }
        for provider in providers {
            let keyed = Keyed::new(provider.source.id, provider.requests_per_second);
            registry.hold(provider.api_keys, || Holder::Provider(keyed.clone()));
        }
        for issuer in issuers {
            registry.issuers.insert(issuer.issuer.clone(), Trusted::new(issuer, egress));
        }
        registry
    }

    fn add(&mut self, integrator: Integrator) {
        let client = Arc::new(integrator.client);
        self.speak(&client, integrator.api_keys, integrator.tokens);
        for Deputy { may, api_keys, tokens } in integrator.deputies {
            let client = Arc::new(Client { may, ..Client::clone(&client) });
            self.speak(&client, api_keys, tokens);
        }
        let id = client.id.clone();
        let known = Known {
            client,
            pace: Pace::new(integrator.requests_per_second),
            waits: Arc::new(Semaphore::new(WAITS)),
            secrets: integrator.webhook_secrets,
        };
        self.clients.insert(id, known);
    }

    fn speak(&mut self, client: &Arc<Client>, keys: Vec<ApiKey>, tokens: Vec<TokenSubject>) {
        self.hold(keys, || Holder::Client(Arc::clone(client)));
        let tokens = tokens.into_iter();
        self.tokens.extend(tokens.map(|token| (token, Arc::clone(client))));
    }

    fn hold(&mut self, keys: Vec<ApiKey>, holder: impl Fn() -> Holder) {
        self.keys.extend(keys.into_iter().map(|key| (key.prefix.clone(), (key, holder()))));
    }

    /// The ids of the resource servers: what credentials can be meant for.
    pub fn servers(&self) -> &BTreeSet<String> {
        &self.servers
    }

    /// A client or a resource server.
    pub(super) fn party_by_key(&self, key: &str) -> Option<Party<'_>> {
        match self.holder(key)? {
            Holder::Client(client) => self.speaker(client).map(Party::Client),
            Holder::ResourceServer(keyed) => Some(Party::ResourceServer(keyed)),
            Holder::Auditor(_) | Holder::Provider(_) => None,
        }
    }

    fn speaker<'r>(&'r self, client: &'r Arc<Client>) -> Option<Speaker<'r>> {
        Some(Speaker { client, known: self.clients.get(&client.id)? })
    }

    pub(super) fn auditor_by_key(&self, key: &str) -> Option<&Keyed> {
        match self.holder(key)? {
            Holder::Auditor(keyed) => Some(keyed),
            Holder::Client(_) | Holder::ResourceServer(_) | Holder::Provider(_) => None,
        }
    }

    /// Who tells us of people.
    pub(super) fn provider_by_key(&self, key: &str) -> Option<&Keyed> {
        match self.holder(key)? {
            Holder::Provider(keyed) => Some(keyed),
            Holder::Client(_) | Holder::ResourceServer(_) | Holder::Auditor(_) => None,
        }
    }

    /// The prefix finds the key. Where it finds none, a comparison is made all the same, so that
    /// the time taken does not tell which prefixes there are.
    fn holder(&self, presented: &str) -> Option<&Holder> {
        let found = api_key::prefix(presented).and_then(|prefix| self.keys.get(prefix));
        let Some((key, holder)) = found else {
            let _ = ApiKey::none().matches(presented);
            return None;
        };
        bool::from(key.matches(presented)).then_some(holder)
    }

    pub(super) fn client_by_signature(
        &self,
        client: &str,
        headers: &Headers<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Speaker<'_>, Why> {
        let known = self.clients.get(&ClientId::from(client)).ok_or(Why::NoMatch)?;
        verify(headers, body, &known.secrets, now)?;
        Ok(Speaker { client: &known.client, known })
    }

    /// What a token of an identity provider says of a subject.
    pub(in crate::http) async fn subject_claims(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<SubjectClaims, Refusal> {
        let refused = |why: Refused| {
            tracing::info!(why = why.as_str(), "a subject token was refused");
            let detail = "the `subject_token` is not accepted: check issuer, audience, expiry and claims \
                against `subject_tokens` of the configuration; the log of the service says which";
            Refusal::ForbiddenClaim { detail: detail.to_owned() }
        };
        let hint = token::hint(token).map_err(refused)?;
        let trusted = self.issuers.get(&hint.issuer).ok_or(Refused::Issuer).map_err(refused)?;
        let key = trusted.jwks.key(&hint.kid).await.ok_or(Refused::Key).map_err(refused)?;
        token::verify_subject(token, &trusted.issuer, &key, now).map_err(refused)
    }

    /// What a resource server wants approved, in its own signed words.
    pub(in crate::http) async fn challenge(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Challenge, Refusal> {
        let refused = |why: Unfit| Refusal::InvalidTransactionChallenge {
            detail: format!("the `transaction_challenge` is not accepted: {why}"),
        };
        let hint = token::hint(token).map_err(|why| refused(why.into()))?;
        let trusted = self.challengers.get(&hint.issuer);
        let trusted = trusted.ok_or_else(|| refused(Refused::Issuer.into()))?;
        let key = trusted.jwks.key(&hint.kid).await.ok_or_else(|| refused(Refused::Key.into()))?;
        challenge::verify(token, &trusted.issuer, &key, now).map_err(refused)
    }

    pub(super) async fn client_by_token(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Speaker<'_>, Refused> {
        let hint = token::hint(token)?;
        let trusted = self.issuers.get(&hint.issuer).ok_or(Refused::Issuer)?;
        let key = trusted.jwks.key(&hint.kid).await.ok_or(Refused::Key)?;
        let client_id = token::verify(token, &trusted.issuer, &key, now)?;
        let subject = TokenSubject { issuer: hint.issuer, client_id };
        let client = self.tokens.get(&subject).ok_or(Refused::Client)?;
        self.speaker(client).ok_or(Refused::Client)
    }
}
