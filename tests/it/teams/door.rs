//! Who may call: every rule about tokens, kept and broken, at the real door.

use countersign_fake_teams::{
    answer::Answer,
    card::Entries,
    fault::{Call, Fault, Strike},
};
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    blueprint::SHOP,
    workplace::{Workplace, tell, write_prod, write_prod_for},
};

/// The click of Erin on the newest card.
fn click(workplace: &Workplace) -> Value {
    let card = workplace.card(SHOP);
    workplace.teams.click_activity("erin", &card, "approve", &Entries::none())
}

async fn status(workplace: &Workplace, token: &str, activity: &Value) -> Option<u16> {
    let bearer = format!("Bearer {token}");
    let said = workplace.teams.post(Some(&bearer), activity.to_string()).await;
    workplace.settle().await;
    if said.status != Some(200) {
        learns_nothing(&said);
    }
    said.status
}

/// Whoever is refused is not told by which rule.
#[track_caller]
fn learns_nothing(said: &Answer) {
    assert_eq!(said.json()["detail"], "the request was not carried out", "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_from_teams_stays_outside() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let (teams, activity) = (&workplace.teams, click(&workplace));
        let now = workplace.clock.now().as_second();
        for (name, value) in [
            ("iss", json!("https://sts.windows.net/11111111-2222-4333-8444-555555555555/")),
            ("aud", json!("aaaaaaaa-bbbb-4ccc-8ddd-000000000000")),
            ("aud", json!([])),
            ("exp", json!(now - 301)),
            ("exp", json!("9999999999")),
            ("exp", Value::Null),
            ("nbf", json!(now + 302)),
            ("serviceurl", json!("https://smba.trafficmanager.net/emea/")),
            ("serviceurl", Value::Null),
        ] {
            let mut claims = teams.claims();
            claims[name] = value.clone();
            let said = status(&workplace, &teams.sign(&claims), &activity).await;
            assert_eq!(said, Some(403), "{name} {value}");
        }
        let strange = teams.sign_with_a_strange_key(&teams.claims());
        assert_eq!(status(&workplace, &strange, &activity).await, Some(403));
        let mut elsewhere = activity.clone();
        elsewhere["channelId"] = "webchat".into();
        let good = teams.sign(&teams.claims());
        assert_eq!(status(&workplace, &good, &elsewhere).await, Some(403));
        let said = teams.post(None, activity.to_string()).await;
        assert_eq!(said.status, Some(401));
        learns_nothing(&said);
        let said = teams.post(Some("Basic eDp5"), activity.to_string()).await;
        assert_eq!(said.status, Some(401));
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 0);
        assert_eq!(status(&workplace, &good, &activity).await, Some(200));
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 1);
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_speaks_only_for_the_channels_that_it_endorses() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        workplace.teams.endorse(&["webchat", "directline"]);
        workplace.teams.rotate_keys();
        workplace.clock.advance(SignedDuration::from_secs(31));
        let token = workplace.teams.sign(&workplace.teams.claims());
        assert_eq!(status(&workplace, &token, &click(&workplace)).await, Some(403));
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_are_asked_for_once_however_many_ask() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        let (teams, activity) = (&workplace.teams, click(&workplace).to_string());
        let asked = teams.calls(Call::Keys).len();
        teams.rotate_keys();
        workplace.clock.advance(SignedDuration::from_secs(31));
        let bearer = format!("Bearer {}", teams.sign(&teams.claims()));
        let all = (0..20).map(|_| teams.post(Some(&bearer), activity.clone()));
        assert!(join_all(all).await.iter().all(|said| said.status == Some(200)));
        assert_eq!(teams.calls(Call::Keys).len(), asked + 1);
        // Tokens by nobody's key ask no oftener than every thirty seconds.
        let strange = format!("Bearer {}", teams.sign_with_a_strange_key(&teams.claims()));
        for _ in 0..5 {
            assert_eq!(teams.post(Some(&strange), activity.clone()).await.status, Some(403));
        }
        assert_eq!(teams.calls(Call::Keys).len(), asked + 1);
        workplace.settle().await;
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn known_keys_serve_while_nobody_gives_new_ones() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        workplace.teams.misbehave(Strike::at(Call::Metadata, Fault::Status(503)).always());
        workplace.clock.advance(SignedDuration::from_mins(20));
        assert!(workplace.press("erin", SHOP, "approve").await.card().is_some());
        workplace.teams.messages("19:platform@thread.tacv2");
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_token_goes_to_no_host_that_is_not_on_the_list() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        let elsewhere = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let address = format!("http://{}/emea/", elsewhere.local_addr().unwrap());
        let (mut activity, mut claims) = (click(&workplace), workplace.teams.claims());
        activity["serviceUrl"] = json!(address);
        claims["serviceurl"] = json!(address);
        let token = workplace.teams.sign(&claims);
        assert_eq!(status(&workplace, &token, &activity).await, Some(403));
        workplace.ask(&write_prod_for("Another one")).await;
        assert_eq!(workplace.teams.messages(SHOP).len(), 2, "cards go where they went");
        let nobody = tokio::time::timeout(std::time::Duration::from_millis(50), elsewhere.accept());
        assert!(nobody.await.is_err(), "nobody called there");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_action_of_ours_is_answered_as_malformed() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        let good = click(&workplace);
        for (pointer, value) in [
            ("/value", Value::Null),
            ("/value/action", json!("approve")),
            ("/value/action/verb", json!("grant")),
            ("/value/action/type", json!("Action.Submit")),
        ] {
            let mut activity = good.clone();
            *activity.pointer_mut(pointer).expect("there") = value;
            let said = workplace.deliver(&activity).await.json();
            assert_eq!(said["statusCode"], 400, "{pointer}: {said}");
            assert_eq!(said["type"], "application/vnd.microsoft.error");
        }
        let token = workplace.teams.sign(&workplace.teams.claims());
        let mut other = good;
        other["name"] = "task/fetch".into();
        assert_eq!(status(&workplace, &token, &other).await, Some(501));
        other["type"] = "typing".into();
        assert_eq!(workplace.deliver(&other).await.body, "");
        // Whoever is cut short loses the connection with it: last.
        let bearer = format!("Bearer {token}");
        for (body, expected) in [
            ("{".to_owned(), 400),
            ("[]".to_owned(), 403),
            (format!("\"{}\"", "x".repeat(300 * 1024)), 413),
        ] {
            assert_eq!(workplace.teams.post(Some(&bearer), body).await.status, Some(expected));
        }
        workplace
    })
    .await;
}
