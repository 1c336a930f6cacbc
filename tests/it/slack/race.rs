//! Many clicks at once and clicks in vain: one outcome, each click acknowledged, each once.

use countersign_fake_slack::{delivery::Payload, form::Entries};
use futures::future::join_all;
use serde_json::{Value, json};

use super::workplace::{
    DANA, ERIN, FARID, GUS, OLU, SAM, SECURITY, SHOP, Workplace, deletion, tell, write_prod,
};
use crate::office::{API_KEY, answer, client};

fn with_callback(workplace: &Workplace, mut body: Value) -> Value {
    body["callback"] = json!({ "endpoint": workplace.receiver.endpoint, "state": "st-1" });
    body
}

/// The form of everybody who can open one, filled in so many times and not yet sent.
async fn filled_in(
    workplace: &Workplace,
    people: &[&str],
    channel: &str,
    times: usize,
) -> Vec<Payload> {
    let mut forms = Vec::new();
    for who in people {
        workplace.press(who, channel, "Approve…").await;
        workplace.slack.modal(who).expect("a form");
        forms.extend((0..times).map(|_| workplace.slack.submit_payload(who, &Entries::none())));
    }
    forms
}

/// Sends every form, all at once, and each of them twice.
async fn at_once(workplace: &Workplace, forms: &[Payload]) {
    let all = forms.iter().chain(forms).map(|form| workplace.slack.deliver(form));
    for said in join_all(all).await {
        assert!(said.is_acknowledged(), "{said:?}");
    }
    workplace.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_racing_clicks_give_one_outcome() {
    tell(|workplace| async move {
        let id = workplace.ask(&with_callback(&workplace, write_prod())).await;
        let shop = [ERIN, FARID, DANA, GUS, OLU];
        at_once(&workplace, &filled_in(&workplace, &shop, SHOP, 12).await).await;
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 2, "the two leads, once each");
        let security = [SAM, ERIN, OLU, DANA];
        at_once(&workplace, &filled_in(&workplace, &security, SECURITY, 10).await).await;
        assert_eq!(workplace.status(&id).await, "approved");
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 3);
        assert_eq!(workplace.entries(&id, "request_decided").await.len(), 1);
        assert_eq!(workplace.receiver.events(), ["access_request.approved"]);
        for who in [ERIN, FARID, DANA, GUS, OLU, SAM] {
            workplace.slack.modal(who);
        }
        for channel in [SHOP, SECURITY] {
            assert_eq!(workplace.slack.messages(channel).len(), 1);
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_that_races_with_a_yes_ends_it_once() {
    tell(|workplace| async move {
        let id = workplace.ask(&with_callback(&workplace, write_prod())).await;
        let mut forms = filled_in(&workplace, &[ERIN], SHOP, 1).await;
        workplace.press(FARID, SHOP, "Deny…").await;
        workplace.slack.modal(FARID).expect("a form");
        let no = Entries::none().choose("reason", "Too broad");
        forms.push(workplace.slack.submit_payload(FARID, &no));
        at_once(&workplace, &forms).await;
        assert_eq!(workplace.status(&id).await, "denied");
        assert_eq!(workplace.receiver.events(), ["access_request.denied"]);
        assert_eq!(workplace.entries(&id, "request_decided").await.len(), 1);
        for who in [ERIN, FARID] {
            workplace.slack.modal(who);
        }
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_click_is_told_how_it_ended() {
    tell(|workplace| async move {
        let id = workplace.ask(&with_callback(&workplace, write_prod())).await;
        let card = workplace.card(SHOP);
        let late = filled_in(&workplace, &[ERIN], SHOP, 1).await;
        let url = format!("{}/access/v1/requests/{id}/cancel", workplace.url);
        let cancelled = answer(client().post(url).bearer_auth(API_KEY).json(&json!({}))).await;
        assert_eq!(cancelled.status, 200, "{:?}", cancelled.body);
        workplace.settle().await;
        workplace.slack.deliver(&late[0]).await;
        let said = workplace.slack.modal(ERIN).expect("words").words();
        assert!(said.contains("Not counted") && said.contains("withdrawn"), "{said}");
        workplace.press_on(FARID, &card, "Approve…").await;
        let told = workplace.told_once(FARID);
        assert!(told.contains("withdrawn"), "{told}");
        assert_eq!(workplace.receiver.events(), ["access_request.cancelled"]);
        let words = workplace.card(SHOP).words();
        assert!(words.contains("Withdrawn, nothing granted"), "{words}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_approves_less_grants_only_that() {
    tell(|workplace| async move {
        let mut body = with_callback(&workplace, write_prod());
        body["requested_access"]["scope"] = json!("prod:orders:write report:read");
        workplace.ask(&body).await;
        workplace.press(ERIN, SHOP, "Approve less…").await;
        workplace.slack.modal(ERIN).expect("a form");
        workplace.send(ERIN, &Entries::none().tick("scopes", &["0"])).await;
        assert!(workplace.slack.modal(ERIN).expect("words").words().contains("Recorded"));
        workplace.approve(FARID, SHOP).await;
        workplace.approve(SAM, SECURITY).await;
        let told = workplace.receiver.read();
        assert_eq!(told.len(), 1);
        let event = &told[0].event;
        assert_eq!(event["type"], "access_request.approved");
        let granted = find(event, "granted_scope").expect("what was granted");
        assert_eq!(granted, "prod:orders:write", "{event}");
        for channel in [SHOP, SECURITY] {
            let words = workplace.card(channel).words();
            assert!(words.contains("less than asked"), "{words}");
        }
        workplace
    })
    .await;
}

/// A member of this name, however deep.
fn find<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let own = value.get(name);
    let object = value.as_object().into_iter().flat_map(|members| members.values());
    let list = value.as_array().into_iter().flatten();
    own.or_else(|| object.chain(list).find_map(|inner| find(inner, name)))
}

#[tokio::test(flavor = "multi_thread")]
async fn other_needs_words() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.press(FARID, SHOP, "Deny…").await;
        workplace.slack.modal(FARID).expect("a form");
        let other = Entries::none().choose("reason", "Other");
        workplace.send(FARID, &other).await;
        let errors = workplace.slack.modal(FARID).expect("the same form").errors;
        assert_eq!(errors.len(), 1, "{errors:?}");
        let words = "Say in a few words why, then deny again.";
        assert_eq!(errors[0], ("comment".to_owned(), words.to_owned()));
        assert_eq!(workplace.status(&id).await, "pending");
        workplace.send(FARID, &other.text("comment", "not on a Friday")).await;
        assert!(workplace.slack.modal(FARID).expect("words").words().contains("Recorded"));
        assert_eq!(workplace.status(&id).await, "denied");
        assert!(workplace.card(SHOP).words().contains("not on a Friday"));
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_number_is_told_and_the_third_locks() {
    tell(|workplace| async move {
        let id = workplace.ask(&deletion()).await;
        let number = workplace.get(&id).await.body["task"]["display"]["number"].to_string();
        let wrong = if number == "10" { "11" } else { "10" };
        workplace.card(SHOP);
        workplace.press(ERIN, SHOP, "Approve…").await;
        workplace.slack.modal(ERIN).expect("a form");
        for left in ["Two tries left.", "One try left: ask them for it"] {
            workplace.send(ERIN, &Entries::none().text("number", wrong)).await;
            let errors = workplace.slack.modal(ERIN).expect("the same form").errors;
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert_eq!(errors[0].0, "number");
            assert!(errors[0].1.contains("isn't the one on dana's screen"), "{}", errors[0].1);
            assert!(errors[0].1.contains(left), "{}", errors[0].1);
        }
        workplace.send(ERIN, &Entries::none().text("number", wrong)).await;
        let said = workplace.slack.modal(ERIN).expect("words").words();
        assert!(said.contains("your vote on this request is locked"), "{said}");
        assert!(said.contains("Farid Aziz or Gus Lind can still decide."), "{said}");
        workplace.slack.close(ERIN).await;
        workplace.press(ERIN, SHOP, "Approve…").await;
        workplace.slack.modal(ERIN).expect("a form");
        workplace.send(ERIN, &Entries::none().text("number", &number)).await;
        let said = workplace.slack.modal(ERIN).expect("words").words();
        assert!(said.contains("locked"), "the right number comes too late: {said}");
        assert_eq!(workplace.status(&id).await, "pending");
        workplace.press(GUS, SHOP, "Approve…").await;
        workplace.slack.modal(GUS).expect("a form");
        workplace.send(GUS, &Entries::none().text("number", &format!(" {number} "))).await;
        assert!(workplace.slack.modal(GUS).expect("words").words().contains("Recorded"));
        assert_eq!(workplace.status(&id).await, "approved");
        workplace.card(SHOP);
        workplace
    })
    .await;
}
