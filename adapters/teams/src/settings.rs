//! What the operator says about Teams.

use std::{net::SocketAddr, path::PathBuf, str::FromStr};

use countersign_egress::host::{HostPattern, MalformedHost};
use secrecy::SecretString;
use url::{Host, Url};

/// The name of the platform in identities and in the policy.
pub const PLATFORM: &str = "teams";

/// The `teams:` section of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bot's application id: the audience of every token that Teams calls us with.
    pub app_id: String,
    /// The only tenant whose people are heard.
    pub tenant_id: String,
    /// How the world reaches this service, without a slash at its end.
    pub public_url: String,
    /// How the bot proves who it is.
    pub credential: Credential,
    /// Who signs what comes in, and who gives tokens for what goes out.
    pub authority: Authority,
    /// The only hosts that our token is sent to.
    pub service_hosts: ServiceHosts,
    /// How callers are checked.
    pub auth: Auth,
}

/// How the bot proves who it is.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A client secret.
    Secret(SecretString),
    /// A file that holds an assertion (RFC 7523), as workload identities have. Whoever writes it
    /// renews it, so it is read each time.
    Assertion(PathBuf),
}

/// How callers are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// By the token that the Bot Connector sends with every call.
    Connector,
    /// Not at all, for a client on this machine that has no tokens. See [`Settings::is_local`].
    InsecureLocal,
}

/// One of Microsoft's clouds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    Public,
    /// Of the government of the United States.
    Government,
    China,
}

/// Who signs what comes in, and who gives tokens for what goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The issuer of every token that Teams calls us with.
    pub issuer: String,
    /// Says where the keys of that issuer are.
    pub openid_metadata_url: Url,
    /// Gives tokens for the connector.
    pub token_url: Url,
    /// What such a token is good for.
    pub scope: String,
}

/// The only hosts that our token is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceHosts(Vec<HostPattern>);

impl Settings {
    /// Whether nothing but this machine is talked to: the condition of [`Auth::InsecureLocal`].
    pub fn is_local(&self, listener: SocketAddr) -> bool {
        listener.ip().is_loopback() && self.service_hosts.0.iter().all(is_loopback)
    }
}

impl Cloud {
    /// Issuer, keys and tokens of the cloud. `tenant` is the bot's own, or `botframework.com` for a
    /// multi-tenant bot of old.
    pub fn authority(self, tenant: &str) -> Result<Authority, url::ParseError> {
        let (api, bots, login) = match self {
            Self::Public => {
                ("api.botframework.com", "login.botframework.com", "login.microsoftonline.com")
            }
            Self::Government => {
                ("api.botframework.us", "login.botframework.azure.us", "login.microsoftonline.us")
            }
            Self::China => (
                "api.botframework.azure.cn",
                "login.botframework.azure.cn",
                "login.partner.microsoftonline.cn",
            ),
        };
        let metadata = format!("https://{bots}/v1/.well-known/openidconfiguration");
        let mut token_url = Url::parse(&format!("https://{login}/"))?;
        if let Ok(mut path) = token_url.path_segments_mut() {
            path.pop_if_empty().extend([tenant, "oauth2", "v2.0", "token"]);
        }
        Ok(Authority {
            issuer: format!("https://{api}"),
            openid_metadata_url: Url::parse(&metadata)?,
            token_url,
            scope: format!("https://{api}/.default"),
        })
    }

    /// Where the connectors of the cloud are. No page of Microsoft's names those in China, so the
    /// operator has to.
    pub fn service_hosts(self) -> &'static [&'static str] {
        match self {
            Self::Public => &["smba.trafficmanager.net", ".teams.microsoft.com"],
            Self::Government => {
                &["smba.infra.gcc.teams.microsoft.com", "smba.infra.gov.teams.microsoft.us"]
            }
            Self::China => &[],
        }
    }
}

impl ServiceHosts {
    /// Reads the list: a host exactly, or with a leading dot all below it.
    pub fn new<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Result<Self, MalformedHost> {
        hosts.into_iter().map(HostPattern::from_str).collect::<Result<_, _>>().map(Self)
    }

    /// Whether our token may go there: https to a host of the list, or plain http to an address of
    /// this machine that the list names.
    pub fn admit(&self, url: &Url) -> bool {
        let local = || {
            url.scheme() == "http"
                && url.host_str().is_some_and(|host| {
                    self.0.iter().any(|each| is_loopback(each) && is_exactly(each, host))
                })
        };
        self.0.iter().any(|host| host.matches(url)) || local()
    }
}

/// Whether it is written as ids of applications, tenants and people are.
pub fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_exactly(pattern: &HostPattern, host: &str) -> bool {
    matches!(pattern, HostPattern::Exact(name) if name == host)
}

/// Addresses alone: who answers to a name is for others to say.
fn is_loopback(pattern: &HostPattern) -> bool {
    let HostPattern::Exact(name) = pattern else { return false };
    match Host::parse(name) {
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Ok(Host::Domain(_)) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_listed_hosts_by_https_and_to_no_other() {
        let hosts = ServiceHosts::new(Cloud::Public.service_hosts().iter().copied()).unwrap();
        for (url, admitted) in [
            ("https://smba.trafficmanager.net/emea/", true),
            ("https://SMBA.trafficmanager.net/emea/", true),
            ("https://eu.teams.microsoft.com/", true),
            ("https://teams.microsoft.com/", false),
            ("http://smba.trafficmanager.net/emea/", false),
            ("https://smba.trafficmanager.net.evil.example/", false),
            ("https://evil.example/smba.trafficmanager.net", false),
            ("https://evil.teams.microsoft.com.example/", false),
            ("https://evilteams.microsoft.com/", false),
            ("http://127.0.0.1:9/", false),
        ] {
            assert_eq!(hosts.admit(&url.parse().unwrap()), admitted, "{url}");
        }
    }

    #[test]
    fn plain_http_goes_to_this_machine_where_it_is_listed() {
        let hosts = ServiceHosts::new(["127.0.0.1", "localhost"]).unwrap();
        assert!(hosts.admit(&"http://127.0.0.1:9/_connector".parse().unwrap()));
        assert!(!hosts.admit(&"http://127.0.0.2:9/".parse().unwrap()));
        assert!(!hosts.admit(&"http://localhost:9/".parse().unwrap()));
    }

    #[test]
    fn every_cloud_has_its_own_authority() {
        let authority = Cloud::Public.authority("t1").unwrap();
        assert_eq!(authority.issuer, "https://api.botframework.com");
        assert_eq!(
            authority.token_url.as_str(),
            "https://login.microsoftonline.com/t1/oauth2/v2.0/token"
        );
        for cloud in [Cloud::Public, Cloud::Government, Cloud::China] {
            let authority = cloud.authority("../x?y").unwrap();
            assert!(authority.token_url.path().ends_with("/oauth2/v2.0/token"), "{cloud:?}");
            assert_eq!(authority.token_url.query(), None);
            assert!(ServiceHosts::new(cloud.service_hosts().iter().copied()).is_ok());
        }
    }
}
