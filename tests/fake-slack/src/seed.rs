//! A world in a file, for the program.

use serde::Deserialize;

use crate::{
    FakeSlack,
    world::{App, Channel, Group, Site, Team, User},
};

/// What is there at the start.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    pub app: App,
    pub workspaces: Vec<Team>,
    #[serde(default)]
    pub channels: Vec<Channel>,
    #[serde(default)]
    pub users: Vec<User>,
    #[serde(default)]
    pub groups: Vec<Group>,
    #[serde(default)]
    pub installations: Vec<Installed>,
}

/// An installation that is there at the start.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installed {
    pub site: Site,
    pub scopes: Vec<String>,
}

impl FakeSlack {
    /// Puts everything of a seed there but its app, and gives back the tokens of the installations,
    /// in their order.
    pub fn sow(&self, seed: Seed) -> Vec<String> {
        seed.workspaces.into_iter().for_each(|team| self.workspace(team));
        seed.users.into_iter().for_each(|user| self.user(user));
        seed.channels.into_iter().for_each(|channel| self.channel(channel));
        seed.groups.into_iter().for_each(|group| self.group(group));
        let install = |one: Installed| {
            let scopes: Vec<&str> = one.scopes.iter().map(String::as_str).collect();
            self.install(&one.site, &scopes)
        };
        seed.installations.into_iter().map(install).collect()
    }
}
