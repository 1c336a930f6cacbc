//! What a call says, however it says it: a query, a form or JSON; token in the header or not.

use axum::{
    body::{Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, header},
};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::respond::Refused;

const BYTES_MAX: usize = 1024 * 1024;

/// A call as it came in.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) arguments: Arguments,
    pub(super) token: Option<String>,
    pub(super) is_json: bool,
    pub(super) lacks_charset: bool,
}

/// The arguments of a call; those of a form are all strings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arguments(Map<String, Value>);

impl Body {
    pub(super) async fn read(request: Request) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        let bytes =
            to_bytes(body, BYTES_MAX).await.map_err(|_| Refused::from("request_timeout"))?;
        let kind = text(&parts.headers, header::CONTENT_TYPE).unwrap_or_default();
        let kind = kind.to_ascii_lowercase();
        let is_json = kind.starts_with("application/json");
        let mut arguments = pairs(parts.uri.query().unwrap_or_default().as_bytes());
        // Slack takes no token from a URL: those end up in logs.
        arguments.remove("token");
        // Slack's SDK for Python says JSON and sends nothing where there are no arguments.
        if is_json && !bytes.is_empty() {
            arguments.extend(object(&bytes)?);
        } else if !bytes.is_empty() {
            if !kind.starts_with("application/x-www-form-urlencoded") {
                return Err("invalid_post_type".into());
            }
            arguments.extend(pairs(&bytes));
        }
        let bearer = text(&parts.headers, header::AUTHORIZATION)
            .and_then(|value| Some(value.strip_prefix("Bearer ")?.to_owned()));
        let posted = arguments.remove("token").filter(|_| !is_json);
        let posted = posted.and_then(|token| token.as_str().map(str::to_owned));
        let mut arguments = Arguments(arguments);
        arguments.take_basic(&parts.headers);
        let lacks_charset = is_json && !kind.contains("charset=");
        Ok(Self { arguments, token: bearer.or(posted), is_json, lacks_charset })
    }

    /// What a fault for one channel goes by.
    pub(super) fn channel(&self) -> Option<&str> {
        self.arguments.text("channel")
    }
}

impl Arguments {
    /// A string; an empty one counts as none.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Refused> {
        self.text(name).ok_or_else(|| Refused::missing(name))
    }

    pub(crate) fn says_yes(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(yes)) => *yes,
            Some(Value::String(text)) => text == "true" || text == "1",
            Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => {
                false
            }
        }
    }

    /// A structured argument, which a form carries as JSON text.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Value>, serde_json::Error> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn into_json(self) -> Value {
        Value::Object(self.0)
    }

    /// Client id and secret may come by HTTP Basic instead.
    fn take_basic(&mut self, headers: &HeaderMap) {
        let basic = text(headers, header::AUTHORIZATION)
            .and_then(|value| Some(value.strip_prefix("Basic ")?.to_owned()))
            .and_then(|encoded| decode(&encoded));
        if let Some((id, secret)) = basic.as_deref().and_then(|pair| pair.split_once(':')) {
            self.0.insert("client_id".to_owned(), id.into());
            self.0.insert("client_secret".to_owned(), secret.into());
        }
    }
}

impl From<Map<String, Value>> for Arguments {
    fn from(members: Map<String, Value>) -> Self {
        Self(members)
    }
}

fn decode(encoded: &str) -> Option<String> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn pairs(bytes: &[u8]) -> Map<String, Value> {
    let pairs = form_urlencoded::parse(bytes);
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect()
}

fn object(bytes: &Bytes) -> Result<Map<String, Value>, Refused> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| Refused::from("invalid_json"))?;
    match value {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err("json_not_object".into())
        }
    }
}
