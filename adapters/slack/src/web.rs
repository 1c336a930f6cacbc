//! What this service asks of Slack's Web API. Requests are slack-morphism's; answers are read into
//! the few members that are needed, because a strict reading of an echo would turn a message that
//! was posted into a failure.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use countersign_egress::{
    Egress,
    exchange::{Keep, Request},
};
use http::{HeaderMap, HeaderValue, Method, header::CONTENT_TYPE};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use slack_morphism::{
    SlackApiToken, SlackChannelId, SlackClient, SlackMessageContent, SlackTriggerId, SlackTs,
    SlackUserId,
    api::{
        SlackApiChatPostEphemeralRequest, SlackApiChatPostMessageRequest,
        SlackApiChatUpdateRequest, SlackApiViewsOpenRequest, SlackApiViewsPublishRequest,
    },
    blocks::{SlackBlock, SlackView},
};
use url::{Host, Url};

use crate::{address::Spot, failure::Failure, token::Tokens, usergroups::GroupCalls, wire::Wire};

/// For calls that nobody waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
/// A trigger lives three seconds, and the click still wants its answer.
const VIEW_PATIENCE: Duration = Duration::from_millis(1500);
/// An identity that is not known by then is unknown.
const USER_PATIENCE: Duration = Duration::from_millis(800);
/// How much of what a `response_url` answers is read.
const RECEIPT_BYTES: usize = 1024;

/// A message: blocks, and a text for notifications and screen readers.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub text: String,
    pub blocks: Vec<SlackBlock>,
}

/// The Web API with the tokens of all installations.
#[derive(Debug)]
pub struct Web {
    client: SlackClient<Wire>,
    egress: Egress,
    api_url: Url,
    tokens: Arc<Tokens>,
}

/// `chat.postMessage`, with what slack-morphism lacks: `mrkdwn` off, so that the text beside the
/// blocks is nothing but text.
#[derive(Serialize)]
struct Post {
    #[serde(flatten)]
    request: SlackApiChatPostMessageRequest,
    mrkdwn: bool,
}

/// `conversations.open`; slack-morphism sends a list where Slack documents a text.
#[derive(Serialize)]
struct Open<'a> {
    users: &'a str,
}

#[derive(Deserialize)]
struct Posted {
    channel: String,
    ts: String,
}

#[derive(Deserialize)]
struct Done {}

#[derive(Deserialize)]
struct Opened {
    channel: Channel,
}

#[derive(Deserialize)]
struct Listed {
    users: Vec<String>,
}

/// What is said of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Channel {
    pub id: String,
    /// People of another company are in it.
    #[serde(default)]
    pub is_ext_shared: bool,
    #[serde(default)]
    pub is_archived: bool,
    #[serde(default)]
    pub is_member: bool,
}

#[derive(Deserialize)]
struct Found {
    user: User,
}

/// What is said of an account. A flag that is missing is not set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "these are Slack's own flags")]
pub struct User {
    pub id: String,
    pub team_id: Option<String>,
    pub deleted: bool,
    pub is_bot: bool,
    pub is_workflow_bot: bool,
    pub is_restricted: bool,
    pub is_ultra_restricted: bool,
    pub is_stranger: bool,
    pub enterprise_user: Option<EnterpriseUser>,
    pub profile: Profile,
}

/// What people may change of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Profile {
    pub email: Option<String>,
}

/// The same account in its organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EnterpriseUser {
    pub enterprise_id: String,
    pub teams: Vec<String>,
}

impl Web {
    pub(crate) fn new(egress: Egress, api_url: Url, tokens: Arc<Tokens>) -> Self {
        let client = SlackClient::new(Wire::new(egress.clone(), api_url.clone()));
        Self { client, egress, api_url, tokens }
    }

    /// Posts a message and says where it is.
    pub(crate) async fn post(
        &self,
        installation: &str,
        channel: &str,
        message: Message,
    ) -> Result<Spot, Failure> {
        let channel = SlackChannelId(channel.to_owned());
        let request = SlackApiChatPostMessageRequest::new(channel, content(message))
            .with_parse("none".to_owned())
            .with_unfurl_links(false)
            .with_unfurl_media(false);
        let request = Post { request, mrkdwn: false };
        let posted: Posted = self.ask(installation, "chat.postMessage", &request, PATIENCE).await?;
        Ok(Spot { installation: installation.to_owned(), channel: posted.channel, ts: posted.ts })
    }

    /// Answers a message in its thread.
    pub(crate) async fn reply(&self, spot: &Spot, message: Message) -> Result<(), Failure> {
        let channel = SlackChannelId(spot.channel.clone());
        let request = SlackApiChatPostMessageRequest::new(channel, content(message))
            .with_thread_ts(SlackTs(spot.ts.clone()))
            .with_parse("none".to_owned())
            .with_unfurl_links(false)
            .with_unfurl_media(false);
        let request = Post { request, mrkdwn: false };
        let posted = self.ask(&spot.installation, "chat.postMessage", &request, PATIENCE).await;
        posted.map(|Done {}| ())
    }

    /// Draws a message anew.
    pub(crate) async fn update(&self, spot: &Spot, message: Message) -> Result<(), Failure> {
        let channel = SlackChannelId(spot.channel.clone());
        let ts = SlackTs(spot.ts.clone());
        let request = SlackApiChatUpdateRequest::new(channel, content(message), ts)
            .with_parse("none".to_owned());
        self.ask(&spot.installation, "chat.update", &request, PATIENCE).await.map(|Done {}| ())
    }

    /// Shows a message to one person in a channel, until they reload.
    pub(crate) async fn post_ephemeral(
        &self,
        installation: &str,
        channel: &str,
        user: &str,
        message: Message,
    ) -> Result<(), Failure> {
        let (channel, user) = (SlackChannelId(channel.to_owned()), SlackUserId(user.to_owned()));
        let request = SlackApiChatPostEphemeralRequest::new(channel, user, content(message))
            .with_parse("none".to_owned());
        let done = self.ask(installation, "chat.postEphemeral", &request, PATIENCE).await;
        done.map(|Done {}| ())
    }

    /// Whether Slack takes the token of an installation.
    pub(crate) async fn test(&self, installation: &str) -> Result<(), Failure> {
        let done = self.ask(installation, "auth.test", &serde_json::json!({}), PATIENCE).await;
        done.map(|Done {}| ())
    }

    /// The channel of direct messages to a person.
    pub(crate) async fn direct(&self, installation: &str, user: &str) -> Result<String, Failure> {
        let request = Open { users: user };
        let opened: Opened =
            self.ask(installation, "conversations.open", &request, PATIENCE).await?;
        Ok(opened.channel.id)
    }

    /// Opens a modal for the person who has just clicked.
    pub(crate) async fn open_view(
        &self,
        installation: &str,
        trigger: &str,
        view: SlackView,
    ) -> Result<(), Failure> {
        let request = SlackApiViewsOpenRequest::new(SlackTriggerId(trigger.to_owned()), view);
        let done = self.ask(installation, "views.open", &request, VIEW_PATIENCE).await;
        done.map(|Done {}| ())
    }

    /// Draws somebody's home tab.
    pub(crate) async fn publish_view(
        &self,
        installation: &str,
        user: &str,
        view: SlackView,
    ) -> Result<(), Failure> {
        let request = SlackApiViewsPublishRequest::new(SlackUserId(user.to_owned()), view);
        let done = self.ask(installation, "views.publish", &request, PATIENCE).await;
        done.map(|Done {}| ())
    }

    /// What Slack knows about an account.
    pub(crate) async fn user(&self, installation: &str, user: &str) -> Result<User, Failure> {
        let found: Found =
            self.read(installation, "users.info", &[("user", user)], USER_PATIENCE).await?;
        Ok(found.user)
    }

    /// What Slack knows about a channel.
    pub async fn channel(&self, installation: &str, channel: &str) -> Result<Channel, Failure> {
        let parameters = [("channel", channel)];
        let opened: Opened =
            self.read(installation, "conversations.info", &parameters, PATIENCE).await?;
        Ok(opened.channel)
    }

    /// Any method that only reads; parameters go into the query.
    async fn read<RS: DeserializeOwned + Send>(
        &self,
        installation: &str,
        method: &str,
        parameters: &[(&str, &str)],
        patience: Duration,
    ) -> Result<RS, Failure> {
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| (*name, Some(*value))).collect();
        let token = self.token(installation).await?;
        let session = self.client.open_session(&token);
        in_time(patience, session.http_session_api.http_get(method, &parameters, None)).await
    }

    /// The users of a user group, without disabled ones.
    async fn group(
        &self,
        installation: &str,
        team: &str,
        group: &str,
    ) -> Result<Vec<String>, Failure> {
        let parameters = [("usergroup", group), ("include_disabled", "false"), ("team_id", team)];
        let listed: Listed =
            self.read(installation, "usergroups.users.list", &parameters, PATIENCE).await?;
        Ok(listed.users)
    }

    /// Answers a click through the address that came with it. The address is a secret.
    pub(crate) async fn respond(&self, response_url: &str, body: Bytes) -> Result<(), Failure> {
        let url = self.response_url(response_url)?;
        let url = self.egress.check(&url).map_err(|why| Failure::Blocked(why.to_string()))?;
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
        let keep = Keep::Start(RECEIPT_BYTES);
        let request = Request { method: Method::POST, url, headers, body, keep };
        let answer = self.egress.send(request).await?;
        if answer.status.is_success() {
            Ok(())
        } else {
            Err(Failure::Status(answer.status.as_u16()))
        }
    }

    /// Only hosts of Slack's, and this machine where the Web API is on it (tests).
    fn response_url(&self, text: &str) -> Result<Url, Failure> {
        let blocked = || Failure::Blocked("a response address is not Slack's".to_owned());
        let url = Url::parse(text).map_err(|_| blocked())?;
        let ours = match url.host() {
            Some(Host::Domain(name)) if url.scheme() == "https" => {
                let gov = self.api_url.domain().is_some_and(|api| api.ends_with("slack-gov.com"));
                name == "hooks.slack.com" || (gov && name.ends_with(".slack-gov.com"))
            }
            Some(host) => {
                is_loopback(&host) && self.api_url.host().is_some_and(|h| is_loopback(&h))
            }
            None => false,
        };
        if ours { Ok(url) } else { Err(blocked()) }
    }

    /// Any method that does something.
    pub(crate) async fn ask<RQ: Serialize + Send + Sync, RS: DeserializeOwned + Send>(
        &self,
        installation: &str,
        method: &str,
        request: &RQ,
        patience: Duration,
    ) -> Result<RS, Failure> {
        let token = self.token(installation).await?;
        let session = self.client.open_session(&token);
        in_time(patience, session.http_session_api.http_post(method, request, None)).await
    }

    async fn token(&self, installation: &str) -> Result<SlackApiToken, Failure> {
        let token = self.tokens.bot(installation).await?;
        Ok(SlackApiToken::new(token.expose_secret().into()))
    }
}

#[async_trait]
impl GroupCalls for Web {
    async fn users(
        &self,
        installation: &str,
        team: &str,
        group: &str,
    ) -> Result<Vec<String>, String> {
        self.group(installation, team, group).await.map_err(|failure| failure.to_string())
    }
}

async fn in_time<RS>(
    patience: Duration,
    call: impl Future<Output = slack_morphism::ClientResult<RS>>,
) -> Result<RS, Failure> {
    match tokio::time::timeout(patience, call).await {
        Ok(result) => result.map_err(Failure::from),
        Err(_) => Err(Failure::Lost("no answer in time".to_owned())),
    }
}

fn content(message: Message) -> SlackMessageContent {
    SlackMessageContent::new().with_text(message.text).with_blocks(message.blocks)
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
