//! A callback as its receiver saw it, and twelve ways to tamper with one.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// A genuine delivery: one line of the file that `COUNTERSIGN_RECORD_CALLBACKS` names.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Recorded {
    #[serde(flatten)]
    pub(super) delivery: Delivery,
    /// Every key that its receiver may hold; each alone must do.
    pub(super) keys: Vec<String>,
}

/// What came over the wire, and when.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Delivery {
    pub(super) id: String,
    pub(super) timestamp: String,
    pub(super) signature: String,
    pub(super) body_base64: String,
    pub(super) received_at: i64,
}

/// A delivery, the key to check it with and the right verdict.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Trial {
    #[serde(flatten)]
    pub(super) delivery: Delivery,
    pub(super) key: String,
    #[serde(skip)]
    pub(super) tampering: Option<&'static str>,
}

type Tamper = fn(&mut Trial);

const TAMPERINGS: [(&str, Tamper); 12] = [
    ("the last byte of the body is another", |trial| {
        edit_body(trial, |body| {
            body.pop();
            body.push(b' ');
        });
    }),
    ("the body has a byte more", |trial| edit_body(trial, |body| body.push(b'\n'))),
    ("the body has a byte less", |trial| {
        edit_body(trial, |body| body.truncate(body.len().saturating_sub(1)));
    }),
    ("the id is another", |trial| trial.delivery.id.push('x')),
    ("the time is a second later", |trial| {
        let later = trial.delivery.timestamp.parse::<i64>().map_or(1, |second| second + 1);
        trial.delivery.timestamp = later.to_string();
    }),
    ("the time is no number", |trial| trial.delivery.timestamp.insert_str(0, "at ")),
    ("it is received too late", |trial| trial.delivery.received_at += 302),
    ("it is received too early", |trial| trial.delivery.received_at -= 302),
    ("the signatures are others", |trial| edit_signatures(trial, flipped)),
    ("the signatures are empty", |trial| edit_signatures(trial, |_| String::new())),
    ("there is no signature of a known version", |trial| {
        trial.delivery.signature = trial.delivery.signature.replace("v1", "v2");
    }),
    ("the key is another", |trial| {
        if let Some((prefix, value)) = trial.key.split_once('_') {
            trial.key = format!("{prefix}_{}", flipped(value));
        }
    }),
];

impl Recorded {
    /// The delivery as it came and tampered with in every way, under every key.
    pub(super) fn trials(&self) -> impl Iterator<Item = Trial> {
        self.keys.iter().flat_map(|key| {
            let genuine =
                Trial { delivery: self.delivery.clone(), key: key.clone(), tampering: None };
            let tampered = TAMPERINGS.map(|(what, tamper)| {
                let mut trial = Trial { tampering: Some(what), ..genuine.clone() };
                tamper(&mut trial);
                trial
            });
            std::iter::once(genuine).chain(tampered)
        })
    }
}

impl Trial {
    /// What a sound receiver says.
    pub(super) fn verdict(&self) -> &'static str {
        if self.tampering.is_none() { "accepted" } else { "refused" }
    }
}

fn edit_body(trial: &mut Trial, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut body = STANDARD.decode(&trial.delivery.body_base64).unwrap_or_default();
    edit(&mut body);
    trial.delivery.body_base64 = STANDARD.encode(body);
}

fn edit_signatures(trial: &mut Trial, edit: fn(&str) -> String) {
    let entries = trial.delivery.signature.split(' ').filter_map(|entry| entry.split_once(','));
    let edited = entries.map(|(version, value)| format!("{version},{}", edit(value)));
    trial.delivery.signature = edited.collect::<Vec<_>>().join(" ");
}

/// The same base64 with one bit of its first byte turned.
fn flipped(base64: &str) -> String {
    let mut bytes = STANDARD.decode(base64).unwrap_or_default();
    if let Some(first) = bytes.first_mut() {
        *first ^= 1;
    }
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::signed;

    #[test]
    fn every_tampering_changes_every_delivery() {
        for recorded in signed::all().expect("the fixed keys are keys") {
            let trials =
                recorded.trials().map(|trial| serde_json::to_string(&trial).expect("JSON"));
            assert_eq!(trials.collect::<BTreeSet<_>>().len(), 13 * recorded.keys.len());
        }
    }

    #[test]
    fn only_what_is_genuine_must_be_accepted() {
        let trials: Vec<_> = signed::published().trials().collect();
        let accepted = trials.iter().filter(|trial| trial.verdict() == "accepted").count();
        assert_eq!((accepted, trials.len()), (1, 13));
    }
}
