//! A tenant of Microsoft's with nothing to it: its connector knows everybody, takes every message,
//! remembers none, and can stop answering. Keys and tokens are those of the fake Teams of the tests.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
    routing::{get, post, put},
};
use countersign::{
    clock::Clock,
    domain::button::{Meaning, token},
};
use countersign_fake_teams::{
    FakeTeams,
    world::{Bot, object},
};
use countersign_port::card::Verb;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    database::PostedCard,
    doorway::{Doorway, Entry},
    failure::Failure,
    payload::wish_of,
    workspace::CHANNELS,
};

pub(crate) const APP: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
pub(crate) const TENANT: &str = "11111111-2222-4333-8444-555555555555";
const TEAM: &str = "19:shop@thread.tacv2";
/// What every message is called: nobody here tells them apart by it.
pub(crate) const THREAD: &str = ";messageid=1";
const MESSAGE: &str = "1";

/// A listening tenant; gone when dropped.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) login: FakeTeams,
    pub(crate) doorway: Doorway,
    connector: SocketAddr,
    _server: JoinSet<()>,
}

impl Tenant {
    /// Listens on free ports.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let clock = Clock::system();
        let bot = Bot::named(APP, TENANT);
        let login = FakeTeams::start(bot, Arc::new(move || clock.now())).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let connector = listener.local_addr()?;
        let (doorway, entry) = Doorway::open();
        let mut server = JoinSet::new();
        server.spawn(async move {
            if let Err(error) = axum::serve(listener, routes(entry)).await {
                anstream::eprintln!("the tenant has stopped: {error}");
            }
        });
        Ok(Self { login, doorway, connector, _server: server })
    }

    /// The activity that says that the app is in the team.
    pub(crate) fn installation(&self, to: SocketAddr) -> Vec<u8> {
        let mut activity = self.activity("installationUpdate", "dana", TEAM);
        if let Some(members) = activity.as_object_mut() {
            members.insert("action".to_owned(), "add".into());
        }
        request(to, &activity, &self.bearer())
    }

    /// The clicks that say yes on these cards, all with one token, as Teams does it.
    pub(crate) fn clicks(
        &self,
        to: SocketAddr,
        cards: &[PostedCard],
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let bearer = self.bearer();
        cards.iter().map(|card| Ok(request(to, &self.yes(card)?, &bearer))).collect()
    }

    fn yes(&self, card: &PostedCard) -> Result<Value, Failure> {
        let meaning = Meaning { step: 0, verb: Verb::Approve };
        let button = token(&card.id.parse()?, &card.secret, meaning);
        let mut activity = self.activity("invoke", wish_of(card).voter(), &card.channel);
        let data = json!({ "button": button, "seen_at": Clock::system().now().to_string() });
        let action = json!({ "type": "Action.Execute", "verb": "approve", "data": data });
        if let Some(members) = activity.as_object_mut() {
            members.insert("name".to_owned(), "adaptiveCard/action".into());
            members.insert("replyToId".to_owned(), MESSAGE.into());
            members.insert("value".to_owned(), json!({ "action": action, "trigger": "manual" }));
        }
        Ok(activity)
    }

    fn activity(&self, kind: &str, who: &str, channel: &str) -> Value {
        json!({
            "type": kind,
            "id": "f:b0bc1d9c-77a5-4ea2-ae2b-000000000000",
            "timestamp": "2026-11-22T12:00:00.000Z",
            "channelId": "msteams",
            "serviceUrl": self.service_url(),
            "from": { "id": format!("29:1{who}"), "name": who, "aadObjectId": object(who) },
            "recipient": { "id": format!("28:{APP}"), "name": "Countersign" },
            "conversation": { "id": format!("{channel}{THREAD}"), "conversationType": "channel",
                "isGroup": true, "tenantId": TENANT },
            "channelData": { "tenant": { "id": TENANT }, "team": { "id": TEAM },
                "channel": { "id": channel } },
            "locale": "en-GB",
        })
    }

    fn service_url(&self) -> String {
        format!("http://{}/emea/", self.connector)
    }

    fn bearer(&self) -> String {
        let mut claims = self.login.claims();
        if let Some(members) = claims.as_object_mut() {
            members.insert("serviceurl".to_owned(), self.service_url().into());
        }
        self.login.sign(&claims)
    }
}

fn request(to: SocketAddr, activity: &Value, bearer: &str) -> Vec<u8> {
    let body = activity.to_string();
    format!(
        "POST /teams/messages HTTP/1.1\r\nhost: {to}\r\n\
         user-agent: Microsoft-SkypeBotApi (Microsoft-BotFramework/3.0)\r\n\
         authorization: Bearer {bearer}\r\ncontent-type: application/json; charset=utf-8\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn routes(entry: Entry) -> Router {
    Router::new()
        .route("/emea/v3/conversations", post(create))
        .route("/emea/v3/conversations/{id}/activities", post(sent))
        .route("/emea/v3/conversations/{id}/activities/{message}", put(sent))
        .route("/emea/v3/conversations/{id}/members/{user}", get(member))
        .route("/emea/v3/teams/{id}/conversations", get(channels))
        .layer(middleware::from_fn_with_state(entry, pass))
}

async fn pass(
    State(mut entry): State<Entry>,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    entry.pass().await?;
    Ok(next.run(request).await)
}

async fn create(Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let channel = body.pointer("/channelData/channel/id").and_then(Value::as_str);
    let id = format!("{}{THREAD}", channel.unwrap_or_default());
    (StatusCode::CREATED, Json(json!({ "id": id, "activityId": MESSAGE })))
}

async fn sent() -> Json<Value> {
    Json(json!({ "id": MESSAGE }))
}

async fn member(Path((_, user)): Path<(String, String)>) -> Json<Value> {
    let name = user.trim_start_matches("29:1");
    Json(json!({
        "id": user,
        "aadObjectId": object(name),
        "name": name,
        "userPrincipalName": format!("{name}@contoso.example"),
        "tenantId": TENANT,
        "userRole": "user",
    }))
}

async fn channels() -> Json<Value> {
    let channel = |(id, name)| json!({ "id": id, "name": name, "type": "standard" });
    Json(json!({ "conversations": CHANNELS.map(channel) }))
}
