//! Installing: two workspaces and a Grid organisation side by side, each through the consent
//! screen, with tokens that end; and every way in which nothing is installed.

use countersign::adapters;
use countersign_fake_slack::{
    FakeSlack,
    world::{App, Channel, Site, Team, User},
};
use countersign_slack::install::install_link;
use jiff::SignedDuration;
use reqwest::{Client, header, redirect::Policy};
use serde_json::json;
use tokio::sync::Mutex;
use url::Url;

use super::{
    blueprint::{Blueprint, rewrite},
    workplace::{
        APP, ERIN, FARID, FAY, PAYMENTS, SAM, SECURITY, SHOP, Workplace, tell_in, write_prod,
    },
};
use crate::office::client;

/// The security people have a workspace of their own.
const SISTER: &str = "T0SISTER";
/// The payments people are in one of a Grid organisation's.
const GRID: &str = "T0GRID";
const CORP: &str = "E0CORP";

/// Half the life of a token.
const HALF: SignedDuration = SignedDuration::from_hours(6);

/// The gauge of installations is the whole process's: these stories are told one after another.
static GAUGE: Mutex<()> = Mutex::const_new(());

const INSTALLABLE: Blueprint = Blueprint {
    app: || App::named(APP).rotating(),
    site: || None,
    further: None,
    client: "trust: trusted",
    connection: "install: { client_id: 1000.A0CSIGN, client_secret: { env: CLIENT_SECRET }, \
        teams: [T0SHOP, T0SISTER], enterprises: [E0CORP] }",
    world: |slack| {
        slack.workspace(Team::named(SISTER));
        slack.workspace(Team::named(GRID).of_enterprise(CORP));
        slack.workspace(Team::named("T9OTHER"));
        slack.channel(Channel::named(SISTER, SECURITY, "security"));
        slack.channel(Channel::named(GRID, PAYMENTS, "payments"));
        slack.user(User::named(SISTER, SAM, "sam"));
        slack.user(User::named(GRID, FAY, "fay"));
    },
    law: |sources| {
        rewrite(&mut sources.policy, "slack: C0SHOP", "slack: T0SHOP/C0SHOP");
        rewrite(&mut sources.policy, "slack: C0SECURITY", "slack: T0SISTER/C0SECURITY");
        rewrite(&mut sources.policy, "slack: C0PAYMENTS", "slack: E0CORP/C0PAYMENTS");
        rewrite(&mut sources.people, "team: T0SHOP, user: U0SAM", "team: T0SISTER, user: U0SAM");
        rewrite(&mut sources.people, "team: T0SHOP, user: U0FAY", "team: T0GRID, user: U0FAY");
    },
};

/// The same with an app that the configuration does not mean.
const OTHER_APP: Blueprint =
    Blueprint { app: || App { id: "A9OTHER".to_owned(), ..App::named(APP) }, ..INSTALLABLE };

/// Half the way of an operator: what the browser holds when Slack sends it back.
struct Trip {
    cookie: String,
    back: Url,
}

/// A page that an operator sees.
struct Seen {
    status: u16,
    text: String,
}

impl Seen {
    #[track_caller]
    fn says(&self, status: u16, words: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert!(self.text.contains(words), "{}", self.text);
        for secret in ["xox", "code=", "state="] {
            assert!(!self.text.contains(secret), "{}", self.text);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "an operator's browser, one step at a time")]
fn browser() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

/// The public address of the service, as somebody on this machine reaches it.
fn local(workplace: &Workplace, public: &str) -> String {
    public.replace("https://countersign.example", &workplace.url)
}

async fn link(workplace: &Workplace) -> String {
    let marks = adapters::slack::marks(&workplace.process.means);
    let link = install_link("https://countersign.example", &marks).await.unwrap();
    local(workplace, &link)
}

async fn open(url: &str) -> Seen {
    let response = browser().get(url).send().await.unwrap();
    Seen { status: response.status().as_u16(), text: response.text().await.unwrap() }
}

/// Follows the link to Slack, and says yes there or whatever the story has arranged.
async fn leave(workplace: &Workplace) -> Trip {
    let away = browser().get(link(workplace).await).send().await.unwrap();
    assert_eq!(away.status(), 302);
    assert_eq!(away.headers()[header::REFERRER_POLICY], "no-referrer");
    let cookie = away.headers()[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let consent = away.headers()[header::LOCATION].to_str().unwrap();
    assert!(consent.starts_with(&workplace.slack.url()), "{consent}");
    let back = browser().get(consent).send().await.unwrap();
    assert_eq!(back.status(), 302);
    let back = local(workplace, back.headers()[header::LOCATION].to_str().unwrap());
    Trip { cookie, back: back.parse().unwrap() }
}

async fn come_back(trip: &Trip) -> Seen {
    let request = browser().get(trip.back.clone()).header(header::COOKIE, &trip.cookie);
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    Seen { status: response.status().as_u16(), text: response.text().await.unwrap() }
}

async fn install(workplace: &Workplace, site: Site, name: &str) {
    workplace.slack.install_next_at(site);
    let trip = leave(workplace).await;
    come_back(&trip).await.says(200, &format!("Countersign is installed in {name}."));
}

fn sites() -> [(Site, &'static str); 3] {
    [
        (Site::Team("T0SHOP".to_owned()), "T0SHOP"),
        (Site::Team(SISTER.to_owned()), SISTER),
        (Site::Enterprise(CORP.to_owned()), CORP),
    ]
}

async fn install_everywhere(workplace: &Workplace) {
    for (site, name) in sites() {
        install(workplace, site, name).await;
    }
}

/// What is kept of the installations, as it stands in the database.
async fn kept(workplace: &Workplace) -> Vec<(String, String)> {
    let query = "select name, sealed from adapter_record \
                 where name like 'slack:installation/%' order by name";
    sqlx::query_as(query).fetch_all(&workplace.process.app.store().read).await.unwrap()
}

async fn gauge(workplace: &Workplace, state: &str) -> String {
    let page = client().get(format!("{}/metrics", workplace.url)).send().await.unwrap();
    let page = page.text().await.unwrap();
    let series = format!("countersign_slack_installations{{state=\"{state}\"}} ");
    let value = page.lines().find_map(|line| line.strip_prefix(&series));
    value.unwrap_or("never set").to_owned()
}

fn transfer() -> serde_json::Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "action": { "name": "funds.transfer" },
        "resource": { "type": "account", "id": "main" },
        "context": { "parameters": { "amount": "500", "currency": "EUR", "to": "Acme" } },
    })
}

/// One round through all three installations.
async fn decide_everywhere(workplace: &Workplace) {
    let change = workplace.ask(&write_prod()).await;
    workplace.approve(ERIN, SHOP).await;
    workplace.approve(FARID, SHOP).await;
    workplace.approve(SAM, SECURITY).await;
    assert_eq!(workplace.status(&change).await, "approved");
    let payment = workplace.ask(&transfer()).await;
    workplace.approve(FAY, PAYMENTS).await;
    assert_eq!(workplace.status(&payment).await, "approved");
    for channel in [SHOP, SECURITY, PAYMENTS] {
        let words = workplace.card(channel).words();
        assert!(words.contains("Approved"), "{channel}: {words}");
    }
}

fn refreshes(slack: &FakeSlack) -> usize {
    let calls = slack.calls("oauth.v2.access");
    calls.iter().filter(|call| call.arguments["grant_type"] == "refresh_token").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workspaces_and_an_organisation_install_rotate_and_end_side_by_side() {
    let _alone = GAUGE.lock().await;
    tell_in(&INSTALLABLE, |workplace| async move {
        install_everywhere(&workplace).await;
        decide_everywhere(&workplace).await;
        let first = sites().map(|(site, _)| workplace.slack.live_token(&site).unwrap());
        let other = workplace.replica().await;
        workplace.clock.advance(HALF);
        tokio::join!(workplace.process.work(), other.work());
        assert_eq!(refreshes(&workplace.slack), 3, "once each, whoever does it");
        // The first tokens have ended now, and the second are due.
        workplace.clock.advance(HALF);
        tokio::join!(workplace.process.work(), other.work());
        assert_eq!(refreshes(&workplace.slack), 6);
        let later = sites().map(|(site, _)| workplace.slack.live_token(&site).unwrap());
        assert!(first.iter().all(|token| !later.contains(token)));
        decide_everywhere(&workplace).await;
        assert_eq!(gauge(&workplace, "live").await, "3");
        ends_in_one(&workplace).await;
        other.app.stop().await;
        workplace
    })
    .await;
}

/// Removed from one workspace, it goes on in the others, and comes back where it is installed anew.
async fn ends_in_one(workplace: &Workplace) {
    for answer in workplace.slack.uninstall(&Site::Team("T0SHOP".to_owned())).await {
        assert_eq!(answer.status, Some(200));
    }
    workplace.settle().await;
    let posts = workplace.slack.calls("chat.postMessage").len();
    let unseen = workplace.ask(&write_prod()).await;
    assert_eq!(workplace.slack.calls("chat.postMessage").len(), posts, "nothing is tried");
    assert_eq!(workplace.status(&unseen).await, "pending", "it may still escalate");
    assert_eq!(gauge(workplace, "dead").await, "1");
    assert_eq!(gauge(workplace, "live").await, "2");
    let payment = workplace.ask(&transfer()).await;
    workplace.approve(FAY, PAYMENTS).await;
    assert_eq!(workplace.status(&payment).await, "approved");
    install(workplace, Site::Team("T0SHOP".to_owned()), "T0SHOP").await;
    decide_everywhere(workplace).await;
    assert_eq!(gauge(workplace, "dead").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_that_removes_the_app_hears_no_more_and_the_others_do() {
    let _alone = GAUGE.lock().await;
    tell_in(&INSTALLABLE, |workplace| async move {
        install_everywhere(&workplace).await;
        for answer in workplace.slack.uninstall(&Site::Enterprise(CORP.to_owned())).await {
            assert_eq!(answer.status, Some(200));
        }
        workplace.settle().await;
        assert_eq!(gauge(&workplace, "dead").await, "1");
        let unseen = workplace.ask(&transfer()).await;
        assert!(workplace.slack.calls("chat.postMessage").is_empty());
        assert!(workplace.slack.messages(PAYMENTS).is_empty());
        assert_eq!(workplace.status(&unseen).await, "pending");
        workplace.advance(SignedDuration::from_mins(30)).await;
        assert_eq!(workplace.status(&unseen).await, "failed", "nobody could be asked");
        let change = workplace.ask(&write_prod()).await;
        workplace.approve(ERIN, SHOP).await;
        workplace.approve(FARID, SHOP).await;
        workplace.approve(SAM, SECURITY).await;
        assert_eq!(workplace.status(&change).await, "approved");
        for channel in [SHOP, SECURITY] {
            workplace.card(channel);
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_sealed_at_rest_and_another_key_opens_none() {
    let _alone = GAUGE.lock().await;
    tell_in(&INSTALLABLE, |workplace| async move {
        install_everywhere(&workplace).await;
        let kept = kept(&workplace).await;
        let names: Vec<&str> = kept.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "slack:installation/E0CORP",
                "slack:installation/T0SHOP",
                "slack:installation/T0SISTER"
            ]
        );
        for (name, sealed) in &kept {
            for secret in ["xoxe", "xoxb", APP, "access_token"] {
                assert!(!sealed.contains(secret), "{name}");
            }
        }
        let other_key = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
        let refused = workplace.start_with_key(other_key).await.err().expect("it does not start");
        assert!(refused.to_string().contains("key"), "{refused}");
        // The right key opens them: what was installed is there after a restart.
        let workplace = workplace.restart().await;
        decide_everywhere(&workplace).await;
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_once_within_ten_minutes() {
    let _alone = GAUGE.lock().await;
    tell_in(&INSTALLABLE, |workplace| async move {
        let door = format!("{}/slack/install", workplace.url);
        for address in [door.clone(), format!("{door}?t="), format!("{door}?t=guessed")] {
            open(&address).await.says(400, "used already or is too old");
        }
        let link = link(&workplace).await;
        assert_eq!(client().head(&link).send().await.unwrap().status(), 405, "a look is no use");
        assert_eq!(open(&link).await.status, 302);
        open(&link).await.says(400, "used already or is too old");
        let late = self::link(&workplace).await;
        workplace.clock.advance(SignedDuration::from_mins(11));
        open(&late).await.says(400, "used already or is too old");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_otherwise_than_they_went_installs_nothing() {
    let _alone = GAUGE.lock().await;
    tell_in(&INSTALLABLE, |workplace| async move {
        let not_begun = "not begun in this browser, took too long, or has been finished";
        workplace.slack.install_next_at(Site::Team("T0SHOP".to_owned()));
        let (mut stateless, other) = (leave(&workplace).await, leave(&workplace).await);
        let code = stateless.back.query_pairs().find(|(name, _)| name == "code").unwrap();
        let code = code.1.into_owned();
        stateless.back.query_pairs_mut().clear().append_pair("code", &code);
        come_back(&stateless).await.says(400, not_begun);
        let mixed = Trip { cookie: stateless.cookie, back: other.back.clone() };
        come_back(&mixed).await.says(400, not_begun);
        let bare = Trip { cookie: "theme=dark".to_owned(), back: other.back.clone() };
        come_back(&bare).await.says(400, not_begun);
        let slow = leave(&workplace).await;
        workplace.clock.advance(SignedDuration::from_mins(11));
        come_back(&slow).await.says(400, not_begun);
        workplace.slack.refuse_next_install();
        come_back(&leave(&workplace).await).await.says(400, "not allowed there");
        workplace.slack.install_next_at(Site::Team("T9OTHER".to_owned()));
        come_back(&leave(&workplace).await).await.says(403, "does not allow this workspace");
        assert!(kept(&workplace).await.is_empty(), "nothing of all that");
        workplace.slack.install_next_at(Site::Team("T0SHOP".to_owned()));
        let once = leave(&workplace).await;
        come_back(&once).await.says(200, "Countersign is installed in T0SHOP.");
        come_back(&once).await.says(400, not_begun);
        assert_eq!(kept(&workplace).await.len(), 1);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_another_app_is_not_kept() {
    let _alone = GAUGE.lock().await;
    tell_in(&OTHER_APP, |workplace| async move {
        workplace.slack.install_next_at(Site::Team("T0SHOP".to_owned()));
        come_back(&leave(&workplace).await).await.says(403, "a token of another app");
        assert!(kept(&workplace).await.is_empty());
        workplace
    })
    .await;
}
