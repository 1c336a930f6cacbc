//! A client of a realm: asks by CIBA and polls for its token. It cannot tell which Keycloak it has
//! before it.

use serde_json::Value;

use crate::office::{Answer, answer, client};

pub(crate) const CLIENT: &str = "shop-admin";
pub(crate) const SECRET: &str = "s3cret-of-the-shop";
pub(crate) const SCOPE: &str = "prod:orders:write";

const CIBA: &str = "urn:openid:params:grant-type:ciba";

/// Where a realm is.
#[derive(Debug, Clone)]
pub(crate) struct Realm {
    pub(crate) issuer: String,
}

impl Realm {
    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let url = format!("{}/protocol/openid-connect/{path}", self.issuer);
        let own = [("client_id", CLIENT), ("client_secret", SECRET)];
        let form: Vec<_> = own.iter().chain(form).collect();
        answer(client().post(url).form(&form)).await
    }

    /// Asks for access; gives what the token is polled for by.
    pub(crate) async fn ask(&self, more: &[(&str, &str)]) -> Result<String, (u16, String)> {
        let scope = format!("openid {SCOPE}");
        let mut form = vec![("login_hint", "dana")];
        if !more.iter().any(|(name, _)| *name == "scope") {
            form.push(("scope", &scope));
        }
        form.extend(more);
        let answer = self.post("ext/ciba/auth", &form).await;
        match answer.body["auth_req_id"].as_str() {
            Some(id) => Ok(id.to_owned()),
            None => Err((answer.status, error(&answer.body))),
        }
    }

    /// The scopes of the token, or why there is none.
    pub(crate) async fn poll(&self, id: &str) -> Result<Vec<String>, String> {
        loop {
            let answer = self.post("token", &[("grant_type", CIBA), ("auth_req_id", id)]).await;
            if answer.status == 200 {
                let scopes = answer.body["scope"].as_str().unwrap();
                return Ok(scopes.split(' ').map(str::to_owned).collect());
            }
            match error(&answer.body) {
                // The real one wants a pause between two questions.
                why if why == "slow_down" => tokio::time::sleep(PAUSE).await,
                why => return Err(why),
            }
        }
    }

    /// What anybody who holds a bearer can do.
    pub(crate) async fn call_back(&self, bearer: &str, status: &str) -> u16 {
        let url = format!("{}/protocol/openid-connect/ext/ciba/auth/callback", self.issuer);
        let body = serde_json::json!({ "status": status });
        answer(client().post(url).bearer_auth(bearer).json(&body)).await.status
    }
}

/// Longer than the interval of the realm.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(1_200);

fn error(body: &Value) -> String {
    body["error"].as_str().unwrap_or_default().to_owned()
}
