//! Data goes to stdout, talk to stderr. Colours only where somebody can see them.

use std::io::{IsTerminal, Write};

use crate::{
    config::{Config, ConfigError},
    domain::diagnostic::{self, Paint, Severity},
    law::Faulty,
};

use super::Failure;

/// A line of data.
pub fn data(line: &str) {
    // A reader that has gone away (`| head`) is no failure.
    let _ = writeln!(anstream::stdout(), "{line}");
}

/// A line of talk.
pub fn talk(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// What went wrong, with everything behind it.
pub fn failure(failure: &Failure) {
    talk(&format!("error: {failure}"));
    let mut source = failure.source();
    while let Some(cause) = source {
        talk(&format!("  because {cause}"));
        source = cause.source();
    }
}

/// Whether faults are drawn in colour.
pub fn paint() -> Paint {
    if std::io::stderr().is_terminal() { Paint::Colour } else { Paint::Plain }
}

/// Reads the configuration; its faults are shown with line and caret.
pub fn config(path: &std::path::Path) -> Result<Config, Failure> {
    Config::load(path).map_err(|error| match error {
        ConfigError::Faulty(page) => {
            talk(&page.render(paint()));
            format!(
                "{} in `{}`; nothing was started",
                count(page.faults(), "fault", "faults"),
                path.display()
            )
            .into()
        }
        ConfigError::Unreadable { .. } => {
            let hint = "run `countersign init` to write one, or name it with --config";
            format!("{error}: {hint}").into()
        }
    })
}

/// Shows the faults of policy, catalogue and people.
pub fn law_faults(faulty: &[Faulty]) -> Failure {
    format!("{}; nothing was started", found(faulty)).into()
}

/// Shows what was found in the files, and says how much it is: “1 fault, 2 warnings in a, b”.
pub fn found(faulty: &[Faulty]) -> String {
    for file in faulty {
        let source = diagnostic::Source { name: &file.source.name, text: &file.source.text };
        talk(&diagnostic::render(&file.faults, source, paint()));
    }
    let all = || faulty.iter().flat_map(|file| &file.faults);
    let errors = all().filter(|fault| fault.severity == Severity::Error).count();
    let warnings = all().count() - errors;
    let said = [
        (errors > 0).then(|| count(errors, "fault", "faults")),
        (warnings > 0).then(|| count(warnings, "warning", "warnings")),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    let names: Vec<&str> = faulty.iter().map(|file| file.source.name.as_str()).collect();
    format!("{} in {}", said.join(", "), names.join(", "))
}

/// “1 fault”, “2 faults”.
pub fn count<N: TryInto<u64>>(number: N, one: &str, many: &str) -> String {
    match number.try_into() {
        Ok(1) => format!("1 {one}"),
        Ok(number) => format!("{number} {many}"),
        Err(_) => many.to_owned(),
    }
}
