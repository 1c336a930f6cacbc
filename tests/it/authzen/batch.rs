//! Several questions in one call.

use serde_json::{Value, json};

use super::pep::{By, evaluate_all, pay, read_reports, with, write_orders};
use crate::office::tell;

fn decisions(body: &Value) -> Vec<bool> {
    assert!(body.get("decision").is_none(), "{body}");
    let answers = body["evaluations"].as_array().unwrap().iter();
    answers.map(|answer| answer["decision"].as_bool().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_stand_in_the_order_of_the_questions_and_stop_where_wanted() {
    tell(|office| async move {
        let (yes, no) = (read_reports(), write_orders());
        let orders = [[&yes, &no, &yes], [&no, &yes, &no]];
        for (semantic, expected) in [
            (None, [vec![true, false, true], vec![false, true, false]]),
            (Some("execute_all"), [vec![true, false, true], vec![false, true, false]]),
            (Some("deny_on_first_deny"), [vec![true, false], vec![false]]),
            (Some("permit_on_first_permit"), [vec![true], vec![false, true]]),
        ] {
            for (order, expected) in orders.iter().zip(expected) {
                let mut call = json!({ "evaluations": order, "options": { "another": 1 } });
                if let Some(semantic) = semantic {
                    call["options"]["evaluations_semantic"] = json!(semantic);
                }
                let answer = evaluate_all(&office, By::Gate, &call).await;
                assert_eq!(answer.status, 200, "{}", answer.body);
                assert_eq!(decisions(&answer.body), expected, "{semantic:?}");
            }
        }
        let odd = json!({ "evaluations": [yes], "options": { "evaluations_semantic": "guess" } });
        assert_eq!(evaluate_all(&office, By::Gate, &odd).await.status, 400);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_entry_leaves_out_comes_from_the_top_object_by_object() {
    tell(|office| async move {
        let mut call = read_reports();
        call["evaluations"] = json!([
            {},
            { "context": { "scope": "prod:orders:write" } },
            { "context": {} },
            { "resource": { "id": "shop-admin" } },
            { "subject": { "type": "user", "id": "sam" } },
        ]);
        let answer = evaluate_all(&office, By::Gate, &call).await;
        assert_eq!(decisions(&answer.body), [true, false, false, false, true]);
        let faulty = &answer.body["evaluations"][3]["context"]["error"];
        assert_eq!(faulty["status"], 400);
        assert!(faulty["message"].as_str().unwrap().contains("resource.type"), "{faulty}");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_no_question_spoils_no_other() {
    tell(|office| async move {
        for broken in [json!(7), json!("text"), json!({ "subject": "dana" }), json!(null)] {
            let call = json!({ "evaluations": [read_reports(), broken, read_reports()] });
            let answer = evaluate_all(&office, By::Gate, &call).await;
            assert_eq!(decisions(&answer.body), [true, false, true], "{}", answer.body);
            assert_eq!(answer.body["evaluations"][1]["context"]["error"]["status"], 400);
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_entries_it_is_one_question() {
    tell(|office| async move {
        for question in [read_reports(), with(&read_reports(), "/evaluations", json!([]))] {
            let answer = evaluate_all(&office, By::Gate, &question).await;
            assert_eq!(answer.body, json!({ "decision": true }));
        }
        assert_eq!(evaluate_all(&office, By::Gate, &json!({})).await.status, 400);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_wrong_as_a_whole_is_refused_as_a_whole() {
    tell(|office| async move {
        let many = |count: usize| json!({ "evaluations": vec![pay(); count] });
        assert_eq!(decisions(&evaluate_all(&office, By::Gate, &many(50)).await.body).len(), 50);
        for wrong in [
            many(51),
            json!({ "evaluations": {} }),
            json!({ "subject": "dana", "evaluations": [read_reports()] }),
        ] {
            let answer = evaluate_all(&office, By::Gate, &wrong).await;
            assert_eq!(
                (answer.status, answer.problem()),
                (400, "urn:countersign:error:invalid_request")
            );
        }
        office
    })
    .await;
}
