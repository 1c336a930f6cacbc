//! What a token is good for, member by member and second by second.

use super::*;
use crate::domain::binding::Tuple;

const US: &str = "https://countersign.example";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn evaluated() -> Evaluated {
    let tuple: Tuple = serde_json::from_value(json!({
        "subject": { "type": "user", "id": "ana@example.com" },
        "resource": { "type": "oauth_client", "id": "crm-sync" },
        "action": { "name": "grant_scope" },
        "context": { "scope": "a b" },
    }))
    .unwrap();
    let actor =
        Some(Actor { act: None, id: "bot".to_owned(), issuer: Some("https://bots".to_owned()) });
    Evaluated { client: ClientId::from("gate"), actor, binding: tuple.binding() }
}

fn given() -> (Claims, Presented) {
    let id = EvaluationId { number: ulid::Ulid(7), expires_at: at(1_600), proof: [1; 16] };
    let claims = evaluated().claims(US, &id, at(1_000), at(1_600));
    let presented = Presented {
        evaluation_id: Some(id.to_string()),
        binding_token: None,
        expires_at: at(1_600),
    };
    (claims, presented)
}

#[test]
fn what_was_given_fits_until_thirty_seconds_past_its_end() {
    let (claims, presented) = given();
    let fits = |now| evaluated().fits(&claims, &presented, US, at(now));
    assert_eq!(fits(1_000), Ok(()));
    assert_eq!(fits(1_629), Ok(()));
    assert_eq!(fits(1_630), Err(Unbound::Late));
}

#[test]
fn the_earlier_of_two_ends_counts() {
    let (claims, presented) = given();
    let shorter = Claims { exp: 1_500, ..claims };
    assert_eq!(evaluated().fits(&shorter, &presented, US, at(1_529)), Ok(()));
    assert_eq!(evaluated().fits(&shorter, &presented, US, at(1_530)), Err(Unbound::Late));
}

#[test]
fn whatever_is_wrong_is_wrong_before_it_is_late() {
    let (good, presented) = given();
    let fits = |claims: &Claims| evaluated().fits(claims, &presented, US, at(9_999));
    let text = || "other".to_owned();
    assert_eq!(fits(&Claims { iss: text(), ..good.clone() }), Err(Unbound::Token));
    assert_eq!(fits(&Claims { aud: text(), ..good.clone() }), Err(Unbound::Token));
    assert_eq!(fits(&Claims { client_id: text(), ..good.clone() }), Err(Unbound::Caller));
    assert_eq!(fits(&Claims { act: None, ..good.clone() }), Err(Unbound::Caller));
    assert_eq!(fits(&Claims { binding_hash: text(), ..good.clone() }), Err(Unbound::Changed));
    let fewer = Claims { binding_context_members: Vec::new(), ..good.clone() };
    assert_eq!(fits(&fewer), Err(Unbound::Changed));
    assert_eq!(fits(&Claims { evaluation_id: text(), ..good.clone() }), Err(Unbound::Id));
    let later = Claims { denial_expires_at: at(1_601), ..good.clone() };
    assert_eq!(fits(&later), Err(Unbound::Expiry));
    assert_eq!(fits(&good), Err(Unbound::Late));
}

#[test]
fn an_id_is_read_as_it_was_written() {
    let id = EvaluationId { number: ulid::Ulid(7), expires_at: at(1_600), proof: [1; 16] };
    assert_eq!(id.to_string().parse(), Ok(id.clone()));
    let whole = id.to_string();
    let cut: String = whole.chars().take(whole.len() - 2).collect();
    for bad in ["", "eval_", "eval_AAAA", &cut, &format!("{whole}AA")] {
        assert!(bad.parse::<EvaluationId>().is_err(), "{bad}");
    }
}
