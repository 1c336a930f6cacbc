//! Who there is by the books of providers that tell us (SCIM): joined with the people file. A
//! pinned account makes two descriptions one person; an e-mail address alone gives nobody a group,
//! and is enough to take the word away from somebody who was switched off.

use std::collections::{BTreeSet, HashMap};

use countersign_port::access::Identity;

use super::{
    id::PersonId,
    link::Link,
    people::{People, Person},
    policy::Trust,
    scim::resource::State,
    stand_in::StandIn,
};

/// The provider of pinned accounts, and of the accounts that groups list.
pub const PROVIDER: &str = "scim";

/// Everything that providers have told, and what people have arranged among themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// Raised by every change.
    pub version: i64,
    pub users: Vec<User>,
    pub groups: Vec<Group>,
    pub stand_ins: Vec<StandIn>,
    pub links: Vec<Link>,
}

/// Where users come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub id: String,
    /// The platform and tenant in which the external id of a user names an account.
    pub accounts: Option<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: String,
    pub source: String,
    pub user_name: String,
    pub external_id: Option<String>,
    pub display_name: Option<String>,
    pub emails: Vec<String>,
    pub state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub source: String,
    pub name: String,
    pub external_id: Option<String>,
    /// The ids of its users.
    pub members: Vec<String>,
}

/// The people file and the books of the providers, together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joined {
    pub people: People,
    /// Whoever may not act, because a provider says so or does not say that they may.
    pub barred: BTreeSet<PersonId>,
}

/// What the providers say of the people of the file.
#[derive(Debug, Default)]
struct Standing<'p> {
    /// The pins that an active user answers to.
    good_pins: BTreeSet<(&'p str, String)>,
    /// People of whom a source knows an active, or another, user by e-mail.
    vouched: BTreeSet<(PersonId, &'p str)>,
    doubted: BTreeSet<(PersonId, &'p str)>,
}

impl Provisioned {
    /// Joins the two. Users of a source that is not among `sources` are nobody.
    pub fn join(&self, declared: &People, sources: &[Source]) -> Joined {
        let pins = pins(declared);
        let mut people = declared.clone();
        let mut barred = BTreeSet::new();
        let mut standing = Standing::default();
        for source in sources {
            let mut users: Vec<&User> =
                self.users.iter().filter(|user| user.source == source.id).collect();
            // Of two descriptions of one person the one that is active comes first.
            users.sort_unstable_by_key(|user| (user.state, &user.id));
            for user in users {
                match pins.find(user) {
                    Some((pin, person)) => {
                        people.know_as(person, user);
                        if user.state == State::Active {
                            standing.good_pins.insert((&source.id, pin));
                        }
                    }
                    None => match people.owner_of(user.elsewhere(source).as_ref()) {
                        Some(person) => {
                            people.know_as(&person, user);
                            standing.note(&person, source, user.state);
                        }
                        None => by_email(user, source, &mut people, &mut barred, &mut standing),
                    },
                }
            }
        }
        barred.extend(pins.unanswered(&standing.good_pins));
        let doubted = standing.doubted.difference(&standing.vouched);
        let is_pinned = |person: &PersonId, source: &str| pins.is_pinned(person, source);
        let doubted = doubted.filter(|(person, source)| !is_pinned(person, source));
        barred.extend(doubted.map(|(person, _)| person.clone()));
        Joined { people, barred }
    }

    /// The accounts in the group that the policy names, as `SOURCE/NAME`, or `NAME` alone where
    /// there is one source. `None` where no source has it, or more than one group is meant.
    pub fn members(&self, value: &str, sources: &[Source]) -> Option<Vec<Identity>> {
        let (source, name) = match (value.split_once('/'), sources) {
            (Some((source, name)), _) if sources.iter().any(|known| known.id == source) => {
                (source, name)
            }
            (_, [only]) => (only.id.as_str(), value),
            (_, _) => return None,
        };
        let is_meant = |group: &&Group| {
            group.source == source
                && (group.name.to_lowercase() == name.to_lowercase()
                    || group.external_id.as_deref() == Some(name))
        };
        let mut meant = self.groups.iter().filter(is_meant);
        let group = meant.next()?;
        meant
            .next()
            .is_none()
            .then(|| group.members.iter().map(|id| account(&group.source, id)).collect())
    }
}

/// What the people file pins, by source and name in small letters.
struct Pins<'p>(HashMap<(&'p str, String), Vec<(&'p str, &'p PersonId)>>);

fn pins(declared: &People) -> Pins<'_> {
    let mut pins: HashMap<_, Vec<_>> = HashMap::new();
    for person in declared.iter() {
        for pin in person.identities.iter().filter(|pin| pin.provider == PROVIDER) {
            let key = (pin.tenant.as_str(), pin.subject.to_lowercase());
            pins.entry(key).or_default().push((pin.subject.as_str(), &person.id));
        }
    }
    Pins(pins)
}

impl<'p> Pins<'p> {
    /// The pin that names the user: by external id to the letter, or by user name.
    fn find(&self, user: &User) -> Option<(String, &'p PersonId)> {
        let by = |name: &str, is_exact: bool| {
            let key = name.to_lowercase();
            let pinned = self.0.get(&(user.source.as_str(), key.clone()))?;
            let mut fitting = pinned.iter().filter(|(pin, _)| !is_exact || *pin == name);
            let (_, person) = fitting.next()?;
            fitting.next().is_none().then_some((key, *person))
        };
        let external = user.external_id.as_deref().and_then(|id| by(id, true));
        external.or_else(|| by(&user.user_name, false))
    }

    /// Everybody with a pin that no active user answers to.
    fn unanswered(&self, good: &BTreeSet<(&str, String)>) -> impl Iterator<Item = PersonId> {
        let bad = self.0.iter().filter(|((source, pin), _)| !good.contains(&(source, pin.clone())));
        bad.flat_map(|(_, pinned)| pinned.iter().map(|(_, person)| (*person).clone()))
    }

    fn is_pinned(&self, person: &PersonId, source: &str) -> bool {
        let of_source = self.0.iter().filter(|((pinned, _), _)| *pinned == source);
        of_source.flat_map(|(_, all)| all).any(|(_, pinned)| *pinned == person)
    }
}

/// Somebody whom nothing is pinned to is a person of their own, unless their address says that they
/// may be somebody who is there already.
fn by_email<'p>(
    user: &User,
    source: &'p Source,
    people: &mut People,
    barred: &mut BTreeSet<PersonId>,
    standing: &mut Standing<'p>,
) {
    let known = people.with_email(user.addresses());
    for person in &known {
        standing.note(person, source, user.state);
    }
    if !known.is_empty() || user.state == State::Deleted {
        return;
    }
    let person = user.person(source);
    let id = person.id.clone();
    standing.note(&id, source, user.state);
    if user.state != State::Active {
        barred.insert(id.clone());
    }
    people.add(person);
    people.know_as(&id, user);
}

impl<'p> Standing<'p> {
    fn note(&mut self, person: &PersonId, source: &'p Source, state: State) {
        let said = (person.clone(), source.id.as_str());
        match state {
            State::Active => self.vouched.insert(said),
            State::Inactive | State::Deleted => self.doubted.insert(said),
        };
    }
}

impl User {
    /// What could be an e-mail address of theirs.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.user_name.as_str()).chain(self.emails.iter().map(String::as_str))
    }

    /// Whose account a group lists.
    pub fn account(&self) -> Identity {
        account(&self.source, &self.id)
    }

    /// The account that the external id names.
    fn elsewhere(&self, source: &Source) -> Option<Identity> {
        let known = source.accounts.as_ref().zip(self.external_id.as_ref());
        known.map(|((provider, tenant), subject)| Identity {
            provider: provider.clone(),
            tenant: tenant.clone(),
            subject: subject.clone(),
        })
    }

    fn person(&self, source: &Source) -> Person {
        Person {
            id: PersonId::from(format!("{}:{}", self.source, self.id).as_str()),
            name: self.display_name.clone().unwrap_or_else(|| self.user_name.clone()),
            email: self.emails.first().cloned(),
            groups: Vec::new(),
            identities: self.elsewhere(source).into_iter().collect(),
            trust: Trust::default(),
        }
    }
}

fn account(source: &str, id: &str) -> Identity {
    Identity { provider: PROVIDER.to_owned(), tenant: source.to_owned(), subject: id.to_owned() }
}

#[cfg(test)]
mod tests;
