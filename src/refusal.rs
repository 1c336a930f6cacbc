//! Why the service says no to a client: a short closed list. `http/problem.rs` maps it to problem
//! types; nothing else does.

use crate::domain::{
    access::{self, claim::Unclaimable, open::Proof},
    brake::Held,
    client::Client,
    outcome::Status,
    policy::step_up::StepUp,
    right::Right,
};

/// A refusal, with what the caller needs to know to do better.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body is JSON but not a request.
    #[error("{detail}")]
    InvalidRequest { detail: String },
    /// The body breaks a rule of I-JSON.
    #[error("{detail}")]
    NotIJson { detail: String },
    /// A scope, action, detail type or parameter that the catalogue does not have, or that this
    /// client may not ask for.
    #[error("{detail}")]
    InvalidScope { detail: String },
    /// The callback endpoint is not registered for the client.
    #[error("{detail}")]
    InvalidCallback { detail: String },
    /// A claim that this client may not make.
    #[error("{detail}")]
    ForbiddenClaim { detail: String },
    /// The client is known, and is not registered to do this.
    #[error("{detail}")]
    Forbidden { detail: String },
    /// No rule of the policy matches, or one refuses.
    #[error("{detail}")]
    NoMatchingRule { detail: String },
    /// The policy wants to know why, and it was not said.
    #[error(
        "the policy wants to know why this is asked for: say it in `context.justification`, or in the mode `arap` in `context[\"urn:countersign:justification\"]`"
    )]
    Unjustified,
    /// The requester must sign in otherwise first.
    #[error("{detail}")]
    StepUp { detail: String, wanted: StepUp },
    /// The plan cannot be carried out: nobody to ask, or nowhere to ask them.
    #[error("{detail}")]
    Unroutable { detail: String },
    /// The caller is not known, or its signature is not good.
    #[error("{detail}")]
    Unauthenticated { detail: String },
    /// The idempotency key, or a signed message, was used before with something else in it.
    #[error("{detail}")]
    Duplicate { detail: String },
    /// What is asked is not what was denied, or nobody can tell.
    #[error("{detail}")]
    InvalidDenialBinding { detail: String },
    /// The challenge of a resource server does not hold.
    #[error("{detail}")]
    InvalidTransactionChallenge { detail: String },
    #[error("the denial has run out: have it evaluated once more, and ask with the new one")]
    ExpiredDenial,
    /// It was denied, and there is no way to a yes any more.
    #[error("{detail}")]
    NotRequestable { detail: String },
    #[error("the request is no longer kept: it ended at least a day ago")]
    TaskExpired,
    #[error("there is no such request, or it is not yours")]
    UnknownTask,
    #[error("the request has ended already: `{}`", .status.as_str())]
    InvalidTaskState { status: Status },
    /// There is no credential to be had, or not now.
    #[error("{detail}")]
    NotClaimable { detail: String },
    #[error("{detail}")]
    RateLimited { detail: String, retry_after_seconds: u64 },
    #[error("not recorded: the service cannot write just now; send the same again in a moment")]
    Unavailable,
}

/// A database that cannot answer is told to the operator; the caller is told to come back.
impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the database did not answer");
        Self::Unavailable
    }
}

/// Whether a client may do this, as it is registered.
pub fn need(client: &Client, right: Right) -> Result<(), Refusal> {
    if client.may.has(right) {
        return Ok(());
    }
    let right = right.as_str();
    let detail = format!(
        "client `{}` has not the right `{right}`: whoever runs the service can add it to `may`",
        client.id
    );
    Err(Refusal::Forbidden { detail })
}

impl Refusal {
    /// A guardrail holds the client back from an instant on.
    pub fn held_back(held: &Held) -> Self {
        let seconds = held.until.duration_since(held.at).as_secs().max(0) + 1;
        Self::RateLimited {
            detail: held.sentence(),
            retry_after_seconds: u64::try_from(seconds).unwrap_or(u64::MAX),
        }
    }
}

impl From<access::Refused> for Refusal {
    fn from(refused: access::Refused) -> Self {
        match refused {
            access::Refused::KeyReused => Self::Duplicate {
                detail: "this Idempotency-Key was used with another body; use a new key for a new request"
                    .to_owned(),
            },
            access::Refused::TooManyPending { limit } => Self::RateLimited {
                detail: format!(
                    "this client has {limit} requests pending, as many as it may; wait for one to end or cancel one"
                ),
                retry_after_seconds: 30,
            },
            access::Refused::Spent(Proof::Challenge) => Self::InvalidTransactionChallenge {
                detail: "another request was made with this `transaction_challenge`: get a new one \
                    from the resource server"
                    .to_owned(),
            },
            access::Refused::Spent(Proof::Denial) => Self::InvalidDenialBinding {
                detail: "another request was made with this denial: have it evaluated once more"
                    .to_owned(),
            },
            access::Refused::HeldBack(held) => Self::held_back(&held),
            access::Refused::Unknown | access::Refused::NotJoinable => Self::UnknownTask,
            access::Refused::Over(status) => Self::InvalidTaskState { status },
            access::Refused::Claim(why @ (Unclaimable::Unbound | Unclaimable::NoSession)) => {
                Self::ForbiddenClaim { detail: format!("no credential: {why}") }
            }
            access::Refused::Claim(why) => {
                Self::NotClaimable { detail: format!("no credential: {why}") }
            }
            access::Refused::Vote(_)
            | access::Refused::WrongNumber { .. }
            | access::Refused::NotActive
            | access::Refused::Unavailable => Self::Unavailable,
        }
    }
}
