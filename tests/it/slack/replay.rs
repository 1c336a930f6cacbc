//! The same signed body twice, at the same door or at another replica's: it was answered once, and
//! nothing happens a second time.

use countersign_fake_slack::{delivery::Payload, form::Entries, world::Mark};
use serde_json::Value;

use super::{
    blueprint::{Blueprint, USUAL, rewrite},
    workplace::{
        ERIN, FARID, GUS, OLU, SHOP, TEAM, Workplace, deletion, tell, tell_in, write_prod,
    },
};

/// One lead's click is enough, and no form comes before it.
const ONE_CLICK: Blueprint = Blueprint {
    law: |sources| {
        let (from, to) = ("risk: high, owner: shop", "risk: medium, owner: shop");
        rewrite(&mut sources.catalogue, from, to);
    },
    ..USUAL
};

/// The same, and Slack says who is a lead.
const GROUPED: Blueprint = Blueprint {
    world: |slack| slack.user_group(TEAM, "S0LEADS", "leads", &[FARID, GUS]),
    law: |sources| {
        (ONE_CLICK.law)(sources);
        sources.policy.text.push_str("\ngroups:\n  shop.lead: { slack_usergroup: S0LEADS }\n");
    },
    ..ONE_CLICK
};

/// What was sent once is sent again: here, and to the other replica.
async fn again(workplace: &Workplace, body: &Payload) -> [Value; 2] {
    let signed = workplace.slack.sign(body);
    let replica = workplace.second_door().await;
    let mut there = signed.clone();
    there.url = there.url.replace(&workplace.url, &replica.url);
    let mut said = Vec::new();
    for signed in [signed, there] {
        let answer = workplace.slack.post(signed).await;
        assert_eq!(answer.status, Some(200), "{answer:?}");
        said.push(serde_json::from_str(&answer.body).unwrap_or(Value::Null));
    }
    workplace.settle().await;
    replica.process.work().await;
    replica.process.app.stop().await;
    said.try_into().expect("two answers")
}

/// What the log has about clicks: those that counted, and those that did not.
async fn clicks(workplace: &Workplace, id: &str) -> (usize, usize) {
    let cast = workplace.entries(id, "vote_cast").await.len();
    (cast, workplace.entries(id, "vote_refused").await.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_that_comes_again_is_told_what_it_was_told_and_writes_nothing() {
    tell_in(&ONE_CLICK, |workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let yes = workplace.slack.click_payload(ERIN, &workplace.card(SHOP), "Approve");
        workplace.slack.deliver(&yes).await;
        workplace.settle().await;
        assert!(workplace.told_once(ERIN).contains("Recorded."));
        again(&workplace, &yes).await;
        let told = workplace.told(ERIN);
        assert!(told.len() == 2 && told.iter().all(|told| told.contains("Recorded.")), "{told:?}");
        assert_eq!(clicks(&workplace, &id).await, (1, 0));
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_that_did_not_count_does_not_count_when_somebody_else_sends_it_later() {
    tell_in(&GROUPED, |workplace| async move {
        workplace.process.app.directories.ask_all().await;
        let id = workplace.ask(&write_prod()).await;
        let yes = workplace.slack.click_payload(OLU, &workplace.card(SHOP), "Approve");
        workplace.slack.deliver(&yes).await;
        workplace.settle().await;
        let told = workplace.told_once(OLU);
        assert!(told.contains("You're not in shop.lead"), "{told}");
        // Now he is, and it would.
        workplace.slack.user_group(TEAM, "S0LEADS", "leads", &[FARID, GUS, OLU]);
        workplace.process.app.directories.ask_all().await;
        again(&workplace, &yes).await;
        let told = workplace.told(OLU);
        let as_before = |told: &String| told.contains("You're not in shop.lead");
        assert!(told.len() == 2 && told.iter().all(as_before), "{told:?}");
        assert_eq!(clicks(&workplace, &id).await, (0, 1));
        assert_eq!(workplace.status(&id).await, "pending");
        workplace.press(OLU, SHOP, "Approve").await;
        assert!(workplace.told_once(OLU).contains("Recorded."), "their own next click counts");
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_number_that_comes_again_costs_one_try() {
    tell(|workplace| async move {
        let id = workplace.ask(&deletion()).await;
        let number = workplace.get(&id).await.body["task"]["display"]["number"].to_string();
        let wrong = if number == "10" { "11" } else { "10" };
        workplace.press(ERIN, SHOP, "Approve…").await;
        workplace.slack.modal(ERIN).expect("a form");
        let form = workplace.slack.submit_payload(ERIN, &Entries::none().text("number", wrong));
        workplace.slack.deliver(&form).await;
        for said in again(&workplace, &form).await {
            assert!(said.to_string().contains("Two tries left."), "{said}");
        }
        assert_eq!(clicks(&workplace, &id).await, (0, 1));
        workplace.slack.modal(ERIN).expect("the same form");
        workplace.send(ERIN, &Entries::none().text("number", &number)).await;
        assert!(workplace.slack.modal(ERIN).expect("words").words().contains("Recorded"));
        assert_eq!(workplace.status(&id).await, "approved");
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_is_turned_away_twice_stands_in_the_log_once() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.slack.mark_user(OLU, Mark::IsRestricted);
        let yes = workplace.slack.click_payload(OLU, &workplace.card(SHOP), "Approve…");
        workplace.slack.deliver(&yes).await;
        again(&workplace, &yes).await;
        let told = workplace.told(OLU);
        assert!(told.iter().all(|told| told.contains("Guests can't decide here.")), "{told:?}");
        assert_eq!(told.len(), 3);
        assert_eq!(clicks(&workplace, &id).await, (0, 1));
        workplace
    })
    .await;
}
