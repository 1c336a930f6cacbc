//! The public tables: `JSONTestSuite`, the test data of RFC 8785, `gate.jsonl`, `params-hash.jsonl`.
//! Each prints how many cases it ran.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use countersign_json::canonical::{canonical, params_hash};
use countersign_json::gate::{Limits, check};
use countersign_json::intake::parse;
use serde_json::Value;

/// The rules on size and on a body being an object are left out of the tables.
const ANY_TEXT: Limits = Limits { max_bytes: usize::MAX, max_depth: 32, object_only: false };

/// Only the grammar limits the depth.
const GRAMMAR: Limits = Limits { max_depth: usize::MAX, ..ANY_TEXT };

/// The folder `json` of the vectors, or `None`, said aloud, where there is none.
#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
fn vectors(test: &str) -> Option<PathBuf> {
    let Ok(folder) = std::env::var("COUNTERSIGN_VECTORS") else {
        eprintln!("skipped: {test}: set COUNTERSIGN_VECTORS");
        return None;
    };
    Some(Path::new(&folder).join("json"))
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn gate_table() {
    let Some(folder) = vectors("gate_table") else { return };
    let table = lines(&folder.join("gate.jsonl"));
    let mut same_reason = 0;
    let mut refused = 0;
    for line in &table {
        let file = line["file"].as_str().unwrap();
        let verdict = check(&fs::read(folder.join(file)).unwrap(), &ANY_TEXT);
        assert_eq!(verdict.is_err(), line["gate"] == "refuse", "{file}: {verdict:?}");
        if let Err(refusal) = verdict {
            refused += 1;
            same_reason += usize::from(line["reason"] == refusal.rule.code());
        }
    }
    assert_eq!(table.len(), 346);
    eprintln!(
        "gate.jsonl: {}/346 verdicts ({same_reason}/{refused} refusals for the same reason)",
        table.len()
    );
}

#[test]
fn json_test_suite_grammar() {
    let Some(folder) = vectors("json_test_suite_grammar") else { return };
    let mut counts = [0, 0];
    for entry in fs::read_dir(folder.join("test_parsing")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_json = match name.split_once('_').unwrap().0 {
            "y" => true,
            "n" => false,
            _ => continue,
        };
        let verdict = check(&fs::read(&path).unwrap(), &GRAMMAR);
        let judged_json =
            verdict.as_ref().map_or_else(|refused| !refused.rule.is_grammar(), |()| true);
        assert_eq!(judged_json, is_json, "{name}: {verdict:?}");
        counts[usize::from(!is_json)] += 1;
    }
    assert_eq!(counts, [95, 188]);
    eprintln!("JSONTestSuite grammar: {}/95 y accepted, {}/188 n refused", counts[0], counts[1]);
}

#[test]
fn rfc_8785_documents() {
    let Some(folder) = vectors("rfc_8785_documents") else { return };
    let folder = folder.join("rfc8785");
    let mut count = 0;
    for entry in fs::read_dir(folder.join("input")).unwrap() {
        let path = entry.unwrap().path();
        let value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let ours = canonical(&value).unwrap();
        let output = folder.join("output").join(path.file_name().unwrap());
        assert_eq!(ours.as_bytes(), fs::read(output).unwrap(), "{}", path.display());
        let outhex = folder.join("outhex").join(path.with_extension("txt").file_name().unwrap());
        let digits: String = fs::read_to_string(outhex).unwrap().split_whitespace().collect();
        assert_eq!(hex::encode(ours), digits, "{}", path.display());
        count += 1;
    }
    assert_eq!(count, 6);
    eprintln!("RFC 8785 documents: {count}/6");
}

#[test]
fn rfc_8785_numbers() {
    let Some(folder) = vectors("rfc_8785_numbers") else { return };
    let table = fs::read_to_string(folder.join("rfc8785/es6-numbers-10000.txt")).unwrap();
    let mut read_back = 0;
    for line in table.lines() {
        let (bits, text) = line.split_once(',').unwrap();
        let double = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
        assert_eq!(canonical(&double).unwrap(), text, "{line}");
        // What we write we also let in, integers beyond 2^53 - 1 apart.
        if check(text.as_bytes(), &ANY_TEXT).is_ok() {
            let value: Value = parse(text.as_bytes(), &ANY_TEXT).unwrap();
            assert_eq!(canonical(&value).unwrap(), text);
            read_back += 1;
        } else {
            assert!(double.abs() > 9_007_199_254_740_991.0 && double.abs() < 1e21, "{line}");
        }
    }
    assert_eq!(table.lines().count(), 10_000);
    eprintln!("RFC 8785 numbers: 10000/10000, {read_back} of them let in and read back");
}

#[test]
fn params_hash_table() {
    let Some(folder) = vectors("params_hash_table") else { return };
    let table = lines(&folder.join("params-hash.jsonl"));
    for line in &table {
        let case = line["case"].as_str().unwrap();
        let input = line["input"].as_str().unwrap().as_bytes();
        let parsed = parse::<Value>(input, &Limits::INTAKE);
        assert_eq!(parsed.is_err(), line["gate"] == "refuse", "{case}: {parsed:?}");
        let Ok(value) = parsed else {
            let refusal = check(input, &Limits::INTAKE).unwrap_err();
            assert_eq!(line["reason"], refusal.rule.code(), "{case}");
            continue;
        };
        assert_eq!(line["canonical"], canonical(&value).unwrap(), "{case}");
        let hash = params_hash(&value["action"], &value["resource"], &value["parameters"]).unwrap();
        assert_eq!(line["params_hash"], hash, "{case}");
    }
    assert_eq!(table.len(), 25);
    eprintln!("params-hash.jsonl: {}/25", table.len());
}
