//! What all parts of the adapter share.

use std::{fmt, sync::Arc};

use countersign_port::{
    access::{Access, Place, Press, Refusal, Waiting},
    clock::Now,
    memory::Memory,
};

use crate::{
    address::Spot,
    moves::Moves,
    payload::Claim,
    private::Errands,
    rooms::Rooms,
    settings::Settings,
    token::Tokens,
    web::Web,
    who::{Accounts, Registry},
};

/// The parts.
pub(crate) struct Core {
    pub settings: Settings,
    pub tokens: Arc<Tokens>,
    pub web: Arc<Web>,
    pub memory: Arc<dyn Memory>,
    pub now: Now,
    pub accounts: Accounts,
    pub errands: Errands,
    pub rooms: Rooms,
    pub moves: Moves,
}

impl Core {
    /// What is known of accounts.
    pub(crate) fn registry(&self) -> Registry<'_> {
        Registry {
            app_id: self.settings.app_id.as_deref(),
            accounts: &self.accounts,
            web: &self.web,
            now: self.now.get(),
        }
    }

    /// Where a press was made, once the installation is known.
    pub(crate) async fn place(
        &self,
        installation: Option<&str>,
        channel: Option<&str>,
        ts: Option<&str>,
    ) -> Option<Place> {
        let (installation, channel, ts) = (installation?, channel?, ts?);
        let former = self.moves.former(installation, channel, self.now.get()).await;
        let own = str::to_owned;
        let spot = Spot { installation: own(installation), channel: own(channel), ts: own(ts) };
        Some(spot.place(former))
    }

    /// What waits for an account, or why it is told nothing.
    pub(crate) async fn waiting(
        &self,
        access: &Arc<dyn Access>,
        claim: &Claim,
        evidence: &str,
    ) -> Result<Vec<Waiting>, Refusal> {
        self.admit_viewer(access, claim, evidence).await?;
        access.waiting(&claim.identity()).await
    }

    /// Whether an account may see anything, where no button was pressed.
    pub(crate) async fn admit_viewer(
        &self,
        access: &Arc<dyn Access>,
        claim: &Claim,
        evidence: &str,
    ) -> Result<(), Refusal> {
        let installation = claim.installation(&self.tokens).await;
        match self.registry().admit(claim, installation.as_deref()).await {
            Ok(_) => Ok(()),
            Err(kind) => {
                let press = press(String::new(), claim, None, evidence);
                Err(access.turn_away(&press, kind).await)
            }
        }
    }
}

/// A press in the service's words. Slack puts the instant and a trigger of its own into each, so
/// that no two of them look alike.
pub(crate) fn press(button: String, claim: &Claim, place: Option<Place>, evidence: &str) -> Press {
    let once = (!evidence.is_empty()).then(|| evidence.to_owned());
    let (by, payload_sha256) = (claim.identity(), evidence.to_owned());
    Press { button, by, email: None, place, payload_sha256, once }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("settings", &self.settings).finish_non_exhaustive()
    }
}
