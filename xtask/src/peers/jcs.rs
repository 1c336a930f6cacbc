//! Whether other languages hash what we hash: our canonical JSON against npm `canonicalize` and
//! `rfc8785` of the Python index, on the published cases and on documents drawn at random.

mod corpus;

use std::{fs, path::Path};

use countersign_json::{
    canonical::{canonical, params_hash},
    gate::Limits,
    intake,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    outcome::{During, Outcome, fail},
    peers::place::{Place, pipe},
    workshop::Workshop,
};

const RANDOM_DOCUMENTS: usize = 10_000;

/// A line of the published cases.
#[derive(Debug, Deserialize)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    input: String,
    gate: Verdict,
    canonical: Option<String>,
    params_hash: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Accept,
    Refuse,
}

/// What is hashed into an approval.
#[derive(Debug, Deserialize)]
struct Asked {
    action: Value,
    resource: Value,
    parameters: Value,
}

/// A document and our hash of it.
#[derive(Debug)]
struct Hashed {
    text: String,
    hash: String,
}

/// Hashes everything here and there.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let mut documents = Vec::new();
    let published = if let Some(vectors) = &shop.vectors {
        published(&vectors.join("json/params-hash.jsonl"), &mut documents)?
    } else {
        anstream::println!("skipped: the published cases: set COUNTERSIGN_VECTORS");
        0
    };
    documents.extend(corpus::draw(RANDOM_DOCUMENTS, hashed)?);
    let place = Place::new(shop, "jcs")?;
    let texts: String = documents.iter().map(|document| one_line(&document.text)).collect();
    compare("npm canonicalize", &documents, &pipe(&mut place.node("hash.mjs")?, &texts)?)?;
    compare("PyPI rfc8785", &documents, &pipe(place.python("python")?.arg("hash.py"), &texts)?)?;
    Ok(format!("{published} published cases, {RANDOM_DOCUMENTS} random documents: one hash"))
}

/// Our verdict on every published case; those let in are handed to the peers as well.
fn published(path: &Path, documents: &mut Vec<Hashed>) -> Outcome<usize> {
    let text = fs::read_to_string(path).during(path.display())?;
    for line in text.lines() {
        let case: Case = serde_json::from_str(line).during(path.display())?;
        let ours = hashed(&case.input);
        let verdict = if ours.is_some() { Verdict::Accept } else { Verdict::Refuse };
        if verdict != case.gate {
            return fail(format!("`{}`: we {verdict:?}, published is {:?}", case.name, case.gate));
        }
        let Some(ours) = ours else { continue };
        let form = serde_json::from_str::<Value>(&case.input).ok().and_then(|v| canonical(&v).ok());
        if form != case.canonical || Some(&ours.hash) != case.params_hash.as_ref() {
            return fail(format!("`{}`: our canonical form is {form:?}", case.name));
        }
        documents.push(ours);
    }
    Ok(text.lines().count())
}

/// Our hash, or none where our gate does not let the text in.
fn hashed(text: &str) -> Option<Hashed> {
    let asked: Asked = intake::parse(text.as_bytes(), &Limits::INTAKE).ok()?;
    let hash = params_hash(&asked.action, &asked.resource, &asked.parameters).ok()?;
    Some(Hashed { text: text.to_owned(), hash })
}

/// A line feed can stand only between tokens, where a blank means the same.
fn one_line(text: &str) -> String {
    text.replace('\n', " ") + "\n"
}

fn compare(peer: &str, documents: &[Hashed], answer: &str) -> Outcome<()> {
    if answer.lines().count() != documents.len() {
        return fail(format!("{peer} gave {} hashes", answer.lines().count()));
    }
    let differing =
        documents.iter().zip(answer.lines()).find(|(ours, theirs)| ours.hash != *theirs);
    match differing {
        None => Ok(()),
        Some((ours, theirs)) => {
            fail(format!("{peer} says {theirs}, we say {} of\n{}", ours.hash, ours.text))
        }
    }
}
