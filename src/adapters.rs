//! The only place that names adapters: makes them out of the configuration.

use std::sync::Arc;

use axum::Router;
use countersign_egress::Egress;
use countersign_port::{auth_server::AuthServer, chat::Chat, webhook_signature::Signer};
use countersign_sandbox::{
    demo,
    door::{Key, WeakKey},
    page,
    visitor::Visitor,
    workspace::Sandbox,
};
use countersign_webhook::Webhook;
use secrecy::ExposeSecret;

use crate::{
    clock::Clock,
    config::Config,
    domain::{id::Group, people::People},
};

/// The names of the chat adapters that a configuration sets up.
pub fn platforms(config: &Config) -> Vec<&'static str> {
    if config.sandbox.is_some() { vec![demo::PLATFORM] } else { Vec::new() }
}

/// The chat adapters that a configuration sets up, and pages of theirs beside their own routes.
pub fn chats(config: &Config, people: &People) -> Result<(Vec<Arc<dyn Chat>>, Router), WeakKey> {
    let mut chats: Vec<Arc<dyn Chat>> = Vec::new();
    let mut pages = Router::new();
    if let Some(workspace) = &config.sandbox {
        let key = Key::new(workspace.key.expose_secret())?;
        let channels = workspace.channels.iter().map(String::as_str);
        let sandbox = Sandbox::new(channels, key);
        pages = pages.merge(page::workspace(&sandbox, visitors(people)));
        chats.push(Arc::new(sandbox));
    }
    Ok((chats, pages))
}

/// Everybody who has an account in the workspace.
fn visitors(people: &People) -> Vec<Visitor> {
    let mut visitors = Vec::new();
    for person in people.iter() {
        let here = person.identities.iter().filter(|identity| identity.provider == demo::PLATFORM);
        let groups: Vec<&str> = person.groups.iter().map(Group::as_str).collect();
        visitors.extend(here.map(|identity| Visitor {
            subject: identity.subject.clone(),
            name: person.name.clone(),
            role: groups.join(", "),
        }));
    }
    visitors
}

/// The adapter that tells outcomes to asking servers.
pub fn auth_server(
    egress: &Egress,
    signers: impl IntoIterator<Item = (String, Signer)>,
    clock: &Clock,
) -> Arc<dyn AuthServer> {
    let clock = clock.clone();
    let signers = signers.into_iter().collect();
    Arc::new(Webhook::new(egress.clone(), signers, Arc::new(move || clock.now())))
}
