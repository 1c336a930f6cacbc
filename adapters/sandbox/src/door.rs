//! Who may come in: a browser on this machine that was given the key. Whoever is in can click as
//! anybody, so a page elsewhere must not be able to.

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use cookie::{Cookie, SameSite};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use url::{Host, Url, form_urlencoded};

const COOKIE: &str = "countersign_demo";
const MIN_KEY_CHARS: usize = 16;
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'none'";

/// What opens the page. Made by the caller, who has the randomness.
#[derive(Clone)]
pub struct Key(Arc<SecretString>);

/// Why a text cannot be a key. It never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakKey {
    /// It could be guessed.
    #[error(
        "the sandbox key is too short: it has {chars} of at least {MIN_KEY_CHARS} characters; \
         `openssl rand -hex 16` makes one"
    )]
    Short { chars: usize },
    /// It does not fit into an address and a cookie as it is.
    #[error(
        "the sandbox key may hold letters, digits, `-` and `_` only, and character {position} is \
         something else; `openssl rand -hex 16` makes one"
    )]
    Character { position: usize },
}

/// Why somebody stays outside. Told in words, because it is the operator who reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outside {
    Host,
    Key,
    Origin,
}

impl Key {
    /// Takes a key that fits into an address and a cookie as it is.
    pub fn new(text: &str) -> Result<Self, WeakKey> {
        let unfit = |char: char| !(char.is_ascii_alphanumeric() || matches!(char, '-' | '_'));
        if let Some(index) = text.chars().position(unfit) {
            return Err(WeakKey::Character { position: index + 1 });
        }
        if text.len() < MIN_KEY_CHARS {
            return Err(WeakKey::Short { chars: text.len() });
        }
        Ok(Self(Arc::new(SecretString::from(text))))
    }

    /// The page's path and query, for the address that the operator opens.
    pub fn path(&self) -> String {
        format!("/demo?k={}", self.0.expose_secret())
    }

    fn opens(&self, text: &str) -> bool {
        self.0.expose_secret().as_bytes().ct_eq(text.as_bytes()).into()
    }

    /// Kept from scripts and from requests that another site starts.
    fn cookie(&self) -> Option<HeaderValue> {
        let key = self.0.expose_secret();
        let cookie = Cookie::build((COOKIE, key)).path("/demo").http_only(true);
        let cookie = cookie.same_site(SameSite::Strict).build();
        HeaderValue::from_str(&cookie.to_string()).ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Puts the door before a router.
pub fn guarded(router: Router, key: &Key) -> Router {
    router.route_layer(middleware::from_fn_with_state(key.clone(), enter))
}

async fn enter(State(key): State<Key>, request: Request, next: Next) -> Response {
    let mut response = match admitted(&key, &request) {
        Err(outside) => outside.into_response(),
        Ok(Shown::InCookie) => next.run(request).await,
        Ok(Shown::InAddress) => {
            let mut response = next.run(request).await;
            if let Some(cookie) = key.cookie() {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
    };
    protect(response.headers_mut());
    response
}

/// Where the key was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    InAddress,
    InCookie,
}

fn admitted(key: &Key, request: &Request) -> Result<Shown, Outside> {
    let host = loopback_host(request).ok_or(Outside::Host)?;
    let shown = shown_key(key, request).ok_or(Outside::Key)?;
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads && text(request.headers(), header::ORIGIN) != Some(&format!("http://{host}")) {
        return Err(Outside::Origin);
    }
    Ok(shown)
}

/// A name that leads here but is not this machine's own is somebody else's (DNS rebinding).
fn loopback_host(request: &Request) -> Option<&str> {
    let host = text(request.headers(), header::HOST)
        .or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str))?;
    let url = Url::parse(&format!("http://{host}/")).ok()?;
    let loopback = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    (loopback && url.username().is_empty()).then_some(host)
}

fn shown_key(key: &Key, request: &Request) -> Option<Shown> {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    if pairs.any(|(name, value)| name == "k" && key.opens(&value)) {
        return Some(Shown::InAddress);
    }
    let cookies = text(request.headers(), header::COOKIE)?;
    let mut cookies = Cookie::split_parse(cookies).flatten();
    let opens = |cookie: Cookie<'_>| cookie.name() == COOKIE && key.opens(cookie.value());
    cookies.any(opens).then_some(Shown::InCookie)
}

/// The only value of a header; a header that is there twice counts as absent.
fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With `no-referrer` a browser would send our own forms with `Origin: null`.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

impl IntoResponse for Outside {
    fn into_response(self) -> Response {
        let words = match self {
            Self::Host => "this page answers on this machine only: open it at 127.0.0.1\n",
            Self::Key => {
                "the key is missing or wrong: open the whole address, with its `?k=` and the key \
                 (the demo makes and prints a new one at every start)\n"
            }
            Self::Origin => "this click came from another page\n",
        };
        (StatusCode::FORBIDDEN, words).into_response()
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::any};
    use tower::ServiceExt;

    use super::*;

    const TEXT: &str = "0123456789abcdef";

    async fn knock(method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        let key = Key::new(TEXT).unwrap();
        let router = guarded(Router::new().route("/demo", any(async || "in")), &key);
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn status(method: &str, target: &str, headers: &[(&str, &str)]) -> u16 {
        knock(method, target, headers).await.status().as_u16()
    }

    const HERE: (&str, &str) = ("host", "127.0.0.1:8717");
    const COOKIE_PAIR: (&str, &str) = ("cookie", "a=b; countersign_demo=0123456789abcdef");

    #[tokio::test]
    async fn the_key_in_the_address_is_kept_in_a_strict_cookie() {
        let response = knock("GET", &Key::new(TEXT).unwrap().path(), &[HERE]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::SET_COOKIE],
            "countersign_demo=0123456789abcdef; HttpOnly; SameSite=Strict; Path=/demo"
        );
        assert!(response.headers().contains_key(header::CONTENT_SECURITY_POLICY));
        assert_eq!(status("GET", "/demo", &[HERE, COOKIE_PAIR]).await, 200);
    }

    #[tokio::test]
    async fn no_key_or_a_wrong_one_stays_outside() {
        for target in ["/demo", "/demo?k=", "/demo?k=0123456789abcdeF", "/demo?k=0123456789abcdef0"]
        {
            assert_eq!(status("GET", target, &[HERE]).await, 403, "{target}");
        }
        let wrong = ("cookie", "countersign_demo=0123456789abcdee");
        assert_eq!(status("GET", "/demo", &[HERE, wrong]).await, 403);
    }

    #[tokio::test]
    async fn a_name_that_is_not_this_machine_stays_outside() {
        for host in ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:80", "a@127.0.0.1", ""] {
            assert_eq!(status("GET", "/demo", &[("host", host), COOKIE_PAIR]).await, 403, "{host}");
        }
        for host in ["localhost:1", "[::1]:8717", "127.0.0.2"] {
            assert_eq!(status("GET", "/demo", &[("host", host), COOKIE_PAIR]).await, 200, "{host}");
        }
        assert_eq!(status("GET", "/demo", &[HERE, HERE, COOKIE_PAIR]).await, 403);
    }

    #[tokio::test]
    async fn a_click_from_another_page_stays_outside() {
        for origin in ["http://evil.example", "null", "https://127.0.0.1:8717", "http://127.0.0.1"]
        {
            let headers = [HERE, COOKIE_PAIR, ("origin", origin)];
            assert_eq!(status("POST", "/demo", &headers).await, 403, "{origin}");
        }
        assert_eq!(status("POST", "/demo", &[HERE, COOKIE_PAIR]).await, 403);
        let same = ("origin", "http://127.0.0.1:8717");
        assert_eq!(status("POST", "/demo", &[HERE, COOKIE_PAIR, same]).await, 200);
    }

    #[test]
    fn a_weak_key_is_refused() {
        for (text, words) in [
            ("", "it has 0 of at least 16 characters"),
            ("0123456789abcde", "it has 15 of at least 16 characters"),
            ("0123456789abcdef\n", "character 17 is something else"),
            ("é123456789abcdef", "character 1 is something else"),
        ] {
            let why = Key::new(text).unwrap_err().to_string();
            assert!(why.contains(words) && why.contains("`openssl rand -hex 16`"), "{why}");
        }
        assert_eq!(format!("{:?}", Key::new(TEXT).unwrap()), "Key");
    }
}
