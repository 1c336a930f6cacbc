//! Microsoft's login, as far as a bot meets it: where the keys are, the keys, and a token for the
//! connector.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Extension, Form, Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    Core,
    fault::Call,
    reply::{Heard, befall},
    serve::Line,
    token::{ISSUER, published},
};

const SCOPE: &str = "https://api.botframework.com/.default";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Seconds that a token lives.
const LIFE_S: i64 = 3600;

pub(crate) async fn metadata(
    State(core): State<Arc<Core>>,
    Extension(line): Extension<Line>,
) -> Response {
    let metadata = json!({
        "issuer": ISSUER,
        "jwks_uri": core.url("/v1/.well-known/keys"),
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    befall(&core, &line, heard(Call::Metadata), || Json(metadata).into_response()).await
}

pub(crate) async fn keys(
    State(core): State<Arc<Core>>,
    Extension(line): Extension<Line>,
) -> Response {
    let keys = {
        let state = core.state();
        json!({ "keys": [published(state.signing_key, &state.endorsements)] })
    };
    befall(&core, &line, heard(Call::Keys), || Json(keys).into_response()).await
}

pub(crate) async fn token(
    State(core): State<Arc<Core>>,
    Extension(line): Extension<Line>,
    Path(tenant): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    befall(&core, &line, heard(Call::Token), || match grant(&core, &tenant, &form) {
        Ok(granted) => Json(granted).into_response(),
        Err((status, error)) => {
            (status, Json(json!({ "error": error, "error_description": "AADSTS" }))).into_response()
        }
    })
    .await
}

/// What the login was asked, without what nobody should read.
fn heard(call: Call) -> Heard {
    Heard { call, path: String::new(), body: Value::Null }
}

fn grant(
    core: &Core,
    tenant: &str,
    form: &HashMap<String, String>,
) -> Result<Value, (StatusCode, &'static str)> {
    let is = |name: &str, wanted: &str| form.get(name).is_some_and(|value| value == wanted);
    let mut state = core.state();
    let knows_secret = is("client_secret", &state.bot.secret);
    let assertion = state.bot.assertion.as_deref();
    let knows_assertion = is("client_assertion_type", ASSERTION_TYPE)
        && assertion.is_some_and(|assertion| is("client_assertion", assertion));
    if !is("grant_type", "client_credentials") {
        return Err((StatusCode::BAD_REQUEST, "unsupported_grant_type"));
    }
    if !is("client_id", &state.bot.app_id) {
        return Err((StatusCode::BAD_REQUEST, "unauthorized_client"));
    }
    if !is("scope", SCOPE) {
        return Err((StatusCode::BAD_REQUEST, "invalid_scope"));
    }
    if !knows_secret && !knows_assertion {
        return Err((StatusCode::UNAUTHORIZED, "invalid_client"));
    }
    let token = format!("connector-token-{}", state.number());
    // Another tenant gives a token as well; the connector does not take it.
    if tenant == state.bot.tenant {
        let ends_at = core.now() + SignedDuration::from_secs(LIFE_S);
        state.tokens.push((token.clone(), ends_at));
    }
    Ok(json!({ "token_type": "Bearer", "expires_in": LIFE_S, "access_token": token }))
}
