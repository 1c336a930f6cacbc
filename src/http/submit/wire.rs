//! The body of a submitted request, as it is on the wire. Shape only: what it means is judged in
//! `draft`.

use countersign_verify::claims::Confirmation;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{binding::Tuple, denial::Presented},
    refusal::Refusal,
    service::bind::Denied,
};

/// A request for access on behalf of a subject.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "subject": {"type": "user", "id": "ana@example.com"},
    "client": {"id": "crm-sync", "name": "CRM Sync"},
    "requested_access": {"scope": "customer_data:read customer_data:write"},
    "context": {"justification": "Quarterly export"},
}))]
pub(super) struct SubmitRequest {
    /// On whose behalf access is asked.
    pub(super) subject: SubjectBody,
    /// The OAuth client that wants the access. Left out, it is the one that calls.
    pub(super) client: Option<ClientBody>,
    /// What is to be done. Left out, the action is `grant_scope`.
    pub(super) action: Option<ActionBody>,
    /// To what it is to be done. Left out, it is the OAuth client.
    pub(super) resource: Option<ResourceBody>,
    pub(super) requested_access: Option<RequestedAccessBody>,
    /// What a resource server wants approved, as it signed it (a transaction challenge): instead of
    /// `action`, `resource`, `items` and what `requested_access` would name.
    #[schema(max_length = 16384)]
    pub(super) transaction_challenge: Option<String>,
    /// A bundle, instead of `action`, `resource` and `requested_access`: each is decided on its
    /// own.
    #[schema(min_items = 1, max_items = 20)]
    pub(super) items: Option<Vec<ItemBody>>,
    #[serde(default)]
    pub(super) context: ContextBody,
    /// Who the subject is, in the words of the asking side (CIBA).
    #[schema(max_length = 512)]
    pub(super) login_hint: Option<String>,
    /// Shown to requester and approver alike, so that both can see that it is the same request
    /// (CIBA).
    #[schema(max_length = 150, example = "W4SCT")]
    pub(super) binding_message: Option<String>,
    /// A wish, in seconds: it can shorten the policy's time to decide, never lengthen it (CIBA).
    #[schema(minimum = 1, maximum = 31_536_000, example = 600)]
    pub(super) requested_expiry: Option<u32>,
    /// Kept with the request (CIBA).
    #[schema(max_length = 512)]
    pub(super) acr_values: Option<String>,
    /// A JWT of a trusted issuer that carries the subject's groups and roles; instead of them in
    /// `subject.properties`.
    #[schema(max_length = 16384)]
    pub(super) subject_token: Option<String>,
    pub(super) callback: Option<CallbackBody>,
    /// The denial that this is about, where an evaluation gave one: then nothing else can be asked.
    pub(super) denial: Option<DenialBody>,
    /// Ask for a single-use credential, to be claimed once the action is approved.
    pub(super) credential: Option<CredentialBody>,
    /// Say what would happen; store and post nothing.
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// What the caller wants done with its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Open,
    Preview,
}

impl Wish {
    /// The more careful of two.
    pub(super) fn or(self, other: Self) -> Self {
        if self == Self::Open { other } else { self }
    }
}

/// What can stand in the address. A misspelt wish for a preview must not ask people.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct DryRun {
    /// Say what would happen; nothing is stored or posted.
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// On whose behalf access is asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectBody {
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 64, example = "user")]
    pub(super) kind: String,
    #[schema(min_length = 1, max_length = 512, example = "ana@example.com")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) properties: SubjectProperties,
}

/// What is known about the subject.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectProperties {
    #[schema(max_length = 512)]
    pub(super) name: Option<String>,
    #[schema(max_length = 512)]
    pub(super) email: Option<String>,
    /// Only from a client that may assert claims.
    #[serde(default)]
    #[schema(max_items = 256)]
    pub(super) groups: Vec<String>,
    /// Only from a client that may assert claims.
    #[serde(default)]
    #[schema(max_items = 256)]
    pub(super) roles: Vec<String>,
    /// The session that asks.
    #[schema(max_length = 512)]
    pub(super) sid: Option<String>,
    /// How they signed in (`acr` of OpenID Connect). Only from a client that may assert claims.
    #[schema(max_length = 512)]
    pub(super) acr: Option<String>,
    /// When they signed in, in seconds since 1970. Only from a client that may assert claims.
    #[schema(example = 1_795_348_800)]
    pub(super) auth_time: Option<i64>,
}

/// The OAuth client that wants the access, in its own words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientBody {
    #[schema(min_length = 1, max_length = 512, example = "crm-sync")]
    pub(super) id: String,
    #[schema(max_length = 512, example = "CRM Sync")]
    pub(super) name: Option<String>,
    pub(super) actor: Option<ActorBody>,
    pub(super) source: Option<SourceBody>,
}

/// The agent or service that acts for the subject.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActorBody {
    #[schema(min_length = 1, max_length = 512)]
    pub(super) id: String,
    #[schema(max_length = 512)]
    pub(super) issuer: Option<String>,
    /// For whom it acts, where that is not the subject. A chain is taken where the client is registered
    /// for every link of it.
    pub(super) act: Option<Box<ActBody>>,
}

/// A link between the one that acts and the subject (RFC 8693).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActBody {
    #[schema(min_length = 1, max_length = 512)]
    pub(super) sub: String,
    #[schema(max_length = 512)]
    pub(super) iss: Option<String>,
    #[schema(no_recursion)]
    pub(super) act: Option<Box<ActBody>>,
}

/// Where the request comes from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceBody {
    #[schema(max_length = 512)]
    pub(super) session_id: Option<String>,
    #[schema(max_length = 512)]
    pub(super) external_url: Option<String>,
    #[schema(max_length = 512)]
    pub(super) integration_id: Option<String>,
}

/// What is to be done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionBody {
    #[schema(min_length = 1, max_length = 512, example = "funds.transfer")]
    pub(super) name: String,
    pub(super) properties: Option<Map<String, Value>>,
}

/// To what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceBody {
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 64, example = "account")]
    pub(super) kind: String,
    #[schema(min_length = 1, max_length = 512)]
    pub(super) id: String,
    pub(super) properties: Option<Map<String, Value>>,
}

/// Scopes and authorization details, and for how long.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestedAccessBody {
    /// Scope tokens with one space between two (RFC 6749); at most 256.
    #[schema(example = "customer_data:read customer_data:write")]
    pub(super) scope: Option<String>,
    /// Objects with a `type` (RFC 9396).
    #[serde(default)]
    #[schema(max_items = 64)]
    pub(super) authorization_details: Vec<Map<String, Value>>,
    /// The end of the access that is wished for; a grant never exceeds the policy's.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) requested_until: Option<Timestamp>,
    /// The length of the access that is wished for, in seconds.
    #[schema(minimum = 1, maximum = 31_536_000)]
    pub(super) duration: Option<u32>,
    /// Asks for the break-glass route.
    #[serde(default)]
    pub(super) emergency: bool,
}

/// One thing that is decided on its own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemBody {
    pub(super) action: ActionBody,
    pub(super) resource: ResourceBody,
    #[serde(default)]
    pub(super) requested_access: RequestedAccessBody,
}

/// Why, where and with which parameters. Further members are kept and shown to nobody.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct ContextBody {
    /// In the requester's own words.
    #[schema(max_length = 4000, example = "Quarterly export")]
    pub(super) justification: Option<String>,
    #[schema(max_length = 64)]
    pub(super) environment: Option<String>,
    /// The exact parameters of the action; hashed as they stand.
    #[serde(default)]
    pub(super) parameters: Map<String, Value>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// A single-use credential for the action. It is bound to a session, a key, or the base token that
/// is named when it is claimed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialBody {
    #[serde(rename = "type")]
    #[schema(example = "action")]
    pub(super) kind: CredentialKind,
    /// One of the registered resource servers: the only one that can redeem it.
    #[schema(max_length = 2048, example = "https://api.example.com/")]
    pub(super) aud: String,
    /// The session that it is bound to.
    #[schema(min_length = 1, max_length = 512)]
    pub(super) sid: Option<String>,
    /// The key that it is bound to: the thumbprint of a JWK (`jkt`) or of a certificate
    /// (`x5t#S256`), in base64url.
    #[schema(value_type = Option<Object>, example = json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}))]
    pub(super) cnf: Option<Confirmation>,
    /// How long it is to live, in seconds; the policy may make it shorter.
    #[schema(minimum = 1, maximum = 300, example = 60)]
    pub(super) ttl: Option<u32>,
}

/// The kinds of credentials.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CredentialKind {
    /// For one action, once.
    Action,
}

/// What an evaluation said of its denial, unchanged.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(super) struct DenialBody {
    /// It or `binding_token` is needed.
    #[schema(max_length = 512)]
    pub(super) evaluation_id: Option<String>,
    #[schema(max_length = 16384)]
    pub(super) binding_token: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub(super) expires_at: Option<Timestamp>,
}

/// Where the outcome is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackBody {
    /// Must be registered for the calling client.
    #[schema(max_length = 2048, example = "https://auth.example.com/hooks/countersign")]
    pub(super) endpoint: String,
    /// Given back as it came.
    #[schema(max_length = 512)]
    pub(super) state: Option<String>,
    /// Which events are wanted; all where it is left out.
    #[serde(default)]
    #[schema(max_items = 16, example = json!(["access_request.approved", "denied"]))]
    pub(super) events: Vec<String>,
}

impl SubmitRequest {
    pub(super) fn wish(&self) -> Wish {
        if self.dry_run { Wish::Preview } else { Wish::Open }
    }
}

impl SubmitRequest {
    /// The denial that it is about, if any. Its words are those of the request itself.
    pub(super) fn denied(&self) -> Result<Vec<Denied>, Refusal> {
        let Some(denial) = &self.denial else { return Ok(Vec::new()) };
        if self.items.is_some() {
            return Err(unbound(
                "`denial` is about one thing: ask for each item in its own request",
            ));
        }
        Ok(vec![Denied { tuple: Tuple::default(), presented: denial.clone().presented()? }])
    }
}

impl DenialBody {
    /// What it says, if that can bind at all.
    pub(super) fn presented(self) -> Result<Presented, Refusal> {
        let Self { evaluation_id, binding_token, expires_at } = self;
        let expires_at = expires_at.ok_or_else(|| unbound("`denial.expires_at` is missing"))?;
        if evaluation_id.is_none() && binding_token.is_none() {
            return Err(unbound("`denial` needs `binding_token` or `evaluation_id`"));
        }
        Ok(Presented { evaluation_id, binding_token, expires_at })
    }
}

/// A denial that binds nothing.
pub(super) fn unbound(detail: &str) -> Refusal {
    Refusal::InvalidDenialBinding { detail: detail.to_owned() }
}
