//! Stand-ins for the tests: a service that keeps one card, and a clock that is set.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, header},
};
use countersign_egress::{self as egress, Egress, target::Allow};
use countersign_port::{
    access::{Access, Ballot, Identity, News, Press, Refusal, RefusalKind, Unheard, Waiting, Word},
    card::{Card, Face},
};
use jiff::{SignedDuration, Timestamp};
use tower::ServiceExt;

use crate::{
    clock::Clock,
    demo,
    door::Key,
    oauth_server::{OauthServer, Settings},
    samples,
    stage::Stage,
    workspace::Sandbox,
};

/// The secret that the tests sign callbacks with.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What opens the doors of the tests.
pub(crate) const KEY: &str = "0123456789abcdef";

/// Counts everybody but Dana, who asked.
#[derive(Debug, Default)]
pub(crate) struct FakeAccess(Mutex<Vec<Ballot>>);

impl FakeAccess {
    pub(crate) fn ballots(&self) -> Vec<Ballot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Access for FakeAccess {
    async fn vote(&self, ballot: Ballot) -> Result<Card, Refusal> {
        if ballot.press.by.subject == "dana" {
            let sentence = "You asked for this, so you can't approve it. Erin can.".to_owned();
            return Err(Refusal { kind: RefusalKind::OwnRequest, sentence });
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(ballot);
        Ok(Card { version: 4, ..samples::card(Face::Partial) })
    }

    async fn ask_again(&self, _press: &Press) -> Result<Card, Refusal> {
        Ok(Card { version: 5, ..samples::card(Face::Expired) })
    }

    async fn show(&self, _press: &Press) -> Result<Card, Refusal> {
        Ok(samples::card(Face::Pending))
    }

    async fn look_up(&self, _request: &str, _viewer: &Identity) -> Result<Card, Refusal> {
        Ok(samples::card(Face::Pending))
    }

    async fn waiting(&self, _viewer: &Identity) -> Result<Vec<Waiting>, Refusal> {
        Ok(Vec::new())
    }

    async fn say(&self, word: &Word, _by: &Identity) -> Result<String, Refusal> {
        Ok(format!("Heard: {word:?}"))
    }

    async fn hear(&self, _news: &News) -> Result<(), Unheard> {
        Ok(())
    }

    async fn turn_away(&self, _press: &Press, kind: RefusalKind) -> Refusal {
        Refusal { kind, sentence: "Nothing was recorded.".to_owned() }
    }
}

/// Stands still until it is moved.
#[derive(Debug)]
pub(crate) struct FakeClock(Mutex<Timestamp>);

impl FakeClock {
    pub(crate) fn at(text: &str) -> Self {
        Self(Mutex::new(text.parse().expect("a time")))
    }
}

#[async_trait]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

/// A demo without a service: nothing listens where the server would ask.
pub(crate) fn stage() -> Stage {
    stage_with("http://127.0.0.1:9".to_owned())
}

/// A demo whose server asks the service at an address.
pub(crate) fn stage_with(service: String) -> Stage {
    let sandbox = Sandbox::new(demo::CHANNELS, Key::new(KEY).expect("a key"));
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at("2026-11-22T14:02:00Z"));
    let server = OauthServer::new(Settings {
        service,
        api_key: "cs_demo_key".into(),
        resource_key: "cs_bank_key".into(),
        webhook_secret: SECRET.parse().expect("a secret"),
        callback_endpoint: "http://127.0.0.1:9/callback".to_owned(),
        egress: egress(),
        clock: Arc::clone(&clock),
        pulse: sandbox.pulse().clone(),
    });
    Stage { sandbox, server, clock }
}

/// Asks as a browser that has come in: the status, where it is sent, and the body.
pub(crate) async fn fetch(
    router: Router,
    method: &str,
    target: &str,
    body: &str,
) -> (u16, String, String) {
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, "127.0.0.1:1")
        .header(header::ORIGIN, "http://127.0.0.1:1")
        .header(header::COOKIE, format!("countersign_demo={KEY}"))
        .body(Body::from(body.to_owned()))
        .expect("a request");
    let response = router.oneshot(request).await.expect("an answer");
    let status = response.status().as_u16();
    let location = response.headers().get(header::LOCATION);
    let location = location.map_or("", |location| location.to_str().expect("an address"));
    let location = location.to_owned();
    let body = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    (status, location, String::from_utf8(body.to_vec()).expect("text"))
}

/// The ids of a page's elements, sorted.
pub(crate) fn ids(html: &str) -> Vec<&str> {
    let parts = html.split(" id=\"").skip(1);
    let mut ids: Vec<_> = parts.filter_map(|rest| rest.split('"').next()).collect();
    ids.sort_unstable();
    ids
}

/// Calls this machine and nothing else.
fn egress() -> Egress {
    let allow =
        Allow { networks: vec!["127.0.0.1/32".parse().expect("a network")], ..Allow::default() };
    Egress::new(egress::Settings { allow, ..egress::Settings::default() }).expect("a client")
}
