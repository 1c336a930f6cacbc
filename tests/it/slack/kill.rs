//! A real process that is killed right after it has acknowledged a click: the vote is there, once,
//! and its whole log holds no secret.

use std::{collections::BTreeMap, fs};

use countersign::clock::Clock;
use countersign_fake_slack::{FakeSlack, form::Entries, message::Message, world::Endpoints};
use serde_json::Value;

use super::{
    blueprint::{USUAL, sources},
    workplace::{ERIN, FARID, SAM, SECURITY, SHOP, write_prod},
};
use crate::{database::Database, patience::until, receiver::Receiver, running::Running};

/// A company whose service may die.
struct Company {
    slack: FakeSlack,
    folder: tempfile::TempDir,
    environment: BTreeMap<&'static str, String>,
}

impl Company {
    async fn open(database: &Database) -> Self {
        let clock = Clock::system();
        let receiver = Receiver::start(clock.clone()).await;
        let (slack, token) = USUAL.slack(&clock).await;
        let folder = tempfile::tempdir().unwrap();
        let sources = sources();
        let config = USUAL.text(database, &receiver, &slack);
        for (name, text) in [
            ("countersign.yaml", config),
            ("policy.yaml", sources.policy.text),
            ("catalogue.yaml", sources.catalogue.text),
            ("people.yaml", sources.people.text),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self { slack, folder, environment: USUAL.environment(&token) }
    }

    fn serve(&self) -> Running {
        let config = self.folder.path().join("countersign.yaml");
        let mut environment: Vec<_> =
            self.environment.iter().map(|(name, value)| (*name, value.clone())).collect();
        environment.push(("RUST_LOG", "trace".to_owned()));
        let process = Running::start(&config, &environment);
        self.slack.connect(Endpoints::below(&process.url));
        process
    }

    /// The card of a channel once it says something.
    async fn card(&self, channel: &str, words: &str) -> Message {
        let says = |card: &Message| card.words().contains(words);
        until(words, || self.slack.last_message(channel).filter(says)).await
    }

    /// Presses and sends the form; gives what was answered to that.
    async fn approve(&self, who: &str, card: &Message) -> String {
        assert!(self.slack.click(who, card, "Approve…").await.is_acknowledged());
        self.slack.modal(who).expect("a form");
        let said = self.slack.submit(who, &Entries::none()).await;
        assert!(said.is_acknowledged(), "{said:?}");
        said.body
    }
}

async fn survives(database: Database) {
    let company = Company::open(&database).await;
    let process = company.serve();
    let id = process.ask(&write_prod()).await;
    let card = company.card(SHOP, "wants to change live orders").await;
    process.all_delivered().await;
    let click = company.slack.click_payload(ERIN, &card, "Approve…");
    assert!(company.slack.deliver(&click).await.is_acknowledged());
    company.slack.modal(ERIN).expect("a form");
    let yes = company.slack.submit_payload(ERIN, &Entries::none());
    assert!(company.slack.deliver(&yes).await.body.contains("Recorded"));
    let mut log = process.kill();
    let process = company.serve();
    assert_eq!(process.votes(&id).await.len(), 1, "it is on disk before Slack is answered");
    // What comes again is told what it would have been told.
    let again = company.slack.deliver(&yes).await;
    assert!(again.body.contains("Recorded"), "{}", again.body);
    assert_eq!(process.votes(&id).await.len(), 1);
    let card = company.card(SHOP, "1 of 3 approved").await;
    assert!(company.approve(FARID, &card).await.contains("Recorded"));
    process.all_delivered().await;
    log += &process.kill();
    let process = company.serve();
    let security = company.card(SECURITY, "Approve…").await;
    assert!(company.approve(SAM, &security).await.contains("Recorded"));
    for channel in [SHOP, SECURITY] {
        company.card(channel, "Approved: Shop Admin may change live orders").await;
        assert_eq!(company.slack.messages(channel).len(), 1, "one card");
    }
    assert_eq!(process.votes(&id).await.len(), 3);
    log += &process.kill();
    for what in ["/response_url", "/trigger_id", "/user/username", "/actions/0/value"] {
        let secret = click.json.pointer(what).and_then(Value::as_str).expect("in a click");
        assert!(!log.contains(secret), "{what} is in the log");
    }
    for (name, secret) in &company.environment {
        assert!(!log.contains(secret), "{name} is in the log");
    }
    assert!(log.contains("\"level\":\"INFO\""), "there is a log");
    company.slack.stop();
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_that_was_acknowledged_survives_the_death_of_the_process() {
    // Side by side: what a dead process had leased is waited for.
    let postgres = async {
        if let Some(database) = Database::postgres().await {
            survives(database).await;
        }
    };
    tokio::join!(survives(Database::sqlite()), postgres);
}
