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
    Core, FakeTeams, activity::Absent, card::Entries, fault::Strike, message::Message,
    world::Person,
};

/// What may be asked, each with the fields of its verb.
#[derive(Debug, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case", deny_unknown_fields)]
enum Order {
    /// On the newest thread of the channel.
    Click {
        who: String,
        channel: String,
        verb: String,
        #[serde(default)]
        entries: Map<String, Value>,
    },
    Submit {
        who: String,
        channel: String,
        verb: String,
        #[serde(default)]
        entries: Map<String, Value>,
    },
    /// Without a channel, in the chat with the bot.
    Say {
        who: String,
        channel: Option<String>,
        words: String,
    },
    Install {
        who: String,
        team: String,
    },
    Remove {
        who: String,
        team: String,
    },
    /// A token with these claims in place of the usual ones, and an activity to go with it.
    Token {
        claims: Map<String, Value>,
    },
    /// Somebody more, or somebody else of the same name.
    Person(Person),
    Connect {
        endpoint: String,
    },
    Misbehave(Strike),
    Behave {},
    RotateKeys {},
    Advance {
        seconds: i64,
    },
}

pub(crate) fn router() -> Router<Arc<Core>> {
    Router::new().route("/state", get(state)).route("/{order}", post(order))
}

async fn order(
    Shared(core): Shared<Arc<Core>>,
    Path(order): Path<String>,
    Json(mut body): Json<Map<String, Value>>,
) -> Response {
    body.insert("order".to_owned(), order.into());
    let teams = FakeTeams { core };
    let outcome = match serde_json::from_value(body.into()) {
        Ok(order) => obey(&teams, order).await,
        Err(error) => Err(error.to_string()),
    };
    match outcome {
        Ok(said) => Json(said).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response(),
    }
}

async fn obey(teams: &FakeTeams, order: Order) -> Result<Value, Absent> {
    let activity = match order {
        Order::Click { who, channel, verb, entries } => {
            let message = newest(teams, &channel)?;
            teams.try_click(&who, &message, &verb, &Entries::from_json(&entries))?
        }
        Order::Submit { who, channel, verb, entries } => {
            let message = newest(teams, &channel)?;
            teams.try_submit(&who, &message, &verb, &Entries::from_json(&entries))?
        }
        Order::Say { who, channel, words } => teams.try_say(&who, channel.as_deref(), &words)?,
        Order::Install { who, team } => return Ok(json!(teams.install(&who, &team).await)),
        Order::Remove { who, team } => return Ok(json!(teams.remove(&who, &team).await)),
        Order::Token { claims } => {
            let mut all = teams.claims();
            all.as_object_mut().into_iter().for_each(|all| all.extend(claims.clone()));
            return Ok(teams.sign(&all).into());
        }
        setting @ (Order::Person(_)
        | Order::Connect { .. }
        | Order::Misbehave(_)
        | Order::Behave {}
        | Order::RotateKeys {}
        | Order::Advance { .. }) => {
            set(teams, setting);
            return Ok(Value::Null);
        }
    };
    Ok(json!(teams.deliver(&activity).await))
}

/// The orders that speak to nobody.
fn set(teams: &FakeTeams, order: Order) {
    match order {
        Order::Person(person) => teams.person(person),
        Order::Connect { endpoint } => teams.connect(&endpoint),
        Order::Misbehave(strike) => teams.misbehave(strike),
        Order::Behave {} => teams.behave(),
        Order::RotateKeys {} => teams.rotate_keys(),
        Order::Advance { seconds } => teams.advance(seconds),
        Order::Click { .. }
        | Order::Submit { .. }
        | Order::Say { .. }
        | Order::Install { .. }
        | Order::Remove { .. }
        | Order::Token { .. } => {}
    }
}

fn newest(teams: &FakeTeams, channel: &str) -> Result<Message, Absent> {
    teams.last_message(channel).ok_or_else(|| format!("there is no thread in {channel}"))
}

/// What is there to be seen; seeing it here does not count as somebody having read it.
async fn state(Shared(core): Shared<Arc<Core>>) -> Json<Value> {
    let leftovers = FakeTeams { core: core.clone() }.leftovers();
    let state = core.state();
    let seen = |message: &Message| {
        json!({
            "conversation": message.conversation,
            "id": message.id,
            "activity": message.activity,
            "edits": message.edits,
        })
    };
    let calls = state.calls.iter().map(|one| json!({ "path": one.path, "status": one.status }));
    Json(json!({
        "messages": state.messages.iter().map(seen).collect::<Vec<_>>(),
        "calls": calls.collect::<Vec<_>>(),
        "leftovers": leftovers,
    }))
}
