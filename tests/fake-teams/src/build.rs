//! Putting people and places there, and making things go wrong.

use crate::{
    FakeTeams,
    fault::Strike,
    world::{Channel, Person, Team},
};

impl FakeTeams {
    /// A team, without the app.
    pub fn team(&self, id: &str, name: &str) {
        self.put_team(Team { id: id.to_owned(), name: name.to_owned() });
    }

    pub(crate) fn put_team(&self, team: Team) {
        self.core.state().teams.insert(team.id.clone(), team);
    }

    /// A channel, or another kind of one that is there.
    pub fn channel(&self, channel: Channel) {
        self.core.state().channels.insert(channel.id.clone(), channel);
    }

    /// Somebody, or somebody else of the same name.
    pub fn person(&self, person: Person) {
        self.core.state().people.insert(person.name.clone(), person);
    }

    /// Where the bot listens: the whole address.
    pub fn connect(&self, endpoint: &str) {
        endpoint.clone_into(&mut self.core.state().endpoint);
    }

    /// The connector moves: it answers at another address, which activities name from now on.
    pub fn move_to(&self, region: &str) {
        region.clone_into(&mut self.core.state().region);
    }

    /// Something goes wrong from now on.
    pub fn misbehave(&self, strike: Strike) {
        self.core.state().faults.add(strike);
    }

    /// Nothing goes wrong any more.
    pub fn behave(&self) {
        self.core.state().faults.clear();
    }

    /// From now on threads take as much as Teams documents.
    pub fn pace_threads(&self) {
        self.core.state().pace.switch_on();
    }

    /// Calls of the bot need no token any more, as in an offline client of Microsoft's.
    pub fn open_door(&self) {
        self.core.state().is_open = true;
    }

    /// The tokens of the bot that are out are good no more.
    pub fn revoke_tokens(&self) {
        self.core.state().tokens.clear();
    }

    /// A message is gone; the bot is not told.
    pub fn delete(&self, conversation: &str, id: &str) {
        let gone = |one: &crate::message::Message| one.conversation == conversation && one.id == id;
        self.core.state().messages.retain(|one| !gone(one));
    }
}
