//! Where the cards of a site go, and what its files say of it.

use std::net::SocketAddr;

use countersign_fake_teams::world::{Bot, object};
use countersign_sandbox::demo;

use crate::{
    tenant::{self, TENANT, THREAD, Tenant},
    workspace::{APP, CHANNELS, TEAM, TS, account},
};

/// What the bot in Slack proves itself with.
pub(super) const BOT_TOKEN: &str = "xoxb-000000000000-000000000000-bench";

/// The platforms on which it has channels: the sandbox, where it has none of the others.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chat<'t> {
    pub(super) slack: Option<SocketAddr>,
    pub(super) teams: Option<&'t Tenant>,
}

impl Chat<'_> {
    pub(super) fn configuration(self) -> String {
        let sections: Vec<_> =
            self.slack.map(slack).into_iter().chain(self.teams.map(teams)).collect();
        if sections.is_empty() { sandbox() } else { sections.join("\n") }
    }

    pub(super) fn policy(self) -> String {
        if self.is_sandbox() {
            return demo::POLICY.to_owned();
        }
        CHANNELS.iter().fold(demo::POLICY.to_owned(), |policy, (id, name)| {
            let address = self.each(|platform| format!("{platform}: {id}"));
            policy.replace(&format!("{{ sandbox: {name} }}"), &format!("{{ {address} }}"))
        })
    }

    /// In chat one click is to say yes: where the risk is high there is a form before it.
    pub(super) fn catalogue(self) -> String {
        if self.is_sandbox() {
            return demo::CATALOGUE.to_owned();
        }
        demo::CATALOGUE.replace("risk: high", "risk: medium")
    }

    pub(super) fn people(self) -> String {
        if self.is_sandbox() {
            return demo::PEOPLE.to_owned();
        }
        demo::PERSONAS.iter().fold(demo::PEOPLE.to_owned(), |people, persona| {
            let sandbox = format!("sandbox: {{ team: {}, user: {} }}", demo::TEAM, persona.id);
            let accounts = self.each(|platform| match platform {
                "slack" => format!("slack: {{ team: {TEAM}, user: {} }}", account(persona.id)),
                _ => format!("teams: {{ tenant: {TENANT}, object: {} }}", object(persona.id)),
            });
            people.replace(&sandbox, &accounts)
        })
    }

    /// What stands before and behind the channel in the name of a message.
    pub(super) fn message(self) -> (String, String) {
        match self.teams {
            None => (format!("{TEAM}/"), format!("/{TS}")),
            Some(_) => (format!("{TENANT}|"), format!("{THREAD}|1")),
        }
    }

    fn is_sandbox(self) -> bool {
        self.slack.is_none() && self.teams.is_none()
    }

    /// What is said of each platform, in one line.
    fn each(self, said: impl Fn(&str) -> String) -> String {
        let platforms = [self.slack.map(|_| "slack"), self.teams.map(|_| "teams")];
        platforms.into_iter().flatten().map(said).collect::<Vec<_>>().join(", ")
    }
}

/// What the bot in Teams proves itself with.
pub(super) fn teams_secret() -> String {
    Bot::named(tenant::APP, TENANT).secret
}

fn sandbox() -> String {
    let channels = demo::CHANNELS.join(", ");
    format!("sandbox: {{ channels: [{channels}], key: {{ file: page.key }} }}")
}

fn slack(workspace: SocketAddr) -> String {
    format!(
        "slack:
  api_url: \"http://{workspace}/api\"
  app_id: {APP}
  signing_secret: {{ file: signing.key }}
  workspaces: [{{ team: {TEAM}, bot_token: {{ file: slack.key }} }}]"
    )
}

fn teams(tenant: &Tenant) -> String {
    format!(
        "encryption_key: {{ file: encryption.key }}
teams:
  app_id: {}
  tenant_id: {TENANT}
  client_secret: {{ file: teams.key }}
  openid_metadata_url: \"{}\"
  token_url: \"{}\"
  service_hosts: [127.0.0.1]",
        tenant::APP,
        tenant.login.openid_metadata_url(),
        tenant.login.token_url(),
    )
}
