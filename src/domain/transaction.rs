//! What a resource server wants approved, in its own signed words, and by what it is known that it was
//! asked for once already.

use sha2::{Digest, Sha256};

use super::request::Transaction;

/// No challenge lives longer: it is remembered until its end.
pub const MAX_LIFE_S: i64 = 3600;

/// What a challenge is remembered by. Ids are those of its server.
pub fn mark(transaction: &Transaction) -> String {
    let mut digest = Sha256::new();
    digest.update(Sha256::digest(&transaction.server));
    digest.update(&transaction.jti);
    format!("challenge/{}", hex::encode(digest.finalize()))
}
