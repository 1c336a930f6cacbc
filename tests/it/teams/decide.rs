//! People decide in Teams: from the card to the callback.

use countersign_fake_teams::{card::Entries, fault::Call, message::Message};
use jiff::SignedDuration;
use serde_json::json;

use super::{
    blueprint::{Blueprint, SECURITY, SHOP, USUAL},
    workplace::{tell, tell_in, with_callback, write_prod},
};

#[tokio::test(flavor = "multi_thread")]
async fn two_leads_and_security_approve_and_every_card_is_redrawn_in_its_place() {
    tell(|workplace| async move {
        let id = workplace.ask(&with_callback(&workplace)).await;
        let asked = workplace.card(SHOP);
        assert!(asked.words().contains("Shop Admin wants to change live orders"), "{asked:?}");
        assert_eq!(asked.activity["summary"].as_str().unwrap().find("Approval needed"), Some(0));
        let said = workplace.press("erin", SHOP, "approve").await.card().expect("a card");
        assert!(said.to_string().contains("1 of 3 approved"), "{said}");
        workplace.approve("farid", SHOP).await;
        workplace.approve("sam", SECURITY).await;
        assert_eq!(workplace.receiver.events(), ["access_request.approved"]);
        assert_eq!(workplace.status(&id).await, "approved");
        for channel in [SHOP, SECURITY] {
            let drawn = workplace.card(channel);
            assert!(drawn.edits > 0, "in its place");
            let words = drawn.words();
            assert!(words.contains("Approved: Shop Admin may change live orders"), "{words}");
            assert!(!drawn.verbs().contains(&"approve".to_owned()), "nothing is left to press");
            assert_eq!(workplace.teams.messages(channel).len(), 1);
        }
        let thread = workplace.teams.replies(&asked);
        let story: Vec<_> = thread.iter().map(Message::words).collect();
        assert!(story[0].starts_with("Erin Doyle approved {{DATE("), "{story:?}");
        assert!(story.contains(&"Approved.".to_owned()), "{story:?}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_filled_in_where_it_unfolds() {
    tell(|workplace| async move {
        let id = workplace.ask(&with_callback(&workplace)).await;
        let no = Entries::none().enter("reason", "too_broad").enter("comment", "refunds only");
        assert!(workplace.press_with("farid", SHOP, "deny", &no).await.card().is_some());
        assert_eq!(workplace.status(&id).await, "denied");
        let words = workplace.card(SHOP).words();
        assert!(words.contains("Denied: Shop Admin may not change live orders"), "{words}");
        assert!(words.contains("Too broad") && words.contains("refunds only"), "{words}");
        assert_eq!(workplace.receiver.events(), ["access_request.denied"]);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn less_than_was_asked_is_approved() {
    tell(|workplace| async move {
        let mut body = write_prod();
        body["requested_access"]["scope"] = json!("prod:orders:write report:read");
        let id = workplace.ask(&body).await;
        let less = Entries::none().enter("scopes", "1");
        assert!(workplace.press_with("erin", SHOP, "approve_less", &less).await.card().is_some());
        workplace.approve("farid", SHOP).await;
        workplace.approve("sam", SECURITY).await;
        let task = workplace.get(&id).await.body;
        assert_eq!(task["task"]["status"], "approved");
        assert_eq!(task["result"]["granted_scope"], "report:read", "{task}");
        workplace.settle().await;
        let words = workplace.card(SHOP).words();
        assert!(words.contains("less than asked"), "{words}");
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_client_submits_and_hears_in_its_chat() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        let yes = workplace.teams.submit_activity("erin", &card, "approve", &Entries::none());
        let said = workplace.deliver(&yes).await;
        assert_eq!((said.status, said.body.as_str()), (Some(200), ""));
        let told = workplace.told("erin").join("\n");
        assert!(told.starts_with("Recorded. "), "{told}");
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"), "by PUT");
        workplace.deliver(&yes).await;
        let told = workplace.told("erin").join("\n");
        assert!(told.starts_with("Recorded. "), "what comes again is answered as it was: {told}");
        let again = workplace.teams.submit_activity("erin", &card, "approve", &Entries::none());
        workplace.deliver(&again).await;
        let told = workplace.told("erin").join("\n");
        assert!(told.contains("You already approved"), "{told}");
        assert_eq!(workplace.refusals(&id).await, [json!("already_voted")]);
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn details_and_refreshes_decide_nothing() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        let details = workplace.press("erin", SHOP, "details").await;
        assert!(details.card().expect("a card").to_string().contains("prod:orders:write"));
        let mut refresh =
            workplace.teams.click_activity("erin", &card, "approve", &Entries::none());
        refresh["value"]["trigger"] = "automatic".into();
        let said = workplace.deliver(&refresh).await;
        assert!(said.card().is_some(), "the card as it is: {said:?}");
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 0);
        assert_eq!(workplace.card(SHOP), card, "nobody else sees anything");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_in_time() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.approve("erin", SHOP).await;
        let stale = workplace.card(SHOP);
        workplace.advance(SignedDuration::from_mins(31)).await;
        assert_eq!(workplace.status(&id).await, "expired");
        assert!(workplace.card(SHOP).words().contains("Expired"));
        let late = workplace.teams.click_activity("farid", &stale, "approve", &Entries::none());
        let said = workplace.deliver(&late).await.sentence().expect("a sentence");
        assert!(said.contains("nothing was granted"), "{said}");
        assert_eq!(workplace.refusals(&id).await, [json!("over")]);
        for channel in ["19:platform@thread.tacv2", SHOP] {
            workplace.teams.messages(channel);
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_tokens_is_let_in_on_this_machine() {
    const LOCAL: Blueprint = Blueprint {
        auth: "auth: insecure-local\n  client_secret: { env: CLIENT_SECRET }",
        ..USUAL
    };
    tell_in(&LOCAL, |workplace| async move {
        workplace.teams.open_door();
        workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        let yes = workplace.teams.click_activity("erin", &card, "approve", &Entries::none());
        let said = workplace.teams.post(None, yes.to_string()).await;
        assert!(said.card().is_some(), "{said:?}");
        workplace.settle().await;
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        assert!(workplace.teams.calls(Call::Token).is_empty(), "and asks for none");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_decided_is_asked_again_by_whoever_asked() {
    tell(|workplace| async move {
        let old = workplace.ask(&write_prod()).await;
        workplace.advance(SignedDuration::from_mins(31)).await;
        let said = workplace.press("erin", SHOP, "ask_again").await.sentence().unwrap();
        assert!(said.contains("You didn't ask for this, so you can't ask again."), "{said}");
        assert_eq!(workplace.refusals(&old).await, [json!("not_requester")]);
        let said = workplace.press("dana", SHOP, "ask_again").await.card().expect("a card");
        assert!(said.to_string().contains("Asked again: "), "{said}");
        let renewed = workplace.entries(&old, "request_renewed").await;
        let new = renewed[0]["leaf"]["facts"]["request"].as_str().unwrap().to_owned();
        workplace.approve("erin", SHOP).await;
        workplace.approve("farid", SHOP).await;
        workplace.approve("sam", SECURITY).await;
        assert_eq!(workplace.status(&new).await, "approved");
        for channel in ["19:platform@thread.tacv2", SHOP, SECURITY] {
            workplace.teams.messages(channel);
        }
        workplace
    })
    .await;
}
