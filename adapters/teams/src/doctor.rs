//! Whether all is well with Teams: who signs, our own token, the clock, the teams that have the app,
//! and the channels of the policy. Posts nothing.

use std::collections::BTreeMap;

use countersign_port::{
    access::{Identity, RefusalKind},
    finding::Finding,
};

use crate::{connector::Channel, core::Core, failure::Failure, settings::Auth, who::judge};

mod words;

impl Core {
    /// Looks at everything, and at these channels.
    pub(crate) async fn examine(&self, channels: &[String]) -> Vec<Finding> {
        let mut findings = match self.settings.auth {
            Auth::Connector => self.trust().await,
            Auth::InsecureLocal => vec![words::unchecked()],
        };
        let known = self.teams(&mut findings).await;
        findings.extend(channels.iter().map(|channel| words::channel(channel, known.get(channel))));
        findings
    }

    /// Looks at accounts of people in the teams that have the app.
    pub(crate) async fn examine_accounts(&self, accounts: &[Identity]) -> Vec<Finding> {
        let teams = self.registry.teams().await.unwrap_or_default();
        let mut findings = Vec::new();
        for account in accounts {
            let Err(why) = self.examine_account(account, &teams).await else { continue };
            findings.push(Finding::account(account, why));
            // Where nobody answers, asking about all the others would say the same of each.
            if why == RefusalKind::IdentityUnknown {
                break;
            }
        }
        findings
    }

    /// The first team that knows the account says what it is.
    async fn examine_account(
        &self,
        account: &Identity,
        teams: &[(String, String)],
    ) -> Result<(), RefusalKind> {
        if !account.tenant.eq_ignore_ascii_case(&self.settings.tenant_id) {
            return Err(RefusalKind::Stranger);
        }
        for (team, service_url) in teams {
            match self.connector.member(service_url, team, &account.subject).await {
                Ok(member) => {
                    return judge(&member, Some(&account.subject), &self.settings.tenant_id);
                }
                Err(Failure::Refused { status: 404, .. }) => {}
                Err(_) => return Err(RefusalKind::IdentityUnknown),
            }
        }
        // Where there is no team, that has been said already.
        Err(if teams.is_empty() { RefusalKind::IdentityUnknown } else { RefusalKind::Stranger })
    }

    /// Whether Microsoft and we believe each other: its keys, our token, and both clocks.
    async fn trust(&self) -> Vec<Finding> {
        let keys = words::keys(self.keys.speak().await);
        let given = self.connector.log_in().await;
        let skew = given.as_ref().ok().and_then(|given| given.skew);
        let clock = skew.map(|skew| skew.finding("Microsoft's"));
        [keys, words::login(given.map(|given| given.took))].into_iter().chain(clock).collect()
    }

    /// The channels of all teams that have the app, by id.
    async fn teams(&self, findings: &mut Vec<Finding>) -> BTreeMap<String, Channel> {
        let mut known = BTreeMap::new();
        let teams = match self.registry.teams().await {
            Ok(teams) => teams,
            Err(failure) => {
                findings.push(words::unreadable(&failure));
                return known;
            }
        };
        if teams.is_empty() {
            findings.push(words::nowhere());
        }
        for (team, service_url) in teams {
            let channels = self.connector.channels(&service_url, &team).await;
            findings.push(words::team(&team, channels.as_ref().map(Vec::len)));
            let channels = channels.unwrap_or_default().into_iter();
            known.extend(channels.map(|channel| (channel.id.clone(), channel)));
        }
        known
    }
}
