//! Directories that are asked: `on_call:`, `pagerduty:` and `entra:`.

use countersign_directory::{entra, on_call::Schedule, pagerduty};
use url::Url;

use super::Reader;
use crate::domain::yaml::{
    Node,
    read::{self, Members},
};

pub(super) const ON_CALL_KEYS: &[&str] = &["id", "url", "token"];
pub(super) const PAGERDUTY_KEYS: &[&str] = &["account", "token", "api_url"];
pub(super) const ENTRA_KEYS: &[&str] =
    &["tenant_id", "client_id", "client_secret", "token_url", "graph_url"];

const PAGERDUTY_URL: &str = "https://api.pagerduty.com";
const GRAPH_URL: &str = "https://graph.microsoft.com/v1.0";
const LOGIN_URL: &str = "https://login.microsoftonline.com";

impl Reader<'_> {
    pub(super) fn on_call(&mut self, node: Option<&Node>) -> Vec<Schedule> {
        let nodes = node.and_then(|node| read::list(node, &mut self.faults)).unwrap_or_default();
        let mut schedules: Vec<Schedule> = Vec::new();
        for node in nodes {
            let Some(members) = Members::of(node, ON_CALL_KEYS, &mut self.faults) else { continue };
            let id = self.needed_text(&members, "id").map(str::to_owned);
            let url = members.need("url", &mut self.faults).and_then(|node| self.web_address(node));
            let token = members.get("token").and_then(|node| self.secret(node));
            let (Some(id), Some(url)) = (id, url) else { continue };
            if schedules.iter().any(|other| other.id == id) {
                self.fault(node, format!("`{id}` stands here twice"));
            }
            schedules.push(Schedule { id, url, token });
        }
        schedules
    }

    pub(super) fn pagerduty(&mut self, node: Option<&Node>) -> Option<pagerduty::Settings> {
        let members = Members::of(node?, PAGERDUTY_KEYS, &mut self.faults)?;
        let account = self.needed_text(&members, "account").map(str::to_owned);
        let token = members.need("token", &mut self.faults).and_then(|node| self.secret(node));
        let api_url = self.address_or(members.get("api_url"), PAGERDUTY_URL);
        Some(pagerduty::Settings { api_url: api_url?, account: account?, token: token? })
    }

    pub(super) fn entra(&mut self, node: Option<&Node>) -> Option<entra::Settings> {
        let members = Members::of(node?, ENTRA_KEYS, &mut self.faults)?;
        let tenant = self.needed_text(&members, "tenant_id").map(str::to_lowercase);
        let client_id = self.needed_text(&members, "client_id").map(str::to_owned);
        let secret = members.need("client_secret", &mut self.faults);
        let client_secret = secret.and_then(|node| self.secret(node));
        let login =
            format!("{LOGIN_URL}/{}/oauth2/v2.0/token", tenant.as_deref().unwrap_or_default());
        let token_url = self.address_or(members.get("token_url"), &login);
        let graph_url = self.address_or(members.get("graph_url"), GRAPH_URL);
        Some(entra::Settings {
            tenant: tenant?,
            client_id: client_id?,
            client_secret: client_secret?,
            token_url: token_url?,
            graph_url: graph_url?,
        })
    }

    fn address_or(&mut self, node: Option<&Node>, usual: &str) -> Option<Url> {
        match node {
            Some(node) => self.web_address(node),
            None => Url::parse(usual).ok(),
        }
    }

    /// Where a token is sent: over https, unless the address is exempted when it is called.
    fn web_address(&mut self, node: &Node) -> Option<Url> {
        let url = Url::parse(read::text(node, &mut self.faults)?).ok();
        let url = url.filter(|url| matches!(url.scheme(), "https" | "http"));
        url.or_else(|| read::expected("an https URL", node, &mut self.faults))
    }
}
