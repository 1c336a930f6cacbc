//! Slack limits, fails, hangs and loses answers: nothing is lost, and one card lives.

use std::time::Duration;

use countersign_fake_slack::{
    fault::{Fault, Strike},
    form::Entries,
};
use jiff::SignedDuration;

use super::workplace::{ERIN, FARID, SAM, SECURITY, SHOP, tell, write_prod};
use crate::patience::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_waited_for_and_the_card_comes() {
    tell(|workplace| async move {
        let limited = Fault::RateLimited { retry_after_s: 30 };
        workplace.slack.misbehave(Strike::at("chat.postMessage", limited).in_channel(SHOP));
        workplace.ask(&write_prod()).await;
        assert!(workplace.slack.messages(SHOP).is_empty());
        workplace.advance(SignedDuration::from_secs(29)).await;
        assert!(workplace.slack.messages(SHOP).is_empty(), "as Slack has asked");
        workplace.advance(SignedDuration::from_secs(10)).await;
        assert_eq!(workplace.slack.messages(SHOP).len(), 1);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_answer_that_was_lost_one_card_lives_and_the_other_says_so() {
    tell(|workplace| async move {
        workplace.slack.misbehave(Strike::at("chat.postMessage", Fault::ReplyLost));
        let id = workplace.ask(&write_prod()).await;
        workplace.advance(SignedDuration::from_mins(1)).await;
        let cards = workplace.slack.messages(SHOP);
        assert_eq!(cards.len(), 2, "nobody knew of the first");
        workplace.press_on(ERIN, &cards[0], "Approve…").await;
        let told = workplace.told(ERIN).join("\n");
        assert!(told.contains("A newer card replaced this one"), "{told}");
        let dead = workplace.slack.message(SHOP, &cards[0].ts).expect("the older card");
        assert!(dead.buttons().is_empty(), "its buttons are gone");
        workplace.approve(ERIN, SHOP).await;
        workplace.approve(FARID, SHOP).await;
        workplace.approve(SAM, SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        workplace.card(SHOP);
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_broken_connections_are_tried_again() {
    tell(|workplace| async move {
        for fault in [Fault::Status(503), Fault::Closed] {
            workplace.slack.misbehave(Strike::at("chat.update", fault));
        }
        let id = workplace.ask(&write_prod()).await;
        workplace.approve(ERIN, SHOP).await;
        for _ in 0..4 {
            workplace.advance(SignedDuration::from_secs(60)).await;
        }
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        assert_eq!(workplace.status(&id).await, "pending");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_refuses_us_for_a_minute_costs_no_card() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        // A firewall in between, and a setting that somebody tried.
        for fault in [Fault::Status(403), Fault::Error("not_allowed_token_type".to_owned())] {
            workplace.slack.misbehave(Strike::at("chat.update", fault).times(3));
        }
        workplace.approve(ERIN, SHOP).await;
        assert!(!workplace.card(SHOP).words().contains("1 of 3 approved"));
        for _ in 0..6 {
            workplace.advance(SignedDuration::from_secs(60)).await;
        }
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        assert_eq!(workplace.slack.messages(SHOP).len(), 1, "the same one");
        assert!(workplace.entries(&id, "card_withdrawn").await.is_empty());
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_cannot_be_opened_in_time_says_press_again() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        workplace.slack.misbehave(Strike::at("views.open", Fault::Hang));
        workplace.press(ERIN, SHOP, "Approve…").await;
        let told = workplace.told_once(ERIN);
        assert!(told.contains("That took too long. Press again."), "{told}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_reply_address_is_replaced_by_a_message_for_one() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        workplace.approve(ERIN, SHOP).await;
        workplace.slack.misbehave(Strike::at("response_url", Fault::Status(404)));
        workplace.slack.misbehave(Strike::at("views.open", Fault::Status(500)));
        workplace.press(FARID, SHOP, "Approve…").await;
        let told = workplace.told_once(FARID);
        assert!(told.contains("Press again"), "{told}");
        assert_eq!(workplace.slack.calls("chat.postEphemeral").len(), 1);
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_forgets_nothing() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.approve(ERIN, SHOP).await;
        let workplace = workplace.restart().await;
        workplace.approve(FARID, SHOP).await;
        workplace.approve(SAM, SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        assert_eq!(workplace.slack.messages(SHOP).len(), 1);
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_after_a_line_of_the_thread_leaves_one_of_it() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        workplace.press(ERIN, SHOP, "Approve…").await;
        workplace.slack.modal(ERIN).expect("a form");
        assert!(workplace.slack.submit(ERIN, &Entries::none()).await.is_acknowledged());
        workplace.slack.modal(ERIN).expect("what was recorded");
        // Slack has the line, and is still about to say so.
        let slow = Fault::Slow(Duration::from_mins(10));
        workplace.slack.misbehave(Strike::at("chat.postMessage", slow));
        let line = || (!workplace.slack.thread(&card).is_empty()).then_some(());
        tokio::select! {
            () = workplace.settle() => panic!("nothing was said"),
            () = until("a line", line) => {}
        }
        for _ in 0..3 {
            workplace.advance(SignedDuration::from_secs(31)).await;
        }
        assert_eq!(workplace.slack.thread(&card).len(), 1);
        workplace.approve(FARID, SHOP).await;
        let lines = workplace.slack.thread(&card);
        assert_eq!(lines.len(), 2, "the story goes on");
        assert!(workplace.card(SHOP).words().contains("2 of 3 approved"));
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_after_a_card_leaves_one_that_lives() {
    tell(|workplace| async move {
        // Slack has the card, and is still about to say so.
        let slow = Fault::Slow(Duration::from_mins(10));
        workplace.slack.misbehave(Strike::at("chat.postMessage", slow));
        let card = || workplace.slack.last_message(SHOP);
        let body = write_prod();
        tokio::select! {
            id = workplace.ask(&body) => panic!("{id} was asked"),
            _ = until("a card", card) => {}
        }
        workplace.advance(SignedDuration::from_secs(31)).await;
        let cards = workplace.slack.messages(SHOP);
        assert_eq!(cards.len(), 2, "nobody knew of the first");
        workplace.press_on(ERIN, &cards[0], "Approve…").await;
        let told = workplace.told(ERIN).join("\n");
        assert!(told.contains("A newer card replaced this one"), "{told}");
        workplace.slack.message(SHOP, &cards[0].ts);
        workplace.approve(ERIN, SHOP).await;
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_slack_does_not_take_waits_as_long_as_slack_says_or_longer_each_time() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        let limited = Fault::RateLimited { retry_after_s: 30 };
        workplace.slack.misbehave(Strike::at("chat.postMessage", limited));
        workplace.slack.misbehave(Strike::at("chat.postMessage", Fault::Status(503)).always());
        workplace.approve(ERIN, SHOP).await;
        let card = workplace.card(SHOP);
        // Each try draws the card as well.
        let drawn = || workplace.slack.calls("chat.update").len();
        let before = drawn();
        for _ in 0..29 {
            workplace.advance(SignedDuration::from_secs(1)).await;
        }
        assert_eq!(drawn(), before, "as Slack has asked");
        for _ in 0..60 {
            workplace.advance(SignedDuration::from_secs(1)).await;
        }
        let tries = drawn() - before;
        assert!((2..=8).contains(&tries), "{tries} in a minute");
        workplace.slack.behave();
        workplace.advance(SignedDuration::from_mins(2)).await;
        assert_eq!(workplace.slack.thread(&card).len(), 1);
        workplace.card(SHOP);
        workplace
    })
    .await;
}
