//! The program: reads the command line and does what it says.

use std::process::ExitCode;

use clap::Parser;
use countersign::cli::{self, Cli};

/// What a request leaves behind is made on one thread and dropped on another, which the allocator of
/// glibc is slow at.
#[cfg(all(target_os = "linux", not(target_env = "musl")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // One TLS provider for everybody, before anybody asks for one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = Cli::parse();
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(Box::pin(cli::run(cli))),
        Err(error) => {
            cli::output::failure(&error.into());
            ExitCode::FAILURE
        }
    }
}
