//! The `teams:` section: which bot speaks for us, in whose tenant, and how each side proves itself.

use std::net::SocketAddr;

use countersign_egress::host::HostPattern;
use countersign_teams::settings::{
    Auth, Authority, Cloud, Credential, ServiceHosts, Settings, is_uuid,
};
use url::{Host, Url};

use super::{Reader, secret::EncryptionKey};
use crate::domain::{
    diagnostic::Diagnostic,
    yaml::{
        Node,
        read::{self, Members},
    },
};

pub(super) const KEYS: &[&str] = &[
    "app_id",
    "tenant_id",
    "client_secret",
    "assertion_file",
    "cloud",
    "openid_metadata_url",
    "token_url",
    "service_hosts",
    "auth",
];

const CLOUDS: [(&str, Cloud); 3] =
    [("public", Cloud::Public), ("government", Cloud::Government), ("china", Cloud::China)];
const AUTHS: [(&str, Auth); 2] =
    [("connector", Auth::Connector), ("insecure-local", Auth::InsecureLocal)];

impl Reader<'_> {
    pub(super) fn teams(
        &mut self,
        node: Option<&Node>,
        public_url: Option<&str>,
        listen: Option<SocketAddr>,
        keys: &[EncryptionKey],
    ) -> Option<Settings> {
        let node = node?;
        let members = Members::of(node, KEYS, &mut self.faults)?;
        if keys.is_empty() {
            self.fault(
                node,
                "teams seals what it learns of installations: it needs an `encryption_key`",
            );
        }
        let app_id = self.uuid(&members, "app_id");
        let tenant_id = self.uuid(&members, "tenant_id");
        let credential = self.credential(node, &members);
        let cloud = self.word(members.get("cloud"), &CLOUDS).unwrap_or(Cloud::Public);
        let service_hosts = self.service_hosts(node, members.get("service_hosts"), cloud);
        let auth = self.word(members.get("auth"), &AUTHS).unwrap_or(Auth::Connector);
        let authority = self.authority(node, &members, cloud, tenant_id.as_deref()?);
        let settings = Settings {
            app_id: app_id?,
            tenant_id: tenant_id?,
            public_url: public_url?.to_owned(),
            credential: credential?,
            authority: authority?,
            service_hosts: service_hosts?,
            auth,
        };
        self.refuse_insecure(members.get("auth"), &settings, listen?);
        Some(settings)
    }

    fn credential(&mut self, node: &Node, members: &Members<'_>) -> Option<Credential> {
        match (members.get("client_secret"), members.get("assertion_file")) {
            (Some(secret), None) => self.secret(secret).map(Credential::Secret),
            (None, Some(path)) => {
                let path = read::text(path, &mut self.faults)?;
                Some(Credential::Assertion(self.folder.join(path)))
            }
            (Some(_), Some(_)) | (None, None) => {
                self.fault(node, "a bot has one proof: `client_secret` or `assertion_file`");
                None
            }
        }
    }

    /// That of the cloud; a cloud that has no name here is told by its addresses.
    fn authority(
        &mut self,
        node: &Node,
        members: &Members<'_>,
        cloud: Cloud,
        tenant: &str,
    ) -> Option<Authority> {
        let metadata_url = self.login_url(members.get("openid_metadata_url"));
        let token_url = self.login_url(members.get("token_url"));
        let authority = cloud.authority(tenant);
        let mut authority = authority
            .map_err(|error| self.fault(node, format!("no address of a login: {error}")))
            .ok()?;
        authority.openid_metadata_url = metadata_url.unwrap_or(authority.openid_metadata_url);
        authority.token_url = token_url.unwrap_or(authority.token_url);
        Some(authority)
    }

    /// Who reads along there, or answers instead, can sign in the name of Teams.
    fn login_url(&mut self, node: Option<&Node>) -> Option<Url> {
        let node = node?;
        let url = Url::parse(read::text(node, &mut self.faults)?).ok();
        let is_here = |url: &Url| match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        };
        let url =
            url.filter(|url| url.scheme() == "https" || url.scheme() == "http" && is_here(url));
        url.or_else(|| read::expected("an https URL, or http to 127.0.0.1", node, &mut self.faults))
    }

    /// Those of the cloud, or those that stand here instead.
    fn service_hosts(
        &mut self,
        section: &Node,
        node: Option<&Node>,
        cloud: Cloud,
    ) -> Option<ServiceHosts> {
        let Some(node) = node else {
            let hosts = cloud.service_hosts();
            if hosts.is_empty() {
                self.fault(section, "nobody says where this cloud is: it needs `service_hosts`");
            }
            return ServiceHosts::new(hosts.iter().copied()).ok();
        };
        let mut hosts = Vec::new();
        for node in read::one_or_more(node) {
            let Some(text) = read::text(node, &mut self.faults) else { continue };
            match text.parse::<HostPattern>() {
                Ok(_) => hosts.push(text),
                Err(error) => self.faults.push(Diagnostic::new(node.span, error.to_string())),
            }
        }
        if hosts.is_empty() {
            self.fault(node, "without `service_hosts` no card could go out");
        }
        ServiceHosts::new(hosts).ok()
    }

    fn refuse_insecure(&mut self, node: Option<&Node>, settings: &Settings, listen: SocketAddr) {
        let Some(node) = node else { return };
        if settings.auth == Auth::InsecureLocal && !settings.is_local(listen) {
            self.fault(
                node,
                "anybody could vote: this needs `listen` and all `service_hosts` on 127.0.0.1",
            );
        }
    }

    /// In small letters, as Teams writes it.
    fn uuid(&mut self, members: &Members<'_>, key: &str) -> Option<String> {
        let node = members.need(key, &mut self.faults)?;
        let text = read::text(node, &mut self.faults)?;
        if is_uuid(text) {
            return Some(text.to_ascii_lowercase());
        }
        read::expected("an id such as 11111111-2222-4333-8444-555555555555", node, &mut self.faults)
    }
}
