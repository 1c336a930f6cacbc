//! The `slack:` section: workspaces that are connected, and how further ones may be.

use countersign_slack::settings::{Install, Settings, Workspace};
use url::Url;

use super::{Reader, secret::EncryptionKey};
use crate::domain::yaml::{
    Node,
    read::{self, Members},
};

pub(super) const KEYS: &[&str] = &[
    "api_url",
    "app_id",
    "signing_secret",
    "workspaces",
    "install",
    "shared_channels",
    "app_token",
];
pub(super) const WORKSPACE_KEYS: &[&str] = &["team", "bot_token"];
pub(super) const INSTALL_KEYS: &[&str] = &["client_id", "client_secret", "teams", "enterprises"];

const API_URL: &str = "https://slack.com/api";

impl Reader<'_> {
    pub(super) fn slack(
        &mut self,
        node: Option<&Node>,
        public_url: Option<&str>,
        keys: &[EncryptionKey],
    ) -> Option<Settings> {
        let node = node?;
        let members = Members::of(node, KEYS, &mut self.faults)?;
        let api_url = self.api_url(members.get("api_url"));
        let signing_secret = self.needed_secret(node, &members, "signing_secret");
        let app_id = members.get("app_id").and_then(|node| self.id(node, &["A"]));
        let workspaces = self.workspaces(members.get("workspaces"));
        let install = members.get("install").and_then(|node| self.install(node));
        let shared = members.get("shared_channels").map(read::one_or_more).unwrap_or_default();
        let shared = shared.iter().filter_map(|node| read::text(node, &mut self.faults));
        let shared_channels = shared.map(str::to_owned).collect();
        let app_token = members.get("app_token").and_then(|node| self.secret(node));
        if workspaces.is_empty() && install.is_none() {
            self.fault(node, "slack needs `workspaces`, or `install` to connect some later");
        }
        if install.is_some() && app_id.is_none() {
            self.fault(node, "to be installed, slack needs the `app_id` of its app");
        }
        if install.is_some() && keys.is_empty() {
            self.fault(
                node,
                "slack seals the tokens of installations: it needs an `encryption_key`",
            );
        }
        Some(Settings {
            api_url: api_url?,
            public_url: public_url?.to_owned(),
            app_id,
            signing_secret: signing_secret?,
            workspaces,
            install,
            shared_channels,
            app_token,
        })
    }

    fn api_url(&mut self, node: Option<&Node>) -> Option<Url> {
        let text = match node {
            Some(node) => read::text(node, &mut self.faults)?,
            None => API_URL,
        };
        let url = Url::parse(text.trim_end_matches('/')).ok();
        let url = url.filter(|url| matches!(url.scheme(), "https" | "http"));
        match node {
            Some(node) => url.or_else(|| read::expected("an https URL", node, &mut self.faults)),
            None => url,
        }
    }

    fn workspaces(&mut self, node: Option<&Node>) -> Vec<Workspace> {
        let nodes = node.and_then(|node| read::list(node, &mut self.faults)).unwrap_or_default();
        let mut workspaces: Vec<Workspace> = Vec::new();
        for node in nodes {
            let Some(members) = Members::of(node, WORKSPACE_KEYS, &mut self.faults) else {
                continue;
            };
            let team = members.need("team", &mut self.faults);
            let team = team.and_then(|node| self.id(node, &["T", "E"]));
            let bot_token = self.needed_secret(node, &members, "bot_token");
            let (Some(team), Some(bot_token)) = (team, bot_token) else { continue };
            if workspaces.iter().any(|other| other.team == team) {
                self.fault(node, format!("the workspace `{team}` stands here twice"));
            }
            workspaces.push(Workspace { team, bot_token });
        }
        workspaces
    }

    fn install(&mut self, node: &Node) -> Option<Install> {
        let members = Members::of(node, INSTALL_KEYS, &mut self.faults)?;
        let client_id = self.needed_text(&members, "client_id").map(str::to_owned);
        let client_secret = self.needed_secret(node, &members, "client_secret");
        let teams = self.ids(members.get("teams"), &["T"]);
        let enterprises = self.ids(members.get("enterprises"), &["E"]);
        if teams.is_empty() && enterprises.is_empty() {
            self.fault(node, "say where it may be installed: `teams`, `enterprises` or both");
        }
        Some(Install { client_id: client_id?, client_secret: client_secret?, teams, enterprises })
    }

    fn needed_secret(
        &mut self,
        node: &Node,
        members: &Members<'_>,
        key: &str,
    ) -> Option<secrecy::SecretString> {
        let Some(found) = members.get(key) else {
            self.fault(node, format!("this needs a `{key}`"));
            return None;
        };
        self.secret(found)
    }

    fn ids(&mut self, node: Option<&Node>, begins: &[&str]) -> Vec<String> {
        let nodes = node.map(read::one_or_more).unwrap_or_default();
        nodes.iter().filter_map(|node| self.id(node, begins)).collect()
    }

    /// An id of Slack's: a letter for its kind, then capital letters and digits.
    fn id(&mut self, node: &Node, begins: &[&str]) -> Option<String> {
        let text = read::text(node, &mut self.faults)?;
        let is_id = begins.iter().any(|first| text.starts_with(first))
            && text.len() > 1
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if is_id {
            return Some(text.to_owned());
        }
        let kinds = begins.iter().map(|first| format!("{first}…")).collect::<Vec<_>>().join(" or ");
        read::expected(&format!("an id of Slack's, {kinds}"), node, &mut self.faults)
    }
}
