//! What the operator reads: JSON lines on stderr. `RUST_LOG` says how much, but only of our own
//! code: below `info`, libraries print what they carry, and that is tokens and people's words.

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, fmt, layer::SubscriberExt, registry::LookupSpan,
    util::SubscriberInitExt,
};

/// What the targets of our own crates begin with.
const OURS: &str = "countersign";

/// Starts to log warnings only: for commands that talk to a person.
pub fn start_quietly() {
    let _ = filtered("warn").with(fmt::layer().with_writer(std::io::stderr)).try_init();
}

/// Starts to log. A second call changes nothing.
pub fn start() {
    let _ = filtered("info").with(fmt::layer().json().with_writer(std::io::stderr)).try_init();
}

/// What `RUST_LOG` asks for, as far as it may be had. The filters are for all layers together:
/// behind a filter of its own, a layer loses the event that follows a question whether something
/// else is enabled, and the database driver asks such questions.
fn filtered(otherwise: &str) -> impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync {
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(otherwise));
    tracing_subscriber::registry().with(wanted).with(filter_fn(is_discreet))
}

// INVARIANT: whatever RUST_LOG says, no library prints a payload.
fn is_discreet(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || metadata.target().starts_with(OURS)
}
