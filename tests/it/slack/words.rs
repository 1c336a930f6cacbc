//! Words from outside: whatever a requester or an approver writes, Slack mentions nobody for it,
//! links nothing and shows no date or sign that is not ours.

use countersign_fake_slack::form::Entries;
use serde_json::{Value, json};

use super::workplace::{ERIN, FARID, SHOP, Workplace, tell, write_prod};

/// What somebody may try.
const HOSTILE: [&str; 16] = [
    "<!channel>",
    "<!here> <!everyone>",
    "<@U0ERIN>",
    "<!subteam^S1>",
    "<#C0SHOP|general>",
    "<https://evil.example|https://good.example>",
    "https://evil.example/?a=b&c=d",
    "<!date^0^{date}^https://evil.example|x>",
    "*bold* _slanted_ ~struck~",
    "`code` ```block```",
    "first\n> quoted\n>>> all of it\n```",
    "> leading",
    ":white_check_mark: Approved",
    "@here and #general, @U0ERIN",
    "\u{202e}evil\u{202c} \u{200b}hidden\u{feff}",
    "&lt;!channel&gt; &amp;amp;",
];

/// Elements of rich text that do something.
const ACTIVE: [&str; 8] =
    ["user", "usergroup", "team", "channel", "broadcast", "link", "emoji", "color"];

fn asking(hostile: &str) -> Value {
    let mut body = write_prod();
    body["subject"]["properties"] = json!({ "name": hostile });
    body["client"]["name"] = json!(hostile);
    body["context"]["justification"] = json!(hostile);
    body["binding_message"] = json!(hostile.replace('\n', " "));
    body
}

/// Looks through everything that Slack keeps of a message or a view.
fn assert_inert(value: &Value) {
    let kind = value["type"].as_str().unwrap_or_default();
    assert!(!ACTIVE.contains(&kind), "an element that does something: {value}");
    match kind {
        "mrkdwn" => {
            assert_eq!(value["verbatim"], true, "{value}");
            assert_inert_markup(value["text"].as_str().expect("a text"));
        }
        "plain_text" => assert_ne!(value["emoji"], true, "{value}"),
        "date" => {
            assert_eq!(value["url"], Value::Null, "{value}");
            assert!(value["fallback"].as_str().is_some_and(|text| text.ends_with("UTC")));
        }
        "button" => assert_eq!(value["url"], Value::Null, "{value}"),
        _ => {}
    }
    value.as_object().into_iter().flatten().for_each(|(_, inner)| assert_inert(inner));
    value.as_array().into_iter().flatten().for_each(assert_inert);
}

/// Instants of ours are the only thing that may stand between angle brackets.
#[track_caller]
fn assert_inert_markup(markup: &str) {
    for (number, piece) in markup.split('<').enumerate() {
        let token = piece.split_once('>');
        let is_ours = token.is_some_and(|(token, after)| {
            let mut parts = token.split('^');
            parts.next() == Some("!date")
                && parts.next().is_some_and(|at| at.parse::<i64>().is_ok_and(|at| at > 0))
                && parts.next().is_some_and(|format| {
                    format.starts_with("{date_short_pretty} {time}|") && format.ends_with("UTC")
                })
                && parts.next().is_none()
                && !after.contains('>')
        });
        assert!((number == 0 && token.is_none()) || is_ours, "{markup}");
    }
}

/// The text beside blocks is read as markup.
#[track_caller]
fn assert_inert_text(text: &str) {
    assert!(!text.contains(['<', '>']), "{text}");
    assert!(!text.contains(":white_check_mark:"), "{text}");
    let mut hidden = text.chars().filter(|char| matches!(*char, '\u{202a}'..='\u{202e}'));
    assert_eq!(hidden.next(), None, "{text}");
}

fn assert_inert_channel(workplace: &Workplace) {
    for message in workplace.slack.messages(SHOP) {
        message.blocks.iter().for_each(assert_inert);
        assert_inert_text(&message.text);
    }
}

fn assert_inert_modal(workplace: &Workplace, who: &str) {
    assert_inert(&workplace.slack.modal(who).expect("a view").json);
}

/// Asks, looks at the details, answers with the same words, and looks again.
async fn goes_round(workplace: &Workplace, hostile: &str) {
    let id = workplace.ask(&asking(hostile)).await;
    assert_inert_channel(workplace);
    for button in ["Details", "Approve…", "Approve less…", "Deny…"] {
        workplace.press(FARID, SHOP, button).await;
        assert_inert_modal(workplace, FARID);
    }
    let no = Entries::none().choose("reason", "Other").text("comment", hostile);
    workplace.send(FARID, &no).await;
    assert_inert_modal(workplace, FARID);
    assert_eq!(workplace.status(&id).await, "denied", "{hostile}");
    assert_inert_channel(workplace);
    workplace.slack.slash(ERIN, SHOP, &format!("/countersign why {id}")).await;
    for told in workplace.slack.ephemerals(ERIN) {
        told.blocks.iter().for_each(assert_inert);
        assert_inert_text(&told.text);
    }
}

#[test]
fn the_check_sees_what_would_do_something() {
    let mrkdwn = |text: &str| json!({ "type": "mrkdwn", "verbatim": true, "text": text });
    let ours = "<!date^1763820120^{date_short_pretty} {time}|14:02 UTC>";
    assert_inert(&json!([mrkdwn(&format!("Expires {ours} or {ours} &lt;!channel&gt;"))]));
    for active in [
        mrkdwn("<!channel>"),
        mrkdwn(&format!("{ours} <@U0ERIN>")),
        mrkdwn("<!date^0^{date}^https://evil.example|x>"),
        json!({ "type": "mrkdwn", "text": "#general" }),
        json!({ "type": "plain_text", "emoji": true, "text": ":white_check_mark:" }),
        json!({ "elements": [{ "type": "link", "url": "https://evil.example" }] }),
        json!({ "type": "date", "fallback": "14:02 UTC", "url": "https://evil.example" }),
    ] {
        assert!(std::panic::catch_unwind(|| assert_inert(&active)).is_err(), "{active}");
    }
    for text in ["<!here>", "a > b", ":white_check_mark: Approved", "\u{202e}"] {
        assert!(std::panic::catch_unwind(|| assert_inert_text(text)).is_err(), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_written_does_anything() {
    tell(|workplace| async move {
        for hostile in HOSTILE {
            goes_round(&workplace, hostile).await;
        }
        for call in workplace.slack.calls("chat.postMessage") {
            assert_eq!(call.arguments["parse"], "none");
            assert_eq!(call.arguments["link_names"], Value::Null);
            for off in ["mrkdwn", "unfurl_links", "unfurl_media"] {
                let said = &call.arguments[off];
                assert!(*said == false || *said == "false", "{off}: {said}");
            }
        }
        for call in workplace.slack.calls("chat.update") {
            assert_eq!(call.arguments["parse"], "none");
            assert_ne!(call.arguments["blocks"], Value::Null, "they would vanish");
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_words_of_wide_characters_are_cut_where_slack_takes_them() {
    tell(|workplace| async move {
        for length in [74, 75, 76, 149, 150, 151, 255] {
            let mut body = write_prod();
            body["subject"]["properties"] = json!({ "name": "😀".repeat(length / 2) });
            body["client"]["name"] = json!("𝒳".repeat(length / 2));
            body["context"]["justification"] = json!("🔥".repeat(length * 6));
            let id = workplace.ask(&body).await;
            let words = workplace.card(SHOP).words();
            assert!(words.contains('🔥') && words.contains(&id), "{words}");
            workplace.press(FARID, SHOP, "Deny…").await;
            workplace.slack.modal(FARID).expect("a form");
            let comment = "😀".repeat(250);
            let no = Entries::none().choose("reason", "Other").text("comment", &comment);
            workplace.send(FARID, &no).await;
            workplace.slack.modal(FARID);
            assert_eq!(workplace.status(&id).await, "denied");
            workplace.card(SHOP);
        }
        // No card had to be drawn without its blocks.
        let posts = workplace.slack.calls("chat.postMessage");
        assert!(posts.iter().all(|call| call.error.is_none()), "{posts:#?}");
        workplace
    })
    .await;
}
