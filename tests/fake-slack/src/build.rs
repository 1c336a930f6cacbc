//! Making a world, and what may go wrong in it.

use crate::{
    FakeSlack,
    fault::Strike,
    world::{Channel, Endpoints, Group, Mark, Site, Team, Tokens, Trait, User},
};

/// The scopes that Countersign asks for.
pub const SCOPES: &[&str] = &[
    "chat:write",
    "im:write",
    "commands",
    "users:read",
    "users:read.email",
    "usergroups:read",
    "channels:read",
    "groups:read",
];

impl FakeSlack {
    /// Puts a workspace there, or another in its place.
    pub fn workspace(&self, team: Team) {
        self.core.state().teams.insert(team.id.clone(), team);
    }

    /// Puts a channel there, or another in its place.
    pub fn channel(&self, channel: Channel) {
        self.core.state().channels.insert(channel.id.clone(), channel);
    }

    /// Something becomes special about a channel.
    pub fn mark_channel(&self, id: &str, special: Trait) {
        if let Some(channel) = self.core.state().channels.get_mut(id) {
            channel.traits.insert(special);
        }
    }

    /// A message is gone; the app is not told.
    pub fn delete(&self, channel: &str, ts: &str) {
        self.core.state().messages.remove(&(channel.to_owned(), ts.to_owned()));
    }

    /// A channel goes by another id from now on, with all that was posted in it.
    pub fn rename_channel(&self, from: &str, to: &str) {
        let mut state = self.core.state();
        if let Some(channel) = state.channels.remove(from) {
            state.channels.insert(to.to_owned(), Channel { id: to.to_owned(), ..channel });
        }
        for ((channel, ts), mut message) in std::mem::take(&mut state.messages) {
            let channel = if channel == from { to.to_owned() } else { channel };
            message.channel.clone_from(&channel);
            state.messages.insert((channel, ts), message);
        }
    }

    /// Something becomes special about an account.
    pub fn mark_user(&self, id: &str, mark: Mark) {
        if let Some(user) = self.core.state().users.get_mut(id) {
            user.marks.insert(mark);
        }
    }

    /// Puts an account there, or another in its place.
    pub fn user(&self, user: User) {
        self.core.state().users.insert(user.id.clone(), user);
    }

    /// Puts a user group there, or another in its place. Bots and guests cannot be in one.
    pub fn user_group(&self, team: &str, id: &str, handle: &str, members: &[&str]) {
        let members = members.iter().map(|&member| member.to_owned()).collect();
        let (team, handle) = (team.to_owned(), handle.to_owned());
        self.group(Group { team, id: id.to_owned(), handle, members });
    }

    pub(crate) fn group(&self, mut group: Group) {
        const OUTSIDE: &[Mark] = &[Mark::IsBot, Mark::IsRestricted, Mark::IsUltraRestricted];
        let mut state = self.core.state();
        let outside = |id: &String| {
            state.users.get(id).is_some_and(|user| OUTSIDE.iter().any(|mark| user.is(*mark)))
        };
        group.members.retain(|id| !outside(id));
        state.groups.retain(|known| known.id != group.id);
        state.groups.push(group);
    }

    /// Installs the app with these scopes, without a consent screen, and gives back its token.
    pub fn install(&self, site: &Site, scopes: &[&str]) -> String {
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self.core.state().install(site, &scopes, self.core.now()).access
    }

    /// The newest token of an installation that still works.
    pub fn live_token(&self, site: &Site) -> Option<String> {
        let state = self.core.state();
        state.installation_at(site)?.live_token(self.core.now()).map(str::to_owned)
    }

    /// Where the app listens.
    pub fn connect(&self, endpoints: Endpoints) {
        self.core.state().endpoints = Some(endpoints);
    }

    /// Something goes wrong from now on.
    pub fn misbehave(&self, strike: Strike) {
        self.core.state().faults.add(strike);
    }

    /// Nothing goes wrong any more.
    pub fn behave(&self) {
        self.core.state().faults.clear();
    }

    /// The app switches token rotation on; tokens that are out last until they are exchanged.
    pub fn rotate_tokens(&self) {
        self.core.state().app.tokens = Tokens::Rotating;
    }

    /// From now on a channel takes about one message a second of this Slack's clock.
    pub fn pace_channels(&self) {
        self.core.state().pace.switch_on();
    }
}
