//! Callbacks by Standard Webhooks: signs the stored bytes, posts them once, with an access token for
//! those who want one, and says what the answer means. When to try again is the outbox's business.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use countersign_egress::{
    Egress,
    exchange::{self, Request},
    token::ClientCredentials,
};
use countersign_port::{
    auth_server::{Answer, AuthServer, Receipt, ReplyTo},
    clock::Now,
    error::{GiveUp, SendError},
    memory::Memory,
    webhook_signature::{ID_HEADER, Message, SIGNATURE_HEADER, Signer, TIMESTAMP_HEADER},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, InvalidHeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use url::Url;

use self::bearer::{Bearers, Source};

mod bearer;
mod verdict;

/// An attempt takes no longer with a token than without: the lease of its row counts on that.
const PATIENCE: Duration = Duration::from_secs(15);

/// Where the access token for the callbacks of a client comes from.
#[derive(Debug, Clone)]
pub struct TokenSource {
    pub credentials: ClientCredentials,
    /// The first refresh token, as an administrator deposited it. Without one, the client asks for
    /// itself.
    pub refresh_token: Option<SecretString>,
}

/// Delivers outcomes to the clients that take callbacks.
pub struct Webhook {
    egress: Egress,
    signers: HashMap<String, Signer>,
    bearers: Bearers,
    now: Now,
}

impl Webhook {
    /// `signers` holds the keys of each client by its id; one that is missing gets no callback.
    pub fn new(egress: Egress, signers: HashMap<String, Signer>, now: Now) -> Self {
        Self { egress, signers, bearers: Bearers::default(), now }
    }

    /// With an access token for the callbacks of some clients, by their ids. Tokens are kept in
    /// `memory`, for all replicas.
    #[must_use]
    pub fn with_tokens(
        mut self,
        clients: HashMap<String, TokenSource>,
        memory: &Arc<dyn Memory>,
    ) -> Self {
        self.bearers = Bearers::new(clients, &self.egress, memory, &self.now);
        self
    }

    fn request(&self, to: &ReplyTo, answer: &Answer) -> Result<Request, SendError> {
        let url = Url::parse(&to.endpoint)
            .map_err(|error| refused(format!("the endpoint is no URL: {error}")))?;
        let url = self.egress.check(&url).map_err(|blocked| verdict::of_block(&blocked))?;
        let Some(signer) = self.signers.get(&to.client) else {
            return Err(refused(format!("no signing secret for client: `{}`", to.client)));
        };
        let message = Message::new(&answer.id, self.now.get(), &answer.body)
            .map_err(|error| refused(error.to_string()))?;
        let headers = headers(signer, &message).map_err(|error| refused(error.to_string()))?;
        Ok(Request::post(url, headers, Bytes::copy_from_slice(&answer.body)))
    }
}

#[async_trait]
impl AuthServer for Webhook {
    async fn answer(&self, to: &ReplyTo, answer: &Answer) -> Result<Receipt, SendError> {
        let request = self.request(to, answer)?;
        let answer = match self.bearers.of(&to.client) {
            None => self.send(request).await?,
            Some(source) => timeout(PATIENCE, self.send_with_token(request, source))
                .await
                .map_err(|_| retry("no answer in time".to_owned()))??,
        };
        verdict::of_answer(&answer, self.now.get())
    }
}

impl Webhook {
    async fn send(&self, request: Request) -> Result<exchange::Answer, SendError> {
        self.egress.send(request).await.map_err(verdict::of_error)
    }

    /// A token that is not accepted is replaced once. Nothing is sent without one.
    async fn send_with_token(
        &self,
        request: Request,
        source: &Arc<Source>,
    ) -> Result<exchange::Answer, SendError> {
        let token = source.get(None).await.map_err(|why| retry(why.to_string()))?;
        let answer = self.send(carrying(&request, &token)?).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        match source.get(Some(&token)).await {
            Ok(another) => self.send(carrying(&request, &another)?).await,
            Err(why) => {
                tracing::warn!(%why, "a callback endpoint does not accept our access token");
                Ok(answer)
            }
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("clients", &self.signers.keys()).finish_non_exhaustive()
    }
}

fn headers(signer: &Signer, message: &Message<'_>) -> Result<HeaderMap, InvalidHeaderValue> {
    let seconds = message.sent_at().as_second();
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static(ID_HEADER), HeaderValue::from_str(message.id())?);
    headers.insert(HeaderName::from_static(TIMESTAMP_HEADER), HeaderValue::from(seconds));
    let signature = HeaderValue::from_str(&signer.sign(message))?;
    headers.insert(HeaderName::from_static(SIGNATURE_HEADER), signature);
    Ok(headers)
}

fn carrying(request: &Request, token: &SecretString) -> Result<Request, SendError> {
    let value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
    let mut value = value.map_err(|_| retry("the access token fits into no header".to_owned()))?;
    value.set_sensitive(true);
    let mut request = request.clone();
    request.headers.insert(AUTHORIZATION, value);
    Ok(request)
}

fn retry(cause: String) -> SendError {
    SendError::Retry { after: None, cause }
}

fn refused(cause: String) -> SendError {
    SendError::GiveUp { why: GiveUp::Refused, cause }
}
