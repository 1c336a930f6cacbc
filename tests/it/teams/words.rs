//! Words to the bot, and words from outside: whatever a requester or an approver writes, a card
//! shows it as text, and people are told their own things alone.

use countersign_fake_teams::card::Entries;
use serde_json::{Value, json};

use super::{
    blueprint::{Blueprint, NEW, SHOP, TENANT, USUAL},
    workplace::{tell, tell_in, write_prod},
};
use crate::office::with_stand_ins;

/// What somebody may try.
const HOSTILE: [&str; 10] = [
    "[good](https://evil.example)",
    "![](https://evil.example/x.png)",
    "**Approved**",
    "{{DATE(2026-01-01T00:00:00Z)}}",
    "{{TIME(2026-01-01T00:00:00Z)}}",
    "<at>everyone</at>",
    "first\n\n# Approved\n- by Erin",
    "\u{202e}evil\u{202c} \u{200b}hidden\u{feff}",
    "&lt;b&gt; <b>bold</b>",
    "𝒜𝓅𝓅𝓇𝑜𝓋𝑒𝒹 ✔",
];

/// Whatever of this is in an element that Teams reads as Markdown, was made by us.
fn assert_inert(value: &Value, hostile: &str) {
    match value {
        Value::Object(members) => {
            let kind = members.get("type").and_then(Value::as_str).unwrap_or_default();
            let text = members.get("text").and_then(Value::as_str).unwrap_or_default();
            assert!(kind != "TextBlock" || !text.contains(hostile), "Markdown: {value}");
            assert!(
                !text.contains("{{DATE(2026-01") && !text.contains("{{TIME(2026-01"),
                "{value}"
            );
            assert!(!text.contains('\u{202e}') && !text.contains('\u{200b}'), "{value}");
            let url = members.get("url").and_then(Value::as_str).unwrap_or_default();
            assert!(!url.contains("evil"), "{value}");
            members.values().for_each(|value| assert_inert(value, hostile));
        }
        Value::Array(values) => values.iter().for_each(|value| assert_inert(value, hostile)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_from_outside_do_nothing() {
    tell(|workplace| async move {
        for hostile in HOSTILE {
            let mut body = write_prod();
            body["client"]["name"] = json!(hostile.replace('\n', " "));
            body["subject"]["properties"] = json!({ "name": hostile });
            body["context"]["justification"] = json!(hostile);
            workplace.ask(&body).await;
            assert_inert(workplace.card(SHOP).card(), hostile);
            let no = Entries::none().enter("reason", "other").enter("comment", hostile);
            let said = workplace.press_with("erin", SHOP, "deny", &no).await;
            assert_inert(&said.card().expect("a card"), hostile);
            assert_inert(workplace.card(SHOP).card(), hostile);
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_tells_the_bot() {
    let lenient =
        Blueprint { law: |law| law.policy.text = with_stand_ins(&law.policy.text), ..USUAL };
    tell_in(&lenient, |workplace| async move {
        for (who, words, answer) in [
            ("erin", "Away gus 1d", "Gus Lind may decide for you until 2026-"),
            ("erin", "away gus soon", "is no time"),
            ("erin", "back", "Gus Lind does not decide for you any more"),
            (NEW, "away gus 1d", "isn't linked to a person"),
        ] {
            workplace.teams.say(who, None, words).await;
            workplace.settle().await;
            let told = workplace.told(who).pop().unwrap();
            assert!(told.contains(answer), "{words}: {told}");
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_the_bot_is_answered_alone() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.card(SHOP);
        workplace.teams.say("erin", Some(SHOP), "waiting").await;
        workplace.settle().await;
        let told = workplace.told("erin").join("\n");
        assert!(told.contains("Waiting for you: 1"), "{told}");
        workplace.teams.say("erin", None, &format!("why {id}")).await;
        workplace.settle().await;
        let told = workplace.told("erin").join("\n");
        assert!(told.contains("prod:orders:write"), "{told}");
        workplace.teams.say("gus", None, "waiting").await;
        workplace.settle().await;
        assert!(workplace.told("gus").join("\n").contains("Nothing waits for you."));
        workplace.teams.say(NEW, None, "link").await;
        workplace.settle().await;
        let told = workplace.told(NEW).join("\n");
        assert!(told.contains(&format!("teams: {{ tenant: {TENANT}, object: 2222")), "{told}");
        assert!(told.contains("Your code is "), "{told}");
        workplace.teams.say(NEW, None, "link 7Q2M4-X9TRB-3W0KD").await;
        workplace.settle().await;
        assert!(workplace.told(NEW).join("\n").contains("There is no such code"));
        assert_eq!(workplace.teams.messages(SHOP).len(), 1, "and nothing is said in the channel");
        workplace
    })
    .await;
}
