//! The people and places of a fake Teams, as a story or a seed describes them. Nothing here acts.

use serde::Deserialize;

/// The one bot that this Teams knows, with the tenant that it belongs to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bot {
    pub app_id: String,
    pub tenant: String,
    pub secret: String,
    /// What a workload identity would say instead of the secret.
    #[serde(default)]
    pub assertion: Option<String>,
}

impl Bot {
    /// A bot with a secret that follows from its id.
    pub fn named(app_id: &str, tenant: &str) -> Self {
        Self {
            app_id: app_id.to_owned(),
            tenant: tenant.to_owned(),
            secret: format!("client-secret-of-{app_id}"),
            assertion: None,
        }
    }
}

/// A team. General goes by its id.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    pub id: String,
    pub name: String,
}

/// A channel of a team.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    pub id: String,
    pub team: String,
    pub name: String,
    /// `standard`, `private` or `shared`.
    #[serde(default = "standard")]
    pub kind: String,
}

fn standard() -> String {
    "standard".to_owned()
}

impl Channel {
    /// A standard channel.
    pub fn named(team: &str, id: &str, name: &str) -> Self {
        let (id, team, name) = (id.to_owned(), team.to_owned(), name.to_owned());
        Self { id, team, name, kind: standard() }
    }

    /// The same channel, of another kind.
    #[must_use]
    pub fn kind(self, kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..self }
    }
}

/// Somebody, as the roster of a conversation has them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// `29:…`, made for this bot alone.
    pub id: String,
    pub name: String,
    /// In the directory of their tenant. People without an account have none.
    pub object: Option<String>,
    /// The bot's own where none is given.
    #[serde(default)]
    pub tenant: Option<String>,
    pub user_principal_name: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default = "user")]
    pub role: Option<String>,
    /// Which of two names the roster uses for the object id.
    #[serde(default)]
    pub spelling: Spelling,
    /// Whether their personal chat takes messages of the bot.
    #[serde(default)]
    pub chat: Chat,
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn user() -> Option<String> {
    Some("user".to_owned())
}

/// How the roster spells the object id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    #[default]
    AadObjectId,
    ObjectId,
}

/// Whether somebody's personal chat takes messages of the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chat {
    #[default]
    Open,
    /// They have blocked the bot, or never installed it.
    Blocked,
}

impl Person {
    /// A member of the bot's tenant, with ids that follow from the name.
    pub fn named(name: &str) -> Self {
        Self {
            id: format!("29:1{name}"),
            name: name.to_owned(),
            object: Some(object(name)),
            tenant: None,
            user_principal_name: Some(format!("{name}@contoso.example")),
            email: None,
            role: user(),
            spelling: Spelling::default(),
            chat: Chat::default(),
        }
    }

    /// The same person as a guest: an object in our directory, and a name that tells.
    #[must_use]
    pub fn guest(mut self) -> Self {
        let name = format!("{}_fabrikam.example#EXT#@contoso.example", self.name);
        self.user_principal_name = Some(name);
        self
    }

    /// The same person with an e-mail address.
    #[must_use]
    pub fn email(mut self, email: &str) -> Self {
        self.email = Some(email.to_owned());
        self
    }

    /// The same person without an account.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        self.object = None;
        self.user_principal_name = None;
        self.role = Some("anonymous".to_owned());
        self
    }

    /// The same person in another tenant.
    #[must_use]
    pub fn of_tenant(mut self, tenant: &str) -> Self {
        self.tenant = Some(tenant.to_owned());
        self
    }
}

/// The object id that a name comes to.
pub fn object(name: &str) -> String {
    format!("22222222-0000-4000-8000-{:0>12.12}", hex::encode(name))
}
