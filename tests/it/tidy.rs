//! The house rules that a machine can hold. Each test names the file that breaks one and says what
//! to do about it; none of them compiles or runs anything.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The one file that may spell what it forbids.
const THIS_FILE: &str = "tests/it/tidy.rs";

/// The one file that may look beside the repository, for the public vectors.
const CI_SCRIPT: &str = ".ci/run";

const FILE_LINES_MAX: usize = 600;

struct Source {
    path: String,
    text: String,
}

#[test]
fn files_stay_below_600_lines() {
    let long = rust_sources().filter(|file| file.text.lines().count() > FILE_LINES_MAX);
    assert_none(long.map(|file| file.path), "split the file where its second subject begins");
}

#[test]
fn every_file_opens_with_what_it_is() {
    let silent = rust_sources().filter(|file| !file.text.starts_with("//! "));
    assert_none(silent.map(|file| file.path), "open with `//!`: what it is, what it does not do");
}

#[test]
fn modules_are_named_after_what_they_hold() {
    const VAGUE: &[&str] = &["util", "utils", "common", "helper", "helpers", "types", "misc"];
    let vague = rust_sources().filter(|file| {
        let module = file.path.trim_end_matches(".rs").trim_end_matches("/mod");
        module.split('/').any(|part| VAGUE.contains(&part))
    });
    assert_none(vague.map(|file| file.path), "name the module after the noun it holds");
}

#[test]
fn the_domain_is_pure() {
    const IMPURE: &[&str] = &[
        "async",
        "await",
        "sqlx",
        "tokio",
        "axum",
        "reqwest",
        "std::fs",
        "std::net",
        "std::env",
        "std::thread",
        "Instant",
        "SystemTime",
    ];
    let lines = code_lines(rust_sources().filter(is_domain));
    assert_none(offences(lines, IMPURE), "move the I/O to the rim: the domain gets plain values");
}

#[test]
fn the_domain_knows_only_the_port() {
    const ABOVE: &[&str] = &[
        "countersign_slack",
        "countersign_teams",
        "countersign_sandbox",
        "countersign_webhook",
        "countersign_directory::",
        "countersign_hydra",
        "countersign_keycloak",
        "countersign_sign_in",
        "countersign_egress",
        "crate::audit",
        "crate::cli",
        "crate::config",
        "crate::console",
        "crate::directory",
        "crate::http",
        "crate::ledger",
        "crate::outbox",
        "crate::store",
        "crate::timers",
    ];
    let lines = code_lines(rust_sources().filter(is_domain));
    assert_none(offences(lines, ABOVE), "dependencies point down: pass the value in instead");
}

#[test]
fn lower_layers_do_not_reach_up() {
    const ABOVE_OF: &[(&str, &[&str])] = &[
        ("src/store", &["crate::ledger", "crate::http", "crate::console", "crate::outbox"]),
        ("src/ledger", &["crate::http", "crate::console", "crate::outbox", "crate::timers"]),
        ("src/outbox", &["crate::http", "crate::console"]),
        ("src/timers", &["crate::http", "crate::console"]),
        ("src/directory", &["crate::http", "crate::console"]),
    ];
    let broken = ABOVE_OF.iter().flat_map(|(layer, above)| {
        let module = format!("{layer}.rs");
        let folder = format!("{layer}/");
        let inside = move |file: &Source| file.path == module || file.path.starts_with(&folder);
        offences(code_lines(rust_sources().filter(inside)), above)
    });
    assert_none(broken, "main → http, outbox → ledger → store → domain → port: turn it round");
}

#[test]
fn only_the_root_names_adapters() {
    const ADAPTERS: &[&str] = &[
        "countersign_slack",
        "countersign_teams",
        "countersign_sandbox",
        "countersign_webhook",
        "countersign_directory::",
        "countersign_hydra",
        "countersign_keycloak",
        "countersign_sign_in",
    ];
    // The configuration reads each adapter's settings into the adapter's own type.
    const ALLOWED: &[&str] = &[
        "src/adapters.rs",
        "src/config.rs",
        "src/cli/demo.rs",
        "src/cli/init/slack.rs",
        "src/cli/init/teams.rs",
        "src/cli/manifest.rs",
        "src/cli/slack.rs",
    ];
    let inside = rust_sources().filter(|file| {
        let demo = file.path.starts_with("src/cli/demo/");
        let settings = file.path.starts_with("src/config/");
        let adapter = file.path.starts_with("src/adapters/");
        let allowed = demo || settings || adapter || ALLOWED.contains(&file.path.as_str());
        file.path.starts_with("src/") && !allowed
    });
    assert_none(offences(code_lines(inside), ADAPTERS), "speak to the port; lib.rs joins the two");
}

#[test]
fn chat_products_are_named_only_at_the_rim() {
    const PRODUCTS: &[&str] = &["slack", "teams"];
    let is_rim = |path: &str| {
        path.starts_with("src/adapters")
            || path.starts_with("src/config")
            || path.starts_with("src/cli")
    };
    let core = rust_sources().filter(|file| file.path.starts_with("src/") && !is_rim(&file.path));
    let lower = core.map(|file| Source { text: file.text.to_lowercase(), ..file });
    assert_none(offences(all_lines(lower), PRODUCTS), "say `chat`; the adapter knows which one");
}

#[test]
fn adapters_depend_on_the_port_and_not_on_each_other() {
    const SHARED: &[&str] = &["countersign-port", "countersign-egress", "countersign-json"];
    let broken =
        files_ending(".toml").filter(|file| is_adapter_manifest(&file.path)).flat_map(|file| {
            let below_itself = file.path == "adapters/port/Cargo.toml";
            let named: Vec<String> = file
                .text
                .lines()
                .filter_map(|line| line.split(['.', ' ', '=']).next())
                .filter(|word| word.starts_with("countersign-") || *word == "countersign")
                .filter(|word| below_itself || !SHARED.contains(word))
                .map(|word| format!("{}: {word}", file.path))
                .collect();
            named
        });
    assert_none(broken, "an adapter sees countersign-port, -egress and -json; the port sees none");
}

#[test]
fn no_test_is_switched_off() {
    let broken = offences(code_lines(rust_sources()), &["#[ignore"]);
    assert_none(broken, "repair or remove it; a suite that cannot run here skips aloud");
}

#[test]
fn nothing_is_left_for_later() {
    const LATER: &[&str] = &["TODO", "FIXME", "XXX", "todo!(", "unimplemented!("];
    let sources = rust_sources().chain(files_ending(".sql"));
    assert_none(offences(all_lines(sources), LATER), "do it, or leave it out of main");
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    let broken = offences(code_lines(rust_sources()), &["#[allow(", "#![allow("]);
    assert_none(broken, "write #[expect(lint, reason = \"…\")]");
}

#[test]
fn both_databases_have_the_same_migrations() {
    let sqlite = file_names("migrations/sqlite");
    let postgres = file_names("migrations/postgres");
    let odd = sqlite.symmetric_difference(&postgres).cloned();
    assert_none(odd, "give the migration the same file name in migrations/{sqlite,postgres}");
}

#[test]
fn no_column_is_a_boolean() {
    let migrations =
        files_ending(".sql").map(|file| Source { text: file.text.to_lowercase(), ..file });
    let columns = offences(code_lines(migrations), &["boolean", "bool"]);
    assert_none(columns, "name the state in a text column: a flag never stays the only one");
}

#[test]
fn nothing_names_the_place_of_work() {
    const PLACES: &[&str] = &[
        "../shared",
        "/work/",
        "/root/",
        ".library",
        "registry.npmjs.org",
        "files.pythonhosted.org",
        "static.crates.io",
        "proxy.golang.org",
        "deb.debian.org",
        "repo.maven.apache.org",
    ];
    let files = files_ending("").filter(|file| file.path != CI_SCRIPT);
    let broken = offences(all_lines(files), PLACES);
    assert_none(broken, "the repository must read the same wherever it lies");
}

/// Fails naming every offender, and says what to do.
#[track_caller]
fn assert_none(offenders: impl Iterator<Item = String>, advice: &str) {
    let offenders: Vec<String> = offenders.collect();
    assert!(offenders.is_empty(), "{advice}:\n  {}", offenders.join("\n  "));
}

/// Where one of the words stands, as `path:line: word`.
fn offences<'a>(
    lines: impl Iterator<Item = (String, String)> + 'a,
    words: &'a [&'a str],
) -> impl Iterator<Item = String> + 'a {
    lines.flat_map(move |(place, line)| {
        let found: Vec<String> = words
            .iter()
            .filter(|word| has_word(&line, word))
            .map(|word| format!("{place}: `{word}`"))
            .collect();
        found
    })
}

/// Whether the word stands in the line, not merely inside a longer word.
fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let begins_wordy = joins(word.chars().next());
    let ends_wordy = joins(word.chars().next_back());
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !(begins_wordy && joins(before) || ends_wordy && joins(after))
    })
}

fn code_lines(files: impl Iterator<Item = Source>) -> impl Iterator<Item = (String, String)> {
    all_lines(files).filter(|(_, line)| {
        let line = line.trim_start();
        !line.starts_with("//") && !line.starts_with("--")
    })
}

fn all_lines(files: impl Iterator<Item = Source>) -> impl Iterator<Item = (String, String)> {
    files.filter(|file| file.path != THIS_FILE).flat_map(|file| {
        let numbered = file.text.lines().enumerate();
        let lines: Vec<_> = numbered
            .map(|(index, line)| (format!("{}:{}", file.path, index + 1), line.to_owned()))
            .collect();
        lines
    })
}

fn is_domain(file: &Source) -> bool {
    file.path == "src/domain.rs" || file.path.starts_with("src/domain/")
}

fn is_adapter_manifest(path: &str) -> bool {
    path.starts_with("adapters/") && path.ends_with("/Cargo.toml")
}

fn rust_sources() -> impl Iterator<Item = Source> {
    files_ending(".rs")
}

/// Every text file of the tree whose path ends so; binary files are left out.
fn files_ending(ending: &'static str) -> impl Iterator<Item = Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(root, &mut paths);
    paths.sort();
    paths.into_iter().filter_map(move |path| {
        let name = path.strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
        if !name.ends_with(ending) {
            return None;
        }
        Some(Source { path: name, text: fs::read_to_string(&path).ok()? })
    })
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    const NOT_OURS: &[&str] = &["target", ".git", "node_modules", "__pycache__", ".venv"];
    for entry in fs::read_dir(folder).expect("a folder of the tree can be read").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if NOT_OURS.iter().any(|other| name == *other) {
            continue;
        }
        if path.is_dir() {
            walk(&path, paths);
        } else {
            paths.push(path);
        }
    }
}

fn file_names(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_word_inside_a_longer_one_is_not_found() {
    assert!(has_word("pub async fn open()", "async"));
    assert!(has_word("use countersign_slack::Slack;", "countersign_slack"));
    assert!(!has_word("steams ahead", "teams"));
    assert!(!has_word("an asynchronous", "async"));
    assert!(has_word("#[ignore]", "#[ignore"));
}
