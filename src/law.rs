//! The law in force: policy, catalogue and people. Read together, because each names things that
//! the others define; replaced together.

mod asking;
pub mod planning;
pub mod rehearsal;
mod staffing;
pub mod replay;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use countersign_port::access::Identity;
use jiff::Timestamp;

use crate::domain::{
    access::vote,
    catalogue::Catalogue,
    diagnostic::{Diagnostic, Severity},
    id::{Group, PersonId},
    people::People,
    plan::Risk,
    policy::{
        CLAIM, GroupSource, Policy,
        check::{self, File, Finding, Surroundings},
        read::Vocabulary,
    },
    provisioned::{Provisioned, Source as Provider},
    stand_in::{self, Certainty, StandIn},
};

/// The key under which the policy names groups that a provider tells us of.
pub const GROUPS: &str = "scim_group";

/// Policy, catalogue and people.
#[derive(Debug)]
pub struct Law {
    pub policy: Arc<Policy>,
    pub catalogue: Arc<Catalogue>,
    /// Everybody, in the groups of the people file and of the directories.
    pub people: People,
    /// Everybody as the people file has them.
    declared: Arc<People>,
    /// Who may not act, whatever group they were in.
    barred: Arc<BTreeSet<PersonId>>,
    /// What the directories and the providers said.
    heard: Heard,
    /// When the directory of a group answered last, for every group that is kept in one.
    answered: BTreeMap<Group, Option<Timestamp>>,
    /// What is in force all the same, and may be meant otherwise.
    warnings: Arc<Vec<Finding>>,
}

/// The chat products and directories that are set up: the policy may name these only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Where channels are.
    pub platforms: Vec<&'static str>,
    /// Where groups are kept.
    pub directories: Vec<&'static str>,
    /// Who tells us of people and groups.
    pub providers: Vec<Provider>,
}

/// The last answer of a directory about one group.
#[derive(Debug, Clone)]
pub struct Membership {
    pub accounts: Vec<Identity>,
    pub at: Timestamp,
}

/// What directories answered when they were asked, and what providers told unasked.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// By who was asked for what: an answer says nothing about a group that is kept elsewhere since.
    pub answers: Arc<BTreeMap<GroupSource, Membership>>,
    pub provisioned: Arc<Provisioned>,
    /// The providers that are set up.
    pub providers: Arc<[Provider]>,
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

impl Known {
    /// What the policy may name as the place of a group.
    fn group_sources(&self) -> Vec<&'static str> {
        let told: &[&str] = if self.providers.is_empty() { &[] } else { &[GROUPS] };
        [&[CLAIM], told, self.directories.as_slice()].concat()
    }
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

    /// Findings, by the file that they are about.
    pub fn faulty(&self, findings: impl IntoIterator<Item = Finding>) -> Vec<Faulty> {
        let (mut policy, mut catalogue) = (Vec::new(), Vec::new());
        for finding in findings {
            match finding.file {
                File::Policy => policy.push(finding.diagnostic),
                File::Catalogue => catalogue.push(finding.diagnostic),
            }
        }
        let files = [(&self.policy, policy), (&self.catalogue, catalogue)];
        let with_faults = files.into_iter().filter(|(_, faults)| !faults.is_empty());
        with_faults.map(|(source, faults)| Faulty { source: source.clone(), faults }).collect()
    }
}

impl Law {
    /// Reads the law, or names every fault of every file. The policy is checked against what could
    /// be read of the other two.
    pub fn parse(sources: &Sources, known: &Known) -> Result<Self, Vec<Faulty>> {
        let mut faulty = Vec::new();
        let catalogue =
            kept(Catalogue::parse(&sources.catalogue.text), &sources.catalogue, &mut faulty);
        let people = kept(People::parse(&sources.people.text), &sources.people, &mut faulty);
        let (Some(catalogue), Some(people)) = (catalogue, people) else { return Err(faulty) };
        let vocabulary = Vocabulary {
            catalogue: &catalogue,
            people: &people,
            group_sources: &known.group_sources(),
            platforms: &known.platforms,
        };
        let policy = Policy::parse(&sources.policy.text, &vocabulary);
        let Some(policy) = kept(policy, &sources.policy, &mut faulty) else { return Err(faulty) };
        let surroundings = Surroundings { catalogue: &catalogue, people: &people };
        let (errors, warnings): (Vec<Finding>, Vec<Finding>) = check::check(&policy, surroundings)
            .into_iter()
            .partition(|finding| finding.diagnostic.severity == Severity::Error);
        if !errors.is_empty() {
            return Err(sources.faulty(errors.into_iter().chain(warnings)));
        }
        let unanswered = Self {
            policy: Arc::new(policy),
            catalogue: Arc::new(catalogue),
            people: People::default(),
            declared: Arc::new(people),
            barred: Arc::default(),
            heard: Heard::default(),
            answered: BTreeMap::new(),
            warnings: Arc::new(warnings),
        };
        let providers = known.providers.as_slice().into();
        Ok(unanswered.hearing(Heard { providers, ..Heard::default() }))
    }

    /// What its authors would want to know.
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// The same law with what the directories say. A group that no directory has answered for has
    /// nobody in it.
    #[must_use]
    pub fn answered(&self, answers: BTreeMap<GroupSource, Membership>) -> Self {
        self.hearing(Heard { answers: Arc::new(answers), ..self.heard.clone() })
    }

    /// The same law with what the providers have told.
    #[must_use]
    pub fn told(&self, provisioned: Arc<Provisioned>) -> Self {
        self.hearing(Heard { provisioned, ..self.heard.clone() })
    }

    /// What is heard by now, for a law that takes the place of this one.
    pub fn heard(&self) -> &Heard {
        &self.heard
    }

    /// The same law, with all that was heard.
    #[must_use]
    pub fn hearing(&self, heard: Heard) -> Self {
        let Heard { answers, provisioned, providers } = &heard;
        let joined = provisioned.join(&self.declared, providers);
        let (mut books, mut answered) = (BTreeMap::new(), BTreeMap::new());
        for (group, source) in self.kept_elsewhere() {
            let accounts = if source.kind == GROUPS {
                // What was told holds until something else is told, so it has no age.
                let told = provisioned.members(&source.value, providers);
                if told.is_none() {
                    answered.insert(group.clone(), None);
                }
                told
            } else {
                let answer = answers.get(source);
                answered.insert(group.clone(), answer.map(|answer| answer.at));
                answer.map(|answer| answer.accounts.clone())
            };
            books.insert(group.clone(), accounts.unwrap_or_default());
        }
        let people = joined
            .people
            .linked(&provisioned.links)
            .with_accounts(&books)
            .outside_of_groups(&joined.barred);
        let people = people.standing_in(provisioned.stand_ins.clone());
        let barred = Arc::new(joined.barred);
        Self { people, barred, heard, answered, ..self.shared() }
    }

    /// The same law, in which nobody can tell who is in the groups of these sources: what they said is
    /// forgotten, so that nothing else that is heard brings it back.
    #[must_use]
    pub fn doubting(&self, is_doubted: impl Fn(&GroupSource) -> bool) -> Self {
        let mut answers = BTreeMap::clone(&self.heard.answers);
        answers.retain(|source, _| !is_doubted(source));
        self.hearing(Heard { answers: Arc::new(answers), ..self.heard.clone() })
    }

    /// The same law, as if some groups that are kept elsewhere had these members.
    fn with_members(&self, members: &BTreeMap<Group, BTreeSet<PersonId>>) -> Self {
        let people = self.people.with_members(members);
        Self { people, answered: BTreeMap::new(), ..self.shared() }
    }

    /// The same law again; its parts are shared.
    fn shared(&self) -> Self {
        Self {
            policy: Arc::clone(&self.policy),
            catalogue: Arc::clone(&self.catalogue),
            people: self.people.clone(),
            declared: Arc::clone(&self.declared),
            barred: Arc::clone(&self.barred),
            heard: self.heard.clone(),
            answered: self.answered.clone(),
            warnings: Arc::clone(&self.warnings),
        }
    }

    /// Who may not act, whatever group they were in: switched off where a provider says so.
    pub fn barred(&self) -> &BTreeSet<PersonId> {
        &self.barred
    }

    /// The groups that directories know the members of.
    pub fn kept_elsewhere(&self) -> impl Iterator<Item = (&Group, &GroupSource)> {
        self.policy.groups.iter().filter(|(_, source)| !source.is_claim())
    }

    /// Whether there are groups that directories are asked about.
    pub fn asks_directories(&self) -> bool {
        self.kept_elsewhere().any(|(_, source)| source.kind != GROUPS)
    }

    /// Whether it is known of all groups who is in them.
    pub fn certainty(&self) -> Certainty {
        let mut groups = self.kept_elsewhere();
        let is_unheard = |(group, _): (&Group, _)| self.answered.get(group) == Some(&None);
        if groups.any(is_unheard) { Certainty::Perhaps } else { Certainty::Certain }
    }

    /// Whether only a request itself says who is in a group.
    pub fn is_claimed(&self, group: &Group) -> bool {
        self.policy.groups.get(group).is_some_and(GroupSource::is_claim)
    }

    /// The source of a group of which a directory has not said lately enough who is in it.
    pub fn silent(&self, group: &Group, risk: Risk, now: Timestamp) -> Option<&GroupSource> {
        let at = self.answered.get(group)?;
        let source = self.policy.groups.get(group)?;
        (!vote::is_believed(*at, risk, now)).then_some(source)
    }

    /// When the directory of a group answered last.
    pub fn answered_at(&self, group: &Group) -> Option<Timestamp> {
        self.answered.get(group).copied().flatten()
    }
}

impl vote::Roster for Law {
    /// The groups of a person, and how old the answers are.
    fn membership(&self, person: &PersonId) -> vote::Membership {
        let groups = self.people.groups_of(person).to_vec();
        vote::Membership {
            groups,
            answered: self.answered.clone(),
            is_barred: self.barred.contains(person),
        }
    }

    fn mandates(&self, person: &PersonId) -> Vec<vote::Mandate> {
        let arranged = self.people.stand_ins().iter().filter(|one| one.delegate == *person);
        let mandate = |one: &StandIn| vote::Mandate {
            name: stand_in::name(&one.away, &self.people),
            stand_in: one.clone(),
        };
        arranged.map(mandate).collect()
    }
}

fn kept<T>(
    parsed: Result<T, Vec<Diagnostic>>,
    source: &Source,
    faulty: &mut Vec<Faulty>,
) -> Option<T> {
    parsed.map_err(|faults| faulty.push(Faulty { source: source.clone(), faults })).ok()
}
