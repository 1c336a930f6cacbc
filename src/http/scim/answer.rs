//! Answers in the form of SCIM: resources, lists, and errors with their `scimType`.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::{
    domain::scim::{Fault, FaultKind, projection::Projection, resource::Kind},
    store::scim::Kept,
};

const TYPE: HeaderValue = HeaderValue::from_static("application/scim+json");

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// When to come back after the database was not available.
const RECOVERY_SECONDS: u64 = 5;

/// A call that was not carried out.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    status: StatusCode,
    scim_type: Option<&'static str>,
    detail: String,
    retry_after_seconds: Option<u64>,
}

impl Failed {
    pub(super) fn not_allowed() -> Self {
        let detail = "this address takes other methods: see the header `Allow`".to_owned();
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self { status, scim_type: None, detail, retry_after_seconds: None }
    }

    pub(super) fn after(fault: Fault, seconds: u64) -> Self {
        Self { retry_after_seconds: Some(seconds), ..Self::from(fault) }
    }
}

/// The status and the `scimType` of a fault (RFC 7644 §3.12).
const fn row(kind: FaultKind) -> (StatusCode, Option<&'static str>) {
    match kind {
        FaultKind::InvalidFilter => (StatusCode::BAD_REQUEST, Some("invalidFilter")),
        FaultKind::InvalidPath => (StatusCode::BAD_REQUEST, Some("invalidPath")),
        FaultKind::InvalidSyntax => (StatusCode::BAD_REQUEST, Some("invalidSyntax")),
        FaultKind::InvalidValue => (StatusCode::BAD_REQUEST, Some("invalidValue")),
        FaultKind::Mutability => (StatusCode::BAD_REQUEST, Some("mutability")),
        FaultKind::NoTarget => (StatusCode::BAD_REQUEST, Some("noTarget")),
        FaultKind::Uniqueness => (StatusCode::CONFLICT, Some("uniqueness")),
        FaultKind::NotFound => (StatusCode::NOT_FOUND, None),
        FaultKind::NotSupported => (StatusCode::NOT_IMPLEMENTED, None),
        FaultKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, None),
        FaultKind::Stranger => (StatusCode::UNAUTHORIZED, None),
        FaultKind::TooFast => (StatusCode::TOO_MANY_REQUESTS, None),
        FaultKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, None),
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        let (status, scim_type) = row(fault.kind);
        let comes_back = fault.kind == FaultKind::Unavailable;
        let retry_after_seconds = comes_back.then_some(RECOVERY_SECONDS);
        Self { status, scim_type, detail: fault.detail, retry_after_seconds }
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let Self { status, scim_type, detail, retry_after_seconds } = self;
        let mut body = json!({
            "schemas": [ERROR],
            "status": status.as_u16().to_string(),
            "detail": detail,
        });
        if let (Some(scim_type), Value::Object(body)) = (scim_type, &mut body) {
            body.insert("scimType".to_owned(), scim_type.into());
        }
        let mut response = document(status, &body);
        if let Some(seconds) = retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"countersign\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

pub(super) fn document(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, TYPE)], body.to_string()).into_response()
}

pub(super) fn good(body: &Value) -> Response {
    document(StatusCode::OK, body)
}

pub(super) fn nothing_to_say() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// One that is new: with its address.
pub(super) fn created(body: &Value) -> Response {
    let mut response = document(StatusCode::CREATED, body);
    let location = body.pointer("/meta/location").and_then(Value::as_str);
    if let Some(location) = location.and_then(|text| HeaderValue::from_str(text).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

pub(super) fn listed(total: i64, start: i64, resources: &[Value]) -> Response {
    good(&json!({
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    }))
}

/// A resource as it is given back.
pub(super) fn shown(public_url: &str, kept: &Kept, projection: &Projection) -> Value {
    Value::Object(projection.apply(&whole(public_url, kept)))
}

/// All of it.
pub(super) fn whole(public_url: &str, kept: &Kept) -> Map<String, Value> {
    let kind = kept.resource.kind;
    let address = |kind: Kind, id: &str| format!("{public_url}/scim/v2/{}/{id}", kind.plural());
    let mut body = kept.resource.attributes.clone();
    body.insert("schemas".to_owned(), json!([kind.schema()]));
    body.insert("id".to_owned(), kept.id.as_str().into());
    if !kept.resource.members.is_empty() {
        let members = kept.resource.members.iter();
        let members = members.map(|id| json!({ "value": id, "$ref": address(Kind::User, id) }));
        body.insert("members".to_owned(), members.collect());
    }
    let meta = json!({
        "resourceType": kind.as_str(),
        "created": kept.created_at,
        "lastModified": kept.updated_at,
        "location": address(kind, &kept.id),
    });
    body.insert("meta".to_owned(), meta);
    body
}
