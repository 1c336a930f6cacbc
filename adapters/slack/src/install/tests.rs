//! Every step of an installation, and every way in which it is refused.

use std::sync::atomic::{AtomicU8, Ordering};

use axum::{
    body::{Body, to_bytes},
    http::{
        Method, Request,
        header::{COOKIE, LOCATION, REFERRER_POLICY, SET_COOKIE},
    },
};
use serde_json::json;
use tower::ServiceExt;

use super::*;
use crate::{
    oauth::fakes::{CODE, FakeSlack, ORGANISATION, TEAM},
    token::fakes::{Clock, Notebook},
};

/// An operator with a browser, the service, and Slack.
struct Stage {
    slack: FakeSlack,
    clock: Clock,
    notebook: Arc<Notebook>,
    installer: Arc<Installer>,
}

/// What the operator's browser holds on the way through Slack.
struct Trip {
    state: String,
    cookie: String,
}

struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Stage {
    async fn new() -> Self {
        let clock = Clock::new();
        let notebook = Notebook::new(&clock);
        let slack = FakeSlack::open().await;
        let memory = Arc::clone(&notebook) as Arc<dyn Memory>;
        let (settings, oauth, now) = (slack.settings(), slack.oauth(), clock.now());
        let tokens = Tokens::new(&settings, Arc::clone(&memory), oauth.clone(), now.clone());
        let marks = Marks { memory, random: counting(), now };
        let installer = Installer { settings, oauth, tokens: Arc::new(tokens), marks };
        Self { slack, clock, notebook, installer: Arc::new(installer) }
    }

    async fn link(&self) -> String {
        let public_url = &self.installer.settings.public_url;
        let link = install_link(public_url, &self.installer.marks).await.expect("a link");
        link.strip_prefix(public_url.as_str()).expect("it is below our address").to_owned()
    }

    async fn ask(&self, method: Method, path: &str, cookie: Option<&str>) -> Seen {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(cookie) = cookie {
            request = request.header(COOKIE, format!("theme=dark; {COOKIE_NAME}={cookie}"));
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = routes(Arc::clone(&self.installer)).oneshot(request).await.expect("answer");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 10_000).await.expect("a body");
        let text = String::from_utf8(bytes.into()).expect("text");
        assert_eq!(parts.headers[REFERRER_POLICY], "no-referrer");
        Seen { status: parts.status, headers: parts.headers, text }
    }

    async fn get(&self, path: &str, cookie: Option<&str>) -> Seen {
        self.ask(Method::GET, path, cookie).await
    }

    /// Opens a new link, and goes to Slack.
    async fn trip(&self) -> Trip {
        let seen = self.get(&self.link().await, None).await;
        assert_eq!(seen.status, StatusCode::FOUND);
        let url: Url = seen.header(LOCATION.as_str()).parse().expect("a URL");
        let (_, state) = url.query_pairs().find(|(name, _)| name == "state").expect("a state");
        let cookie = seen.header(SET_COOKIE.as_str());
        let (_, rest) = cookie.split_once('=').expect("a cookie");
        let (value, _) = rest.split_once(';').expect("attributes");
        Trip { state: state.into_owned(), cookie: value.to_owned() }
    }

    /// Slack sends the browser back.
    async fn back(&self, trip: &Trip) -> Seen {
        self.get(&trip.path(), Some(&trip.cookie)).await
    }

    fn installations(&self) -> usize {
        ["T0123", "E0123", "T0999"]
            .iter()
            .filter(|name| self.notebook.text(&format!("installation/{name}")).is_some())
            .count()
    }

    fn refuses(&self, seen: &Seen, status: StatusCode, words: &str) {
        assert_eq!(seen.status, status, "{}", seen.text);
        assert!(seen.text.contains(words), "{}", seen.text);
        assert_eq!(self.installations(), 0);
    }
}

impl Trip {
    fn path(&self) -> String {
        format!("/slack/oauth/callback?code={CODE}&state={}", self.state)
    }
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("text")
    }
}

/// Never the same twice.
fn counting() -> Random {
    let count = AtomicU8::new(0);
    Random(Arc::new(move || [count.fetch_add(1, Ordering::SeqCst); 32]))
}

#[tokio::test]
async fn a_link_leads_to_slack_with_what_slack_needs() {
    let stage = Stage::new().await;
    let seen = stage.get(&stage.link().await, None).await;
    let url: Url = seen.header("location").parse().expect("a URL");
    assert_eq!(url.path(), "/oauth/v2/authorize");
    assert_eq!(url.port(), stage.slack.api_url.port(), "on the host of the API");
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let names: Vec<&str> = query.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["client_id", "scope", "redirect_uri", "state"]);
    assert_eq!(query[0].1, "client-1");
    assert!(query[1].1.starts_with("chat:write,im:write,commands,"));
    assert_eq!(query[2].1, "https://countersign.example.com/slack/oauth/callback");
    assert_eq!(query[3].1.len(), 43, "32 bytes");
    let cookie = seen.header("set-cookie");
    assert!(cookie.starts_with("__Host-"), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600"), "{cookie}");
    assert!(!cookie.contains(&query[3].1), "the cookie is not the state");
}

#[tokio::test]
async fn the_app_is_installed_and_nothing_secret_is_shown() {
    let stage = Stage::new().await;
    let trip = stage.trip().await;
    let seen = stage.back(&trip).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
    assert!(seen.text.contains("Countersign is installed in T0123."), "{}", seen.text);
    for secret in [CODE, &trip.state, &trip.cookie, "xox"] {
        assert!(!seen.text.contains(secret), "{}", seen.text);
    }
    assert_eq!(seen.header("cache-control"), "no-store");
    assert!(seen.header("set-cookie").ends_with("Max-Age=0"));
    // At once, although there was nothing a moment ago.
    assert!(stage.installer.tokens.bot(TEAM).await.is_ok());
    let calls = stage.slack.office().calls.clone();
    assert_eq!(calls[0]["redirect_uri"], "https://countersign.example.com/slack/oauth/callback");
}

#[tokio::test]
async fn installing_again_replaces_the_tokens() {
    let stage = Stage::new().await;
    for _ in 0..2 {
        let trip = stage.trip().await;
        assert_eq!(stage.back(&trip).await.status, StatusCode::OK);
    }
    let kept = stage.notebook.text("installation/T0123").expect("a record");
    assert!(kept.contains("xoxe-1-2") && !kept.contains("xoxe-1-1"));
}

#[tokio::test]
async fn a_link_works_once_and_not_for_long() {
    let stage = Stage::new().await;
    let link = stage.link().await;
    assert_eq!(stage.ask(Method::HEAD, &link, None).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(stage.get(&link, None).await.status, StatusCode::FOUND);
    let too_old = stage.link().await;
    stage.clock.advance(601);
    for path in [link.as_str(), &too_old, "/slack/install?t=guess", "/slack/install"] {
        let seen = stage.get(path, None).await;
        stage.refuses(&seen, StatusCode::BAD_REQUEST, "used already or is too old");
    }
}

#[tokio::test]
async fn what_is_remembered_opens_nothing() {
    let stage = Stage::new().await;
    let link = stage.link().await;
    let trip = stage.trip().await;
    let remembered: Vec<String> = stage.notebook.pages().marks.keys().cloned().collect();
    assert_eq!(remembered.len(), 2);
    for name in remembered {
        let (_, digest) = name.rsplit_once('/').expect("a name");
        assert_eq!(digest.len(), 64);
        assert!(!link.contains(digest) && !trip.state.contains(digest));
    }
}

#[tokio::test]
async fn the_way_back_needs_the_state_and_the_cookie_of_one_trip() {
    let stage = Stage::new().await;
    let (trip, other) = (stage.trip().await, stage.trip().await);
    let without_state = format!("/slack/oauth/callback?code={CODE}");
    let tries = [
        (without_state.as_str(), Some(trip.cookie.as_str())),
        (&trip.path(), None),
        (&trip.path(), Some("")),
        (&trip.path(), Some(&other.cookie)),
        (&format!("{without_state}&state={}", trip.cookie), Some(&trip.cookie)),
    ];
    for (path, cookie) in tries {
        let seen = stage.get(path, cookie).await;
        stage.refuses(&seen, StatusCode::BAD_REQUEST, "not begun in this browser");
    }
    assert_eq!(stage.slack.calls(), 0, "nobody redeemed the code");
    assert_eq!(stage.back(&trip).await.status, StatusCode::OK, "a stranger's try costs nothing");
}

#[tokio::test]
async fn a_state_works_once_and_not_for_long() {
    let stage = Stage::new().await;
    let late = stage.trip().await;
    stage.clock.advance(601);
    let seen = stage.back(&late).await;
    stage.refuses(&seen, StatusCode::BAD_REQUEST, "took too long");
    let trip = stage.trip().await;
    assert_eq!(stage.back(&trip).await.status, StatusCode::OK);
    assert_eq!(stage.back(&trip).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(stage.slack.calls(), 1);
}

#[tokio::test]
async fn only_places_on_the_list_are_kept() {
    let stage = Stage::new().await;
    stage.slack.office().grant["team"] = json!({ "id": "T0999" });
    let seen = stage.back(&stage.trip().await).await;
    stage.refuses(&seen, StatusCode::FORBIDDEN, "does not allow this workspace");
    {
        let mut office = stage.slack.office();
        office.grant["is_enterprise_install"] = json!(true);
        office.grant["team"] = json!(null);
        office.grant["enterprise"] = json!({ "id": "E0999" });
    }
    let seen = stage.back(&stage.trip().await).await;
    stage.refuses(&seen, StatusCode::FORBIDDEN, "does not allow this workspace");
    stage.slack.office().grant["enterprise"] = json!({ "id": ORGANISATION });
    assert_eq!(stage.back(&stage.trip().await).await.status, StatusCode::OK);
    assert!(stage.installer.tokens.bot(ORGANISATION).await.is_ok());
}

#[tokio::test]
async fn a_token_of_another_app_is_not_kept() {
    let stage = Stage::new().await;
    stage.slack.office().grant["app_id"] = json!("A0OTHER");
    let seen = stage.back(&stage.trip().await).await;
    stage.refuses(&seen, StatusCode::FORBIDDEN, "another app");
}

#[tokio::test]
async fn an_operator_may_think_better_of_it() {
    let stage = Stage::new().await;
    let trip = stage.trip().await;
    let path = format!("/slack/oauth/callback?error=access_denied&state={}", trip.state);
    let seen = stage.get(&path, Some(&trip.cookie)).await;
    stage.refuses(&seen, StatusCode::BAD_REQUEST, "was not allowed there");
    assert_eq!(stage.slack.calls(), 0);
}

#[tokio::test]
async fn what_slack_or_the_database_cannot_do_is_said() {
    let stage = Stage::new().await;
    stage.slack.office().refusing = Some("invalid_code");
    let seen = stage.back(&stage.trip().await).await;
    stage.refuses(&seen, StatusCode::BAD_GATEWAY, "did not give a token");
    assert!(!seen.text.contains("invalid_code"), "that is for the log");
    stage.slack.office().refusing = None;
    stage.notebook.pages().failing_saves = 1;
    let seen = stage.back(&stage.trip().await).await;
    stage.refuses(&seen, StatusCode::SERVICE_UNAVAILABLE, "could not be stored");
}

#[tokio::test]
async fn an_odd_query_is_refused_with_the_same_headers() {
    let stage = Stage::new().await;
    let seen = stage.get("/slack/oauth/callback?state=a&state=b&code=c", None).await;
    assert_eq!(seen.status, StatusCode::BAD_REQUEST);
    let seen = stage.get("/slack/install?t=%ff%00", None).await;
    assert_eq!(seen.status, StatusCode::BAD_REQUEST);
}
