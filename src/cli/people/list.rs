//! `countersign people list`: everybody, as the service sees them now. Groups that a directory is
//! asked about are not asked here; `doctor` asks.

use clap::Args;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::Value;

use crate::{
    adapters,
    cli::{ConfigFile, End, Failure, output, table},
    clock::Clock,
    domain::{
        id::{Group, PersonId},
        link::{Level, Link},
        people::Person,
        provisioned::{PROVIDER, Source},
        stand_in::{StandIn, day},
    },
    law::{Law, Sources},
    store::Store,
};

/// How it is said.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    file: ConfigFile,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// A person, in a line.
#[derive(Debug, Serialize)]
struct Row<'a> {
    person: &'a str,
    name: &'a str,
    groups: Vec<&'a str>,
    /// Where they have an account.
    accounts: Vec<&'a str>,
    /// Whether a provider, and not the people file, has told of them.
    told: Option<&'a str>,
    may_act: &'static str,
    /// Accounts that were linked by a code: what it rests on, by whom and when.
    links: Vec<Linked<'a>>,
    /// Who decides for them now or later.
    stand_ins: Vec<Stand<'a>>,
}

/// A link beside the people file.
#[derive(Debug, Serialize)]
struct Linked<'a> {
    account: String,
    level: &'static str,
    evidence: &'a Value,
    by: &'a str,
    at: Timestamp,
}

/// Who stands in, and when.
#[derive(Debug, Serialize)]
struct Stand<'a> {
    delegate: &'a str,
    from: Timestamp,
    until: Timestamp,
}

/// Reads the files and the database.
pub(super) async fn run(list: List) -> Result<End, Failure> {
    let config = output::config(&list.file.config)?;
    let sources = Sources::read(&config.policy, &config.catalogue, &config.people)?;
    let known = adapters::known(&config);
    let law = Law::parse(&sources, &known).map_err(|faulty| output::law_faults(&faulty))?;
    let store = Store::existing(config.database.expose_secret()).await?;
    let provisioned = store.provisioned().await;
    store.close().await;
    let law = law.told(provisioned?.into());
    let now = Clock::system().now();
    for person in law.people.iter() {
        let row = row(&law, person, &known.providers, now);
        if list.json {
            output::data(&serde_json::to_string(&row)?);
        } else {
            tell(&row);
        }
    }
    Ok(End::Yes)
}

fn row<'a>(law: &'a Law, person: &'a Person, providers: &'a [Source], now: Timestamp) -> Row<'a> {
    let told = providers.iter().map(|provider| provider.id.as_str());
    let key = person.id.as_str();
    Row {
        person: key,
        name: &person.name,
        groups: person.groups.iter().map(Group::as_str).collect(),
        accounts: person.identities.iter().map(|account| account.provider.as_str()).collect(),
        told: told
            .into_iter()
            .find(|id| key.strip_prefix(id).is_some_and(|rest| rest.starts_with(':'))),
        may_act: if law.barred().contains(&person.id) { "no" } else { "yes" },
        links: links(law, &person.id),
        stand_ins: stand_ins(law, &person.id, now),
    }
}

fn links<'a>(law: &'a Law, person: &PersonId) -> Vec<Linked<'a>> {
    let all = law.heard().provisioned.links.iter().filter(|link| link.person == *person);
    let linked = |link: &'a Link| Linked {
        account: format!("{} {}", link.account.provider, link.account.address()),
        level: link.level.as_str(),
        evidence: &link.evidence,
        by: &link.made_by,
        at: link.made_at,
    };
    all.map(linked).collect()
}

fn stand_ins<'a>(law: &'a Law, away: &PersonId, now: Timestamp) -> Vec<Stand<'a>> {
    let all = law.people.stand_ins().iter();
    let theirs = all.filter(|one| one.away == *away && one.until > now);
    let stand = |one: &'a StandIn| Stand {
        delegate: one.delegate.as_str(),
        from: one.from,
        until: one.until,
    };
    theirs.map(stand).collect()
}

fn tell(row: &Row<'_>) {
    let Row { person, name, groups, accounts, told, may_act, links, stand_ins } = row;
    let accounts: Vec<&str> = accounts.iter().copied().filter(|one| *one != PROVIDER).collect();
    let mut notes = Vec::new();
    if *may_act == "no" {
        notes.push("switched off: decides nothing".to_owned());
    }
    if accounts.is_empty() {
        notes.push("no account in chat: cannot decide".to_owned());
    }
    notes.extend(links.iter().map(|link| {
        let Linked { account, level, by, at, .. } = link;
        if *level == Level::Email.as_str() {
            return format!("{account} proposed by its address, counts for nothing, {}", day(*at));
        }
        format!("{account} {level} by {by}, with a code, {}", day(*at))
    }));
    notes.extend(stand_ins.iter().map(|one| {
        let Stand { delegate, from, until } = one;
        format!("{delegate} stands in from {} until {}", day(*from), day(*until))
    }));
    notes.extend(told.map(|provider| format!("told by {provider}")));
    let (name, groups, notes) = (table::safe(name), groups.join(", "), notes.join("; "));
    output::data(format!("{person}  {name}  [{}]  {notes}", table::safe(&groups)).trim_end());
}
