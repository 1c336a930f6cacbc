//! What the person sees who waits. Plain pages without a script: they load themselves anew.

use askama::Template;
use axum::response::{IntoResponse, Response};
use countersign_port::{
    consent::Waiting,
    cookie::give,
    page::{Notice, shown},
};
use http::{StatusCode, header::LOCATION};
use url::form_urlencoded;

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

/// The address of a consent, asked so that the answer waits for news.
pub(crate) fn address(challenge: &str) -> String {
    let challenge: String = form_urlencoded::byte_serialize(challenge.as_bytes()).collect();
    format!("/hydra/consent?consent_challenge={challenge}&wait=1")
}

pub(crate) fn waiting(waiting: &Waiting, address: &str, cookie: Option<&str>) -> Response {
    let page = WaitingPage { again: Again { seconds: 1, address }, waiting };
    let mut response = shown(StatusCode::OK, page.render());
    if let Some(cookie) = cookie {
        give(&mut response, cookie);
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
