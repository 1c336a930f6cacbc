//! The plain pages that an operator sees while installing, and the headers that go with them.

use axum::{
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, SET_COOKIE,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{Html, IntoResponse, Response},
};

/// Neither an address nor a script can take anything away from these pages.
const HEADERS: [(HeaderName, &str); 4] = [
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Our own words and ids that were checked; nothing here is escaped.
pub(super) struct Page<'a> {
    pub title: &'static str,
    pub text: &'a str,
}

impl Page<'_> {
    pub(super) fn response(&self, status: StatusCode, cookie: Option<&str>) -> Response {
        let Self { title, text } = self;
        let html = format!(
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <title>{title} – Countersign</title><h1>{title}</h1><p>{text}</p></html>\n"
        );
        let mut response = (status, Html(html)).into_response();
        if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(cookie).ok()) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }
}

pub(super) fn redirect(url: &str, cookie: &str) -> Response {
    (StatusCode::FOUND, [(LOCATION, url), (SET_COOKIE, cookie)]).into_response()
}

/// Adds what goes with every answer, also with those that the router gives by itself.
pub(super) async fn guarded(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
