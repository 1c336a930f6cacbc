//! The law in force: policy, catalogue and people. Read together, because each names things that
//! the others define; replaced together.

use std::path::Path;

use crate::domain::{
    catalogue::Catalogue,
    diagnostic::Diagnostic,
    people::People,
    policy::{Policy, read::Vocabulary},
};

/// Where the members of a group may be looked up besides the people file.
const GROUP_SOURCES: [&str; 1] = ["idp_claim"];

/// Policy, catalogue and people.
#[derive(Debug)]
pub struct Law {
    pub policy: Policy,
    pub catalogue: Catalogue,
    pub people: People,
}

/// One of the three files.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name that faults are reported under.
    pub name: String,
    pub text: String,
}

/// The three files.
#[derive(Debug, Clone)]
pub struct Sources {
    pub policy: Source,
    pub catalogue: Source,
    pub people: Source,
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{path}`")]
pub struct Unreadable {
    path: String,
    source: std::io::Error,
}

/// The faults of one file.
#[derive(Debug)]
pub struct Faulty {
    pub source: Source,
    pub faults: Vec<Diagnostic>,
}

impl Source {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, Unreadable> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { name, text }),
            Err(source) => Err(Unreadable { path: name, source }),
        }
    }
}

impl Sources {
    /// Reads the three files.
    pub fn read(policy: &Path, catalogue: &Path, people: &Path) -> Result<Self, Unreadable> {
        Ok(Self {
            policy: Source::read(policy)?,
            catalogue: Source::read(catalogue)?,
            people: Source::read(people)?,
        })
    }
}

impl Law {
    /// Reads the law, or names every fault of every file. `platforms` are the chat adapters that
    /// are set up. The policy is checked against what could be read of the other two.
    pub fn parse(sources: &Sources, platforms: &[&str]) -> Result<Self, Vec<Faulty>> {
        let mut faulty = Vec::new();
        let catalogue =
            kept(Catalogue::parse(&sources.catalogue.text), &sources.catalogue, &mut faulty);
        let people = kept(People::parse(&sources.people.text), &sources.people, &mut faulty);
        let (Some(catalogue), Some(people)) = (catalogue, people) else { return Err(faulty) };
        let vocabulary = Vocabulary {
            catalogue: &catalogue,
            people: &people,
            group_sources: &GROUP_SOURCES,
            platforms,
        };
        let policy = Policy::parse(&sources.policy.text, &vocabulary);
        match kept(policy, &sources.policy, &mut faulty) {
            Some(policy) => Ok(Self { policy, catalogue, people }),
            None => Err(faulty),
        }
    }
}

fn kept<T>(
    parsed: Result<T, Vec<Diagnostic>>,
    source: &Source,
    faulty: &mut Vec<Faulty>,
) -> Option<T> {
    parsed.map_err(|faults| faulty.push(Faulty { source: source.clone(), faults })).ok()
}
