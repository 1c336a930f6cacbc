//! What a JWT says of its issuer and key before anybody believes it: where to look for the key. Pure.

use jsonwebtoken::{Header, dangerous::insecure_decode};
use serde::Deserialize;

/// Where to look for the key. Believed by nobody until the signature is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub issuer: String,
    pub kid: String,
}

/// Why there is no looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoHint {
    Malformed,
    /// The header points to a key or changes the rules.
    Header,
    /// It names no key.
    Key,
}

#[derive(Deserialize)]
struct Issued {
    iss: String,
}

impl Hint {
    /// Reads issuer and key id of a token that could be good.
    pub fn of(token: &str) -> Result<Self, NoHint> {
        let issued = insecure_decode::<Issued>(token).map_err(|_| NoHint::Malformed)?;
        refuse_instructions(&issued.header)?;
        let kid = issued.header.kid.ok_or(NoHint::Key)?;
        Ok(Self { issuer: issued.claims.iss, kid })
    }
}

/// A token does not say where its key is, nor how it is to be read.
pub fn refuse_instructions(header: &Header) -> Result<(), NoHint> {
    let pointed = header.jku.is_some() || header.x5u.is_some();
    let carried = header.jwk.is_some() || header.x5c.is_some();
    let changed = header.crit.is_some() || header.enc.is_some() || header.zip.is_some();
    let unencoded = header.extras.inner().contains_key("b64");
    if pointed || carried || changed || unencoded { Err(NoHint::Header) } else { Ok(()) }
}
