//! How the app took an interaction.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

/// Slack shows the user an error after this long.
pub const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(3);

/// What came back for an interaction, command or event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The HTTP status, or 200 for an envelope that was acknowledged; none where nothing came
    /// within [`ACKNOWLEDGED_WITHIN`].
    pub status: Option<u16>,
    pub body: String,
    /// By the system's clock.
    #[serde(skip)]
    pub elapsed: Duration,
}

impl Answer {
    /// Whether Slack is content: 200, in time.
    pub fn is_acknowledged(&self) -> bool {
        self.status == Some(200) && self.elapsed <= ACKNOWLEDGED_WITHIN
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }
}
