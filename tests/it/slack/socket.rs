//! Socket Mode: the same stories over a connection that we open, acknowledged once they are true.

use std::time::Duration;

use countersign_fake_slack::{
    fault::{Fault, Strike},
    form::Entries,
};
use jiff::SignedDuration;

use super::{
    blueprint::{Blueprint, USUAL},
    workplace::{ERIN, FARID, NEW, SAM, SECURITY, SHOP, Workplace, tell_in, write_prod},
};
use crate::patience;

const CONNECTED: Blueprint = Blueprint {
    connection: "workspaces: [{ team: T0SHOP, bot_token: { env: BOT_TOKEN } }]\n  \
        app_token: { env: APP_TOKEN }",
    world: |slack| slack.use_socket_mode(),
    ..USUAL
};

/// Waits until something is true.
async fn until(what: &str, is_true: impl Fn() -> bool) {
    patience::until(what, || is_true().then_some(())).await;
}

/// Does something while a connection stands; all that follows has happened when it returns.
async fn connected<T>(workplace: &Workplace, act: impl Future<Output = T>) -> T {
    let slack = &workplace.slack;
    let working = workplace.process.working(async {
        until("a connection", || slack.connections() == 1).await;
        act.await
    });
    let done = working.await;
    until("no connection", || slack.connections() == 0).await;
    workplace.settle().await;
    done
}

/// Presses the button and sends the form that opens.
async fn approve(workplace: &Workplace, who: &str, channel: &str) {
    let slack = &workplace.slack;
    let card = workplace.card(channel);
    connected(workplace, async {
        let said = slack.click(who, &card, "Approve…").await;
        assert_eq!((said.status, said.body.as_str()), (Some(200), ""));
        slack.modal(who).expect("a form");
        assert!(slack.submit(who, &Entries::none()).await.is_acknowledged());
    })
    .await;
    let words = slack.modal(who).expect("words").words();
    assert!(words.contains("Recorded"), "{words}");
}

async fn votes(workplace: &Workplace, id: &str) -> usize {
    workplace.entries(id, "vote_cast").await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_decide_over_a_connection() {
    tell_in(&CONNECTED, |workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let said = connected(&workplace, workplace.slack.slash(ERIN, SHOP, "/countersign")).await;
        assert!(said.is_acknowledged());
        let list = workplace.told_once(ERIN);
        assert!(list.contains("Waiting for you: 1") && list.contains(&id), "{list}");
        approve(&workplace, ERIN, SHOP).await;
        approve(&workplace, FARID, SHOP).await;
        let card = workplace.card(SHOP);
        let early = workplace.slack.click(FARID, &card, "Details");
        assert!(connected(&workplace, early).await.is_acknowledged());
        assert!(workplace.slack.modal(FARID).expect("details").words().contains(&id));
        approve(&workplace, SAM, SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        assert_eq!(votes(&workplace, &id).await, 3);
        connected(&workplace, workplace.slack.open_home(ERIN)).await;
        let home = workplace.slack.home(ERIN).expect("a home tab").words();
        assert!(home.contains("Nothing waits for you."), "{home}");
        for channel in [SHOP, SECURITY] {
            workplace.card(channel);
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_is_told_alone() {
    tell_in(&CONNECTED, |workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        let pressing = workplace.slack.click(NEW, &card, "Approve…");
        assert!(connected(&workplace, pressing).await.is_acknowledged());
        let told = workplace.told_once(NEW);
        assert!(told.contains("isn't linked to a person"), "{told}");
        assert_eq!(workplace.status(&id).await, "pending");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_acknowledged_comes_again_and_counts_once() {
    tell_in(&CONNECTED, |workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        connected(&workplace, workplace.slack.click(ERIN, &card, "Approve…")).await;
        workplace.slack.modal(ERIN).expect("a form");
        let yes = workplace.slack.submit_payload(ERIN, &Entries::none());
        // Nobody is there: it waits for the next connection.
        assert_eq!(workplace.slack.deliver(&yes).await.status, None);
        let remarks = workplace.slack.forgive();
        assert!(remarks[0].contains("was not acknowledged in time"), "{remarks:?}");
        assert_eq!(votes(&workplace, &id).await, 0);
        let slack = &workplace.slack;
        connected(&workplace, until("an acknowledgement", || slack.leftovers().is_empty())).await;
        assert_eq!(votes(&workplace, &id).await, 1);
        // The same form in another envelope, and in another.
        for _ in 0..2 {
            let said = connected(&workplace, workplace.slack.deliver(&yes)).await;
            assert!(said.body.contains("Recorded"), "{}", said.body);
        }
        assert_eq!(votes(&workplace, &id).await, 1);
        workplace.slack.modal(ERIN);
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_that_comes_twice_at_once_counts_once() {
    tell_in(&CONNECTED, |workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let (slack, card) = (&workplace.slack, workplace.card(SHOP));
        connected(&workplace, slack.click(ERIN, &card, "Approve…")).await;
        slack.modal(ERIN).expect("a form");
        // What Slack says of an account is believed for five minutes; then it is asked again.
        workplace.advance(SignedDuration::from_mins(6)).await;
        let pause = Duration::from_millis(400);
        slack.misbehave(Strike::at("users.info", Fault::Slow(pause)));
        let asked = slack.calls("users.info").len();
        connected(&workplace, async {
            let again = async {
                let begun = || slack.calls("users.info").len() > asked;
                until("the first is under way", begun).await;
                slack.send_unacknowledged_again();
            };
            let (said, ()) = tokio::join!(slack.submit(ERIN, &Entries::none()), again);
            assert!(said.is_acknowledged(), "{said:?}");
        })
        .await;
        assert_eq!(votes(&workplace, &id).await, 1);
        let remarks = slack.forgive();
        let late = "an acknowledgement of the unknown envelope";
        assert!(remarks.iter().all(|remark| remark.contains(late)), "{remarks:?}");
        slack.modal(ERIN);
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_slack_replaces_loses_nothing() {
    tell_in(&CONNECTED, |workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let (slack, card) = (&workplace.slack, workplace.card(SHOP));
        for who in [ERIN, FARID] {
            connected(&workplace, async {
                slack.recycle_connections();
                // It waits for the next connection, perhaps longer than Slack's user does.
                slack.click(who, &card, "Approve…").await;
                until("a form", || slack.modal(who).is_some()).await;
            })
            .await;
            connected(&workplace, async {
                slack.recycle_connections();
                until("the next connection", || slack.connections() == 1).await;
                assert!(slack.submit(who, &Entries::none()).await.is_acknowledged());
                slack.modal(who).expect("words");
            })
            .await;
        }
        let remarks = slack.forgive();
        let late = |remark: &String| remark.contains("was not acknowledged in time");
        assert!(remarks.iter().all(late), "{remarks:?}");
        assert_eq!(slack.calls("apps.connections.open").len(), 8, "two for each of these");
        assert_eq!(votes(&workplace, &id).await, 2);
        approve(&workplace, SAM, SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        for channel in [SHOP, SECURITY] {
            workplace.card(channel);
        }
        workplace
    })
    .await;
}
