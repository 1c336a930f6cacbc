//! Findings as SARIF 2.1.0 (OASIS), which code hosts show beside the line of a change.

use serde_json::{Value, json};

use super::{
    online,
    page::{self, Found},
};
use crate::{domain::policy::check::Code, law::Faulty};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The rule of findings that say that a file cannot be read.
const FAULT: &str = "fault";

/// A whole log of one run.
pub(super) fn log(faulty: &[Faulty]) -> Value {
    let results: Vec<Value> = page::all(faulty).map(|line| result(&line)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "countersign",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rules() -> Vec<Value> {
    let rule = |id: &str, about: &str, level: &str| {
        json!({
            "id": id,
            "shortDescription": { "text": about },
            "defaultConfiguration": { "level": level },
        })
    };
    let fault = rule(FAULT, "Something that the file may not say", "error");
    let findings =
        Code::ALL.iter().map(|code| rule(code.as_str(), code.about(), code.severity().as_str()));
    let asked = online::CODES.iter().map(|(code, about)| rule(code, about, "error"));
    std::iter::once(fault).chain(findings).chain(asked).collect()
}

fn result(line: &Found<'_>) -> Value {
    let text = match line.help {
        Some(help) => format!("{}. Help: {help}", line.message),
        None => line.message.to_owned(),
    };
    json!({
        "ruleId": line.code.unwrap_or(FAULT),
        "level": line.severity,
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(line.file) },
            "region": {
                "startLine": line.line,
                "startColumn": line.column,
                "endLine": line.end_line,
                "endColumn": line.end_column,
            },
        } }],
    })
}

/// A path as a URI reference: relative ones stay relative, so that the host finds its own file.
fn uri(path: &str) -> String {
    let base = if path.starts_with('/') { "file://" } else { "" };
    let escaped: String = path
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect();
    format!("{base}{escaped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri_reference() {
        assert_eq!(uri("docs/my policy.yaml"), "docs/my%20policy.yaml");
        assert_eq!(uri("/etc/ä#?.yaml"), "file:///etc/%C3%A4%23%3F.yaml");
    }
}
