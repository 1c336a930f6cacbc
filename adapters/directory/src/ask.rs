//! One question, once more after a short wait where the other side asks for that.

use std::time::Duration;

use bytes::Bytes;
use countersign_egress::{
    Egress,
    exchange::{Answer, Keep, Request},
};
use countersign_port::directory::NoAnswer;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio::time::{sleep, timeout};
use url::Url;

/// One answer takes no longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A longer wait is left to the next round.
const WAIT_MAX_S: u64 = 5;

/// A page of members.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// How a caller proves who it is: the word before the token, and the token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proof<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) token: &'a SecretString,
}

pub(crate) fn no_answer<T>(cause: impl Into<String>) -> Result<T, NoAnswer> {
    Err(NoAnswer { cause: cause.into() })
}

/// Headers with a proof that no log shows.
pub(crate) fn headers(proof: Option<Proof<'_>>) -> Result<HeaderMap, NoAnswer> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(Proof { scheme, token }) = proof {
        let value = HeaderValue::from_str(&format!("{scheme}{}", token.expose_secret()));
        let Ok(mut value) = value else { return no_answer("the token is not one") };
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok(headers)
}

/// Asks for a document.
pub(crate) async fn get<T: DeserializeOwned>(
    egress: &Egress,
    url: &Url,
    headers: HeaderMap,
) -> Result<T, NoAnswer> {
    let answer = send(egress, Method::GET, url, (headers, Bytes::new())).await?;
    if !answer.status.is_success() {
        return no_answer(format!("the answer was {}", answer.status));
    }
    parsed(&answer)
}

pub(crate) fn parsed<T: DeserializeOwned>(answer: &Answer) -> Result<T, NoAnswer> {
    serde_json::from_slice(&answer.body)
        .or_else(|error| no_answer(format!("the answer is not understood: {error}")))
}

/// Whatever comes back, but for a wait that the other side asked for.
pub(crate) async fn send(
    egress: &Egress,
    method: Method,
    url: &Url,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, NoAnswer> {
    let mut waited = false;
    loop {
        let url = egress.check(url).or_else(|blocked| no_answer(blocked.to_string()))?;
        let (headers, body) = (headers.clone(), body.clone());
        let keep = Keep::Whole(MAX_BYTES);
        let request = Request { method: method.clone(), url, headers, body, keep };
        let answer = match timeout(PATIENCE, egress.send(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return no_answer(error.to_string()),
            Err(_) => return no_answer("no answer in time"),
        };
        let is_busy = matches!(
            answer.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        match wait(&answer).filter(|wait| *wait <= WAIT_MAX_S && is_busy && !waited) {
            Some(seconds) => sleep(Duration::from_secs(seconds)).await,
            None => return Ok(answer),
        }
        waited = true;
    }
}

/// The seconds that the other side asks us to wait.
fn wait(answer: &Answer) -> Option<u64> {
    let seconds =
        ["retry-after", "ratelimit-reset"].iter().find_map(|name| answer.headers.get(*name));
    seconds?.to_str().ok()?.trim().parse().ok()
}
