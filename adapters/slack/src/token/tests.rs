//! Renewing once, keeping first, and what becomes of a token that is not renewed.

use serde_json::json;

use super::{
    fakes::{Clock, Notebook},
    *,
};
use crate::oauth::fakes::{CODE, FakeSlack, ORGANISATION, TEAM};

const HALF_LIFE: i64 = 21_600;

/// One replica, and what all replicas share.
struct Stage {
    slack: FakeSlack,
    clock: Clock,
    notebook: Arc<Notebook>,
    tokens: Tokens,
}

impl Stage {
    /// With the app installed in one workspace.
    async fn new() -> Self {
        let clock = Clock::new();
        let notebook = Notebook::new(&clock);
        let slack = FakeSlack::open().await;
        let tokens = replica(&slack, &clock, &notebook);
        let grant = slack.oauth().redeem(CODE, "https://example.com").await.expect("a grant");
        tokens.installed(grant, clock.get()).await.expect("it is kept");
        slack.office().calls.clear();
        Self { slack, clock, notebook, tokens }
    }

    async fn token(&self) -> Result<String, NoToken> {
        self.tokens.bot(TEAM).await.map(|token| token.expose_secret().to_owned())
    }

    fn kept(&self) -> String {
        self.notebook.text("installation/T0123").expect("a record")
    }
}

fn replica(slack: &FakeSlack, clock: &Clock, notebook: &Arc<Notebook>) -> Tokens {
    let memory = Arc::clone(notebook) as Arc<dyn Memory>;
    Tokens::new(&slack.settings(), memory, slack.oauth(), clock.now())
}

#[tokio::test]
async fn a_token_of_the_file_is_given_as_it_stands() {
    let workspace = Workspace { team: TEAM.to_owned(), bot_token: "xoxb-fixed".into() };
    let tokens = Tokens::fixed(&[workspace]);
    assert_eq!(tokens.bot(TEAM).await.expect("a token").expose_secret(), "xoxb-fixed");
    let absent = tokens.bot("T0999").await.expect_err("no token");
    assert_eq!(absent, NoToken::NotInstalled("T0999".to_owned()));
    assert_eq!(tokens.only().await.as_deref(), Some(TEAM));
    assert_eq!(tokens.covers(None, Some(TEAM)).await.as_deref(), Some(TEAM));
    assert_eq!(tokens.covers(Some(ORGANISATION), Some("T0999")).await, None);
    assert_eq!(tokens.covers(None, None).await, None);
}

#[tokio::test]
async fn an_organisation_speaks_for_its_workspaces_and_a_workspace_for_itself() {
    let stage = Stage::new().await;
    {
        let mut office = stage.slack.office();
        office.grant["is_enterprise_install"] = json!(true);
        office.grant["team"] = json!(null);
        office.grant["enterprise"] = json!({ "id": ORGANISATION });
    }
    let grant = stage.slack.oauth().redeem(CODE, "https://example.com").await.expect("a grant");
    stage.tokens.installed(grant, stage.clock.get()).await.expect("it is kept");
    let covers = |enterprise, team| stage.tokens.covers(enterprise, team);
    assert_eq!(covers(Some(ORGANISATION), Some(TEAM)).await.as_deref(), Some(TEAM));
    assert_eq!(covers(Some(ORGANISATION), Some("T0999")).await.as_deref(), Some(ORGANISATION));
    assert_eq!(covers(Some("E0999"), Some("T0999")).await, None);
    assert_eq!(stage.tokens.only().await, None, "there are two");
}

#[tokio::test]
async fn a_click_waits_for_no_database() {
    let stage = Stage::new().await;
    let before = stage.notebook.pages().lists;
    for _ in 0..100 {
        stage.token().await.expect("a token");
    }
    assert_eq!(stage.notebook.pages().lists, before);
    stage.clock.advance(15);
    stage.token().await.expect("a token");
    assert_eq!(stage.notebook.pages().lists, before + 1);
}

#[tokio::test]
async fn without_the_database_the_last_token_is_good() {
    let stage = Stage::new().await;
    stage.clock.advance(60);
    stage.notebook.pages().failing_lists = 1;
    assert_eq!(stage.token().await.expect("a token"), "xoxe.xoxb-1-1");
    let lists = stage.notebook.pages().lists;
    stage.token().await.expect("a token");
    assert_eq!(stage.notebook.pages().lists, lists, "nobody waits in line for the same again");
}

#[tokio::test]
async fn what_nobody_can_tell_is_not_guessed() {
    let stage = Stage::new().await;
    let workspaces = vec![Workspace { team: "T0456".to_owned(), bot_token: "xoxb-1".into() }];
    let settings = Settings { workspaces, ..stage.slack.settings() };
    let memory = Arc::clone(&stage.notebook) as Arc<dyn Memory>;
    let tokens = Tokens::new(&settings, memory, stage.slack.oauth(), stage.clock.now());
    stage.notebook.pages().failing_lists = 3;
    assert!(matches!(tokens.bot(TEAM).await, Err(NoToken::Unknown(_))));
    assert_eq!(tokens.only().await, None, "there may be others");
    assert_eq!(tokens.covers(None, Some(TEAM)).await, None);
    assert_eq!(tokens.covers(None, Some("T0456")).await.as_deref(), Some("T0456"));
}

#[tokio::test]
async fn a_token_is_renewed_at_half_its_life() {
    let stage = Stage::new().await;
    stage.clock.advance(HALF_LIFE - 1);
    stage.tokens.refresh_due().await;
    assert_eq!(stage.slack.calls(), 0);
    stage.clock.advance(1);
    stage.tokens.refresh_due().await;
    stage.tokens.refresh_due().await;
    assert_eq!(stage.slack.calls(), 1);
    assert_eq!(stage.token().await.expect("a token"), "xoxe.xoxb-1-2");
    stage.clock.advance(HALF_LIFE);
    stage.tokens.refresh_due().await;
    assert_eq!(stage.token().await.expect("a token"), "xoxe.xoxb-1-3");
}

#[tokio::test]
async fn two_replicas_renew_once_and_both_have_it() {
    let stage = Stage::new().await;
    let other = replica(&stage.slack, &stage.clock, &stage.notebook);
    assert_eq!(other.bot(TEAM).await.expect("a token").expose_secret(), "xoxe.xoxb-1-1");
    stage.clock.advance(HALF_LIFE);
    tokio::join!(stage.tokens.refresh_due(), other.refresh_due(), stage.tokens.refresh_due());
    other.refresh_due().await;
    assert_eq!(stage.slack.calls(), 1);
    assert_eq!(other.bot(TEAM).await.expect("a token").expose_secret(), "xoxe.xoxb-1-2");
}

#[tokio::test]
async fn whoever_comes_late_reads_again() {
    let stage = Stage::new().await;
    stage.clock.advance(HALF_LIFE);
    stage.tokens.refresh_due().await;
    // A replica that saw the old record takes the lease after it was given back.
    let kept = stage.tokens.kept.as_ref().expect("installations are kept");
    kept.renew(TEAM, &mut HashMap::new()).await.expect("nothing to do");
    assert_eq!(stage.slack.calls(), 1);
}

#[tokio::test]
async fn a_renewed_token_is_used_once_it_is_kept() {
    let stage = Stage::new().await;
    stage.clock.advance(HALF_LIFE);
    stage.notebook.pages().failing_saves = 1;
    stage.slack.office().grace = false;
    stage.tokens.refresh_due().await;
    assert_eq!(stage.token().await.expect("a token"), "xoxe.xoxb-1-1");
    assert!(stage.kept().contains("xoxe-1-1"));
    // Slack would not give it a second time.
    stage.tokens.refresh_due().await;
    assert_eq!(stage.slack.calls(), 1);
    assert_eq!(stage.token().await.expect("a token"), "xoxe.xoxb-1-2");
    assert!(stage.kept().contains("xoxe-1-2"));
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_at_once() {
    let stage = Stage::new().await;
    stage.clock.advance(HALF_LIFE);
    stage.slack.office().losing = 1;
    stage.tokens.refresh_due().await;
    let used: Vec<String> =
        stage.slack.office().calls.iter().map(|form| form["refresh_token"].clone()).collect();
    assert_eq!(used, ["xoxe-1-1", "xoxe-1-1"]);
    assert_eq!(stage.token().await.expect("a token"), "xoxe.xoxb-1-3");
}

#[tokio::test]
async fn a_refused_refresh_token_asks_for_a_new_installation() {
    let stage = Stage::new().await;
    stage.clock.advance(HALF_LIFE);
    {
        let mut office = stage.slack.office();
        office.losing = 1;
        office.grace = false;
    }
    stage.tokens.refresh_due().await;
    assert!(stage.kept().contains(r#""state":"reinstall_needed""#));
    assert_eq!(stage.token().await.expect("it lives on to its end"), "xoxe.xoxb-1-1");
    stage.clock.advance(HALF_LIFE);
    assert_eq!(stage.token().await, Err(NoToken::ReinstallNeeded(TEAM.to_owned())));
    stage.tokens.refresh_due().await;
    assert_eq!(stage.slack.calls(), 2, "it is not asked again");
}

#[tokio::test]
async fn what_slack_may_do_later_is_tried_later() {
    let stage = Stage::new().await;
    stage.clock.advance(HALF_LIFE);
    for error in ["ratelimited", "internal_error", "bad_client_secret"] {
        stage.slack.office().refusing = Some(error);
        stage.tokens.refresh_due().await;
        assert!(stage.kept().contains(r#""state":"live""#), "{error}");
    }
    stage.clock.advance(HALF_LIFE);
    assert_eq!(stage.token().await, Err(NoToken::Expired(TEAM.to_owned())));
    stage.slack.office().refusing = None;
    stage.tokens.refresh_due().await;
    assert_eq!(stage.token().await.expect("a token"), "xoxe.xoxb-1-2");
}

#[tokio::test]
async fn a_token_of_another_place_is_not_kept() {
    let stage = Stage::new().await;
    stage.clock.advance(HALF_LIFE);
    stage.slack.office().grant["team"] = json!({ "id": "T0999" });
    stage.tokens.refresh_due().await;
    assert!(stage.kept().contains("xoxe-1-1"));
}

#[tokio::test]
async fn a_removed_app_leaves_no_token_behind() {
    let stage = Stage::new().await;
    stage.slack.office().installed = false;
    stage.tokens.uninstalled(TEAM).await;
    assert_eq!(stage.token().await, Err(NoToken::Removed(TEAM.to_owned())));
    assert!(!stage.kept().contains("xox"), "{}", stage.kept());
    assert_eq!(stage.tokens.only().await, None);
    assert_eq!(stage.tokens.covers(None, Some(TEAM)).await, None);
    stage.clock.advance(HALF_LIFE);
    stage.tokens.refresh_due().await;
    assert_eq!(stage.slack.calls(), 0);
}

#[tokio::test]
async fn a_late_word_of_a_removal_spares_the_new_installation() {
    let stage = Stage::new().await;
    stage.tokens.uninstalled(TEAM).await;
    assert_eq!(stage.token().await.expect("a token"), "xoxe.xoxb-1-1");
}

#[tokio::test]
async fn a_record_that_makes_no_sense_costs_the_others_nothing() {
    let stage = Stage::new().await;
    let rubbish = r#"{"access_token": 7, "refresh_token": "xoxe-secret"#.into();
    stage.notebook.save("installation/T0456", &rubbish, 0).await.expect("it is kept");
    stage.clock.advance(HALF_LIFE);
    stage.tokens.refresh_due().await;
    assert_eq!(stage.token().await.expect("a token"), "xoxe.xoxb-1-2");
    assert_eq!(stage.tokens.bot("T0456").await.err(), Some(NoToken::NotInstalled("T0456".into())));
}

#[tokio::test]
async fn nothing_prints_a_token() {
    let stage = Stage::new().await;
    let book = stage.tokens.kept.as_ref().expect("kept").book().await.expect("a book");
    let said = format!("{:?} {:?}", stage.tokens, book.installations.get(TEAM));
    assert!(said.contains("T0123") && !said.contains("xox"), "{said}");
}
