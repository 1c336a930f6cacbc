//! Which core does what. The service and everything that it is compared with get one core, the
//! driver gets another, so that neither is measured by how it crowds out the other.

use std::{
    path::Path,
    process::{Command, Stdio},
    thread::available_parallelism,
};

/// Whether processes are tied to cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pin {
    /// The other side on core 0, the driver on core 1.
    OneEach,
    /// The scheduler decides: where there is no second core, no taskset, or no wish for it.
    Free,
}

const OTHER_SIDE: &str = "0";
const DRIVER: &str = "1";

impl Pin {
    /// Ties this process to its core, if that can be done. Before any thread is started: threads
    /// inherit it.
    pub(crate) fn this_process() -> Self {
        if available_parallelism().map_or(1, usize::from) < 2 {
            return Self::Free;
        }
        let mut taskset = Command::new("taskset");
        taskset.args(["--pid", "--cpu-list", DRIVER]).arg(std::process::id().to_string());
        taskset.stdout(Stdio::null()).stderr(Stdio::null());
        match taskset.status() {
            Ok(status) if status.success() => Self::OneEach,
            Ok(_) | Err(_) => Self::Free,
        }
    }

    /// A program of the other side.
    pub(crate) fn command(self, program: &Path) -> Command {
        match self {
            Self::OneEach => {
                let mut taskset = Command::new("taskset");
                taskset.args(["--cpu-list", OTHER_SIDE]).arg(program);
                taskset
            }
            Self::Free => Command::new(program),
        }
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::OneEach => "service and peers on core 0, driver and receiver on core 1",
            Self::Free => "none: the scheduler decides",
        }
    }
}
