//! A configuration for Slack: the manifest of the app, its section, and empty files for the secrets
//! that Slack shows to nobody but the operator.

use clap::Args;
use countersign_slack::manifest::{Transport, manifest};
use url::form_urlencoded;

use super::{Contents, Failure, Readers, answer, chat::Chat};

const HTTP: &str = include_str!("slack-http.yaml");
const SOCKET: &str = include_str!("slack-socket.yaml");

const MANIFEST: &str = "slack-manifest.yaml";
const CREATE: &str = "https://api.slack.com/apps?new_app=1&manifest_yaml=";
/// Shaped like an id, so that only what is true about it is said: Slack does not know it.
const SOMEWHERE: &str = "C0REPLACE";

const CREATE_APP: &str = "open the link below, or paste slack-manifest.yaml at \
    https://api.slack.com/apps, and create the app";
const COPY_OVER_HTTP: &str = "copy from its Basic Information: Signing Secret and Client Secret into \
    their files under secrets/, App ID and Client ID into countersign.yaml";
const COPY_OVER_SOCKET: &str = "copy from its Basic Information the Signing Secret; make an App-Level \
    Token there, with the scope connections:write; copy from Install App the Bot User OAuth Token. \
    Each has its file under secrets/";
const INSTALL: &str =
    "countersign slack --config {config} install-link, open the link, press Allow";
const INVITE: &str = "type /invite @countersign in the channel";
const RETRY: &str = "in the settings of the app, open Event Subscriptions and press Retry";

/// What to write for Slack.
#[derive(Debug, Args)]
pub(super) struct Wanted {
    /// Let people decide in Slack instead of the browser.
    #[arg(long)]
    pub slack: bool,
    /// Socket Mode: the service calls Slack, and needs no public address.
    #[arg(long, requires = "slack")]
    socket: bool,
    /// The workspace: `T…`, as in the address of Slack in a browser.
    #[arg(long, value_name = "T…", requires = "slack")]
    team: Option<String>,
    /// The channel that is asked: `C…`, at the end of the channel's details.
    #[arg(long, value_name = "C…", requires = "slack")]
    channel: Option<String>,
}

/// The parts of the configuration. `key` seals secrets at rest.
pub(super) fn chat(wanted: &Wanted, public_url: &str, key: String) -> Result<Chat, Failure> {
    let team = answer(wanted.team.as_ref(), "Workspace (T…)", "T0REPLACE")?;
    let channel = answer(wanted.channel.as_ref(), "Channel (C…)", SOMEWHERE)?;
    let transport = if wanted.socket { Transport::Socket } else { Transport::Http };
    let manifest = manifest(public_url, transport)?;
    let link = create_link(&manifest);
    let account = |user: &str| format!("slack: {{ team: {team}, user: {user} }}");
    let mut files = vec![
        (MANIFEST, manifest.into(), Readers::Everybody),
        empty("secrets/slack-signing.secret"),
    ];
    let (section, before, after): (_, &[_], &[_]) = match transport {
        Transport::Http => {
            files.extend([
                empty("secrets/slack-client.secret"),
                ("secrets/encryption.key", key.into(), Readers::Owner),
            ]);
            (HTTP, &[CREATE_APP, COPY_OVER_HTTP], &[INSTALL, INVITE, RETRY])
        }
        Transport::Socket => {
            files.extend([empty("secrets/slack-app.token"), empty("secrets/slack-bot.token")]);
            (SOCKET, &[CREATE_APP, COPY_OVER_SOCKET], &[INVITE])
        }
    };
    Ok(Chat {
        section: section.replace("{team}", &team),
        channel: format!("slack: {channel}"),
        erin: account("U0ERIN"),
        dana: account("U0DANA"),
        files,
        before,
        after,
        farewell: format!("This link creates the app:\n{link}"),
    })
}

/// A file that the operator fills; until then `countersign check` says that it is empty.
fn empty(name: &'static str) -> (&'static str, Contents, Readers) {
    (name, Contents::new(), Readers::Owner)
}

/// The page that creates the app, filled in. A space is `%20`: not every page takes a plus for one.
fn create_link(manifest: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(manifest.as_bytes()).collect();
    format!("{CREATE}{}", encoded.replace('+', "%20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_holds_the_whole_manifest() {
        let manifest = manifest("https://countersign.example", Transport::Http).unwrap();
        let link = url::Url::parse(&create_link(&manifest)).unwrap();
        assert!(!link.as_str().contains('+'));
        let members: Vec<_> = link.query_pairs().collect();
        assert_eq!(members[0], ("new_app".into(), "1".into()));
        assert_eq!(members[1], ("manifest_yaml".into(), manifest.into()));
    }
}
