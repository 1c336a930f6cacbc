//! The table of signatures.

use super::*;

/// The published case of Slack's SDKs.
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SIGNED_AT: i64 = 1_531_420_618;
const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&\
    channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&\
    command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F\
    T1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.\
    803a0bc887a14d10d2c447fce8b6703c";
const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, axum::http::HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

async fn knock(pairs: &[(&'static str, &[u8])], body: &[u8], now: i64) -> Result<Bytes, Outside> {
    enter(&headers(pairs), Body::from(body.to_vec()), &SECRET.into(), at(now)).await
}

#[tokio::test]
async fn the_published_case_comes_in() {
    let pairs: [(&str, &[u8]); 2] =
        [(TIMESTAMP_HEADER, b"1531420618"), (SIGNATURE_HEADER, SIGNATURE.as_bytes())];
    assert_eq!(knock(&pairs, BODY.as_bytes(), SIGNED_AT).await.unwrap(), BODY.as_bytes());
}

#[tokio::test]
async fn the_window_is_300_seconds_both_ways() {
    let pairs: [(&str, &[u8]); 2] =
        [(TIMESTAMP_HEADER, b"1531420618"), (SIGNATURE_HEADER, SIGNATURE.as_bytes())];
    for (offset, comes_in) in [(300, true), (-300, true), (301, false), (-301, false)] {
        let result = knock(&pairs, BODY.as_bytes(), SIGNED_AT + offset).await;
        assert_eq!(result.is_ok(), comes_in, "{offset}");
    }
}

#[tokio::test]
async fn whatever_is_wrong_the_answer_is_the_same() {
    let (time, signature): (&[u8], &[u8]) = (b"1531420618", SIGNATURE.as_bytes());
    let wrong_secret = sign("another", "1531420618", BODY.as_bytes());
    let no_number = sign(SECRET, "1531420618x", BODY.as_bytes());
    let signed_plus = sign(SECRET, "+1531420618", BODY.as_bytes());
    let upper_version = SIGNATURE.replace("v0=", "V0=");
    let cases: Vec<Vec<(&str, &[u8])>> = vec![
        vec![],
        vec![(TIMESTAMP_HEADER, time)],
        vec![(SIGNATURE_HEADER, signature)],
        vec![(TIMESTAMP_HEADER, time), (TIMESTAMP_HEADER, time), (SIGNATURE_HEADER, signature)],
        vec![
            (TIMESTAMP_HEADER, time),
            (SIGNATURE_HEADER, signature),
            (SIGNATURE_HEADER, signature),
        ],
        vec![(TIMESTAMP_HEADER, b"1531420618x"), (SIGNATURE_HEADER, no_number.as_bytes())],
        vec![(TIMESTAMP_HEADER, b"+1531420618"), (SIGNATURE_HEADER, signed_plus.as_bytes())],
        vec![(TIMESTAMP_HEADER, b""), (SIGNATURE_HEADER, signature)],
        vec![(TIMESTAMP_HEADER, b"1531420619"), (SIGNATURE_HEADER, signature)],
        vec![(TIMESTAMP_HEADER, b"\xff\xfe"), (SIGNATURE_HEADER, signature)],
        vec![(TIMESTAMP_HEADER, time), (SIGNATURE_HEADER, b"\xff\xfe")],
        vec![(TIMESTAMP_HEADER, time), (SIGNATURE_HEADER, b"v0=")],
        vec![(TIMESTAMP_HEADER, time), (SIGNATURE_HEADER, b"v0=zz")],
        vec![(TIMESTAMP_HEADER, time), (SIGNATURE_HEADER, &signature[..40])],
        vec![(TIMESTAMP_HEADER, time), (SIGNATURE_HEADER, upper_version.as_bytes())],
        vec![(TIMESTAMP_HEADER, time), (SIGNATURE_HEADER, wrong_secret.as_bytes())],
    ];
    for (number, pairs) in cases.iter().enumerate() {
        let result = knock(pairs, BODY.as_bytes(), SIGNED_AT).await;
        assert_eq!(result, Err(Outside::Unsigned), "case {number}");
    }
    let pairs = [(TIMESTAMP_HEADER, time), (SIGNATURE_HEADER, signature)];
    let tampered = BODY.replace("U2CERLKJA", "U2CERLKJB");
    assert_eq!(knock(&pairs, tampered.as_bytes(), SIGNED_AT).await, Err(Outside::Unsigned));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_signed_like_others() {
    let body = b"payload=\xff\xfe\x00";
    let signature = sign(SECRET, "1531420618", body);
    let pairs: [(&str, &[u8]); 2] =
        [(TIMESTAMP_HEADER, b"1531420618"), (SIGNATURE_HEADER, signature.as_bytes())];
    assert_eq!(knock(&pairs, body, SIGNED_AT).await.unwrap(), &body[..]);
}

#[tokio::test]
async fn one_byte_too_many_is_not_even_verified() {
    for (bytes, expected) in
        [(MAX_BODY_BYTES, Outside::Unsigned), (MAX_BODY_BYTES + 1, Outside::TooLarge)]
    {
        assert_eq!(knock(&[], &vec![b'x'; bytes], SIGNED_AT).await, Err(expected));
    }
    let declared = knock(&[("content-length", b"300000")], b"", SIGNED_AT).await;
    assert_eq!(declared, Err(Outside::TooLarge));
}
