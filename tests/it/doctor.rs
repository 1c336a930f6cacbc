//! `countersign doctor`, as an operator runs it: against a Slack, with what can be wrong there.

use std::{fs, path::Path, sync::Arc};

use countersign::clock::Clock;
use countersign_fake_slack::{
    FakeSlack,
    build::SCOPES,
    world::{App, Channel, Mark, Site, Team, Trait, User},
};
use serde_json::Value;

use crate::running::{Said, run};

const TEAM: &str = "T0SHOP";
const APP: &str = "A0CSIGN";

/// A service's files, a Slack, and nobody who looks after them.
struct Clinic {
    folder: tempfile::TempDir,
    slack: FakeSlack,
}

impl Clinic {
    async fn open() -> Self {
        let time = Clock::system();
        let slack = FakeSlack::start(App::named(APP), Arc::new(move || time.now())).await.unwrap();
        slack.workspace(Team::named(TEAM));
        slack.user(User::named(TEAM, "U0ERIN", "erin"));
        for (id, name) in [("C0SHOP", "shop"), ("C0OLD", "old"), ("C0PACT", "pact")] {
            slack.channel(Channel::named(TEAM, id, name));
        }
        slack.user_group(TEAM, "S0TEAM", "team", &["U0ERIN"]);
        let clinic = Self { folder: tempfile::tempdir().unwrap(), slack };
        clinic.write("[]");
        clinic
    }

    fn write(&self, callbacks: &str) {
        let (folder, slack) = (self.folder.path(), self.slack.api_url());
        let database = folder.join("it.db");
        let config = format!(
            r#"
listen: 127.0.0.1:0
public_url: https://countersign.example
database: "sqlite:{}"
clients:
  - {{ id: desk, webhook_secret: {{ env: WEBHOOK_SECRET }}, scopes: ["*"], callbacks: {callbacks} }}
egress: {{ allow: [127.0.0.1/32] }}
slack:
  api_url: "{slack}"
  signing_secret: {{ env: SIGNING_SECRET }}
  app_token: {{ env: APP_TOKEN }}
  workspaces: [{{ team: {TEAM}, bot_token: {{ env: BOT_TOKEN }} }}]
"#,
            database.display(),
        );
        let policy = "version: 1\nchannels:\n  shop: { slack: C0SHOP }\n  old: { slack: C0OLD }\n  \
            pact: { slack: T0SHOP/C0PACT }\ngroups:\n  team: { slack_usergroup: S0TEAM }\nrules:\n  \
            - { name: all, if: { access: write }, ask: [{ from: team, count: 1, in: shop }] }\n";
        let catalogue = "scopes:\n  \"desk:use\": { title: Use it, risk: low, owner: team, \
            env: prod, access: write }\n";
        let people =
            "people:\n  erin: { name: Erin Doyle, slack: { team: T0SHOP, user: U0ERIN } }\n";
        for (name, text) in [
            ("countersign.yaml", config.as_str()),
            ("policy.yaml", policy),
            ("catalogue.yaml", catalogue),
            ("people.yaml", people),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    fn install(&self, scopes: &[&str]) -> String {
        self.slack.install(&Site::Team(TEAM.to_owned()), scopes)
    }

    async fn run(&self, command: &str, bot_token: &str, more: &[&str]) -> Said {
        self.run_all(&[command], bot_token, more).await
    }

    async fn run_all(&self, command: &[&str], bot_token: &str, more: &[&str]) -> Said {
        let app = App::named(APP);
        let environment = [
            ("SIGNING_SECRET", app.signing_secret),
            ("APP_TOKEN", app.app_token),
            ("BOT_TOKEN", bot_token.to_owned()),
            ("WEBHOOK_SECRET", crate::receiver::SECRET.to_owned()),
        ];
        let config = self.folder.path().join("countersign.yaml");
        let arguments = [command, &["--config", config.to_str().unwrap()], more].concat();
        run(&arguments, &environment).await
    }

    async fn migrate(&self, bot_token: &str) {
        let said = self.run("migrate", bot_token, &[]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
    }

    /// The exit status, and every finding that is not good: what, health.
    async fn examine(&self, bot_token: &str) -> (Option<i32>, Vec<(String, String)>) {
        let said = self.run("doctor", bot_token, &["--json"]).await;
        let findings = said.out.lines().map(|line| serde_json::from_str(line).unwrap());
        let sick = findings.filter(|finding: &Value| finding["health"] != "good");
        (said.code, sick.map(|finding| complaint(&finding)).collect())
    }
}

/// Says what to do, and names a page that is there.
fn complaint(finding: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert!(!text(&finding["fix"]["how"]).is_empty(), "{finding}");
    let page = format!("docs/runbook/{}.md", text(&finding["fix"]["page"]));
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(&page).exists(), "{page}");
    (text(&finding["what"]), text(&finding["health"]))
}

fn complaints(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|&(what, health)| (what.to_owned(), health.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well() {
    let clinic = Clinic::open().await;
    let token = clinic.install(SCOPES);
    clinic.migrate(&token).await;
    assert_eq!(clinic.examine(&token).await, (Some(0), vec![]));
    let said = clinic.run("doctor", &token, &[]).await;
    assert!(
        said.out.contains("✔ Slack channel C0SHOP: cards can be posted there\n"),
        "{}",
        said.out
    );
    assert!(said.err.contains("all is well"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_slack_is_named_with_its_page() {
    let clinic = Clinic::open().await;
    let fewer: Vec<&str> = SCOPES.iter().copied().filter(|one| *one != "im:write").collect();
    let token = clinic.install(&fewer);
    clinic.migrate(&token).await;
    clinic.slack.mark_channel("C0SHOP", Trait::WithoutBot);
    clinic.slack.mark_channel("C0OLD", Trait::Archived);
    clinic.slack.mark_channel("C0PACT", Trait::ExtShared);
    clinic.slack.user_group(TEAM, "S0TEAM", "team", &[]);
    let expected = [
        ("Slack scopes in T0SHOP", "bad"),
        ("Slack channel C0OLD", "bad"),
        ("Slack channel C0SHOP", "bad"),
        ("Slack channel T0SHOP/C0PACT", "bad"),
        ("group team, from slack_usergroup S0TEAM", "bad"),
    ];
    assert_eq!(clinic.examine(&token).await, (Some(1), complaints(&expected)));
    let (code, sick) = clinic.examine("xoxb-revoked").await;
    assert_eq!(code, Some(1));
    assert_eq!(sick[0], ("Slack workspace T0SHOP".to_owned(), "bad".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_are_apart_are_named() {
    let clinic = Clinic::open().await;
    let token = clinic.install(SCOPES);
    clinic.migrate(&token).await;
    clinic.slack.advance(90);
    let sick = clinic.examine(&token).await;
    assert_eq!(sick, (Some(1), complaints(&[("clock, against Slack's", "bad")])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_nobody_prepared_and_endpoints_that_may_not_be_called_are_named() {
    let clinic = Clinic::open().await;
    let token = clinic.install(SCOPES);
    clinic.write(r#"["http://127.0.0.1:9/here", "https://nowhere.invalid/there"]"#);
    let expected = [
        ("database", "bad"),
        ("callback endpoint of desk", "bad"),
        ("chat products and groups", "unknown"),
    ];
    assert_eq!(clinic.examine(&token).await, (Some(1), complaints(&expected)));
    // Made by a hand that stopped there.
    fs::write(clinic.folder.path().join("it.db"), "").unwrap();
    let expected = [&[("tables of the database", "bad")], &expected[1..]].concat();
    assert_eq!(clinic.examine(&token).await, (Some(1), complaints(&expected)));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_with_faults_are_named() {
    let clinic = Clinic::open().await;
    fs::write(clinic.folder.path().join("policy.yaml"), "version: 2\n").unwrap();
    let (code, sick) = clinic.examine("xoxb-1").await;
    assert_eq!(code, Some(1));
    assert_eq!(sick[0].0, "policy, catalogue and people");
    fs::write(clinic.folder.path().join("countersign.yaml"), "listen: nowhere\n").unwrap();
    let sick = clinic.examine("xoxb-1").await;
    assert_eq!(sick, (Some(1), complaints(&[("configuration", "bad")])));
}

/// Every finding of a check of the policy: line, code and how its message begins.
async fn check(clinic: &Clinic, bot_token: &str) -> (Option<i32>, Vec<(u64, String, String)>) {
    let said = clinic.run_all(&["policy", "check"], bot_token, &["--online", "--json"]).await;
    let found = said.out.lines().map(|line| {
        let finding: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| finding[name].as_str().unwrap().to_owned();
        let what = text("message").split_once(": ").unwrap().0.to_owned();
        (finding["line"].as_u64().unwrap(), text("code"), what)
    });
    (said.code, found.collect())
}

fn not_there(line: u64, what: &str) -> (u64, String, String) {
    (line, "not-there".to_owned(), what.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_checked_against_what_is_really_there() {
    let clinic = Clinic::open().await;
    let token = clinic.install(SCOPES);
    clinic.migrate(&token).await;
    assert_eq!(check(&clinic, &token).await, (Some(0), vec![]));
    clinic.slack.mark_channel("C0SHOP", Trait::WithoutBot);
    clinic.slack.mark_channel("C0PACT", Trait::ExtShared);
    clinic.slack.user_group(TEAM, "S0TEAM", "team", &[]);
    let found = vec![
        not_there(3, "Slack channel C0SHOP"),
        not_there(5, "Slack channel T0SHOP/C0PACT"),
        not_there(7, "group team, from slack_usergroup S0TEAM"),
    ];
    assert_eq!(check(&clinic, &token).await, (Some(1), found));
    // Without the word, nobody is asked.
    let said = clinic.run_all(&["policy", "check"], &token, &[]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let sarif = clinic.run_all(&["policy", "check"], &token, &["--online", "--sarif"]).await;
    let log: Value = serde_json::from_str(&sarif.out).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "not-there");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_can_be_asked_the_check_says_so() {
    let clinic = Clinic::open().await;
    let token = clinic.install(SCOPES);
    let (code, found) = check(&clinic, &token).await;
    assert_eq!((code, found.len()), (Some(1), 1), "{found:?}");
    assert_eq!(found[0].2, "database");
    clinic.migrate(&token).await;
    let (code, found) = check(&clinic, "xoxb-revoked").await;
    assert_eq!(code, Some(1));
    assert_eq!(found[0], not_there(1, "Slack workspace T0SHOP"));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_the_people_file_are_looked_up() {
    let clinic = Clinic::open().await;
    let token = clinic.install(SCOPES);
    clinic.migrate(&token).await;
    let marks = [
        ("U0GUEST", Mark::IsRestricted),
        ("U0SINGLE", Mark::IsUltraRestricted),
        ("U0GONE", Mark::Deleted),
        ("U0BOT", Mark::IsBot),
    ];
    for (id, mark) in marks {
        clinic.slack.user(User::named(TEAM, id, &id.to_lowercase()).with(mark));
    }
    let account = |number: usize, team: &str, user: &str| {
        format!("  p{number}: {{ name: P, slack: {{ team: {team}, user: {user} }} }}\n")
    };
    let wrong = marks.map(|(id, _)| (TEAM, id)).into_iter();
    let wrong = wrong.chain([(TEAM, "U0NOBODY"), ("T0ELSE", "U0ERIN")]);
    let wrong: Vec<(&str, &str)> = wrong.collect();
    let lines = wrong.iter().enumerate().map(|(number, (team, user))| account(number, team, user));
    let people = format!("people:\n{}{}", account(99, TEAM, "U0ERIN"), lines.collect::<String>());
    fs::write(clinic.folder.path().join("people.yaml"), people).unwrap();
    let (code, found) = check(&clinic, &token).await;
    let expected: Vec<_> = (3..)
        .zip(&wrong)
        .map(|(line, (team, user))| not_there(line, &format!("the `slack` account {team}/{user}")))
        .collect();
    assert_eq!((code, found), (Some(1), expected));
    // Of one who has left nobody has to hear twice: the rest is what a check fails for.
    let people = format!("people:\n{}", account(1, TEAM, "U0GONE"));
    fs::write(clinic.folder.path().join("people.yaml"), people).unwrap();
    assert_eq!(check(&clinic, &token).await.0, Some(0), "a warning");
}
