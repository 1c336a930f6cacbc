//! Identifiers as types: each parses its own prefix, so that none can stand in for another.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// Not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: expected `{prefix}` and 26 characters of 0-9 a-z")]
pub struct NotAnId {
    kind: &'static str,
    prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Makes an id out of a fresh ULID; `clock.rs` is the only place that has one.
            pub fn from_ulid(ulid: ulid::Ulid) -> Self {
                Self(format!(concat!($prefix, "{}"), ulid.to_string().to_ascii_lowercase()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                match text.strip_prefix($prefix) {
                    Some(rest) if is_ulid(rest) => Ok(Self(text.to_owned())),
                    _ => Err(NotAnId { kind: $kind, prefix: $prefix }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// An access request, and its task.
    RequestId, "arq_", "request id"
);
id!(
    /// An approval.
    ApprovalId, "apr_", "approval id"
);
/// An evaluation that ended in a denial: when it was made, when the denial runs out, and what makes
/// sure that both are ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationId {
    pub number: ulid::Ulid,
    pub expires_at: jiff::Timestamp,
    pub proof: Proof,
}

/// Half of a MAC.
pub type Proof = [u8; 16];

const EVALUATION: &str = "eval_";

impl EvaluationId {
    /// What the proof is made over, beside what was evaluated.
    pub fn bytes(number: ulid::Ulid, expires_at: jiff::Timestamp) -> [u8; 24] {
        let mut bytes = [0; 24];
        let (left, right) = bytes.split_at_mut(16);
        left.copy_from_slice(&number.to_bytes());
        right.copy_from_slice(&expires_at.as_second().to_be_bytes());
        bytes
    }
}

impl fmt::Display for EvaluationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&Self::bytes(self.number, self.expires_at)[..], &self.proof].concat();
        write!(f, "{EVALUATION}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for EvaluationId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let not = || NotAnId { kind: "evaluation id", prefix: EVALUATION };
        let text = text.strip_prefix(EVALUATION).ok_or_else(not)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| not())?;
        let (number, rest) = bytes.split_first_chunk::<16>().ok_or_else(not)?;
        let (seconds, proof) = rest.split_first_chunk::<8>().ok_or_else(not)?;
        let expires_at = jiff::Timestamp::from_second(i64::from_be_bytes(*seconds));
        Ok(Self {
            number: ulid::Ulid::from_bytes(*number),
            expires_at: expires_at.map_err(|_| not())?,
            proof: proof.try_into().map_err(|_| not())?,
        })
    }
}

id!(
    /// An entry of the audit log.
    EntryId, "aud_", "entry id"
);
id!(
    /// An event that is called back; also its `webhook-id`.
    EventId, "evt_", "event id"
);
id!(
    /// A card in one channel.
    CardId, "crd_", "card id"
);

fn is_ulid(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// A registered integrator: the `id` of an entry under `clients:` in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(pub String);

/// A person: the key of an entry in the people file. Never an account, name or address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub String);

/// A group of people, by the name that the policy uses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Group(pub String);

macro_rules! name {
    ($($name:ident),*) => {$(
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

name!(ClientId, PersonId, Group);

impl Group {
    /// The team that it is a role of: `shop` of `shop.lead`.
    pub fn team(&self) -> Option<Self> {
        self.0.split_once('.').map(|(team, _)| Self::from(team))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_one_kind_is_not_an_id_of_another() {
        let request = RequestId::from_ulid(ulid::Ulid::from_parts(1, 2));
        assert_eq!(request.as_str().parse::<RequestId>(), Ok(request.clone()));
        assert!(request.as_str().parse::<ApprovalId>().is_err());
        for bad in ["", "arq_", "arq_0", "arq_0000000000000000000000000/", "arq_ÄÄÄÄÄÄÄÄÄÄÄÄÄ"]
        {
            assert!(bad.parse::<RequestId>().is_err(), "{bad}");
        }
    }
}
