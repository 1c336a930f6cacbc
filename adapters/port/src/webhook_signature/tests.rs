//! The official crate judges our signatures, and we judge its; then everything that must fail.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderMap;
use jiff::{Timestamp, ToSpan};

use super::{
    Headers, Message, SIGNATURE_HEADER, Signer, TIMESTAMP_HEADER, WINDOW_S, Why,
    key::{MalformedKey, PublicKey, Secret, SigningKey},
    verify, verify_v1a,
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ID: &str = "evt_01K0000000000000000000000";
const BODY: &[u8] = br#"{"type":"access_request.approved"}"#;

fn secret(text: &str) -> Secret {
    text.parse().unwrap()
}

fn signing_key(seed: u8) -> SigningKey {
    format!("whsk_{}", STANDARD.encode([seed; 32])).parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn noon() -> Timestamp {
    at(1_795_348_800)
}

fn signed(signer: &Signer, at: Timestamp, body: &[u8]) -> String {
    signer.sign(&Message::new(ID, at, body).unwrap())
}

fn judge(id: &str, timestamp: &str, signature: &str, body: &[u8]) -> Result<(), Why> {
    let headers = Headers { id, timestamp, signature };
    verify(&headers, body, &[secret(SECRET)], noon()).map(|_| ())
}

#[test]
fn the_known_answer_of_the_standard() {
    let signer = Signer::new(secret(OTHER), vec![], None);
    let body = br#"{"email":"test@example.com","username":"test_user"}"#;
    let message = Message::new("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", at(1_649_367_553), body);

    assert_eq!(signer.sign(&message.unwrap()), "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the official verifier reads the system's clock")]
fn the_official_verifier_accepts_ours() {
    let signer = Signer::new(secret(SECRET), vec![secret(OTHER)], Some(signing_key(7)));
    let now = Timestamp::now();
    let mut headers = HeaderMap::new();
    headers.insert(super::ID_HEADER, ID.parse().unwrap());
    headers.insert(TIMESTAMP_HEADER, now.as_second().to_string().parse().unwrap());
    headers.insert(SIGNATURE_HEADER, signed(&signer, now, BODY).parse().unwrap());

    for known in [SECRET, OTHER] {
        standardwebhooks::Webhook::new(known).unwrap().verify(BODY, &headers).unwrap();
    }
    let stranger = standardwebhooks::Webhook::from_bytes(vec![1; 32]).unwrap();
    stranger.verify(BODY, &headers).unwrap_err();
}

#[test]
fn we_accept_what_the_official_crate_signs() {
    for text in [SECRET, OTHER] {
        let official = standardwebhooks::Webhook::new(text).unwrap();
        let signature = official.sign(ID, noon().as_second(), BODY).unwrap();
        let timestamp = noon().as_second().to_string();
        let headers = Headers { id: ID, timestamp: &timestamp, signature: &signature };

        let verified = verify(&headers, BODY, &[secret(OTHER), secret(SECRET)], noon()).unwrap();
        assert_eq!((verified.id(), verified.sent_at(), verified.body()), (ID, noon(), BODY));
    }
}

/// The twelve ways of tampering, each with the reason it must fail for.
#[test]
fn tampering_is_refused() {
    let good = signed(&Signer::new(secret(SECRET), vec![], None), noon(), BODY);
    let ours = noon().as_second().to_string();
    let later = (noon().as_second() + 1).to_string();
    let stranger = signed(&Signer::new(secret(OTHER), vec![], None), noon(), BODY);
    let moved = good.replacen("v1,", "v1a,", 1);
    let bit = good.replacen("v1,", "v1,A", 1);
    let long = format!("{good}AAAA");
    let shorter: String = good.chars().take(good.len() - 4).collect();
    let changed = br#"{"type":"access_request.approvee"}"#.as_slice();
    let longer = [BODY, b" "].concat();
    // The same signed text, with the border between id and time moved.
    let (shifted_id, shifted_time) = ("evt_01K", format!("0.{ours}"));

    judge(ID, &ours, &good, BODY).unwrap();
    let table = [
        ("another id", judge("evt_01K0000000000000000000001", &ours, &good, BODY), Why::NoMatch),
        ("another time", judge(ID, &later, &good, BODY), Why::NoMatch),
        ("another body", judge(ID, &ours, &good, changed), Why::NoMatch),
        ("a longer body", judge(ID, &ours, &good, &longer), Why::NoMatch),
        ("no body", judge(ID, &ours, &good, b""), Why::NoMatch),
        ("another secret", judge(ID, &ours, &stranger, BODY), Why::NoMatch),
        ("another version", judge(ID, &ours, &moved, BODY), Why::NoMatch),
        ("another signature", judge(ID, &ours, &bit, BODY), Why::NoMatch),
        ("a longer signature", judge(ID, &ours, &long, BODY), Why::NoMatch),
        ("a shorter signature", judge(ID, &ours, &shorter, BODY), Why::NoMatch),
        ("no signature", judge(ID, &ours, "", BODY), Why::NoMatch),
        ("a moved border", judge(shifted_id, &shifted_time, &good, BODY), Why::MalformedTimestamp),
    ];
    for (name, found, wanted) in table {
        assert_eq!(found, Err(wanted), "{name}");
    }
}

/// RUSTSEC-2024-0010: a comparison that stopped at the shorter side took `v1,` for a signature.
#[test]
fn part_of_a_signature_is_none() {
    let good = signed(&Signer::new(secret(SECRET), vec![], None), noon(), BODY);
    let ours = noon().as_second().to_string();

    for end in 0..good.len() {
        let part: String = good.chars().take(end).collect();
        assert_eq!(judge(ID, &ours, &part, BODY), Err(Why::NoMatch), "{end}");
    }
}

#[test]
fn odd_entries_are_passed_over() {
    let good = signed(&Signer::new(secret(SECRET), vec![], None), noon(), BODY);
    let ours = noon().as_second().to_string();
    let many = |before: usize| format!("{}{good}", "v1,AAAA ".repeat(before));

    for odd in ["v1", "v2,abc", ",", " ", "v1,", "v1,***", "v1a,AAAA", "\u{e9},\u{e9}"] {
        judge(ID, &ours, &format!("{odd} {good}"), BODY).unwrap();
        judge(ID, &ours, &format!("{good} {odd}"), BODY).unwrap();
        assert_eq!(judge(ID, &ours, odd, BODY), Err(Why::NoMatch), "{odd}");
    }
    judge(ID, &ours, &many(15), BODY).unwrap();
    assert_eq!(judge(ID, &ours, &many(16), BODY), Err(Why::NoMatch));
}

#[test]
fn the_window_ends_both_ways() {
    let signer = Signer::new(secret(SECRET), vec![], None);
    let judged = |offset: i64| {
        let sent = noon() + offset.seconds();
        judge(ID, &sent.as_second().to_string(), &signed(&signer, sent, BODY), BODY)
    };

    judged(-WINDOW_S).unwrap();
    judged(WINDOW_S).unwrap();
    assert_eq!(judged(-WINDOW_S - 1), Err(Why::TooOld));
    assert_eq!(judged(WINDOW_S + 1), Err(Why::TooNew));
}

#[test]
fn a_time_has_one_spelling() {
    let good = signed(&Signer::new(secret(SECRET), vec![], None), noon(), BODY);
    let ours = noon().as_second();

    for odd in [
        format!("+{ours}"),
        format!("0{ours}"),
        format!("{ours}.0"),
        format!(" {ours}"),
        format!("{ours}000"),
        format!("-{ours}"),
        "0".into(),
        "99999999999999999999".into(),
        "\u{0661}".into(),
        String::new(),
    ] {
        assert_eq!(judge(ID, &odd, &good, BODY), Err(Why::MalformedTimestamp), "{odd}");
    }
}

#[test]
fn an_id_has_no_dot() {
    for odd in ["", "a.b", ".", "a b", "a\n", "\u{e9}", &"a".repeat(257)] {
        assert_eq!(Message::new(odd, noon(), BODY).unwrap_err(), Why::MalformedId, "{odd}");
    }
}

#[test]
fn a_rotation_shows_two_signatures() {
    let both = Signer::new(secret(OTHER), vec![secret(SECRET)], None);
    let alone = |text| signed(&Signer::new(secret(text), vec![], None), noon(), BODY);
    let header = signed(&both, noon(), BODY);

    assert_eq!(header, format!("{} {}", alone(OTHER), alone(SECRET)));
    let ours = noon().as_second().to_string();
    judge(ID, &ours, &header, BODY).unwrap();
    let headers = Headers { id: ID, timestamp: &ours, signature: &header };
    assert_eq!(verify(&headers, BODY, &[], noon()).unwrap_err(), Why::NoMatch);
}

#[test]
fn v1a_goes_round() {
    let key = signing_key(7);
    let public: PublicKey = key.public().to_string().parse().unwrap();
    let stranger = signing_key(8).public();
    let header = signed(&Signer::new(secret(SECRET), vec![], Some(key)), noon(), BODY);
    let ours = noon().as_second().to_string();
    let headers = Headers { id: ID, timestamp: &ours, signature: &header };

    assert!(header.split(' ').all(|entry| entry.contains(',')));
    verify_v1a(&headers, BODY, &public, noon()).unwrap();
    assert_eq!(verify_v1a(&headers, b"", &public, noon()).unwrap_err(), Why::NoMatch);
    assert_eq!(verify_v1a(&headers, BODY, &stranger, noon()).unwrap_err(), Why::NoMatch);
    let late = noon() + 301.seconds();
    assert_eq!(verify_v1a(&headers, BODY, &public, late).unwrap_err(), Why::TooOld);
}

#[test]
fn keys_are_parsed_strictly_and_print_nothing() {
    let of = |prefix: &str, bytes: usize| format!("{prefix}{}", STANDARD.encode(vec![5; bytes]));

    for bytes in [24, 32, 64] {
        assert_eq!(format!("{:?}", secret(&of("whsec_", bytes))), "Secret");
    }
    for bytes in [0, 23, 65, 200] {
        let refused = of("whsec_", bytes).parse::<Secret>().unwrap_err();
        assert_eq!(refused, MalformedKey::Length("24 to 64 bytes"));
    }
    let bare = of("", 32).parse::<Secret>().unwrap_err();
    assert_eq!(bare, MalformedKey::Prefix("whsec_"));
    assert_eq!("whsec_*".parse::<Secret>().unwrap_err(), MalformedKey::Base64);

    assert_eq!(format!("{:?}", signing_key(7)), "SigningKey");
    let public = signing_key(7).public();
    let half = STANDARD.decode(public.to_string().strip_prefix("whpk_").unwrap()).unwrap();
    let halves = [vec![7; 32], half].concat();
    let pair: SigningKey = format!("whsk_{}", STANDARD.encode(&halves)).parse().unwrap();
    assert_eq!(pair.public(), public);
    assert_eq!(of("whsk_", 64).parse::<SigningKey>().unwrap_err(), MalformedKey::Curve);
    assert_eq!(
        of("whsk_", 31).parse::<SigningKey>().unwrap_err(),
        MalformedKey::Length("32 or 64 bytes")
    );
    assert_eq!(of("whpk_", 31).parse::<PublicKey>().unwrap_err(), MalformedKey::Length("32 bytes"));
}
