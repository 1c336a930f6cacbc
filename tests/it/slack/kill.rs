//! A real process that is killed right after it has acknowledged a click: the vote is there, once,
//! and its whole log holds no secret.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    thread::JoinHandle,
    time::Duration,
};

use countersign::clock::Clock;
use countersign_fake_slack::{FakeSlack, form::Entries, message::Message, world::Endpoints};
use serde_json::Value;

use super::{
    blueprint::{USUAL, sources},
    workplace::{ERIN, FARID, SAM, SECURITY, SHOP, write_prod},
};
use crate::{
    database::Database,
    office::{API_KEY, AUDITOR_KEY, answer, client},
    receiver::Receiver,
};

/// Far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `countersign serve`.
struct Process {
    child: Child,
    url: String,
    /// Reads what it says, so that it never waits for a reader.
    log: Option<JoinHandle<String>>,
}

impl Process {
    fn start(config: &Path, environment: &BTreeMap<&'static str, String>) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["serve", "--config"])
            .arg(config)
            .env("RUST_LOG", "trace")
            .envs(environment)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "it ended at once: {said}");
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            said.push_str(&line);
            if event["fields"]["message"] == "listening" {
                break event["fields"]["address"].as_str().unwrap().to_owned();
            }
        };
        let log = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            log.read_to_end(&mut bytes).unwrap();
            said + &String::from_utf8_lossy(&bytes)
        });
        Self { child, url: format!("http://{address}"), log: Some(log) }
    }

    /// SIGKILL: nothing is written any more, nothing is said to anybody. Gives its log.
    fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.take().unwrap().join().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Only a story that failed leaves one running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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

    fn serve(&self) -> Process {
        let config = self.folder.path().join("countersign.yaml");
        let process = Process::start(&config, &self.environment);
        self.slack.connect(Endpoints::below(&process.url));
        process
    }

    /// The card of a channel once it says something.
    async fn card(&self, channel: &str, words: &str) -> Message {
        let waiting = async {
            loop {
                let card = self.slack.last_message(channel);
                if let Some(card) = card.filter(|card| card.words().contains(words)) {
                    break card;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("the card in time")
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

async fn ask(process: &Process) -> String {
    let url = format!("{}/access/v1/requests", process.url);
    let answer = answer(client().post(url).bearer_auth(API_KEY).json(&write_prod())).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    answer.body["task"]["id"].as_str().unwrap().to_owned()
}

async fn votes(process: &Process, id: &str) -> Vec<Value> {
    let url = format!("{}/audit/v1/entries?request_id={id}&kind=vote_cast", process.url);
    let answer = answer(client().get(url).bearer_auth(AUDITOR_KEY)).await;
    answer.body["items"].as_array().expect("entries").clone()
}

async fn survives(database: Database) {
    let company = Company::open(&database).await;
    let process = company.serve();
    let id = ask(&process).await;
    let card = company.card(SHOP, "wants to change live orders").await;
    let click = company.slack.click_payload(ERIN, &card, "Approve…");
    assert!(company.slack.deliver(&click).await.is_acknowledged());
    company.slack.modal(ERIN).expect("a form");
    let yes = company.slack.submit_payload(ERIN, &Entries::none());
    assert!(company.slack.deliver(&yes).await.body.contains("Recorded"));
    let mut log = process.kill();
    let process = company.serve();
    assert_eq!(votes(&process, &id).await.len(), 1, "it is on disk before Slack is answered");
    // What comes again is told what it would have been told.
    let again = company.slack.deliver(&yes).await;
    assert!(again.body.contains("Recorded"), "{}", again.body);
    assert_eq!(votes(&process, &id).await.len(), 1);
    let card = company.card(SHOP, "1 of 3 approved").await;
    assert!(company.approve(FARID, &card).await.contains("Recorded"));
    log += &process.kill();
    let process = company.serve();
    let security = company.card(SECURITY, "Approve…").await;
    assert!(company.approve(SAM, &security).await.contains("Recorded"));
    for channel in [SHOP, SECURITY] {
        company.card(channel, "Approved: Shop Admin may change live orders").await;
        assert_eq!(company.slack.messages(channel).len(), 1, "one card");
    }
    assert_eq!(votes(&process, &id).await.len(), 3);
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
