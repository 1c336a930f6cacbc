//! `cargo xtask figures`: the sizes of our files and functions beside what we aim at. It counts
//! lines of formatted source and parses nothing.

mod source;
mod spread;

use std::path::Path;

use crate::{command, figures::source::Source, figures::spread::Spread, outcome::During};
use crate::{outcome::Outcome, workshop::Workshop};

/// Prints the table.
pub(crate) fn run(shop: &Workshop) -> Outcome<()> {
    let sources = read_all(&shop.root)?;
    let (tests, production): (Vec<_>, Vec<_>) = sources.iter().partition(|source| source.is_test);
    let lines = |sources: &[&Source]| sources.iter().map(|source| source.lines).sum::<usize>();
    let inside: usize = sources.iter().map(|source| source.test_lines).sum();
    let tests_in_all = lines(&tests) + inside;
    let production_in_all = lines(&production) - inside;
    let files: Spread = production.iter().map(|source| source.lines - source.test_lines).collect();
    let functions: Spread =
        production.iter().flat_map(|source| source.functions.iter().copied()).collect();
    let public: usize = production.iter().map(|source| source.public_items).sum();
    let comments: usize = production.iter().map(|source| source.comment_lines).sum();

    anstream::println!("{:<28}{:>8}{:>8}{:>8}   aim", "", "median", "p90", "max");
    anstream::println!("{:<28}{files}   120 / 400 / 600", "lines of a file");
    anstream::println!("{:<28}{functions}   9 / 40 / 70", "lines of a function");
    print_share("test : production lines", tests_in_all, production_in_all, "at least 0.80");
    print_share("public items : files", public, production.len(), "at most 6");
    print_share("comment share", comments, production_in_all, "0.12 to 0.18");
    anstream::println!(
        "\n{} files and {production_in_all} lines of production, {tests_in_all} lines of tests",
        production.len()
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "line counts are far below 2^52")]
fn print_share(what: &str, part: usize, whole: usize, aim: &str) {
    anstream::println!("{what:<28}{:>24.2}   {aim}", part as f64 / whole as f64);
}

/// Every Rust file that the repository knows.
fn read_all(root: &Path) -> Outcome<Vec<Source>> {
    let mut git = std::process::Command::new("git");
    git.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"]);
    command::read(&mut git)?
        .lines()
        .map(|path| {
            let text = std::fs::read_to_string(root.join(path)).during(path)?;
            Ok(Source::read(path, &text))
        })
        .collect()
}
