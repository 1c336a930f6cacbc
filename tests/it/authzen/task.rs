//! The task: what its id is good for, and what it is not.

use std::collections::BTreeSet;

use countersign_port::card::Verb;
use serde_json::json;

use super::pep::{By, YES, asked, call, evaluate, follow, pay, verdict, with};
use crate::office::{Office, answer, client, tell};

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
