//! The OAuth client that wants access, in its own words; and what it says of who acts.

use countersign_port::text::Untrusted;
use serde_json::{Map, Value};

use super::{Checked, MAX_ID_CHARS, invalid, needed, plain, text};
use crate::{
    domain::{
        actor::{Actor, MOST},
        client::Client,
        request::AskingClient,
    },
    http::submit::wire::{ActBody, ActorBody, ClientBody, SourceBody},
    refusal::Refusal,
};

/// Whoever names no client asks for access of its own.
pub(super) fn itself(client: &Client) -> AskingClient {
    AskingClient {
        id: client.id.to_string(),
        name: Some(Untrusted::new(client.name.clone())),
        actor: None,
        source: Map::new(),
    }
}

pub(super) fn asking_client(body: ClientBody) -> Checked<AskingClient> {
    Ok(AskingClient {
        id: needed("client.id", body.id, MAX_ID_CHARS)?,
        name: text("client.name", body.name, MAX_ID_CHARS)?,
        actor: body.actor.map(actor).transpose()?,
        source: body.source.map(source).transpose()?.unwrap_or_default(),
    })
}

/// A client may name as actors whom it is registered for.
pub(super) fn refuse_unproven(asking: &AskingClient, client: &Client) -> Checked<()> {
    let Some(unproven) = asking.actor.as_ref().and_then(|actor| actor.unproven(&client.actors))
    else {
        return Ok(());
    };
    let name = Untrusted::new(unproven.id.clone()).display();
    let detail = format!(
        "client `{}` may not name `{name}` as one that acts: every link of a chain must be among its registered `actors`, with its issuer",
        client.id
    );
    Err(Refusal::ForbiddenClaim { detail })
}

fn actor(body: ActorBody) -> Checked<Actor> {
    Ok(Actor {
        act: body.act.map(|act| link(*act, MOST - 1).map(Box::new)).transpose()?,
        id: needed("client.actor.id", body.id, MAX_ID_CHARS)?,
        issuer: plain("client.actor.issuer", body.issuer, MAX_ID_CHARS)?,
    })
}

/// The next link; `most` are left.
fn link(body: ActBody, most: usize) -> Checked<Actor> {
    let most = most
        .checked_sub(1)
        .ok_or_else(|| invalid(format!("`client.actor` has more than {MOST} links")))?;
    Ok(Actor {
        act: body.act.map(|act| link(*act, most).map(Box::new)).transpose()?,
        id: needed("client.actor.act.sub", body.sub, MAX_ID_CHARS)?,
        issuer: plain("client.actor.act.iss", body.iss, MAX_ID_CHARS)?,
    })
}

fn source(body: SourceBody) -> Checked<Map<String, Value>> {
    let members = [
        ("session_id", body.session_id),
        ("external_url", body.external_url),
        ("integration_id", body.integration_id),
    ];
    let mut source = Map::new();
    for (name, value) in members {
        let value = plain(name, value, MAX_ID_CHARS)?;
        source.extend(value.map(|value| (name.to_owned(), Value::from(value))));
    }
    Ok(source)
}
