//! What the person sees who waits. Plain pages without a script: they load themselves anew.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use countersign_port::consent::Waiting;
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, SET_COOKIE,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use url::form_urlencoded;

/// Neither an address nor a script can take anything away from these pages.
const HEADERS: [(HeaderName, &str); 4] = [
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage<'a> {
    again: Again<'a>,
    waiting: &'a Waiting,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    title: &'a str,
    text: &'a str,
    again: Option<Again<'a>>,
}

/// When and where the page loads itself anew.
struct Again<'a> {
    seconds: u32,
    address: &'a str,
}

/// A page that says something and leads nowhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
}

/// The address of a consent, asked so that the answer waits for news.
pub(crate) fn address(challenge: &str) -> String {
    let challenge: String = form_urlencoded::byte_serialize(challenge.as_bytes()).collect();
    format!("/hydra/consent?consent_challenge={challenge}&wait=1")
}

pub(crate) fn waiting(waiting: &Waiting, address: &str, cookie: Option<&str>) -> Response {
    let page = WaitingPage { again: Again { seconds: 1, address }, waiting };
    let mut response = shown(StatusCode::OK, page.render());
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(cookie).ok()) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// `address` is where it is tried again, if that can help.
pub(crate) fn notice(notice: Notice, address: Option<&str>) -> Response {
    let again = address.map(|address| Again { seconds: 5, address });
    let page = NoticePage { title: notice.title, text: notice.text, again };
    shown(notice.status, page.render())
}

pub(crate) fn onward(url: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response()
}

fn shown(status: StatusCode, html: Result<String, askama::Error>) -> Response {
    match html {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Adds what goes with every answer, also with those that the router gives by itself.
pub(crate) async fn guarded(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
