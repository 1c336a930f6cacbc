//! The example of an asking OAuth server, `examples/oidc-provider`, on a certified library: told
//! where `cargo xtask peers oidc-provider` has started it. Its clock is the system's, and so is ours.

use std::time::Duration;

use countersign::clock::Clock;
use countersign_port::{
    access::DenyReason,
    card::{Card, Verb},
};
use countersign_sandbox::click::Answers;
use serde_json::{Value, json};

use crate::{
    database::Database,
    office::{Answer, Office, Site, answer, client},
};

/// Where the server is.
const ISSUER: &str = "COUNTERSIGN_OIDC_PROVIDER";
/// Where it asks: host and port.
const LISTEN: &str = "COUNTERSIGN_OIDC_PROVIDER_LISTEN";

const CLIENT: &str = "shop-admin";
const SECRET: &str = "s3cret-of-the-shop";
const CIBA: &str = "urn:openid:params:grant-type:ciba";
const BOTH: &str = "openid report:read prod:orders:write";

/// An office, and a client of the server that asks it.
struct Shop {
    office: Office,
    issuer: String,
}

impl Shop {
    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = client().post(format!("{}/{path}", self.issuer));
        answer(request.basic_auth(CLIENT, Some(SECRET)).form(form)).await
    }

    async fn try_ask(&self, more: &[(&str, &str)]) -> Result<String, String> {
        let mut form = more.to_vec();
        for (name, value) in [("scope", BOTH), ("login_hint", "dana")] {
            if !more.iter().any(|(given, _)| *given == name) {
                form.push((name, value));
            }
        }
        let answer = self.post("backchannel", &form).await;
        match answer.body["auth_req_id"].as_str() {
            Some(id) => Ok(id.to_owned()),
            None => Err(answer.body["error"].as_str().unwrap_or_default().to_owned()),
        }
    }

    /// Asks, and lets the cards go out.
    async fn ask(&self, more: &[(&str, &str)]) -> String {
        let id = self.try_ask(more).await.unwrap();
        self.office.settle().await;
        id
    }

    /// What the token says, or why there is none.
    async fn poll(&self, id: &str) -> Result<Value, String> {
        let answer = self.post("token", &[("grant_type", CIBA), ("auth_req_id", id)]).await;
        match answer.status {
            200 => Ok(answer.body),
            _ => Err(answer.body["error"].as_str().unwrap_or_default().to_owned()),
        }
    }

    async fn introspect(&self, token: &Value) -> Value {
        let token = token["access_token"].as_str().unwrap();
        self.post("token/introspection", &[("token", token)]).await.body
    }

    async fn press(&self, who: &str, channel: &str, verb: Verb, answers: Answers) {
        self.office.press_with(who, channel, verb, answers).await.unwrap();
        self.office.settle().await;
    }

    async fn approve(&self, leads: Verb, answers: impl Fn(&Card) -> Answers) {
        for who in ["erin", "farid"] {
            let card = self.office.newest("shop-approvals");
            self.press(who, "shop-approvals", leads, answers(&card)).await;
        }
        self.press("sam", "security", Verb::Approve, Answers::default()).await;
    }

    async fn approve_all(&self) {
        self.approve(Verb::Approve, |_| Answers::default()).await;
    }

    /// The id of the newest request.
    async fn newest(&self) -> String {
        let newest = sqlx::query_scalar("select id from request order by id desc limit 1");
        newest.fetch_one(&self.office.store().read).await.unwrap()
    }
}

fn pending() -> Result<Value, String> {
    Err("authorization_pending".to_owned())
}

fn denied() -> Result<Value, String> {
    Err("access_denied".to_owned())
}

async fn people_approve(shop: &Shop) {
    let id = shop.ask(&[("binding_message", "Q3 export, all figures of the third quarter")]).await;
    assert_eq!(shop.poll(&id).await, pending());
    shop.approve_all().await;
    let token = shop.poll(&id).await.unwrap();
    let seen = shop.introspect(&token).await;
    assert_eq!((&seen["active"], &seen["sub"]), (&json!(true), &json!("dana")));
    assert_eq!(seen["scope"], "report:read prod:orders:write");

    // The same event once more changes nothing.
    let again = "update outbox set state = 'due' where kind = 'callback'";
    let done = sqlx::query(again).execute(&shop.office.store().write).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    shop.office.settle().await;
    assert_eq!(shop.introspect(&token).await["active"], true);
}

async fn people_approve_less(shop: &Shop) {
    let id = shop.ask(&[]).await;
    shop.approve(Verb::ApproveLess, |_| Answers::less(vec![1], None)).await;
    let token = shop.poll(&id).await.unwrap();
    assert_eq!(shop.introspect(&token).await["scope"], "prod:orders:write");
}

async fn people_deny(shop: &Shop) {
    let id = shop.ask(&[]).await;
    let no = Answers::deny(DenyReason::NotNeededNow, "");
    shop.press("erin", "shop-approvals", Verb::Deny, no).await;
    assert_eq!(shop.poll(&id).await, denied());
}

async fn nobody_decides(shop: &Shop) {
    let id = shop.ask(&[("requested_expiry", "2")]).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    shop.office.settle().await;
    assert_eq!(shop.poll(&id).await, Err("expired_token".to_owned()));
}

async fn the_server_withdraws(shop: &Shop) {
    let id = shop.ask(&[]).await;
    let request = shop.newest().await;
    assert_eq!(shop.office.cancel(&request, &json!({})).await.status, 200);
    shop.office.settle().await;
    assert_eq!(shop.poll(&id).await, denied());
}

/// The callback may overtake our answer: the server has stored its request before it asks.
async fn the_policy_approves_at_once(shop: &Shop) {
    let id = shop.ask(&[("scope", "openid report:read")]).await;
    assert_eq!(shop.poll(&id).await.unwrap()["scope"], "report:read");
}

async fn the_policy_refuses(shop: &Shop) {
    let id = shop.ask(&[("scope", "openid"), ("authorization_details", SALARY)]).await;
    assert_eq!(shop.poll(&id).await, denied());
}

async fn a_forged_callback_changes_nothing(shop: &Shop) {
    let id = shop.ask(&[]).await;
    let event = json!({ "type": "access_request.approved", "state": id });
    let forged = client()
        .post(format!("{}/countersign", shop.issuer))
        .header("webhook-id", "evt_0")
        .header("webhook-timestamp", shop.office.clock.now().as_second())
        .header("webhook-signature", "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        .json(&event);
    assert_eq!(answer(forged).await.status, 401);
    assert_eq!(shop.poll(&id).await, pending());
}

const PAYMENT: &str = r#"[{ "type": "payment", "amount": "12.50" }]"#;
const SALARY: &str = r#"[{ "type": "salary" }]"#;

async fn details_are_granted(shop: &Shop) {
    let id = shop.ask(&[("scope", "openid"), ("authorization_details", PAYMENT)]).await;
    shop.approve_all().await;
    let token = shop.poll(&id).await.unwrap();
    let expected: Value = serde_json::from_str(PAYMENT).unwrap();
    assert_eq!(token["authorization_details"], expected);
    assert_eq!(shop.introspect(&token).await["authorization_details"], expected);
}

async fn what_the_server_itself_refuses(shop: &Shop) {
    let unknown = shop.try_ask(&[("login_hint", "nobody")]).await;
    assert_eq!(unknown, Err("unknown_user_id".to_owned()));
    let unsupported = shop.try_ask(&[("authorization_details", r#"[{ "type": "other" }]"#)]).await;
    assert_eq!(unsupported, Err("invalid_authorization_details".to_owned()));
}

#[expect(clippy::disallowed_methods, reason = "the tests have no configuration file")]
#[tokio::test(flavor = "multi_thread")]
async fn a_certified_server_asks_and_hears() {
    let (Ok(issuer), Ok(listen)) = (std::env::var(ISSUER), std::env::var(LISTEN)) else {
        eprintln!("skipped: oidc-provider: run `cargo xtask peers oidc-provider`");
        return;
    };
    for database in [Some(Database::sqlite()), Database::postgres().await].into_iter().flatten() {
        let callback = Some(format!("{issuer}/countersign"));
        let site = Site { listen: listen.clone(), callback, ..Site::default() };
        let office = Office::open_at(database, Clock::system(), site).await;
        let shop = Shop { office, issuer: issuer.clone() };
        people_approve(&shop).await;
        people_approve_less(&shop).await;
        people_deny(&shop).await;
        nobody_decides(&shop).await;
        the_server_withdraws(&shop).await;
        the_policy_approves_at_once(&shop).await;
        the_policy_refuses(&shop).await;
        a_forged_callback_changes_nothing(&shop).await;
        details_are_granted(&shop).await;
        what_the_server_itself_refuses(&shop).await;
        let Shop { office, issuer } = shop;
        office.close().await;
        let down = client().post(format!("{issuer}/backchannel")).basic_auth(CLIENT, Some(SECRET));
        let down = down.form(&[("scope", BOTH), ("login_hint", "dana")]);
        assert_eq!(answer(down).await.body["error"], "server_error");
    }
}
