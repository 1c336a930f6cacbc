//! Who is on call by PagerDuty, from `GET /oncalls`: in a schedule, or at the first level of an
//! escalation policy. People are pinned by their user id; addresses there are anybody's to change.

use std::fmt;

use async_trait::async_trait;
use countersign_egress::Egress;
use countersign_port::{
    access::Identity,
    directory::{Directory, NoAnswer},
};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::ask::{Proof, get, headers, no_answer};

/// The keys under which the policy's groups name them.
pub const SCHEDULE: &str = "pagerduty_schedule";
pub const ESCALATION_POLICY: &str = "pagerduty_escalation_policy";

/// The provider of the accounts.
const PROVIDER: &str = "pagerduty";

const PAGE: usize = 100;
/// PagerDuty pages no further than 10 000.
const MAX_PAGES: usize = 100;

/// Whom escalation reaches first.
const FIRST_LEVEL: u32 = 1;

#[derive(Debug, Clone)]
pub struct Settings {
    pub api_url: Url,
    /// The name of the account: the `tenant` of its users in the people file.
    pub account: String,
    pub token: SecretString,
}

/// What the ids in the policy are ids of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Schedule,
    EscalationPolicy,
}

/// Asks PagerDuty.
pub struct PagerDuty {
    egress: Egress,
    settings: Settings,
    kind: Kind,
}

#[derive(Deserialize)]
struct Page {
    oncalls: Vec<OnCall>,
    more: bool,
}

#[derive(Deserialize)]
struct OnCall {
    user: Reference,
    escalation_level: u32,
    schedule: Option<Reference>,
    escalation_policy: Reference,
}

#[derive(Deserialize)]
struct Reference {
    id: String,
}

impl PagerDuty {
    pub fn new(egress: Egress, settings: Settings, kind: Kind) -> Self {
        Self { egress, settings, kind }
    }

    fn url(&self, id: &str, offset: usize) -> Url {
        let mut url = self.settings.api_url.clone();
        url.set_path(&format!("{}/oncalls", url.path().trim_end_matches('/')));
        let ids = match self.kind {
            Kind::Schedule => "schedule_ids[]",
            Kind::EscalationPolicy => "escalation_policy_ids[]",
        };
        url.query_pairs_mut()
            .append_pair(ids, id)
            .append_pair("limit", &PAGE.to_string())
            .append_pair("offset", &offset.to_string());
        url
    }

    /// Whether an entry answers the question: a filter that was passed over would put everybody
    /// who is on call for anything into the group.
    fn is_meant(&self, on_call: &OnCall, id: &str) -> bool {
        match self.kind {
            Kind::Schedule => on_call.schedule.as_ref().is_some_and(|schedule| schedule.id == id),
            Kind::EscalationPolicy => {
                on_call.escalation_policy.id == id && on_call.escalation_level == FIRST_LEVEL
            }
        }
    }
}

#[async_trait]
impl Directory for PagerDuty {
    fn source(&self) -> &'static str {
        match self.kind {
            Kind::Schedule => SCHEDULE,
            Kind::EscalationPolicy => ESCALATION_POLICY,
        }
    }

    async fn members(&self, id: &str) -> Result<Vec<Identity>, NoAnswer> {
        let mut users = Vec::new();
        for page in 0..MAX_PAGES {
            let proof = Proof { scheme: "Token token=", token: &self.settings.token };
            let url = self.url(id, page * PAGE);
            let found: Page = get(&self.egress, &url, headers(Some(proof))?).await?;
            let meant = found.oncalls.into_iter().filter(|on_call| self.is_meant(on_call, id));
            users.extend(meant.map(|on_call| on_call.user.id));
            if !found.more {
                users.sort_unstable();
                users.dedup();
                return Ok(users.into_iter().map(|user| self.account(user)).collect());
            }
        }
        no_answer("PagerDuty has more pages than it promises")
    }
}

impl PagerDuty {
    fn account(&self, user: String) -> Identity {
        let tenant = self.settings.account.clone();
        Identity { provider: PROVIDER.to_owned(), tenant, subject: user }
    }
}

impl fmt::Debug for PagerDuty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PagerDuty").field("kind", &self.kind).finish_non_exhaustive()
    }
}
