//! What an operator sees: `doctor`, `people list` and `people history`, as they run them.

use std::{fs, path::Path};

use countersign::{
    domain::scim::resource::{Kind, Resource},
    store::{Store, people_change::Line},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    office::OKTA_KEY,
    running::{Said, run},
};

fn write(folder: &Path, people: &str) {
    let config = format!(
        "listen: 127.0.0.1:0\ndatabase: \"sqlite:{}\"\nscim: [{{ id: okta, api_keys: [{{ env: OKTA_KEY }}] }}]\n\
         sandbox: {{ key: {{ env: SANDBOX_KEY }}, channels: [shop] }}\n",
        folder.join("it.db").display()
    );
    let policy = "version: 1\nchannels:\n  shop: { sandbox: shop }\ngroups:\n  security: { scim_group: Security }\n\
        rules:\n  - { name: all, if: { access: write }, ask: [{ from: security, count: 1, in: shop }] }\n";
    let catalogue = "scopes:\n  \"desk:use\": { title: Use it, risk: low, owner: shop, env: prod, access: write }\n";
    for (name, text) in [
        ("countersign.yaml", config.as_str()),
        ("policy.yaml", policy),
        ("catalogue.yaml", catalogue),
        ("people.yaml", people),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}

async fn say(folder: &Path, words: &[&str]) -> Said {
    let environment = [
        ("OKTA_KEY", OKTA_KEY.to_owned()),
        ("SANDBOX_KEY", "0123456789abcdef0123456789abcdef".to_owned()),
    ];
    let config = folder.join("countersign.yaml");
    run(&[words, &["--config", config.to_str().unwrap()]].concat(), &environment).await
}

/// What is not well: what, and its page.
async fn complaints(folder: &Path) -> Vec<(String, String)> {
    let said = say(folder, &["doctor", "--json"]).await;
    let findings = said.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let sick = findings.filter(|finding| finding["health"] != "good");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    sick.map(|finding| (text(&finding["what"]), text(&finding["fix"]["page"]))).collect()
}

/// Tells of somebody, as the server does.
async fn tell_of(store: &Store, id: &str, body: Value, kind: Kind) {
    let resource = Resource::parse(kind, &body).unwrap();
    let now: Timestamp = crate::office::START.parse().unwrap();
    let mut writing = store.scim_write("okta", now).await.unwrap();
    writing.put(id, &resource).await.unwrap();
    writing.members(id, &resource.members, &[]).await.unwrap();
    let line = Line {
        id: format!("line-{id}"),
        what: "user_created",
        subject: id.to_owned(),
        body: json!({}),
    };
    writing.commit(&line).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_told_who_is_there_and_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let people = "people:\n  erin: { name: Erin Doyle, scim: { tenant: okta, subject: 00u-erin }, sandbox: { team: demo, user: erin } }\n";
    write(folder, people);
    assert_eq!(say(folder, &["migrate"]).await.code, Some(0));
    let page = |what: &str| (what.to_owned(), "scim".to_owned());
    assert_eq!(
        complaints(folder).await,
        [
            page("provider okta"),
            page("group security, from scim_group Security"),
            page("people who decide nothing"),
        ]
    );
    let store =
        Store::connect(&format!("sqlite:{}", folder.join("it.db").display())).await.unwrap();
    let erin = json!({ "userName": "erin", "externalId": "00u-erin", "active": true });
    tell_of(&store, "u1", erin, Kind::User).await;
    tell_of(&store, "u2", json!({ "userName": "fay", "active": false }), Kind::User).await;
    let group = json!({ "displayName": "Security", "members": [{ "value": "u1" }] });
    tell_of(&store, "g1", group, Kind::Group).await;
    store.close().await;
    assert_eq!(complaints(folder).await, [page("people who decide nothing")], "Fay is off");
    let listed = say(folder, &["people", "list"]).await;
    assert_eq!(
        listed.out,
        "erin  Erin Doyle  [security]\n\
         okta:u2  fay  []  switched off: decides nothing; no account in chat: cannot decide; told by okta\n"
    );
    let history = say(folder, &["people", "history", "--limit", "2", "--json"]).await;
    let lines: Vec<Value> =
        history.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{history:?}");
    assert!(lines.iter().all(|line| line["actor"] == "okta"), "{history:?}");
    // A slip of the pen in the people file.
    write(folder, &people.replace("tenant: okta", "tenant: octa"));
    assert!(complaints(folder).await.contains(&page("the `scim` account of erin")));
}
