//! An office that a realm hands its decisions over to.

use countersign::{
    clock::Clock,
    config::secret::EncryptionKey,
    seal::{KeyRing, Place},
};
use countersign_port::access::DenyReason;
use countersign_port::card::Verb;
use countersign_sandbox::click::Answers;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::Value;
use sqlx::Row;

use super::{fake::Fake, realm::Realm};
use crate::{
    database::Database,
    office::{ENCRYPTION_KEY, KEYCLOAK_PATH, Office, START, Site},
};

/// What a story needs.
pub(crate) struct Desk {
    pub(crate) office: Office,
    pub(crate) realm: Realm,
    /// None before the real one.
    pub(crate) fake: Option<Fake>,
}

/// Tells a story of the Keycloak that keeps its contract, on both databases.
pub(crate) async fn tell<F, Story>(story: Story)
where
    Story: Fn(Desk) -> F,
    F: Future<Output = Desk>,
{
    tell_under(Site::default(), story).await;
}

/// Tells such a story under another policy.
pub(crate) async fn tell_under<F, Story>(around: Site, story: Story)
where
    Story: Fn(Desk) -> F,
    F: Future<Output = Desk>,
{
    let _ = tracing_subscriber::fmt().with_test_writer().try_init();
    let databases = [Some(Database::sqlite()), Database::postgres().await];
    for database in databases.into_iter().flatten() {
        let clock = Clock::frozen(START.parse().unwrap());
        let fake = Fake::start(clock.clone()).await;
        let site = Site { realm: Some(fake.issuer()), ..around.clone() };
        let office = Office::open_at(database, clock, site).await;
        let realm = Realm { issuer: fake.issuer() };
        let desk = Desk { office, realm, fake: Some(fake) };
        desk.connect();
        story(desk).await.office.close().await;
    }
}

impl Desk {
    pub(crate) fn fake(&self) -> &Fake {
        self.fake.as_ref().expect("the fake")
    }

    /// Tells Keycloak where to ask.
    pub(crate) fn connect(&self) {
        if let Some(fake) = &self.fake {
            fake.connect(&format!("{}/keycloak/main/{KEYCLOAK_PATH}", self.office.url));
        }
    }

    pub(crate) async fn restart(self) -> Self {
        let Self { office, realm, fake } = self;
        let desk = Self { office: office.restart().await, realm, fake };
        desk.connect();
        desk
    }

    /// Keycloak is asked for access, and asks us. The cards are out afterwards.
    pub(crate) async fn ask(&self, more: &[(&str, &str)]) -> String {
        let id = self.realm.ask(more).await.expect("our 201");
        self.office.settle().await;
        id
    }

    /// Two shop leads and security say yes.
    pub(crate) async fn approve(&self) {
        for who in ["erin", "farid"] {
            self.office.press(who, "shop-approvals", Verb::Approve).await.unwrap();
        }
        self.office.settle().await;
        self.office.press("sam", "security", Verb::Approve).await.unwrap();
    }

    pub(crate) async fn deny(&self) {
        let answers = Answers::deny(DenyReason::NotNeededNow, "");
        self.office.press_with("erin", "shop-approvals", Verb::Deny, answers).await.unwrap();
    }

    /// Our time goes on, and what comes due by that is done.
    pub(crate) async fn later(&self, seconds: i64) {
        self.office.advance(SignedDuration::from_secs(seconds)).await;
    }

    /// The bearers that are kept, opened.
    pub(crate) async fn bearers(&self) -> Vec<String> {
        let rows = sqlx::query("select id, sealed from delegation order by id");
        let rows = rows.fetch_all(&self.office.store().read).await.unwrap();
        let key: EncryptionKey = EncryptionKey::decode(ENCRYPTION_KEY).unwrap();
        let keys = KeyRing::new(vec![key]);
        let open = |row: &sqlx::any::AnyRow| {
            let (id, sealed): (String, String) = (row.get("id"), row.get("sealed"));
            let place = Place { table: "delegation", column: "sealed", row: &id };
            keys.open(place, &sealed).unwrap().expose_secret().to_owned()
        };
        rows.iter().map(open).collect()
    }

    /// What became of answers that were not taken: state and cause.
    pub(crate) async fn lost(&self) -> Vec<(String, String)> {
        let letters = self.office.store().dead_letters(10).await.unwrap();
        letters.into_iter().map(|one| (one.state, one.error.unwrap_or_default())).collect()
    }

    /// The kinds of entries that the log has.
    pub(crate) async fn log(&self) -> Vec<String> {
        let url = format!("{}/audit/v1/entries", self.office.url);
        let request = crate::office::client().get(url).bearer_auth(crate::office::AUDITOR_KEY);
        let answer = crate::office::answer(request).await;
        let items = answer.body["items"].as_array().expect("entries").clone();
        items
            .iter()
            .map(|entry: &Value| entry["leaf"]["kind"].as_str().unwrap().to_owned())
            .collect()
    }
}
