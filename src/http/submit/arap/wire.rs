//! The body of a request in the words of the profile. What is not known here is ignored.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::wire::DenialBody;
use crate::http::authzen::wire::object;

/// A request for what was denied, as a client in the mode `arap` sends it.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "subject": {"type": "user", "id": "ana@example.com"},
    "resource": {"type": "oauth_client", "id": "crm-sync"},
    "action": {"name": "grant_scope"},
    "context": {"scope": "customer_data:read", "urn:countersign:justification": "Quarterly export"},
    "denial": {"binding_token": "eyJ…", "expires_at": "2026-11-23T09:10:00Z"},
}))]
pub(in crate::http) struct ArapRequest {
    /// As it was evaluated.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Object)]
    pub(super) subject: Option<Map<String, Value>>,
    /// As it was evaluated. Needed where there are no `items`, and forbidden with them.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<Object>)]
    pub(super) resource: Option<Map<String, Value>>,
    /// As it was evaluated. Needed where there are no `items`, and forbidden with them.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<Object>)]
    pub(super) action: Option<Map<String, Value>>,
    /// A bundle: each is decided on its own, and answers a denial of its own.
    #[schema(min_items = 1, max_items = 20)]
    pub(super) items: Option<Vec<ArapItemBody>>,
    /// What was evaluated, and more: `urn:countersign:justification`, and the words of CIBA under
    /// `urn:countersign:ciba`.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<Object>)]
    pub(super) context: Option<Map<String, Value>>,
    /// `requested_until` and `emergency` are wishes. Less than was evaluated can be asked for under
    /// `urn:countersign:oauth`, a credential under `urn:countersign:credential`.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<Object>)]
    pub(super) requested_access: Option<Map<String, Value>>,
    pub(super) denial: Option<DenialBody>,
    /// `id` is that of the caller; `actor` is who acts for the subject, `source` where it comes from.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<Object>)]
    pub(super) client: Option<Map<String, Value>>,
    pub(super) callback: Option<ArapCallback>,
}

/// One thing of a bundle.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct ArapItemBody {
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Object)]
    pub(super) resource: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Object)]
    pub(super) action: Option<Map<String, Value>>,
    /// Wins over that of the whole, member by member.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<Object>)]
    pub(super) requested_access: Option<Map<String, Value>>,
    pub(super) denial: Option<DenialBody>,
}

/// Where the end is told.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct ArapCallback {
    /// Must be registered for the calling client.
    #[schema(max_length = 2048)]
    pub(super) endpoint: String,
    /// Given back as it came.
    #[schema(max_length = 512)]
    pub(super) state: Option<String>,
    /// Which ends are wanted; all where it is left out.
    #[schema(example = json!(["approved", "denied"]))]
    pub(super) events: Option<Vec<String>>,
}
