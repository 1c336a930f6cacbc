//! Who says who people are, and as which client we ask.

use jsonwebtoken::Algorithm;
use secrecy::SecretString;

/// The page below the public address; its way back is `/callback` below it.
pub const PATH: &str = "/link";

/// The one identity provider that people sign in at.
#[derive(Debug, Clone)]
pub struct Settings {
    /// To the letter as it stands in its tokens and in the people file.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: SecretString,
    /// The only one that its keys are used with.
    pub algorithm: Algorithm,
    /// The claim that is the `oidc` subject of the people file.
    pub subject_claim: String,
    /// The public address, without a slash at its end.
    pub public_url: String,
}

impl Settings {
    /// Where the provider sends the browser back to.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("{}{PATH}/callback", self.public_url)
    }
}
