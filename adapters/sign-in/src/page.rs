//! What the person sees who signs in. Plain pages without a script.

use askama::Template;
use axum::response::{IntoResponse, Response};
use countersign_port::{
    cookie::give,
    page::{Notice, shown},
    sign_in::LinkCode,
    text::Untrusted,
};
use http::{
    StatusCode,
    header::{LOCATION, SET_COOKIE},
};

use crate::{settings::PATH, trip};

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage<'a> {
    given: &'a LinkCode,
}

#[derive(Template)]
#[template(path = "nobody.html")]
struct NobodyPage {
    issuer: String,
    subject: String,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    title: &'a str,
    text: &'a str,
    again: &'a str,
}

/// To the identity provider.
pub(crate) fn onward(url: &str, cookie: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, url), (SET_COOKIE, cookie)]).into_response()
}

pub(crate) fn code(given: &LinkCode) -> Response {
    arrived(shown(StatusCode::OK, CodePage { given }.render()))
}

/// What an operator needs to put them into the people file.
pub(crate) fn nobody(issuer: &str, subject: &str) -> Response {
    let text = |text: &str| Untrusted::new(text).display().to_string();
    let page = NobodyPage { issuer: text(issuer), subject: text(subject) };
    arrived(shown(StatusCode::FORBIDDEN, page.render()))
}

pub(crate) fn notice(notice: Notice) -> Response {
    let page = NoticePage { title: notice.title, text: notice.text, again: PATH };
    shown(notice.status, page.render())
}

/// The way has come to its end.
fn arrived(mut response: Response) -> Response {
    give(&mut response, &trip::forget());
    response
}
