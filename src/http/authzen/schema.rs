//! What a request about a denial must contain, where the policy wants more than was evaluated: as a
//! JSON Schema, so that a form can be made of it. It is the same for everything that is denied, and
//! tells nothing of the law.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    domain::client::Mode,
    http::{
        AppState,
        caller::Caller,
        problem::{self, ProblemDetails},
        submit::{
            MAX_JUSTIFICATION_CHARS,
            arap::{BUSINESS_JUSTIFICATION, JUSTIFICATION},
        },
    },
};

const SCHEMA_JSON: HeaderValue = HeaderValue::from_static("application/schema+json");
const FRESH: HeaderValue = HeaderValue::from_static("private, max-age=300");

/// A schema, by what it is called outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Template {
    /// A reason, in the words of this API.
    Direct,
    /// A reason, in the words of the profile.
    Arap,
}

impl Template {
    pub(super) const fn of(mode: Mode) -> Self {
        match mode {
            Mode::Direct => Self::Direct,
            Mode::Arap => Self::Arap,
        }
    }

    /// Says nothing: whoever reads it learns no more than that there is a schema.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Direct => "t-3f9",
            Self::Arap => "t-4c1",
        }
    }

    pub(super) fn url(self, public_url: &str) -> String {
        format!("{public_url}/access/v1/schemas/{}", self.id())
    }

    fn find(id: &str) -> Option<Self> {
        [Self::Direct, Self::Arap].into_iter().find(|template| template.id() == id)
    }

    fn schema(self, public_url: &str) -> Value {
        let mut schema = match self {
            Self::Direct => direct(),
            Self::Arap => arap(),
        };
        if let Some(members) = schema.as_object_mut() {
            let dialect = "https://json-schema.org/draft/2020-12/schema";
            members.insert("$schema".to_owned(), dialect.into());
            members.insert("$id".to_owned(), self.url(public_url).into());
            members.insert("title".to_owned(), "A request that says why".into());
        }
        schema
    }
}

/// What a request must contain, where a denial has a `request_schema_url`.
#[utoipa::path(
    get,
    path = "/access/v1/schemas/{template}",
    tag = "authzen",
    params(("template" = String, Path, description = "The `template` of the denial")),
    responses(
        (status = 200, description = "A JSON Schema (2020-12) of the request", body = Object,
         content_type = "application/schema+json"),
        (status = 401, description = "Who are you?", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 404, description = "No such schema", body = ProblemDetails,
         content_type = "application/problem+json"),
        (status = 429, description = "Too fast", body = ProblemDetails,
         content_type = "application/problem+json"),
    ),
)]
pub(super) async fn schema(
    State(state): State<AppState>,
    _: Caller,
    Path(template): Path<String>,
) -> Response {
    let Some(template) = Template::find(&template) else {
        return problem::NOTHING.into_response();
    };
    let headers = [(header::CONTENT_TYPE, SCHEMA_JSON), (header::CACHE_CONTROL, FRESH)];
    (headers, Json(template.schema(&state.service.parts.public_url))).into_response()
}

fn direct() -> Value {
    json!({
        "type": "object",
        "required": ["subject", "context"],
        "properties": {
            "subject": entity(&["type", "id"]),
            "context": {
                "type": "object",
                "required": ["justification"],
                "properties": { "justification": why() },
            },
        },
    })
}

fn arap() -> Value {
    let one = json!({
        "type": "object",
        "required": ["resource", "action", "denial"],
        "properties": {
            "resource": entity(&["type", "id"]),
            "action": entity(&["name"]),
            "denial": denial(),
        },
    });
    json!({
        "type": "object",
        "required": ["subject", "context"],
        "properties": {
            "subject": entity(&["type", "id"]),
            "context": {
                "type": "object",
                "anyOf": [
                    { "required": [JUSTIFICATION] },
                    { "required": [BUSINESS_JUSTIFICATION] },
                ],
                "properties": { JUSTIFICATION: why(), BUSINESS_JUSTIFICATION: why() },
            },
            "items": { "type": "array", "minItems": 1, "items": one },
        },
        "if": { "required": ["items"] },
        "else": one,
    })
}

/// What people are shown as the reason.
fn why() -> Value {
    json!({
        "type": "string",
        "title": "Why",
        "description": "The people who decide read this.",
        "pattern": "\\S",
        "maxLength": MAX_JUSTIFICATION_CHARS,
    })
}

fn denial() -> Value {
    json!({
        "type": "object",
        "required": ["expires_at"],
        "anyOf": [{ "required": ["binding_token"] }, { "required": ["evaluation_id"] }],
        "properties": {
            "expires_at": { "type": "string", "format": "date-time" },
            "binding_token": { "type": "string" },
            "evaluation_id": { "type": "string" },
        },
    })
}

fn entity(needed: &[&str]) -> Value {
    let text = |name: &&str| ((*name).to_owned(), json!({ "type": "string" }));
    let properties: serde_json::Map<String, Value> = needed.iter().map(text).collect();
    json!({ "type": "object", "required": needed, "properties": properties })
}
