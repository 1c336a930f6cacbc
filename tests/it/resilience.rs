//! What fails outside, or stops in the middle, loses nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use countersign_port::{
    access::{Access, Identity, RefusalKind},
    card::{Card, Face, Verb},
    chat::{Chat, MessageRef},
    error::SendError,
};
use countersign_sandbox::{weather::Weather, workspace::Sandbox};
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    office::{Office, tell},
    patience::until,
};

async fn ask(office: &Office) -> String {
    let answer = office
        .ask(&json!({
            "subject": { "type": "user", "id": "dana" },
            "client": { "id": "shop-admin", "name": "Shop Admin" },
            "requested_access": { "scope": "prod:orders:write" },
            "callback": { "endpoint": office.receiver.endpoint },
        }))
        .await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.body["task"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_changes_nothing() {
    tell(|office| async move {
        let id = ask(&office).await;
        office.settle().await;
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        let office = office.restart().await;
        office.settle().await;
        assert_eq!(office.newest("shop-approvals").face, Face::Partial);
        office.press("farid", "shop-approvals", Verb::Approve).await.unwrap();
        let office = office.restart().await;
        office.settle().await;
        office.press("sam", "security", Verb::Approve).await.unwrap();
        let office = office.restart().await;
        office.settle().await;
        assert_eq!(office.get(&id).await.body["task"]["status"], "approved");
        assert_eq!(office.receiver.events(), ["access_request.approved"]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_whose_posting_is_unclear_is_posted_anew_and_the_old_buttons_are_dead() {
    tell(|office| async move {
        ask(&office).await;
        office.sandbox.set_weather(Weather::Silent);
        office.settle().await;
        let old = office.button("shop-approvals", Verb::Approve);
        office.sandbox.set_weather(Weather::Fine);
        office.advance(SignedDuration::from_mins(2)).await;
        assert_eq!(office.sandbox.messages("shop-approvals").len(), 2);
        let dead = office.press_token("erin", &old).await.unwrap_err();
        assert_eq!(dead.kind, RefusalKind::Superseded);
        assert_eq!(dead.sentence, "A newer card replaced this one; use that.");
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_cannot_be_read_costs_a_thread_and_no_card() {
    const UNREADABLE: &str = "insert into entry \
       (id, request_id, seq, at, kind, actor, leaf, payload, salt) \
       values ('ent_unreadable', $1, 999, 0, 'vote_cast', 'nobody', 'x', 'x', 'x')";
    tell(|office| async move {
        let id = ask(&office).await;
        sqlx::query(UNREADABLE).bind(&id).execute(&office.store().write).await.unwrap();
        office.settle().await;
        for _ in 0..3 {
            office.advance(SignedDuration::from_secs(61)).await;
        }
        assert_eq!(office.sandbox.messages("shop-approvals").len(), 1, "one card, once");
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_in_which_something_breaks_goes_on() {
    tell(|office| async move {
        let chat =
            Arc::new(Clumsy { sandbox: office.sandbox.clone(), fell: AtomicBool::default() });
        let replica = office.replica_speaking(chat.clone()).await;
        replica.work();
        ask(&office).await;
        until("a fall", || chat.fell.load(Ordering::SeqCst).then_some(())).await;
        // What it had leased is due again.
        office.clock.advance(SignedDuration::from_secs(31));
        until("a card", || office.sandbox.messages("shop-approvals").pop()).await;
        replica.stop().await;
        office
    })
    .await;
}

/// A chat product whose adapter breaks over the first card.
struct Clumsy {
    sandbox: Sandbox,
    fell: AtomicBool,
}

#[async_trait]
impl Chat for Clumsy {
    fn platform(&self) -> &'static str {
        self.sandbox.platform()
    }

    fn routes(&self, access: Arc<dyn Access>) -> axum::Router {
        self.sandbox.routes(access)
    }

    async fn post(&self, channel: &str, card: &Card) -> Result<MessageRef, SendError> {
        assert!(self.fell.swap(true, Ordering::SeqCst), "a fall, as the story wants it");
        self.sandbox.post(channel, card).await
    }

    async fn update(&self, message: &MessageRef, card: &Card) -> Result<(), SendError> {
        self.sandbox.update(message, card).await
    }

    async fn tell(&self, person: &Identity, card: &Card) -> Result<MessageRef, SendError> {
        self.sandbox.tell(person, card).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_product_that_limits_or_is_down_is_waited_for() {
    tell(|office| async move {
        ask(&office).await;
        office.sandbox.set_weather(Weather::Limited { after: Duration::from_secs(30) });
        office.settle().await;
        office.advance(SignedDuration::from_secs(10)).await;
        assert!(office.sandbox.messages("shop-approvals").is_empty());
        office.sandbox.set_weather(Weather::Down);
        office.advance(SignedDuration::from_secs(60)).await;
        office.sandbox.set_weather(Weather::Fine);
        office.advance(SignedDuration::from_secs(120)).await;
        assert_eq!(office.sandbox.messages("shop-approvals").len(), 1, "one card, once");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_channel_takes_the_card_the_request_fails() {
    tell(|office| async move {
        office.sandbox.archive("shop-approvals");
        office.sandbox.archive("platform");
        let id = ask(&office).await;
        office.settle().await;
        assert_eq!(office.get(&id).await.body["task"]["status"], "pending");
        office.advance(SignedDuration::from_mins(30)).await;
        let delivered = office.receiver.read();
        assert_eq!(delivered.len(), 1);
        let event = &delivered[0].event;
        assert_eq!(event["type"], "access_request.failed");
        let reason = json!({
            "code": "unreachable",
            "comment": "no channel took the card, so nobody was asked",
        });
        assert_eq!(event["task"]["reason"], reason);
        let task = office.get(&id).await.body;
        assert_eq!(task["task"]["status"], "failed");
        assert_eq!(task["task"]["reason"], reason);
        assert!(task.get("result").is_none());
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_nobody_sees_fails_however_far_it_had_come() {
    tell(|office| async move {
        office.sandbox.archive("security");
        let id = ask(&office).await;
        office.settle().await;
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        office.press("farid", "shop-approvals", Verb::Approve).await.unwrap();
        office.advance(SignedDuration::from_mins(30)).await;
        assert_eq!(office.receiver.events(), ["access_request.failed"]);
        assert_eq!(office.get(&id).await.body["task"]["status"], "failed");
        let card = office.newest("shop-approvals");
        assert_eq!(card.face, Face::Failed);
        let lines: Vec<String> = card.progress.iter().map(|line| line.line.plain()).collect();
        assert_eq!(
            lines[2..],
            [
                "nobody could be asked: no channel took the card of this step",
                "Shop Admin told 12:30 UTC"
            ]
        );
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_gone_leaves_the_one_that_it_escalates_to() {
    tell(|office| async move {
        office.sandbox.archive("shop-approvals");
        let id = ask(&office).await;
        office.advance(SignedDuration::from_mins(10)).await;
        office.press("erin", "platform", Verb::Approve).await.unwrap();
        office.press("farid", "platform", Verb::Approve).await.unwrap();
        office.settle().await;
        office.press("sam", "security", Verb::Approve).await.unwrap();
        office.settle().await;
        assert_eq!(office.receiver.events(), ["access_request.approved"]);
        assert_eq!(office.get(&id).await.body["task"]["status"], "approved");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_foreign_buttons_record_nothing() {
    tell(|office| async move {
        ask(&office).await;
        office.settle().await;
        let real = office.button("shop-approvals", Verb::Approve);
        let (card, _) = real.split_once('.').unwrap();
        let forged = [
            String::new(),
            card.to_owned(),
            format!("{card}.AAAAAAAAAAAAAAAAAAAAAA"),
            real.replace("crd_0", "crd_1"),
        ];
        for token in forged {
            let refusal = office.press_token("erin", &token).await.unwrap_err();
            assert!(
                matches!(refusal.kind, RefusalKind::UnknownButton | RefusalKind::Superseded),
                "{token}: {refusal:?}"
            );
        }
        let stranger = office.press_token("nobody", &real).await.unwrap_err();
        assert_eq!(stranger.kind, RefusalKind::NotLinked);
        assert_eq!(office.newest("shop-approvals").face, Face::Pending);
        office
    })
    .await;
}
