//! The same as the Rust API, for programs in other languages: `POST /_control/VERB` with JSON, and
//! `GET /_control/state`.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    Core, FakeSlack,
    delivery::Signed,
    fault::Strike,
    form::Entries,
    message::Message,
    payload::Absent,
    world::{Endpoints, Site},
};

/// What may be asked, each with the fields of its verb.
#[derive(Debug, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
enum Order {
    /// Without `ts`, the last message of the channel; without `channel`, the last private answer.
    Click {
        user: String,
        channel: Option<String>,
        ts: Option<String>,
        button: String,
    },
    ClickInModal {
        user: String,
        button: String,
    },
    ClickInHome {
        user: String,
        button: String,
    },
    Submit {
        user: String,
        entries: Map<String, Value>,
    },
    Close {
        user: String,
    },
    Slash {
        user: String,
        channel: String,
        line: String,
    },
    Event {
        team: String,
        event: Value,
    },
    OpenHome {
        user: String,
    },
    UrlVerification {
        challenge: String,
    },
    SslCheck {},
    Uninstall {
        site: Site,
    },
    /// The request that an event would be, signed so many seconds ago, and not sent.
    SignEvent {
        team: String,
        event: Value,
        age_s: i64,
    },
    Connect(Endpoints),
    Misbehave(Strike),
    Behave {},
    PaceChannels {},
    Advance {
        seconds: i64,
    },
    UseSocketMode {},
    RecycleConnections {},
    SendUnacknowledgedAgain {},
    Forgive {},
}

pub(crate) fn router() -> Router<Arc<Core>> {
    Router::new().route("/state", get(state)).route("/{verb}", post(order))
}

async fn order(
    Shared(core): Shared<Arc<Core>>,
    Path(verb): Path<String>,
    Json(mut body): Json<Map<String, Value>>,
) -> Response {
    body.insert("verb".to_owned(), verb.into());
    let slack = FakeSlack { core };
    let outcome = match serde_json::from_value(body.into()) {
        Ok(order) => obey(&slack, order).await,
        Err(error) => Err(error.to_string()),
    };
    match outcome {
        Ok(said) => Json(said).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response(),
    }
}

async fn obey(slack: &FakeSlack, order: Order) -> Result<Value, Absent> {
    let answer = match order {
        Order::Click { user, channel, ts, button } => {
            let message = meant(slack, &user, channel.as_deref(), ts.as_deref())?;
            slack.deliver(&slack.try_click(&user, &message, &button)?).await
        }
        Order::ClickInModal { user, button } => {
            slack.deliver(&slack.try_click_in_modal(&user, &button)?).await
        }
        Order::ClickInHome { user, button } => {
            slack.deliver(&slack.try_click_in_home(&user, &button)?).await
        }
        Order::Submit { user, entries } => {
            let entries = Entries::from_json(&entries);
            slack.deliver(&slack.try_submission(&user, &entries)?).await
        }
        Order::Close { user } => match slack.try_close(&user)? {
            Some(closing) => slack.deliver(&closing).await,
            None => return Ok(Value::Null),
        },
        Order::Slash { user, channel, line } => {
            slack.deliver(&slack.try_slash(&user, &channel, &line)?).await
        }
        Order::Event { team, event } => slack.deliver(&slack.try_event(&team, event)?).await,
        Order::OpenHome { user } => slack.deliver(&slack.try_open_home(&user)?).await,
        Order::UrlVerification { challenge } => slack.url_verification(&challenge).await,
        Order::SslCheck {} => slack.ssl_check().await,
        Order::Uninstall { site } => return Ok(json!(slack.uninstall(&site).await)),
        Order::SignEvent { team, event, age_s } => {
            let then = slack.core.now().as_second() - age_s;
            let payload = slack.try_event(&team, event)?;
            return Ok(told(&slack.sign_at(&payload, then)));
        }
        Order::Forgive {} => return Ok(json!(slack.forgive())),
        setting @ (Order::Connect(_)
        | Order::Misbehave(_)
        | Order::Behave {}
        | Order::PaceChannels {}
        | Order::Advance { .. }
        | Order::UseSocketMode {}
        | Order::RecycleConnections {}
        | Order::SendUnacknowledgedAgain {}) => {
            set(slack, setting);
            return Ok(Value::Null);
        }
    };
    Ok(json!(answer))
}

/// The orders that speak to nobody.
fn set(slack: &FakeSlack, order: Order) {
    match order {
        Order::Connect(endpoints) => slack.connect(endpoints),
        Order::Misbehave(strike) => slack.misbehave(strike),
        Order::Behave {} => slack.behave(),
        Order::PaceChannels {} => slack.pace_channels(),
        Order::Advance { seconds } => slack.advance(seconds),
        Order::UseSocketMode {} => slack.use_socket_mode(),
        Order::RecycleConnections {} => slack.recycle_connections(),
        Order::SendUnacknowledgedAgain {} => slack.send_unacknowledged_again(),
        Order::Click { .. }
        | Order::ClickInModal { .. }
        | Order::ClickInHome { .. }
        | Order::Submit { .. }
        | Order::Close { .. }
        | Order::Slash { .. }
        | Order::Event { .. }
        | Order::OpenHome { .. }
        | Order::UrlVerification { .. }
        | Order::SslCheck {}
        | Order::Uninstall { .. }
        | Order::SignEvent { .. }
        | Order::Forgive {} => {}
    }
}

fn meant(
    slack: &FakeSlack,
    user: &str,
    channel: Option<&str>,
    ts: Option<&str>,
) -> Result<Message, Absent> {
    let state = slack.core.state();
    let message = match channel {
        Some(channel) => {
            let fits = |message: &&Message| ts.is_none_or(|ts| message.ts == ts);
            state.messages_of(channel).filter(fits).last()
        }
        None => state.ephemerals.iter().rfind(|one| one.only_for.as_deref() == Some(user)),
    };
    message.cloned().ok_or_else(|| "there is no such message".to_owned())
}

fn told(signed: &Signed) -> Value {
    let headers: Map<String, Value> = signed
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into()))
        .collect();
    json!({
        "url": signed.url,
        "headers": headers,
        "body": String::from_utf8_lossy(&signed.body),
    })
}

/// Everything that can be seen; seeing it here does not count as somebody having read it.
async fn state(Shared(core): Shared<Arc<Core>>) -> Json<Value> {
    let leftovers = FakeSlack { core: core.clone() }.leftovers();
    let state = core.state();
    let seen = |message: &Message| {
        json!({
            "channel": message.channel,
            "ts": message.ts,
            "thread_ts": message.thread_ts,
            "text": message.text,
            "blocks": message.blocks,
            "edited_ts": message.edited_ts,
            "only_for": message.only_for,
        })
    };
    let modals = state.modals.iter().map(|(user, views)| {
        let views = views.iter().map(|view| view.json.clone()).collect();
        (user.clone(), Value::Array(views))
    });
    let homes = state.homes.iter().map(|(user, view)| (user.clone(), view.json.clone()));
    let calls =
        state.calls.iter().map(|call| json!({ "method": call.method, "error": call.error }));
    Json(json!({
        "messages": state.messages.values().map(seen).collect::<Vec<_>>(),
        "ephemerals": state.ephemerals.iter().map(seen).collect::<Vec<_>>(),
        "modals": modals.collect::<Map<_, _>>(),
        "homes": homes.collect::<Map<_, _>>(),
        "calls": calls.collect::<Vec<_>>(),
        "connections": state.sockets.connections(),
        "leftovers": leftovers,
    }))
}
