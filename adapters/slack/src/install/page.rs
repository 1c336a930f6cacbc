//! The plain pages that an operator sees while installing.

use axum::{
    http::{
        StatusCode,
        header::{LOCATION, SET_COOKIE},
    },
    response::{Html, IntoResponse, Response},
};
use countersign_port::cookie::give;

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
        if let Some(cookie) = cookie {
            give(&mut response, cookie);
        }
        response
    }
}

pub(super) fn redirect(url: &str, cookie: &str) -> Response {
    (StatusCode::FOUND, [(LOCATION, url), (SET_COOKIE, cookie)]).into_response()
}
