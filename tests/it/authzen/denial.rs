//! What one denial is good for: one request, about one thing, wherever it is sent.

use axum::Router;
use countersign::app::App;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::pep::{
    By, denial_of, evaluate, evaluate_all, pay, problem, request_of, submit, submit_as, with,
    write_orders,
};
use crate::office::{Answer, answer, client, tell};

/// Another process over the same database, and where it listens.
async fn elsewhere((replica, router): (App, Router)) -> (App, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/access/v1/requests", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(countersign::http::serve::serve(listener, router, replica.stopping()));
    (replica, url)
}

async fn send(url: &str, key: &str, body: &Value) -> Answer {
    let request = client().post(url).bearer_auth(By::Gate.key()).header("idempotency-key", key);
    answer(request.json(body)).await
}

const UNBOUND: (u16, &str) = (400, "invalid_denial_binding");

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_is_spent_at_every_replica_until_it_is_over() {
    tell(|office| async move {
        let (replica, there) = elsewhere(office.listening_replica().await).await;
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        let good = request_of(&write_orders(), &denial);
        let by_id = with(&good, "/denial/binding_token", Value::Null);
        let by_token = with(&good, "/denial/evaluation_id", Value::Null);
        let made = submit_as(&office, By::Gate, "k-1", &good).await;
        assert_eq!(made.status, 202, "{}", made.body);
        let again = send(&there, "k-1", &good).await;
        assert_eq!((again.status, &again.body["task"]["id"]), (202, &made.body["task"]["id"]));
        // To the last second in which it would fit, whatever was forgotten meanwhile.
        for seconds in [0, 599, 30] {
            office.clock.advance(SignedDuration::from_secs(seconds));
            office.forget().await;
            for body in [&good, &by_id, &by_token] {
                assert_eq!(problem(&send(&there, "k-2", body).await), UNBOUND, "{seconds}");
                assert_eq!(problem(&submit_as(&office, By::Gate, "k-3", body).await), UNBOUND);
            }
        }
        office.clock.advance(SignedDuration::from_secs(1));
        office.forget().await;
        for body in [&good, &by_id, &by_token] {
            assert_eq!(problem(&send(&there, "k-4", body).await), (410, "expired_denial"));
        }
        replica.stop().await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_batch_each_denial_is_for_one_thing() {
    tell(|office| async move {
        let questions = json!({ "evaluations": [pay(), write_orders()] });
        let answers = evaluate_all(&office, By::Gate, &questions).await.body;
        let names: Vec<&String> = answers.as_object().unwrap().keys().collect();
        assert_eq!(names, ["evaluations"], "nothing for all of them");
        let context = |number: usize| &answers["evaluations"][number]["context"];
        let [first, second] = [context(0), context(1)];
        assert_ne!(first["evaluation_id"], second["evaluation_id"]);
        let token = |context: &Value| context["access_request"]["binding_token"].clone();
        assert_ne!(token(first), token(second));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_denial_covers_no_bundle() {
    tell(|office| async move {
        let other = with(&pay(), "/resource/id", json!("acc-7"));
        let one = denial_of(&evaluate(&office, By::Gate, &pay()).await);
        let two = denial_of(&evaluate(&office, By::Gate, &other).await);
        let item = |question: &Value, denial: Option<&Value>| {
            let bare = json!({ "resource": question["resource"], "action": question["action"] });
            denial.map_or_else(|| bare.clone(), |denial| with(&bare, "/denial", denial.clone()))
        };
        let bundle = |items: [Value; 2], denial: Option<&Value>| {
            let bare = json!({
                "subject": pay()["subject"], "context": pay()["context"], "items": items,
            });
            denial.map_or_else(|| bare.clone(), |denial| with(&bare, "/denial", denial.clone()))
        };
        for bad in [
            // On top, for both; then for the one that has none.
            bundle([item(&pay(), None), item(&other, None)], Some(&one)),
            bundle([item(&pay(), None), item(&other, Some(&two))], Some(&one)),
            bundle([item(&pay(), Some(&one)), item(&other, None)], None),
            // The same for both, and each that of the other.
            bundle([item(&pay(), Some(&one)), item(&other, Some(&one))], None),
            bundle([item(&pay(), Some(&two)), item(&other, Some(&one))], None),
            bundle([item(&other, Some(&one)), item(&pay(), Some(&two))], None),
        ] {
            assert_eq!(problem(&submit(&office, By::Gate, &bad).await), UNBOUND, "{bad}");
        }
        // In any order, each with its own.
        let good = bundle([item(&other, Some(&two)), item(&pay(), Some(&one))], None);
        let made = submit(&office, By::Gate, &good).await;
        assert_eq!(made.status, 202, "{}", made.body);
        office.settle().await;
        office
    })
    .await;
}
