//! A configuration for Teams: its section, the app package, the script that registers the bot, and an
//! empty file for the secret that Microsoft shows to nobody but the operator.

use clap::Args;
use countersign_teams::package::Package;
use url::Url;

use super::{Contents, Failure, Readers, answer, chat::Chat};

const SECTION: &str = include_str!("teams.yaml");
const SCRIPT: &str = include_str!("../../../manifests/teams-bot.sh");

/// Shaped like ids, so that only what is true about them is said: nobody has them.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
const NOWHERE: &str = "19:replace@thread.tacv2";

const REGISTER: &str = "run teams-bot.sh with the Azure command line, or follow \
    docs/guides/teams.md by hand: it registers the bot and writes its secret into \
    secrets/teams-client.secret";
const IDS: &str = "put `app_id` and `tenant_id`, which it prints, into countersign.yaml";
const ACCOUNTS: &str = "give everybody in people.yaml their account: the bot tells it to whoever \
    writes `link` to it";
const PACKAGE: &str = "upload countersign.zip in the Teams admin centre under Manage apps, and add \
    the app to the team of the channel";
const PACKAGE_LATER: &str = "make the app with `countersign manifest teams --app-id … --public-url \
    …`, upload it in the Teams admin centre under Manage apps, and add it to the team of the channel";

/// What to write for Teams.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Wanted {
    /// Let people decide in Microsoft Teams instead of the browser.
    #[arg(long, conflicts_with = "slack")]
    pub teams: bool,
    /// The app id of the Azure Bot, where there is one already.
    #[arg(long, value_name = "UUID", requires = "teams")]
    app_id: Option<String>,
    /// The tenant that the bot is registered in.
    #[arg(long, value_name = "UUID", requires = "teams")]
    tenant_id: Option<String>,
    /// The channel that is asked: `19:…@thread.tacv2`, from “Get link to channel”.
    #[arg(long, value_name = "19:…", requires = "teams")]
    teams_channel: Option<String>,
}

/// The parts of the configuration. `key` seals secrets at rest.
pub(super) fn chat(wanted: &Wanted, public_url: &str, key: String) -> Result<Chat, Failure> {
    let app_id = answer(wanted.app_id.as_ref(), "App id of the Azure Bot", NOBODY)?;
    let tenant_id = answer(wanted.tenant_id.as_ref(), "Tenant id", NOBODY)?;
    let channel = answer(wanted.teams_channel.as_ref(), "Channel (19:…)", NOWHERE)?;
    let script = SCRIPT.replace("https://countersign.example", public_url);
    let mut files: Vec<(_, Contents, _)> = vec![
        ("teams-bot.sh", script.into(), Readers::Everybody),
        ("secrets/teams-client.secret", String::new().into(), Readers::Owner),
        ("secrets/encryption.key", key.into(), Readers::Owner),
    ];
    let package = package(&app_id, public_url)?;
    let is_packed = package.is_some();
    files.extend(package.map(|zip| ("countersign.zip", zip, Readers::Everybody)));
    let account = |last: &str| {
        format!(
            "teams: {{ tenant: {tenant_id}, object: 00000000-0000-0000-0000-00000000000{last} }}"
        )
    };
    Ok(Chat {
        section: SECTION.replace("{app_id}", &app_id).replace("{tenant_id}", &tenant_id),
        channel: format!("teams: \"{channel}\""),
        erin: account("1"),
        dana: account("2"),
        files,
        before: &[REGISTER, IDS],
        after: if is_packed { &[PACKAGE, ACCOUNTS] } else { &[PACKAGE_LATER, ACCOUNTS] },
        farewell: format!(
            "Teams calls {public_url}/teams/messages: it has to be reachable, by https."
        ),
    })
}

/// The package names the bot, so there is none before there is a bot.
fn package(app_id: &str, public_url: &str) -> Result<Option<Vec<u8>>, Failure> {
    let public_url = Url::parse(public_url)?;
    let package = Package { app_id, version: "1.0.0", public_url: &public_url };
    let zip = package.zip()?;
    Ok((app_id != NOBODY).then_some(zip))
}
