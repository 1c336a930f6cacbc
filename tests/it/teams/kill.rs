//! The process dies, at the worst moment: what Teams was answered is on disk.

use std::{collections::BTreeMap, fs, path::PathBuf};

use countersign::clock::Clock;
use countersign_fake_teams::{FakeTeams, card::Entries, message::Message};

use super::{
    blueprint::{SECURITY, SHOP, TEAM, USUAL, environment, sources},
    workplace::write_prod,
};
use crate::{database::Database, patience::until, receiver::Receiver, running::Running};

/// A company whose service may die.
struct Company {
    teams: FakeTeams,
    folder: tempfile::TempDir,
    environment: BTreeMap<&'static str, String>,
}

impl Company {
    async fn open(database: &Database) -> Self {
        let clock = Clock::system();
        let receiver = Receiver::start(clock.clone()).await;
        let teams = USUAL.teams(&clock).await;
        let folder = tempfile::tempdir().unwrap();
        let sources = sources();
        for (name, text) in [
            ("countersign.yaml", USUAL.text(database, &receiver, &teams, None)),
            ("policy.yaml", sources.policy.text),
            ("catalogue.yaml", sources.catalogue.text),
            ("people.yaml", sources.people.text),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self { teams, folder, environment: environment("none") }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("countersign.yaml")
    }

    fn serve(&self) -> Running {
        let environment: Vec<_> =
            self.environment.iter().map(|(name, value)| (*name, value.clone())).collect();
        let process = Running::start(&self.config(), &environment);
        self.teams.connect(&format!("{}/teams/messages", process.url));
        process
    }

    /// The card of a channel once it says something.
    async fn card(&self, channel: &str, words: &str) -> Message {
        let says = |card: &Message| card.words().contains(words);
        until(words, || self.teams.last_message(channel).filter(says)).await
    }

    async fn approve(&self, who: &str, card: &Message) {
        let said = self.teams.click(who, card, "approve", &Entries::none()).await;
        assert!(said.card().is_some(), "{said:?}");
    }
}

async fn survives(database: Database) {
    let company = Company::open(&database).await;
    let process = company.serve();
    assert_eq!(company.teams.install("dana", TEAM).await.status, Some(200));
    // The installation is on disk as well before Teams is answered.
    let mut log = process.kill();
    let process = company.serve();
    let id = process.ask(&write_prod()).await;
    let card = company.card(SHOP, "wants to change live orders").await;
    process.all_delivered().await;
    let yes = company.teams.click_activity("erin", &card, "approve", &Entries::none());
    assert!(company.teams.deliver(&yes).await.card().is_some());
    log += &process.kill();
    let process = company.serve();
    assert_eq!(process.votes(&id).await.len(), 1, "it is on disk before Teams is answered");
    // Teams may not have heard the answer, and whoever doubts presses again.
    assert!(company.teams.deliver(&yes).await.card().is_some());
    let card = company.card(SHOP, "1 of 3 approved").await;
    let again = company.teams.click("erin", &card, "approve", &Entries::none()).await;
    let again = again.sentence().expect("a sentence");
    assert!(again.contains("You already approved"), "{again}");
    company.approve("farid", &card).await;
    process.all_delivered().await;
    log += &process.kill();
    let process = company.serve();
    let security = company.card(SECURITY, "wants to change live orders").await;
    company.approve("sam", &security).await;
    for channel in [SHOP, SECURITY] {
        company.card(channel, "Approved: Shop Admin may change live orders").await;
        assert_eq!(company.teams.messages(channel).len(), 1, "one card");
    }
    assert_eq!(process.votes(&id).await.len(), 3);
    log += &process.kill();
    let button = yes["value"]["action"]["data"]["button"].as_str().expect("in a click");
    for secret in [button, "connector-token-"].into_iter().chain(secrets(&company)) {
        assert!(!log.contains(secret), "`{secret}` is in the log");
    }
    assert!(log.contains("\"level\":\"INFO\""), "there is a log");
    company.teams.stop();
    database.drop().await;
}

fn secrets(company: &Company) -> impl Iterator<Item = &str> {
    company.environment.values().map(String::as_str).filter(|value| *value != "none")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_that_was_answered_survives_the_death_of_the_process() {
    // Side by side: what a dead process had leased is waited for.
    let postgres = async {
        if let Some(database) = Database::postgres().await {
            survives(database).await;
        }
    };
    tokio::join!(survives(Database::sqlite()), postgres);
}
