//! What this service asks of the Bot Connector. Every call goes to the service address of an
//! activity that was vouched for, if its host is on the list: the token goes with it.

use std::{fmt, time::Duration};

use countersign_egress::{
    Egress,
    exchange::{Answer, Keep, Request},
};
use countersign_port::clock::Now;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::{
    address::{self, Spot},
    failure::Failure,
    object::object,
    pace::Paces,
    settings::ServiceHosts,
    token::{LoggedIn, Tokens},
};

/// For calls that nobody waits for.
const PATIENCE: Duration = Duration::from_secs(15);
/// An identity that is not known by then is unknown.
pub(crate) const MEMBER_PATIENCE: Duration = Duration::from_millis(1500);
/// Channels of this type are ours alone; others are shared, or hidden from us.
pub(crate) const STANDARD: &str = "standard";
/// The channels of a large team.
const MAX_BYTES: usize = 512 * 1024;
/// Nobody is made to wait longer by an answer.
const MAX_WAIT_S: u64 = 3600;

/// The connector with our token.
pub(crate) struct Connector {
    egress: Egress,
    hosts: ServiceHosts,
    /// None for a client that checks no tokens.
    tokens: Option<Tokens>,
    paces: Paces,
    now: Now,
}

/// Our bot in one tenant, as calls name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bot<'a> {
    pub app_id: &'a str,
    pub tenant: &'a str,
    pub service_url: &'a str,
}

/// What Teams knows of a member of a conversation. What is missing is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Member {
    pub id: String,
    /// Two spellings of one thing are met.
    #[serde(alias = "objectId")]
    pub aad_object_id: Option<String>,
    pub tenant_id: Option<String>,
    pub user_role: Option<String>,
    pub user_principal_name: Option<String>,
    pub email: Option<String>,
}

/// A channel of a team. General has no name here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Channel {
    pub id: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

#[derive(Deserialize)]
struct Channels {
    conversations: Vec<Channel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    id: String,
    #[serde(default)]
    activity_id: Option<String>,
}

#[derive(Deserialize)]
struct Sent {
    id: String,
}

#[derive(Deserialize)]
struct Trouble {
    error: TroubleCode,
}

#[derive(Deserialize)]
struct TroubleCode {
    code: String,
}

/// One call.
struct Call<'a> {
    method: Method,
    service_url: &'a str,
    /// Parts of the path, not yet encoded.
    path: &'a [&'a str],
    body: Option<&'a Value>,
    /// The thread that gets a message.
    thread: Option<&'a str>,
    patience: Duration,
}

impl Connector {
    pub(crate) fn new(
        egress: Egress,
        hosts: ServiceHosts,
        tokens: Option<Tokens>,
        now: Now,
    ) -> Self {
        Self { egress, hosts, tokens, paces: Paces::default(), now }
    }

    /// Posts a message as a new thread of a channel.
    pub(crate) async fn post(
        &self,
        bot: Bot<'_>,
        channel: &str,
        activity: Value,
    ) -> Result<Spot, Failure> {
        let place = json!({ "channel": { "id": channel }, "tenant": { "id": bot.tenant } });
        let body = object([
            ("isGroup", true.into()),
            ("channelData", place),
            ("tenantId", bot.tenant.into()),
            ("bot", json!({ "id": bot_id(bot) })),
            ("activity", activity),
        ]);
        let created: Created = self.create(bot, &body, channel).await?;
        let message = created.activity_id.as_deref().or_else(|| address::thread(&created.id));
        // The card is there, and nobody can say where: the next one has other buttons.
        let message = message.ok_or_else(|| Failure::NoAnswer("no id came back".to_owned()))?;
        Ok(Spot::in_channel(bot.tenant, &created.id, message))
    }

    /// Draws a message anew.
    pub(crate) async fn update(
        &self,
        service_url: &str,
        spot: &Spot,
        mut activity: Value,
    ) -> Result<(), Failure> {
        if let Some(members) = activity.as_object_mut() {
            members.insert("id".to_owned(), spot.activity.clone().into());
        }
        let path = ["v3", "conversations", &spot.conversation, "activities", &spot.activity];
        let call = Call {
            method: Method::PUT,
            service_url,
            path: &path,
            body: Some(&activity),
            thread: Some(&spot.conversation),
            patience: PATIENCE,
        };
        self.ask(call).await.map(|_| ())
    }

    /// Sends a message to a conversation: a reply in a thread, or a line of a chat.
    pub(crate) async fn send(
        &self,
        service_url: &str,
        conversation: &str,
        activity: &Value,
    ) -> Result<(), Failure> {
        self.sent(service_url, conversation, activity).await.map(|_| ())
    }

    /// The same, for what is to be drawn anew later: the id of the message.
    pub(crate) async fn write(
        &self,
        service_url: &str,
        conversation: &str,
        activity: &Value,
    ) -> Result<String, Failure> {
        let sent: Sent = parsed(&self.sent(service_url, conversation, activity).await?)?;
        Ok(sent.id)
    }

    async fn sent(
        &self,
        service_url: &str,
        conversation: &str,
        activity: &Value,
    ) -> Result<Answer, Failure> {
        let path = ["v3", "conversations", conversation, "activities"];
        let call = Call {
            method: Method::POST,
            service_url,
            path: &path,
            body: Some(activity),
            thread: Some(conversation),
            patience: PATIENCE,
        };
        self.ask(call).await
    }

    /// The chat with one person, `29:…`.
    pub(crate) async fn direct(&self, bot: Bot<'_>, user: &str) -> Result<String, Failure> {
        let body = json!({
            "isGroup": false,
            "bot": { "id": bot_id(bot) },
            "members": [{ "id": user }],
            "tenantId": bot.tenant,
            "channelData": { "tenant": { "id": bot.tenant } },
        });
        self.create(bot, &body, user).await.map(|created| created.id)
    }

    /// What Teams knows of a member: `29:…`, or an object id.
    pub(crate) async fn member(
        &self,
        service_url: &str,
        conversation: &str,
        user: &str,
    ) -> Result<Member, Failure> {
        let path = ["v3", "conversations", conversation, "members", user];
        self.read(service_url, &path, MEMBER_PATIENCE).await
    }

    /// Whether the login gives a token; calls nobody else.
    pub(crate) async fn log_in(&self) -> Result<LoggedIn, Failure> {
        match &self.tokens {
            Some(tokens) => tokens.test().await,
            None => Ok(LoggedIn::default()),
        }
    }

    /// The channels of a team.
    pub(crate) async fn channels(
        &self,
        service_url: &str,
        team: &str,
    ) -> Result<Vec<Channel>, Failure> {
        let path = ["v3", "teams", team, "conversations"];
        let channels: Channels = self.read(service_url, &path, PATIENCE).await?;
        Ok(channels.conversations)
    }

    async fn create(&self, bot: Bot<'_>, body: &Value, thread: &str) -> Result<Created, Failure> {
        let call = Call {
            method: Method::POST,
            service_url: bot.service_url,
            path: &["v3", "conversations"],
            body: Some(body),
            thread: Some(thread),
            patience: PATIENCE,
        };
        parsed(&self.ask(call).await?)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        service_url: &str,
        path: &[&str],
        patience: Duration,
    ) -> Result<T, Failure> {
        let call =
            Call { method: Method::GET, service_url, path, body: None, thread: None, patience };
        parsed(&self.ask(call).await?)
    }

    async fn ask(&self, call: Call<'_>) -> Result<Answer, Failure> {
        let url = self.url(call.service_url, call.path)?;
        self.paces.take(call.thread, self.now.get()).map_err(Failure::Paced)?;
        let answer = self.with_token(&call, &url).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let code = serde_json::from_slice::<Trouble>(&answer.body);
        let code = code.map(|trouble| trouble.error.code).unwrap_or_default();
        Err(Failure::refused(answer.status, &code, retry_after(&answer.headers)))
    }

    /// A token that is not accepted is replaced once. What waited for a token alone was not sent.
    async fn with_token(&self, call: &Call<'_>, url: &Url) -> Result<Answer, Failure> {
        let until = Instant::now() + call.patience;
        let Some(tokens) = &self.tokens else { return self.by(until, call, url, None).await };
        for _ in 0..2 {
            let token = timeout_at(until, tokens.get()).await;
            let token = token.map_err(|_| Failure::LoginSilent)??;
            let answer = self.by(until, call, url, Some(&token)).await?;
            if answer.status != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
            tokens.refused(&token);
        }
        Err(Failure::Unauthorized)
    }

    async fn by(
        &self,
        until: Instant,
        call: &Call<'_>,
        url: &Url,
        token: Option<&SecretString>,
    ) -> Result<Answer, Failure> {
        let answer = timeout_at(until, self.once(call, url, token)).await;
        answer.map_err(|_| Failure::NoAnswer("no answer in time".to_owned()))?
    }

    async fn once(
        &self,
        call: &Call<'_>,
        url: &Url,
        token: Option<&SecretString>,
    ) -> Result<Answer, Failure> {
        let url = self.egress.check(url).map_err(|why| Failure::Blocked(why.to_string()))?;
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let bearer = format!("Bearer {}", token.expose_secret());
            let mut bearer = HeaderValue::try_from(bearer)
                .map_err(|_| Failure::login("a token that no header holds"))?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let body = call.body.map(Value::to_string).unwrap_or_default();
        if call.body.is_some() {
            let json = HeaderValue::from_static("application/json; charset=utf-8");
            headers.insert(CONTENT_TYPE, json);
        }
        let keep = Keep::Whole(MAX_BYTES);
        let method = call.method.clone();
        let request = Request { method, url, headers, body: body.into(), keep };
        Ok(self.egress.send(request).await?)
    }

    /// INVARIANT: the only way to an address, so that none gets our token that is not on the list.
    fn url(&self, service_url: &str, path: &[&str]) -> Result<Url, Failure> {
        let blocked = || Failure::Blocked("not on the list of service hosts".to_owned());
        let base = Url::parse(service_url).ok().filter(|url| self.hosts.admit(url));
        let base = base.ok_or_else(blocked)?;
        let mut text = base.as_str().trim_end_matches('/').to_owned();
        if base.query().is_some() || base.fragment().is_some() {
            return Err(blocked());
        }
        for part in path {
            text.push('/');
            text.push_str(&encoded(part)?);
        }
        Url::parse(&text).ok().filter(|url| self.hosts.admit(url)).ok_or_else(blocked)
    }
}

fn bot_id(bot: Bot<'_>) -> String {
    format!("28:{}", bot.app_id)
}

/// One part of a path: nothing in it ends it, and nothing in it climbs.
fn encoded(part: &str) -> Result<String, Failure> {
    if matches!(part, "" | "." | "..") {
        return Err(Failure::Blocked("an id that no path can hold".to_owned()));
    }
    let mut text = String::new();
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push_str(&hex::encode_upper([byte]));
        }
    }
    Ok(text)
}

fn parsed<T: DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    serde_json::from_slice(&answer.body)
        .map_err(|_| Failure::NoAnswer("the answer is malformed".to_owned()))
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse::<u64>().ok()?;
    Some(Duration::from_secs(seconds.min(MAX_WAIT_S)))
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
