//! Stories with Ory Hydra: a browser waits on our page while people decide, and goes back to Hydra. No
//! page has a script, so these stories need none. Hydra is one that keeps its contract.

mod fake;
mod process;

use countersign_port::{access::DenyReason, card::Verb};
use countersign_sandbox::click::Answers;
use jiff::SignedDuration;
use reqwest::{
    Response,
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use serde_json::json;

use self::fake::Fake;
use crate::{
    keycloak::step_up,
    office::{Office, Site, demo_sources, tell_in},
};

async fn tell<F: Future<Output = Office>>(story: impl Fn(Office, Fake) -> F) {
    tell_under(Site::default(), story).await;
}

async fn tell_under<F: Future<Output = Office>>(around: Site, story: impl Fn(Office, Fake) -> F) {
    let fake = Fake::start().await;
    let site = Site { hydra: Some(fake.url.clone()), ..around };
    tell_in(&site, |office| {
        fake.forget();
        story(office, fake.clone())
    })
    .await;
}

/// A browser with its cookies, that looks at where it is sent to before it goes there.
struct Browser {
    http: reqwest::Client,
    cookies: Vec<String>,
}

impl Browser {
    #[expect(clippy::disallowed_methods, reason = "the tests call the service from outside")]
    fn new() -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Self { http, cookies: Vec::new() }
    }

    async fn open(&mut self, office: &Office, challenge: &str) -> Response {
        self.open_at(&office.url, challenge).await
    }

    async fn open_at(&mut self, url: &str, challenge: &str) -> Response {
        let url = format!("{url}/hydra/consent?consent_challenge={challenge}");
        let answer =
            self.http.get(url).header(COOKIE, self.cookies.join("; ")).send().await.unwrap();
        let set = answer.headers().get_all(SET_COOKIE).iter();
        let first = |text: &str| text.split(';').next().unwrap().to_owned();
        self.cookies.extend(set.map(|value| first(value.to_str().unwrap())));
        answer
    }

    async fn reads(&mut self, office: &Office, challenge: &str) -> (u16, String) {
        let answer = self.open(office, challenge).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Where it is sent.
    async fn sent(&mut self, office: &Office, challenge: &str) -> String {
        let answer = self.open(office, challenge).await;
        assert_eq!(answer.status(), 303);
        answer.headers()[LOCATION].to_str().unwrap().to_owned()
    }
}

/// Two shop leads and security say yes.
async fn approve(office: &Office) {
    for who in ["erin", "farid"] {
        office.press(who, "shop-approvals", Verb::Approve).await.unwrap();
    }
    office.settle().await;
    office.press("sam", "security", Verb::Approve).await.unwrap();
    office.settle().await;
}

const WRITE: &str = "openid prod:orders:write";

#[tokio::test(flavor = "multi_thread")]
async fn the_page_waits_until_people_have_decided() {
    tell(|office, fake| async move {
        fake.asks("c-1", "dana", WRITE);
        let mut browser = Browser::new();
        let (status, page) = browser.reads(&office, "c-1").await;
        assert_eq!(status, 200, "{page}");
        office.settle().await;
        for words in ["Waiting for approval", "arq_", "http-equiv=\"refresh\"", "wait=1"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        for never in ["<script", "<form", "<button"] {
            assert!(!page.contains(never), "{never}: {page}");
        }
        // Looking again makes nothing new, in another process either.
        let (status, again) = browser.reads(&office, "c-1").await;
        assert_eq!((status, reference(&again)), (200, reference(&page)));
        let office = office.restart().await;
        assert_eq!(reference(&browser.reads(&office, "c-1").await.1), reference(&page));
        assert_eq!(office.sandbox.messages("shop-approvals").len(), 1);
        assert_eq!(fake.answers(), [], "nothing is told before people have decided");

        approve(&office).await;
        let next = browser.sent(&office, "c-1").await;
        assert_eq!(next, format!("{}/oauth2/auth?verified=c-1", fake.url));
        let answers = fake.answers();
        let [(verb, grant)] = &answers[..] else { panic!("one answer: {answers:?}") };
        assert_eq!(verb, "accept");
        assert_eq!(grant["grant_scope"], json!(["prod:orders:write", "openid"]));
        assert_eq!(grant["grant_access_token_audience"], json!(["https://api.example/"]));
        assert_eq!(grant["remember"], false);
        let session = &grant["session"]["access_token"]["countersign"];
        assert_eq!(session["request_id"], reference(&page));
        // Hydra has its answer, and whoever comes back goes on.
        assert_eq!(browser.sent(&office, "c-1").await, next);
        assert_eq!(fake.answers().len(), 1);
        office
    })
    .await;
}

fn reference(page: &str) -> String {
    let (_, rest) = page.split_once("<code>").expect("a reference");
    rest.split_once('<').expect("its end").0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_left_out_is_not_granted() {
    tell(|office, fake| async move {
        fake.asks("c-1", "dana", "openid report:read prod:orders:write");
        let mut browser = Browser::new();
        assert_eq!(browser.reads(&office, "c-1").await.0, 200);
        office.settle().await;
        let less = || Answers::less(vec![0], None);
        for who in ["erin", "farid"] {
            office.press_with(who, "shop-approvals", Verb::ApproveLess, less()).await.unwrap();
        }
        office.settle().await;
        office.press_with("sam", "security", Verb::ApproveLess, less()).await.unwrap();
        office.settle().await;
        browser.sent(&office, "c-1").await;
        assert_eq!(fake.answers()[0].1["grant_scope"], json!(["report:read", "openid"]));
        office
    })
    .await;
}

/// Somebody who waits for a consent is told no.
async fn is_denied(office: &Office, browser: &mut Browser, challenge: &str) {
    browser.reads(office, challenge).await;
    office.settle().await;
    let no = Answers::deny(DenyReason::NotNeededNow, "");
    office.press_with("erin", "shop-approvals", Verb::Deny, no).await.unwrap();
    office.settle().await;
    browser.sent(office, challenge).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_and_a_silence_are_told_as_denied() {
    tell(|office, fake| async move {
        let mut browser = Browser::new();
        fake.asks("c-1", "dana", WRITE);
        is_denied(&office, &mut browser, "c-1").await;
        // Nobody decides: told while Hydra still knows of it.
        fake.asks("c-2", "dana", WRITE);
        browser.reads(&office, "c-2").await;
        office.settle().await;
        office.advance(SignedDuration::from_mins(30)).await;
        browser.sent(&office, "c-2").await;
        // The browser has gone on: nobody but it can ask again.
        let card = office.newest("shop-approvals");
        let last = card.progress.last().unwrap().line.plain();
        assert!(last.ends_with("no longer waits for this: start anew there"), "{last}");
        assert!(card.actions.is_empty());
        // What the policy has no way for is no outage.
        fake.asks("c-3", "dana", "no:such:scope");
        browser.sent(&office, "c-3").await;
        // And what nobody is asked about is granted at once.
        fake.asks("c-4", "dana", "openid offline");
        browser.sent(&office, "c-4").await;
        let answers = fake.answers();
        let verbs: Vec<&str> = answers.iter().map(|(verb, _)| verb.as_str()).collect();
        assert_eq!(verbs, ["reject", "reject", "reject", "accept"]);
        assert!(answers[..3].iter().all(|(_, body)| body["error"] == "access_denied"));
        assert_eq!(answers[3].1["grant_scope"], json!(["openid", "offline"]));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_back_for_longer_than_a_browser_waits_is_a_no_that_says_why() {
    let sources = || {
        let mut sources = demo_sources();
        let with = "guardrails:\n  - { name: enough, cool_down: { denials: 1, within: 24h } }\n";
        sources.policy.text = sources.policy.text.replacen("guardrails:\n", with, 1);
        sources
    };
    tell_under(Site { sources, ..Site::default() }, |office, fake| async move {
        let mut browser = Browser::new();
        fake.asks("c-1", "dana", WRITE);
        is_denied(&office, &mut browser, "c-1").await;
        fake.asks("c-2", "dana", WRITE);
        browser.sent(&office, "c-2").await;
        let (verb, why) = fake.answers().pop().unwrap();
        assert_eq!((verb.as_str(), &why["error"]), ("reject", &json!("access_denied")));
        let said = why["error_description"].as_str().unwrap();
        assert!(said.starts_with("this was denied 1 times within 1 day"), "{said}");
        assert_eq!(office.sandbox.messages("shop-approvals").len(), 1);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_browser_is_refused() {
    tell(|office, fake| async move {
        fake.asks("c-1", "dana", WRITE);
        let (mut first, mut second) = (Browser::new(), Browser::new());
        assert_eq!(first.reads(&office, "c-1").await.0, 200);
        let (status, page) = second.reads(&office, "c-1").await;
        assert_eq!(status, 403);
        assert!(page.contains("another browser") && !page.contains("arq_"), "{page}");
        // Nor with the cookie of another consent, nor after the decision.
        fake.asks("c-2", "dana", WRITE);
        assert_eq!(second.reads(&office, "c-2").await.0, 200);
        let stolen = second.cookies[0].split_once('=').unwrap().1.to_owned();
        let name = first.cookies[0].split_once('=').unwrap().0.to_owned();
        second.cookies.push(format!("{name}={stolen}"));
        assert_eq!(second.reads(&office, "c-1").await.0, 403);
        assert_eq!(first.reads(&office, "c-1").await.0, 200);
        office.settle().await;
        assert_eq!(fake.answers(), []);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_goes_nowhere_but_to_hydra() {
    tell(|office, fake| async move {
        fake.asks("c-1", "dana", WRITE);
        let mut browser = Browser::new();
        browser.reads(&office, "c-1").await;
        office.settle().await;
        approve(&office).await;
        fake.redirects_to("https://evil.example/");
        let (status, page) = browser.reads(&office, "c-1").await;
        assert_eq!(status, 502, "{page}");
        assert!(!page.contains("evil.example"), "{page}");
        for (challenge, status) in [("", 400), ("unknown", 404), (&*"c".repeat(9000), 400)] {
            assert_eq!(browser.reads(&office, challenge).await.0, status);
        }
        fake.asks_for("c-5", "stranger", "dana", WRITE);
        assert_eq!(browser.reads(&office, "c-5").await.0, 403);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_login_page_says_of_a_sign_in_is_believed() {
    let strict = Site { sources: step_up::strict, ..Site::default() };
    tell_under(strict, |office, fake| async move {
        let now = office.clock.now().as_second();
        for (challenge, acr, at) in [
            ("c-none", json!(null), json!(null)),
            ("c-silver", json!("silver"), json!(now)),
            ("c-old", json!("gold"), json!(now - 300)),
            ("c-odd", json!("gold"), json!("now")),
        ] {
            fake.asks(challenge, "dana", WRITE);
            fake.signed_in(challenge, &acr, &at);
            Browser::new().sent(&office, challenge).await;
            let (verb, why) = fake.answers().pop().unwrap();
            assert_eq!(verb, "reject", "{challenge}");
            let said = why["error_description"].as_str().unwrap().to_owned();
            assert!(said.contains("must have signed in within 5 minutes"), "{said}");
            let is_silent = said.contains("the server that asks does not say how they signed in");
            assert_eq!(is_silent, challenge == "c-none", "{said}");
        }
        fake.asks("c-good", "dana", WRITE);
        fake.signed_in("c-good", &json!("gold"), &json!(now - 60));
        let mut browser = Browser::new();
        assert_eq!(browser.reads(&office, "c-good").await.0, 200);
        office.settle().await;
        approve(&office).await;
        browser.sent(&office, "c-good").await;
        assert_eq!(fake.answers().pop().unwrap().0, "accept");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_a_client_that_may_not_ask_nobody_is_asked() {
    let site = Site { shop: "\n    may: [evaluate, read, result]", ..Site::default() };
    tell_under(site, |office, fake| async move {
        fake.asks("c-1", "dana", WRITE);
        Browser::new().sent(&office, "c-1").await;
        let (verb, why) = fake.answers().pop().unwrap();
        assert_eq!(verb, "reject");
        let said = why["error_description"].as_str().unwrap();
        assert_eq!(said, "Nobody can approve this. Ask whoever runs it.");
        assert!(office.sandbox.messages("shop-approvals").is_empty());
        office
    })
    .await;
}
