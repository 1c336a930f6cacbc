//! What programs that no one here wrote are given to judge: tokens with our verdicts, cards, and a
//! manifest. Written into the file that `COUNTERSIGN_TEAMS_CORPUS` names; `cargo xtask peers` asks
//! for it. Keys and tokens are new each time.

use std::fs;

use countersign_port::card::Face;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    adaptive::{self, Detail},
    bearer::tests::{SERVICE, table},
    fakes::{APP, KEYS, forge},
    package::Package,
    samples::{self, FACES, HOSTILE},
    waiting,
};

#[test]
#[expect(clippy::disallowed_methods, reason = "the judges have only the clock of the system")]
fn the_corpus_for_the_judges() {
    let Ok(path) = std::env::var("COUNTERSIGN_TEAMS_CORPUS") else {
        eprintln!("skipped: the_corpus_for_the_judges: set COUNTERSIGN_TEAMS_CORPUS");
        return;
    };
    let now = Timestamp::now();
    let corpus = json!({
        "app_id": APP,
        "keys": keys(),
        "tokens": tokens(now),
        "cards": cards(now),
        "manifest": manifest(),
    });
    fs::write(path, corpus.to_string()).unwrap();
}

/// One that speaks for Teams, one for another channel, one for none.
fn keys() -> [Value; 3] {
    let mut bare = KEYS[1].published(&Value::Null);
    bare.as_object_mut().unwrap().remove("endorsements");
    bare["kid"] = "key-3".into();
    [KEYS[0].published(&json!(["msteams"])), KEYS[1].published(&json!(["skype"])), bare]
}

/// Every token of the table, and those of keys and channels that do not go together.
fn tokens(now: Timestamp) -> Vec<Value> {
    let activity =
        |channel: &str| json!({ "type": "message", "channelId": channel, "serviceUrl": SERVICE });
    let entry = |name: &str, scheme: &str, token: &str, channel: &str, accepted: bool| {
        let header = format!("{scheme} {token}");
        json!({ "name": name, "header": header, "activity": activity(channel), "accepted": accepted })
    };
    let table = table(now);
    let good = |kid: &str| {
        let (_, mut header, claims, _) = table[0].clone();
        header["kid"] = kid.into();
        let key = if kid == "key-1" { &KEYS[0] } else { &KEYS[1] };
        forge(key, &header, &claims)
    };
    let rows = table.iter().map(|(name, header, claims, verdict)| {
        entry(name, "Bearer", &forge(&KEYS[0], header, claims), "msteams", verdict.is_ok())
    });
    let mut all: Vec<Value> = rows.collect();
    let changed = good("key-1").replacen(['a', 'b', 'c', 'd'], "e", 1);
    all.extend([
        entry("a key that endorses another channel", "Bearer", &good("key-2"), "msteams", false),
        entry("a key without endorsements", "Bearer", &good("key-3"), "msteams", false),
        entry("an activity of another channel", "Bearer", &good("key-1"), "skype", false),
        entry("changed", "Bearer", &changed, "msteams", false),
        entry("lower-case scheme", "bearer", &good("key-1"), "msteams", true),
        entry("another scheme", "Basic", &good("key-1"), "msteams", false),
        entry("no token", "Bearer", "", "msteams", false),
    ]);
    all
}

fn cards(now: Timestamp) -> Vec<Value> {
    let mut cards = Vec::new();
    let mut add = |name: String, card: Value| cards.push(json!({ "name": name, "card": card }));
    for face in FACES {
        for detail in [Detail::Short, Detail::Full] {
            let card = adaptive::content(&samples::card(face), detail, now);
            add(format!("{face:?} {detail:?}"), card);
        }
        for (number, text) in HOSTILE.iter().enumerate() {
            let card = adaptive::content(&samples::hostile(face, text), Detail::Full, now);
            add(format!("{face:?} hostile {number}"), card);
        }
    }
    let attached = |message: &Value| message["attachments"][0]["content"].clone();
    let partial = samples::card(Face::Partial);
    add("plain".to_owned(), attached(&adaptive::plain_activity(&partial)));
    add("note".to_owned(), attached(&adaptive::words("Nothing waits for you.")));
    add("waiting".to_owned(), attached(&waiting::tests::listed()));
    cards
}

fn manifest() -> Value {
    let public_url = "https://approvals.example/".parse().unwrap();
    Package { app_id: APP, version: "1.0.0", public_url: &public_url }.manifest().unwrap()
}
