//! What all pages have in common that people open outside of chat: plain, without a script, and
//! nothing can be taken away from them.

use std::fmt::Display;

use axum::{
    Router,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::map_response,
    response::{Html, IntoResponse, Response},
};

/// Neither an address nor a script can take anything away from these pages.
const HEADERS: [(HeaderName, &str); 4] = [
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// A page that says something.
#[derive(Debug, Clone, Copy)]
pub struct Notice {
    pub status: StatusCode,
    pub title: &'static str,
    pub text: &'static str,
}

/// A page that a template has made.
pub fn shown(status: StatusCode, html: Result<String, impl Display>) -> Response {
    match html {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Puts the headers on all answers of a router, also on those that it gives by itself.
pub fn guarded(router: Router) -> Router {
    router.layer(map_response(with_headers))
}

async fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
