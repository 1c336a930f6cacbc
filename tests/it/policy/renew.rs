//! Whoever asked asks again with one press, for what came to nothing.

use countersign::{
    domain::id::RequestId, reload::Reloaded, service::Service, store::entries::story,
};
use countersign_port::{
    access::{Access, DenyReason, Press, Refusal, RefusalKind},
    card::{Card, Face, Verb},
};
use countersign_sandbox::{click::Answers, demo};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{desk::Desk, reload::reload};
use crate::office::{Office, press, tell, write_prod, write_prod_for};

const LEADS: &str = "shop-approvals";

/// With a callback, so that the asking server is told of each.
fn wanted(office: &Office) -> Value {
    let mut body = write_prod();
    body["callback"] = json!({ "endpoint": office.receiver.endpoint, "state": "st-1" });
    body
}

async fn ask(office: &Office, body: &Value) -> String {
    let answer = office.ask(body).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    office.settle().await;
    answer.body["task"]["id"].as_str().unwrap().to_owned()
}

async fn approve(office: &Office) {
    for (who, channel) in [("erin", LEADS), ("farid", LEADS), ("sam", "security")] {
        office.press(who, channel, Verb::Approve).await.unwrap();
        office.settle().await;
    }
}

/// A request that was approved while the asking server was down, for too long.
async fn lapsed(office: &Office) -> String {
    let id = ask(office, &wanted(office)).await;
    office.receiver.answer(vec![(503, None); 8]);
    approve(office).await;
    office.advance(SignedDuration::from_mins(11)).await;
    id
}

/// Nobody has decided.
async fn expired(office: &Office, body: &Value) -> String {
    let id = ask(office, body).await;
    office.advance(SignedDuration::from_mins(31)).await;
    id
}

/// What is called back until nothing more comes, without what failed.
async fn told(office: &Office) -> Vec<Value> {
    for _ in 0..16 {
        office.advance(SignedDuration::from_mins(1)).await;
    }
    let delivered = office.receiver.read();
    delivered.into_iter().filter(|one| one.status == 200).map(|one| one.event).collect()
}

async fn ask_again(office: &Office, who: &str) -> Result<(), Refusal> {
    let pressed = office.press(who, LEADS, Verb::AskAgain).await.map(|_| ());
    office.settle().await;
    pressed
}

fn lines(card: &Card) -> Vec<String> {
    card.progress.iter().map(|step| step.line.plain()).collect()
}

fn verbs(card: &Card) -> Vec<Verb> {
    card.actions.iter().map(|button| button.verb).collect()
}

/// The card that stands one above the newest.
fn old_card(office: &Office) -> Card {
    let messages = office.sandbox.messages(LEADS);
    let [.., old, _new] = messages.as_slice() else { panic!("two cards") };
    Card::clone(&old.card)
}

async fn facts(office: &Office, id: &str, kind: &str) -> Vec<Value> {
    let id: RequestId = id.parse().unwrap();
    let mut connection = office.store().read.acquire().await.unwrap();
    let entries = story(&mut connection, &id, 0).await.unwrap();
    let wanted = entries.iter().filter(|(leaf, _)| leaf.kind.as_str() == kind);
    wanted.map(|(leaf, _)| leaf.facts.clone().into()).collect()
}

async fn renewed_by(office: &Office, id: &str) -> String {
    let task = office.get(id).await.body;
    task["task"]["renewed_by"].as_str().expect("asked again").to_owned()
}

/// That nothing came of it.
async fn assert_not_renewed(office: &Office, id: &str, refusal: &Refusal, sentence: &str) {
    assert_eq!((refusal.kind, &*refusal.sentence), (RefusalKind::NotRenewed, sentence));
    assert_eq!(office.sandbox.messages(LEADS).len(), 1);
    assert_eq!(office.get(id).await.body["task"]["renewed_by"], Value::Null);
    let refused = facts(office, id, "vote_refused").await;
    assert_eq!(refused.last().unwrap()["why"], "not_renewed");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_press_opens_the_same_again_after_a_lapse() {
    tell(|office| async move {
        let old = lapsed(&office).await;
        let card = office.newest(LEADS);
        assert_eq!(card.face, Face::Expired);
        assert_eq!(
            card.title.plain(),
            "Approved, but not used in time: Shop Admin wants to change live orders in production"
        );
        assert!(lines(&card).ends_with(&[
            "the approval lapsed: it was not used by 12:10 UTC".to_owned(),
            "Dana Novak can ask again".to_owned(),
        ]));
        assert_eq!(verbs(&card), [Verb::AskAgain]);
        ask_again(&office, "dana").await.unwrap();
        let office = office.restart().await;
        let new = renewed_by(&office, &old).await;
        assert_eq!(office.get(&new).await.body["task"]["renews"], *old);
        assert_eq!(office.newest(LEADS).request, new);
        let card = old_card(&office);
        assert!(card.title.plain().starts_with("Asked again: Shop Admin"), "{card:?}");
        assert!(lines(&card).ends_with(&[format!("asked again as {new}")]));
        assert!(card.actions.is_empty());
        office.receiver.answer(vec![]);
        approve(&office).await;
        let events = told(&office).await;
        let of = |id: &str| -> Vec<&str> {
            let mine = events.iter().filter(|event| event["task"]["id"] == id);
            mine.map(|event| event["type"].as_str().unwrap()).collect()
        };
        assert_eq!(of(&old), ["access_request.approved", "approval.lapsed"]);
        assert_eq!(of(&new), ["access_request.approved"]);
        let yes = events.iter().find(|event| event["task"]["id"] == *new).unwrap();
        assert_eq!((&yes["state"], &yes["task"]["renews"]), (&json!("st-1"), &json!(old)));
        assert_eq!(facts(&office, &old, "request_renewed").await[0]["request"], *new);
        assert_eq!(facts(&office, &new, "request_opened").await[0]["renews"], *old);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_asked_about_again_and_the_new_one_once_more() {
    tell(|office| async move {
        let first = expired(&office, &write_prod()).await;
        let card = office.newest(LEADS);
        assert_eq!(verbs(&card), [Verb::AskAgain]);
        assert!(lines(&card).ends_with(&["Dana Novak can ask again".to_owned()]));
        ask_again(&office, "dana").await.unwrap();
        office.advance(SignedDuration::from_mins(31)).await;
        ask_again(&office, "dana").await.unwrap();
        let second = renewed_by(&office, &first).await;
        let third = renewed_by(&office, &second).await;
        assert_eq!(office.get(&third).await.body["task"]["renews"], *second);
        assert_eq!(office.get(&third).await.body["task"]["status"], "pending");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_can_ask_again() {
    tell(|office| async move {
        let id = expired(&office, &write_prod()).await;
        let stranger = ask_again(&office, "erin").await.unwrap_err();
        assert_eq!(stranger.kind, RefusalKind::NotRequester);
        assert_eq!(
            stranger.sentence,
            "You didn't ask for this, so you can't ask again. Dana Novak can."
        );
        let nobody = ask_again(&office, "nobody").await.unwrap_err();
        assert_eq!(nobody.kind, RefusalKind::NotLinked);
        assert_eq!(office.sandbox.messages(LEADS).len(), 1);
        let why: Vec<Value> = facts(&office, &id, "vote_refused").await;
        let why: Vec<&Value> = why.iter().map(|facts| &facts["why"]).collect();
        assert_eq!(why, ["not_requester", "not_linked"]);
        ask_again(&office, "dana").await.unwrap();
        assert_eq!(office.sandbox.messages(LEADS).len(), 2);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_presses_at_once_open_one_request() {
    tell(|office| async move {
        let old = expired(&office, &write_prod()).await;
        let there = office.replica().await;
        let button = office.button(LEADS, Verb::AskAgain);
        let once = |service: &Service| {
            let (service, press) = (service.clone(), press("dana", &button));
            async move { service.ask_again(&press).await }
        };
        let services = [&office.app.service, &there.service];
        let presses: Vec<_> = services.into_iter().cycle().take(8).map(once).collect();
        for card in futures::future::join_all(presses).await {
            assert!(card.unwrap().title.plain().starts_with("Asked again"));
        }
        there.stop().await;
        office.settle().await;
        assert_eq!(office.sandbox.messages(LEADS).len(), 2);
        assert_eq!(facts(&office, &old, "request_renewed").await.len(), 1);
        let new = renewed_by(&office, &old).await;
        // And once more when it is long over.
        office.advance(SignedDuration::from_mins(31)).await;
        office.app.service.ask_again(&press("dana", &button)).await.unwrap();
        assert_eq!(renewed_by(&office, &old).await, new);
        assert_eq!(office.sandbox.messages(LEADS).len(), 2);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_that_comes_again_is_answered_as_before() {
    tell(|office| async move {
        let id = expired(&office, &write_prod()).await;
        let button = office.button(LEADS, Verb::AskAgain);
        let sent = |who| Press { once: Some(format!("sent-by-{who}")), ..press(who, &button) };
        for _ in 0..2 {
            let refusal = office.app.service.ask_again(&sent("erin")).await.unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::NotRequester);
        }
        assert_eq!(facts(&office, &id, "vote_refused").await.len(), 1);
        for _ in 0..2 {
            office.app.service.ask_again(&sent("dana")).await.unwrap();
        }
        assert_eq!(facts(&office, &id, "request_renewed").await.len(), 1);
        office.settle().await;
        assert_eq!(office.sandbox.messages(LEADS).len(), 2);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_refuses_by_now_is_not_asked_again() {
    tell(|office| async move {
        let id = expired(&office, &write_prod()).await;
        let desk = Desk::new();
        let reload = reload(&desk, &office.app);
        let with = "guardrails:\n  - { name: frozen, if: { requester: dana, access: write }, \
                    refuse: \"no changes this week\" }\n";
        desk.write("policy.yaml", &Desk::policy().replacen("guardrails:\n", with, 1));
        assert_eq!(reload.now().await, Reloaded::InForce);
        let refusal = ask_again(&office, "dana").await.unwrap_err();
        let sentence = refusal.sentence.clone();
        assert!(sentence.starts_with("It was not asked for again: "), "{sentence}");
        assert!(sentence.contains("no changes this week"), "{sentence}");
        assert_not_renewed(&office, &id, &refusal, &sentence).await;
        desk.write("policy.yaml", Desk::policy());
        assert_eq!(reload.now().await, Reloaded::InForce);
        ask_again(&office, "dana").await.unwrap();
        assert_eq!(office.sandbox.messages(LEADS).len(), 2);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cool_down_holds_for_asking_again_too() {
    tell(|office| async move {
        let desk = Desk::new();
        let reload = reload(&desk, &office.app);
        let with = "guardrails:\n  - { name: enough, cool_down: { denials: 1, within: 24h } }\n";
        desk.write("policy.yaml", &Desk::policy().replacen("guardrails:\n", with, 1));
        assert_eq!(reload.now().await, Reloaded::InForce);
        let old = expired(&office, &write_prod()).await;
        let button = office.button(LEADS, Verb::AskAgain);
        let denied = ask(&office, &write_prod()).await;
        let no = Answers::deny(DenyReason::TooBroad, "ask for less");
        office.press_with("erin", LEADS, Verb::Deny, no).await.unwrap();
        office.settle().await;
        for _ in 0..2 {
            let sent = Press { once: Some("one".to_owned()), ..press("dana", &button) };
            let refusal = office.app.service.ask_again(&sent).await.unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::NotRenewed);
        }
        let refusal = office.app.service.ask_again(&press("dana", &button)).await.unwrap_err();
        assert!(refusal.sentence.contains(&format!("the last time as `{denied}`")), "{refusal}");
        assert_eq!(facts(&office, &old, "vote_refused").await.len(), 2);
        assert_eq!(facts(&office, &denied, "request_refused").await.len(), 1);
        office.settle().await;
        assert_eq!(office.sandbox.messages(LEADS).len(), 2);
        office.clock.advance(SignedDuration::from_hours(24));
        office.app.service.ask_again(&press("dana", &button)).await.unwrap();
        office.settle().await;
        assert_eq!(office.sandbox.messages(LEADS).len(), 3);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_very_same_that_waits_already_is_shared() {
    tell(|office| async move {
        let old = expired(&office, &write_prod()).await;
        let button = office.button(LEADS, Verb::AskAgain);
        let host = ask(&office, &write_prod()).await;
        office.app.service.ask_again(&press("dana", &button)).await.unwrap();
        office.settle().await;
        assert_eq!(office.sandbox.messages(LEADS).len(), 2, "no third card");
        let new = renewed_by(&office, &old).await;
        approve(&office).await;
        for id in [&host, &new] {
            assert_eq!(office.get(id).await.body["task"]["status"], "approved");
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_may_not_ask_any_more_nobody_asks_again() {
    tell(|office| async move {
        expired(&office, &write_prod()).await;
        let same = "api_keys: [{ env: OTHER_GATE_KEY }]";
        let office = office.restart_with("\n    may: [read, result]", same).await;
        let refusal = ask_again(&office, "dana").await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::NotRenewed);
        assert!(refusal.sentence.contains("the right `request`"), "{refusal}");
        assert_eq!(office.sandbox.messages(LEADS).len(), 1);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_nobody_knows_nobody_can_ask_again_for() {
    tell(|office| async move {
        let mut body = write_prod();
        body["subject"]["id"] = json!("somebody");
        expired(&office, &body).await;
        assert!(office.newest(LEADS).actions.is_empty());
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_denied_withdrawn_or_used_has_no_such_button() {
    tell(|office| async move {
        ask(&office, &write_prod()).await;
        let no = Answers::deny(DenyReason::TooBroad, "ask for less");
        office.press_with("erin", LEADS, Verb::Deny, no).await.unwrap();
        office.settle().await;
        assert!(office.newest(LEADS).actions.is_empty());
        let id = ask(&office, &write_prod()).await;
        office.cancel(&id, &json!({})).await;
        office.settle().await;
        assert!(office.newest(LEADS).actions.is_empty());
        let id = ask(&office, &write_prod()).await;
        approve(&office).await;
        assert_eq!(office.get(&id).await.body["task"]["status"], "approved");
        office.advance(SignedDuration::from_hours(2)).await;
        let ended = office.get(&id).await.body;
        assert_eq!(ended["result"]["approval"]["status"], "lapsed", "it was used until its end");
        let card = office.newest(LEADS);
        assert_eq!((card.face, card.actions.len()), (Face::Approved, 0));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requester_finds_the_button_on_their_own_card_too() {
    tell(|office| async move {
        let old = expired(&office, &write_prod()).await;
        let own = || office.sandbox.direct(&demo::identity("dana").subject);
        let [message] = own().try_into().expect("one card");
        assert_eq!(verbs(&message.card), [Verb::AskAgain]);
        let access: &dyn Access = &office.app.service;
        let token = &message.card.actions[0].token;
        let overheard = access.ask_again(&press("erin", token)).await.unwrap_err();
        assert_eq!(overheard.kind, RefusalKind::UnknownButton);
        let click = office.sandbox.click(
            access,
            "dana",
            &message.reference,
            Verb::AskAgain,
            Answers::default(),
        );
        click.await.unwrap().unwrap();
        office.settle().await;
        assert_eq!(office.newest(LEADS).request, renewed_by(&office, &old).await);
        assert_eq!(own().len(), 2);
        office
    })
    .await;
}

/// The client is called otherwise by now.
fn renamed(text: &str) -> String {
    text.replacen("- id: shop-admin", "- id: shop-new", 1)
}

/// One request at a time.
fn one_pending(text: &str) -> String {
    text.replacen("tell_requester: true", "limits: { pending_per_client: 1 }", 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn for_a_client_that_was_removed_nothing_is_asked_again() {
    tell(|office| async move {
        let id = expired(&office, &write_prod()).await;
        let office = office.restart_edited(renamed).await;
        let refusal = ask_again(&office, "dana").await.unwrap_err();
        let office = office.restart_edited(str::to_owned).await;
        let why = "It was not asked for again: client `shop-admin` is not registered any more.";
        assert_not_renewed(&office, &id, &refusal, why).await;
        ask_again(&office, "dana").await.unwrap();
        assert_eq!(office.sandbox.messages(LEADS).len(), 2);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_used_up_since_holds_for_asking_again() {
    tell(|office| async move {
        let desk = Desk::new();
        let reload = reload(&desk, &office.app);
        let with = "guardrails:\n  - { name: sparingly, quota: { requests: 2, within: 24h } }\n";
        desk.write("policy.yaml", &Desk::policy().replacen("guardrails:\n", with, 1));
        assert_eq!(reload.now().await, Reloaded::InForce);
        let id = expired(&office, &write_prod()).await;
        let button = office.button(LEADS, Verb::AskAgain);
        ask(&office, &write_prod_for("Something else")).await;
        let refusal = office.app.service.ask_again(&press("dana", &button)).await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::NotRenewed);
        assert!(refusal.sentence.contains("guardrail `sparingly`"), "{refusal}");
        assert_eq!(office.get(&id).await.body["task"]["renewed_by"], Value::Null);
        office.settle().await;
        assert_eq!(office.sandbox.messages(LEADS).len(), 2);
        office.clock.advance(SignedDuration::from_hours(24));
        office.app.service.ask_again(&press("dana", &button)).await.unwrap();
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_as_many_pending_as_the_client_may_have_nothing_is_asked_again() {
    tell(|office| async move {
        let office = office.restart_edited(one_pending).await;
        let id = expired(&office, &write_prod()).await;
        let button = office.button(LEADS, Verb::AskAgain);
        let other = ask(&office, &write_prod_for("Something else")).await;
        let refusal = office.app.service.ask_again(&press("dana", &button)).await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::NotRenewed);
        assert!(refusal.sentence.contains("has 1 requests pending"), "{refusal}");
        assert_eq!(office.get(&id).await.body["task"]["renewed_by"], Value::Null);
        office.cancel(&other, &json!({})).await;
        office.app.service.ask_again(&press("dana", &button)).await.unwrap();
        renewed_by(&office, &id).await;
        office
    })
    .await;
}
