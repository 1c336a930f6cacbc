//! Callbacks by Standard Webhooks: signs the stored bytes, posts them once, and says what the
//! answer means. When to try again is the outbox's business.

use std::{collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use countersign_egress::{Egress, exchange::Request};
use countersign_port::{
    auth_server::{Answer, AuthServer, Receipt, ReplyTo},
    error::{GiveUp, SendError},
    webhook_signature::{ID_HEADER, Message, SIGNATURE_HEADER, Signer, TIMESTAMP_HEADER},
};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_TYPE, InvalidHeaderValue},
};
use jiff::Timestamp;
use url::Url;

mod verdict;

/// Tells the time of an attempt.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Delivers outcomes to the clients that take callbacks.
pub struct Webhook {
    egress: Egress,
    signers: HashMap<String, Signer>,
    clock: Clock,
}

impl Webhook {
    /// `signers` holds the keys of each client by its id; one that is missing gets no callback.
    pub fn new(egress: Egress, signers: HashMap<String, Signer>, clock: Clock) -> Self {
        Self { egress, signers, clock }
    }

    fn request(&self, to: &ReplyTo, answer: &Answer) -> Result<Request, SendError> {
        let url = Url::parse(&to.endpoint)
            .map_err(|error| refused(format!("the endpoint is no URL: {error}")))?;
        let url = self.egress.check(&url).map_err(|blocked| verdict::of_block(&blocked))?;
        let Some(signer) = self.signers.get(&to.client) else {
            return Err(refused(format!("no signing secret for client: `{}`", to.client)));
        };
        let message = Message::new(&answer.id, (self.clock)(), &answer.body)
            .map_err(|error| refused(error.to_string()))?;
        let headers = headers(signer, &message).map_err(|error| refused(error.to_string()))?;
        Ok(Request::post(url, headers, Bytes::copy_from_slice(&answer.body)))
    }
}

#[async_trait]
impl AuthServer for Webhook {
    async fn answer(&self, to: &ReplyTo, answer: &Answer) -> Result<Receipt, SendError> {
        let request = self.request(to, answer)?;
        match self.egress.send(request).await {
            Ok(answer) => verdict::of_answer(&answer, (self.clock)()),
            Err(error) => Err(verdict::of_error(error)),
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

fn refused(cause: String) -> SendError {
    SendError::GiveUp { why: GiveUp::Refused, cause }
}
