//! Linking an account in chat to a person. Either somebody signs in, is shown a one-time code and
//! types it in chat: the sign-in says who they are. Or whoever holds the account asks for a code in
//! chat and has it read to an operator, who says whose it is. An address only proposes.

use std::fmt;

use countersign_port::access::Identity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    approval::later,
    id::PersonId,
    people::{People, SIGN_IN},
};

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
    /// What the level rests on.
    pub evidence: Value,
    pub made_by: String,
    pub made_at: Timestamp,
}

/// What a link rests on, the weakest first.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The chat product tells the address of exactly one person. Addresses change hands, so this
    /// proposes whose the account is and authorises nothing.
    Email,
    /// They have signed in as that person, and have typed the code that they were shown in chat.
    #[default]
    Proven,
    /// Somebody who answers for it has said so: the people file, a provider or an operator.
    Declared,
}

/// Why an account is not linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("this is no code: it has 15 letters and digits, such as `7Q2M4-X9TRB-3W0KD`")]
    NoCode,
    #[error("there is no such code, or it is not good any more: have a new one made")]
    Unknown,
    #[error("the code was tried in vain too often: have a new one made")]
    Locked,
    #[error("this code is for chat: whoever has signed in for it says `link` with it there")]
    ForChat,
    #[error("this code was made in chat: an operator takes it, or sign in for one to use here")]
    ForOperator,
    #[error(
        "nobody is declared with the sign-in that this code was made for: have it put into the people file as an `oidc` account"
    )]
    Stranger,
    #[error(
        "by its e-mail address the account is somebody else's than the sign-in: an operator can link it"
    )]
    SomebodyElses,
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
            Self::Email => "email",
            Self::Proven => "proven",
            Self::Declared => "declared",
        }
    }

    /// Reads what [`Level::as_str`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        [Self::Email, Self::Proven, Self::Declared].into_iter().find(|one| one.as_str() == text)
    }

    /// What every plan wants is not written down.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Kept {
    /// Whether it was made for somebody who has signed in.
    pub fn is_of_sign_in(&self) -> bool {
        self.account.provider == SIGN_IN
    }

    /// When it was made.
    pub fn made_at(&self) -> Timestamp {
        later(self.expires_at, -LIFE_SECONDS)
    }
}

/// What a new link does to what was known of its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Made,
    /// The person has it already, less surely.
    Raised,
}

impl Link {
    /// Whether the account can be this person's: an account belongs to one. `kept` is what was
    /// written down of it before.
    pub fn check(&self, kept: Option<&Self>, people: &People) -> Result<Effect, Fault> {
        if people.get(&self.person).is_none() {
            return Err(Fault::Nobody);
        }
        let owner = people.by_identity(&self.account);
        let is_declared = owner.is_some() && people.level_of(&self.account) == Level::Declared;
        match kept {
            _ if is_declared => Err(Fault::Taken),
            None => Ok(Effect::Made),
            Some(kept) if kept.person == self.person && kept.level < self.level => {
                Ok(Effect::Raised)
            }
            // Who answers for it knows better than an address.
            Some(Self { level: Level::Email, .. }) if self.level == Level::Declared => {
                Ok(Effect::Made)
            }
            Some(Self { level: Level::Email, .. }) => Err(Fault::SomebodyElses),
            Some(_) => Err(Fault::Taken),
        }
    }
}

#[cfg(test)]
mod tests;
