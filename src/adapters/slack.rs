//! Slack, put together out of its parts.

use std::sync::Arc;

use countersign_port::{directory::Directory, memory::Memory};
use countersign_slack::{
    install::{Installer, Marks},
    oauth::OAuth,
    settings::Settings,
    slack::{Parts, Slack},
    token::Tokens,
    usergroups::UserGroups,
};

use super::{random, time};
use crate::means::Means;

/// The name under which it keeps its records.
const ADAPTER: &str = "slack";

/// The chat product and its user groups.
pub(super) fn connect(settings: &Settings, means: &Means) -> (Slack, Arc<dyn Directory>) {
    let memory: Arc<dyn Memory> = Arc::new(means.memory(ADAPTER));
    let now = time(&means.clock);
    let oauth = OAuth::new(means.egress.clone(), settings);
    let tokens = Arc::new(match &oauth {
        Some(oauth) => Tokens::new(settings, Arc::clone(&memory), oauth.clone(), now.clone()),
        None => Tokens::fixed(&settings.workspaces),
    });
    let installer = oauth.map(|oauth| {
        let (settings, tokens) = (settings.clone(), Arc::clone(&tokens));
        Arc::new(Installer { settings, oauth, tokens, marks: marks(means) })
    });
    let slack = Slack::new(Parts {
        settings: settings.clone(),
        egress: means.egress.clone(),
        memory,
        now,
        tokens: Arc::clone(&tokens),
        installer,
    });
    let groups = UserGroups::new(tokens, slack.web());
    (slack, Arc::new(groups))
}

/// What makes links for operators who install the app.
pub fn marks(means: &Means) -> Marks {
    let memory = Arc::new(means.memory(ADAPTER));
    Marks { memory, random: random(means), now: time(&means.clock) }
}
