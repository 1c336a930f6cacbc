//! Stand-ins for the tests: a service that says what it is told to, a memory, and a Teams with
//! login, keys and connector, which keeps what it was asked and fails on what it does not know.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::State,
    http::{HeaderMap, Method, Request, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_egress::{self as egress, Egress, target::Allow};
use countersign_port::{
    access::{Access, Ballot, Identity, News, Press, Refusal, RefusalKind, Unheard, Waiting, Word},
    card::{Card, Face},
    chat::{Chat, MessageRef},
    clock::Now,
    memory::{Lost, Memory, Record},
};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{
    samples,
    settings::{Auth, Authority, Credential, ServiceHosts, Settings},
    teams::{Parts, Teams},
};

pub(crate) const APP: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
pub(crate) const TENANT: &str = "11111111-2222-4333-8444-555555555555";
pub(crate) const TEAM: &str = "19:team@thread.tacv2";
pub(crate) const CHANNEL: &str = "19:approvals@thread.tacv2";
pub(crate) const THREAD: &str = "19:approvals@thread.tacv2;messageid=1795359389534";
pub(crate) const BOB: &str = "22222222-0000-4000-8000-000000000002";
pub(crate) const NOW: &str = "2026-11-22T14:56:00Z";
pub(crate) const ISSUER: &str = "https://api.botframework.com";

/// The key that the connector signs with, and one that nobody knows.
pub(crate) static KEYS: LazyLock<[TestKey; 2]> =
    LazyLock::new(|| [TestKey::new("key-1"), TestKey::new("key-2")]);

/// A key of a test.
pub(crate) struct TestKey {
    pub kid: &'static str,
    pub signing: EncodingKey,
    public: Value,
}

impl TestKey {
    fn new(kid: &'static str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        // PKCS #8 wraps the PKCS #1 key that is wanted here in a prefix of this length.
        let signing = EncodingKey::from_rsa_der(&pair.serialize_der()[26..]);
        let public = Jwk::from_encoding_key(&signing, Algorithm::RS256).unwrap();
        Self { kid, signing, public: serde_json::to_value(public).unwrap() }
    }

    /// The key as a member of a key set.
    pub(crate) fn published(&self, endorsements: &Value) -> Value {
        let mut key = self.public.clone();
        key["kid"] = self.kid.into();
        key["endorsements"] = endorsements.clone();
        key
    }
}

/// What the service was asked.
#[derive(Debug, Default)]
pub(crate) struct FakeAccess {
    pub ballots: Mutex<Vec<Ballot>>,
    pub shown: Mutex<Vec<Press>>,
    pub turned_away: Mutex<Vec<(Press, RefusalKind)>>,
    pub refuses: Mutex<Option<RefusalKind>>,
}

impl FakeAccess {
    fn answer(&self) -> Result<Card, Refusal> {
        match *self.refuses.lock().unwrap() {
            Some(kind) => Err(refusal(kind)),
            None => Ok(samples::card(Face::Partial)),
        }
    }
}

fn refusal(kind: RefusalKind) -> Refusal {
    Refusal { kind, sentence: format!("Refused: {kind:?}.") }
}

#[async_trait]
impl Access for FakeAccess {
    async fn vote(&self, ballot: Ballot) -> Result<Card, Refusal> {
        self.ballots.lock().unwrap().push(ballot);
        self.answer()
    }

    async fn ask_again(&self, _press: &Press) -> Result<Card, Refusal> {
        self.answer()
    }

    async fn show(&self, press: &Press) -> Result<Card, Refusal> {
        self.shown.lock().unwrap().push(press.clone());
        self.answer()
    }

    async fn look_up(&self, request: &str, _viewer: &Identity) -> Result<Card, Refusal> {
        Ok(Card { request: request.to_owned(), ..self.answer()? })
    }

    async fn waiting(&self, _viewer: &Identity) -> Result<Vec<Waiting>, Refusal> {
        let expires_at = samples::at("2026-11-22T15:32:00Z");
        let message = Some(MessageRef(format!("{TENANT}|{THREAD}|1795359389534")));
        Ok(vec![Waiting { card: self.answer()?, expires_at, message }])
    }

    async fn say(&self, word: &Word, _by: &Identity) -> Result<String, Refusal> {
        Ok(format!("Heard: {word:?}"))
    }

    async fn hear(&self, _news: &News) -> Result<(), Unheard> {
        Ok(())
    }

    async fn turn_away(&self, press: &Press, why: RefusalKind) -> Refusal {
        self.turned_away.lock().unwrap().push((press.clone(), why));
        refusal(why)
    }
}

/// Keeps records, and fails when it is told to.
#[derive(Default)]
pub(crate) struct FakeMemory {
    records: Mutex<BTreeMap<String, (i64, SecretString)>>,
    pub lost: Mutex<bool>,
}

impl FakeMemory {
    fn check(&self) -> Result<(), Lost> {
        if *self.lost.lock().unwrap() { Err(Lost { cause: "gone".to_owned() }) } else { Ok(()) }
    }
}

#[async_trait]
impl Memory for FakeMemory {
    async fn load(&self, name: &str) -> Result<Option<Record>, Lost> {
        self.check()?;
        let found = self.records.lock().unwrap().get(name).cloned();
        let record = |(version, secret)| Record { name: name.to_owned(), version, secret };
        Ok(found.map(record))
    }

    async fn list(&self, _prefix: &str) -> Result<Vec<Record>, Lost> {
        Ok(Vec::new())
    }

    async fn save(
        &self,
        name: &str,
        secret: &SecretString,
        over: i64,
    ) -> Result<Option<i64>, Lost> {
        self.check()?;
        let mut records = self.records.lock().unwrap();
        let version = records.get(name).map_or(0, |(version, _)| *version);
        if version != over {
            return Ok(None);
        }
        records.insert(name.to_owned(), (over + 1, secret.clone()));
        Ok(Some(over + 1))
    }

    async fn lease(&self, _name: &str, _time: Duration) -> Result<bool, Lost> {
        Ok(false)
    }

    async fn release(&self, _name: &str) -> Result<(), Lost> {
        Ok(())
    }

    async fn mark(&self, _name: &str, _until: Timestamp) -> Result<bool, Lost> {
        Ok(true)
    }

    async fn unmark(&self, _name: &str) -> Result<bool, Lost> {
        Ok(true)
    }
}

/// The folder of published activities, or `None`, said aloud, where there is none.
#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
pub(crate) fn vectors(test: &str) -> Option<PathBuf> {
    let Ok(folder) = std::env::var("COUNTERSIGN_VECTORS") else {
        eprintln!("skipped: {test}: set COUNTERSIGN_VECTORS");
        return None;
    };
    Some(Path::new(&folder).join("teams"))
}

/// One call that came in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Called {
    pub method: Method,
    pub path: String,
    pub token: Option<String>,
    pub body: Value,
}

/// An answer that is given once, to the next call that fits.
#[derive(Debug)]
struct Planned {
    method: Method,
    part: &'static str,
    answer: (u16, Value),
}

/// A Microsoft: what it was asked, and what it answers.
#[derive(Debug, Default)]
pub(crate) struct Microsoft {
    pub calls: Mutex<Vec<Called>>,
    /// Answers other than the usual ones.
    answers: Mutex<Vec<Planned>>,
    pub keys: Mutex<Vec<Value>>,
    pub members: Mutex<HashMap<String, Value>>,
    /// The token that is accepted; each login gives the next one.
    logins: Mutex<u32>,
}

impl Microsoft {
    /// The next answer to this is another one.
    pub(crate) fn answers(&self, method: Method, part: &'static str, status: u16, body: Value) {
        let planned = Planned { method, part, answer: (status, body) };
        self.answers.lock().unwrap().push(planned);
    }

    /// What was asked so far at paths that hold this.
    pub(crate) fn asked(&self, part: &str) -> Vec<Called> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| call.path.contains(part)).cloned().collect()
    }

    fn planned(&self, method: &Method, path: &str) -> Option<(u16, Value)> {
        let mut answers = self.answers.lock().unwrap();
        let fits = |each: &Planned| each.method == *method && path.contains(each.part);
        let first = answers.iter().position(fits)?;
        Some(answers.remove(first).answer)
    }

    fn usual(&self, method: &Method, path: &str, address: &str) -> (u16, Value) {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("GET", ["openid"]) => (200, json!({ "jwks_uri": format!("{address}/keys") })),
            ("GET", ["keys"]) => (200, json!({ "keys": *self.keys.lock().unwrap() })),
            ("POST", ["login", "token"]) => {
                let mut logins = self.logins.lock().unwrap();
                *logins += 1;
                (200, json!({ "access_token": format!("token-{logins}"), "expires_in": 3600 }))
            }
            ("POST", ["_connector", "v3", "conversations"]) => {
                (201, json!({ "id": THREAD, "activityId": "1795359389534" }))
            }
            ("POST", ["_connector", "v3", "conversations", _, "activities"]) => {
                (201, json!({ "id": "2" }))
            }
            ("PUT", ["_connector", "v3", "conversations", _, "activities", id]) => {
                (200, json!({ "id": id }))
            }
            ("GET", ["_connector", "v3", "conversations", _, "members", user]) => {
                let user = percent_decoded(user);
                match self.members.lock().unwrap().get(&user) {
                    Some(member) => (200, member.clone()),
                    None => (404, json!({ "error": { "code": "MemberNotFound" } })),
                }
            }
            ("GET", ["_connector", "v3", "teams", _, "conversations"]) => (
                200,
                json!({ "conversations": [
                    { "id": TEAM, "name": null },
                    { "id": CHANNEL, "name": "Approvals", "type": "standard" },
                    { "id": "19:shared@thread.tacv2", "name": "Both", "type": "shared" },
                ] }),
            ),
            other => (599, json!({ "unknown": format!("{other:?}") })),
        }
    }
}

fn percent_decoded(text: &str) -> String {
    let form = format!("x={text}");
    url::form_urlencoded::parse(form.as_bytes()).next().unwrap().1.into_owned()
}

/// A Microsoft and our adapter in front of it.
pub(crate) struct Stage {
    pub microsoft: Arc<Microsoft>,
    pub access: Arc<FakeAccess>,
    pub memory: Arc<FakeMemory>,
    pub teams: Teams,
    pub address: String,
    now: Arc<Mutex<Timestamp>>,
    _server: JoinSet<()>,
}

impl Stage {
    /// Nothing is known yet.
    pub(crate) async fn empty() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let microsoft = Arc::new(Microsoft::default());
        let state = (Arc::clone(&microsoft), address.clone());
        let router = Router::new().fallback(called).with_state(state);
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let now = Arc::new(Mutex::new(samples::at(NOW)));
        let memory = Arc::new(FakeMemory::default());
        let teams = teams(settings(&address), &memory, &now);
        microsoft.keys.lock().unwrap().push(KEYS[0].published(&json!(["msteams"])));
        microsoft.members.lock().unwrap().insert("29:1bob".to_owned(), bob(&json!({})));
        let access = Arc::default();
        Self { microsoft, access, memory, teams, address, now, _server: server }
    }

    /// The app is in the team.
    pub(crate) async fn installed() -> Self {
        let stage = Self::empty().await;
        let (status, _) = stage.send(&stage.installation("add")).await;
        assert_eq!(status, 200);
        stage.errands().await;
        stage.microsoft.calls.lock().unwrap().clear();
        stage
    }

    pub(crate) fn passes(&self, time: SignedDuration) {
        *self.now.lock().unwrap() += time;
    }

    pub(crate) fn now(&self) -> Now {
        let now = Arc::clone(&self.now);
        Now(Arc::new(move || *now.lock().unwrap()))
    }

    /// Where activities say that the connector is.
    pub(crate) fn service_url(&self) -> String {
        format!("{}/_connector", self.address)
    }

    /// The claims of a good token.
    pub(crate) fn claims(&self) -> Value {
        let now = self.now.lock().unwrap().as_second();
        json!({
            "iss": ISSUER,
            "aud": APP,
            "exp": now + 3600,
            "nbf": now - 60,
            "serviceurl": self.service_url(),
        })
    }

    /// Posts an activity with a good token.
    pub(crate) async fn send(&self, activity: &Value) -> (u16, Value) {
        let token = sign(&KEYS[0], &self.claims());
        self.post(Some(&format!("Bearer {token}")), activity.to_string()).await
    }

    /// Posts anything: the status and the JSON of the answer, null for none.
    pub(crate) async fn post(&self, authorization: Option<&str>, body: String) -> (u16, Value) {
        let mut request = Request::post("/teams/messages");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Body::from(body)).unwrap();
        let access: Arc<dyn Access> = Arc::clone(&self.access) as Arc<dyn Access>;
        let response = self.teams.routes(access).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Does what is left to do after the answers.
    pub(crate) async fn errands(&self) {
        let stop = CancellationToken::new();
        stop.cancel();
        let access: Arc<dyn Access> = Arc::clone(&self.access) as Arc<dyn Access>;
        self.teams.work(access, stop).await;
    }

    /// A click of Bob's.
    pub(crate) fn click(&self, verb: &str, fields: &Value) -> Value {
        let mut activity = self.activity("invoke");
        activity["name"] = "adaptiveCard/action".into();
        activity["value"] = json!({
            "action": { "type": "Action.Execute", "verb": verb, "data": data(verb, fields) },
        });
        activity
    }

    /// The same click on an old client.
    pub(crate) fn submit(&self, verb: &str, fields: &Value) -> Value {
        let mut activity = self.activity("message");
        activity["value"] = data(verb, fields);
        activity["value"]["verb"] = verb.into();
        activity
    }

    /// Bob writes to the bot.
    pub(crate) fn say(&self, words: &str) -> Value {
        let mut activity = self.activity("message");
        activity["text"] = format!("<at>Countersign</at> {words}").into();
        activity
    }

    /// The app is put into the team, or taken from it.
    pub(crate) fn installation(&self, action: &str) -> Value {
        let mut activity = self.activity("installationUpdate");
        activity["action"] = action.into();
        activity["conversation"]["id"] = CHANNEL.into();
        activity
    }

    fn activity(&self, kind: &str) -> Value {
        json!({
            "type": kind,
            "id": "1",
            "channelId": "msteams",
            "serviceUrl": self.service_url(),
            "from": { "id": "29:1bob", "name": "Bob", "aadObjectId": BOB },
            "recipient": { "id": format!("28:{APP}"), "name": "Countersign" },
            "conversation": {
                "id": THREAD,
                "conversationType": "channel",
                "isGroup": true,
                "tenantId": TENANT,
            },
            "channelData": {
                "tenant": { "id": TENANT },
                "team": { "id": TEAM },
                "channel": { "id": CHANNEL },
            },
            "replyToId": "1795359389534",
        })
    }
}

fn data(verb: &str, fields: &Value) -> Value {
    let mut data = json!({
        "button": format!("crd_01KA7M6Q5X8R3T0V2W4Y6Z8B1C.{verb}"),
        "seen_at": "2026-11-22T14:50:00Z",
    });
    for (name, value) in fields.as_object().unwrap() {
        data[format!("{verb}-{name}")] = value.clone();
    }
    data
}

/// Bob as the roster has him, with some members set otherwise.
pub(crate) fn bob(other: &Value) -> Value {
    let mut member = json!({
        "id": "29:1bob",
        "aadObjectId": BOB,
        "name": "Bob Senior",
        "userPrincipalName": "bob@contoso.example",
        "tenantId": TENANT,
        "userRole": "user",
    });
    for (name, value) in other.as_object().unwrap() {
        member[name] = value.clone();
    }
    member
}

/// A token with these claims.
pub(crate) fn sign(key: &TestKey, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(key.kid.to_owned());
    encode(&header, claims, &key.signing).unwrap()
}

/// A token with any header, which may lie about how it is signed: with RS384, or else RS256.
pub(crate) fn forge(key: &TestKey, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let rs384 = header["alg"] == "RS384";
    let algorithm = if rs384 { Algorithm::RS384 } else { Algorithm::RS256 };
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key.signing, algorithm).unwrap();
    format!("{signed}.{signature}")
}

pub(crate) fn settings(address: &str) -> Settings {
    Settings {
        app_id: APP.to_owned(),
        tenant_id: TENANT.to_owned(),
        public_url: "https://approvals.example".to_owned(),
        credential: Credential::Secret("s3cr3t".into()),
        authority: Authority {
            issuer: ISSUER.to_owned(),
            openid_metadata_url: format!("{address}/openid").parse().unwrap(),
            token_url: format!("{address}/login/token").parse().unwrap(),
            scope: "https://api.botframework.com/.default".to_owned(),
        },
        service_hosts: ServiceHosts::new(["127.0.0.1"]).unwrap(),
        auth: Auth::Connector,
    }
}

/// An adapter over this memory.
pub(crate) fn teams(
    settings: Settings,
    memory: &Arc<FakeMemory>,
    now: &Arc<Mutex<Timestamp>>,
) -> Teams {
    let now = Arc::clone(now);
    let now = Now(Arc::new(move || *now.lock().unwrap()));
    let memory = Arc::clone(memory) as Arc<dyn Memory>;
    Teams::new(Parts { settings, egress: egress(), memory, now })
}

/// Calls this machine and nothing else. Reading the certificates of the system takes its time.
pub(crate) fn egress() -> Egress {
    static EGRESS: LazyLock<Egress> = LazyLock::new(|| {
        let allow = Allow { networks: vec!["127.0.0.0/8".parse().unwrap()], ..Allow::default() };
        Egress::new(egress::Settings { allow, ..egress::Settings::default() }).unwrap()
    });
    EGRESS.clone()
}

async fn called(
    State((microsoft, address)): State<(Arc<Microsoft>, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let token = headers.get("authorization").and_then(|value| value.to_str().ok());
    let token = token.map(str::to_owned);
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    let body = serde_json::from_slice(&body).unwrap_or_else(|_| text());
    let call = Called { method: method.clone(), path: path.clone(), token, body };
    microsoft.calls.lock().unwrap().push(call);
    let planned = microsoft.planned(&method, &path);
    let (status, body) = planned.unwrap_or_else(|| microsoft.usual(&method, &path, &address));
    let status = StatusCode::from_u16(status).unwrap();
    if status == StatusCode::TOO_MANY_REQUESTS {
        return (status, [("retry-after", "7")], body.to_string()).into_response();
    }
    (status, body.to_string()).into_response()
}
