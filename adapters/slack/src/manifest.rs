//! The manifest from which an operator creates the app in Slack. Slack publishes no schema for it,
//! so its limits are checked here; whether Slack takes it, only Slack can tell.

use std::ops::RangeInclusive;

use serde_json::{Value, json};
use url::Url;

mod yaml;
#[cfg(test)]
mod tests;

/// What the bot may do. No scope reads messages, and none belongs to a user.
pub const BOT_SCOPES: [&str; 8] = [
    "chat:write",
    "im:write",
    "commands",
    "users:read",
    "users:read.email",
    "usergroups:read",
    "channels:read",
    "groups:read",
];

/// What Slack tells us beside clicks and commands.
const EVENTS: [&str; 7] = [
    "app_home_opened",
    "app_uninstalled",
    "tokens_revoked",
    "channel_shared",
    "channel_id_changed",
    "subteam_members_changed",
    "subteam_updated",
];

const NAME: &str = "Countersign";
const DESCRIPTION: &str = "Human approval for OAuth scopes and actions";
const LONG_DESCRIPTION: &str = "When a program asks for access that a person has to allow, \
    Countersign posts a card in the channel that the policy names. The people who may decide press \
    Approve or Deny there. Everybody sees who decided what and until when it holds, and the program \
    gets its answer. Nothing is read from your conversations.";
const DISPLAY_NAME: &str = "countersign";
const COMMAND: &str = "/countersign";
const COMMAND_DESCRIPTION: &str =
    "What waits for you, why, who decides while you are away, and linking your account";
const COMMAND_HINT: &str = "[why arq_… | away COLLEAGUE 5d | back | link]";

const HTTP_HEAD: &str = "\
# Slack does not believe the address of the events by itself: when the app has been created and the
# service runs, open Event Subscriptions in the settings of the app and press Retry.
# Token rotation cannot be switched off again. With a `bot_token` in the configuration file it must
# be false from the start.
";
const SOCKET_HEAD: &str = "\
# Socket Mode: Slack needs no address of ours. Make an app-level token with the scope
# connections:write (Basic Information) and give it as `slack.app_token`.
";

/// How Slack reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// At the public address. Installing is by link, and tokens are rotated.
    Http,
    /// Over a connection that we open. The bot token stands in the configuration.
    Socket,
}

/// Something that Slack would not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("the public address is no https URL without query and fragment: `{0}`")]
    PublicUrl(String),
    #[error("Slack takes {limit} here, and it is {found}: `{place}`")]
    Limit { place: &'static str, limit: &'static str, found: usize },
}

/// The manifest as YAML.
pub fn manifest(public_url: &str, transport: Transport) -> Result<String, ManifestError> {
    let public_url = checked(public_url)?;
    let manifest = match transport {
        Transport::Http => over_http(public_url),
        Transport::Socket => over_socket(),
    };
    check(&manifest)?;
    let head = match transport {
        Transport::Http => HTTP_HEAD,
        Transport::Socket => SOCKET_HEAD,
    };
    Ok(format!("{head}{}", yaml::text(&manifest)))
}

fn checked(public_url: &str) -> Result<&str, ManifestError> {
    let fault = || ManifestError::PublicUrl(public_url.to_owned());
    let url = Url::parse(public_url).map_err(|_| fault())?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.has_host();
    if url.scheme() != "https" || !is_plain {
        return Err(fault());
    }
    Ok(public_url.trim_end_matches('/'))
}

fn over_http(public_url: &str) -> Value {
    let command = json!({ "url": format!("{public_url}/slack/commands") });
    json!({
        "_metadata": { "major_version": 2 },
        "display_information": display_information(),
        "features": features(command),
        "oauth_config": {
            "redirect_urls": [format!("{public_url}/slack/oauth/callback")],
            "scopes": { "bot": BOT_SCOPES },
        },
        "settings": {
            "event_subscriptions": {
                "request_url": format!("{public_url}/slack/events"),
                "bot_events": EVENTS,
            },
            "interactivity": {
                "is_enabled": true,
                "request_url": format!("{public_url}/slack/interactions"),
            },
            "org_deploy_enabled": true,
            "socket_mode_enabled": false,
            "token_rotation_enabled": true,
        },
    })
}

fn over_socket() -> Value {
    json!({
        "_metadata": { "major_version": 2 },
        "display_information": display_information(),
        "features": features(json!({})),
        "oauth_config": { "scopes": { "bot": BOT_SCOPES } },
        "settings": {
            "event_subscriptions": { "bot_events": EVENTS },
            "interactivity": { "is_enabled": true },
            "org_deploy_enabled": false,
            "socket_mode_enabled": true,
            "token_rotation_enabled": false,
        },
    })
}

fn display_information() -> Value {
    json!({ "name": NAME, "description": DESCRIPTION, "long_description": LONG_DESCRIPTION })
}

/// `command` holds what the transport adds to the slash command.
fn features(mut command: Value) -> Value {
    if let Some(command) = command.as_object_mut() {
        command.insert("command".to_owned(), COMMAND.into());
        command.insert("description".to_owned(), COMMAND_DESCRIPTION.into());
        command.insert("usage_hint".to_owned(), COMMAND_HINT.into());
        command.insert("should_escape".to_owned(), false.into());
    }
    json!({
        // Without its messages tab, nobody can be sent a direct message.
        "app_home": {
            "home_tab_enabled": true,
            "messages_tab_enabled": true,
            "messages_tab_read_only_enabled": true,
        },
        "bot_user": { "display_name": DISPLAY_NAME, "always_online": true },
        "slash_commands": [command],
    })
}

/// The limits of Slack's manifest reference.
fn check(manifest: &Value) -> Result<(), ManifestError> {
    const LENGTHS: [(&str, RangeInclusive<usize>, &str); 7] = [
        ("/display_information/name", 1..=35, "1 to 35 characters"),
        ("/display_information/description", 1..=140, "1 to 140 characters"),
        ("/display_information/long_description", 174..=4000, "174 to 4000 characters"),
        ("/features/bot_user/display_name", 1..=80, "1 to 80 characters"),
        ("/features/slash_commands/0/command", 2..=32, "2 to 32 characters"),
        ("/features/slash_commands/0/description", 1..=2000, "1 to 2000 characters"),
        ("/features/slash_commands/0/usage_hint", 1..=1000, "1 to 1000 characters"),
    ];
    for (place, range, limit) in LENGTHS {
        let found = manifest.pointer(place).and_then(Value::as_str).map_or(0, length);
        if !range.contains(&found) {
            return Err(ManifestError::Limit { place, limit, found });
        }
    }
    let place = "/features/bot_user/display_name";
    let display_name = manifest.pointer(place).and_then(Value::as_str).unwrap_or_default();
    let odd =
        display_name.chars().filter(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '.'));
    match odd.count() {
        0 => Ok(()),
        found => Err(ManifestError::Limit { place, limit: "no other than a-z0-9-_.", found }),
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}
