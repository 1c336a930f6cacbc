//! Tells Keycloak the one word, with the bearer that it has sent, unchanged.

use bytes::Bytes;
use countersign_egress::{Egress, exchange::Request};
use countersign_port::delegation::{Reply, Verdict};
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    reply,
    settings::{Connection, Realm},
};

/// Sends it once.
pub(crate) async fn tell(
    egress: &Egress,
    connection: &Connection,
    realm: &Realm,
    bearer: &SecretString,
    verdict: Verdict,
) -> Reply {
    let url = match egress.check(&realm.callback()) {
        Ok(url) => url,
        Err(blocked) => return Reply::Refused { cause: blocked.to_string() },
    };
    let Some(headers) = headers(bearer) else {
        return Reply::Refused { cause: "the bearer fits into no header".to_owned() };
    };
    // Keycloak takes further members as strings only, and hands them to nobody: there are none.
    let body = Bytes::from_static(match verdict {
        Verdict::Approved => br#"{"status":"SUCCEED"}"#,
        Verdict::Denied => br#"{"status":"UNAUTHORIZED"}"#,
        Verdict::Cancelled => br#"{"status":"CANCELLED"}"#,
    });
    match egress.send(Request::post(url, headers, body)).await {
        Ok(answer) => reply::of_answer(&answer, connection.delivery),
        Err(error) => reply::of_error(&error),
    }
}

fn headers(bearer: &SecretString) -> Option<HeaderMap> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", bearer.expose_secret())).ok()?;
    value.set_sensitive(true);
    let json = HeaderValue::from_static("application/json");
    Some(HeaderMap::from_iter([(AUTHORIZATION, value), (CONTENT_TYPE, json)]))
}
