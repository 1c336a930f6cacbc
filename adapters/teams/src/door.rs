//! The door of the one route that Teams calls: the token first, then a cap on the body, then what
//! the token says about the activity. Nothing else is read before all have passed.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use countersign_port::{
    self as port,
    body::{self, Unread},
};
use serde_json::Value;

use crate::{
    activity::text,
    bearer::{self, Bearer, Mistrust, Wanted},
    core::Core,
    settings::Auth,
};

/// A card comes back in no click; an activity is far smaller than this.
pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024;

/// Why a request stays outside. A caller learns no more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outside {
    /// There is no bearer token.
    NoToken,
    /// Whatever is wrong with the token, or with what it says of the activity.
    Mistrusted,
    TooLarge,
    /// The body broke off, or is no activity.
    Broken,
}

/// An activity that the Bot Connector has vouched for.
#[derive(Debug)]
pub(crate) struct Letter {
    pub value: Value,
    pub raw: Bytes,
}

/// Reads an activity that is vouched for, or says why not.
pub(crate) async fn enter(core: &Core, headers: &HeaderMap, body: Body) -> Result<Letter, Outside> {
    let bearer = match core.settings.auth {
        Auth::Connector => Some(verified(core, headers).await?),
        Auth::InsecureLocal => None,
    };
    let raw = body::read(headers, body, MAX_BODY_BYTES).await?;
    let value: Value = serde_json::from_slice(&raw).map_err(|_| Outside::Broken)?;
    vouched(core, bearer.as_ref(), &value).map_err(mistrusted)?;
    Ok(Letter { value, raw })
}

async fn verified(core: &Core, headers: &HeaderMap) -> Result<Bearer, Outside> {
    let token = port::bearer::token(headers).ok().filter(|token| !token.is_empty());
    let token = token.ok_or(Outside::NoToken)?;
    let wanted = Wanted {
        issuer: &core.settings.authority.issuer,
        audience: &core.settings.app_id,
        now: core.now.get(),
    };
    bearer::verify(token, &core.keys, wanted).await.map_err(mistrusted)
}

fn vouched(core: &Core, bearer: Option<&Bearer>, value: &Value) -> Result<(), Mistrust> {
    let channel = text(value, "/channelId").unwrap_or_default();
    let service_url = text(value, "/serviceUrl").unwrap_or_default();
    if let Some(bearer) = bearer {
        bearer.speaks_for(&channel, &service_url)?;
    }
    bearer::admit_service(&service_url, &core.settings.service_hosts)
}

fn mistrusted(why: Mistrust) -> Outside {
    tracing::warn!(%why, "a call in the name of Teams was refused");
    metrics::counter!("countersign_teams_refused_calls_total").increment(1);
    Outside::Mistrusted
}

impl From<Unread> for Outside {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooLarge => Self::TooLarge,
            Unread::Broken => Self::Broken,
        }
    }
}

impl IntoResponse for Outside {
    fn into_response(self) -> Response {
        match self {
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::Mistrusted => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
        .into_response()
    }
}

#[cfg(test)]
mod tests;
