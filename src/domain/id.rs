//! Identifiers as types: each parses its own prefix, so that none can stand in for another.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::ids::Handle;

/// Not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: expected `{prefix}` and all of the digits and small letters behind it")]
pub struct NotAnId {
    kind: &'static str,
    prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal, $of:ident($source:ty), $fits:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Makes an id out of what is fresh; `clock.rs` is the only place that has randomness.
            pub fn $of(fresh: $source) -> Self {
                Self(format!(concat!($prefix, "{}"), fresh.to_string().to_ascii_lowercase()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                match text.strip_prefix($prefix) {
                    Some(rest) if $fits(rest) => Ok(Self(text.to_owned())),
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
    /// An access request, and its task. Nobody can guess it, and still it opens nothing.
    RequestId, "arq_", "request id", from_handle(Handle), is_handle
);
id!(
    /// An approval. Nobody can guess it, and still it opens nothing.
    ApprovalId, "apr_", "approval id", from_handle(Handle), is_handle
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
    EntryId, "aud_", "entry id", from_ulid(ulid::Ulid), is_ulid
);
id!(
    /// An event that is called back; also its `webhook-id`.
    EventId, "evt_", "event id", from_ulid(ulid::Ulid), is_ulid
);
id!(
    /// A card in one channel.
    CardId, "crd_", "card id", from_ulid(ulid::Ulid), is_ulid
);

/// Requests and approvals of older databases have ULIDs, and keep them.
fn is_handle(text: &str) -> bool {
    text.len() == Handle::CHARACTERS && is_plain(text) || is_ulid(text)
}

fn is_ulid(text: &str) -> bool {
    text.len() == ulid::ULID_LEN && is_plain(text)
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
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
        let request = RequestId::from_handle(Handle::from_parts(1, 2));
        assert_eq!(request.as_str().parse::<RequestId>(), Ok(request.clone()));
        assert!(request.as_str().parse::<ApprovalId>().is_err());
        let long = format!("arq_{}", "0".repeat(37));
        let between = format!("arq_{}", "0".repeat(30));
        for bad in [
            "",
            "arq_",
            "arq_0",
            "arq_0000000000000000000000000/",
            "arq_ÄÄÄÄÄÄÄÄÄÄÄÄÄ",
            "arq_ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ",
            &long,
            &between,
        ] {
            assert!(bad.parse::<RequestId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_id_of_a_request_has_128_random_bits_and_fits_a_binding_message() {
        let id = |at_ms, random| RequestId::from_handle(Handle::from_parts(at_ms, random));
        let (least, most) = (id(1, 0), id(1, u128::MAX));
        assert_eq!(least.as_str(), "arq_000000000100000000000000000000000000");
        assert_eq!(most.as_str(), "arq_00000000017zzzzzzzzzzzzzzzzzzzzzzzzz");
        assert!(most < id(2, 0), "later ones lie behind");
        assert!(most.as_str().len() <= 50, "Keycloak takes no more");
    }

    #[test]
    fn the_ids_of_older_databases_are_read_and_kept() {
        for old in ["arq_01jd3q8w00000000000000000a", "arq_00000000000000000000000000"] {
            assert_eq!(old.parse::<RequestId>().unwrap().as_str(), old);
        }
        assert!("evt_00000000000000000000000000".parse::<EventId>().is_ok());
        let long = format!("evt_{}", "0".repeat(Handle::CHARACTERS));
        assert!(long.parse::<EventId>().is_err());
    }
}
