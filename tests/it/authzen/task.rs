//! The task: what its id is good for, and what it is not.

use std::collections::BTreeSet;

use countersign::domain::audit::{canonical, commitment};
use countersign_port::card::Verb;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::pep::{
    By, YES, asked, call, evaluate, follow, pay, problem, request_of, submit, submit_as, verdict,
    with,
};
use crate::office::{AUDITOR_KEY, Office, answer, break_glass, client, tell};

/// Of what is random in an id: 128 bits, five to a character.
const RANDOM: usize = 26;

/// What an id begins with, its time and what is random.
fn parts(id: &str) -> (&str, &str, &str) {
    let (prefix, rest) = id.split_at(4);
    assert_eq!(rest.len(), 10 + RANDOM, "{id}");
    let (at, random) = rest.split_at(10);
    (prefix, at, random)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_a_task_cannot_be_guessed() {
    tell(|office| async move {
        let mut random = BTreeSet::new();
        let mut characters = vec![BTreeSet::new(); RANDOM];
        for _ in 0..20 {
            let asked = asked(&office, By::Gate, &pay()).await;
            let id = asked.body["task"]["id"].as_str().unwrap();
            let (prefix, _, rest) = parts(id);
            assert_eq!(prefix, "arq_");
            random.insert(rest.to_owned());
            for (seen, character) in characters.iter_mut().zip(rest.chars()) {
                seen.insert(character);
            }
        }
        assert_eq!(random.len(), 20);
        // At one instant, of one client, for one payment: no character is the same in all of them.
        assert!(characters.iter().all(|seen| seen.len() > 1), "{random:?}");
        office.settle().await;
        office
    })
    .await;
}

/// What whoever has nothing but an id is told, byte for byte.
async fn told(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.header("x-request-id", "req-1").send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_nothing_but_the_id_learns_what_an_invented_one_tells() {
    tell(|office| async move {
        let asked = asked(&office, By::Gate, &pay()).await;
        let known = asked.body["task"]["id"].as_str().unwrap();
        let ids = [
            known.to_owned(),
            format!("arq_{}", "0".repeat(10 + RANDOM)),
            format!("arq_{}", "0".repeat(26)),
            "arq_1".to_owned(),
            "42".to_owned(),
        ];
        for (path, body) in
            [("", None), ("/cancel", Some(json!({}))), ("/credential", Some(json!({})))]
        {
            let mut answers = BTreeSet::new();
            for id in &ids {
                let path = format!("/access/v1/requests/{id}{path}");
                let request = match &body {
                    None => client()
                        .get(format!("{}{path}", office.url))
                        .bearer_auth(By::OtherGate.key()),
                    Some(body) => call(&office, By::OtherGate, &path).json(body),
                };
                answers.insert(told(request).await);
            }
            assert_eq!(answers.len(), 1, "{path}: {answers:?}");
            assert_eq!(answers.first().unwrap().0, 404);
        }
        let nobody = client().get(format!("{}/access/v1/requests/{known}", office.url));
        assert_eq!(answer(nobody).await.status, 401);
        assert_eq!(follow(&office, By::Gate, known).await.body["task"]["status"], "pending");
        office.settle().await;
        office
    })
    .await;
}

/// As it was asked by an older release, whose ids were shorter.
async fn age(office: &Office, statements: &[&str], id: &str, old: &str) {
    for statement in statements {
        let query = sqlx::query(sqlx::AssertSqlSafe((*statement).to_owned()));
        query.bind(id).bind(old).execute(&office.store().write).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_before_ids_were_longer_is_answered_after_it() {
    const ASKED: &[&str] = &[
        "update request set body = replace(body, $1, $2), id = $2 where id = $1",
        "update outbox set request_id = $2 where request_id = $1",
    ];
    const GRANTED: &[&str] =
        &["update approval set body = replace(body, $1, $2), id = $2 where id = $1"];
    tell(|office| async move {
        let asked = asked(&office, By::Gate, &pay()).await;
        let old = "arq_01jd3q8w00000000000000000a";
        age(&office, ASKED, asked.body["task"]["id"].as_str().unwrap(), old).await;
        office.settle().await;
        assert_eq!(follow(&office, By::Gate, old).await.body["task"]["status"], "pending");
        office.press("fay", "payments", Verb::Approve).await.unwrap();
        let task = follow(&office, By::Gate, old).await;
        assert_eq!(task.body["task"]["status"], "approved");
        let approval = task.body["result"]["approval"]["id"].as_str().unwrap();
        assert_eq!(parts(approval).0, "apr_");
        let older = "apr_01jd3q8w00000000000000000b";
        age(&office, GRANTED, approval, older).await;
        let question = with(&pay(), "/context/approval", json!({ "id": older }));
        assert_eq!(verdict(&evaluate(&office, By::Gate, &question).await), YES);
        office.settle().await;
        office
    })
    .await;
}

/// Every text in an answer, with the name of its member.
fn texts<'a>(name: &'a str, value: &'a Value, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::String(text) => found.push((name, text)),
        Value::Array(values) => values.iter().for_each(|value| texts(name, value, found)),
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| texts(name, value, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Addresses are for whoever enforces; nothing leads to those who decide.
#[track_caller]
fn leads_nowhere_else(answer: &Value) {
    const OWN: &[&str] = &["cancel", "credential_endpoint", "endpoint", "status_endpoint"];
    let mut found = Vec::new();
    texts("", answer, &mut found);
    for (name, text) in found {
        let is_address = text.contains("://") || text.starts_with('/');
        assert!(!is_address || OWN.contains(&name), "`{name}`: {text}");
        let is_ours = text.starts_with("https://countersign.example/access/v1/");
        assert!(!is_address || is_ours, "`{name}`: {text}");
    }
    let links = &answer["task"]["links"];
    let names: Vec<&String> = links.as_object().into_iter().flat_map(|own| own.keys()).collect();
    assert!(names.is_empty() || names == ["cancel"], "{links}");
    for never in ["review_url", "\"review\"", "\"ticket\"", "slack", "teams", "sandbox"] {
        assert!(!answer.to_string().contains(never), "{never}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_an_answer_leads_to_those_who_decide() {
    tell(|office| async move {
        let callback = json!({ "endpoint": office.receiver.endpoint });
        let denial = evaluate(&office, By::Gate, &pay()).await;
        leads_nowhere_else(&denial.body);
        let body = with(&request_of(&pay(), &denial), "/callback", callback);
        let preview = call(&office, By::Gate, "/access/v1/requests?dry_run=true").json(&body);
        leads_nowhere_else(&answer(preview).await.body);
        let pending = submit(&office, By::Gate, &body).await;
        leads_nowhere_else(&pending.body);
        office.settle().await;
        office.press("fay", "payments", Verb::Approve).await.unwrap();
        let id = pending.body["task"]["id"].as_str().unwrap();
        leads_nowhere_else(&follow(&office, By::Gate, id).await.body);
        let over = call(&office, By::Gate, &format!("/access/v1/requests/{id}/cancel"));
        let over = with(&answer(over).await.body, "/type", Value::Null);
        leads_nowhere_else(&over);
        // A review is owed, and who asked is not led there either.
        let urgent = office.ask(&break_glass(&office.receiver.endpoint)).await;
        leads_nowhere_else(&urgent.body);
        office.settle().await;
        office.press("sam", "incident", Verb::Approve).await.unwrap();
        office.settle().await;
        let id = urgent.body["task"]["id"].as_str().unwrap();
        let task = office.get(id).await.body;
        assert_eq!(task["task"]["reviews"][0]["state"], "owed");
        leads_nowhere_else(&task);
        let told = office.receiver.read();
        assert_eq!(told.len(), 2);
        for one in &told {
            leads_nowhere_else(&one.event);
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_gives_the_state_back_as_it_came() {
    tell(|office| async move {
        let odd = ["", " ", "s-81", "“ä” \u{1f511}\n\\\"</script>", "{\"a\":1}", &"x".repeat(512)];
        for (number, state) in odd.into_iter().enumerate() {
            let question = with(&pay(), "/resource/id", json!(format!("acc-{number}")));
            let denial = evaluate(&office, By::Gate, &question).await;
            let callback = json!({ "endpoint": office.receiver.endpoint, "state": state });
            let body = with(&request_of(&question, &denial), "/callback", callback);
            let asked = submit(&office, By::Gate, &body).await;
            assert_eq!(asked.status, 202, "{state}: {}", asked.body);
            office.settle().await;
            office.press("fay", "payments", Verb::Approve).await.unwrap();
            office.settle().await;
            let told = office.receiver.read();
            let [told] = told.as_slice() else { panic!("one event: {told:?}") };
            assert_eq!(told.event["state"], *state);
        }
        // Whoever has no secret has no endpoint that anything could be told at.
        let denial = evaluate(&office, By::OtherGate, &pay()).await;
        let callback = json!({ "endpoint": office.receiver.endpoint, "state": "s" });
        let body = with(&request_of(&pay(), &denial), "/callback", callback);
        let refused = submit(&office, By::OtherGate, &body).await;
        assert_eq!(problem(&refused), (400, "invalid_callback"));
        let body = with(&body, "/callback", Value::Null);
        assert_eq!(submit(&office, By::OtherGate, &body).await.status, 202, "nothing was stored");
        office.settle().await;
        office
    })
    .await;
}

/// What the log has of a request, as an auditor reads it, in its order.
async fn entries(office: &Office, id: &str) -> Vec<Value> {
    let url = format!("{}/audit/v1/entries?request_id={id}", office.url);
    let page = answer(client().get(url).bearer_auth(AUDITOR_KEY)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let mut items = page.body["items"].as_array().unwrap().clone();
    items.sort_by_key(|entry| entry["leaf"]["seq"].as_i64());
    items
}

/// Each entry commits to its payload, and none is missing.
fn holds(entries: &[Value]) {
    for (before, entry) in entries.iter().enumerate() {
        let salt = hex::decode(entry["salt"].as_str().unwrap()).unwrap().try_into().unwrap();
        let payload = commitment(&salt, &canonical(&entry["payload"]));
        assert_eq!(entry["leaf"]["payload"], payload, "{entry}");
        assert_eq!(entry["leaf"]["seq"], before + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_gone_for_the_client_and_the_log_still_holds() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &pay()).await;
        let body = request_of(&pay(), &denial);
        let asked = submit_as(&office, By::Gate, "k-1", &body).await;
        let id = asked.body["task"]["id"].as_str().unwrap();
        office.settle().await;
        office.press("fay", "payments", Verb::Approve).await.unwrap();
        let task = follow(&office, By::Gate, id).await;
        let approval = task.body["result"]["approval"].clone();
        let end: Timestamp = task.body["task"]["expires_at"].as_str().unwrap().parse().unwrap();
        office.advance(end.duration_since(office.clock.now())).await;
        assert_eq!(problem(&follow(&office, By::Gate, id).await), (410, "task_expired"));
        office.advance(SignedDuration::from_secs(1)).await;
        let before = entries(&office, id).await;
        holds(&before);
        office.forget().await;
        for table in ["idempotency", "replay"] {
            let count = format!("select count(*) from {table}");
            let count = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(count));
            assert_eq!(count.fetch_one(&office.store().read).await.unwrap(), 0, "{table}");
        }
        let gone = follow(&office, By::Gate, id).await;
        assert_eq!(problem(&gone), (410, "task_expired"));
        assert!(!gone.body.to_string().contains("dana"), "{}", gone.body);
        assert_eq!(problem(&follow(&office, By::OtherGate, id).await), (404, "unknown_task"));
        let question = with(&pay(), "/context/approval", approval);
        assert_eq!(verdict(&evaluate(&office, By::Gate, &question).await).1, "approval_expired");
        let again = submit_as(&office, By::Gate, "k-1", &body).await;
        assert_eq!(problem(&again), (410, "expired_denial"));
        let after = entries(&office, id).await;
        assert_eq!(after, before);
        assert!(after.len() >= 3, "{after:?}");
        office
    })
    .await;
}
