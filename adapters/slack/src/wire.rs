//! slack-morphism's transport over our own egress: one request, one answer, no retry, no pacing
//! and no redirect. The deadline is the caller's.

use std::time::Duration;

use bytes::Bytes;
use countersign_egress::{
    Egress,
    exchange::{Answer, Keep, Request},
};
use futures::{FutureExt, future::BoxFuture};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use slack_morphism::{
    ClientResult, SlackApiToken, SlackClientApiCallContext, SlackClientHttpConnector,
    SlackClientId, SlackClientSecret, errors::SlackClientError, multipart_form::FileMultipartData,
};
use url::Url;

use crate::failure::Failure;

/// A whole user group has some thousand members; a message comes back with its blocks.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Nobody is believed who wants us to wait for longer.
const MAX_RETRY_AFTER_S: u64 = 3600;
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The transport.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    egress: Egress,
    api_url: Url,
}

/// What every answer begins with.
#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    error: Option<String>,
}

impl Wire {
    pub(crate) fn new(egress: Egress, api_url: Url) -> Self {
        Self { egress, api_url }
    }

    async fn call<RS: DeserializeOwned>(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<RS, Failure> {
        let url =
            self.egress.check(url).map_err(|blocked| Failure::Blocked(blocked.to_string()))?;
        let keep = Keep::Whole(MAX_ANSWER_BYTES);
        let answer = self.egress.send(Request { method, url, headers, body, keep }).await?;
        read(&answer)
    }
}

fn read<RS: DeserializeOwned>(answer: &Answer) -> Result<RS, Failure> {
    match answer.status {
        StatusCode::OK => {}
        StatusCode::TOO_MANY_REQUESTS => return Err(Failure::TooFast(retry_after(answer))),
        status => return Err(Failure::Status(status.as_u16())),
    }
    // What serde_json says of a body may quote it.
    let garbled = |_| Failure::Lost("the answer is not what Slack documents".to_owned());
    let envelope: Envelope = serde_json::from_slice(&answer.body).map_err(garbled)?;
    match (envelope.ok, envelope.error) {
        (true, _) => serde_json::from_slice(&answer.body).map_err(garbled),
        (false, Some(code)) if code == "ratelimited" => Err(Failure::TooFast(retry_after(answer))),
        (false, code) => Err(Failure::code(&code.unwrap_or_default())),
    }
}

/// Slack writes whole seconds.
fn retry_after(answer: &Answer) -> Option<Duration> {
    let seconds: u64 = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(MAX_RETRY_AFTER_S)))
}

fn bearer(token: Option<&SlackApiToken>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    if let Some(token) = token {
        let value = HeaderValue::from_str(&format!("Bearer {}", token.token_value.0));
        // Such a token is none that Slack gave.
        let mut value = value.map_err(|_| Failure::code("invalid_auth"))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

/// What of the library this service does not use.
fn unused<'a, RS: Send + 'a>() -> BoxFuture<'a, ClientResult<RS>> {
    let failure = Failure::code("not_used_by_this_service");
    std::future::ready(Err(SlackClientError::from(failure))).boxed()
}

impl SlackClientHttpConnector for Wire {
    fn create_method_uri_path(&self, method_relative_uri: &str) -> ClientResult<Url> {
        let base = self.api_url.as_str().trim_end_matches('/');
        Ok(format!("{base}/{method_relative_uri}").parse()?)
    }

    fn http_get_uri<'a, RS>(
        &'a self,
        full_uri: Url,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> Deserialize<'de> + Send + 'a,
    {
        async move {
            let headers = bearer(context.token)?;
            Ok(self.call(Method::GET, &full_uri, headers, Bytes::new()).await?)
        }
        .boxed()
    }

    fn http_post_uri<'a, RQ, RS>(
        &'a self,
        full_uri: Url,
        request_body: &'a RQ,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RQ: Serialize + Send + Sync,
        RS: for<'de> Deserialize<'de> + Send + 'a,
    {
        let body = serde_json::to_vec(request_body);
        async move {
            let body = body.map_err(|_| Failure::code("request_not_serialisable"))?;
            let mut headers = bearer(context.token)?;
            headers.insert(CONTENT_TYPE, JSON);
            Ok(self.call(Method::POST, &full_uri, headers, body.into()).await?)
        }
        .boxed()
    }

    fn http_get_with_client_secret<'a, RS>(
        &'a self,
        _full_uri: Url,
        _client_id: &'a SlackClientId,
        _client_secret: &'a SlackClientSecret,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> Deserialize<'de> + Send + 'a,
    {
        unused()
    }

    fn http_post_uri_multipart_form<'a, 'p, RS, PT, TS>(
        &'a self,
        _full_uri: Url,
        _file: Option<FileMultipartData<'p>>,
        _params: &'p PT,
        _context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> Deserialize<'de> + Send + 'a,
        PT: IntoIterator<Item = (&'p str, Option<TS>)> + Clone,
        TS: AsRef<str> + 'p + Send,
    {
        unused()
    }

    fn http_post_uri_binary<'a, 'p, RS>(
        &'a self,
        _full_uri: Url,
        _content_type: String,
        _data: &'a [u8],
        _context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> Deserialize<'de> + Send + 'a,
    {
        unused()
    }
}
