//! Groups of Microsoft Entra, with the groups inside them, from Graph: client credentials, all
//! pages, and nobody whose account is switched off. Only users count, not devices and programs.

use std::fmt;

use async_trait::async_trait;
use countersign_egress::{
    Egress,
    token::{ClientCredentials, Granted, Proof},
};
use countersign_port::{
    access::Identity,
    directory::{Directory, NoAnswer},
};
use http::{HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::ask::{self, headers, no_answer, parsed, send};

/// The key under which the policy's groups name it.
pub const SOURCE: &str = "entra_group";

/// Where people of a tenant have their accounts: object ids are those of Teams.
const PROVIDER: &str = "teams";

/// Of 999 users each, the most that Graph gives.
const MAX_PAGES: usize = 50;

/// A token is replaced so long before its end.
const EARLY: SignedDuration = SignedDuration::from_mins(5);

#[derive(Debug, Clone)]
pub struct Settings {
    pub tenant: String,
    pub client_id: String,
    pub client_secret: SecretString,
    pub token_url: Url,
    pub graph_url: Url,
}

/// The clock of the service.
pub type Now = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// Asks Graph.
pub struct Entra {
    egress: Egress,
    settings: Settings,
    now: Now,
    token: Mutex<Option<(SecretString, Timestamp)>>,
}

#[derive(Deserialize)]
struct Page {
    value: Vec<User>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<Url>,
}

/// An account of which Graph does not say whether it is on is no answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    account_enabled: bool,
    /// `Guest` for people of other companies.
    #[serde(rename = "userType")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Failed {
    error: Cause,
}

#[derive(Deserialize)]
struct Cause {
    code: String,
}

impl Entra {
    pub fn new(egress: Egress, settings: Settings, now: Now) -> Self {
        Self { egress, settings, now, token: Mutex::default() }
    }

    async fn token(&self) -> Result<SecretString, NoAnswer> {
        let mut held = self.token.lock().await;
        let now = (self.now)();
        if let Some((token, _)) = held.as_ref().filter(|(_, ends_at)| now + EARLY < *ends_at) {
            return Ok(token.clone());
        }
        let Granted { access_token, life, .. } = self.log_in().await?;
        *held = Some((access_token.clone(), now + life));
        Ok(access_token)
    }

    async fn log_in(&self) -> Result<Granted, NoAnswer> {
        let Settings { client_id, client_secret, token_url, graph_url, .. } = &self.settings;
        let scope = format!("{}/.default", graph_url.origin().ascii_serialization());
        let client = ClientCredentials {
            token_url: token_url.clone(),
            client_id: client_id.clone(),
            proof: Proof::Post(client_secret.clone()),
            scope: Some(scope),
            resource: None,
        };
        let granted = client.ask(&self.egress).await;
        granted.or_else(|why| no_answer(format!("Entra gave no token: {why}")))
    }

    fn first_page(&self, group: &str) -> Url {
        let mut url = self.settings.graph_url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        // The cast to users is what Graph calls an advanced query: it needs `$count` and a header,
        // and without them answers 400, or leaves people out.
        url.set_path(&format!("{base}/groups/{group}/transitiveMembers/microsoft.graph.user"));
        url.query_pairs_mut()
            .append_pair("$select", "id,accountEnabled,userType")
            .append_pair("$top", "999")
            .append_pair("$count", "true");
        url
    }

    async fn page(&self, url: &Url, token: &SecretString) -> Result<Page, NoAnswer> {
        // A page elsewhere would take the token with it.
        if url.origin() != self.settings.graph_url.origin() {
            return no_answer("Graph names a next page that is not its own");
        }
        let mut headers = headers(Some(ask::Proof { scheme: "Bearer ", token }))?;
        headers.insert("consistencylevel", HeaderValue::from_static("eventual"));
        let answer = send(&self.egress, Method::GET, url, (headers, bytes::Bytes::new())).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            *self.token.lock().await = None;
        }
        if answer.status.is_success() {
            return parsed(&answer);
        }
        let code = parsed::<Failed>(&answer).map(|failed| failed.error.code);
        no_answer(format!("the answer was {} {}", answer.status, code.unwrap_or_default()))
    }
}

#[async_trait]
impl Directory for Entra {
    fn source(&self) -> &'static str {
        SOURCE
    }

    async fn members(&self, group: &str) -> Result<Vec<Identity>, NoAnswer> {
        if !group.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') || group.is_empty() {
            return no_answer(format!("`{group}` is not the object id of a group"));
        }
        let token = self.token().await?;
        let mut url = self.first_page(group);
        let mut users = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = self.page(&url, &token).await?;
            users.extend(page.value);
            match page.next {
                Some(next) => url = next,
                None => return Ok(self.accounts(users)),
            }
        }
        no_answer(format!("`{group}` has more than {} members", MAX_PAGES * 999))
    }
}

impl Entra {
    /// Guests are of another company, whatever group they are in.
    fn accounts(&self, users: Vec<User>) -> Vec<Identity> {
        let is_guest = |user: &User| user.kind.as_deref() == Some("Guest");
        let here = users.into_iter().filter(|user| user.account_enabled && !is_guest(user));
        let account = |user: User| Identity {
            provider: PROVIDER.to_owned(),
            tenant: self.settings.tenant.clone(),
            subject: user.id,
        };
        here.map(account).collect()
    }
}

impl fmt::Debug for Entra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entra").finish_non_exhaustive()
    }
}
