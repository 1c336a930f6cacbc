//! What the operator says about Slack.

use secrecy::SecretString;
use url::Url;

/// The `slack:` section of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Web API, such as `https://slack.com/api`.
    pub api_url: Url,
    /// How the world reaches this service, without a slash at its end.
    pub public_url: String,
    /// Our app, `A…`: a payload that names another is refused.
    pub app_id: Option<String>,
    /// Signs what Slack sends.
    pub signing_secret: SecretString,
    /// Workspaces whose bot token stands in the configuration; it is never rotated.
    pub workspaces: Vec<Workspace>,
    /// What installing into further workspaces needs.
    pub install: Option<Install>,
    /// Channels, as the policy names them, that may be shared with other companies.
    pub shared_channels: Vec<String>,
    /// `xapp-…`: Socket Mode instead of the public address.
    pub app_token: Option<SecretString>,
}

/// A workspace with a token of its own.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// `T…`.
    pub team: String,
    /// `xoxb-…`.
    pub bot_token: SecretString,
}

/// The app's own credentials, and where it may be installed.
#[derive(Debug, Clone)]
pub struct Install {
    pub client_id: String,
    pub client_secret: SecretString,
    /// Workspaces, `T…`.
    pub teams: Vec<String>,
    /// Organisations (Enterprise Grid), `E…`.
    pub enterprises: Vec<String>,
}
