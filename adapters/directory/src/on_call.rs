//! Who is on call by an address of one's own: `GET` answers `{"people": ["erin"]}`, with keys of
//! the people file. A few lines turn any other schedule into that.

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use countersign_egress::Egress;
use countersign_port::{
    access::Identity,
    directory::{Directory, NoAnswer, PEOPLE_FILE},
};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::ask::{Proof, get, headers, no_answer};

/// The key under which the policy's groups name it.
pub const SOURCE: &str = "on_call";

/// One address.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// As the policy names it.
    pub id: String,
    pub url: Url,
    pub token: Option<SecretString>,
}

/// All of them.
pub struct OnCall {
    egress: Egress,
    schedules: BTreeMap<String, Schedule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Now {
    people: Vec<String>,
}

impl OnCall {
    pub fn new(egress: Egress, schedules: impl IntoIterator<Item = Schedule>) -> Self {
        let schedules = schedules.into_iter().map(|schedule| (schedule.id.clone(), schedule));
        Self { egress, schedules: schedules.collect() }
    }
}

#[async_trait]
impl Directory for OnCall {
    fn source(&self) -> &'static str {
        SOURCE
    }

    async fn members(&self, group: &str) -> Result<Vec<Identity>, NoAnswer> {
        let Some(schedule) = self.schedules.get(group) else {
            return no_answer(format!("no `{group}` stands under `on_call:` of the configuration"));
        };
        let proof = schedule.token.as_ref().map(|token| Proof { scheme: "Bearer ", token });
        let now: Now = get(&self.egress, &schedule.url, headers(proof)?).await?;
        let account = |key| Identity {
            provider: PEOPLE_FILE.to_owned(),
            tenant: String::new(),
            subject: key,
        };
        Ok(now.people.into_iter().map(account).collect())
    }
}

impl fmt::Debug for OnCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.schedules.keys()).finish()
    }
}
