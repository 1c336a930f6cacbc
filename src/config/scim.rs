//! The `scim:` section: providers that tell us of people and groups, such as Okta and Entra.

use countersign_teams::settings;

use super::{Limits, Reader, client::Provider};
use crate::domain::{
    provisioned::Source,
    yaml::{
        Node,
        read::{self, Members},
    },
};

pub(super) const KEYS: &[&str] = &["id", "api_keys", "teams_tenant"];

impl Reader<'_> {
    pub(super) fn providers<'n>(
        &mut self,
        node: Option<&'n Node>,
        limits: Limits,
    ) -> Vec<(&'n Node, Provider)> {
        let nodes = node.and_then(|node| read::list(node, &mut self.faults)).unwrap_or_default();
        let mut providers: Vec<(&Node, Provider)> = Vec::new();
        for node in nodes {
            let Some(provider) = self.provider(node, limits) else { continue };
            let id = &provider.source.id;
            if providers.iter().any(|(_, other)| other.source.id == *id) {
                self.fault(node, format!("the provider `{id}` stands here twice"));
            }
            providers.push((node, provider));
        }
        providers
    }

    fn provider(&mut self, node: &Node, limits: Limits) -> Option<Provider> {
        let members = Members::of(node, KEYS, &mut self.faults)?;
        let id = members.need("id", &mut self.faults).and_then(|node| self.provider_id(node));
        let keys = members.need("api_keys", &mut self.faults);
        let api_keys = self.api_keys(keys);
        let tenant = members.get("teams_tenant");
        let tenant = tenant.and_then(|node| read::text(node, &mut self.faults));
        let accounts = tenant.map(|tenant| (settings::PLATFORM.to_owned(), tenant.to_owned()));
        let source = Source { id: id?, accounts };
        Some(Provider { source, requests_per_second: limits.requests_per_second, api_keys })
    }

    /// It stands in the keys of people and before the names of groups.
    fn provider_id(&mut self, node: &Node) -> Option<String> {
        let text = read::text(node, &mut self.faults)?;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=32).contains(&text.len()) && text.chars().all(fits) {
            return Some(text.to_owned());
        }
        read::expected("a name of a-z, 0-9 and -, at most 32", node, &mut self.faults)
    }
}
