//! Connections, served and replaced, against the other end over real sockets.

use super::{
    fakes::{Desk, FakeSlack, disconnect, envelope, hello},
    *,
};
use serde_json::json;

/// Fast where a test would wait, slow where it would race.
fn pace() -> Pace {
    let (moment, age) = (Duration::from_millis(1), Duration::from_mins(10));
    Pace { shortest: moment, longest: moment, steady: age, ping: age, silence: age, drain: age }
}

/// Runs both sides until the story is told, then tells the service to stop.
async fn story(slack: &FakeSlack, pace: Pace, desk: &Desk, told: impl Future<Output = ()>) {
    let (mode, stop) = (slack.mode(pace), CancellationToken::new());
    let told = async {
        told.await;
        stop.cancel();
    };
    tokio::join!(mode.run(desk, &stop), told);
}

#[tokio::test]
async fn each_kind_goes_through_the_door_that_http_has() {
    let (slack, desk) = (FakeSlack::open().await, Desk::new());
    story(&slack, pace(), &desk, async {
        let mut line = slack.accept().await;
        let submission = json!({ "type": "view_submission" });
        line.say(&envelope("e-1", "interactive", &submission)).await;
        let cleared = json!({ "envelope_id": "e-1", "payload": { "response_action": "clear" } });
        assert_eq!(line.hear().await, Some(cleared));
        let command = json!({ "command": "/countersign", "text": "why a&b", "x": null, "n": 1 });
        line.say(&envelope("e-2", "slash_commands", &command)).await;
        let answer = json!({ "text": "Nothing waits for you." });
        let answered = json!({ "envelope_id": "e-2", "payload": answer });
        assert_eq!(line.hear().await, Some(answered));
        line.say(&envelope("e-3", "events_api", &json!({ "event_id": "Ev1" }))).await;
        assert_eq!(line.hear().await, Some(json!({ "envelope_id": "e-3" })));
    })
    .await;
    assert_eq!(
        desk.notes(),
        [
            r#"interactive {"type":"view_submission"}"#,
            "command command=%2Fcountersign&n=1&text=why+a%26b",
            r#"event {"event_id":"Ev1"}"#,
        ]
    );
}

#[tokio::test]
async fn an_envelope_is_acknowledged_when_its_handler_has_returned() {
    let (slack, desk) = (FakeSlack::open().await, Desk::new());
    story(&slack, pace(), &desk, async {
        let mut line = slack.accept().await;
        line.say(&envelope("slow", "interactive", &json!({ "press": "slow" }))).await;
        line.say(&envelope("fast", "interactive", &json!({ "press": "fast" }))).await;
        assert_eq!(line.hear().await, Some(json!({ "envelope_id": "fast" })));
        desk.gate.add_permits(1);
        assert_eq!(line.hear().await, Some(json!({ "envelope_id": "slow" })));
    })
    .await;
}

#[tokio::test]
async fn an_answer_goes_only_where_slack_takes_one() {
    let (slack, desk) = (FakeSlack::open().await, Desk::new());
    story(&slack, pace(), &desk, async {
        let mut line = slack.accept().await;
        let mut submission = envelope("e-1", "interactive", &json!({ "type": "view_submission" }));
        submission["accepts_response_payload"] = json!(false);
        line.say(&submission).await;
        assert_eq!(line.hear().await, Some(json!({ "envelope_id": "e-1" })));
    })
    .await;
}

#[tokio::test]
async fn what_is_unknown_is_acknowledged_and_passed_over() {
    let (slack, desk) = (FakeSlack::open().await, Desk::new());
    story(&slack, pace(), &desk, async {
        let mut line = slack.accept().await;
        line.say(&json!({ "type": "party" })).await;
        line.say(&json!([1, 2])).await;
        line.say(&envelope("e-1", "block_dance", &json!({}))).await;
        line.say(&envelope("e-2", "slash_commands", &json!("not a form"))).await;
        assert_eq!(line.hear().await, Some(json!({ "envelope_id": "e-1" })));
        assert_eq!(line.hear().await, Some(json!({ "envelope_id": "e-2" })));
    })
    .await;
    assert!(desk.notes().is_empty());
}

#[tokio::test]
async fn a_connection_is_replaced_before_it_is_closed() {
    let (slack, desk) = (FakeSlack::open().await, Desk::new());
    story(&slack, pace(), &desk, async {
        let mut old = slack.accept().await;
        old.say(&envelope("slow", "interactive", &json!({ "press": "slow" }))).await;
        old.say(&disconnect("warning")).await;
        let mut new = slack.accept().await;
        old.say(&envelope("late", "interactive", &json!({}))).await;
        new.say(&envelope("early", "interactive", &json!({}))).await;
        assert_eq!(old.hear().await, Some(json!({ "envelope_id": "late" })));
        assert_eq!(new.hear().await, Some(json!({ "envelope_id": "early" })));
        desk.gate.add_permits(1);
        assert_eq!(old.hear().await, Some(json!({ "envelope_id": "slow" })));
        assert!(old.hang_up().await, "it answers the goodbye");
        new.say(&envelope("next", "interactive", &json!({}))).await;
        assert_eq!(new.hear().await, Some(json!({ "envelope_id": "next" })));
    })
    .await;
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_and_is_handled_again() {
    let (slack, desk) = (FakeSlack::open().await, Desk::new());
    story(&slack, pace(), &desk, async {
        let mut line = slack.accept().await;
        let click = envelope("slow", "interactive", &json!({ "press": "slow" }));
        line.say(&click).await;
        line.say(&envelope("fast", "interactive", &json!({}))).await;
        assert!(line.hear().await.is_some(), "the click before it has come in");
        drop(line);
        let mut line = slack.accept().await;
        desk.gate.add_permits(2);
        line.say(&click).await;
        assert_eq!(line.hear().await, Some(json!({ "envelope_id": "slow" })));
    })
    .await;
    let clicks = desk.notes().iter().filter(|note| note.contains("slow")).count();
    assert_eq!(clicks, 2, "both came to their end");
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_given_up() {
    let (slack, desk) = (FakeSlack::open().await, Desk::new());
    let moment = Duration::from_millis(20);
    let hasty = Pace { ping: moment, silence: moment, drain: moment, ..pace() };
    story(&slack, hasty, &desk, async {
        let _silent = slack.accept().await;
        slack.accept_silently().await;
    })
    .await;
}

#[tokio::test]
async fn whatever_fails_is_tried_again() {
    let (slack, desk) = (FakeSlack::open().await, Desk::new());
    slack.refuse(2);
    story(&slack, pace(), &desk, async {
        slack.accept_silently().await.say(&hello("A0OTHER")).await;
        slack.accept_silently().await.say(&disconnect("link_disabled")).await;
        drop(slack.accept_silently().await);
        let mut line = slack.accept().await;
        line.say(&envelope("e-1", "interactive", &json!({}))).await;
        assert_eq!(line.hear().await, Some(json!({ "envelope_id": "e-1" })));
    })
    .await;
}

#[tokio::test]
async fn connections_that_end_young_are_replaced_ever_later() {
    let (slack, desk) = (FakeSlack::open().await, Desk::new());
    let slow =
        Pace { shortest: Duration::from_millis(20), longest: Duration::from_secs(1), ..pace() };
    story(&slack, slow, &desk, async {
        let begun = Instant::now();
        for _ in 0..3 {
            slack.accept().await.hang_up().await;
        }
        slack.accept().await;
        let pauses = Duration::from_millis(20 + 40 + 80);
        assert!(begun.elapsed() >= pauses, "{:?}", begun.elapsed());
    })
    .await;
}

#[tokio::test]
async fn at_the_stop_what_is_being_handled_comes_to_its_end() {
    let (slack, desk) = (FakeSlack::open().await, Desk::new());
    let (mode, stop) = (slack.mode(pace()), CancellationToken::new());
    let told = async {
        let mut line = slack.accept().await;
        line.say(&envelope("slow", "interactive", &json!({ "press": "slow" }))).await;
        line.say(&envelope("fast", "interactive", &json!({}))).await;
        assert!(line.hear().await.is_some());
        stop.cancel();
        desk.gate.add_permits(1);
        assert_eq!(line.hear().await, Some(json!({ "envelope_id": "slow" })));
        assert_eq!(line.hear().await, None, "closed");
    };
    tokio::join!(mode.run(&desk, &stop), told);
}

#[tokio::test]
async fn told_to_stop_it_does_not_wait_for_slack() {
    let (slack, desk) = (FakeSlack::open().await, Desk::new());
    slack.refuse(usize::MAX);
    let (mode, stop) = (slack.mode(Pace::default()), CancellationToken::new());
    stop.cancel();
    mode.run(&desk, &stop).await;
}
