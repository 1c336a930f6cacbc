//! The single-use credential that a request may ask for: for one action, one resource server.

use std::collections::BTreeSet;

use super::{Checked, MAX_ID_CHARS, MAX_URL_CHARS, invalid, needed};
use crate::{
    domain::{
        credential::LONGEST_SECONDS,
        request::{CredentialWish, GRANT_SCOPE, Item},
    },
    http::submit::wire::{CredentialBody, CredentialKind},
};

/// SHA-256 in base64url without padding.
const THUMBPRINT_CHARS: usize = 43;

pub(super) fn wish(
    body: CredentialBody,
    items: &[Item],
    servers: &BTreeSet<String>,
) -> Checked<CredentialWish> {
    let CredentialBody { kind: CredentialKind::Action, aud, sid, cnf, ttl } = body;
    let [Item { action, .. }] = items else {
        return Err(invalid(
            "`credential` is for one action: ask for each item in its own request",
        ));
    };
    if action.name == GRANT_SCOPE {
        return Err(invalid("`credential` is for an action: give `action` and `resource`"));
    }
    let aud = needed("credential.aud", aud, MAX_URL_CHARS)?;
    if !servers.contains(&aud) {
        return Err(invalid(
            "`credential.aud` is none of the `resource_servers` of the configuration: register it, or use one that is",
        ));
    }
    let sid = sid.map(|sid| needed("credential.sid", sid, MAX_ID_CHARS)).transpose()?;
    if cnf.as_ref().is_some_and(|cnf| !is_thumbprint(cnf.thumbprint())) {
        return Err(invalid(
            "`credential.cnf` has a SHA-256 thumbprint in base64url: 43 characters",
        ));
    }
    let ttl_seconds = ttl.map(i64::from);
    if ttl_seconds.is_some_and(|seconds| !(1..=LONGEST_SECONDS).contains(&seconds)) {
        return Err(invalid(format!(
            "`credential.ttl` is a number of seconds from 1 to {LONGEST_SECONDS}"
        )));
    }
    Ok(CredentialWish { aud, cnf, sid, ttl_seconds })
}

/// Whether a text can be a SHA-256 in base64url.
pub(in crate::http) fn is_thumbprint(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() == THUMBPRINT_CHARS && text.bytes().all(fits)
}
