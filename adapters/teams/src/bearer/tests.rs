//! Tokens, good and bad, as a table that other programs judge too.

use serde_json::json;

use super::*;
use crate::{
    fakes::{APP, ISSUER, KEYS, Stage, forge, sign},
    samples::at,
};

pub(crate) const SERVICE: &str = "https://smba.trafficmanager.net/emea/";

/// How a token differs from a good one, and what becomes of it.
pub(crate) type Row = (&'static str, Value, Value, Result<(), Mistrust>);

fn header() -> Value {
    json!({ "alg": "RS256", "typ": "JWT", "kid": "key-1" })
}

fn with(mut value: Value, name: &str, member: Value) -> Value {
    value[name] = member;
    value
}

fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name);
    value
}

fn claims(now: Timestamp) -> Value {
    let now = now.as_second();
    json!({
        "iss": ISSUER, "aud": APP, "exp": now + 3600, "nbf": now - 60, "serviceurl": SERVICE,
    })
}

/// Every rule, kept and broken.
pub(crate) fn table(at: Timestamp) -> Vec<Row> {
    let now = at.as_second();
    let claims = || claims(at);
    let h = header;
    let c = |name: &str, member: Value| with(claims(), name, member);
    vec![
        ("good", h(), claims(), Ok(())),
        ("aud of one in a list", h(), c("aud", json!([APP])), Ok(())),
        ("aud of two", h(), c("aud", json!([APP, "x"])), Err(Mistrust::Audience)),
        ("aud of none", h(), c("aud", json!([])), Err(Mistrust::Claims)),
        ("another aud", h(), c("aud", json!("x")), Err(Mistrust::Claims)),
        ("aud in another case", h(), c("aud", json!(APP.to_uppercase())), Err(Mistrust::Claims)),
        ("no aud", h(), without(claims(), "aud"), Err(Mistrust::Claims)),
        ("another iss", h(), c("iss", json!("https://sts.windows.net/t/")), Err(Mistrust::Claims)),
        ("iss with a slash", h(), c("iss", json!(format!("{ISSUER}/"))), Err(Mistrust::Claims)),
        ("no iss", h(), without(claims(), "iss"), Err(Mistrust::Claims)),
        ("no exp", h(), without(claims(), "exp"), Err(Mistrust::Claims)),
        ("exp as text", h(), c("exp", json!("9999999999")), Err(Mistrust::Claims)),
        ("expired within the leeway", h(), c("exp", json!(now - 200)), Ok(())),
        ("expired", h(), c("exp", json!(now - 400)), Err(Mistrust::Expired)),
        ("exp as fraction", h(), c("exp", json!(1_900_000_000.5)), Ok(())),
        ("exp beyond all time", h(), c("exp", json!(1e300)), Err(Mistrust::Claims)),
        ("no nbf", h(), without(claims(), "nbf"), Ok(())),
        ("early within the leeway", h(), c("nbf", json!(now + 200)), Ok(())),
        ("early", h(), c("nbf", json!(now + 400)), Err(Mistrust::Early)),
        ("nbf as text", h(), c("nbf", json!("0")), Err(Mistrust::Claims)),
        ("no kid", without(h(), "kid"), claims(), Err(Mistrust::UnknownKey)),
        ("unknown kid", with(h(), "kid", json!("key-9")), claims(), Err(Mistrust::UnknownKey)),
        ("kid of another key", with(h(), "kid", json!("key-2")), claims(), Err(Mistrust::Claims)),
        ("alg none", with(h(), "alg", json!("none")), claims(), Err(Mistrust::Algorithm)),
        ("alg HS256", with(h(), "alg", json!("HS256")), claims(), Err(Mistrust::Algorithm)),
        ("alg RS384", with(h(), "alg", json!("RS384")), claims(), Err(Mistrust::Algorithm)),
        ("no alg", without(h(), "alg"), claims(), Err(Mistrust::Algorithm)),
        ("jwk", with(h(), "jwk", json!({})), claims(), Err(Mistrust::Header)),
        ("jku", with(h(), "jku", json!("https://x")), claims(), Err(Mistrust::Header)),
        ("x5c", with(h(), "x5c", json!([])), claims(), Err(Mistrust::Header)),
        ("x5u", with(h(), "x5u", json!("https://x")), claims(), Err(Mistrust::Header)),
        ("crit", with(h(), "crit", json!(["exp"])), claims(), Err(Mistrust::Header)),
        ("b64", with(h(), "b64", json!(false)), claims(), Err(Mistrust::Header)),
        ("x5t", with(h(), "x5t", json!("abc")), claims(), Ok(())),
        ("no serviceurl", h(), without(claims(), "serviceurl"), Err(Mistrust::ServiceUrl)),
        (
            "serviceurl without its slash",
            h(),
            c("serviceurl", json!(SERVICE.trim_end_matches('/'))),
            Ok(()),
        ),
        (
            "another serviceurl",
            h(),
            c("serviceurl", json!("https://smba.trafficmanager.net/amer/")),
            Err(Mistrust::ServiceUrl),
        ),
        (
            "serviceUrl in capitals",
            h(),
            with(without(claims(), "serviceurl"), "serviceUrl", json!(SERVICE)),
            Err(Mistrust::ServiceUrl),
        ),
    ]
}

fn now() -> Timestamp {
    at("2026-11-22T14:56:00Z")
}

fn wanted() -> Wanted<'static> {
    Wanted { issuer: ISSUER, audience: APP, now: now() }
}

async fn keys(stage: &Stage) -> Keys {
    let published =
        [KEYS[0].published(&json!(["msteams", "skype"])), KEYS[1].published(&json!([]))];
    *stage.microsoft.keys.lock().unwrap() = published.to_vec();
    let url = format!("{}/openid", stage.address).parse().unwrap();
    let keys = Keys::new(crate::fakes::egress(), url, stage.now());
    assert!(keys.find("key-1").await.is_some());
    keys
}

async fn verdict(token: &str, keys: &Keys) -> Result<(), Mistrust> {
    verify(token, keys, wanted()).await?.speaks_for("msteams", SERVICE)
}

#[tokio::test]
async fn every_rule_has_tokens_that_keep_and_break_it() {
    let stage = Stage::empty().await;
    let keys = keys(&stage).await;
    for (name, header, claims, expected) in table(now()) {
        let token = forge(&KEYS[0], &header, &claims);
        assert_eq!(verdict(&token, &keys).await, expected, "{name}");
    }
}

#[tokio::test]
async fn the_leeway_is_five_minutes_to_the_second() {
    let stage = Stage::empty().await;
    let keys = keys(&stage).await;
    for (claim, seconds, expected) in [
        ("exp", -300, Ok(())),
        ("exp", -301, Err(Mistrust::Expired)),
        ("nbf", 300, Ok(())),
        ("nbf", 301, Err(Mistrust::Early)),
    ] {
        let at = json!(now().as_second() + seconds);
        let token = forge(&KEYS[0], &header(), &with(claims(now()), claim, at));
        assert_eq!(verdict(&token, &keys).await, expected, "{claim} {seconds}");
    }
}

#[tokio::test]
async fn a_broken_token_is_malformed_or_unsigned() {
    let stage = Stage::empty().await;
    let keys = keys(&stage).await;
    let good = forge(&KEYS[0], &header(), &claims(now()));
    assert_eq!(verdict(&good, &keys).await, Ok(()));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other = forge(&KEYS[0], &header(), &with(claims(now()), "serviceurl", json!("https://x/")));
    let changed = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
    for (name, token, expected) in [
        ("changed", changed, Mistrust::Claims),
        ("unsigned", format!("{signed}."), Mistrust::Claims),
        ("another key's", forge(&KEYS[1], &header(), &claims(now())), Mistrust::Claims),
        ("two parts", signed.to_owned(), Mistrust::Claims),
        ("five parts", format!("{good}.x.y"), Mistrust::Claims),
        ("no header", format!("!.{signature}"), Mistrust::Malformed),
        ("a header that is no object", format!("MQ.MQ.{signature}"), Mistrust::Malformed),
        ("too long", format!("{good}{}", "A".repeat(16 * 1024)), Mistrust::Malformed),
        ("empty", String::new(), Mistrust::Malformed),
    ] {
        assert_eq!(verdict(&token, &keys).await, Err(expected), "{name}");
    }
}

#[tokio::test]
async fn a_key_speaks_for_the_channels_that_it_endorses() {
    let stage = Stage::empty().await;
    let keys = keys(&stage).await;
    let bearer = |kid: &'static crate::fakes::TestKey| {
        let token = sign(kid, &claims(now()));
        let keys = &keys;
        async move { verify(&token, keys, wanted()).await.map_err(|why| why.to_string()).unwrap() }
    };
    let endorsed = bearer(&KEYS[0]).await;
    assert_eq!(endorsed.speaks_for("msteams", SERVICE), Ok(()));
    assert_eq!(endorsed.speaks_for("skype", SERVICE), Err(Mistrust::Endorsement));
    assert_eq!(endorsed.speaks_for("", SERVICE), Err(Mistrust::Endorsement));
    let bare = bearer(&KEYS[1]).await;
    assert_eq!(bare.speaks_for("msteams", SERVICE), Err(Mistrust::Endorsement));
}

#[tokio::test]
async fn a_service_address_is_on_the_list_and_https() {
    let hosts = ServiceHosts::new(["smba.trafficmanager.net"]).unwrap();
    assert_eq!(admit_service(SERVICE, &hosts), Ok(()));
    for url in ["http://smba.trafficmanager.net/", "https://evil.example/", "", "smba"] {
        assert_eq!(admit_service(url, &hosts), Err(Mistrust::ServiceHost), "{url}");
    }
}
