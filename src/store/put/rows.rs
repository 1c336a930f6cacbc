//! Effects as JSON arrays of rows, in the order of the statements. They are written straight into
//! the text: a tree of values in between would cost more than all the rest.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{
    Serialize, Serializer,
    ser::{Error, SerializeMap},
};

use super::STATEMENTS;
use crate::domain::{
    access::{
        effects::{Effects, Key, NewCallback, NewCard, Settled, Touch},
        slice::{Slice, View},
    },
    approval::Approval,
    audit::Entry,
    id::RequestId,
    outcome::Outcome,
    request::GRANT_SCOPE,
    vote::Vote,
};

/// One array for each statement; `None` where there are no rows.
pub(super) type Arrays = [Option<String>; STATEMENTS.len()];

/// Takes the effects of a batch and writes them down as rows.
pub(super) fn arrays(slice: &mut Slice) -> Result<Arrays, serde_json::Error> {
    let effects = std::mem::take(&mut slice.effects);
    let new: BTreeSet<&RequestId> = effects.opened.iter().collect();
    let mut keys = effects.keys.iter().collect::<Vec<_>>();
    // In one order for everybody: two batches that wait for each other's keys would deadlock.
    keys.sort_by(|a, b| (&a.client, &a.key).cmp(&(&b.client, &b.key)));
    let opened = effects
        .opened
        .iter()
        .filter_map(|id| Some(opened(&slice.requests.get(id)?.view, effects.touches.get(id)?)));
    let touched = effects.touches.iter().filter(|(id, _)| !new.contains(id));
    let sent = effects.cards.iter().map(card).chain(effects.callbacks.iter().map(callback));
    Ok([
        array(keys.into_iter().map(key))?,
        array(opened)?,
        array(touched.map(|(id, touch)| Row(counters(id, touch))))?,
        array(
            effects
                .votes
                .iter()
                .map(|((request, item, person), vote)| counted(request, *item, person, vote)),
        )?,
        array(effects.wrong_numbers.iter().map(|((request, person), tries)| {
            Row(vec![
                ("request_id", request.as_str().into()),
                ("person", person.as_str().into()),
                ("tries", i64::from(*tries).into()),
            ])
        }))?,
        array(effects.outcomes.iter().map(|(request, outcome)| ended(request, outcome)))?,
        array(effects.approvals.iter().map(|(request, approval)| granted(request, approval)))?,
        array(effects.entries.iter().map(entry))?,
        array(redraws(&effects, &new))?,
        array(sent)?,
        array(effects.settled.iter().map(settled))?,
    ])
}

fn array<'a>(rows: impl Iterator<Item = Row<'a>>) -> Result<Option<String>, serde_json::Error> {
    let rows: Vec<Row<'a>> = rows.collect();
    if rows.is_empty() { Ok(None) } else { serde_json::to_string(&rows).map(Some) }
}

/// A row: its columns by name.
struct Row<'a>(Vec<(&'static str, Column<'a>)>);

/// A value of a column.
enum Column<'a> {
    Text(&'a str),
    Made(String),
    Number(i64),
    Null,
    /// Fails the batch rather than write half a row.
    Unwritable(serde_json::Error),
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, column) in &self.0 {
            map.serialize_entry(name, column)?;
        }
        map.end()
    }
}

impl Serialize for Column<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Made(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Null => serializer.serialize_unit(),
            Self::Unwritable(error) => Err(S::Error::custom(error)),
        }
    }
}

impl<'a> From<&'a str> for Column<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Column<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Column<'_> {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for Column<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Number(at.as_microsecond())
    }
}

impl<'a, Value: Into<Column<'a>>> From<Option<Value>> for Column<'a> {
    fn from(value: Option<Value>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// JSON goes as a text: PostgreSQL would reformat a nested object.
fn json<'a>(value: &impl Serialize) -> Column<'a> {
    serde_json::to_string(value).map_or_else(Column::Unwritable, Column::Made)
}

fn key(key: &Key) -> Row<'_> {
    Row(vec![
        ("client", key.client.as_str().into()),
        ("key", key.key.as_str().into()),
        ("request_id", key.request.as_str().into()),
        ("body_sha256", key.body_sha256.as_str().into()),
    ])
}

fn opened<'a>(view: &'a View, touch: &Touch) -> Row<'a> {
    let request = &view.request;
    let plans = &view.plans;
    let rules: Vec<&String> = plans.iter().flat_map(|plan| &plan.rules).collect();
    let parts = plans.iter().flat_map(|plan| &plan.parts).map(|part| part.name.as_str());
    let actions = request.items.iter().map(|item| item.action.name.as_str());
    let parts: Vec<&str> = parts.chain(actions.filter(|name| *name != GRANT_SCOPE)).collect();
    let asks = plans.iter().flat_map(|plan| &plan.steps).flat_map(|step| &step.asks);
    let channels: Vec<&str> = asks.map(|ask| ask.channel.name.as_str()).collect();
    let mut columns = counters(&request.id, touch);
    columns.extend([
        ("client", request.integrator.as_str().into()),
        ("subject", request.subject.id.as_str().into()),
        ("rules", json(&rules)),
        ("parts", json(&parts)),
        ("channels", json(&channels)),
        ("body", json(&**request)),
        ("plans", json(&**plans)),
        ("number", i64::from(view.number).into()),
        ("opened_at", request.opened_at.into()),
    ]);
    Row(columns)
}

fn counters<'a>(id: &'a RequestId, touch: &Touch) -> Vec<(&'static str, Column<'a>)> {
    vec![
        ("id", id.as_str().into()),
        ("version", touch.version.into()),
        ("seq", touch.seq.into()),
        ("sequence", touch.sequence.into()),
        ("next_at", touch.next_at.into()),
        ("settled_at", touch.settled_at.into()),
        ("told_at", touch.told_at.into()),
    ]
}

fn counted<'a>(request: &'a RequestId, item: usize, person: &'a str, vote: &Vote) -> Row<'a> {
    Row(vec![
        ("request_id", request.as_str().into()),
        ("item", item.into()),
        ("person", person.into()),
        ("body", json(vote)),
        ("cast_at", vote.cast_at.into()),
    ])
}

fn ended<'a>(request: &'a RequestId, outcome: &Outcome) -> Row<'a> {
    Row(vec![
        ("request_id", request.as_str().into()),
        ("status", outcome.status.as_str().into()),
        ("at", outcome.at.into()),
        ("body", json(outcome)),
    ])
}

fn granted<'a>(request: &'a RequestId, approval: &'a Approval) -> Row<'a> {
    Row(vec![
        ("request_id", request.as_str().into()),
        ("id", approval.id.as_str().into()),
        ("status", approval.status.as_str().into()),
        ("body", json(approval)),
    ])
}

fn entry(entry: &Entry) -> Row<'_> {
    let leaf = &entry.leaf;
    Row(vec![
        ("id", leaf.id.as_str().into()),
        ("request_id", leaf.request_id.as_str().into()),
        ("seq", leaf.seq.into()),
        ("at", leaf.at.into()),
        ("kind", leaf.kind.as_str().into()),
        ("actor", leaf.actor.as_str().into()),
        ("leaf", Column::Made(leaf.canonical())),
        ("payload", entry.payload.as_str().into()),
        ("salt", Column::Made(hex::encode(entry.salt))),
    ])
}

fn redraws<'a>(effects: &'a Effects, new: &BTreeSet<&RequestId>) -> impl Iterator<Item = Row<'a>> {
    let at = effects.entries.last().map_or(0, |entry| entry.leaf.at.as_microsecond());
    let posted = effects.redraws.iter().filter(|(id, _)| !new.contains(id));
    posted.map(move |(request, version)| {
        Row(vec![
            ("request_id", request.as_str().into()),
            ("want", (*version).into()),
            ("due_at", at.into()),
        ])
    })
}

fn card(card: &NewCard) -> Row<'_> {
    Row(vec![
        ("id", card.id.as_str().into()),
        ("kind", "card".into()),
        ("request_id", card.request.as_str().into()),
        ("item", card.item.into()),
        ("lane", Column::Made(format!("{}/{}", card.platform, card.address))),
        ("target", card.platform.as_str().into()),
        ("address", card.address.as_str().into()),
        ("sequence", 0_i64.into()),
        ("body", "".into()),
        ("secret", Column::Made(hex::encode(card.secret))),
        ("want", card.want.into()),
        ("due_at", card.due_at.into()),
    ])
}

fn callback(callback: &NewCallback) -> Row<'_> {
    Row(vec![
        ("id", callback.id.as_str().into()),
        ("kind", "callback".into()),
        ("request_id", callback.request.as_str().into()),
        ("item", 0_i64.into()),
        ("lane", callback.endpoint.as_str().into()),
        ("target", callback.client.as_str().into()),
        ("address", callback.endpoint.as_str().into()),
        ("sequence", callback.sequence.into()),
        ("body", callback.body.as_str().into()),
        ("secret", "".into()),
        ("want", 0_i64.into()),
        ("due_at", callback.due_at.into()),
    ])
}

fn settled(settled: &Settled) -> Row<'_> {
    Row(vec![
        ("id", settled.event.as_str().into()),
        ("fence", settled.fence.into()),
        ("state", settled.end.as_str().into()),
        ("error", settled.error.as_deref().into()),
    ])
}
