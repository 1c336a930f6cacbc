//! Clicks that do not count: everybody is told why, alone, and the audit log knows.

use countersign_fake_slack::{
    form::Entries,
    world::{Channel, Mark, Team, Trait, User},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::workplace::{
    DANA, ERIN, FARID, GUS, NEW, OLU, SAM, SECURITY, SHOP, TEAM, Workplace, tell, write_prod,
};

/// A colleague of another company, in a channel that is shared with it.
const PAT: &str = "U9PAT";

/// Somebody presses, is told this, and nothing is decided. The log knows why.
async fn is_refused(workplace: &Workplace, who: &str, id: &str, why: &str, words: &str) {
    workplace.press(who, SHOP, "Approve…").await;
    let told = workplace.told_once(who);
    assert!(told.contains(words), "{who}: {told}");
    assert!(workplace.slack.modal(who).is_none(), "{who}: no form");
    is_logged(workplace, id, why).await;
}

async fn is_logged(workplace: &Workplace, id: &str, why: &str) {
    let entries = workplace.entries(id, "vote_refused").await;
    let known = |entry: &Value| entry["leaf"]["facts"]["why"] == why;
    assert!(entries.iter().any(known), "`{why}` is not in {entries:#?}");
    assert_eq!(workplace.status(id).await, "pending");
    assert_eq!(workplace.slack.messages(SHOP).len(), 1, "nothing leaks into the channel");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requester_is_refused_when_the_form_is_sent() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.press(DANA, SHOP, "Approve…").await;
        workplace.slack.modal(DANA).expect("a form");
        workplace.send(DANA, &Entries::none()).await;
        let said = workplace.slack.modal(DANA).expect("words").words();
        assert!(said.contains("You asked for this, so you can't approve it."), "{said}");
        is_logged(&workplace, &id, "own_request").await;
        workplace
    })
    .await;
}

/// Fills in nothing but what is asked, sends the form, and reads what is said in its place.
async fn says_no(workplace: &Workplace, who: &str) -> String {
    workplace.press(who, SHOP, "Deny…").await;
    workplace.slack.modal(who).expect("a form");
    workplace.send(who, &Entries::none().choose("reason", "Too broad")).await;
    workplace.slack.modal(who).expect("words").words()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_no_group_that_decides_is_told_who_can() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let said = says_no(&workplace, OLU).await;
        assert!(said.contains("You're not in shop.lead."), "{said}");
        assert!(said.contains("Erin Doyle or Farid Aziz can decide."), "{said}");
        is_logged(&workplace, &id, "not_eligible").await;
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_turn_comes_later_is_told_to_wait() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let said = says_no(&workplace, SAM).await;
        let words = "shop.lead decides now. You'll get a message when it is your turn.";
        assert!(said.contains(words), "{said}");
        is_logged(&workplace, &id, "step_not_open").await;
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_for_another_app_is_foreign() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        let mut click = workplace.slack.click_payload(ERIN, &card, "Approve…");
        click.json["api_app_id"] = json!("A9OTHER");
        assert_eq!(workplace.slack.deliver(&click).await.status, Some(200));
        workplace.settle().await;
        let told = workplace.told(ERIN).join("\n");
        assert!(told.contains("not one of ours"), "{told}");
        is_logged(&workplace, &id, "unknown_button").await;
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_of_which_nothing_would_be_left_is_refused_beside_its_boxes() {
    tell(|workplace| async move {
        let mut body = write_prod();
        body["requested_access"]["scope"] = json!("prod:orders:write report:read");
        let id = workplace.ask(&body).await;
        workplace.press(ERIN, SHOP, "Approve less…").await;
        workplace.slack.modal(ERIN).expect("a form");
        workplace.send(ERIN, &Entries::none().tick("scopes", &["0"])).await;
        workplace.slack.modal(ERIN).expect("words");
        workplace.press(FARID, SHOP, "Approve less…").await;
        workplace.slack.modal(FARID).expect("a form");
        workplace.send(FARID, &Entries::none().tick("scopes", &["1"])).await;
        let errors = workplace.slack.modal(FARID).expect("the same form").errors;
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].0, "scopes");
        assert!(errors[0].1.contains("Nothing would be left"), "{errors:?}");
        is_logged(&workplace, &id, "nothing_left").await;
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_linked_to_nobody_is_told_so() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        is_refused(&workplace, NEW, &id, "not_linked", "isn't linked to a person").await;
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_says_whose_an_account_may_be_and_decides_nothing() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let user = |id: &str| User::named(TEAM, id, "new").email("farid@example.com");
        workplace.slack.user(user(NEW));
        workplace.slack.user(user("U0GUEST").with(Mark::IsRestricted));
        is_refused(&workplace, NEW, &id, "not_linked", "this account is Farid Aziz's").await;
        is_refused(&workplace, NEW, &id, "not_linked", "this account is Farid Aziz's").await;
        is_refused(&workplace, "U0GUEST", &id, "guest", "Guests can't decide here").await;
        let told = workplace.process.app.store().people_changes(9).await.unwrap();
        let [proposed] = told.as_slice() else { panic!("once, and for no guest: {told:?}") };
        assert_eq!((proposed.what.as_str(), proposed.subject.as_str()), ("link_proposed", "farid"));
        assert!(!proposed.body.to_string().contains("farid@example.com"), "{proposed:?}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_programs_and_the_departed_decide_nothing() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        for (who, mark, why, words) in [
            (ERIN, Mark::IsRestricted, "guest", "Guests can't decide here."),
            (FARID, Mark::IsUltraRestricted, "guest", "Guests can't decide here."),
            (GUS, Mark::IsBot, "not_a_person", "Only people whose account is active"),
            (SAM, Mark::Deleted, "not_a_person", "Only people whose account is active"),
        ] {
            workplace.slack.mark_user(who, mark);
            is_refused(&workplace, who, &id, why, words).await;
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_another_company_decide_nothing() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.slack.workspace(Team::named("T9OTHER"));
        workplace.slack.user(User::named("T9OTHER", PAT, "pat"));
        workplace.slack.channel(
            Channel::named(TEAM, SHOP, "shop-approvals")
                .with(Trait::ExtShared)
                .shared_with("T9OTHER"),
        );
        is_refused(&workplace, PAT, &id, "stranger", "belongs to another company").await;
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_yes_of_one_person_is_told_when_the_first_was() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        workplace.approve(ERIN, SHOP).await;
        workplace.advance(SignedDuration::from_mins(2)).await;
        workplace.press(ERIN, SHOP, "Approve…").await;
        workplace.slack.modal(ERIN).expect("a form");
        workplace.send(ERIN, &Entries::none()).await;
        let said = workplace.slack.modal(ERIN).expect("words").words();
        assert!(said.contains("You already approved at 12:00 UTC"), "{said}");
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_was_open_while_others_cut_the_request_must_be_looked_at_again() {
    tell(|workplace| async move {
        let mut body = write_prod();
        body["requested_access"]["scope"] = json!("prod:orders:write report:read");
        let id = workplace.ask(&body).await;
        workplace.press(FARID, SHOP, "Approve…").await;
        workplace.slack.modal(FARID).expect("a form");
        workplace.advance(SignedDuration::from_mins(1)).await;
        workplace.press(ERIN, SHOP, "Approve less…").await;
        workplace.slack.modal(ERIN).expect("a form");
        workplace.send(ERIN, &Entries::none().tick("scopes", &["0"])).await;
        assert!(workplace.slack.modal(ERIN).expect("words").words().contains("Recorded"));
        workplace.send(FARID, &Entries::none()).await;
        let said = workplace.slack.modal(FARID).expect("words").words();
        assert!(said.contains("It changed at 12:01 UTC: look again"), "{said}");
        workplace.card(SHOP);
        is_logged(&workplace, &id, "changed").await;
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_copied_into_another_message_or_channel_is_foreign() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        for (pointer, value) in [
            ("/container/message_ts", json!("1.000001")),
            ("/container/channel_id", json!(SECURITY)),
        ] {
            let mut click = workplace.slack.click_payload(ERIN, &card, "Approve…");
            *click.json.pointer_mut(pointer).expect("there") = value.clone();
            if pointer.ends_with("message_ts") {
                click.json["message"]["ts"] = value;
            } else {
                click.json["channel"]["id"] = value;
            }
            assert_eq!(workplace.slack.deliver(&click).await.status, Some(200));
            workplace.settle().await;
            let told = workplace.told(ERIN).join("\n");
            assert!(told.contains("not one of ours"), "{told}");
        }
        assert_eq!(workplace.status(&id).await, "pending");
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_slack_does_not_vouch_for_in_time_does_not_count() {
    use countersign_fake_slack::fault::{Fault, Strike};

    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.slack.misbehave(Strike::at("users.info", Fault::Hang));
        let words = "couldn't tell us who you are";
        is_refused(&workplace, ERIN, &id, "identity_unknown", words).await;
        workplace
    })
    .await;
}
