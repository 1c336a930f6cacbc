//! What the person sees who signs in. Plain pages without a script.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use countersign_port::{sign_in::LinkCode, text::Untrusted};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, SET_COOKIE,
        X_CONTENT_TYPE_OPTIONS,
    },
};

use crate::{settings::PATH, trip};

/// Neither an address nor a script can take anything away from these pages.
const HEADERS: [(HeaderName, &str); 4] = [
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

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

/// A page that says something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
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
    if let Ok(forget) = HeaderValue::from_str(&trip::forget()) {
        response.headers_mut().insert(SET_COOKIE, forget);
    }
    response
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
