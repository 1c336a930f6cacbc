//! The people and places of a fake Slack, as a story or a seed describes them. Nothing here acts.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The one app that this Slack knows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    pub id: String,
    pub client_id: String,
    pub client_secret: String,
    pub signing_secret: String,
    /// Bears `connections:write`; opens Socket Mode connections.
    pub app_token: String,
    /// Sent in every payload; long deprecated by Slack, and still there.
    pub verification_token: String,
    /// Whether access tokens run out and have to be refreshed.
    #[serde(default)]
    pub tokens: Tokens,
}

impl App {
    /// An app with secrets that follow from its id.
    pub fn named(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            client_id: format!("1000.{id}"),
            client_secret: format!("client-secret-of-{id}"),
            signing_secret: format!("signing-secret-of-{id}"),
            app_token: format!("xapp-1-{id}-1000-token"),
            verification_token: format!("verification-token-of-{id}"),
            tokens: Tokens::Lasting,
        }
    }

    /// The same app with token rotation switched on.
    #[must_use]
    pub fn rotating(mut self) -> Self {
        self.tokens = Tokens::Rotating;
        self
    }
}

/// How long an app's bot tokens live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tokens {
    /// `xoxb-…`, until revoked.
    #[default]
    Lasting,
    /// `xoxe.xoxb-…`, 12 hours, with a refresh token.
    Rotating,
}

/// What a workspace pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// Without user groups.
    Free,
    #[default]
    Paid,
}

/// A workspace.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    pub id: String,
    #[serde(default)]
    pub enterprise: Option<String>,
    #[serde(default)]
    pub plan: Plan,
}

impl Team {
    /// A workspace of its own, on a paid plan.
    pub fn named(id: &str) -> Self {
        Self { id: id.to_owned(), enterprise: None, plan: Plan::Paid }
    }

    /// The same workspace as a part of a Grid organisation.
    #[must_use]
    pub fn of_enterprise(mut self, id: &str) -> Self {
        self.enterprise = Some(id.to_owned());
        self
    }

    /// The same workspace on the plan that has no user groups.
    #[must_use]
    pub fn without_groups(mut self) -> Self {
        self.plan = Plan::Free;
        self
    }

    pub(crate) fn domain(&self) -> String {
        format!("workspace-{}", self.id.to_lowercase())
    }
}

/// What is special about a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trait {
    Archived,
    Private,
    /// Shared with another company.
    ExtShared,
    /// Shared with a sibling workspace of the same organisation.
    OrgShared,
    /// Our bot was never invited.
    WithoutBot,
    /// A direct conversation with the bot.
    Direct,
}

/// A channel or a direct conversation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    pub team: String,
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub traits: BTreeSet<Trait>,
    /// Workspaces whose people are in it besides `team`.
    #[serde(default)]
    pub shared_with: BTreeSet<String>,
    /// Who is in it; none means everybody of its workspaces.
    #[serde(default)]
    pub members: Option<BTreeSet<String>>,
}

impl Channel {
    /// A public channel with the bot and everybody of the workspace in it.
    pub fn named(team: &str, id: &str, name: &str) -> Self {
        Self {
            team: team.to_owned(),
            id: id.to_owned(),
            name: name.to_owned(),
            traits: BTreeSet::new(),
            shared_with: BTreeSet::new(),
            members: None,
        }
    }

    /// The same channel with something special about it.
    #[must_use]
    pub fn with(mut self, special: Trait) -> Self {
        self.traits.insert(special);
        self
    }

    /// The same channel, shared with another workspace: say [`Trait::ExtShared`] or
    /// [`Trait::OrgShared`] as well.
    #[must_use]
    pub fn shared_with(mut self, team: &str) -> Self {
        self.shared_with.insert(team.to_owned());
        self
    }

    /// The same channel with these people in it and nobody else.
    #[must_use]
    pub fn only(mut self, members: &[&str]) -> Self {
        self.members = Some(members.iter().map(|&member| member.to_owned()).collect());
        self
    }

    pub(crate) fn is(&self, special: Trait) -> bool {
        self.traits.contains(&special)
    }

    pub(crate) fn teams(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.team).chain(&self.shared_with)
    }
}

/// What is special about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    Deleted,
    IsBot,
    /// A guest of several channels.
    IsRestricted,
    /// A guest of one channel.
    IsUltraRestricted,
    /// Of another company.
    IsStranger,
}

/// Somebody's account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub team: String,
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub marks: BTreeSet<Mark>,
    /// Further workspaces of the same organisation.
    #[serde(default)]
    pub also_in: BTreeSet<String>,
}

impl User {
    /// An ordinary member.
    pub fn named(team: &str, id: &str, name: &str) -> Self {
        Self {
            team: team.to_owned(),
            id: id.to_owned(),
            name: name.to_owned(),
            email: None,
            marks: BTreeSet::new(),
            also_in: BTreeSet::new(),
        }
    }

    /// The same account with something special about it.
    #[must_use]
    pub fn with(mut self, mark: Mark) -> Self {
        self.marks.insert(mark);
        self
    }

    /// The same account with an e-mail address.
    #[must_use]
    pub fn email(mut self, email: &str) -> Self {
        self.email = Some(email.to_owned());
        self
    }

    /// The same account, in a further workspace of its organisation.
    #[must_use]
    pub fn also_in(mut self, team: &str) -> Self {
        self.also_in.insert(team.to_owned());
        self
    }

    pub(crate) fn is(&self, mark: Mark) -> bool {
        self.marks.contains(&mark)
    }

    /// The workspace that they act from in a channel of `team`.
    pub(crate) fn acting_in<'t>(&'t self, team: &'t str) -> &'t str {
        if self.is_in(team) { team } else { &self.team }
    }

    pub(crate) fn is_in(&self, team: &str) -> bool {
        self.team == team || self.also_in.contains(team)
    }
}

/// A user group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub team: String,
    pub id: String,
    pub handle: String,
    pub members: Vec<String>,
}

/// Where an app is installed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Site {
    /// One workspace.
    Team(String),
    /// A whole Grid organisation: payloads carry `team: null`.
    Enterprise(String),
}

impl Site {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Team(id) | Self::Enterprise(id) => id,
        }
    }
}

/// Where the app listens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    pub interactions: String,
    pub commands: String,
    pub events: String,
}

impl Endpoints {
    /// The three paths of Countersign below a base URL.
    pub fn below(base: &str) -> Self {
        let base = base.trim_end_matches('/');
        Self {
            interactions: format!("{base}/slack/interactions"),
            commands: format!("{base}/slack/commands"),
            events: format!("{base}/slack/events"),
        }
    }

    /// One URL for all three, as Bolt has it.
    pub fn all_at(url: &str) -> Self {
        Self { interactions: url.to_owned(), commands: url.to_owned(), events: url.to_owned() }
    }
}
