//! `/countersign`: what waits for you, why a request stands where it does, and the ids that an
//! operator puts into the people file.

use countersign_port::access::Word;
use serde_json::{Value, json};
use slack_morphism::blocks::SlackBlock;
use tokio::time::timeout;
use url::form_urlencoded;

use crate::{
    dispatch::{Ack, Dispatch, WHOLE, evidence, ignored},
    kit,
    payload::Claim,
    waiting,
};

const USAGE: &str = "`/countersign` lists what waits for you. `/countersign why arq_…` shows one \
    request. `/countersign away gus 5d` lets a colleague decide for you, `back` ends it. `/countersign link` \
    shows your account, and a code to have it linked to you.";
const TOO_LONG: &str = "That took too long. Try again.";

/// A slash command.
#[derive(Debug, Default, PartialEq, Eq)]
struct Command {
    claim: Claim,
    text: String,
    checks_ssl: bool,
}

impl Dispatch {
    /// A slash command, as the form that Slack sends.
    pub(crate) async fn command(&self, form: &[u8]) -> Ack {
        let command = Command::read(form);
        if command.checks_ssl {
            return None;
        }
        if command.claim.user.is_empty() {
            ignored("malformed");
            return None;
        }
        let blocks = match timeout(WHOLE, self.run(&command, &evidence(form))).await {
            Ok(blocks) => blocks,
            Err(_) => vec![kit::section(TOO_LONG)],
        };
        Some(private(&blocks))
    }

    async fn run(&self, command: &Command, evidence: &str) -> Vec<SlackBlock> {
        let words: Vec<&str> = command.text.split_whitespace().collect();
        match words.as_slice() {
            [] => self.list(&command.claim, evidence).await,
            ["why", request] => self.why(&command.claim, request, evidence).await,
            ["link"] => {
                let said = self.say(&command.claim, &Word::Link { code: None }, evidence).await;
                vec![link(&command.claim), said]
            }
            words => match Word::read(words) {
                Some(word) => vec![self.say(&command.claim, &word, evidence).await],
                None => vec![kit::section(USAGE)],
            },
        }
    }

    async fn say(&self, claim: &Claim, word: &Word, evidence: &str) -> SlackBlock {
        let admitted = self.core.admit_viewer(&self.access, claim, evidence).await;
        let said = match admitted {
            Ok(()) => self.access.say(word, &claim.identity()).await,
            Err(refusal) => Err(refusal),
        };
        kit::section(&said.unwrap_or_else(|refusal| refusal.sentence))
    }

    async fn list(&self, claim: &Claim, evidence: &str) -> Vec<SlackBlock> {
        match self.core.waiting(&self.access, claim, evidence).await {
            Ok(waiting) => waiting::list(&waiting, &self.core.settings.api_url),
            Err(refusal) => vec![kit::section(&refusal.sentence)],
        }
    }

    async fn why(&self, claim: &Claim, request: &str, evidence: &str) -> Vec<SlackBlock> {
        let admitted = self.core.admit_viewer(&self.access, claim, evidence).await;
        let card = match admitted {
            Ok(()) => self.access.look_up(request, &claim.identity()).await,
            Err(refusal) => Err(refusal),
        };
        match card {
            Ok(card) => waiting::story(&card),
            Err(refusal) => vec![kit::section(&refusal.sentence)],
        }
    }
}

impl Command {
    fn read(form: &[u8]) -> Self {
        let mut command = Self::default();
        for (name, value) in form_urlencoded::parse(form) {
            let value = value.into_owned();
            let filled = || (!value.is_empty()).then(|| value.clone());
            match name.as_ref() {
                "api_app_id" => command.claim.app = filled(),
                "team_id" => (command.claim.team, command.claim.user_team) = (filled(), filled()),
                "enterprise_id" => command.claim.enterprise = filled(),
                "user_id" => command.claim.user = value,
                "text" => command.text = value,
                "ssl_check" => command.checks_ssl = value == "1",
                _ => {}
            }
        }
        command
    }
}

/// The account as a line of the people file.
pub(crate) fn link(claim: &Claim) -> SlackBlock {
    let identity = claim.identity();
    kit::section(&format!(
        "Your account, for the people file:\nslack: {{ team: {}, user: {} }}",
        identity.tenant, identity.subject
    ))
}

fn private(blocks: &[SlackBlock]) -> Value {
    json!({ "response_type": "ephemeral", "text": "Countersign", "blocks": blocks })
}

#[cfg(test)]
mod tests;
