//! Two real processes on one PostgreSQL: `countersign serve` twice, asked and clicked over HTTP.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use countersign_port::card::Verb;
use countersign_sandbox::click::{Answers, Click};
use futures::future::join_all;
use reqwest::{Client, redirect::Policy};
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection};

use crate::{database::Database, patience::PATIENCE, running::Running};

const REQUESTS: usize = 40;
const VOTERS: usize = 8;
const QUORUM: usize = 3;
/// A page shows the five newest cards of a channel, so so many channels show all.
const CHANNELS: usize = 8;

const API_KEY: &str = "cs_desk_00000000000000000000000000000000000000000000";
const SANDBOX_KEY: &str = "two-processes-one-database";

/// A running `countersign serve`, and somebody who asks and clicks there.
struct Process {
    running: Running,
    http: Client,
}

impl Process {
    fn start(config: &Path) -> Self {
        let environment = [
            ("RUST_LOG", "warn,countersign::cli::serve=info".to_owned()),
            ("DESK_KEY", API_KEY.to_owned()),
            ("SANDBOX_KEY", SANDBOX_KEY.to_owned()),
        ];
        Self { running: Running::start(config, &environment), http: http() }
    }

    async fn ask(&self, number: usize) -> String {
        let scope = format!("desk{}:use", number % CHANNELS);
        let body = json!({
            "subject": { "type": "user", "id": "dana" },
            "client": { "id": "desk" },
            "requested_access": { "scope": scope },
            "context": { "justification": format!("Reason {number}") },
        });
        let url = format!("{}/access/v1/requests", self.running.url);
        let answer = self.http.post(url).bearer_auth(API_KEY).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        let task: Value = answer.json().await.unwrap();
        task["task"]["id"].as_str().unwrap().to_owned()
    }

    /// The status of a request once it has ended.
    async fn end_of(&self, id: &str) -> String {
        let url = format!("{}/access/v1/requests/{id}?wait=60", self.running.url);
        let answer = self.http.get(url).bearer_auth(API_KEY).send().await.unwrap();
        let task: Value = answer.json().await.unwrap();
        task["task"]["status"].as_str().unwrap().to_owned()
    }

    /// The approving buttons that are on the page.
    async fn buttons(&self) -> Vec<String> {
        const BEFORE: &str =
            r#"name="verb" value="approve"><input type="hidden" name="token" value=""#;
        let url = format!("{}/demo?k={SANDBOX_KEY}", self.running.url);
        let page = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let token = |rest: &str| rest.split_once('"').unwrap().0.to_owned();
        page.split(BEFORE).skip(1).map(token).collect()
    }

    /// Waits for a change of the page after the one that was `seen`.
    async fn change(&self, seen: u64) -> u64 {
        let url = format!("{}/demo/changes?k={SANDBOX_KEY}&since={seen}", self.running.url);
        self.http.get(url).send().await.unwrap().text().await.unwrap().parse().unwrap()
    }

    /// Presses a button, whichever process has drawn it.
    async fn click(&self, voter: usize, button: &str) {
        let url = format!("{}/demo/press?k={SANDBOX_KEY}", self.running.url);
        let click = Click {
            persona: format!("v{voter}"),
            message: "elsewhere".to_owned(),
            verb: Verb::Approve,
            token: button.to_owned(),
            answers: Answers::default(),
        };
        let press = self.http.post(url).header("origin", &self.running.url).body(click.body());
        assert_eq!(press.send().await.unwrap().status(), 303);
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests call the service from outside")]
fn http() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_database_give_each_request_one_outcome() {
    let Some(database) = Database::postgres().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), &database.url());
    let starting = [&config, &config].map(|config| {
        let config = config.clone();
        tokio::task::spawn_blocking(move || Process::start(&config))
    });
    let processes: Vec<Process> =
        join_all(starting).await.into_iter().map(Result::unwrap).collect();
    let ends = tokio::time::timeout(PATIENCE, race(&processes)).await.expect("in time");
    let mut said = String::new();
    for process in processes {
        said += &tokio::task::spawn_blocking(|| process.running.stop()).await.unwrap();
    }
    assert_eq!(ends, vec!["approved"; REQUESTS], "{said}");
    assert_recorded(&database.url()).await;
    database.drop().await;
}

/// Everybody presses every button at once, each at the process of their turn. Says how the requests
/// ended.
async fn race(processes: &[Process]) -> Vec<String> {
    let of_turn = |turn: usize| &processes[turn % processes.len()];
    let asked = (0..REQUESTS).map(|number| of_turn(number).ask(number));
    let ids = join_all(asked).await;
    let buttons = all_buttons(processes).await;
    let clicks = buttons.iter().enumerate().flat_map(|(number, button)| {
        (0..VOTERS).map(move |voter| of_turn(number + voter).click(voter, button))
    });
    join_all(clicks).await;
    let ends = ids.iter().enumerate().map(|(number, id)| of_turn(number + 1).end_of(id));
    join_all(ends).await
}

/// A card hangs where the process that posted it shows it, and nowhere else.
async fn all_buttons(processes: &[Process]) -> BTreeSet<String> {
    let [one, other] = processes else { panic!("two processes") };
    let mut buttons = BTreeSet::new();
    let (mut of_one, mut of_other) = (0, 0);
    while buttons.len() < REQUESTS {
        tokio::select! {
            count = one.change(of_one) => of_one = count,
            count = other.change(of_other) => of_other = count,
        }
        buttons.extend(one.buttons().await);
        buttons.extend(other.buttons().await);
    }
    buttons
}

/// One outcome each, votes as many as counted, every click in the log, and no gap in it.
async fn assert_recorded(url: &str) {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let clicks = REQUESTS * VOTERS;
    let counted = REQUESTS * QUORUM;
    for (what, query, expected) in [
        ("outcomes", "select count(*) from outcome where status = 'approved'", REQUESTS),
        ("ends in the log", "select count(*) from entry where kind = 'request_decided'", REQUESTS),
        ("votes", "select count(*) from vote", counted),
        ("votes in the log", "select count(*) from entry where kind = 'vote_cast'", counted),
        (
            "refusals in the log",
            "select count(*) from entry where kind = 'vote_refused'",
            clicks - counted,
        ),
        (
            "requests with a gap in the log",
            "select count(*) from (select request_id from entry group by request_id \
             having count(*) <> max(seq) or min(seq) <> 1) gap",
            0,
        ),
    ] {
        let count: i64 = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
        assert_eq!(count, i64::try_from(expected).unwrap(), "{what}");
    }
    connection.close().await.unwrap();
}

/// Writes the files of an office in which everybody may vote on everything.
fn configure(folder: &Path, database: &str) -> std::path::PathBuf {
    let mut catalogue = "scopes:\n".to_owned();
    let mut people = "people:\n  dana: { name: Dana Novak }\n".to_owned();
    let mut channels = String::new();
    let mut rules = String::new();
    for desk in (0..CHANNELS).map(|number| format!("desk{number}")) {
        writeln!(
            catalogue,
            "  \"{desk}:use\": {{ title: Use it, risk: low, owner: team, env: prod, access: write }}"
        )
        .unwrap();
        writeln!(channels, "  {desk}: {{ sandbox: {desk} }}").unwrap();
        writeln!(
            rules,
            "  - name: {desk}\n    if: {{ scope: \"{desk}:use\" }}\n    \
             ask: [{{ from: team, count: {QUORUM}, in: {desk} }}]"
        )
        .unwrap();
    }
    for voter in 0..VOTERS {
        let account = format!("sandbox: {{ team: demo, user: v{voter} }}");
        writeln!(people, "  v{voter}: {{ name: Voter {voter}, groups: [team], {account} }}")
            .unwrap();
    }
    let policy = format!("version: 1\nchannels:\n{channels}rules:\n{rules}");
    let names: Vec<String> = (0..CHANNELS).map(|number| format!("desk{number}")).collect();
    let config = format!(
        "listen: 127.0.0.1:0\npublic_url: https://countersign.example\ndatabase: \"{database}\"\n\
         clients: [{{ id: desk, api_keys: [{{ env: DESK_KEY }}], scopes: [\"*\"] }}]\n\
         sandbox: {{ key: {{ env: SANDBOX_KEY }}, channels: [{}] }}\n",
        names.join(", ")
    );
    let files = [
        ("catalogue.yaml", catalogue),
        ("people.yaml", people),
        ("policy.yaml", policy),
        ("countersign.yaml", config),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    folder.join("countersign.yaml")
}
