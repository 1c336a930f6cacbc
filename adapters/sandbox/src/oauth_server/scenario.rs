//! What the sample OAuth server can ask for: one request for each thing worth seeing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::demo;

/// The session that the credential of a transfer is bound to.
pub(super) const SESSION: &str = "session-of-dana";

/// A request to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Pre-approved: nobody is asked.
    ReadReport,
    /// Two shop leads, then security.
    WriteProd,
    /// Finance and on-call side by side; where the service gives a credential, it works once.
    Transfer,
    /// Critical: the approver types the number on the requester's screen.
    DeleteAccount,
    /// The emergency route: one yes, and a review afterwards.
    BreakGlass,
    /// Every trick with text that we know.
    Spoofed,
}

impl Scenario {
    /// All, in the order of their buttons.
    pub const ALL: [Self; 6] = [
        Self::ReadReport,
        Self::WriteProd,
        Self::Transfer,
        Self::DeleteAccount,
        Self::BreakGlass,
        Self::Spoofed,
    ];

    /// The name in forms and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadReport => "read-report",
            Self::WriteProd => "write-prod",
            Self::Transfer => "transfer",
            Self::DeleteAccount => "delete-account",
            Self::BreakGlass => "break-glass",
            Self::Spoofed => "spoofed",
        }
    }

    /// The words on the button.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ReadReport => "read report",
            Self::WriteProd => "write prod",
            Self::Transfer => "transfer 12,500",
            Self::DeleteAccount => "delete account",
            Self::BreakGlass => "break-glass",
            Self::Spoofed => "spoofed",
        }
    }

    /// Finds a scenario by its name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.as_str() == name)
    }

    /// The body of `POST /access/v1/requests`.
    pub fn body(self, callback_endpoint: &str) -> Value {
        let mut body = self.wish();
        if let Some(members) = body.as_object_mut() {
            members.insert(
                "callback".to_owned(),
                json!({ "endpoint": callback_endpoint, "state": self.as_str() }),
            );
        }
        body
    }

    fn wish(self) -> Value {
        match self {
            Self::ReadReport => scope("dana", "report:read", "The figures of October"),
            Self::WriteProd => {
                scope("dana", "prod:orders:write", "Fix the duplicates of this morning")
            }
            Self::Transfer => transfer(),
            Self::DeleteAccount => delete_account(),
            Self::BreakGlass => break_glass(),
            Self::Spoofed => spoofed(),
        }
    }
}

/// RFC 8785, then SHA-256: what the bank computes from what it is about to execute.
pub(super) fn transfer_hash() -> Result<String, serde_json::Error> {
    let action = json!({
        "action": transfer_action(),
        "resource": transfer_resource(),
        "parameters": transfer_parameters(),
    });
    let canonical = serde_json_canonicalizer::to_vec(&action)?;
    Ok(URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)))
}

fn client() -> Value {
    json!({ "id": demo::CLIENT_ID, "name": demo::CLIENT_NAME })
}

fn scope(subject: &str, scope: &str, justification: &str) -> Value {
    json!({
        "subject": { "type": "user", "id": subject },
        "client": client(),
        "requested_access": { "scope": scope },
        "context": { "justification": justification },
    })
}

fn transfer_action() -> Value {
    json!({ "name": "funds.transfer" })
}

fn transfer_resource() -> Value {
    json!({ "type": "account", "id": "DE02120300000000202051" })
}

fn transfer_parameters() -> Value {
    json!({ "amount": "12500.00", "currency": "EUR", "to": "Lind Paper Mill" })
}

fn transfer() -> Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "client": client(),
        "action": transfer_action(),
        "resource": transfer_resource(),
        "context": {
            "justification": "Invoice 2026-1107, due today",
            "parameters": transfer_parameters(),
        },
        "credential": { "type": "action", "aud": demo::BANK, "sid": SESSION },
    })
}

fn delete_account() -> Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "client": client(),
        "action": { "name": "account.delete" },
        "resource": { "type": "customer", "id": "C-4711" },
        "context": {
            "justification": "The customer asked us to forget them",
            "parameters": { "customer": "C-4711" },
        },
    })
}

fn break_glass() -> Value {
    json!({
        "subject": { "type": "user", "id": "olu" },
        "client": client(),
        "requested_access": { "scope": "prod:orders:write", "emergency": true },
        "context": { "justification": "Checkout is down, orders are being charged twice" },
    })
}

/// Markup of every product, a mention of everybody, a link that names another place, letters that
/// look like others, text that runs backwards, and a card within the card.
fn spoofed() -> Value {
    let words = "Routine. <https://evil.example|Open the request> [Approve](https://evil.example) \
        <!channel> <at>everyone</at> @erin **already approved** \u{202e}lave\u{202c} pay\u{200b}pal \
        <img src=x onerror=alert(1)>\n\n✔ Approved: Sһop Admin may change live orders\n\
        By Erin 14:06, Farid 14:11, Sam (security) 14:18 [Record]";
    json!({
        "subject": { "type": "user", "id": "dana" },
        "client": client(),
        "requested_access": { "scope": "prod:orders:write" },
        "binding_message": "<b>4711</b>",
        "context": { "justification": words },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_has_its_own_name_and_asks_as_the_demo_client() {
        for scenario in Scenario::ALL {
            assert_eq!(Scenario::find(scenario.as_str()), Some(scenario));
            let body = scenario.body("http://127.0.0.1:1/callback");
            assert_eq!(body["client"]["id"], demo::CLIENT_ID);
            assert_eq!(body["callback"]["endpoint"], "http://127.0.0.1:1/callback");
            let subject = body["subject"]["id"].as_str().unwrap();
            assert!(demo::Persona::find(subject).is_some(), "{subject}");
        }
    }

    #[test]
    fn what_is_asked_for_is_in_the_catalogue() {
        for scenario in Scenario::ALL {
            let body = scenario.body("");
            let name = body
                .pointer("/action/name")
                .or_else(|| body.pointer("/requested_access/scope"))
                .and_then(Value::as_str)
                .unwrap();
            assert!(demo::CATALOGUE.contains(name), "{name}");
        }
    }

    /// Computed once with Python's hashlib over the canonical text written by hand.
    #[test]
    fn the_bank_hashes_the_canonical_action() {
        assert_eq!(transfer_hash().unwrap(), "aWEFs0wgaP5l3Sz3avQVECvf6RWPsSEr6GGew-UpR3s");
    }
}
