//! Answers that are lost on the way: a yes is never said twice, a no may be.

use super::{
    desk::{Desk, tell},
    fake::Fault,
};

async fn approved(desk: &Desk) -> String {
    let id = desk.ask(&[]).await;
    desk.approve().await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_that_may_have_arrived_is_not_said_again() {
    tell(|desk| async move {
        for fault in [Fault::DoneAnd(502), Fault::NotDone(502)] {
            desk.fake().misbehave([fault]);
            let id = approved(&desk).await;
            for _ in 0..5 {
                desk.later(10).await;
            }
            assert_eq!(desk.fake().callbacks(), [("SUCCEED".to_owned(), 502)]);
            let has_token = desk.realm.poll(&id).await.is_ok();
            assert_eq!(has_token, fault == Fault::DoneAnd(502));
        }
        let lost = desk.lost().await;
        assert_eq!(lost.len(), 2);
        assert!(lost.iter().all(|(state, _)| state == "unknown"), "{lost:?}");
        assert!(desk.log().await.contains(&"callback_unclear".to_owned()));
        assert!(desk.bearers().await.is_empty());
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_that_may_have_arrived_is_said_again() {
    tell(|desk| async move {
        desk.fake().misbehave([Fault::NotDone(502), Fault::NotDone(500)]);
        let id = desk.ask(&[]).await;
        desk.deny().await;
        for _ in 0..5 {
            desk.later(5).await;
        }
        let said = desk.fake().callbacks();
        assert_eq!(said.iter().map(|(_, answer)| *answer).collect::<Vec<_>>(), [502, 500, 200]);
        assert_eq!(desk.realm.poll(&id).await, Err("access_denied".to_owned()));
        assert!(desk.lost().await.is_empty());
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keycloak_has_not_stored_yet_is_said_again_for_ten_seconds() {
    tell(|desk| async move {
        desk.fake().misbehave([Fault::NotDone(403), Fault::NotDone(403)]);
        let id = approved(&desk).await;
        for _ in 0..5 {
            desk.later(2).await;
        }
        let said = desk.fake().callbacks();
        assert_eq!(said.iter().map(|(_, answer)| *answer).collect::<Vec<_>>(), [403, 403, 200]);
        assert!(desk.realm.poll(&id).await.is_ok());
        desk.fake().misbehave([Fault::NotDone(403); 20]);
        approved(&desk).await;
        for _ in 0..30 {
            desk.later(2).await;
        }
        let said = desk.fake().callbacks().len();
        assert!((4..=6).contains(&said), "{said}");
        let lost = desk.lost().await;
        assert_eq!(lost.len(), 1, "{lost:?}");
        assert_eq!(lost[0].0, "dead");
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_that_a_process_died_over_is_unknown() {
    tell(|desk| async move {
        let id = desk.ask(&[]).await;
        desk.approve().await;
        // As if it had died between writing down that it sends and the first byte.
        let begun = "update delegation set state = 'sending'";
        sqlx::query(begun).execute(&desk.office.store().write).await.unwrap();
        desk.later(60).await;
        assert!(desk.fake().callbacks().is_empty());
        assert_eq!(desk.realm.poll(&id).await, Err("authorization_pending".to_owned()));
        assert_eq!(desk.lost().await[0].0, "unknown");
        assert!(desk.bearers().await.is_empty());
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_answered_before_keycloak_can_know() {
    tell(|desk| async move {
        let id = desk.ask(&[("scope", "openid report:read")]).await;
        // The policy approves this by itself, in the transaction that our 201 waits for.
        assert!(desk.fake().callbacks().is_empty());
        desk.later(1).await;
        assert!(desk.fake().callbacks().is_empty());
        desk.later(1).await;
        assert_eq!(desk.fake().callbacks(), [("SUCCEED".to_owned(), 200)]);
        assert!(desk.realm.poll(&id).await.is_ok());
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_say_it_once() {
    tell(|desk| async move {
        let other = desk.office.replica().await;
        approved(&desk).await;
        desk.office.clock.advance(jiff::SignedDuration::from_secs(3));
        let (one, two) = tokio::join!(desk.office.app.outbox.drain(), other.outbox.drain());
        one.unwrap();
        two.unwrap();
        let said: Vec<_> = desk.fake().callbacks();
        assert_eq!(said, [("SUCCEED".to_owned(), 200)]);
        other.stop().await;
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_what_nobody_waits_for() {
    tell(|desk| async move {
        let id = desk.ask(&[]).await;
        // As if the service had stood still meanwhile.
        desk.later(601).await;
        assert!(desk.fake().callbacks().is_empty());
        assert_eq!(desk.realm.poll(&id).await, Err("expired_token".to_owned()));
        assert!(desk.lost().await.is_empty());
        assert!(desk.bearers().await.is_empty());
        desk
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_nobody_waits_for_is_not_asked_for_again() {
    tell(|desk| async move {
        desk.ask(&[]).await;
        desk.later(601).await;
        let card = desk.office.newest("shop-approvals");
        assert!(card.actions.is_empty());
        let last = card.progress.last().unwrap().line.plain();
        assert!(last.ends_with(" no longer waits for this: start anew there"), "{last}");
        desk
    })
    .await;
}
