//! What an answer, or the lack of one, means for the delivery. A callback may arrive twice under
//! one id, so that a doubtful attempt is simply made again.

use std::time::{Duration, SystemTime};

use countersign_egress::{
    exchange::{Answer, EgressError},
    target::Blocked,
};
use countersign_port::{
    auth_server::Receipt,
    error::{GiveUp, SendError},
};
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// A receiver cannot silence us for longer.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

pub(crate) fn of_answer(answer: &Answer, now: Timestamp) -> Result<Receipt, SendError> {
    let response_sha256 = hex::encode(Sha256::digest(&answer.body));
    let status = answer.status;
    if status.is_success() {
        return Ok(Receipt { status: status.as_u16(), response_sha256 });
    }
    // The body is the receiver's own text; its hash is enough to find it there.
    let cause = format!("the endpoint answered {status}, body sha256 `{response_sha256}`");
    Err(match status {
        StatusCode::GONE => SendError::GiveUp { why: GiveUp::Gone, cause },
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            SendError::Retry { after: retry_after(&answer.headers, now), cause }
        }
        _ => SendError::Retry { after: None, cause },
    })
}

pub(crate) fn of_error(error: EgressError) -> SendError {
    match error {
        EgressError::Blocked(blocked) => of_block(&blocked),
        EgressError::Tls(cause) => SendError::GiveUp { why: GiveUp::Tls, cause },
        error @ (EgressError::Connect(_)
        | EgressError::TimedOut(_)
        | EgressError::Broken(_)
        | EgressError::TooLarge(_)) => SendError::Retry { after: None, cause: error.to_string() },
    }
}

pub(crate) fn of_block(blocked: &Blocked) -> SendError {
    SendError::GiveUp { why: GiveUp::Blocked, cause: blocked.to_string() }
}

/// Seconds or a date. What is past or cannot be read asks for nothing.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wanted = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit ask for the longest wait.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        date.duration_since(SystemTime::from(now)).ok()?
    };
    (!wanted.is_zero() && !text.is_empty()).then(|| wanted.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Option<u64> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        let now = "1994-11-06T08:49:37Z".parse().unwrap();
        retry_after(&headers, now).map(|after| after.as_secs())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_at_most_an_hour() {
        for (value, seconds) in [
            ("120", Some(120)),
            ("3600", Some(3600)),
            ("3601", Some(3600)),
            ("99999999999999999999999999", Some(3600)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60)),
            ("Sun Nov  6 08:50:37 1994", Some(60)),
            ("Fri, 31 Dec 1999 23:59:59 GMT", Some(3600)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:00:00 GMT", None),
            ("0", None),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(asked(value), seconds, "{value}");
        }
    }
}
