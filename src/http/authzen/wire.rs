//! Evaluations on the wire. What is not known here is ignored, as the API wants it.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::schema::Template;
use crate::{
    domain::{
        binding::Tuple,
        client::Mode,
        evaluation::{Approved, Decision},
        plan::Justification,
    },
    refusal::Refusal,
    service::evaluate::{Answer, Reference, Requestable},
};

/// May this subject do this to this resource?
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[schema(example = json!({
    "subject": {"type": "user", "id": "ana@example.com"},
    "action": {"name": "grant_scope"},
    "resource": {"type": "oauth_client", "id": "crm-sync"},
    "context": {"scope": "customer_data:read", "environment": "prod"},
}))]
pub(in crate::http) struct EvaluationRequest {
    /// `type` and `id` are needed; `properties` may say more, such as `act`: who acts for the
    /// subject.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Object)]
    pub(super) subject: Option<Map<String, Value>>,
    /// `name` is needed; `grant_scope` is about the scopes in the context.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Object)]
    pub(super) action: Option<Map<String, Value>>,
    /// `type` and `id` are needed; for scopes it is the OAuth client that wants them, of the type
    /// `oauth_client`.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Object)]
    pub(super) resource: Option<Map<String, Value>>,
    /// `scope`, `authorization_details`, `environment`, `parameters` decide. `client_id` is the OAuth
    /// client that wants to do something; `approval` is what people granted.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<Object>)]
    pub(super) context: Option<Map<String, Value>>,
}

/// Several questions at once. What an entry leaves out is taken from the top.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct EvaluationsRequest {
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<Object>)]
    pub(super) subject: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<Object>)]
    pub(super) action: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<Object>)]
    pub(super) resource: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<Object>)]
    pub(super) context: Option<Map<String, Value>>,
    /// Each is an `EvaluationRequest`; what it leaves out stands beside the list. What is none is
    /// answered with a no in its place. Left out or empty, the whole is one question.
    #[serde(default)]
    #[schema(value_type = Vec<Value>, max_items = 50)]
    pub(super) evaluations: Vec<Value>,
    #[serde(default)]
    pub(super) options: Options,
}

/// How several questions are gone through.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Options {
    #[serde(default)]
    pub(super) evaluations_semantic: Semantic,
}

/// Where to stop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Semantic {
    #[default]
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

/// Yes or no.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EvaluationResponse {
    pub(super) decision: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<ResponseContext>,
}

/// The answers, in the order of the questions; or the one answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum EvaluationsResponse {
    Many {
        /// As many as were gone through.
        evaluations: Vec<EvaluationResponse>,
    },
    One(Box<EvaluationResponse>),
}

/// What there is to say about an answer.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct ResponseContext {
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    evaluated_at: Option<Timestamp>,
    /// `approval_required`, `approval_expired`, `out_of_scope`, `approval_unverifiable` or
    /// `policy_denied`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// `request`: ask with `access_request`. `none`: asking would not help.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_request: Option<AccessRequestContext>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<ApprovalContext>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<EntryError>,
}

/// Where people are asked, and in whose words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) public_url: &'a str,
    pub(super) mode: Mode,
}

/// How people are asked.
#[derive(Debug, Serialize, ToSchema)]
struct AccessRequestContext {
    endpoint: String,
    /// Ask before this instant.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// To be sent unchanged in the request.
    binding_token: String,
    /// Where more is wanted than was evaluated: what the request must contain, as a JSON Schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_schema_url: Option<String>,
    /// The name of that schema. It steers nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'static str>,
    display: DisplayContext,
}

/// Words for whoever was denied.
#[derive(Debug, Serialize, ToSchema)]
struct DisplayContext {
    title: &'static str,
    description: &'static str,
}

/// The approval behind a yes. What is issued on it may not live longer.
#[derive(Debug, Serialize, ToSchema)]
struct ApprovalContext {
    id: String,
    #[schema(value_type = String, format = DateTime)]
    approved_until: Timestamp,
}

/// Why an entry was not a question.
#[derive(Debug, Serialize, ToSchema)]
struct EntryError {
    #[schema(example = 400)]
    status: u16,
    message: String,
}

const DISPLAY: DisplayContext = DisplayContext {
    title: "People have to agree",
    description: "Ask for this access, and try again once it was approved.",
};

impl EvaluationRequest {
    /// The question as it was sent.
    pub(super) fn tuple(self) -> Result<Tuple, Refusal> {
        Ok(Tuple {
            subject: entity("subject", self.subject, &["type", "id"])?,
            action: entity("action", self.action, &["name"])?,
            resource: entity("resource", self.resource, &["type", "id"])?,
            context: self.context.unwrap_or_default(),
        })
    }
}

/// The approval that a context refers to. One that cannot be read refers to none that there is.
pub(super) fn reference(context: &Map<String, Value>) -> Option<Reference> {
    let approval = context.get("approval")?;
    let text = |name: &str| approval.get(name)?.as_str().map(str::to_owned);
    Some(Reference { id: text("id").unwrap_or_default(), state: text("state") })
}

/// An entity with the members that it needs.
pub(in crate::http) fn entity(
    name: &str,
    entity: Option<Map<String, Value>>,
    needed: &[&str],
) -> Result<Map<String, Value>, Refusal> {
    let invalid = |detail| Refusal::InvalidRequest { detail };
    let entity = entity.ok_or_else(|| invalid(format!("`{name}` is missing: it is needed")))?;
    for member in needed {
        if !entity.get(*member).is_some_and(Value::is_string) {
            return Err(invalid(format!("`{name}.{member}` is no text: it is needed")));
        }
    }
    if entity.get("properties").is_some_and(|properties| !properties.is_object()) {
        return Err(invalid(format!("`{name}.properties` is no object")));
    }
    Ok(entity)
}

impl EvaluationResponse {
    pub(super) fn of(answer: Answer, desk: Desk<'_>, now: Timestamp) -> Self {
        match answer.decision {
            Decision::Yes(approved) => Self {
                decision: true,
                context: approved.map(|Approved { id, until }| ResponseContext {
                    approval: Some(ApprovalContext { id, approved_until: until }),
                    ..ResponseContext::default()
                }),
            },
            Decision::No(why) => {
                let next_action = if answer.requestable.is_some() { "request" } else { "none" };
                let mut context = ResponseContext {
                    reason: Some(why.as_str()),
                    next_action: Some(next_action),
                    evaluated_at: Some(now),
                    ..ResponseContext::default()
                };
                if let Some(requestable) = answer.requestable {
                    context.evaluation_id = Some(requestable.id.to_string());
                    context.access_request = Some(desk.asking(requestable));
                }
                Self { decision: false, context: Some(context) }
            }
        }
    }

    /// An entry that is no question is no.
    pub(super) fn faulty(status: StatusCode, message: String) -> Self {
        let error = Some(EntryError { status: status.as_u16(), message });
        let context = Some(ResponseContext { error, ..ResponseContext::default() });
        Self { decision: false, context }
    }
}

impl Desk<'_> {
    fn asking(self, requestable: Requestable) -> AccessRequestContext {
        let Requestable { token, expires_at, justification, .. } = requestable;
        let template = match justification {
            Justification::Required => Some(Template::of(self.mode)),
            Justification::NotNeeded => None,
        };
        AccessRequestContext {
            endpoint: format!("{}/access/v1/requests", self.public_url),
            expires_at,
            binding_token: token,
            request_schema_url: template.map(|one| one.url(self.public_url)),
            template: template.map(Template::id),
            display: DISPLAY,
        }
    }
}

/// An object where there is anything at all; `null` is none.
pub(in crate::http) fn object<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Map<String, Value>>, D::Error> {
    Map::deserialize(deserializer).map(Some)
}
