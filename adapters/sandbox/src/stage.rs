//! The parts of a running demo, together: what the page shows and what the tour plays on.

use std::{fmt, sync::Arc};

use crate::{clock::Clock, oauth_server::OauthServer, workspace::Sandbox};

/// The workspace, the server that asks, and the clock that both go by.
#[derive(Clone)]
pub struct Stage {
    pub sandbox: Sandbox,
    pub server: OauthServer,
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").finish_non_exhaustive()
    }
}
