//! A world in a file, for the program.

use serde::Deserialize;

use crate::{
    FakeTeams,
    world::{Bot, Channel, Person, Team},
};

/// What is there at the start.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    pub bot: Bot,
    pub teams: Vec<Team>,
    #[serde(default)]
    pub channels: Vec<Channel>,
    #[serde(default)]
    pub people: Vec<Person>,
    /// The teams that have the app already.
    #[serde(default)]
    pub installed: Vec<String>,
}

impl FakeTeams {
    /// Puts everything of a seed there but its bot.
    pub fn sow(&self, seed: Seed) {
        seed.teams.into_iter().for_each(|team| self.put_team(team));
        seed.channels.into_iter().for_each(|channel| self.channel(channel));
        seed.people.into_iter().for_each(|person| self.person(person));
        self.core.state().installed.extend(seed.installed);
    }
}
