//! Secrets that nobody can guess, asked from outside.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Makes 32 bytes that nobody can guess.
#[derive(Clone)]
pub struct Random(pub Arc<dyn Fn() -> [u8; 32] + Send + Sync>);

impl Random {
    /// The bytes as text that fits into addresses and cookies.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode((self.0)())
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}
