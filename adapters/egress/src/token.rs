//! Access tokens by client credentials or a refresh token (RFC 6749, sections 4.4 and 6): asks a token
//! endpoint once. Who keeps what it gives, and for how long, is the caller's business.

pub mod assertion;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderValue, Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::timeout;
use url::{
    Url,
    form_urlencoded::{Serializer, byte_serialize},
};

use self::assertion::Signer;
use crate::{
    Egress,
    exchange::{Answer, DOCUMENT_BYTES, EgressError, Keep, Request},
    target::Blocked,
};

/// A token endpoint answers faster than this or not at all.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long a token lives of which the endpoint does not say.
const LIFE_S: u32 = 300;

/// The endpoint's own words are a short name; longer or stranger ones are not repeated.
const MAX_CODE: usize = 64;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client of a token endpoint, and what it asks for there.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    pub token_url: Url,
    pub client_id: String,
    pub proof: Proof,
    pub scope: Option<String>,
    /// What the token is to be used at (RFC 8707).
    pub resource: Option<String>,
}

/// How the client proves who it is.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A secret in the `Authorization` header, which every server has to take.
    Basic(SecretString),
    /// A secret in the form, which some servers want instead.
    Post(SecretString),
    /// A file that holds an assertion (RFC 7523), as workload identities have. Whoever writes it
    /// renews it, so it is read each time.
    Assertion(PathBuf),
    /// A key of our own, which signs such an assertion each time.
    Key(Box<Signer>),
}

/// What the endpoint gave.
#[derive(Debug, Clone)]
pub struct Granted {
    pub access_token: SecretString,
    /// In place of the one that it was asked with.
    pub refresh_token: Option<SecretString>,
    /// From when it was asked for.
    pub life: Duration,
    /// Of the whole answer.
    pub headers: HeaderMap,
}

/// Why there is no token. Never holds a secret, a token or the endpoint's free text: it is logged.
#[derive(Debug, thiserror::Error)]
pub enum NoToken {
    #[error(transparent)]
    Blocked(#[from] Blocked),
    #[error("no answer in time")]
    TimedOut,
    #[error(transparent)]
    NotReached(#[from] EgressError),
    /// `code` is a short word, or nothing.
    #[error("the answer was {status} `{code}`")]
    Denied { status: u16, code: String },
    #[error("the answer is no bearer token")]
    Malformed,
    #[error("cannot read the assertion: {0}")]
    NoAssertion(std::io::ErrorKind),
    #[error("the key does not sign an assertion")]
    NotSigned,
    #[error("the secret does not fit into a header")]
    Unsendable,
}

#[derive(Deserialize)]
struct Given {
    access_token: SecretString,
    /// Bearer where it is left out, as some servers do.
    token_type: Option<String>,
    expires_in: Option<u32>,
    refresh_token: Option<SecretString>,
}

#[derive(Deserialize)]
struct Denied {
    error: String,
}

impl ClientCredentials {
    /// Asks for a token. One that is lost on its way is no loss: the next is as good.
    pub async fn ask(&self, egress: &Egress) -> Result<Granted, NoToken> {
        self.ask_with(egress, None).await
    }

    /// Asks for a token with one that gives such tokens, and may be good for this once.
    pub async fn refresh(&self, egress: &Egress, with: &SecretString) -> Result<Granted, NoToken> {
        self.ask_with(egress, Some(with)).await
    }

    async fn ask_with(
        &self,
        egress: &Egress,
        refresh: Option<&SecretString>,
    ) -> Result<Granted, NoToken> {
        let body = self.form(refresh).await?.into();
        let url = egress.check(&self.token_url)?;
        let headers = self.headers()?;
        let keep = Keep::Whole(DOCUMENT_BYTES);
        let request = Request { method: Method::POST, url, headers, body, keep };
        let answer = timeout(PATIENCE, egress.send(request)).await;
        granted(answer.map_err(|_| NoToken::TimedOut)??)
    }

    async fn form(&self, refresh: Option<&SecretString>) -> Result<String, NoToken> {
        let assertion = match &self.proof {
            Proof::Basic(_) | Proof::Post(_) => SecretString::default(),
            Proof::Key(signer) => signer.sign(&self.client_id).ok_or(NoToken::NotSigned)?,
            Proof::Assertion(path) => {
                let text = tokio::fs::read_to_string(path).await;
                text.map_err(|error| NoToken::NoAssertion(error.kind()))?.into()
            }
        };
        let mut form = Serializer::new(String::new());
        match refresh {
            None => form.append_pair("grant_type", "client_credentials"),
            Some(token) => form
                .append_pair("grant_type", "refresh_token")
                .append_pair("refresh_token", token.expose_secret()),
        };
        // A client proves itself in one place only.
        if !matches!(self.proof, Proof::Basic(_)) {
            form.append_pair("client_id", &self.client_id);
        }
        for (name, value) in [("scope", &self.scope), ("resource", &self.resource)] {
            if let Some(value) = value {
                form.append_pair(name, value);
            }
        }
        match &self.proof {
            Proof::Basic(_) => {}
            Proof::Post(secret) => {
                form.append_pair("client_secret", secret.expose_secret());
            }
            Proof::Assertion(_) | Proof::Key(_) => {
                form.append_pair("client_assertion_type", ASSERTION_TYPE)
                    .append_pair("client_assertion", assertion.expose_secret().trim());
            }
        }
        Ok(form.finish())
    }

    fn headers(&self) -> Result<HeaderMap, NoToken> {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let json = HeaderValue::from_static("application/json");
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, form), (ACCEPT, json)]);
        if let Proof::Basic(secret) = &self.proof {
            headers.insert(AUTHORIZATION, basic(&self.client_id, secret)?);
        }
        Ok(headers)
    }
}

/// The header that proves a client by its secret. Both parts are form-encoded first (RFC 6749,
/// section 2.3.1).
pub fn basic(client_id: &str, secret: &SecretString) -> Result<HeaderValue, NoToken> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret.expose_secret()));
    let value = format!("Basic {}", STANDARD.encode(pair));
    let mut value = HeaderValue::from_str(&value).map_err(|_| NoToken::Unsendable)?;
    value.set_sensitive(true);
    Ok(value)
}

fn granted(answer: Answer) -> Result<Granted, NoToken> {
    if !answer.status.is_success() {
        let denied = serde_json::from_slice::<Denied>(&answer.body);
        let code = denied.map(|denied| readable(denied.error)).unwrap_or_default();
        return Err(NoToken::Denied { status: answer.status.as_u16(), code });
    }
    let given: Given = serde_json::from_slice(&answer.body).map_err(|_| NoToken::Malformed)?;
    let is_bearer = given.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    if !is_bearer || given.access_token.expose_secret().is_empty() {
        return Err(NoToken::Malformed);
    }
    let life = Duration::from_secs(given.expires_in.unwrap_or(LIFE_S).into());
    let Given { access_token, refresh_token, .. } = given;
    Ok(Granted { access_token, refresh_token, life, headers: answer.headers })
}

fn readable(code: String) -> String {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let known = code.len() <= MAX_CODE && code.bytes().all(usual);
    if known { code } else { String::new() }
}
