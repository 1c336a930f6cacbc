//! The way to a connection: Slack gives an address for one use, and there HTTP turns into frames.
//! It goes out like every other request, so the same guard and the same certificates apply.

use std::time::Duration;

use bytes::Bytes;
use countersign_egress::exchange::{DOCUMENT_BYTES, EgressError, Keep, Request, Stream};
use http::{
    HeaderMap, HeaderValue, Method,
    header::{
        AUTHORIZATION, CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
        UPGRADE,
    },
};
use serde::Deserialize;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};
use url::Url;

use super::SocketMode;
use crate::oauth::{OAuthError, bearer, endpoint, read};

const DEADLINE: Duration = Duration::from_secs(10);
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// A connection on which nothing has been said yet.
pub(super) async fn connect(mode: &SocketMode) -> Result<WebSocketStream<Stream>, String> {
    let connected = async {
        let address = address(mode).await.map_err(|error| error.to_string())?;
        upgrade(mode, &address).await
    };
    let late = |_| "no connection in time".to_owned();
    tokio::time::timeout(DEADLINE, connected).await.map_err(late)?
}

/// `apps.connections.open`. The address holds a secret and is never shown.
pub(super) async fn address(mode: &SocketMode) -> Result<Url, OAuthError> {
    let url = endpoint(&mode.api_url, "apps.connections.open");
    let request = Request {
        method: Method::POST,
        url: mode.egress.check(&url).map_err(EgressError::from)?,
        headers: HeaderMap::from_iter([(AUTHORIZATION, bearer(&mode.app_token)?)]),
        body: Bytes::new(),
        keep: Keep::Whole(DOCUMENT_BYTES),
    };
    let opened: Opened = read(&mode.egress.send(request).await?)?;
    over_http(&opened.url).ok_or_else(|| OAuthError::Lost("the address makes no sense".to_owned()))
}

async fn upgrade(mode: &SocketMode, url: &Url) -> Result<WebSocketStream<Stream>, String> {
    let key = generate_key();
    let value = |text: &str| HeaderValue::from_str(text).map_err(|error| error.to_string());
    let headers = HeaderMap::from_iter([
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
        (SEC_WEBSOCKET_KEY, value(&key)?),
    ]);
    let url = mode.egress.check(url).map_err(|blocked| blocked.to_string())?;
    let request = Request { headers, ..Request::get(url) };
    let upgraded = mode.egress.upgrade(request).await.map_err(|error| error.to_string())?;
    let accepted = upgraded.headers.get(SEC_WEBSOCKET_ACCEPT);
    if accepted != Some(&value(&derive_accept_key(key.as_bytes()))?) {
        return Err("the answer to the upgrade is not for our key".to_owned());
    }
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    Ok(WebSocketStream::from_raw_socket(upgraded.stream, Role::Client, Some(limits)).await)
}

/// The same address in the scheme that HTTP knows.
fn over_http(address: &str) -> Option<Url> {
    let (scheme, rest) = address.split_once("://")?;
    let scheme = match scheme {
        "wss" => "https",
        "ws" => "http",
        _ => return None,
    };
    Url::parse(&format!("{scheme}://{rest}")).ok()
}

#[derive(Deserialize)]
struct Opened {
    url: String,
}
