//! The demo's company: who there is, what may be asked for, and who must say yes. Plain data in
//! the formats that the service reads, so that the demo runs on nothing of its own.

use countersign_port::access::Identity;

/// The policy of the demo.
pub const POLICY: &str = include_str!("../demo/policy.yaml");
/// The scopes and actions of the demo.
pub const CATALOGUE: &str = include_str!("../demo/catalogue.yaml");
/// The people of the demo.
pub const PEOPLE: &str = include_str!("../demo/people.yaml");

/// The name of this platform, as in the policy's `channels` and in identities.
pub const PLATFORM: &str = "sandbox";
/// The only workspace of this platform.
pub const TEAM: &str = "demo";

/// The channels that [`POLICY`] names, in the order in which the page shows them.
pub const CHANNELS: [&str; 5] = ["shop-approvals", "security", "payments", "incident", "platform"];

/// The sample OAuth server, as the service must have it registered.
pub const CLIENT_ID: &str = "shop-admin";
/// Its name.
pub const CLIENT_NAME: &str = "Shop Admin";
/// The bank of the demo: what the credential of a transfer is meant for.
pub const BANK: &str = "https://bank.example/";
/// The scopes that it may ask for.
pub const CLIENT_SCOPES: [&str; 2] = ["report:*", "prod:*"];

/// Somebody to be on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Persona {
    /// The key in [`PEOPLE`] and the account on this platform.
    pub id: &'static str,
    pub name: &'static str,
    /// What they are there for, in two words.
    pub role: &'static str,
}

/// Everybody in [`PEOPLE`].
pub const PERSONAS: [Persona; 7] = [
    Persona { id: "erin", name: "Erin Doyle", role: "shop lead" },
    Persona { id: "farid", name: "Farid Aziz", role: "shop lead" },
    Persona { id: "gus", name: "Gus Lind", role: "senior" },
    Persona { id: "sam", name: "Sam Okoro", role: "security" },
    Persona { id: "fay", name: "Fay Chen", role: "finance" },
    Persona { id: "olu", name: "Olu Adeyemi", role: "on-call" },
    Persona { id: "dana", name: "Dana Novak", role: "asks" },
];

impl Persona {
    /// Finds somebody by their id.
    pub fn find(id: &str) -> Option<Self> {
        PERSONAS.into_iter().find(|persona| persona.id == id)
    }
}

/// The account of somebody in this workspace.
pub fn identity(subject: &str) -> Identity {
    Identity { provider: PLATFORM.to_owned(), tenant: TEAM.to_owned(), subject: subject.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_persona_has_an_account_in_the_file() {
        for persona in PERSONAS {
            let line = format!("sandbox: {{ team: {TEAM}, user: {} }}", persona.id);
            assert!(PEOPLE.contains(&line), "{line}");
            assert!(PEOPLE.contains(&format!("name: {}", persona.name)), "{}", persona.name);
        }
    }

    #[test]
    fn every_channel_is_named_by_the_policy() {
        for channel in CHANNELS {
            assert!(POLICY.contains(&format!("{{ {PLATFORM}: {channel} }}")), "{channel}");
        }
    }
}
