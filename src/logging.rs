//! What the operator reads: JSON lines on stderr. `RUST_LOG` says how much.

use tracing_subscriber::{EnvFilter, fmt};

/// Starts to log warnings only: for commands that talk to a person.
pub fn start_quietly() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let _ = fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

/// Starts to log. A second call changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
