//! What is asked of the identity provider: where its endpoints are (OpenID Connect Discovery), and an
//! ID token for a code. Keeps the endpoints for a while, and no token at all.

use std::{sync::Arc, time::Duration};

use countersign_egress::{
    Egress,
    exchange::{DOCUMENT_BYTES, EgressError, Keep, Request},
    jwks::Jwks,
    target::Blocked,
    token::basic,
};
use http::{
    HeaderMap, HeaderValue, Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use url::{Url, form_urlencoded::Serializer};

use crate::{
    id_token::{self, Refused},
    settings::Settings,
    trip::Trip,
};

/// It answers faster than this or not at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// Endpoints are looked at again so often.
const FRESH: Duration = Duration::from_hours(1);

/// The identity provider.
#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) settings: Settings,
    egress: Egress,
    known: Mutex<Option<(Instant, Arc<Known>)>>,
}

/// Where everything is.
#[derive(Debug)]
pub(crate) struct Known {
    authorization: Url,
    token: Url,
    keys: Jwks,
}

/// Why nobody has signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSignIn {
    #[error("its address may not be called: {0}")]
    Blocked(#[from] Blocked),
    #[error("no answer in time")]
    TimedOut,
    #[error(transparent)]
    NotReached(#[from] EgressError),
    #[error("it answered {0}")]
    Denied(u16),
    #[error("its answer does not fit: {0}")]
    Malformed(&'static str),
    #[error("the secret of the client does not fit into a header")]
    Unsendable,
    #[error("the ID token is not believed: {0}")]
    NotBelieved(#[from] Refused),
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
}

#[derive(Deserialize)]
struct Given {
    id_token: String,
}

impl Issuer {
    pub(crate) fn new(settings: Settings, egress: Egress) -> Self {
        Self { settings, egress, known: Mutex::new(None) }
    }

    /// Where the browser is sent to sign in.
    pub(crate) async fn way_there(&self, trip: &Trip) -> Result<Url, NoSignIn> {
        let mut url = self.known().await?.authorization.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect_uri())
            .append_pair("scope", "openid")
            .append_pair("state", &trip.state)
            .append_pair("nonce", &trip.nonce())
            .append_pair("code_challenge", &trip.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// The subject who has signed in, for the code that the browser came back with.
    pub(crate) async fn subject(
        &self,
        code: &str,
        trip: &Trip,
        now: Timestamp,
    ) -> Result<String, NoSignIn> {
        let known = self.known().await?;
        let Given { id_token } = self.redeem(&known.token, code, trip).await?;
        let kid = id_token::key_id(&id_token, &self.settings)?;
        let key = known.keys.key(&kid).await.ok_or(Refused::Key)?;
        Ok(id_token::subject(&id_token, &self.settings, &key, &trip.nonce(), now)?)
    }

    async fn redeem(&self, token: &Url, code: &str, trip: &Trip) -> Result<Given, NoSignIn> {
        let Settings { client_id, client_secret, .. } = &self.settings;
        let body = Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.settings.redirect_uri())
            .append_pair("code_verifier", &trip.verifier())
            .finish();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let json = HeaderValue::from_static("application/json");
        let proof = basic(client_id, client_secret).map_err(|_| NoSignIn::Unsendable)?;
        let headers =
            HeaderMap::from_iter([(CONTENT_TYPE, form), (ACCEPT, json), (AUTHORIZATION, proof)]);
        let url = self.egress.check(token)?;
        let keep = Keep::Whole(DOCUMENT_BYTES);
        let request = Request { method: Method::POST, url, headers, body: body.into(), keep };
        self.ask(request, "it is no answer with an ID token").await
    }

    /// One look at a time; what is known does for an hour.
    async fn known(&self) -> Result<Arc<Known>, NoSignIn> {
        let mut known = self.known.lock().await;
        if let Some((_, known)) = known.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(self.discover().await?);
        *known = Some((Instant::now(), Arc::clone(&found)));
        Ok(found)
    }

    /// Where everything is, as the provider says now.
    pub(crate) async fn discover(&self) -> Result<Known, NoSignIn> {
        let address = self.settings.issuer.trim_end_matches('/');
        let address = Url::parse(&format!("{address}/.well-known/openid-configuration"));
        let address = address.map_err(|_| NoSignIn::Malformed("the issuer is no address"))?;
        let request = Request::get(self.egress.check(&address)?);
        let found: Metadata = self.ask(request, "it is no metadata of OpenID Connect").await?;
        if found.issuer != self.settings.issuer {
            return Err(NoSignIn::Malformed("it names itself otherwise than the configuration"));
        }
        // A browser is sent nowhere that we would not go.
        self.egress.check(&found.authorization_endpoint)?;
        let keys = Jwks::fetched(found.jwks_uri, self.settings.algorithm, self.egress.clone());
        Ok(Known { authorization: found.authorization_endpoint, token: found.token_endpoint, keys })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        request: Request,
        unfit: &'static str,
    ) -> Result<T, NoSignIn> {
        let answer = timeout(PATIENCE, self.egress.send(request)).await;
        let answer = answer.map_err(|_| NoSignIn::TimedOut)??;
        if !answer.status.is_success() {
            return Err(NoSignIn::Denied(answer.status.as_u16()));
        }
        // The parser's own words would quote what it read, and that may be a token.
        serde_json::from_slice(&answer.body).map_err(|_| NoSignIn::Malformed(unfit))
    }
}
