//! What Keycloak's answer, or the lack of one, says about what it has done. A second `SUCCEED` would
//! delete what the first has granted, so that doubt is never taken for a no.

use countersign_egress::exchange::{Answer, EgressError, Sent};
use countersign_port::{auth_server::Receipt, delegation::Reply};
use http::StatusCode;
use sha2::{Digest, Sha256};

use crate::settings::Delivery;

pub(crate) fn of_answer(answer: &Answer, delivery: Delivery) -> Reply {
    let response_sha256 = hex::encode(Sha256::digest(&answer.body));
    let status = answer.status;
    if status == StatusCode::OK {
        return Reply::Taken(Receipt { status: status.as_u16(), response_sha256 });
    }
    // The body is Keycloak's own text; its hash is enough to find it there.
    let cause = format!("Keycloak answered {status}, body sha256 `{response_sha256}`");
    match status {
        StatusCode::FORBIDDEN => Reply::NotKnown { cause },
        StatusCode::TOO_MANY_REQUESTS => Reply::NotSent { cause },
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED if delivery == Delivery::Ping => {
            Reply::Unclear { cause }
        }
        _ if status.is_client_error() || status.is_redirection() => Reply::Refused { cause },
        _ => Reply::Unclear { cause },
    }
}

pub(crate) fn of_error(error: &EgressError) -> Reply {
    let cause = error.to_string();
    match error {
        EgressError::Blocked(_) => Reply::Refused { cause },
        EgressError::Connect(_) | EgressError::Tls(_) | EgressError::TimedOut(Sent::No) => {
            Reply::NotSent { cause }
        }
        EgressError::TimedOut(Sent::Unknown)
        | EgressError::Broken(_)
        | EgressError::TooLarge(_) => Reply::Unclear { cause },
    }
}

#[cfg(test)]
mod tests;
