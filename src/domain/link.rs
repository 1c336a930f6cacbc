//! Linking an account in chat to a person by a one-time code: whoever holds the account asks for the
//! code there, and somebody who knows them hands it to an operator. The code proves the account; the
//! operator says whose it is.

use std::fmt;

use countersign_port::access::Identity;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{id::PersonId, people::People};

/// How long a code is good.
pub const LIFE_SECONDS: i64 = 600;

/// So many times a code may be tried in vain.
const TRIES: i64 = 5;

/// Without letters that are taken for others.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How many letters a code is found by, and how many make it secret.
const HANDLE: usize = 5;
const SECRET: usize = 10;

/// A code, as it is shown once and typed once.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

/// What is kept of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub account: Identity,
    pub handle: String,
    pub sha256: String,
    pub wrong: i64,
    pub expires_at: Timestamp,
}

/// Whose an account is, beside the people file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub account: Identity,
    pub person: PersonId,
    pub level: Level,
    pub made_by: String,
    pub made_at: Timestamp,
}

/// What a link rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Somebody who answers for it has said so: the people file, a provider or an operator.
    Declared,
}

/// Why an account is not linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("this is no code: it has 15 letters and digits, such as `7Q2M4-X9TRB-3W0KD`")]
    NoCode,
    #[error(
        "there is no such code, or it is not good any more: have a new one made with `link` in chat"
    )]
    Unknown,
    #[error("the code was tried in vain too often: have a new one made with `link` in chat")]
    Locked,
    #[error("nobody has this key: `countersign people list` says who there is")]
    Nobody,
    #[error("the person is switched off: switch them on first, where that was done")]
    Barred,
    #[error(
        "the account belongs to somebody already: unlink it, or take it out of the people file"
    )]
    Taken,
    #[error("this account is linked to nobody by a code: it may stand in the people file")]
    NotLinked,
}

impl Code {
    /// A code out of fresh bytes.
    pub fn of(bytes: [u8; 32]) -> Self {
        let letter = |byte: &u8| ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'0');
        Self(bytes.iter().take(HANDLE + SECRET).map(letter).map(char::from).collect())
    }

    /// A code as somebody types it: in small letters too, with or without dashes.
    pub fn read(text: &str) -> Option<Self> {
        let letters = text.chars().filter(|letter| !matches!(letter, '-' | ' '));
        let meant = letters.map(|letter| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        });
        let code: String = meant.collect();
        let is_known = |byte: u8| ALPHABET.contains(&byte);
        (code.len() == HANDLE + SECRET && code.bytes().all(is_known)).then_some(Self(code))
    }

    /// What it is found by.
    pub fn handle(&self) -> &str {
        self.0.get(..HANDLE).unwrap_or_default()
    }

    /// What is kept of it.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.0))
    }

    /// As it is shown: `7Q2M4-X9TRB-3W0KD`.
    pub fn words(&self) -> String {
        let fives = self.0.as_bytes().chunks(HANDLE).map(String::from_utf8_lossy);
        fives.collect::<Vec<_>>().join("-")
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({}-…)", self.handle())
    }
}

impl Kept {
    /// Whether it is this code, and still good.
    pub fn check(&self, code: &Code, now: Timestamp) -> Result<(), Fault> {
        if self.expires_at <= now {
            return Err(Fault::Unknown);
        }
        if self.wrong >= TRIES {
            return Err(Fault::Locked);
        }
        if self.sha256 == code.sha256() { Ok(()) } else { Err(Fault::Unknown) }
    }
}

impl Level {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
        }
    }

    /// Reads what [`Level::as_str`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        (text == Self::Declared.as_str()).then_some(Self::Declared)
    }
}

/// Whether the account can be this person's: an account belongs to one.
pub fn check(account: &Identity, person: &PersonId, people: &People) -> Result<(), Fault> {
    if people.get(person).is_none() {
        return Err(Fault::Nobody);
    }
    if people.by_identity(account).is_some() { Err(Fault::Taken) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
