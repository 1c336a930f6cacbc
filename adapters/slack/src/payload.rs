//! What Slack posts to us, read leniently: only the members that are needed, each of which may be
//! missing or of another kind. Pure; nothing here decides anything.

use std::collections::BTreeMap;

use countersign_port::{access::Choice, card::Verb};
use serde_json::{Map, Value, value::RawValue};

use crate::{blocks::FORM, modal::Carried};

/// What somebody did.
#[derive(Debug)]
pub(crate) enum Interaction {
    /// A button of a message.
    Pressed(Box<Pressed>),
    /// A form.
    Submitted(Box<Submitted>),
    /// Nothing that we offer; the name is from a closed list.
    Ignored(&'static str),
}

/// Who Slack says it was, and where the app is that they met. Never a name or an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The app that the payload is for.
    pub app: Option<String>,
    pub user: String,
    /// The workspace of their account.
    pub user_team: Option<String>,
    pub team: Option<String>,
    pub enterprise: Option<String>,
    /// Where the app is installed, as views say it: in a form that was sent by somebody of
    /// another company, all other members are about that company.
    pub installed_team: Option<String>,
}

/// A button was pressed.
#[derive(Debug)]
pub(crate) struct Pressed {
    pub verb: Verb,
    /// Whether a form comes before the vote.
    pub asks: Asks,
    pub token: String,
    pub claim: Claim,
    pub channel: Option<String>,
    pub ts: Option<String>,
    /// Opens one view within three seconds.
    pub trigger: Option<String>,
    /// A secret.
    pub response_url: Option<String>,
    /// The message as it was: the greater part of a click, and hardly ever needed.
    pub message: Option<Box<RawValue>>,
}

/// What a press leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    Nothing,
    Form,
}

/// A form was sent.
#[derive(Debug)]
pub(crate) struct Submitted {
    pub verb: Verb,
    pub carried: Carried,
    pub claim: Claim,
    pub answers: Answers,
}

/// What was filled in, by the name of the field.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers(BTreeMap<String, Vec<String>>);

impl Interaction {
    /// Reads the JSON of an interaction.
    pub(crate) fn read(payload: &[u8]) -> Self {
        let Some((value, message)) = apart(payload) else { return Self::Ignored("malformed") };
        match text(&value, "/type").as_deref() {
            Some("block_actions") => Pressed::read(&value, message)
                .map_or(Self::Ignored("foreign_action"), |press| Self::Pressed(Box::new(press))),
            Some("view_submission") => Submitted::read(&value)
                .map_or(Self::Ignored("foreign_view"), |sent| Self::Submitted(Box::new(sent))),
            Some("view_closed") => Self::Ignored("view_closed"),
            Some("block_suggestion") => Self::Ignored("block_suggestion"),
            Some("shortcut") => Self::Ignored("shortcut"),
            Some("message_action") => Self::Ignored("message_action"),
            Some(_) => Self::Ignored("unknown"),
            None => Self::Ignored("malformed"),
        }
    }
}

impl Claim {
    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            app: text(value, "/api_app_id"),
            user: text(value, "/user/id")?,
            user_team: text(value, "/user/team_id"),
            team: text(value, "/team/id"),
            enterprise: text(value, "/enterprise/id")
                .or_else(|| text(value, "/team/enterprise_id")),
            installed_team: text(value, "/view/app_installed_team_id"),
        })
    }
}

/// The members that are read, and the message, which is not read yet.
fn apart(payload: &[u8]) -> Option<(Value, Option<Box<RawValue>>)> {
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_slice(payload).ok()?;
    let message = members.remove("message").map(ToOwned::to_owned);
    let read =
        |(name, raw): (String, &RawValue)| Some((name, serde_json::from_str(raw.get()).ok()?));
    let members = members.into_iter().map(read).collect::<Option<Map<String, Value>>>()?;
    Some((Value::Object(members), message))
}

impl Pressed {
    fn read(value: &Value, message: Option<Box<RawValue>>) -> Option<Self> {
        let action = value.pointer("/actions/0")?;
        let name = text(action, "/action_id")?;
        let (name, asks) = match name.strip_suffix(FORM) {
            Some(name) => (name, Asks::Form),
            None => (name.as_str(), Asks::Nothing),
        };
        Some(Self {
            verb: verb(name)?,
            asks,
            token: text(action, "/value")?,
            claim: Claim::read(value)?,
            channel: text(value, "/channel/id").or_else(|| text(value, "/container/channel_id")),
            ts: text(value, "/container/message_ts")
                .or_else(|| text(&read(message.as_deref()), "/ts")),
            trigger: text(value, "/trigger_id"),
            response_url: text(value, "/response_url"),
            message,
        })
    }

    /// What the message shows but for its buttons.
    pub(crate) fn remains(&self) -> Vec<Value> {
        let mut message = read(self.message.as_deref());
        let blocks = message.get_mut("blocks").map(Value::take);
        let Some(Value::Array(mut blocks)) = blocks else { return Vec::new() };
        blocks.retain(|block| block["type"].as_str().is_some_and(|kind| kind != "actions"));
        blocks
    }
}

/// Nothing where it cannot be read.
fn read(message: Option<&RawValue>) -> Value {
    message.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

impl Submitted {
    fn read(value: &Value) -> Option<Self> {
        let carried = text(value, "/view/private_metadata")?;
        Some(Self {
            verb: verb(&text(value, "/view/callback_id")?)?,
            carried: serde_json::from_str(&carried).ok()?,
            claim: Claim::read(value)?,
            answers: Answers::read(value),
        })
    }

    /// What was chosen, or `None` where the form lacks something.
    pub(crate) fn choice(&self) -> Option<Choice> {
        let Self { verb, answers, .. } = self;
        let (valid_for, reason) = (answers.one("valid_for"), answers.one("reason"));
        Choice::filled_in(*verb, answers.scopes(), valid_for, reason)
    }
}

impl Answers {
    fn read(value: &Value) -> Self {
        let mut answers = BTreeMap::<String, Vec<String>>::new();
        let blocks = value.pointer("/view/state/values").and_then(Value::as_object);
        for (block, actions) in blocks.into_iter().flatten() {
            for answer in actions.as_object().into_iter().flatten().map(|(_, answer)| answer) {
                answers.entry(block.clone()).or_default().extend(values(answer));
            }
        }
        Self(answers)
    }

    /// The only answer to a field, if it is not blank.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        let answer = self.0.get(name)?.first()?;
        (!answer.trim().is_empty()).then_some(answer)
    }

    /// Whether the form has the field, filled in or not.
    pub(crate) fn asked(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What stayed ticked, in all menus of the field.
    fn scopes(&self) -> Option<Vec<usize>> {
        let ours = |name: &str| name == "scopes" || name.starts_with("scopes.");
        let ticked = self.0.iter().filter(|(name, _)| ours(name)).flat_map(|(_, all)| all);
        ticked.map(|value| value.parse().ok()).collect()
    }
}

/// The values of one element, whatever kind it is.
fn values(answer: &Value) -> Vec<String> {
    let options = answer.pointer("/selected_options").and_then(Value::as_array);
    let options = options.into_iter().flatten().filter_map(|option| text(option, "/value"));
    text(answer, "/value")
        .into_iter()
        .chain(text(answer, "/selected_option/value"))
        .chain(options)
        .collect()
}

fn verb(name: &str) -> Option<Verb> {
    Verb::ALL.into_iter().find(|verb| verb.as_str() == name)
}

/// A member that is a text and not empty.
pub(crate) fn text(value: &Value, pointer: &str) -> Option<String> {
    let text = value.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
