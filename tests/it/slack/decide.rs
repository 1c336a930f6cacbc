//! People decide in Slack: from the card to the callback.

use countersign_fake_slack::form::Entries;
use jiff::SignedDuration;
use serde_json::json;

use super::workplace::{DANA, ERIN, FARID, SAM, SECURITY, SHOP, Workplace, tell, write_prod};

fn with_callback(workplace: &Workplace) -> serde_json::Value {
    let mut body = write_prod();
    body["callback"] = json!({ "endpoint": workplace.receiver.endpoint, "state": "st-1" });
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn two_leads_then_security_approve_and_every_card_is_redrawn_in_its_place() {
    tell(|workplace| async move {
        let id = workplace.ask(&with_callback(&workplace)).await;
        let posted = workplace.card(SHOP);
        assert!(posted.text.contains("Shop Admin wants to change live orders"), "{}", posted.text);
        workplace.approve(ERIN, SHOP).await;
        let partial = workplace.card(SHOP);
        assert_eq!(partial.ts, posted.ts, "the same message");
        assert!(partial.edited_ts.is_some());
        assert!(partial.words().contains("1 of 3 approved"), "{}", partial.words());
        workplace.approve(FARID, SHOP).await;
        assert!(workplace.receiver.read().is_empty(), "security has not decided");
        workplace.approve(SAM, SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        let events = workplace.receiver.read();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].event["type"], "access_request.approved");
        let story: Vec<String> =
            workplace.slack.thread(&posted).iter().map(|line| line.text.clone()).collect();
        assert_eq!(
            story,
            [
                "Erin Doyle approved 12:00 UTC",
                "Farid Aziz approved 12:00 UTC",
                "Sam Okoro approved 12:00 UTC",
                "Approved.",
                "Shop Admin told 12:00 UTC",
                "Shop Admin took the approval up.",
            ]
        );
        for channel in [SHOP, SECURITY] {
            assert_eq!(workplace.slack.messages(channel).len(), 1, "one card a channel");
            let card = workplace.card(channel);
            assert!(card.words().contains("Approved: Shop Admin may change live orders"));
            assert!(card.words().contains("Shop Admin\n told"), "{}", card.words());
            assert!(
                card.buttons().iter().all(|button| button.label == "Record"),
                "nothing is left to press"
            );
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_asks_for_a_reason_and_ends_it() {
    tell(|workplace| async move {
        let id = workplace.ask(&with_callback(&workplace)).await;
        workplace.press(FARID, SHOP, "Deny…").await;
        let form = workplace.slack.modal(FARID).expect("a form");
        assert!(form.words().contains("I don't recognise this"), "{}", form.words());
        let no = Entries::none()
            .choose("reason", "Too broad")
            .text("comment", "ask for refunds only <!channel>");
        workplace.send(FARID, &no).await;
        assert!(workplace.slack.modal(FARID).expect("words").words().contains("Recorded"));
        assert_eq!(workplace.status(&id).await, "denied");
        let card = workplace.card(SHOP);
        assert!(card.words().contains("Denied: Shop Admin may not change live orders"));
        assert!(card.words().contains("ask for refunds only"), "{}", card.words());
        assert_eq!(workplace.receiver.read()[0].event["type"], "access_request.denied");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_escalates_and_then_expires() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.card(SHOP);
        workplace.advance(SignedDuration::from_mins(11)).await;
        let up = workplace.card("C0PLATFORM");
        assert!(up.text.contains("Shop Admin wants to change live orders"), "{}", up.text);
        workplace.advance(SignedDuration::from_mins(20)).await;
        assert_eq!(workplace.status(&id).await, "expired");
        for channel in [SHOP, "C0PLATFORM"] {
            let card = workplace.card(channel);
            assert!(card.words().contains("Expired, nothing granted"), "{}", card.words());
        }
        workplace.press_on(ERIN, &up, "Approve…").await;
        let told = workplace.told_once(ERIN);
        assert!(told.contains("This expired at 12:31 UTC, nothing was granted"), "{told}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn details_show_everything_and_change_nothing() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.press(DANA, SHOP, "Details").await;
        let details = workplace.slack.modal(DANA).expect("details").words();
        assert!(details.contains("Fix the duplicates of this morning"), "{details}");
        assert!(details.contains(&id), "{details}");
        assert_eq!(workplace.status(&id).await, "pending");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_decided_is_asked_again_by_whoever_asked() {
    tell(|workplace| async move {
        let old = workplace.ask(&write_prod()).await;
        workplace.advance(SignedDuration::from_mins(31)).await;
        workplace.press(ERIN, SHOP, "Ask again").await;
        let told = workplace.told_once(ERIN);
        assert!(told.contains("You didn't ask for this, so you can't ask again."), "{told}");
        assert_eq!(workplace.refusals(&old).await, ["not_requester"]);
        workplace.press(DANA, SHOP, "Ask again").await;
        assert!(workplace.told_once(DANA).contains("Recorded. Asked again: Shop Admin"));
        assert_eq!(workplace.slack.messages(SHOP).len(), 2);
        let renewed = workplace.entries(&old, "request_renewed").await;
        let new = renewed[0]["leaf"]["facts"]["request"].as_str().unwrap().to_owned();
        assert_eq!(workplace.status(&new).await, "pending");
        for who in [ERIN, FARID] {
            workplace.approve(who, SHOP).await;
        }
        workplace.approve(SAM, SECURITY).await;
        assert_eq!(workplace.status(&new).await, "approved");
        assert!(workplace.card(SECURITY).words().contains("Approved: Shop Admin may"));
        workplace.card(SHOP);
        workplace
    })
    .await;
}
