//! The only place that names adapters: makes them out of the configuration.

mod directory;
pub mod hydra;
pub mod keycloak;
pub mod sign_in;
pub mod slack;
mod teams;

use std::{collections::HashMap, sync::Arc};

use axum::Router;
use countersign_egress::token::assertion::{Stamp, Stamps};
use countersign_port::{
    auth_server::AuthServer, chat::Chat, clock::Now, directory::Directory, memory::Memory,
    random::Random,
};
use countersign_sandbox::{demo, door::Key, page, visitor::Visitor, workspace::Sandbox};
use countersign_slack::{usergroups::SOURCE, who};
use countersign_teams::settings;
use countersign_webhook::Webhook;
use secrecy::ExposeSecret;

use crate::{
    cli::Failure,
    clock::Clock,
    config::{Config, client::Integrator},
    domain::{id::Group, people::People},
    law::Known,
    means::Means,
};

/// What of it all a configuration sets up.
pub fn known(config: &Config) -> Known {
    let providers = config.providers.iter().map(|provider| provider.source.clone()).collect();
    let mut known = Known { providers, ..Known::default() };
    if config.sandbox.is_some() {
        known.platforms.push(demo::PLATFORM);
    }
    if config.slack.is_some() {
        known.platforms.push(who::PLATFORM);
        known.directories.push(SOURCE);
    }
    if config.teams.is_some() {
        known.platforms.push(settings::PLATFORM);
    }
    known.directories.extend(directory::sources(config));
    known
}

/// Everything that a configuration connects.
#[derive(Default)]
pub struct Adapters {
    pub chats: Vec<Arc<dyn Chat>>,
    pub directories: Vec<Arc<dyn Directory>>,
    /// Pages beside the routes of the chats.
    pub pages: Router,
}

/// Makes the adapters that a configuration sets up.
pub fn connect(config: &Config, people: &People, means: &Means) -> Result<Adapters, Failure> {
    let mut adapters = Adapters::default();
    if let Some(workspace) = &config.sandbox {
        let key = Key::new(workspace.key.expose_secret())?;
        let channels = workspace.channels.iter().map(String::as_str);
        let team = team(people);
        let sandbox = Sandbox::new(channels, key).of_team(team);
        adapters.pages = adapters.pages.merge(page::workspace(&sandbox, visitors(people, team)));
        adapters.chats.push(Arc::new(sandbox));
    }
    if let Some(settings) = &config.slack {
        let (slack, groups) = slack::connect(settings, means);
        adapters.chats.push(Arc::new(slack));
        adapters.directories.push(groups);
    }
    if let Some(settings) = &config.teams {
        adapters.chats.push(Arc::new(teams::connect(settings, means)));
    }
    adapters.directories.extend(directory::connect(config, means));
    Ok(adapters)
}

impl std::fmt::Debug for Adapters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Adapters")
    }
}

/// The workspace is the one that the first account of it is in.
fn team(people: &People) -> &str {
    let mut accounts = people.iter().flat_map(|person| &person.identities);
    let first = accounts.find(|account| account.provider == demo::PLATFORM);
    first.map_or(demo::TEAM, |account| &account.tenant)
}

/// Everybody who has an account in the workspace.
fn visitors(people: &People, team: &str) -> Vec<Visitor> {
    let mut visitors = Vec::new();
    for person in people.iter() {
        let here = person
            .identities
            .iter()
            .filter(|account| account.provider == demo::PLATFORM && account.tenant == team);
        let groups: Vec<&str> = person.groups.iter().map(Group::as_str).collect();
        visitors.extend(here.map(|identity| Visitor {
            subject: identity.subject.clone(),
            name: person.name.clone(),
            role: groups.join(", "),
        }));
    }
    visitors
}

/// The adapter that tells outcomes to asking servers, with what each client's callbacks carry.
pub fn auth_server(clients: &mut [Integrator], means: &Means) -> Arc<dyn AuthServer> {
    let (mut signers, mut tokens) = (HashMap::new(), HashMap::new());
    let stamps = stamps(means);
    for client in clients {
        let id = client.client.id.to_string();
        signers.extend(client.signer.take().map(|signer| (id.clone(), signer)));
        tokens.extend(client.callback_token.take().map(|token| (id, token.source(&stamps))));
    }
    let memory: Arc<dyn Memory> = Arc::new(means.memory("webhook"));
    let webhook = Webhook::new(means.egress.clone(), signers, time(&means.clock));
    Arc::new(webhook.with_tokens(tokens, &memory))
}

/// What time it is, as adapters ask.
fn time(clock: &Clock) -> Now {
    let clock = clock.clone();
    Now(Arc::new(move || clock.now()))
}

/// What nobody can guess, as adapters ask for it.
fn random(means: &Means) -> Random {
    let seeds = means.seeds.clone();
    Random(Arc::new(move || seeds.seed().0))
}

/// What makes an assertion one of its own.
fn stamps(means: &Means) -> Stamps {
    let (clock, seeds) = (means.clock.clone(), means.seeds.clone());
    Stamps(Arc::new(move || {
        let id = hex::encode(seeds.nonce());
        Stamp { at: clock.now().as_second(), id }
    }))
}
