//! Somebody signs in and types the code that they are shown in chat: their account is linked.

mod fake;
mod real;

use std::sync::Arc;

use countersign::{clock::Clock, law::Sources};
use countersign_port::{
    access::{Access, Ballot, Choice, DenyReason, RefusalKind, Word},
    card::{Card, Verb},
};
use countersign_sandbox::{click::Answers, demo};
use jiff::SignedDuration;
use reqwest::{header::HeaderMap, redirect::Policy};

use self::fake::{Idp, Lie};
use super::desk::{Desk, lines};
use crate::{
    database::Database,
    office::{Office, Site, demo_sources, press, write_prod},
};

/// An account that is linked to nobody.
const NEW: &str = "n0ra";
const SHOP: &str = "shop-approvals";

/// An office where people can sign in, its identity provider and its operator.
struct Scene {
    office: Office,
    idp: Idp,
    desk: Desk,
}

/// A page as a browser has it.
struct Page {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Page {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The code that it shows.
    #[track_caller]
    fn code(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text);
        let (_, rest) = self.text.split_once("<strong><code>").expect("a code");
        rest.split('<').next().unwrap().to_owned()
    }
}

/// A site where people sign in there, and where Nora is declared with her sign-in and with nothing in
/// chat.
fn site(issuer: &str, algorithm: &str) -> Site {
    let account = format!("oidc: {{ issuer: \"{issuer}\", subject: nora-1 }}");
    let groups = "groups: [shop, shop.lead, senior]";
    let people =
        format!("\n  nora: {{ name: Nora Berg, email: nora@example.com, {groups}, {account} }}\n");
    let more = format!(
        "sign_in: {{ issuer: \"{issuer}\", client_id: countersign, algorithm: {algorithm}, \
         client_secret: {{ env: DIRECTORY_TOKEN }} }}"
    );
    Site { people, more, ..Site::default() }
}

/// The time is the machine's, by which the command line goes.
async fn scenes(sources: fn() -> Sources) -> Vec<Scene> {
    let _ = tracing_subscriber::fmt().with_test_writer().try_init();
    let mut scenes = Vec::new();
    for database in [Some(Database::sqlite()), Database::postgres().await].into_iter().flatten() {
        let clock = Clock::frozen(Clock::system().now());
        let idp = Idp::start(&clock).await;
        let site = Site { sources, ..site(&idp.url, "EdDSA") };
        let desk = Desk::new();
        desk.write("people.yaml", &format!("{}{}", Desk::people(), site.people));
        let office = Office::open_at(database, clock, site).await;
        desk.keep_in(&office.database_url());
        scenes.push(Scene { office, idp, desk });
    }
    scenes
}

#[expect(clippy::disallowed_methods, reason = "a browser from outside")]
async fn open(url: &str, cookie: Option<&str>) -> Page {
    let browser = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let mut request = browser.get(url);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Page { status, headers, text: answer.text().await.unwrap() }
}

impl Scene {
    /// The way to the identity provider and back: the address to come back to, and the cookie.
    async fn go(&self) -> (String, String) {
        let away = open(&format!("{}/link", self.office.url), None).await;
        assert_eq!(away.status, 303, "{}", away.text);
        let cookie = away.header("set-cookie");
        assert!(cookie.starts_with("__Host-countersign-link="), "{cookie}");
        assert!(cookie.contains("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let back = open(away.header("location"), None).await;
        let back = back.header("location").replace("https://countersign.example", &self.office.url);
        (back, cookie)
    }

    async fn sign_in(&self) -> Page {
        let (back, cookie) = self.go().await;
        open(&back, Some(&cookie)).await
    }

    async fn says(&self, who: &str, code: Option<&str>) -> Result<String, (RefusalKind, String)> {
        let word = Word::Link { code: code.map(str::to_owned) };
        let said = self.office.app.service.say(&word, &demo::identity(who)).await;
        said.map_err(|refusal| (refusal.kind, refusal.sentence))
    }

    /// Why a code that is typed in chat links nothing.
    #[track_caller]
    fn refused(said: Result<String, (RefusalKind, String)>, why: &str) {
        let (kind, sentence) = said.expect_err("it is linked");
        assert_eq!(kind, RefusalKind::NotArranged);
        assert!(sentence.contains(why), "{sentence}");
    }

    async fn approve(&self, who: &str) -> Result<Arc<Card>, (RefusalKind, String)> {
        let pressed = self.office.press(who, SHOP, Verb::Approve).await;
        pressed.map_err(|refusal| (refusal.kind, refusal.sentence))
    }

    /// An approval by an account of which the platform tells the address.
    async fn approve_as(&self, who: &str, email: &str) -> (RefusalKind, String) {
        let mut press = press(who, &self.office.button(SHOP, Verb::Approve));
        press.email = Some(email.to_owned());
        let ballot =
            Ballot { press, choice: Choice::Approve, comment: None, number: None, seen_at: None };
        let refusal = self.office.app.service.vote(ballot).await.unwrap_err();
        (refusal.kind, refusal.sentence)
    }

    /// What was written down, by the alphabet: it happened at one instant.
    async fn told(&self) -> Vec<String> {
        let mut told: Vec<String> =
            self.history().await.into_iter().map(|(what, ..)| what).collect();
        told.sort();
        told
    }

    /// What was written down: what, about whom, with which evidence.
    async fn history(&self) -> Vec<(String, String, serde_json::Value)> {
        let told = self.office.store().people_changes(20).await.unwrap();
        let line = |mut one: countersign::store::people_change::PeopleChange| {
            (one.what, one.subject, one.body["evidence"].take())
        };
        told.into_iter().map(line).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_and_types_the_code_decides_as_themselves() {
    for scene in scenes(demo_sources).await {
        scene.office.ask(&write_prod()).await;
        scene.office.settle().await;
        let (kind, sentence) = scene.approve(NEW).await.unwrap_err();
        assert_eq!(kind, RefusalKind::NotLinked);
        assert!(sentence.contains("sign in at https://countersign.example/link"), "{sentence}");
        let page = scene.sign_in().await;
        assert!(page.text.contains("You are Nora Berg."), "{}", page.text);
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.header("set-cookie").contains("Max-Age=0"), "the cookie has done its work");
        let code = page.code();
        let said = scene.says(NEW, Some(&code.to_lowercase())).await.unwrap();
        assert!(said.starts_with("Your account is linked to Nora Berg now."), "{said}");
        scene.approve(NEW).await.unwrap();
        Scene::refused(scene.says("erin", Some(&code)).await, "There is no such code");
        let history = scene.history().await;
        let [(what, whose, evidence)] = history.as_slice() else { panic!("{history:?}") };
        assert_eq!((what.as_str(), whose.as_str()), ("account_linked", "nora"));
        assert_eq!((&evidence["level"], &evidence["with"]), (&"proven".into(), &"sign_in".into()));
        assert_eq!(
            (&evidence["issuer"], &evidence["subject"]),
            (&scene.idp.url.as_str().into(), &"nora-1".into())
        );
        let listed = scene.desk.command(&["people", "list", "--json"]).await;
        let nora = lines(&listed).into_iter().find(|row| row["person"] == "nora").unwrap();
        assert_eq!(nora["links"][0]["level"], "proven");
        assert_eq!(nora["links"][0]["evidence"]["subject"], "nora-1");
        scene.office.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_says_otherwise_gives_no_code() {
    for scene in scenes(demo_sources).await {
        for lie in [
            Lie::OtherNonce,
            Lie::NoNonce,
            Lie::OtherAudience,
            Lie::OtherIssuer,
            Lie::Unsigned,
            Lie::OtherKey,
            Lie::Expired,
            Lie::NoToken,
            Lie::Down,
        ] {
            scene.idp.lies(Some(lie));
            let page = scene.sign_in().await;
            assert_eq!(page.status, 502, "{lie:?}: {}", page.text);
            assert!(page.text.contains("Nothing was linked"), "{lie:?}: {}", page.text);
        }
        scene.idp.lies(None);
        scene.idp.is("<b>eve</b>");
        let stranger = scene.sign_in().await;
        assert_eq!(stranger.status, 403, "{}", stranger.text);
        assert!(stranger.text.contains("nobody is declared"), "{}", stranger.text);
        assert!(!stranger.text.contains("<b>eve"), "{}", stranger.text);
        assert!(scene.history().await.is_empty());
        scene.office.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_ends_where_it_began_and_once() {
    for scene in scenes(demo_sources).await {
        let (back, cookie) = scene.go().await;
        let (_, of_another) = scene.go().await;
        let refused = async |url: &str, cookie: Option<&str>| {
            let page = open(url, cookie).await;
            assert_eq!(page.status, 400, "{}", page.text);
        };
        refused(&back, None).await;
        refused(&back, Some(&of_another)).await;
        let (before, _) = back.split_once("state=").unwrap();
        refused(&format!("{before}state=guessed"), Some(&cookie)).await;
        refused(&format!("{}/link/callback", scene.office.url), Some(&cookie)).await;
        assert_eq!(open(&back, Some(&cookie)).await.status, 200);
        refused(&back, Some(&cookie)).await;

        let (back, cookie) = scene.go().await;
        let (before, _) = back.split_once("&iss=").unwrap();
        refused(&format!("{before}&iss=https://evil.example"), Some(&cookie)).await;

        let (back, cookie) = scene.go().await;
        let (here, query) = back.split_once('?').unwrap();
        let (_, state) = query.split_once("&state=").unwrap();
        let denied = format!("{here}?error=access_denied&state={state}");
        refused(&denied, Some(&cookie)).await;

        let (back, cookie) = scene.go().await;
        scene.office.clock.advance(SignedDuration::from_mins(11));
        refused(&back, Some(&cookie)).await;
        scene.office.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_links_what_it_was_made_for_and_nothing_else() {
    for scene in scenes(demo_sources).await {
        let code = scene.sign_in().await.code();
        Scene::refused(scene.says("erin", Some(&code)).await, "belongs to somebody already");
        Scene::refused(scene.says(NEW, Some("not-a-code")).await, "This is no code");
        let by_operator = scene.desk.command(&["people", "link", &code, "--to", "gus"]).await;
        assert!(by_operator.err.contains("this code is for chat"), "{by_operator:?}");
        let said = scene.says(NEW, None).await.unwrap();
        assert!(said.starts_with("Sign in at https://countersign.example/link"), "{said}");
        let (_, rest) = said.split_once("Your code is ").unwrap();
        let of_chat = rest.split(',').next().unwrap();
        Scene::refused(scene.says(NEW, Some(of_chat)).await, "This code was made in chat");

        let handle = code.split('-').next().unwrap();
        let wrong = format!("{handle}-00000-00000");
        for _ in 0..5 {
            Scene::refused(scene.says(NEW, Some(&wrong)).await, "There is no such code");
        }
        Scene::refused(scene.says(NEW, Some(&code)).await, "tried in vain too often");
        let tries = scene.history().await;
        assert!(tries.iter().all(|(what, ..)| what == "link_refused"), "{tries:?}");
        assert_eq!(tries.len(), 6);

        let old = scene.sign_in().await.code();
        scene.office.clock.advance(SignedDuration::from_mins(10));
        Scene::refused(scene.says(NEW, Some(&old)).await, "There is no such code");
        scene.office.close().await;
    }
}

/// A policy that wants more than a sign-in for production.
fn declared_only() -> Sources {
    let mut sources = demo_sources();
    let with = "guardrails:\n  - { name: known accounts, if: { env: prod }, link: declared }\n";
    sources.policy.text = sources.policy.text.replacen("guardrails:\n", with, 1);
    sources
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardrail_wants_declared_accounts() {
    for scene in scenes(declared_only).await {
        scene.office.ask(&write_prod()).await;
        scene.office.settle().await;
        let code = scene.sign_in().await.code();
        scene.says(NEW, Some(&code)).await.unwrap();
        let no = Answers::deny(DenyReason::NotNeededNow, "");
        for (verb, answers) in [(Verb::Approve, Answers::default()), (Verb::Deny, no)] {
            let pressed = scene.office.press_with(NEW, SHOP, verb, answers).await.unwrap_err();
            assert_eq!(pressed.kind, RefusalKind::LinkTooWeak);
            assert!(pressed.sentence.contains("wants accounts that somebody has declared"));
            assert!(pressed.sentence.contains("Erin Doyle or Farid Aziz"), "{}", pressed.sentence);
        }
        let said = scene.says(NEW, None).await.unwrap();
        let (first, rest) = said.split_once("Your code is ").unwrap();
        assert!(first.starts_with("It is linked to Nora Berg by your sign-in."), "{said}");
        let code = rest.split(',').next().unwrap();
        let other = scene.desk.command(&["people", "link", code, "--to", "gus"]).await;
        assert!(other.err.contains("belongs to somebody already"), "{other:?}");
        let raised = scene.desk.command(&["people", "link", code, "--to", "nora"]).await;
        assert_eq!(raised.code, Some(0), "{raised:?}");
        scene.approve(NEW).await.unwrap();
        assert_eq!(scene.says(NEW, None).await.unwrap(), "It is linked to Nora Berg.");
        let again = scene.sign_in().await.code();
        Scene::refused(scene.says(NEW, Some(&again)).await, "belongs to somebody already");
        assert_eq!(scene.told().await, ["account_linked", "link_raised"]);
        scene.office.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_proposes_once_and_decides_nothing() {
    for scene in scenes(demo_sources).await {
        scene.office.ask(&write_prod()).await;
        scene.office.settle().await;
        for address in ["eve@example.com", "nora@example.com.evil.example", ""] {
            let (kind, sentence) = scene.approve_as(NEW, address).await;
            assert_eq!(kind, RefusalKind::NotLinked);
            assert!(sentence.starts_with("This account isn't linked"), "{sentence}");
        }
        for _ in 0..2 {
            let (kind, sentence) = scene.approve_as(NEW, "Nora@example.com").await;
            assert_eq!(kind, RefusalKind::NotLinked);
            assert!(sentence.starts_with("By its e-mail address this account is Nora Berg's."));
        }
        let [(what, whose, evidence)] = &scene.history().await[..] else { panic!("once") };
        assert_eq!((what.as_str(), whose.as_str()), ("link_proposed", "nora"));
        assert_eq!(evidence["level"], "email");
        assert_eq!(scene.approve(NEW).await.unwrap_err().0, RefusalKind::NotLinked);
        let listed = scene.desk.command(&["people", "list"]).await;
        assert!(listed.out.contains("demo/n0ra proposed by its address"), "{}", listed.out);

        // Somebody else's sign-in does not take it.
        scene.approve_as("f4rid", "farid@example.com").await;
        let code = scene.sign_in().await.code();
        Scene::refused(scene.says("f4rid", Some(&code)).await, "By its e-mail address");
        scene.says(NEW, Some(&code)).await.unwrap();
        scene.approve(NEW).await.unwrap();
        assert_eq!(scene.told().await, ["link_proposed", "link_proposed", "link_raised"]);
        scene.office.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_asks_the_identity_provider() {
    for scene in scenes(demo_sources).await {
        let plain = std::fs::read_to_string(scene.desk.path("countersign.yaml")).unwrap();
        let examine = async |issuer: &str| {
            let section = format!(
                "egress: {{ allow: [127.0.0.1/32] }}\nsign_in: {{ issuer: \"{issuer}\", \
                 client_id: countersign, client_secret: {{ env: WEBHOOK_SECRET }} }}\n"
            );
            scene.desk.write("countersign.yaml", &format!("{plain}{section}"));
            let said = scene.desk.command(&["doctor", "--json"]).await;
            let about =
                |line: &serde_json::Value| line["what"].as_str().unwrap().starts_with("sign-in at");
            lines(&said).into_iter().find(about).expect("a finding")
        };
        let good = examine(&scene.idp.url).await;
        assert_eq!(good["health"], "good", "{good}");
        assert!(good["means"].as_str().unwrap().contains("countersign.example/link/callback"));
        for other in [format!("{}/", scene.idp.url), "http://127.0.0.1:9".to_owned()] {
            let bad = examine(&other).await;
            assert_eq!((&bad["health"], &bad["fix"]["page"]), (&"bad".into(), &"sign-in".into()));
        }
        scene.office.close().await;
    }
}
