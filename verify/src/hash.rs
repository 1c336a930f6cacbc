//! What is about to be executed, parsed once and hashed as the service hashed what was approved.

use countersign_json::{
    canonical::{self, NotCanonical},
    gate::Limits,
    intake::{self, Rejected},
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// An action on a resource with its parameters: what people saw, and what is hashed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// `{ "name": … }`, and `properties` if they were sent.
    pub action: Map<String, Value>,
    /// `{ "type": …, "id": … }`, and `properties` if they were sent.
    pub resource: Map<String, Value>,
    /// As in `context.parameters` of the access request.
    #[serde(default)]
    pub parameters: Map<String, Value>,
}

/// Reads a body through the I-JSON gate. Execute what this returns, never the body once more.
pub fn asked(body: &[u8]) -> Result<Asked, Rejected> {
    intake::parse(body, &Limits::INTAKE)
}

impl Asked {
    /// The hash that must be in the credential.
    pub fn params_hash(&self) -> Result<String, NotCanonical> {
        let value = |members: &Map<String, Value>| Value::Object(members.clone());
        canonical::params_hash(
            &value(&self.action),
            &value(&self.resource),
            &value(&self.parameters),
        )
    }
}
