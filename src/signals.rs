//! What a supervisor says to the process by signals. Each is heard from the call on: unheard, it would
//! end the process where it stands.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Resolves when the process is asked to stop: SIGTERM, or ctrl-c.
#[cfg(unix)]
pub fn stop() -> io::Result<impl Future<Output = ()> + Send> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupts.recv() => {}
            _ = terminations.recv() => {}
        }
    })
}

/// Resolves when the process is asked to stop: ctrl-c.
#[cfg(windows)]
pub fn stop() -> io::Result<impl Future<Output = ()> + Send> {
    let mut interrupts = tokio::signal::windows::ctrl_c()?;
    Ok(async move { _ = interrupts.recv().await })
}

/// SIGHUP: the files are to be read again.
#[derive(Debug)]
pub struct Hangups {
    #[cfg(unix)]
    signal: Signal,
}

impl Hangups {
    #[cfg(unix)]
    pub fn hear() -> io::Result<Self> {
        Ok(Self { signal: signal(SignalKind::hangup())? })
    }

    /// The next one; none where there will be no more.
    #[cfg(unix)]
    pub async fn next(&mut self) -> Option<()> {
        self.signal.recv().await
    }

    #[cfg(windows)]
    pub fn hear() -> io::Result<Self> {
        Ok(Self {})
    }

    /// None: there is no SIGHUP here.
    #[cfg(windows)]
    pub async fn next(&mut self) -> Option<()> {
        None
    }
}
