//! A group of the policy that is a user group of Slack: its members count, and only while Slack
//! has said lately who they are.

use countersign_fake_slack::{
    fault::{Fault, Strike},
    form::Entries,
    world::{Endpoints, Team},
};
use jiff::SignedDuration;
use serde_json::json;

use super::{
    blueprint::{Blueprint, USUAL, rewrite},
    workplace::{ERIN, FARID, OLU, SAM, SECURITY, SHOP, TEAM, Workplace, tell_in, write_prod},
};
use crate::{
    office::{API_KEY, answer, client},
    patience::until,
};

/// Security is whoever is in the user group, and the people file has nothing to say about that.
const GROUPED: Blueprint = Blueprint {
    world: |slack| slack.user_group(TEAM, "S0SEC", "security", &[OLU]),
    law: |sources| {
        sources.policy.text.push_str("\ngroups:\n  security: { slack_usergroup: S0SEC }\n");
    },
    ..USUAL
};

/// The same, with requests that matter less.
const LOW_STAKES: Blueprint = Blueprint {
    law: |sources| {
        (GROUPED.law)(sources);
        let (from, to) = ("risk: high, owner: shop", "risk: medium, owner: shop");
        rewrite(&mut sources.catalogue, from, to);
    },
    ..GROUPED
};

async fn ask_slack(workplace: &Workplace) {
    workplace.process.app.directories.ask_all().await;
}

/// A request that waits for security alone.
async fn waits_for_security(workplace: &Workplace) -> String {
    let id = workplace.ask(&write_prod()).await;
    for who in [ERIN, FARID] {
        say_yes(workplace, who, SHOP).await;
    }
    workplace.card(SHOP);
    id
}

/// Presses the button, and sends the form where there is one; gives what was said to that.
async fn say_yes(workplace: &Workplace, who: &str, channel: &str) -> String {
    let card = workplace.card(channel);
    if card.button("Approve").is_some() {
        workplace.press(who, channel, "Approve").await;
        return workplace.told_once(who);
    }
    workplace.press(who, channel, "Approve…").await;
    workplace.slack.modal(who).expect("a form");
    workplace.send(who, &Entries::none()).await;
    workplace.slack.modal(who).expect("words").words()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_the_user_group_counts_and_nobody_else() {
    tell_in(&GROUPED, |workplace| async move {
        ask_slack(&workplace).await;
        let id = waits_for_security(&workplace).await;
        let said = say_yes(&workplace, SAM, SECURITY).await;
        assert!(said.contains("You're not in security."), "{said}");
        assert!(said.contains("Olu Adeyemi can decide."), "{said}");
        assert_eq!(workplace.refusals(&id).await, ["not_eligible"]);
        // Sam joins, and Slack is asked again.
        workplace.slack.user_group(TEAM, "S0SEC", "security", &[OLU, SAM]);
        ask_slack(&workplace).await;
        assert!(say_yes(&workplace, SAM, SECURITY).await.contains("Recorded"));
        assert_eq!(workplace.status(&id).await, "approved");
        let cast = workplace.entries(&id, "vote_cast").await;
        assert!(cast[2]["payload"]["groups"].to_string().contains("security"), "{}", cast[2]);
        workplace.card(SECURITY);
        workplace.card(SHOP);
        workplace
    })
    .await;
}

/// At the end of its age the answer counts, and after that nobody of the group does.
async fn grows_too_old(workplace: &Workplace, age: SignedDuration) {
    ask_slack(workplace).await;
    // What is asked lives for half an hour, so it is asked shortly before.
    workplace.advance(age - SignedDuration::from_mins(2)).await;
    let id = waits_for_security(workplace).await;
    workplace.advance(SignedDuration::from_mins(3)).await;
    let unknown = "We can't tell which groups you are in just now.";
    let said = say_yes(workplace, OLU, SECURITY).await;
    assert!(said.contains(unknown), "{said}");
    // A directory that cannot answer makes nobody a member, and nobody a stranger.
    let silence = Strike::at("usergroups.users.list", Fault::Status(503)).always();
    workplace.slack.misbehave(silence);
    ask_slack(workplace).await;
    let said = say_yes(workplace, OLU, SECURITY).await;
    assert!(said.contains(unknown), "{said}");
    assert_eq!(workplace.refusals(&id).await, ["membership_unknown", "membership_unknown"]);
    workplace.slack.behave();
    ask_slack(workplace).await;
    assert!(say_yes(workplace, OLU, SECURITY).await.contains("Recorded"));
    assert_eq!(workplace.status(&id).await, "approved");
    for channel in [SHOP, SECURITY] {
        workplace.card(channel);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_risk_is_high_slack_must_have_said_so_within_five_minutes() {
    tell_in(&GROUPED, |workplace| async move {
        grows_too_old(&workplace, SignedDuration::from_mins(5)).await;
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elsewhere_within_an_hour() {
    tell_in(&LOW_STAKES, |workplace| async move {
        grows_too_old(&workplace, SignedDuration::from_mins(60)).await;
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_changes_is_believed_again_once_slack_has_said_who_is_in_it() {
    tell_in(&GROUPED, |workplace| async move {
        ask_slack(&workplace).await;
        let id = waits_for_security(&workplace).await;
        workplace.slack.user_group(TEAM, "S0SEC", "security", &[SAM]);
        let changed = json!({ "type": "subteam_members_changed", "subteam_id": "S0SEC" });
        assert_eq!(workplace.slack.event(TEAM, changed).await.status, Some(200));
        let unknown = "We can't tell which groups you are in just now.";
        let said = say_yes(&workplace, OLU, SECURITY).await;
        assert!(said.contains(unknown), "what was said before counts no longer: {said}");
        let silence = Strike::at("usergroups.users.list", Fault::Status(503)).always();
        workplace.slack.misbehave(silence);
        ask_slack(&workplace).await;
        let said = say_yes(&workplace, OLU, SECURITY).await;
        assert!(said.contains(unknown), "nor is it taken up again: {said}");
        workplace.slack.behave();
        ask_slack(&workplace).await;
        let said = say_yes(&workplace, OLU, SECURITY).await;
        assert!(said.contains("You're not in security."), "{said}");
        assert!(say_yes(&workplace, SAM, SECURITY).await.contains("Recorded"));
        assert_eq!(workplace.status(&id).await, "approved");
        for channel in [SHOP, SECURITY] {
            workplace.card(channel);
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_replica_is_told_of_a_group_no_other_forgets() {
    tell_in(&GROUPED, |workplace| async move {
        ask_slack(&workplace).await;
        let other = workplace.second_door().await;
        other.process.app.directories.ask_all().await;
        let id = waits_for_security(&workplace).await;
        // Slack tells the other replica alone; the clicks come in here.
        workplace.slack.user_group(TEAM, "S0SEC", "security", &[SAM]);
        workplace.slack.connect(Endpoints::below(&other.url));
        let changed = json!({ "type": "subteam_members_changed", "subteam_id": "S0SEC" });
        assert_eq!(workplace.slack.event(TEAM, changed).await.status, Some(200));
        workplace.slack.connect(Endpoints::below(&workplace.url));
        let unknown = "We can't tell which groups you are in just now.";
        let said = say_yes(&workplace, OLU, SECURITY).await;
        assert!(said.contains(unknown), "what was said before counts nowhere: {said}");
        // The other replica asks, and this one has to as well.
        other.process.app.directories.ask_all().await;
        let said = say_yes(&workplace, OLU, SECURITY).await;
        assert!(said.contains(unknown), "{said}");
        ask_slack(&workplace).await;
        let said = say_yes(&workplace, OLU, SECURITY).await;
        assert!(said.contains("You're not in security."), "{said}");
        assert!(say_yes(&workplace, SAM, SECURITY).await.contains("Recorded"));
        assert_eq!(workplace.status(&id).await, "approved");
        for channel in [SHOP, SECURITY] {
            workplace.card(channel);
        }
        other.process.app.stop().await;
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_nobody_speaks_to_asks_soon_as_well() {
    tell_in(&GROUPED, |workplace| async move {
        let other = workplace.replica().await;
        ask_slack(&workplace).await;
        #[expect(clippy::disallowed_methods, reason = "ends when the replica stops")]
        let asking = tokio::spawn(other.app.directories.clone().run());
        let asked = || workplace.slack.calls("usergroups.users.list").len();
        until("the first answer", || (asked() > 1).then_some(())).await;
        let changed = json!({ "type": "subteam_members_changed", "subteam_id": "S0SEC" });
        assert_eq!(workplace.slack.event(TEAM, changed).await.status, Some(200));
        until("the second, long before its time", || (asked() > 2).then_some(())).await;
        other.app.stop().await;
        asking.await.unwrap();
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_in_which_slack_says_there_are_too_few_is_not_waited_for() {
    const TWO_OF_SECURITY: Blueprint = Blueprint {
        law: |sources| {
            (GROUPED.law)(sources);
            let (from, to) = (
                "{ from: security, count: 1, in: security }",
                "{ from: security, count: 2, in: security }",
            );
            rewrite(&mut sources.policy, from, to);
        },
        ..GROUPED
    };
    tell_in(&TWO_OF_SECURITY, |workplace| async move {
        // Nobody has said yet who is in it: it is asked, and waits.
        workplace.ask(&write_prod()).await;
        workplace.card(SHOP);
        ask_slack(&workplace).await;
        let request = client().post(format!("{}/access/v1/requests", workplace.url));
        let refused = answer(request.bearer_auth(API_KEY).json(&write_prod())).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.problem(), "urn:countersign:error:unroutable");
        let detail = refused.body["detail"].as_str().expect("words");
        assert!(
            detail.contains("too few people in `security` may approve this: 1 more"),
            "{detail}"
        );
        assert!(detail.contains("stands in the `slack_usergroup` `S0SEC`"), "{detail}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_user_groups_has_nobody_in_them() {
    tell_in(&GROUPED, |workplace| async move {
        workplace.slack.workspace(Team::named(TEAM).without_groups());
        ask_slack(&workplace).await;
        let id = waits_for_security(&workplace).await;
        for who in [OLU, SAM] {
            let said = say_yes(&workplace, who, SECURITY).await;
            assert!(said.contains("We can't tell which groups you are in just now."), "{said}");
        }
        assert_eq!(workplace.refusals(&id).await, ["membership_unknown", "membership_unknown"]);
        assert_eq!(workplace.status(&id).await, "pending");
        workplace.card(SECURITY);
        workplace
    })
    .await;
}
