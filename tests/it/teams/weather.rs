//! Teams limits, fails, hangs and loses answers: nothing is lost, and one card lives.

use std::time::Duration;

use countersign_fake_teams::{
    card::Entries,
    fault::{Call, Fault, Strike},
};
use jiff::SignedDuration;

use super::{
    blueprint::{PLATFORM, SECURITY, SHOP},
    workplace::{tell, write_prod},
};
use crate::patience::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_waited_for_and_the_card_comes() {
    tell(|workplace| async move {
        let limited = Fault::RateLimited { retry_after_s: 30 };
        workplace.teams.misbehave(Strike::at(Call::Create, limited));
        workplace.ask(&write_prod()).await;
        assert!(workplace.teams.messages(SHOP).is_empty());
        workplace.advance(SignedDuration::from_secs(29)).await;
        assert!(workplace.teams.messages(SHOP).is_empty(), "as Teams has asked");
        workplace.advance(SignedDuration::from_secs(10)).await;
        assert_eq!(workplace.teams.messages(SHOP).len(), 1);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_that_pass_are_tried_again() {
    tell(|workplace| async move {
        for fault in [Fault::Status(412), Fault::Status(502), Fault::Status(503)] {
            workplace.teams.misbehave(Strike::at(Call::Create, fault));
        }
        workplace.ask(&write_prod()).await;
        for _ in 0..4 {
            workplace.advance(SignedDuration::from_secs(30)).await;
        }
        assert_eq!(workplace.teams.messages(SHOP).len(), 1, "one card");
        for fault in [Fault::Status(504), Fault::Closed, Fault::ReplyLost, Fault::Status(429)] {
            workplace.teams.misbehave(Strike::at(Call::Update, fault));
        }
        workplace.approve("erin", SHOP).await;
        for _ in 0..6 {
            workplace.advance(SignedDuration::from_secs(30)).await;
        }
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_answer_that_was_lost_one_card_lives_and_the_other_says_so() {
    tell(|workplace| async move {
        workplace.teams.misbehave(Strike::at(Call::Create, Fault::ReplyLost));
        let id = workplace.ask(&write_prod()).await;
        workplace.advance(SignedDuration::from_mins(1)).await;
        let cards = workplace.teams.messages(SHOP);
        assert_eq!(cards.len(), 2, "nobody knew of the first");
        let dead = workplace.teams.click_activity("erin", &cards[0], "approve", &Entries::none());
        let shown = workplace.deliver(&dead).await.card().expect("a card").to_string();
        assert!(shown.contains("A newer card replaced this one"), "{shown}");
        assert!(!shown.contains("Action."), "without buttons: {shown}");
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 0);
        workplace.approve("erin", SHOP).await;
        workplace.approve("farid", SHOP).await;
        workplace.approve("sam", SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        workplace.card(SHOP);
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_that_overtakes_the_answer_to_our_post_counts() {
    tell(|workplace| async move {
        let slow = Fault::Slow(Duration::from_millis(500));
        workplace.teams.misbehave(Strike::at(Call::Create, slow));
        let click = async {
            let card = until("a card", || workplace.teams.last_message(SHOP)).await;
            workplace.teams.click("erin", &card, "approve", &Entries::none()).await
        };
        let body = write_prod();
        let (id, said) = tokio::join!(workplace.ask(&body), click);
        assert!(said.card().is_some(), "{said:?}");
        workplace.settle().await;
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 1);
        assert_eq!(workplace.teams.messages(SHOP).len(), 1);
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"), "and it is redrawn");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_after_a_line_of_the_thread_leaves_one_of_it() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        let said = workplace.teams.click("erin", &card, "approve", &Entries::none()).await;
        assert!(said.card().is_some(), "{said:?}");
        // Teams has the line, and is still about to say so.
        let slow = Fault::Slow(Duration::from_mins(10));
        workplace.teams.misbehave(Strike::at(Call::Send, slow));
        let line = || (!workplace.teams.replies(&card).is_empty()).then_some(());
        tokio::select! {
            () = workplace.settle() => panic!("nothing was said"),
            () = until("a line", line) => {}
        }
        for _ in 0..3 {
            workplace.advance(SignedDuration::from_secs(31)).await;
        }
        assert_eq!(workplace.teams.replies(&card).len(), 1);
        workplace.approve("farid", SHOP).await;
        assert_eq!(workplace.teams.replies(&card).len(), 2, "the story goes on");
        assert!(workplace.card(SHOP).words().contains("2 of 3 approved"));
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_somebody_deleted_is_posted_anew_once() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let gone = workplace.card(SHOP);
        let late = workplace.teams.click_activity("farid", &gone, "approve", &Entries::none());
        workplace.approve("erin", SHOP).await;
        let gone = workplace.card(SHOP);
        workplace.teams.delete(&gone.conversation, &gone.id);
        assert!(workplace.deliver(&late).await.card().is_some(), "it was pressed before that");
        for _ in 0..3 {
            workplace.advance(SignedDuration::from_secs(30)).await;
        }
        let cards = workplace.teams.messages(SHOP);
        assert_eq!(cards.len(), 1, "a new one");
        assert_ne!(cards[0].id, gone.id);
        assert!(cards[0].words().contains("2 of 3 approved"), "{}", cards[0].words());
        workplace.approve("sam", SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        assert!(workplace.card(SHOP).words().contains("Approved: Shop Admin"));
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_lost_with_its_card_is_asked_elsewhere_at_once() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.card(SHOP);
        for call in [Call::Update, Call::Create] {
            workplace.teams.misbehave(Strike::at(call, Fault::Status(403)));
        }
        workplace.approve("erin", SHOP).await;
        workplace.advance(SignedDuration::from_secs(5)).await;
        let withdrawn = workplace.entries(&id, "card_withdrawn").await;
        assert_eq!(withdrawn[0]["leaf"]["facts"]["why"], "refused");
        assert!(workplace.card(PLATFORM).words().contains("1 of 3 approved"));
        workplace.approve("farid", PLATFORM).await;
        workplace.approve("sam", SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        workplace.card(PLATFORM);
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_refuses_us_for_a_minute_costs_no_card() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.teams.misbehave(Strike::at(Call::Update, Fault::Status(407)).times(3));
        workplace.approve("erin", SHOP).await;
        for _ in 0..4 {
            workplace.advance(SignedDuration::from_secs(30)).await;
        }
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        assert_eq!(workplace.teams.messages(SHOP).len(), 1, "the same one");
        assert!(workplace.entries(&id, "card_withdrawn").await.is_empty());
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_or_is_refused_is_replaced() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        workplace.card(SHOP);
        workplace.teams.revoke_tokens();
        workplace.approve("erin", SHOP).await;
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        // Who pressed a moment ago is known; without a token nobody else could be looked up.
        workplace.press("farid", SHOP, "details").await;
        workplace.teams.misbehave(Strike::at(Call::Token, Fault::Status(503)));
        workplace.teams.revoke_tokens();
        workplace.approve("farid", SHOP).await;
        for _ in 0..3 {
            workplace.advance(SignedDuration::from_secs(30)).await;
        }
        assert!(workplace.card(SHOP).words().contains("2 of 3 approved"));
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_thread_ever_gets_more_than_it_takes() {
    tell(|workplace| async move {
        workplace.teams.pace_threads();
        let id = workplace.ask(&write_prod()).await;
        workplace.approve("erin", SHOP).await;
        workplace.approve("farid", SHOP).await;
        workplace.approve("sam", SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        for _ in 0..5 {
            workplace.advance(SignedDuration::from_secs(30)).await;
        }
        assert!(workplace.card(SHOP).words().contains("Approved: Shop Admin"));
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_forgets_nothing() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.approve("erin", SHOP).await;
        let workplace = workplace.restart().await;
        workplace.approve("farid", SHOP).await;
        workplace.approve("sam", SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        assert_eq!(workplace.teams.messages(SHOP).len(), 1);
        workplace.card(SECURITY);
        workplace
    })
    .await;
}
