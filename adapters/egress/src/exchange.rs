//! One request and its answer, as values; and every way in which there is none.

use std::error::Error;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::target::{Blocked, CheckedUrl};

/// How much of a receipt is read: what a receiver answers to a callback.
pub const RECEIPT_BYTES: usize = 16 * 1024;
/// How large a document may be that we ask for: keys, metadata and tokens.
pub const DOCUMENT_BYTES: usize = 64 * 1024;

/// One request. Not retried and not redirected.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: CheckedUrl,
    /// Headers beside those that HTTP itself needs.
    pub headers: HeaderMap,
    /// The body, empty for none.
    pub body: Bytes,
    /// How much of the answer is wanted.
    pub keep: Keep,
}

/// How much of an answer's body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The first so many bytes; the rest is never read.
    Start(usize),
    /// All of it; more than so many bytes is an error.
    Whole(usize),
}

/// What came back, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status; a redirect is one like any other.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// As much of the body as was wanted.
    pub body: Bytes,
}

/// A connection that has left HTTP behind.
#[derive(Debug)]
pub struct Upgraded {
    /// What the other side said when it agreed.
    pub headers: HeaderMap,
    /// What is read and written on it is up to the caller.
    pub stream: Stream,
}

/// A connection to the checked address, with TLS where the URL said so.
pub type Stream = reqwest::Upgraded;

/// Whether the other side may have seen the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// No connection was made.
    No,
    /// Nobody can tell.
    Unknown,
}

/// Why there is no answer. Never holds a path, a header or a body.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The address may not be called; nothing was sent.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// The name is unknown or nobody listens; nothing was sent.
    #[error("no connection: {0}")]
    Connect(String),
    /// The other side did not prove who it is; nothing was sent.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// It took too long.
    #[error("no answer in time")]
    TimedOut(Sent),
    /// The connection broke before the answer was whole; the request may have been seen.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The answer is longer than was wanted; the request has been seen.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
}

impl Request {
    /// A `POST` of which the receipt is wanted.
    pub fn post(url: CheckedUrl, headers: HeaderMap, body: Bytes) -> Self {
        Self { method: Method::POST, url, headers, body, keep: Keep::Start(RECEIPT_BYTES) }
    }

    /// A `GET` of a document.
    pub fn get(url: CheckedUrl) -> Self {
        let (headers, body) = (HeaderMap::new(), Bytes::new());
        Self { method: Method::GET, url, headers, body, keep: Keep::Whole(DOCUMENT_BYTES) }
    }
}

impl From<reqwest::Error> for EgressError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if let Some(blocked) = cause::<Blocked>(&error) {
            return Self::Blocked(blocked.clone());
        }
        if error.is_timeout() {
            return Self::TimedOut(if error.is_connect() { Sent::No } else { Sent::Unknown });
        }
        if !error.is_connect() {
            return Self::Broken(root(&error).to_string());
        }
        match cause::<rustls::Error>(&error) {
            Some(tls) => Self::Tls(tls.to_string()),
            None => Self::Connect(root(&error).to_string()),
        }
    }
}

pub(crate) async fn read(
    mut response: reqwest::Response,
    keep: Keep,
) -> Result<Answer, EgressError> {
    let mut body = Vec::new();
    // One byte more tells a whole answer from a cut one.
    let enough = match keep {
        Keep::Start(bytes) => bytes,
        Keep::Whole(bytes) => bytes.saturating_add(1),
    };
    while body.len() < enough {
        let Some(chunk) = response.chunk().await? else { break };
        body.extend_from_slice(&chunk);
    }
    match keep {
        Keep::Whole(bytes) if body.len() > bytes => return Err(EgressError::TooLarge(bytes)),
        Keep::Whole(_) | Keep::Start(_) => body.truncate(enough),
    }
    let headers = std::mem::take(response.headers_mut());
    Ok(Answer { status: response.status(), headers, body: body.into() })
}

pub(crate) async fn switched(mut response: reqwest::Response) -> Result<Upgraded, EgressError> {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let status = response.status();
        return Err(EgressError::Broken(format!("it was not upgraded, the answer was {status}")));
    }
    let headers = std::mem::take(response.headers_mut());
    Ok(Upgraded { headers, stream: response.upgrade().await? })
}

fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(<dyn Error>::downcast_ref)
}

fn root<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    chain(error).last().unwrap_or(error)
}

/// Every error of a chain. An `io::Error` hides the one it wraps from `source`.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<std::io::Error>() {
        Some(wrapper) => wrapper.get_ref().map(|wrapped| wrapped as &(dyn Error + 'static)),
        None => error.source(),
    })
}
