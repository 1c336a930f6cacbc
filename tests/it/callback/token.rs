//! Receivers that want an access token beside the signature: asked for once, shared, renewed ahead,
//! replaced when it is not accepted, and never done without.

use jiff::SignedDuration;

use super::decided;
use crate::{
    login::{Login, SECRET, bearer, token},
    office::{Office, Site, tell_in},
    patience::until,
    receiver::Delivery,
};

async fn tell<F: Future<Output = Office>>(story: impl Fn(Office, Login) -> F) {
    tell_by("client_secret: { env: CALLBACK_SECRET }", story).await;
}

async fn tell_by<F: Future<Output = Office>>(
    login_by: &'static str,
    story: impl Fn(Office, Login) -> F,
) {
    // Each database has an office of its own, and both ask at the same place.
    let login = Login::start().await;
    let site = Site { login: Some(login.endpoint.clone()), login_by, ..Site::default() };
    tell_in(&site, |office| {
        login.lives_by(&office.clock);
        login.trusts_the_deposit();
        story(office, login.clone())
    })
    .await;
}

/// The statuses and tokens of what has arrived.
fn arrived(office: &Office) -> Vec<(u16, String)> {
    let seen = |delivery: Delivery| (delivery.status, delivery.bearer.unwrap_or_default());
    office.receiver.read().into_iter().map(seen).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_serves_all_callbacks_and_replicas_until_it_is_renewed_ahead() {
    tell(|office, login| async move {
        let before = login.asked();
        for _ in 0..3 {
            decided(&office).await;
        }
        office.settle().await;
        assert_eq!(arrived(&office), vec![(200, bearer(before + 1)); 3]);

        // Neither a new process nor another one asks again.
        let office = office.restart().await;
        decided(&office).await;
        let replica = office.replica().await;
        replica.outbox.drain().await.unwrap();
        replica.stop().await;
        decided(&office).await;
        office.settle().await;
        assert_eq!(arrived(&office), vec![(200, bearer(before + 1)); 2]);
        assert_eq!(login.asked(), before + 1);

        // Eight tenths of its hour are over.
        office.advance(SignedDuration::from_mins(48)).await;
        decided(&office).await;
        office.settle().await;
        assert_eq!(arrived(&office), [(200, bearer(before + 2))]);
        assert_eq!(login.asked(), before + 2);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_accepted_is_replaced_once() {
    tell(|office, login| async move {
        let before = login.asked();
        office.receiver.answer([(401, None)]);
        decided(&office).await;
        office.settle().await;
        let both = [(401, bearer(before + 1)), (200, bearer(before + 2))];
        assert_eq!(arrived(&office), both, "in one attempt");

        // A receiver that wants none of them does not make us ask for ever.
        office.receiver.answer(vec![(401, None); 4]);
        decided(&office).await;
        office.settle().await;
        office.advance(SignedDuration::from_secs(3)).await;
        assert_eq!(arrived(&office), vec![(401, bearer(before + 2)); 2]);
        assert_eq!(login.asked(), before + 2);
        office.advance(SignedDuration::from_secs(40)).await;
        assert_eq!(arrived(&office), [(401, bearer(before + 2)), (401, bearer(before + 3))]);
        office.advance(SignedDuration::from_mins(2)).await;
        assert_eq!(arrived(&office), [(200, bearer(before + 3))]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_there_is_no_token_nothing_is_sent_and_nothing_is_lost() {
    tell(|office, login| async move {
        login.goes_away();
        decided(&office).await;
        office.settle().await;
        assert_eq!(arrived(&office), []);
        login.comes_back();
        office.advance(SignedDuration::from_secs(5)).await;
        let [(200, first)] = &arrived(&office)[..] else { panic!("one callback") };

        // The old one serves to its end.
        login.goes_away();
        office.advance(SignedDuration::from_mins(52)).await;
        decided(&office).await;
        office.settle().await;
        assert_eq!(arrived(&office), [(200, first.clone())]);
        office.advance(SignedDuration::from_mins(20)).await;
        decided(&office).await;
        office.settle().await;
        assert_eq!(arrived(&office), [], "it has ended");
        login.comes_back();
        office.advance(SignedDuration::from_secs(5)).await;
        let late = arrived(&office);
        assert!(matches!(&late[..], [(200, token)] if token != first), "{late:?}");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_callbacks_of_two_replicas_ask_for_one_token() {
    tell(|office, login| async move {
        let before = login.asked();
        for _ in 0..100 {
            decided(&office).await;
        }
        let replica = office.replica().await;
        let (one, other) = tokio::join!(office.app.outbox.drain(), replica.outbox.drain());
        one.and(other).unwrap();
        // Whoever found the other one asking tries again.
        office.advance(SignedDuration::from_secs(5)).await;
        replica.stop().await;
        assert_eq!(arrived(&office), vec![(200, bearer(before + 1)); 100]);
        assert_eq!(login.asked(), before + 1);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_sealed_where_it_is_kept() {
    tell(|office, login| async move {
        decided(&office).await;
        office.settle().await;
        assert_eq!(arrived(&office), [(200, bearer(login.asked()))]);
        let records = office.store().records("webhook:").await.unwrap();
        let [record] = records.as_slice() else { panic!("one record") };
        let kept = format!("{} {}", record.name, record.sealed);
        for secret in [token(login.asked()), SECRET.to_owned(), login.endpoint] {
            assert!(!kept.contains(&secret), "{secret}");
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_our_own_signs_who_asks_anew_each_time() {
    tell_by("private_key: { env: CALLBACK_KEY }", |office, login| async move {
        let before = login.asked();
        for hours in 1..=3 {
            decided(&office).await;
            office.settle().await;
            assert_eq!(arrived(&office), [(200, bearer(before + hours))]);
            office.advance(SignedDuration::from_hours(1)).await;
            arrived(&office);
        }
        office
    })
    .await;
}

const REFRESHED: &str =
    "client_secret: { env: CALLBACK_SECRET }, refresh_token: { env: CALLBACK_REFRESH }";

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_came_in_the_place_of_another_outlives_its_process() {
    tell_by(REFRESHED, |office, login| async move {
        let before = login.asked();
        decided(&office).await;
        office.settle().await;
        assert_eq!(arrived(&office), [(200, bearer(before + 1))]);
        // The deposited one is good no more: only what is on disk gives the next token.
        let office = office.restart().await;
        office.advance(SignedDuration::from_hours(2)).await;
        decided(&office).await;
        office.settle().await;
        let arrived_now = arrived(&office);
        assert_eq!(arrived_now.last(), Some(&(200, bearer(before + 2))), "{arrived_now:?}");

        let records = office.store().records("webhook:").await.unwrap();
        let sealed: Vec<&str> = records.iter().map(|one| one.sealed.as_str()).collect();
        assert!(!sealed.concat().contains("canary"), "{sealed:?}");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_in_its_place_is_on_disk_before_the_callback_is_sent() {
    tell_by(REFRESHED, |office, login| async move {
        let before = login.asked();
        // The receiver is away: the process has a new access token, and no use for it.
        office.receiver.answer(vec![(503, None); 8]);
        decided(&office).await;
        office.settle().await;
        assert_eq!(login.asked(), before + 1);
        arrived(&office);
        // As after a kill: nothing but the database is left.
        let office = office.restart().await;
        office.advance(SignedDuration::from_hours(2)).await;
        assert_eq!(login.asked(), before + 2, "the kept one was good");
        arrived(&office);
        office
    })
    .await;
}

/// Something is decided, and whoever sends the callback loses patience with the login. Says how
/// often that had been asked before.
async fn asked_in_vain(office: &Office, login: &Login) -> usize {
    let before = login.asked();
    login.holds_its_tongue();
    decided(office).await;
    tokio::select! {
        () = office.settle() => panic!("the login has not answered yet"),
        () = until("a question", || (login.asked() > before).then_some(())) => {}
    }
    before
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_in_its_place_is_kept_though_nobody_waits_for_it_any_more() {
    tell_by(REFRESHED, |office, login| async move {
        let before = asked_in_vain(&office, &login).await;
        login.speaks();
        office.advance(SignedDuration::from_secs(31)).await;
        assert_eq!(arrived(&office), [(200, bearer(before + 1))]);
        assert_eq!(login.asked(), before + 1);
        // And it is on disk: it gives the next one, to another process.
        let office = office.restart().await;
        office.advance(SignedDuration::from_hours(2)).await;
        decided(&office).await;
        office.settle().await;
        let later = arrived(&office);
        assert_eq!(later.last(), Some(&(200, bearer(before + 2))), "{later:?}");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_in_its_place_is_kept_though_the_database_did_not_take_it_at_first() {
    tell_by(REFRESHED, |office, login| async move {
        let before = asked_in_vain(&office, &login).await;
        execute(&office, "alter table adapter_record rename to adapter_record_away").await;
        login.speaks();
        office.advance(SignedDuration::from_secs(31)).await;
        assert_eq!(arrived(&office), [], "nothing is used that is not kept");
        execute(&office, "alter table adapter_record_away rename to adapter_record").await;
        office.advance(SignedDuration::from_mins(1)).await;
        assert_eq!(arrived(&office), [(200, bearer(before + 1))]);
        assert_eq!(login.asked(), before + 1);
        office
    })
    .await;
}

async fn execute(office: &Office, statement: &'static str) {
    sqlx::query(statement).execute(&office.store().write).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_is_good_no_more_holds_the_callback_back() {
    tell_by(REFRESHED, |office, login| async move {
        decided(&office).await;
        office.settle().await;
        arrived(&office);
        // Somebody else has used the one that we have.
        login.trusts_the_deposit();
        office.advance(SignedDuration::from_hours(2)).await;
        decided(&office).await;
        office.settle().await;
        assert_eq!(arrived(&office), [], "never without the bearer");
        office
    })
    .await;
}
