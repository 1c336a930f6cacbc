//! The same at an identity provider on a certified library: told where `cargo xtask peers sign-in` has
//! started it. Its clock is the system's, and so is ours.

use std::collections::BTreeMap;

use countersign::clock::Clock;
use countersign_port::access::{Access, Word};
use countersign_sandbox::demo;
use reqwest::{header::SET_COOKIE, redirect::Policy};

use super::{NEW, open, site};
use crate::{database::Database, office::Office};

/// Where the provider is.
const ISSUER: &str = "COUNTERSIGN_SIGN_IN_ISSUER";
const HOME: &str = "https://countersign.example";

/// A browser with cookies, and somebody before it.
struct Browser {
    client: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    #[expect(clippy::disallowed_methods, reason = "a browser from outside")]
    fn new() -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Self { client, cookies: BTreeMap::new() }
    }

    /// Where the page leads to, and what it says.
    async fn send(&mut self, request: reqwest::RequestBuilder) -> (Option<String>, String) {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = pairs.collect::<Vec<_>>().join("; ");
        let answer = request.header("cookie", cookies).send().await.unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let next = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (next, answer.text().await.unwrap())
    }

    /// Follows the provider's pages, fills in its forms, and gives the way back.
    async fn sign_in(&mut self, start: String, login: &str) -> String {
        let mut here = start;
        for _ in 0..12 {
            let (next, text) = self.send(self.client.get(&here)).await;
            let next = match next {
                Some(next) => Some(next),
                None if text.contains(r#"name="prompt" value="login""#) => {
                    let form = [("prompt", "login"), ("login", login), ("password", "any")];
                    self.send(self.client.post(&here).form(&form)).await.0
                }
                None => {
                    assert!(text.contains(r#"name="prompt" value="consent""#), "{here}: {text}");
                    self.send(self.client.post(&here).form(&[("prompt", "consent")])).await.0
                }
            };
            let next = next.expect("an address");
            here = reqwest::Url::parse(&here).unwrap().join(&next).unwrap().to_string();
            if here.starts_with(HOME) {
                return here;
            }
        }
        panic!("no way back from {here}");
    }
}

/// The way to the provider and back: the address to come back to, and our cookie.
async fn go(office: &Office, login: &str) -> (String, String) {
    let away = open(&format!("{}/link", office.url), None).await;
    assert_eq!(away.status, 303, "{}", away.text);
    let cookie = away.header("set-cookie").split(';').next().unwrap().to_owned();
    let back = Browser::new().sign_in(away.header("location").to_owned(), login).await;
    (back.replace(HOME, &office.url), cookie)
}

#[expect(clippy::disallowed_methods, reason = "the tests have no configuration file")]
#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_at_a_certified_provider_is_linked() {
    let Ok(issuer) = std::env::var(ISSUER) else {
        eprintln!("skipped: sign-in: run `cargo xtask peers sign-in`");
        return;
    };
    for database in [Some(Database::sqlite()), Database::postgres().await].into_iter().flatten() {
        let office = Office::open_at(database, Clock::system(), site(&issuer, "RS256")).await;
        let (back, cookie) = go(&office, "eve").await;
        assert_eq!(open(&back, Some(&cookie)).await.status, 403, "nobody is declared so");

        // The code of one way, brought back on another.
        let ((one, _), (other, cookie)) = (go(&office, "nora-1").await, go(&office, "eve").await);
        let code =
            |url: &str| url.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        let mixed = other.replace(&code(&other), &code(&one));
        assert_eq!(open(&mixed, Some(&cookie)).await.status, 502, "its verifier is another");

        let (back, cookie) = go(&office, "nora-1").await;
        let code = open(&back, Some(&cookie)).await.code();
        assert_eq!(open(&back, Some(&cookie)).await.status, 400, "once");
        let word = Word::Link { code: Some(code) };
        let said = office.app.service.say(&word, &demo::identity(NEW)).await.unwrap();
        assert!(said.starts_with("Your account is linked to Nora Berg now."), "{said}");
        office.close().await;
    }
}
