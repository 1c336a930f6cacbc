//! Enterprise Grid and Slack Connect: who is one of ours where an app is installed for a whole
//! organisation, and who only looks like it.

use countersign_fake_slack::{
    form::Entries,
    world::{Channel, Mark, Site, Team, Trait, User},
};
use serde_json::{Value, json};

use super::{
    blueprint::{Blueprint, USUAL, rewrite},
    workplace::{
        ERIN, FARID, GUS, SAM, SECURITY, SHOP, TEAM, Workplace, tell, tell_in, write_prod,
    },
};

const CORP: &str = "E0CORP";
/// Another workspace of the organisation.
const SIBLING: &str = "T0SIB";
/// Another company, on Grid too.
const STRANGERS: &str = "T9OTHER";
const PAT: &str = "U9PAT";

/// The shop's workspace is one of an organisation's, and the app is installed in all of it.
const GRID: Blueprint = Blueprint {
    site: || Some(Site::Enterprise(CORP.to_owned())),
    connection: "workspaces: [{ team: E0CORP, bot_token: { env: BOT_TOKEN } }]",
    world: |slack| {
        slack.workspace(Team::named(TEAM).of_enterprise(CORP));
        slack.workspace(Team::named(SIBLING).of_enterprise(CORP));
        slack.channel(
            Channel::named(TEAM, SHOP, "shop-approvals")
                .with(Trait::OrgShared)
                .shared_with(SIBLING),
        );
        slack.user(User::named(SIBLING, FARID, "farid"));
    },
    law: |sources| {
        rewrite(&mut sources.policy, "slack: C0", "slack: E0CORP/C0");
        rewrite(&mut sources.people, "team: T0SHOP, user: U0FARID", "team: T0SIB, user: U0FARID");
    },
    ..USUAL
};

/// Lets people of another company into the channel.
fn share(workplace: &Workplace) {
    let slack = &workplace.slack;
    slack.workspace(Team::named(STRANGERS).of_enterprise("E9OTHER"));
    slack.user(User::named(STRANGERS, PAT, "pat"));
    slack.channel(
        Channel::named(TEAM, SHOP, "shop-approvals")
            .with(Trait::ExtShared)
            .shared_with(SIBLING)
            .shared_with(STRANGERS),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_without_a_team_count_for_people_of_every_workspace_of_the_organisation() {
    tell_in(&GRID, |workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let click = workplace.slack.click_payload(FARID, &workplace.card(SHOP), "Approve…");
        assert_eq!(click.json["team"], Value::Null);
        assert_eq!(click.json["enterprise"]["id"], CORP);
        assert_eq!(click.json["user"]["team_id"], SIBLING);
        workplace.approve(ERIN, SHOP).await;
        workplace.approve(FARID, SHOP).await;
        workplace.approve(SAM, SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        for channel in [SHOP, SECURITY] {
            let words = workplace.card(channel).words();
            assert!(words.contains("Approved: Shop Admin may change live orders"), "{words}");
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_another_organisation_and_guests_decide_nothing() {
    tell_in(&GRID, |workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        share(&workplace);
        workplace.press(PAT, SHOP, "Approve…").await;
        let told = workplace.told_once(PAT);
        assert!(told.contains("belongs to another company"), "{told}");
        workplace.slack.mark_user(GUS, Mark::IsRestricted);
        workplace.press(GUS, SHOP, "Approve…").await;
        let told = workplace.told_once(GUS);
        assert!(told.contains("Guests can't decide here."), "{told}");
        assert_eq!(workplace.refusals(&id).await, ["stranger", "guest"]);
        assert_eq!(workplace.status(&id).await, "pending");
        workplace
    })
    .await;
}

/// A form as Slack sends it for a person of another company: four ids are theirs, one is ours.
async fn connect_submission_is_refused(workplace: &Workplace) {
    let id = workplace.ask(&write_prod()).await;
    share(workplace);
    workplace.press(ERIN, SHOP, "Approve…").await;
    workplace.slack.modal(ERIN).expect("a form");
    let mut sent = workplace.slack.submit_payload(ERIN, &Entries::none());
    let ours = sent.json["view"]["app_installed_team_id"].clone();
    sent.json["user"]["id"] = json!(PAT);
    sent.json["user"]["team_id"] = json!(STRANGERS);
    sent.json["team"] = json!({ "id": STRANGERS, "domain": "other" });
    sent.json["enterprise"] = json!({ "id": "E9OTHER", "name": "other" });
    sent.json["view"]["team_id"] = json!(STRANGERS);
    assert_ne!(ours, STRANGERS);
    let said = workplace.slack.deliver(&sent).await;
    assert_eq!(said.status, Some(200));
    assert!(said.body.contains("belongs to another company"), "{}", said.body);
    workplace.settle().await;
    assert_eq!(workplace.refusals(&id).await, ["stranger"]);
    // Our own people's ids beside theirs change nothing.
    sent.json["user"]["id"] = json!(ERIN);
    let said = workplace.slack.deliver(&sent).await;
    assert!(said.body.contains("belongs to another company"), "{}", said.body);
    assert_eq!(workplace.refusals(&id).await, ["stranger", "stranger"]);
    assert_eq!(workplace.status(&id).await, "pending");
    assert!(workplace.entries(&id, "vote_cast").await.is_empty());
    workplace.slack.modal(ERIN).expect("words in place of her form");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_the_four_ids_of_another_company_is_refused_in_a_workspace() {
    tell(|workplace| async move {
        connect_submission_is_refused(&workplace).await;
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_the_four_ids_of_another_company_is_refused_in_an_organisation() {
    tell_in(&GRID, |workplace| async move {
        connect_submission_is_refused(&workplace).await;
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_human_who_shows_two_workspaces_counts_once_at_most() {
    tell_in(&GRID, |workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.slack.user(User::named(TEAM, ERIN, "erin").also_in(SIBLING));
        workplace.approve(ERIN, SHOP).await;
        let mut second = workplace.slack.click_payload(ERIN, &workplace.card(SHOP), "Approve…");
        second.json["user"]["team_id"] = json!(SIBLING);
        assert_eq!(workplace.slack.deliver(&second).await.status, Some(200));
        workplace.settle().await;
        // The people file has one account of hers, and that is with the shop.
        let told = workplace.told_once(ERIN);
        assert!(told.contains("isn't linked to a person"), "{told}");
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 1);
        assert_eq!(workplace.status(&id).await, "pending");
        workplace
    })
    .await;
}
