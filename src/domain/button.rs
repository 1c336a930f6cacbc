//! Button tokens: opaque, unguessable, bound to one card, one step and one verb. A card that is
//! posted anew gets a new secret, and all its old tokens are dead.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_port::card::Verb;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::id::CardId;

/// How many bytes of the MAC a token carries.
const TAG_BYTES: usize = 16;

/// A token, taken apart but not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressed {
    pub card: CardId,
    tag: Vec<u8>,
}

/// What a genuine token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    pub step: usize,
    pub verb: Verb,
}

/// The token of a button.
pub fn token(card: &CardId, secret: &[u8; 32], meaning: Meaning) -> String {
    let tag = mac(card, secret, meaning).finalize().into_bytes();
    format!("{card}.{}", URL_SAFE_NO_PAD.encode(tag.get(..TAG_BYTES).unwrap_or_default()))
}

/// Takes a token apart. `None` for anything that is not one of ours.
pub fn press(token: &str) -> Option<Pressed> {
    let (card, tag) = token.split_once('.')?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok().filter(|tag| tag.len() == TAG_BYTES)?;
    Some(Pressed { card: card.parse().ok()?, tag })
}

impl Pressed {
    /// What was pressed, if the token was made with this secret for one of these steps.
    pub fn verify(&self, secret: &[u8; 32], steps: usize) -> Option<Meaning> {
        let all = (0..steps.max(1)).flat_map(|step| Verb::ALL.map(|verb| Meaning { step, verb }));
        all.into_iter().find(|meaning| {
            mac(&self.card, secret, *meaning).verify_truncated_left(&self.tag).is_ok()
        })
    }
}

fn mac(card: &CardId, secret: &[u8; 32], meaning: Meaning) -> Hmac<Sha256> {
    let key = hmac::digest::Key::<Hmac<Sha256>>::default();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap_or_else(|_| Hmac::new(&key));
    mac.update(b"countersign/button/v1\0");
    mac.update(card.as_str().as_bytes());
    mac.update(&(meaning.step as u64).to_be_bytes());
    mac.update(meaning.verb.as_str().as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_with_its_own_card_secret_step_and_verb_only() {
        let card = CardId::from_ulid(ulid::Ulid::from_parts(1, 2));
        let meaning = Meaning { step: 1, verb: Verb::Deny };
        let pressed = press(&token(&card, &[7; 32], meaning)).unwrap();
        assert_eq!(pressed.card, card);
        assert_eq!(pressed.verify(&[7; 32], 2), Some(meaning));
        assert_eq!(pressed.verify(&[7; 32], 1), None, "a step that the plan does not have");
        assert_eq!(pressed.verify(&[8; 32], 2), None, "posted anew");
    }

    #[test]
    fn what_is_not_a_token_is_refused() {
        for text in ["", ".", "crd_x.AAAA", "arq_00000000000000000000000000.AAAAAAAAAAAAAAAAAAAAAA"]
        {
            assert_eq!(press(text), None, "{text}");
        }
    }
}
