//! Whether what is asked for is what was denied.

use jiff::Timestamp;

use super::{Service, evaluate::evaluated};
use crate::{
    domain::{
        access::{Refused, open::KeyUse, slice::View},
        binding::Tuple,
        client::Client,
        denial::{Presented, SKEW, Unbound, in_time},
        id::EvaluationId,
        request::AccessRequest,
    },
    refusal::Refusal,
};

/// An item as it was sent, and the denial that it answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Denied {
    pub tuple: Tuple,
    pub presented: Presented,
}

/// A denial that holds, and until when it must be remembered that it was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) evaluation_id: String,
    pub(super) until: Timestamp,
}

impl Service {
    /// The denials that a request answers, if all of them hold. What is wrong is told before what is
    /// late.
    pub(super) async fn held(
        &self,
        client: &Client,
        request: &AccessRequest,
        denied: &[Denied],
    ) -> Result<Vec<Held>, Refusal> {
        let mut held = Vec::with_capacity(denied.len());
        let mut late = None;
        for one in denied {
            match self.hold(client, request, one).await? {
                Ok(one) => held.push(one),
                Err(Unbound::Late) => late = Some(Refusal::ExpiredDenial),
                Err(why) => {
                    let detail = format!("this denial binds nothing: {why}");
                    return Err(Refusal::InvalidDenialBinding { detail });
                }
            }
        }
        late.map_or(Ok(held), Err)
    }

    async fn hold(
        &self,
        client: &Client,
        request: &AccessRequest,
        denied: &Denied,
    ) -> Result<Result<Held, Unbound>, Refusal> {
        let signing = &self.parts.signing;
        if !signing.is_set_up() {
            return Ok(Err(Unbound::Token));
        }
        let (now, presented) = (self.parts.clock.now(), &denied.presented);
        let evaluated = evaluated(client, request, &denied.tuple);
        let held = |evaluation_id: String| {
            let until = presented.expires_at.checked_add(SKEW).unwrap_or(Timestamp::MAX);
            Held { evaluation_id, until }
        };
        // A token, if present, decides.
        if let Some(token) = &presented.binding_token {
            let Ok(claims) = signing.open_denial(token).await? else {
                return Ok(Err(Unbound::Token));
            };
            let fits = evaluated.fits(&claims, presented, &self.parts.public_url, now);
            return Ok(fits.map(|()| held(claims.evaluation_id)));
        }
        let id = presented.evaluation_id.as_deref().and_then(|id| id.parse::<EvaluationId>().ok());
        let Some(id) = id.filter(|id| signing.is_evaluation_id(id, &evaluated.vouched())) else {
            return Ok(Err(Unbound::Changed));
        };
        if id.expires_at != presented.expires_at {
            return Ok(Err(Unbound::Expiry));
        }
        Ok(in_time(id.expires_at, now).map(|()| held(id.to_string())))
    }

    /// The request that a client has made with this key and body before.
    pub async fn repeated(&self, client: &Client, key: &KeyUse) -> Result<Option<View>, Refusal> {
        let Some((id, body_sha256)) = self.parts.store.keyed(&client.id, &key.key).await? else {
            return Ok(None);
        };
        if body_sha256 != key.body_sha256 {
            return Err(Refused::KeyReused.into());
        }
        Ok(Some(self.view(client, &id).await?))
    }
}
