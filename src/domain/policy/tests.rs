//! The policy against tables: `tests/policies/plans` says which request gets which plan,
//! `tests/policies/faults` what is said about a broken file. The tables do not know the API.

mod check;
mod compare;
mod faults;
mod naive;
mod office;
mod plans;
mod properties;

use std::{fs, path::PathBuf};

/// The files of a folder below `tests/policies`, in order, each with its name and text.
fn files(folder: &str) -> Vec<(String, String)> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/policies", folder].iter().collect();
    let mut paths: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no case in {}", folder.display());
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}
