//! The Standard Webhooks 1.0.0 signature, both ways: integrators sign their requests with it and
//! we sign our callbacks. Pure: no clock and no I/O; the caller remembers which ids it has seen.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::Mac;
use jiff::Timestamp;

use self::key::{PublicKey, Secret, SigningKey};

pub mod key;
#[cfg(test)]
mod tests;

/// The header that names a message; the same on every attempt.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the second at which this attempt was signed.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// How far a message's time may lie from ours, before or after.
pub const WINDOW_S: i64 = 300;
/// How many entries of a signature header are looked at: each costs a comparison.
const MAX_ENTRIES: usize = 16;
const MAX_ID_BYTES: usize = 256;
/// Eleven digits reach the year 5138.
const MAX_TIMESTAMP_DIGITS: usize = 11;

/// What is signed: `id.timestamp.body`.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    id: &'a str,
    sent_at: Timestamp,
    body: &'a [u8],
}

/// The keys of one receiver. Has at least one secret, so it never yields an empty header.
#[derive(Debug)]
pub struct Signer {
    newest: Secret,
    older: Vec<Secret>,
    key: Option<SigningKey>,
}

/// The three headers as received.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    /// `webhook-id`
    pub id: &'a str,
    /// `webhook-timestamp`
    pub timestamp: &'a str,
    /// `webhook-signature`
    pub signature: &'a str,
}

/// A message whose signature and time were checked; only [`verify`] and [`verify_v1a`] make one.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'a>(Message<'a>);

/// Why a message was refused. For the log: a caller learns only that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Empty, too long, not visible ASCII, or with a dot, which would make the signed text
    /// ambiguous.
    #[error("the webhook id is not 1 to {MAX_ID_BYTES} visible characters without a dot")]
    MalformedId,
    /// Not a plain count of seconds.
    #[error("the webhook timestamp is not a count of seconds")]
    MalformedTimestamp,
    /// Signed before the window.
    #[error("the webhook timestamp is more than {WINDOW_S} seconds old")]
    TooOld,
    /// Signed after the window.
    #[error("the webhook timestamp is more than {WINDOW_S} seconds ahead")]
    TooNew,
    /// No entry matches a key.
    #[error("no webhook signature matches a key")]
    NoMatch,
}

impl<'a> Message<'a> {
    /// Refuses an id that the signed text could not carry.
    pub fn new(id: &'a str, sent_at: Timestamp, body: &'a [u8]) -> Result<Self, Why> {
        let visible = id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.');
        if id.is_empty() || id.len() > MAX_ID_BYTES || !visible {
            return Err(Why::MalformedId);
        }
        Ok(Self { id, sent_at, body })
    }

    /// The value of `webhook-id`.
    pub fn id(&self) -> &'a str {
        self.id
    }

    /// The value of `webhook-timestamp`, in seconds.
    pub fn sent_at(&self) -> Timestamp {
        self.sent_at
    }

    fn signed_text(&self) -> Vec<u8> {
        let mut text = format!("{}.{}.", self.id, self.sent_at.as_second()).into_bytes();
        text.extend_from_slice(self.body);
        text
    }
}

/// Shows the id alone: the body may hold personal data.
impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Signer {
    /// `older` secrets, newest first, sign too while a rotation lasts; `key` adds a `v1a` entry.
    pub fn new(newest: Secret, older: Vec<Secret>, key: Option<SigningKey>) -> Self {
        Self { newest, older, key }
    }

    /// The value of `webhook-signature`: entries parted by one space, the newest secret first.
    ///
    /// Every entry is `version,value`: a public verifier gives up at one without a comma.
    pub fn sign(&self, message: &Message<'_>) -> String {
        let text = message.signed_text();
        let mut header = v1(&self.newest, &text);
        for secret in &self.older {
            header.push(' ');
            header.push_str(&v1(secret, &text));
        }
        if let Some(key) = &self.key {
            header.push_str(" v1a,");
            STANDARD.encode_string(key.sign(&text), &mut header);
        }
        header
    }
}

impl<'a> Verified<'a> {
    /// The id to remember, so that a replay inside the window is seen.
    pub fn id(&self) -> &'a str {
        self.0.id
    }

    /// When the sender signed.
    pub fn sent_at(&self) -> Timestamp {
        self.0.sent_at
    }

    /// The bytes that were signed.
    pub fn body(&self) -> &'a [u8] {
        self.0.body
    }
}

/// Checks the `v1` entries against every secret.
pub fn verify<'a>(
    headers: &Headers<'a>,
    body: &'a [u8],
    secrets: &[Secret],
    now: Timestamp,
) -> Result<Verified<'a>, Why> {
    let message = received(headers, body, now)?;
    let text = message.signed_text();
    let macs: Vec<_> = secrets.iter().map(|secret| secret.mac(&text)).collect();
    let matches = |tag: Vec<u8>| macs.iter().any(|mac| mac.clone().verify_slice(&tag).is_ok());
    if !signatures(headers.signature, "v1").any(matches) {
        return Err(Why::NoMatch);
    }
    Ok(Verified(message))
}

/// Checks the `v1a` entries against a public key.
pub fn verify_v1a<'a>(
    headers: &Headers<'a>,
    body: &'a [u8],
    key: &PublicKey,
    now: Timestamp,
) -> Result<Verified<'a>, Why> {
    let message = received(headers, body, now)?;
    let text = message.signed_text();
    if !signatures(headers.signature, "v1a").any(|signature| key.verifies(&text, &signature)) {
        return Err(Why::NoMatch);
    }
    Ok(Verified(message))
}

fn v1(secret: &Secret, text: &[u8]) -> String {
    format!("v1,{}", STANDARD.encode(secret.mac(text).finalize().into_bytes()))
}

fn received<'a>(headers: &Headers<'a>, body: &'a [u8], now: Timestamp) -> Result<Message<'a>, Why> {
    let sent_at = seconds(headers.timestamp).ok_or(Why::MalformedTimestamp)?;
    let message = Message::new(headers.id, sent_at, body)?;
    match now.as_second().saturating_sub(sent_at.as_second()) {
        age if age > WINDOW_S => Err(Why::TooOld),
        age if age < -WINDOW_S => Err(Why::TooNew),
        _ => Ok(message),
    }
}

/// Takes one spelling of a number only: the signed text is built from the number again.
fn seconds(text: &str) -> Option<Timestamp> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || text.starts_with('0') || text.len() > MAX_TIMESTAMP_DIGITS {
        return None;
    }
    Timestamp::from_second(text.parse().ok()?).ok()
}

/// The decoded values of one version. What is no `version,value` pair or no base64 is passed over.
fn signatures<'a>(header: &'a str, version: &'a str) -> impl Iterator<Item = Vec<u8>> + 'a {
    header
        .split(' ')
        .take(MAX_ENTRIES)
        .filter_map(|entry| entry.split_once(','))
        .filter(move |(found, _)| *found == version)
        .filter_map(|(_, value)| STANDARD.decode(value).ok())
}
