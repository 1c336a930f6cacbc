//! Whether all is well with Teams: who signs, our own token, the clock, the teams that have the app,
//! and the channels of the policy. Posts nothing.

use std::collections::BTreeMap;

use countersign_port::finding::Finding;

use crate::{connector::Channel, core::Core, settings::Auth};

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
