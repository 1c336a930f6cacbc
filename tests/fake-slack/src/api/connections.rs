//! Tickets for Socket Mode.

use serde_json::json;

use super::Turn;
use crate::respond::{Said, members};

pub(super) fn open(turn: &mut Turn<'_>) -> Said {
    let ticket = turn.state.secret();
    turn.state.sockets.admit(&ticket);
    members(json!({ "url": turn.core.socket_url(&ticket) }))
}
