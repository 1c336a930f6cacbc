//! Tokens: codes that work once, access that runs out, refresh with a grace, and the end.

use countersign_fake_slack::world::{App, Site};
use serde_json::{Value, json};

use crate::app::{Listener, World};

const CALLBACK: &str = "http://127.0.0.1:9/slack/oauth/callback";

/// Goes through the consent screen and gives back what the app is told first: the code, or an error.
async fn consent(world: &World) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("client_id", "1000.A1"), ("scope", "chat:write,im:write")])
        .extend_pairs([("redirect_uri", CALLBACK), ("state", "s1")])
        .finish();
    #[expect(clippy::disallowed_methods, reason = "a client of the fake, not of the service")]
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let link = format!("{}/oauth/v2/authorize?{query}", world.slack.url());
    let response = client.unwrap().get(link).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 302);
    let back = url::Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
    let query: Vec<(String, String)> = back.query_pairs().into_owned().collect();
    assert_eq!(query[1], ("state".to_owned(), "s1".to_owned()));
    query[0].1.clone()
}

async fn access(world: &World, more: &[(&str, &str)]) -> Value {
    let client = [("client_id", "1000.A1"), ("client_secret", "client-secret-of-A1")];
    world.form_as(None, "oauth.v2.access", &[&client, more].concat()).await
}

#[tokio::test]
async fn a_code_works_once_and_for_ten_minutes() {
    let world = World::new(App::named("A1")).await;
    let code = consent(&world).await;
    let wrong = access(&world, &[("code", &code), ("redirect_uri", "http://evil")]).await;
    assert_eq!(wrong["error"], "bad_redirect_uri");
    let exchange = [("code", code.as_str()), ("redirect_uri", CALLBACK)];
    let said = access(&world, &exchange).await;
    assert_eq!((&said["app_id"], &said["team"]["id"]), (&json!("A1"), &json!("T1")));
    assert!(said["access_token"].as_str().unwrap().starts_with("xoxb-"));
    assert_eq!(access(&world, &exchange).await["error"], "code_already_used");
    world.slack.refuse_next_install();
    assert_eq!(consent(&world).await, "access_denied");
    let late = consent(&world).await;
    world.wait_s(600);
    let said = access(&world, &[("code", &late), ("redirect_uri", CALLBACK)]).await;
    assert_eq!(said["error"], "invalid_code");
}

#[tokio::test]
async fn rotation_has_a_grace_and_two_live_tokens() {
    let world = World::new(App::named("A1").rotating()).await;
    world.slack.install_next_at(Site::Team("T9".to_owned()));
    let code = consent(&world).await;
    let first = access(&world, &[("code", &code), ("redirect_uri", CALLBACK)]).await;
    assert_eq!(first["expires_in"], 43_200);
    let text = |said: &Value, key: &str| said[key].as_str().unwrap().to_owned();
    let refresh = async |said: &Value| {
        let old = text(said, "refresh_token");
        access(&world, &[("grant_type", "refresh_token"), ("refresh_token", &old)]).await
    };
    let works = async |said: &Value| {
        world.form_as(Some(&text(said, "access_token")), "auth.test", &[]).await["error"].clone()
    };
    let second = refresh(&first).await;
    assert_eq!((works(&first).await, works(&second).await), (Value::Null, Value::Null));
    let again = refresh(&first).await;
    assert_eq!(again["ok"], true, "the reply may have been lost");
    assert_eq!(works(&first).await, "token_revoked", "two live tokens at most");
    world.wait_s(61);
    assert_eq!(refresh(&first).await["error"], "invalid_refresh_token");
    world.wait_s(43_200);
    assert_eq!(works(&again).await, "token_expired");
    assert_eq!(works(&refresh(&again).await).await, Value::Null);
}

#[tokio::test]
async fn an_uninstalled_app_is_told_and_its_tokens_are_dead() {
    let world = World::new(App::named("A1")).await;
    let app = Listener::start(&world.slack).await;
    let answers = world.slack.uninstall(&Site::Team("T1".to_owned())).await;
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [Some(200); 2]);
    assert_eq!(app.last().json()["event"]["type"], "app_uninstalled");
    assert_eq!(world.form("auth.test", &[]).await["error"], "account_inactive");
}

#[tokio::test]
async fn a_lasting_token_is_exchanged_once_rotation_is_on() {
    let world = World::new(App::named("A1")).await;
    let client = [("client_id", "1000.A1"), ("client_secret", "client-secret-of-A1")];
    let exchange = async || world.form("oauth.v2.exchange", &client).await;
    assert_eq!(exchange().await["error"], "token_rotation_not_enabled");
    world.slack.rotate_tokens();
    let said = exchange().await;
    assert_eq!(said["expires_in"], 43_200);
    let token = said["access_token"].as_str();
    assert_eq!(world.form_as(token, "auth.test", &[]).await["team_id"], "T1");
    assert_eq!(world.form("auth.test", &[]).await["error"], "token_revoked");
}
