//! Which Hydra asks, and where it is spoken to.

use jiff::SignedDuration;
use url::Url;

/// The Hydra that sends browsers here.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The issuer, as registered clients name it; browsers are sent back below it and nowhere else.
    pub issuer: Url,
    /// Its admin API, which has no login of its own: a private address.
    pub admin_url: Url,
    /// Scopes that nobody is asked about: they are granted with the others.
    pub ignore_scopes: Vec<String>,
    /// How long it remembers a challenge: `ttl.login_consent_request`.
    pub expires_in: SignedDuration,
}

impl Settings {
    /// Whether a browser may be sent there.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.issuer.origin()
            && url.username().is_empty()
            && url.password().is_none()
    }
}
