//! One question, one answer, and nothing written.

use serde_json::{Value, json};

use super::pep::{
    ASK, By, NEVER, YES, call, evaluate, pay, read_reports, verdict, with, write_orders,
};
use crate::office::{Office, Site, answer, client, sources, tell, tell_in};

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_says_yes_people_must_be_asked_or_there_is_no_way() {
    tell(|office| async move {
        for by in [By::Shop, By::Gate] {
            assert_eq!(verdict(&evaluate(&office, by, &read_reports()).await), YES);
            assert_eq!(verdict(&evaluate(&office, by, &write_orders()).await), ASK);
            assert_eq!(verdict(&evaluate(&office, by, &pay()).await), ASK);
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_not_known_is_a_plain_no() {
    tell(|office| async move {
        let orders = write_orders();
        for no in [
            with(&orders, "/context/scope", json!("prod:nothing")),
            with(&orders, "/context/scope", json!("two  spaces")),
            with(&orders, "/context/scope", json!(7)),
            with(&orders, "/context/scope", Value::Null),
            with(&orders, "/action/name", json!("fly")),
            with(&orders, "/subject/id", json!("")),
            with(&pay(), "/context/parameters/colour", json!("red")),
            with(&pay(), "/context/parameters/amount", json!("much")),
            with(&pay(), "/context/parameters", json!([])),
            with(&pay(), "/resource/type", json!("")),
        ] {
            assert_eq!(verdict(&evaluate(&office, By::Gate, &no).await), NEVER, "{no}");
        }
        // Somebody whom nobody knows: the rules are for everybody.
        let stranger = with(&orders, "/subject/id", json!("nobody"));
        assert_eq!(verdict(&evaluate(&office, By::Gate, &stranger).await), ASK);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_of_another_type_is_no_question() {
    tell(|office| async move {
        let whole = write_orders();
        let mut cases = Vec::new();
        for path in ["/subject", "/action", "/resource"] {
            for bad in [Value::Null, json!("text"), json!([])] {
                cases.push(with(&whole, path, bad));
            }
            cases.push(with(&whole, &format!("{path}/properties"), json!("text")));
        }
        for path in ["/subject/type", "/subject/id", "/action/name", "/resource/type", "/resource/id"] {
            for bad in [Value::Null, json!(7), json!({})] {
                cases.push(with(&whole, path, bad));
            }
        }
        cases.push(with(&whole, "/context", json!("text")));
        for case in cases {
            let answer = evaluate(&office, By::Gate, &case).await;
            let problem = "urn:countersign:error:invalid_request";
            assert_eq!((answer.status, answer.problem()), (400, problem), "{case}");
        }
        let null = json!({ "subject": null, "action": { "name": "a" }, "resource": { "type": "t", "id": "i" } });
        assert_eq!(evaluate(&office, By::Gate, &null).await.status, 400);
        office
    })
    .await;
}

async fn raw(office: &Office, content_type: Option<&str>, body: &str) -> u16 {
    let mut request = call(office, By::Gate, "/access/v1/evaluation").body(body.to_owned());
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    answer(request).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn only_json_is_a_question() {
    tell(|office| async move {
        let (json, good) = (Some("application/json"), write_orders().to_string());
        assert_eq!(raw(&office, json, &good).await, 200);
        assert_eq!(raw(&office, Some("application/json; charset=utf-8"), &good).await, 200);
        for other in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
            assert_eq!(raw(&office, other, &good).await, 400, "{other:?}");
        }
        let twice = good.replacen('{', r#"{"context":{},"#, 1);
        for bad in
            ["", "{", "[]", "null", "{}{}", &twice, &"[".repeat(40), r#"{"n":9007199254740993}"#]
        {
            assert_eq!(raw(&office, json, bad).await, 400, "{bad}");
        }
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(65 * 1024));
        assert_eq!(raw(&office, json, &large).await, 413);
        let get = client().get(format!("{}/access/v1/evaluation", office.url));
        assert_eq!(answer(get.bearer_auth(By::Gate.key())).await.status, 405);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_known_is_asked_who_they_are() {
    tell(|office| async move {
        let url = format!("{}/access/v1/evaluation", office.url);
        for key in ["", "cs_gate_wrong"] {
            let answer = answer(client().post(&url).bearer_auth(key).json(&write_orders())).await;
            assert_eq!(answer.status, 401);
            assert!(answer.headers.contains_key("www-authenticate"));
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_changes_nothing() {
    tell(|office| async move {
        let mut question = write_orders();
        for number in 0..20 {
            let name = format!("future_{number}");
            for path in ["", "/subject", "/action", "/resource", "/context"] {
                question = with(&question, &format!("{path}/{name}"), json!({ "nested": true }));
            }
        }
        question =
            with(&question, "/subject/properties", json!({ "department": "Sales", "name": 7 }));
        assert_eq!(verdict(&evaluate(&office, By::Gate, &question).await), ASK);
        let mut reports = read_reports();
        reports["context"]["ip"] = json!("192.0.2.1");
        reports["foo"] = json!("bar");
        assert_eq!(verdict(&evaluate(&office, By::Gate, &reports).await), YES);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_a_call_comes_back_unchanged() {
    tell(|office| async move {
        let good = write_orders().to_string();
        for (body, key, status) in
            [(&*good, By::Gate.key(), 200), ("{", By::Gate.key(), 400), (&*good, "cs_x_y", 401)]
        {
            for id in ["bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "a b;c=\"d\" ~!{}"] {
                let request = client().post(format!("{}/access/v1/evaluation", office.url));
                let request = request.bearer_auth(key).header("x-request-id", id);
                let request = request.header("content-type", "application/json");
                let answer = answer(request.body(body.to_owned())).await;
                assert_eq!(answer.status, status);
                assert_eq!(answer.headers["x-request-id"], id);
            }
        }
        assert!(evaluate(&office, By::Gate, &write_orders()).await.status == 200);
        office
    })
    .await;
}

/// Everything that is kept, as far as a question could have left a trace in it.
async fn kept(office: &Office) -> Vec<i64> {
    let mut counts = Vec::new();
    for count in [
        "select count(*) from request",
        "select count(*) from entry",
        "select count(*) from outbox",
        "select count(*) from replay",
        "select count(*) from approval",
        "select count(*) from idempotency",
    ] {
        counts.push(sqlx::query_scalar(count).fetch_one(&office.store().read).await.unwrap());
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_questions_have_one_answer_and_leave_no_trace() {
    tell(|office| async move {
        let before = kept(&office).await;
        let question = write_orders();
        for _ in 0..100 {
            assert_eq!(verdict(&evaluate(&office, By::Gate, &question).await), ASK);
        }
        assert_eq!(kept(&office).await, before);
        office.settle().await;
        assert!(office.sandbox.messages("shop-approvals").is_empty());
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_tells_nothing_of_the_law() {
    tell(|office| async move {
        for question in [write_orders(), pay(), with(&pay(), "/action/name", json!("fly"))] {
            let text = evaluate(&office, By::Gate, &question).await.body["context"].to_string();
            for canary in [
                "write to production",
                "small transfers",
                "lead",
                "security",
                "finance",
                "payments",
                "shop-approvals",
            ] {
                assert!(!text.contains(canary), "{canary}: {text}");
            }
        }
        office
    })
    .await;
}

/// The fixture of the certification scenario: who may read and write which record.
fn certified() -> countersign::law::Sources {
    const POLICY: &str = "version: 1\nrules:\n\
        - { name: reading, if: { action: read, requester: [alice, bob] }, pre_approve: { valid_for: 1h } }\n\
        - { name: writing, if: { action: write, requester: alice }, pre_approve: { valid_for: 1h } }\n";
    const CATALOGUE: &str = "actions:\n\
        \x20 read: { title: Read a record, description: Read it, risk: low, owner: records, env: test, access: read }\n\
        \x20 write: { title: Write a record, description: Write it, risk: low, owner: records, env: test, access: write }\n";
    const PEOPLE: &str = "people:\n\
        \x20 alice: { name: Alice Ash, email: alice@example.com }\n\
        \x20 bob: { name: Bob Birch, email: bob@example.com }\n";
    sources(POLICY, CATALOGUE, PEOPLE)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_decisions_of_the_certification_scenario() {
    let site = Site { sources: certified, ..Site::default() };
    tell_in(&site, |office| async move {
        for (subject, action, decision) in [
            ("alice", "read", true),
            ("alice", "write", true),
            ("bob", "read", true),
            ("bob", "write", false),
        ] {
            let bare = json!({
                "subject": { "type": "user", "id": subject },
                "action": { "name": action },
                "resource": { "type": "record", "id": "record-1" },
            });
            let context = json!({ "time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1" });
            let more = with(
                &bare,
                "/subject/properties",
                json!({ "department": "Sales", "role": "manager" }),
            );
            let more =
                with(&more, "/resource/properties", json!({ "status": "active", "owner": "bob" }));
            let more = with(&more, "/action/properties", json!({ "method": "GET" }));
            let unknown = with(&bare, "/futureField", json!({ "nested": true }));
            for question in [with(&bare, "/context", context), more, unknown, bare] {
                let answer = evaluate(&office, By::Shop, &question).await;
                assert_eq!(answer.body["decision"], decision, "{question} {}", answer.body);
            }
        }
        office
    })
    .await;
}
