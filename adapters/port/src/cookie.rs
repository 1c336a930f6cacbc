//! The cookies by which our pages know a browser again. It gives them back to our own host alone and
//! over TLS alone, and shows them to no script; the browser itself sees to that where a name begins
//! with `__Host-`.

use std::time::Duration;

use axum::{
    http::{
        HeaderMap, HeaderValue,
        header::{COOKIE, SET_COOKIE},
    },
    response::Response,
};
use cookie::{Cookie, CookieBuilder, SameSite, time};

/// What a browser has brought under a name; of several the first.
pub fn brought<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| cookie.name() == name)?.value_raw()
}

/// One that lasts until the browser is closed.
pub fn fleeting(name: &str, value: &str) -> String {
    ours(name, value).build().to_string()
}

/// One that lasts so long.
pub fn lasting(name: &str, value: &str, time: Duration) -> String {
    let time = time::Duration::try_from(time).unwrap_or(time::Duration::MAX);
    ours(name, value).max_age(time).build().to_string()
}

/// Takes a cookie away.
pub fn taken_away(name: &str) -> String {
    lasting(name, "", Duration::ZERO)
}

/// Sends a cookie along with a page.
pub fn give(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
}

/// `Lax`, because the ways that lead to our pages begin elsewhere.
fn ours<'c>(name: &'c str, value: &'c str) -> CookieBuilder<'c> {
    let cookie = Cookie::build((name, value)).path("/").secure(true).http_only(true);
    cookie.same_site(SameSite::Lax)
}

#[cfg(test)]
mod tests;
