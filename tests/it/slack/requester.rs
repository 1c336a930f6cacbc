//! Whoever asked is told in a message of their own, which is drawn anew.

use countersign_fake_slack::message::Message;
use jiff::SignedDuration;

use super::{
    blueprint::{Blueprint, USUAL},
    workplace::{DANA, ERIN, SHOP, Workplace, tell_in, write_prod},
};

/// The client leaves it to us to tell the requester.
const TOLD: Blueprint = Blueprint { client: "trust: trusted\n    tell_requester: true", ..USUAL };

/// The message to dana; what stands below it is apart.
fn copy(workplace: &Workplace) -> Message {
    let mut messages = workplace.slack.direct_messages(DANA);
    messages.retain(|message| message.thread_ts.is_none());
    let [message] = messages.try_into().expect("one message to dana");
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requester_has_a_message_that_follows_the_request() {
    tell_in(&TOLD, |workplace| async move {
        workplace.ask(&write_prod()).await;
        let first = copy(&workplace);
        assert!(first.words().contains("0 of 2 from shop.lead"));
        assert!(first.buttons().is_empty());
        workplace.approve(ERIN, SHOP).await;
        workplace.settle().await;
        let second = copy(&workplace);
        assert_eq!(second.ts, first.ts, "drawn anew, not sent again");
        assert!(second.words().contains("1 of 3 approved"), "{}", second.words());
        let lines: Vec<String> =
            workplace.slack.thread(&second).iter().map(Message::words).collect();
        assert!(lines.iter().any(|line| line.contains("approved")), "{lines:?}");
        workplace.card(SHOP);
        // Nobody else has decided in time.
        workplace.advance(SignedDuration::from_mins(31)).await;
        workplace.press_on(DANA, &copy(&workplace), "Ask again").await;
        assert!(workplace.told_once(DANA).contains("Recorded. Asked again: Shop Admin"));
        assert!(workplace.card(SHOP).words().contains("Approval needed"));
        let direct: Vec<String> =
            workplace.slack.direct_messages(DANA).iter().map(Message::words).collect();
        assert!(direct.iter().any(|words| words.contains("Approval needed")), "{direct:?}");
        workplace
    })
    .await;
}
