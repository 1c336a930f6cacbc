//! What all parts of the adapter share.

use std::{fmt, sync::Arc};

use countersign_egress::Egress;
use countersign_port::{
    access::{Access, Identity, Press, Refusal},
    card::Card,
    clock::Now,
    memory::Memory,
};
use serde_json::Value;

use crate::{
    activity::{Activity, Claim},
    adaptive,
    connector::{Bot, Connector},
    failure::Failure,
    jwks::Keys,
    private::Errands,
    registry::Registry,
    settings::{Auth, PLATFORM, Settings},
    token::Tokens,
    who::Members,
};

/// The parts.
pub(crate) struct Core {
    pub settings: Settings,
    pub keys: Keys,
    pub connector: Connector,
    pub registry: Registry,
    pub members: Members,
    pub errands: Errands,
    pub now: Now,
}

impl Core {
    pub(crate) fn new(
        settings: Settings,
        egress: &Egress,
        memory: Arc<dyn Memory>,
        now: &Now,
    ) -> Self {
        let metadata_url = settings.authority.openid_metadata_url.clone();
        let tokens = match settings.auth {
            Auth::Connector => Some(Tokens::new(egress.clone(), &settings, now.clone())),
            Auth::InsecureLocal => None,
        };
        let hosts = settings.service_hosts.clone();
        Self {
            keys: Keys::new(egress.clone(), metadata_url, now.clone()),
            connector: Connector::new(egress.clone(), hosts, tokens, now.clone()),
            registry: Registry::new(memory, &settings.tenant_id, now.clone()),
            members: Members::default(),
            errands: Errands::default(),
            now: now.clone(),
            settings,
        }
    }

    /// The account as the service knows it, whether it may act or not.
    pub(crate) fn identity(&self, claim: &Claim) -> Identity {
        let unknown = || "unknown".to_owned();
        let home = self.is_home(claim).then(|| self.settings.tenant_id.clone());
        Identity {
            provider: PLATFORM.to_owned(),
            tenant: home.or_else(|| claim.tenants.first().cloned()).unwrap_or_else(unknown),
            subject: claim.object.clone().unwrap_or_else(unknown),
        }
    }

    /// Whether all that is said of the tenant names ours. Anybody can install our app elsewhere,
    /// and Teams signs what comes from there as well.
    pub(crate) fn is_home(&self, claim: &Claim) -> bool {
        let ours = |tenant: &String| tenant.eq_ignore_ascii_case(&self.settings.tenant_id);
        !claim.tenants.is_empty() && claim.tenants.iter().all(ours)
    }

    /// Our bot, as calls name it.
    pub(crate) fn bot<'a>(&'a self, service_url: &'a str) -> Bot<'a> {
        Bot { app_id: &self.settings.app_id, tenant: &self.settings.tenant_id, service_url }
    }

    /// A press in the service's words. A button is where its message is, or nowhere.
    pub(crate) fn press(&self, activity: &Activity, button: &str, evidence: &str) -> Press {
        Press {
            button: button.to_owned(),
            by: self.identity(&activity.claim),
            email: None,
            place: Some(activity.room.spot(&self.settings.tenant_id).place()),
            payload_sha256: evidence.to_owned(),
            once: activity.once.clone(),
        }
    }

    /// Whether an account may see anything, where no button was pressed.
    pub(crate) async fn admit_viewer(
        &self,
        access: &Arc<dyn Access>,
        activity: &Activity,
        evidence: &str,
    ) -> Result<Identity, Refusal> {
        match self.admit(activity).await {
            Ok(_) => Ok(self.identity(&activity.claim)),
            Err(kind) => {
                let press = self.press(activity, "", evidence);
                Err(access.turn_away(&press, kind).await)
            }
        }
    }

    /// Teams refuses a whole message for one element, or for its size. Then a plain one goes out,
    /// and we are told.
    pub(crate) async fn drawn<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        card: &Card,
        send: impl Fn(Value) -> F,
    ) -> Result<T, Failure> {
        match send(adaptive::activity(card, self.now.get())).await {
            Err(failure) if failure.is_our_fault() => {
                tracing::error!(request = card.request, %failure, "Teams does not take our card");
                metrics::counter!("countersign_teams_cards_refused_total").increment(1);
                send(adaptive::plain_activity(card)).await
            }
            result => result,
        }
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("settings", &self.settings).finish_non_exhaustive()
    }
}
