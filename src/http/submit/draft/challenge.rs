//! A request that a resource server has asked for: what is asked is what it signed, and nothing else.

use crate::{
    domain::request::{AskingClient, Transaction},
    http::{caller::challenge::Challenge, submit::wire::SubmitRequest},
    refusal::Refusal,
};

/// Puts what was signed where the client would have said it.
pub(super) fn take(
    challenge: Challenge,
    body: &mut SubmitRequest,
    asking: &mut AskingClient,
) -> Result<Transaction, Refusal> {
    let requested = body.requested_access.get_or_insert_default();
    let says_more = requested.scope.is_some() || !requested.authorization_details.is_empty();
    let is_other = body.items.is_some() || body.action.is_some() || body.resource.is_some();
    if says_more || is_other || body.credential.is_some() {
        return Err(Refusal::InvalidRequest {
            detail: "the `transaction_challenge` says what is asked for: leave out `action`, \
                `resource`, `items`, `credential`, `requested_access.scope` and \
                `requested_access.authorization_details`"
                .to_owned(),
        });
    }
    requested.authorization_details = challenge.authorization_details;
    if let Some(actor) = challenge.actor {
        if asking.actor.as_ref().is_some_and(|said| *said != actor) {
            return Err(Refusal::ForbiddenClaim {
                detail: "`client.actor` is not who the `transaction_challenge` says that acts: \
                    leave it out"
                    .to_owned(),
            });
        }
        asking.actor = Some(actor);
    }
    Ok(challenge.transaction)
}
