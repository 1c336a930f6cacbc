//! Clicks on cards, as Slack sends them: a form with the whole payload, signed beforehand.

use std::net::SocketAddr;

use countersign::{
    clock::Clock,
    domain::button::{Meaning, token},
};
use countersign_port::card::Verb;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use url::form_urlencoded;

use crate::{
    database::PostedCard,
    failure::Failure,
    payload::wish_of,
    site::SIGNING_SECRET,
    workspace::{APP, TEAM, TS, account, response_url},
};

/// Makes the clicks of one site.
#[derive(Debug, Clone)]
pub(crate) struct Presses {
    pub(crate) to: SocketAddr,
    pub(crate) workspace: SocketAddr,
}

impl Presses {
    /// The click that says yes on a card that looks like this. It is good for five minutes.
    pub(crate) fn yes(&self, card: &PostedCard, blocks: &Value) -> Result<Vec<u8>, Failure> {
        let payload = self.payload(card, blocks)?.to_string();
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &payload)
            .finish();
        let second = Clock::system().now().as_second();
        let mut mac = Hmac::<Sha256>::new_from_slice(SIGNING_SECRET.as_bytes())?;
        mac.update(format!("v0:{second}:{body}").as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        Ok(format!(
            "POST /slack/interactions HTTP/1.1\r\nhost: {}\r\n\
             user-agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\naccept: */*\r\n\
             x-slack-request-timestamp: {second}\r\nx-slack-signature: v0={signature}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            self.to,
            body.len()
        )
        .into_bytes())
    }

    fn payload(&self, card: &PostedCard, blocks: &Value) -> Result<Value, Failure> {
        let meaning = Meaning { step: 0, verb: Verb::Approve };
        let person = wish_of(card).voter();
        let user = json!({ "id": account(person), "username": person, "name": person,
            "team_id": TEAM });
        Ok(json!({
            "type": "block_actions",
            "user": user,
            "api_app_id": APP,
            "token": "not used any more",
            "container": { "type": "message", "message_ts": TS, "channel_id": card.channel,
                "is_ephemeral": false },
            "trigger_id": "12466734323.1395872398.1234567890abcdef",
            "team": { "id": TEAM, "domain": "shop" },
            "enterprise": null,
            "is_enterprise_install": false,
            "channel": { "id": card.channel, "name": "approvals" },
            "message": { "user": "U0BOT", "type": "message", "ts": TS, "bot_id": "B0CSIGN",
                "app_id": APP, "text": "A card", "team": TEAM, "blocks": blocks },
            "state": { "values": {} },
            "response_url": response_url(self.workspace),
            "actions": [{ "action_id": "approve", "block_id": "buttons", "type": "button",
                "text": { "type": "plain_text", "text": "Approve", "emoji": false },
                "value": token(&card.id.parse()?, &card.secret, meaning),
                "style": "primary", "action_ts": "1763820150.000200" }],
        }))
    }
}
