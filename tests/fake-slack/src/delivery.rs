//! How an interaction travels: as a payload that a story may still change, as a signed request that
//! it may still spoil, over HTTP or Socket Mode.

use std::time::Instant;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use url::form_urlencoded;

use crate::{
    FakeSlack,
    answer::{ACKNOWLEDGED_WITHIN, Answer},
};

/// Which door of the app a payload goes to, and in what form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A form with JSON in its one field.
    Interaction,
    /// A form.
    Command,
    /// JSON.
    Event,
}

/// What Slack says to the app.
#[derive(Debug, Clone)]
pub struct Payload {
    pub kind: Kind,
    /// For a command, an object of strings.
    pub json: Value,
    /// Which repetition of an event it is, and why.
    pub retry: Option<(u32, &'static str)>,
}

impl Payload {
    pub(crate) fn new(kind: Kind, json: Value) -> Self {
        Self { kind, json, retry: None }
    }

    /// The same event, sent again.
    #[must_use]
    pub fn again(mut self, number: u32, reason: &'static str) -> Self {
        self.retry = Some((number, reason));
        self
    }

    /// What it is, for a remark.
    pub(crate) fn title(&self) -> String {
        let text = |value: &Value, key: &str| value.get(key)?.as_str().map(str::to_owned);
        let inner = self.json.get("event").and_then(|event| text(event, "type"));
        let title = inner.or_else(|| text(&self.json, "type"));
        title.or_else(|| text(&self.json, "command")).unwrap_or_default()
    }
}

/// A request just before it is sent; everything in it may be spoilt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub url: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Signed {
    /// The same request without any header of this name.
    #[must_use]
    pub fn without(mut self, header: &str) -> Self {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(header));
        self
    }

    /// The same request with one more header, whether or not there is one of that name.
    #[must_use]
    pub fn and(mut self, header: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((header.to_owned(), value.into()));
        self
    }

    /// The first value of a header, where it is text.
    pub fn header(&self, wanted: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        str::from_utf8(&found.1).ok()
    }
}

/// `v0=…` over a body, as the header `x-slack-signature` has it.
pub fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

impl FakeSlack {
    /// Sends it by the way that the app has chosen. Slack does what the answer says; it remarks on
    /// what is not acknowledged.
    pub async fn deliver(&self, payload: &Payload) -> Answer {
        let by_socket = self.core.state().sockets.is_on();
        let answer = if by_socket {
            self.core.envelop(payload).await
        } else {
            self.post(self.sign(payload)).await
        };
        if answer.is_acknowledged() {
            self.core.follow(payload, &answer);
        } else {
            let (title, status) = (payload.title(), answer.status);
            let what = format!("{title} was not acknowledged in time: {status:?} {}", answer.body);
            self.core.state().remark(what);
        }
        answer
    }

    /// The request that carries a payload, signed at this moment.
    pub fn sign(&self, payload: &Payload) -> Signed {
        self.sign_at(payload, self.core.now().as_second())
    }

    /// The request that carries a payload, signed at another moment.
    pub fn sign_at(&self, payload: &Payload, unix_s: i64) -> Signed {
        let (content_type, body) = match payload.kind {
            Kind::Interaction => (FORM, form([("payload", payload.json.to_string())])),
            Kind::Command => (FORM, form(strings(&payload.json))),
            Kind::Event => ("application/json", payload.json.to_string()),
        };
        let mut signed = self.sign_body(payload.kind, content_type, body.into_bytes(), unix_s);
        if let Some((number, reason)) = payload.retry {
            signed = signed.and("x-slack-retry-num", number.to_string());
            signed = signed.and("x-slack-retry-reason", reason);
        }
        signed
    }

    /// A request with any body at all, well signed.
    pub fn sign_body(&self, kind: Kind, content_type: &str, body: Vec<u8>, unix_s: i64) -> Signed {
        let state = self.core.state();
        let endpoints = state.endpoints.as_ref();
        let url = endpoints.map(|endpoints| match kind {
            Kind::Interaction => endpoints.interactions.clone(),
            Kind::Command => endpoints.commands.clone(),
            Kind::Event => endpoints.events.clone(),
        });
        let timestamp = unix_s.to_string();
        let signature = signature(&state.app.signing_secret, &timestamp, &body);
        let headers = [
            ("content-type", content_type),
            ("user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)"),
            ("x-slack-request-timestamp", &timestamp),
            ("x-slack-signature", &signature),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.as_bytes().to_vec());
        let headers = headers.into_iter().map(owned).collect();
        Signed { url: url.unwrap_or_default(), headers, body }
    }

    /// Sends a request as it is. It does nothing with the answer, and does not complain.
    pub async fn post(&self, signed: Signed) -> Answer {
        let started = Instant::now();
        let headers: HeaderMap = signed
            .headers
            .iter()
            .filter_map(|(name, value)| {
                let value = HeaderValue::from_bytes(value).ok()?;
                Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
            })
            .fold(HeaderMap::new(), |mut all, (name, value)| {
                all.append(name, value);
                all
            });
        let request = self.core.client.post(&signed.url).headers(headers).body(signed.body);
        let (status, body) = match request.timeout(ACKNOWLEDGED_WITHIN).send().await {
            Ok(response) => {
                let status = response.status().as_u16();
                (Some(status), response.text().await.unwrap_or_default())
            }
            Err(_) => (None, String::new()),
        };
        Answer { status, body, elapsed: started.elapsed() }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn strings(json: &Value) -> impl Iterator<Item = (&str, String)> {
    let pairs = json.as_object().into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Slack's page "Verifying requests from Slack".
    #[test]
    fn the_published_example_is_signed_as_published() {
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
            &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
            &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands\
            %2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015\
            .47445629121.803a0bc887a14d10d2c447fce8b6703c";
        assert_eq!(
            signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body.as_bytes()),
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        );
    }
}
