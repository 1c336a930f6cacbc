//! Where it was measured: without this no figure means anything.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::pin::Pin;

/// What is known about the machine, now.
pub(crate) fn facts(pin: Pin, folder: &Path, server: &Path) -> Value {
    json!({
        "processor": processor(),
        "cores": cores(),
        "load average": first_line("/proc/loadavg"),
        "kernel": said("uname", &["-sr"]),
        "pinning": pin.words(),
        "databases in": format!("{} ({})", folder.display(), file_system(folder)),
        "compiler": said("rustc", &["--version"]),
        "program": said(&server.display().to_string(), &["--version"]),
        "commit": said("git", &["describe", "--always", "--dirty"]),
    })
}

/// The load of the last minute, where the system tells it.
pub(crate) fn load() -> Option<f64> {
    first_line("/proc/loadavg").split(' ').next()?.parse().ok()
}

fn processor() -> String {
    let all = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = all.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned())
}

/// Of the machine: this process may be tied to one of them.
fn cores() -> usize {
    let all = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    all.lines().filter(|line| line.starts_with("processor")).count()
}

/// A database in memory would make every figure a lie.
fn file_system(folder: &Path) -> String {
    said("stat", &["--file-system", "--format=%T", &folder.display().to_string()])
}

fn first_line(path: &str) -> String {
    let all = fs::read_to_string(path).unwrap_or_default();
    all.lines().next().unwrap_or("unknown").to_owned()
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.ok().filter(|text| !text.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}
