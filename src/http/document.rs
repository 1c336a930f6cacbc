//! The OpenAPI document, generated from the handlers, and the page that makes it readable.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi,
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::submit::arap::{ArapPreview, ArapRequest};
use crate::domain::task::{
    CallbackEvent,
    arap::{ArapEvent, ArapResponse},
};

/// The page brings its own scripts and styles; it can load nothing else and call nobody else.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const DOCUMENT: &str = "/openapi.json";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Countersign",
        description = "Human approval for OAuth scopes and actions: ask, follow, and be called back.",
    ),
    tags(
        (name = "access", description = "Ask for access and follow what becomes of it"),
        (name = "authzen", description = "Ask whether access is there already (AuthZEN)"),
        (name = "credential", description = "Claim, redeem and revoke single-use credentials of approved actions"),
        (name = "audit", description = "Read decisions and the log, as an auditor"),
        (name = "health", description = "For probes and metrics"),
    ),
    components(schemas(CallbackEvent, ArapRequest, ArapResponse, ArapPreview, ArapEvent)),
    modifiers(&Proofs),
)]
struct Preamble;

/// The ways in which a caller proves who it is; one is enough.
struct Proofs;

impl Modify for Proofs {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("api_key", bearer("An API key: `cs_<prefix>_<secret>`"));
        components.add_security_scheme(
            "access_token",
            bearer("A JWT access token of a configured issuer, meant for this service"),
        );
        components.add_security_scheme(
            "signature",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                "countersign-client",
                "Your client id, beside the Standard Webhooks headers `webhook-id`, \
                 `webhook-timestamp` and `webhook-signature` over the body. Each `webhook-id` counts once",
            ))),
        );
        let names = ["api_key", "access_token", "signature"];
        let none: [&str; 0] = [];
        document.security = Some(names.map(|name| SecurityRequirement::new(name, none)).into());
    }
}

fn bearer(description: &str) -> SecurityScheme {
    let http = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description));
    SecurityScheme::Http(http.build())
}

/// What the document says before any route.
pub(super) fn preamble() -> OpenApi {
    Preamble::openapi()
}

/// The document in the form in which it is served and kept: sorted members, two spaces.
pub fn text(document: &OpenApi) -> Result<String, serde_json::Error> {
    // Through a value, whose members are sorted.
    let value = serde_json::to_value(document)?;
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

/// `/openapi.json` and `/docs`.
pub(super) fn routes(document: &OpenApi) -> Router {
    let text = text(document).unwrap_or_default();
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    // Nobody else is asked whether the document is good.
    let config = Config::new([DOCUMENT]).validator_url("none");
    let page = Router::from(SwaggerUi::new("/docs").config(config))
        .layer(middleware::from_fn(with_page_policy));
    Router::new().route(DOCUMENT, get(async move || (json, text))).merge(page)
}

async fn with_page_policy(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let policy = HeaderValue::from_static(PAGE_POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}
