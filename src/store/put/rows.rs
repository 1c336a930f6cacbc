//! Effects as JSON arrays of rows, in the order of the statements. They are written straight into
//! the text: a tree of values in between would cost more than all the rest.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Serialize, ser::Error};

use super::{STATEMENTS, touched::Touched};
use crate::domain::{
    access::{
        effects::{
            Effects, Judged, Key, NewAnswer, NewCallback, NewCard, NewDelegation, Settled, Touch,
            Withdrawn,
        },
        slice::{Slice, View},
    },
    approval::Approval,
    audit::{Entry, Payload, Sealed},
    credential::Credential,
    id::{EventId, RequestId},
    outcome::Outcome,
    request::GRANT_SCOPE,
    review::Review,
    vote::Vote,
};

/// One array for each statement; `None` where there are no rows.
pub(super) type Arrays = [Option<String>; STATEMENTS.len()];

/// Takes the effects of a batch and writes them down as rows.
pub(super) fn arrays(slice: &mut Slice) -> Result<Arrays, serde_json::Error> {
    let effects = std::mem::take(&mut slice.effects);
    let new: BTreeSet<&RequestId> = effects.opened.iter().map(|(id, _)| id).collect();
    let mut keys = effects.keys.iter().collect::<Vec<_>>();
    // In one order for everybody: two batches that wait for each other's keys would deadlock.
    keys.sort_by(|a, b| (&a.client, &a.key).cmp(&(&b.client, &b.key)));
    let opened = effects.opened.iter().filter_map(|(id, sealed)| {
        Some((&slice.requests.get(id)?.view, &**sealed, effects.touches.get(id)?))
    });
    let touched = effects.touches.iter().filter(|(id, _)| !new.contains(id));
    let touched = Touched::of(slice, touched);
    let to_send = effects.cards.iter().map(Sent::Card);
    let to_send = to_send.chain(effects.callbacks.iter().map(Sent::Callback));
    let to_send = to_send.chain(effects.answers.iter().map(Sent::Answer));
    Ok([
        array(keys, key)?,
        array(&effects.presses, pressed)?,
        array(opened, self::opened)?,
        array(touched.counters, counters)?,
        array(touched.due, counters)?,
        array(touched.standing, counters)?,
        array(&effects.votes, counted)?,
        array(&effects.wrong_numbers, mistyped)?,
        array(&effects.outcomes, ended)?,
        array(&effects.approvals, granted)?,
        array(effects.credentials.values(), issued)?,
        array(&effects.entries, entry)?,
        array(redraws(&effects, &new), redraw)?,
        array(to_send, sent)?,
        array(effects.delegations.iter(), delegated)?,
        array(&effects.forgotten, forgotten)?,
        array(&effects.settled, settled)?,
        array(&effects.marks, marked)?,
        array(&effects.reviews, reviewed)?,
    ])
}

/// The cards that are taken back.
pub(super) fn withdrawn(slice: &mut Slice) -> Result<Option<String>, serde_json::Error> {
    array(&std::mem::take(&mut slice.effects.withdrawn), taken_back)
}

fn array<T>(
    items: impl IntoIterator<Item = T>,
    write: impl Fn(&mut Row<'_>, T),
) -> Result<Option<String>, serde_json::Error> {
    let mut text = Vec::new();
    for item in items {
        text.push(if text.is_empty() { b'[' } else { b',' });
        let mut row = Row { text: &mut text, joint: b'{', written: Ok(()) };
        write(&mut row, item);
        row.written?;
        text.push(b'}');
    }
    if text.is_empty() {
        return Ok(None);
    }
    text.push(b']');
    String::from_utf8(text).map(Some).map_err(serde_json::Error::custom)
}

/// A row that is being written: its columns by name.
struct Row<'t> {
    text: &'t mut Vec<u8>,
    joint: u8,
    /// Fails the batch rather than write half a row.
    written: Result<(), serde_json::Error>,
}

impl Row<'_> {
    /// Names are ours and need no escapes.
    fn put<'a>(&mut self, name: &'static str, column: impl Into<Column<'a>>) -> &mut Self {
        self.text.push(self.joint);
        self.joint = b',';
        self.text.push(b'"');
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
        let written = match column.into() {
            Column::Text(text) => serde_json::to_writer(&mut *self.text, text),
            Column::Made(text) => serde_json::to_writer(&mut *self.text, &text),
            Column::Number(number) => serde_json::to_writer(&mut *self.text, &number),
            Column::Null => serde_json::to_writer(&mut *self.text, &()),
            Column::Unwritable(error) => Err(error),
        };
        if written.is_err() {
            self.written = written;
        }
        self
    }
}

/// A value of a column.
enum Column<'a> {
    Text(&'a str),
    Made(String),
    Number(i64),
    Null,
    Unwritable(serde_json::Error),
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

fn key(row: &mut Row<'_>, key: &Key) {
    row.put("client", key.client.as_str())
        .put("key", key.key.as_str())
        .put("request_id", key.request.as_str())
        .put("body_sha256", key.body_sha256.as_str());
}

fn pressed(row: &mut Row<'_>, (press, mark): (&String, &Judged)) {
    row.put("press", press.as_str())
        .put("refused", mark.refused.as_ref().map(json))
        .put("expires_at", mark.until);
}

fn opened(row: &mut Row<'_>, (view, sealed, touch): (&View, &Sealed, &Touch)) {
    let request = &view.request;
    let plans = &view.plans;
    let rules: Vec<&String> = plans.iter().flat_map(|plan| &plan.rules).collect();
    let parts = plans.iter().flat_map(|plan| &plan.parts).map(|part| part.name.as_str());
    let actions = request.items.iter().map(|item| item.action.name.as_str());
    let parts: Vec<&str> = parts.chain(actions.filter(|name| *name != GRANT_SCOPE)).collect();
    let asks = plans.iter().flat_map(|plan| &plan.steps).flat_map(|step| &step.asks);
    let channels: Vec<&str> = asks.map(|ask| ask.channel.name.as_str()).collect();
    counters(row, (&request.id, touch));
    row.put("client", request.integrator.as_str())
        .put("subject", request.subject.id.as_str())
        .put("rules", json(&rules))
        .put("parts", json(&parts))
        .put("channels", json(&channels))
        .put("body", sealed.request.as_str())
        .put("plans", sealed.plans.as_str())
        .put("number", i64::from(view.number))
        .put("same", view.sharing.same.as_deref())
        .put("opened_at", request.opened_at);
}

fn counters(row: &mut Row<'_>, (id, touch): (&RequestId, &Touch)) {
    row.put("id", id.as_str())
        .put("version", touch.version)
        .put("seq", touch.seq)
        .put("sequence", touch.sequence)
        .put("next_at", touch.next_at)
        .put("settled_at", touch.settled_at)
        .put("told_at", touch.told_at)
        .put("card_of", touch.card_of.as_ref().map(RequestId::as_str))
        .put("asked_again", touch.asked_again)
        .put("renewed_by", touch.renewed_by.as_ref().map(RequestId::as_str));
}

fn counted(
    row: &mut Row<'_>,
    ((request, item, person), vote): (&(RequestId, usize, String), &Vote),
) {
    row.put("request_id", request.as_str())
        .put("item", *item)
        .put("person", person.as_str())
        .put("body", json(vote))
        .put("cast_at", vote.cast_at);
}

fn mistyped(row: &mut Row<'_>, ((request, person), tries): (&(RequestId, String), &u32)) {
    row.put("request_id", request.as_str())
        .put("person", person.as_str())
        .put("tries", i64::from(*tries));
}

fn ended(row: &mut Row<'_>, (request, outcome): (&RequestId, &Outcome)) {
    row.put("request_id", request.as_str())
        .put("status", outcome.status.as_str())
        .put("at", outcome.at)
        .put("body", json(outcome));
}

fn granted(row: &mut Row<'_>, (request, approval): (&RequestId, &Approval)) {
    row.put("request_id", request.as_str())
        .put("id", approval.id.as_str())
        .put("status", approval.status.as_str())
        .put("frame", approval.frame.as_deref())
        .put("body", json(approval));
}

fn reviewed(row: &mut Row<'_>, ((request, item), review): (&(RequestId, usize), &Review)) {
    row.put("request_id", request.as_str())
        .put("item", *item)
        .put("state", review.stored_state())
        .put("due_at", review.due_at)
        .put("body", json(review));
}

fn issued(row: &mut Row<'_>, credential: &Credential) {
    row.put("jti", credential.jti.as_str())
        .put("request_id", credential.request.as_str())
        .put("state", credential.state.as_str())
        .put("issued_at", credential.issued_at)
        .put("body", json(credential));
}

fn entry(row: &mut Row<'_>, entry: &Entry) {
    let leaf = &entry.leaf;
    row.put("id", leaf.id.as_str())
        .put("request_id", leaf.request_id.as_str())
        .put("seq", leaf.seq)
        .put("at", leaf.at)
        .put("kind", leaf.kind.as_str())
        .put("actor", leaf.actor.as_str())
        .put("leaf", Column::Made(leaf.canonical()))
        .put("payload", payload(&entry.payload))
        .put("salt", Column::Made(hex::encode(entry.salt)));
}

fn marked(row: &mut Row<'_>, (what, at, request): &(String, Timestamp, RequestId)) {
    row.put("what", what.as_str()).put("at", *at).put("request_id", request.as_str());
}

/// Empty where it stands in the request's row already.
fn payload(payload: &Payload) -> &str {
    match payload {
        Payload::Own(text) => text,
        Payload::Opened(_) => "",
    }
}

/// A posted card that must show another version.
#[derive(Clone, Copy)]
struct Redraw<'a> {
    request: &'a RequestId,
    want: i64,
    due_at: i64,
}

fn redraws<'a>(
    effects: &'a Effects,
    new: &BTreeSet<&RequestId>,
) -> impl Iterator<Item = Redraw<'a>> {
    let due_at = effects.entries.last().map_or(0, |entry| entry.leaf.at.as_microsecond());
    let posted = effects.redraws.iter().filter(|(id, _)| !new.contains(id));
    posted.map(move |(request, want)| Redraw { request, want: *want, due_at })
}

fn redraw(row: &mut Row<'_>, redraw: Redraw<'_>) {
    row.put("request_id", redraw.request.as_str())
        .put("want", redraw.want)
        .put("due_at", redraw.due_at);
}

/// Something for the outbox.
#[derive(Clone, Copy)]
enum Sent<'a> {
    Card(&'a NewCard),
    Callback(&'a NewCallback),
    Answer(&'a NewAnswer),
}

fn sent(row: &mut Row<'_>, sent: Sent<'_>) {
    match sent {
        Sent::Card(card) => self::card(row, card),
        Sent::Callback(callback) => self::callback(row, callback),
        Sent::Answer(answer) => self::answer(row, answer),
    }
}

fn card(row: &mut Row<'_>, card: &NewCard) {
    row.put("id", card.id.as_str())
        .put("kind", card.reader.as_str())
        .put("request_id", card.request.as_str())
        .put("item", card.item)
        .put("lane", Column::Made(format!("{}/{}", card.platform, card.address)))
        .put("target", card.platform.as_str())
        .put("address", card.address.as_str())
        .put("sequence", 0_i64)
        .put("body", "")
        .put("secret", Column::Made(hex::encode(card.secret)))
        .put("want", card.want)
        .put("due_at", card.due_at);
}

fn taken_back(row: &mut Row<'_>, card: &Withdrawn) {
    row.put("request_id", card.request.as_str())
        .put("item", card.item)
        .put("platform", card.platform.as_str())
        .put("address", card.address.as_str())
        .put("why", card.why.as_str())
        .put("due_at", card.due_at);
}

fn callback(row: &mut Row<'_>, callback: &NewCallback) {
    row.put("id", callback.id.as_str())
        .put("kind", "callback")
        .put("request_id", callback.request.as_str())
        .put("target", callback.client.as_str())
        .put("sequence", callback.sequence)
        .put("body", callback.body.as_str())
        .put("due_at", callback.due_at);
    sent_to(row, &callback.endpoint);
}

fn answer(row: &mut Row<'_>, answer: &NewAnswer) {
    let delegation = &answer.delegation;
    row.put("id", delegation.id.as_str())
        .put("kind", "delegation")
        .put("request_id", answer.request.as_str())
        .put("target", delegation.connection.as_str())
        .put("sequence", 0_i64)
        .put("body", answer.verdict.as_str())
        .put("due_at", answer.due_at);
    sent_to(row, &delegation.endpoint);
}

/// Of a message to an endpoint of a server: it is about the whole request, and never drawn anew.
fn sent_to(row: &mut Row<'_>, endpoint: &str) {
    row.put("lane", endpoint)
        .put("address", endpoint)
        .put("item", 0_i64)
        .put("secret", "")
        .put("want", 0_i64);
}

fn delegated(row: &mut Row<'_>, (request, new): &(RequestId, NewDelegation)) {
    row.put("id", new.delegation.id.as_str())
        .put("request_id", request.as_str())
        .put("body", json(&new.delegation))
        .put("expires_at", new.delegation.expires_at)
        .put("key_id", new.key_id.as_str())
        .put("sealed", new.sealed.as_str());
}

fn forgotten(row: &mut Row<'_>, id: &EventId) {
    row.put("id", id.as_str());
}

fn settled(row: &mut Row<'_>, settled: &Settled) {
    row.put("id", settled.event.as_str())
        .put("fence", settled.fence)
        .put("state", settled.end.as_str())
        .put("error", settled.error.as_deref());
}
