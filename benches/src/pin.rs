//! Which core does what. The service and everything that it is compared with get one core, the
//! driver gets another, so that neither is measured by how it crowds out the other.

use std::{
    ffi::OsStr,
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
const SETPRIV: &str = "/usr/bin/setpriv";

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

    /// A program of the other side. Where the system can, it ends with us, however we end.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut words: Vec<&OsStr> = Vec::new();
        if Path::new(SETPRIV).exists() {
            words.extend([SETPRIV, "--pdeathsig=KILL"].map(OsStr::new));
        }
        if self == Self::OneEach {
            words.extend(["taskset", "--cpu-list", OTHER_SIDE].map(OsStr::new));
        }
        let mut words = words.into_iter().chain([program.as_os_str()]);
        let mut command = Command::new(words.next().unwrap_or(program.as_os_str()));
        command.args(words);
        command
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::OneEach => "service and peers on core 0, driver and receiver on core 1",
            Self::Free => "none: the scheduler decides",
        }
    }
}
