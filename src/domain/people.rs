//! Who there is: people with their pinned accounts and their groups, from the people file. Names
//! and e-mail addresses authorise nothing; only a pinned account makes an approver.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use countersign_port::{access::Identity, directory::PEOPLE_FILE};

use super::{
    diagnostic::{Diagnostic, Span},
    id::{Group, PersonId},
    link::{Level, Link},
    policy::Trust,
    provisioned::User,
    request::Subject,
    stand_in::StandIn,
    yaml::{
        self, Entry, Node, Value,
        read::{self, Faults, Members},
    },
};

/// The provider whose subjects are the subjects of access requests.
pub const SIGN_IN: &str = "oidc";

/// Everybody, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    everyone: BTreeMap<PersonId, Person>,
    accounts: HashMap<Identity, PersonId>,
    /// What is known of the accounts that are less than declared.
    weaker: HashMap<Identity, Level>,
    members: BTreeMap<Group, BTreeSet<PersonId>>,
    /// Whom a subject could be, by key or sign-in subject as they are written.
    names: HashMap<String, BTreeSet<PersonId>>,
    /// The same by e-mail, in small letters.
    emails: HashMap<String, BTreeSet<PersonId>>,
    /// Who stands in for whom, and will.
    stand_ins: Vec<StandIn>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub name: String,
    /// Written down for humans and to find the requester; it authorises nothing.
    pub email: Option<String>,
    pub groups: Vec<Group>,
    pub identities: Vec<Identity>,
    /// How far they are trusted when they ask.
    pub trust: Trust,
}

impl People {
    /// Reads the people file, or names every fault of it.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut faults = Vec::new();
        let people = yaml::parse(text, &mut faults).and_then(|root| read_file(&root, &mut faults));
        match people {
            Some(people) if faults.is_empty() => Ok(people),
            Some(_) | None => Err(faults),
        }
    }

    /// One person more.
    pub fn add(&mut self, person: Person) {
        let id = &person.id;
        let accounts = person.identities.iter().cloned();
        self.accounts.extend(accounts.map(|account| (account, id.clone())));
        for group in &person.groups {
            self.members.entry(group.clone()).or_default().insert(id.clone());
        }
        let sign_ins = person.identities.iter().filter(|account| account.provider == SIGN_IN);
        for name in std::iter::once(id.as_str()).chain(sign_ins.map(|own| own.subject.as_str())) {
            self.names.entry(name.to_owned()).or_default().insert(id.clone());
        }
        if let Some(email) = &person.email {
            self.emails.entry(email.to_lowercase()).or_default().insert(id.clone());
        }
        self.everyone.insert(id.clone(), person);
    }

    /// The same people, with the accounts that were linked to them beside the file. What the file or
    /// a provider says of an account goes before; what an e-mail address proposes is nobody's.
    #[must_use]
    pub fn linked(mut self, links: &[Link]) -> Self {
        for Link { account, person, level, .. } in links {
            if *level == Level::Email || self.accounts.contains_key(account) {
                continue;
            }
            let Some(owner) = self.everyone.get_mut(person) else { continue };
            owner.identities.push(account.clone());
            self.accounts.insert(account.clone(), person.clone());
            if *level < Level::Declared {
                self.weaker.insert(account.clone(), *level);
            }
        }
        self
    }

    /// The same people, with the members of some groups as somebody else's books have them. What
    /// the file says of these groups does not count.
    #[must_use]
    pub fn with_accounts(&self, books: &BTreeMap<Group, Vec<Identity>>) -> Self {
        let members = books.iter().map(|(group, accounts)| {
            let ids = accounts.iter().filter_map(|account| self.listed(account));
            (group.clone(), ids.collect())
        });
        self.with_members(&members.collect())
    }

    /// Whom a directory means.
    fn listed(&self, account: &Identity) -> Option<PersonId> {
        if account.provider == PEOPLE_FILE {
            return self
                .get(&PersonId::from(account.subject.as_str()))
                .map(|person| person.id.clone());
        }
        self.accounts.get(account).cloned()
    }

    /// The same people, with other members of some groups.
    #[must_use]
    pub fn with_members(&self, books: &BTreeMap<Group, BTreeSet<PersonId>>) -> Self {
        let mut people = self.clone();
        people.members.extend(books.iter().map(|(group, ids)| (group.clone(), ids.clone())));
        for (id, person) in &mut people.everyone {
            person.groups.retain(|group| !books.contains_key(group));
            let joined = books.keys().filter(|group| {
                people.members.get(*group).is_some_and(|members| members.contains(id))
            });
            person.groups.extend(joined.cloned());
        }
        people
    }

    /// One more account of a person, and what else they are called by whoever keeps it.
    pub fn know_as(&mut self, person: &PersonId, user: &User) {
        self.accounts.insert(user.account(), person.clone());
        for name in std::iter::once(&user.user_name).chain(&user.external_id) {
            self.names.entry(name.clone()).or_default().insert(person.clone());
        }
        for address in user.addresses() {
            self.emails.entry(address.to_lowercase()).or_default().insert(person.clone());
        }
    }

    /// Everybody with one of these e-mail addresses.
    pub fn with_email<'e>(&self, addresses: impl Iterator<Item = &'e str>) -> BTreeSet<PersonId> {
        let found = addresses.filter_map(|address| self.emails.get(&address.to_lowercase()));
        found.flatten().cloned().collect()
    }

    /// The same people, some of whom are in no group any more.
    #[must_use]
    pub fn outside_of_groups(&self, ids: &BTreeSet<PersonId>) -> Self {
        let mut people = self.clone();
        people.members.values_mut().for_each(|members| members.retain(|id| !ids.contains(id)));
        for id in ids {
            if let Some(person) = people.everyone.get_mut(id) {
                person.groups.clear();
            }
        }
        people
    }

    /// The same people, of whom some stand in for others.
    #[must_use]
    pub fn standing_in(self, stand_ins: Vec<StandIn>) -> Self {
        Self { stand_ins, ..self }
    }

    /// Everything that is arranged for those who are away.
    pub fn stand_ins(&self) -> &[StandIn] {
        &self.stand_ins
    }

    pub fn get(&self, id: &PersonId) -> Option<&Person> {
        self.everyone.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.everyone.values()
    }

    /// Whose account it is.
    pub fn by_identity(&self, identity: &Identity) -> Option<&Person> {
        self.everyone.get(self.accounts.get(identity)?)
    }

    /// How surely an account is the one of its owner.
    pub fn level_of(&self, identity: &Identity) -> Level {
        self.weaker.get(identity).copied().unwrap_or(Level::Declared)
    }

    /// Whom an address of a chat product proposes: the one person who is declared with it, and nobody
    /// where it could mean two.
    pub fn proposed_by(&self, address: &str) -> Option<&Person> {
        let meant = self.with_email(std::iter::once(address));
        let person = self.get(meant.first()?)?;
        let is_declared =
            person.email.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(address));
        (meant.len() == 1 && is_declared).then_some(person)
    }

    /// The key of whoever has the account.
    pub fn owner_of(&self, identity: Option<&Identity>) -> Option<PersonId> {
        self.accounts.get(identity?).cloned()
    }

    pub fn groups_of(&self, id: &PersonId) -> &[Group] {
        self.get(id).map(|person| person.groups.as_slice()).unwrap_or_default()
    }

    /// How far somebody is trusted; nobody is who is not in the file.
    pub fn trust_of(&self, id: &PersonId) -> Trust {
        self.get(id).map(|person| person.trust).unwrap_or_default()
    }

    /// The people who are in all of these groups. Nobody is in none.
    pub fn members_of(&self, groups: &[Group]) -> Vec<&Person> {
        self.ids_in(groups).filter_map(|id| self.get(id)).collect()
    }

    /// Who is in all of these groups, one after the other: whoever looks for a few need not wait
    /// for a thousand.
    pub fn ids_in<'p>(&'p self, groups: &[Group]) -> impl Iterator<Item = &'p PersonId> {
        let (first, others) = groups.split_first().unzip();
        let in_others = move |id: &&PersonId| {
            let mut others = others.into_iter().flatten();
            others.all(|group| self.members.get(group).is_some_and(|ids| ids.contains(*id)))
        };
        let members = first.and_then(|group| self.members.get(group));
        members.into_iter().flatten().filter(in_others)
    }

    /// Every group that somebody is in.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.members.keys()
    }

    /// Who the subject of a request is: by key, declared e-mail or sign-in subject. `None` for
    /// nobody, and also where two people fit: a guess would lend one of them the other's groups.
    pub fn who_is(&self, subject: &Subject) -> Option<&PersonId> {
        self.called(&subject.id)
    }

    /// The same by a word that somebody writes.
    pub fn called(&self, name: &str) -> Option<&PersonId> {
        let mut found = self.answering_to(name);
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    /// Everybody whom the subject could be, by id or e-mail: none of them may approve.
    pub fn who_may_be(&self, subject: &Subject) -> BTreeSet<&PersonId> {
        let names = std::iter::once(&subject.id).chain(&subject.email);
        names.flat_map(|name| self.answering_to(name)).collect()
    }

    fn answering_to(&self, name: &str) -> impl Iterator<Item = &PersonId> {
        let found = [self.names.get(name), self.emails.get(&name.to_lowercase())];
        found.into_iter().flatten().flatten()
    }
}

fn read_file(root: &Node, faults: &mut Faults) -> Option<People> {
    let members = Members::of(root, &["people"], faults)?;
    let node = members.need("people", faults)?;
    let mut people = People::default();
    let mut seen = Seen::default();
    for entry in read::entries(node, faults)? {
        if let Some(person) = read_person(entry, &mut seen, faults) {
            people.add(person);
        }
    }
    Some(people)
}

/// What may belong to one person only.
#[derive(Debug, Default)]
struct Seen {
    accounts: HashMap<Identity, String>,
    emails: HashMap<String, String>,
    /// A group by its name in small letters.
    groups: HashMap<String, String>,
}

fn read_person(entry: &Entry, seen: &mut Seen, faults: &mut Faults) -> Option<Person> {
    let (mut email, mut groups, mut identities) = (None, Vec::new(), Vec::new());
    let mut trust = Trust::default();
    let owner = &entry.key.text;
    let members = read::entries(&entry.node, faults)?;
    let name = members.iter().find(|member| member.key.text == "name");
    if name.is_none() {
        faults.push(Diagnostic::new(entry.key.span, format!("`{owner}` needs a `name`")));
    }
    let name = name.and_then(|member| read::text(&member.node, faults));
    for member in members {
        match member.key.text.as_str() {
            "name" => {}
            "email" => email = read_email(&member.node, owner, seen, faults),
            "groups" => groups = read_groups(&member.node, seen, faults),
            "trust" => {
                trust = read::choice(&member.node, &Trust::CHOICES, faults).unwrap_or_default();
            }
            _ => identities.extend(read_accounts(member, owner, seen, faults)),
        }
    }
    let id = PersonId::from(owner.as_str());
    Some(Person { id, name: name?.to_owned(), email, groups, identities, trust })
}

fn read_email(node: &Node, owner: &str, seen: &mut Seen, faults: &mut Faults) -> Option<String> {
    let email = read::text(node, faults)?;
    if !email.contains('@') {
        return read::expected("an e-mail address", node, faults);
    }
    let other = seen.emails.insert(email.to_lowercase(), owner.to_owned());
    shared(other, &format!("the e-mail address `{email}`"), node.span, faults);
    Some(email.to_owned())
}

fn read_groups(node: &Node, seen: &mut Seen, faults: &mut Faults) -> Vec<Group> {
    let mut groups = Vec::new();
    for node in read::list(node, faults).unwrap_or_default() {
        let Some(group) = read::text(node, faults) else { continue };
        let spelt = seen.groups.entry(group.to_lowercase()).or_insert_with(|| group.to_owned());
        if spelt != group {
            let message = format!("the group `{group}` is written `{spelt}` elsewhere");
            faults.push(Diagnostic::new(node.span, message));
        }
        groups.push(Group::from(group));
    }
    groups
}

/// The accounts at any provider: one, or a list where somebody has several.
fn read_accounts(
    entry: &Entry,
    owner: &str,
    seen: &mut Seen,
    faults: &mut Faults,
) -> Vec<Identity> {
    let (provider, nodes) = (&entry.key, read::one_or_more(&entry.node));
    if nodes.is_empty() {
        let message = format!("the list of `{}` accounts is empty", provider.text);
        faults.push(Diagnostic::new(provider.span, message));
    }
    let is_one = matches!(entry.node.value, Value::Map(_));
    let mut identities = Vec::new();
    for node in nodes {
        let Value::Map(members) = &node.value else {
            let message = format!("unknown key `{}`", provider.text);
            let help = "known are `name`, `email`, `groups` and `trust`; an account is a map, such as `{ tenant: …, subject: … }`";
            faults.push(Diagnostic::new(provider.span, message).with_help(Some(help.to_owned())));
            continue;
        };
        let at = if is_one { provider.span } else { node.span };
        identities.extend(read_account(&provider.text, members, at, (owner, seen), faults));
    }
    identities
}

/// A map of a tenant-like and a subject-like member.
fn read_account(
    provider: &str,
    members: &[Entry],
    at: Span,
    (owner, seen): (&str, &mut Seen),
    faults: &mut Faults,
) -> Option<Identity> {
    let mut one_of = |names: [&str; 3]| {
        let mut found = members.iter().filter(|member| names.contains(&member.key.text.as_str()));
        let first = found.next().and_then(|member| read::text(&member.node, faults))?;
        found.next().is_none().then_some(first)
    };
    let tenant = one_of(["team", "tenant", "issuer"]);
    let subject = one_of(["user", "object", "subject"]);
    let (Some(tenant), Some(subject), 2) = (tenant, subject, members.len()) else {
        let message = format!("the account `{provider}` needs exactly two members");
        let help = "one of `team`, `tenant`, `issuer` and one of `user`, `object`, `subject`";
        faults.push(Diagnostic::new(at, message).with_help(Some(help.to_owned())));
        return None;
    };
    let account = Identity {
        provider: provider.to_owned(),
        tenant: tenant.to_owned(),
        subject: subject.to_owned(),
    };
    let other = seen.accounts.insert(account.clone(), owner.to_owned());
    shared(other, &format!("the `{provider}` account `{subject}`"), at, faults);
    Some(account)
}

fn shared(other: Option<String>, what: &str, span: Span, faults: &mut Faults) {
    if let Some(other) = other {
        let message = format!("{what} belongs to `{other}` already");
        let help = "an account or address belongs to one person".to_owned();
        faults.push(Diagnostic::new(span, message).with_help(Some(help)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "people:
  ann: { name: Ann, email: Ann@Example.com, groups: [shop, lead], chat: { team: T1, user: U1 } }
  bob: { name: Bob, groups: [shop], oidc: { issuer: a, subject: s-1 } }
  cyd: { name: Cyd, groups: [lead], oidc: { issuer: b, subject: s-1 }, sandbox: { tenant: T1, object: U1 } }
";

    fn subject(id: &str, email: Option<&str>) -> Subject {
        Subject {
            kind: "user".to_owned(),
            id: id.to_owned(),
            name: None,
            email: email.map(str::to_owned),
            groups: Vec::new(),
            proven: Vec::new(),
            sign_in: crate::domain::request::SignIn::default(),
            roles: Vec::new(),
            sid: None,
        }
    }

    #[test]
    fn an_account_belongs_to_one_person() {
        let people = People::parse(FILE).unwrap();
        let account = |provider: &str, tenant: &str, subject: &str| Identity {
            provider: provider.to_owned(),
            tenant: tenant.to_owned(),
            subject: subject.to_owned(),
        };
        let whose = |identity| people.by_identity(&identity).map(|person| person.name.as_str());
        assert_eq!(whose(account("chat", "T1", "U1")), Some("Ann"));
        assert_eq!(whose(account("sandbox", "T1", "U1")), Some("Cyd"));
        assert_eq!(whose(account("chat", "T2", "U1")), None, "another workspace is a stranger");
        assert_eq!(whose(account("oidc", "a", "s-1")), Some("Bob"));
    }

    #[test]
    fn somebody_may_have_several_accounts_at_one_provider() {
        let text = "people:
  ann: { name: Ann, chat: [{ team: T1, user: U1 }, { team: T2, user: U2 }] }
  bob: { name: Bob, chat: [{ team: T1, user: U3 }, { team: T2, user: U2 }] }
";
        let faults = People::parse(text).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].message.contains("the `chat` account `U2` belongs to `ann` already"));
        let people = People::parse(&text.replace("user: U2 }] }\n  bob", "user: U4 }] }\n  bob"));
        let people = people.unwrap();
        for (team, user) in [("T1", "U1"), ("T2", "U4")] {
            let account = Identity {
                provider: "chat".to_owned(),
                tenant: team.to_owned(),
                subject: user.to_owned(),
            };
            assert_eq!(people.by_identity(&account).unwrap().name, "Ann");
        }
    }

    #[test]
    fn somebody_elses_books_replace_what_the_file_says_of_a_group() {
        let people = People::parse(FILE).unwrap();
        let account = |provider: &str, subject: &str| Identity {
            provider: provider.to_owned(),
            tenant: "T1".to_owned(),
            subject: subject.to_owned(),
        };
        let books = BTreeMap::from([
            (Group::from("lead"), vec![account("sandbox", "U1"), account("sandbox", "stranger")]),
            (Group::from("security"), vec![account("chat", "U1")]),
        ]);
        let people = people.with_accounts(&books);
        let groups = |id: &str| people.groups_of(&PersonId::from(id)).to_vec();
        assert_eq!(groups("ann"), [Group::from("shop"), Group::from("security")]);
        assert_eq!(groups("cyd"), [Group::from("lead")]);
        let leads = people.members_of(&[Group::from("lead")]);
        assert_eq!(leads.iter().map(|lead| lead.id.as_str()).collect::<Vec<_>>(), ["cyd"]);
        let books = BTreeMap::from([(Group::from("lead"), Vec::new())]);
        assert!(people.with_accounts(&books).members_of(&[Group::from("lead")]).is_empty());
    }

    #[test]
    fn a_member_is_in_all_of_the_groups() {
        let people = People::parse(FILE).unwrap();
        let names = |groups: &[&str]| {
            let groups: Vec<_> = groups.iter().map(|name| Group::from(*name)).collect();
            people
                .members_of(&groups)
                .into_iter()
                .map(|person| person.name.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&["shop"]), ["Ann", "Bob"]);
        assert_eq!(names(&["shop", "lead"]), ["Ann"]);
        assert!(names(&["shop", "none"]).is_empty());
        assert!(names(&[]).is_empty(), "nobody is in no group");
        assert_eq!(people.groups_of(&PersonId::from("cyd")), [Group::from("lead")]);
        assert!(people.groups_of(&PersonId::from("eve")).is_empty());
    }

    #[test]
    fn a_subject_that_two_people_fit_is_neither_of_them_and_neither_may_approve() {
        let people = People::parse(FILE).unwrap();
        let who = |id: &str| people.who_is(&subject(id, None)).map(PersonId::as_str);
        assert_eq!(who("ann"), Some("ann"));
        assert_eq!(who("aNN@example.com"), Some("ann"));
        assert_eq!(who("ANN"), None, "a key is exact");
        assert_eq!(who("s-1"), None);
        assert_eq!(who("Ann"), None, "a name is no identity");
        let may = |id: &str, email: Option<&str>| {
            let subject = subject(id, email);
            let people = people.who_may_be(&subject).into_iter();
            people.map(|id| id.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(may("s-1", Some("ann@example.com")), ["ann", "bob", "cyd"]);
        assert_eq!(may("u-9", Some("ann@example.com")), ["ann"]);
        assert!(may("u-9", None).is_empty());
    }
}
