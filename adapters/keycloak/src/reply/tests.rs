//! Every answer, and what is made of it.

use bytes::Bytes;
use http::HeaderMap;

use super::*;

fn of(status: u16, delivery: Delivery) -> &'static str {
    let status = StatusCode::from_u16(status).unwrap();
    let answer = Answer { status, headers: HeaderMap::new(), body: Bytes::new() };
    word(&of_answer(&answer, delivery))
}

fn word(reply: &Reply) -> &'static str {
    match reply {
        Reply::Taken(_) => "taken",
        Reply::NotSent { .. } => "not sent",
        Reply::NotKnown { .. } => "not known",
        Reply::Refused { .. } => "refused",
        Reply::Unclear { .. } => "unclear",
    }
}

#[test]
fn doubt_is_never_taken_for_a_no() {
    for (status, poll, ping) in [
        (200, "taken", "taken"),
        (201, "unclear", "unclear"),
        (302, "refused", "refused"),
        (400, "refused", "unclear"),
        (401, "refused", "unclear"),
        (403, "not known", "not known"),
        (404, "refused", "refused"),
        (429, "not sent", "not sent"),
        (500, "unclear", "unclear"),
        (502, "unclear", "unclear"),
        (503, "unclear", "unclear"),
    ] {
        assert_eq!(of(status, Delivery::Poll), poll, "{status}");
        assert_eq!(of(status, Delivery::Ping), ping, "{status}, ping");
    }
}

#[test]
fn what_has_not_left_can_be_sent_again() {
    for (error, expected) in [
        (EgressError::Connect("refused".to_owned()), "not sent"),
        (EgressError::Tls("unknown issuer".to_owned()), "not sent"),
        (EgressError::TimedOut(Sent::No), "not sent"),
        (EgressError::TimedOut(Sent::Unknown), "unclear"),
        (EgressError::Broken("reset".to_owned()), "unclear"),
        (EgressError::TooLarge(1), "unclear"),
    ] {
        assert_eq!(word(&of_error(&error)), expected, "{error}");
    }
}
