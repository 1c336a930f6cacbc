//! Prepared requests: bytes that are ready to be sent, with nothing left to do but to number them.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use countersign_sandbox::demo;
use serde_json::{Value, json};

use crate::{
    database::PostedCard,
    load::Feed,
    site::{API_KEY, callback_endpoint},
    workspace::PAYMENTS,
};

/// Stands where the number of a request goes: in its key, and in its reason, so that no two ask for the
/// very same.
const NUMBER: &str = "0000000000000000";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Two leads, then security: the first yes leaves it pending.
    Write,
    /// One yes of finance decides it.
    Transfer,
    /// The policy says yes at once, and the outcome is called back.
    Read,
}

/// Submits, each with an idempotency key of its own.
#[derive(Debug, Clone)]
pub(crate) struct Submits {
    bytes: Vec<u8>,
    places: Vec<usize>,
    next: Arc<AtomicU64>,
}

/// Requests of which each is sent once.
#[derive(Debug, Clone)]
pub(crate) struct Once {
    requests: Arc<[Vec<u8>]>,
    next: Arc<AtomicUsize>,
}

impl Submits {
    pub(crate) fn new(to: SocketAddr, receiver: SocketAddr, wish: Wish) -> Self {
        Self::from(to, receiver, wish, 0)
    }

    /// The first has this number, so that two kinds on one service do not share keys.
    pub(crate) fn from(to: SocketAddr, receiver: SocketAddr, wish: Wish, first: u64) -> Self {
        let body = wish.body(receiver).to_string();
        let text = format!(
            "POST /access/v1/requests HTTP/1.1\r\nhost: {to}\r\nauthorization: Bearer {API_KEY}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\
             idempotency-key: {NUMBER}\r\n\r\n{body}",
            body.len()
        );
        let places = text.match_indices(NUMBER).map(|(place, _)| place).collect();
        Self { bytes: text.into_bytes(), places, next: Arc::new(AtomicU64::new(first)) }
    }

    /// The request with this number.
    pub(crate) fn number(&mut self, number: u64) -> &[u8] {
        let digits = key(number);
        for place in &self.places {
            if let Some(place) = self.bytes.get_mut(*place..place + NUMBER.len()) {
                place.copy_from_slice(digits.as_bytes());
            }
        }
        &self.bytes
    }
}

/// The idempotency key of a number.
pub(crate) fn key(number: u64) -> String {
    format!("{number:016x}")
}

impl Feed for Submits {
    fn next(&mut self) -> Option<&[u8]> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Some(self.number(number))
    }
}

impl Once {
    pub(crate) fn new(requests: Vec<Vec<u8>>) -> Self {
        Self { requests: requests.into(), next: Arc::default() }
    }
}

impl Feed for Once {
    fn next(&mut self) -> Option<&[u8]> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.requests.get(number).map(Vec::as_slice)
    }
}

impl Wish {
    /// About 1 KB, as an OAuth server would send it.
    fn body(self, receiver: SocketAddr) -> Value {
        let mut body = json!({
            "subject": { "type": "user", "id": "dana", "properties": {
                "name": "Dana Novak", "email": "dana@example.com" } },
            "client": { "id": demo::CLIENT_ID, "name": demo::CLIENT_NAME, "source": {
                "session_id": "ses_01hzy3v8k2", "external_url": "https://tickets.example/4711" } },
            "context": { "justification": JUSTIFICATION },
            "callback": { "endpoint": callback_endpoint(receiver), "state": "4711" },
        });
        let members = body.as_object_mut();
        let (name, value) = match self {
            Self::Write => ("requested_access", json!({ "scope": "prod:orders:write" })),
            Self::Read => ("requested_access", json!({ "scope": "report:read" })),
            Self::Transfer => ("action", json!({ "name": "funds.transfer" })),
        };
        if let Some(members) = members {
            members.insert(name.to_owned(), value);
            if self == Self::Transfer {
                let account = json!({ "type": "account", "id": "DE02120300000000202051" });
                members.insert("resource".to_owned(), account);
                let parameters = json!({ "amount": "99.00", "currency": "EUR", "to": "Lind" });
                members.insert(
                    "context".to_owned(),
                    json!({
                    "justification": JUSTIFICATION, "parameters": parameters }),
                );
            }
        }
        body
    }

    /// Who says yes to it first.
    pub(crate) const fn voter(self) -> &'static str {
        match self {
            Self::Write | Self::Read => "erin",
            Self::Transfer => "fay",
        }
    }
}

const JUSTIFICATION: &str = "Order 4711 was charged twice this morning and the customer waits for \
    their money. The duplicate has to be taken out of the live orders before the nightly run, \
    otherwise it is shipped again. I have checked it with the shop: the second charge came from a \
    retry of the payment page at 09:14, no parcel has left, and nothing else was ordered. Ticket \
    0000000000000000 has the screenshots.";

/// The wish that a card is about, by the channel in which it is asked.
pub(crate) fn wish_of(card: &PostedCard) -> Wish {
    if card.channel == PAYMENTS { Wish::Transfer } else { Wish::Write }
}
