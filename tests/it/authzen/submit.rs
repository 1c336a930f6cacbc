//! People are asked about what was denied, and about nothing else.

use countersign_port::card::Verb;
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::pep::{
    By, asked, call, denial_of, evaluate, follow, pay, problem, request_of, submit, submit_as,
    with, write_orders,
};
use crate::office::{answer, tell};

#[tokio::test(flavor = "multi_thread")]
async fn people_are_asked_about_what_was_denied() {
    tell(|office| async move {
        let answer = asked(&office, By::Gate, &write_orders()).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        let task = &answer.body["task"];
        let endpoint = task["status_endpoint"].as_str().unwrap();
        assert_eq!(answer.headers["location"], endpoint);
        assert_eq!(task["links"]["cancel"], format!("{endpoint}/cancel"));
        assert_eq!(task["progress"], json!({ "current_step": 1, "total_steps": 2 }));
        assert_eq!(answer.headers["retry-after"], "5");
        let names: Vec<&String> = task.as_object().unwrap().keys().collect();
        let expected =
            ["display", "expires_at", "id", "links", "progress", "status", "status_endpoint"];
        assert_eq!(names, expected, "nothing that the profile has no name for");
        office.settle().await;
        assert_eq!(office.sandbox.messages("shop-approvals").len(), 1);
        let followed = follow(&office, By::Gate, task["id"].as_str().unwrap()).await;
        assert_eq!(followed.body["task"], *task);
        for canary in ["lead", "security", "shop-approvals", "write to production", "Erin"] {
            assert!(!followed.body.to_string().contains(canary), "{canary}: {}", followed.body);
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn which_members_stand_together() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        let good = request_of(&write_orders(), &denial);
        let item = json!({
            "resource": good["resource"], "action": good["action"], "denial": good["denial"],
        });
        let bundle = with(&with(&good, "/resource", Value::Null), "/action", Value::Null);
        let bundle = with(&bundle, "/items", json!([item]));
        let bare = with(&bundle, "/denial", Value::Null);
        let no_denial = with(&bare, "/items/0/denial", Value::Null);
        for (body, expected) in [
            (with(&good, "/subject", Value::Null), (400, "invalid_request")),
            (with(&good, "/resource", Value::Null), (400, "invalid_request")),
            (with(&good, "/action", Value::Null), (400, "invalid_request")),
            (with(&good, "/subject/id", json!(7)), (400, "invalid_request")),
            (with(&good, "/items", json!([item])), (400, "invalid_request")),
            (with(&bare, "/items", json!([])), (400, "invalid_request")),
            (with(&bare, "/items/0/resource", Value::Null), (400, "invalid_request")),
            (with(&good, "/denial", json!("text")), (400, "invalid_request")),
            (with(&good, "/denial", Value::Null), (400, "invalid_denial_binding")),
            (with(&good, "/denial/expires_at", Value::Null), (400, "invalid_denial_binding")),
            (
                with(&good, "/denial", json!({ "expires_at": good["denial"]["expires_at"] })),
                (400, "invalid_denial_binding"),
            ),
            (no_denial, (400, "invalid_denial_binding")),
            // A denial of one thing does not cover several.
            (bundle, (400, "invalid_denial_binding")),
        ] {
            let answer = submit(&office, By::Gate, &body).await;
            assert_eq!(problem(&answer), expected, "{body}");
        }
        for (path, name) in [
            ("", "future"),
            ("/subject", "x"),
            ("/denial", "urn:x:y"),
            ("/context", "urn:example:y"),
        ] {
            let more = with(&good, &format!("{path}/{name}"), json!({ "nested": true }));
            let answer = submit(&office, By::Gate, &more).await;
            // What is inside the subject binds, even where nobody understands it.
            match path {
                "/subject" => assert_eq!(problem(&answer), (400, "invalid_denial_binding")),
                "" => assert_eq!(answer.status, 202, "{}", answer.body),
                _ => assert_eq!(problem(&answer), (400, "invalid_denial_binding"), "used before"),
            }
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_binds_may_change_go_or_appear() {
    tell(|office| async move {
        let question = with(&pay(), "/context/environment", json!("prod"));
        let question = with(&question, "/subject/properties", json!({ "department": "sales" }));
        let denial = evaluate(&office, By::Gate, &question).await;
        let good = request_of(&question, &denial);
        for (path, value) in [
            ("/subject/id", json!("erin")),
            ("/subject/type", json!("service")),
            ("/subject/properties/department", json!("it")),
            ("/subject/properties", Value::Null),
            ("/subject/properties/act", json!({ "sub": "bot" })),
            ("/resource/id", json!("acc-9")),
            ("/resource/type", json!("wallet")),
            ("/resource/properties", json!({ "owner": "dana" })),
            ("/action/properties", json!({ "fast": true })),
            ("/context/parameters/amount", json!("100.0")),
            ("/context/parameters/to", json!("acc-9")),
            ("/context/parameters/amount", json!(100)),
            ("/context/environment", Value::Null),
            ("/context/environment", json!("test")),
            ("/context/scope", json!("report:read")),
            ("/context/authorization_details", json!([])),
        ] {
            let answer = submit(&office, By::Gate, &with(&good, path, value)).await;
            assert_eq!(problem(&answer), (400, "invalid_denial_binding"), "{path}");
        }
        // The context may grow where it does not bind.
        let grown = with(&good, "/context/ticket", json!("CHG-1"));
        assert_eq!(submit(&office, By::Gate, &grown).await.status, 202);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_asked_for_than_was_evaluated() {
    tell(|office| async move {
        let both = with(&write_orders(), "/context/scope", json!("report:read prod:orders:write"));
        let wider = |scope: &str| json!({ "urn:countersign:oauth": { "scope": scope } });
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        let good = request_of(&write_orders(), &denial);
        let details =
            json!({ "urn:countersign:oauth": { "authorization_details": [{ "type": "x" }] } });
        for access in [wider("prod:orders:write report:read"), wider("report:read"), details] {
            let body = with(&good, "/requested_access", access);
            assert_eq!(
                problem(&submit(&office, By::Gate, &body).await),
                (400, "invalid_denial_binding")
            );
        }
        let denial = evaluate(&office, By::Gate, &both).await;
        let less =
            with(&request_of(&both, &denial), "/requested_access", wider("prod:orders:write"));
        let less = with(&less, "/denial/template", json!("forged"));
        let answer = submit(&office, By::Gate, &less).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        office.settle().await;
        let card = format!("{:?}", office.newest("shop-approvals"));
        assert!(card.contains("prod:orders:write") && !card.contains("report:read"), "{card}");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_denied_asks_and_nobody_else() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        let good = request_of(&write_orders(), &denial);
        let stolen = submit(&office, By::OtherGate, &good).await;
        assert_eq!(problem(&stolen), (400, "invalid_denial_binding"));
        for (member, value, expected) in [
            ("/client", json!({ "id": "shop-admin" }), (403, "forbidden_claim")),
            (
                "/client",
                json!({ "actor": { "id": "a", "act": { "sub": "b" } } }),
                (403, "forbidden_claim"),
            ),
            ("/client", json!({ "actor": { "id": "a" } }), (400, "invalid_denial_binding")),
            (
                "/callback",
                json!({ "endpoint": "https://evil.example/" }),
                (400, "invalid_callback"),
            ),
        ] {
            let answer = submit(&office, By::Gate, &with(&good, member, value)).await;
            assert_eq!(problem(&answer), expected, "{member}");
        }
        let own = with(&good, "/client", json!({ "id": "gate", "source": { "session_id": "s" } }));
        assert_eq!(submit(&office, By::Gate, &own).await.status, 202);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actor_may_stand_in_the_subject_or_beside_it() {
    tell(|office| async move {
        let act = json!({ "act": { "sub": "bot-1", "iss": "https://bots.example" } });
        let question = with(&write_orders(), "/subject/properties", act);
        let denial = evaluate(&office, By::Gate, &question).await;
        let moved = with(&request_of(&question, &denial), "/subject/properties", Value::Null);
        for (actor, expected) in [
            (Value::Null, 400),
            (json!({ "id": "bot-2", "issuer": "https://bots.example" }), 400),
            (json!({ "id": "bot-1" }), 400),
            (json!({ "id": "bot-1", "issuer": "https://bots.example", "type": "agent" }), 202),
        ] {
            let beside = if actor.is_null() { actor } else { json!({ "actor": actor }) };
            let body = with(&moved, "/client", beside);
            let answer = submit(&office, By::Gate, &body).await;
            assert_eq!(answer.status, expected, "{body} {}", answer.body);
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_alone_binds_as_well_as_the_token() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        let good = request_of(&write_orders(), &denial);
        let by_id = with(&good, "/denial/binding_token", Value::Null);
        let later = json!("2026-11-22T12:10:01Z");
        let other = evaluate(&office, By::Gate, &pay()).await;
        for (path, value) in [
            ("/subject/id", json!("erin")),
            ("/denial/expires_at", later.clone()),
            ("/denial/evaluation_id", json!("eval_AAAA")),
            ("/denial/evaluation_id", other.body["context"]["evaluation_id"].clone()),
        ] {
            for body in [&by_id, &good] {
                let answer = submit(&office, By::Gate, &with(body, path, value.clone())).await;
                assert_eq!(problem(&answer), (400, "invalid_denial_binding"), "{path}");
            }
        }
        assert_eq!(submit(&office, By::Gate, &by_id).await.status, 202);
        assert_eq!(
            problem(&submit(&office, By::Gate, &good).await),
            (400, "invalid_denial_binding")
        );
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_ours_binds_nothing() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        let good = request_of(&write_orders(), &denial);
        let token = good["denial"]["binding_token"].as_str().unwrap();
        let (head, rest) = token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiY291bnRlcnNpZ24tZGVuaWFsK2p3dCIsImtpZCI6IngifQ";
        let cut: String = claims.chars().take(claims.len() - 4).collect();
        for bad in [
            String::new(),
            "no token".to_owned(),
            format!("{none}.{claims}."),
            format!("{none}.{claims}.{signature}"),
            format!("{head}.{cut}.{signature}"),
            format!("{head}.{claims}.{}", signature.chars().rev().collect::<String>()),
        ] {
            let answer =
                submit(&office, By::Gate, &with(&good, "/denial/binding_token", json!(bad))).await;
            assert_eq!(problem(&answer), (400, "invalid_denial_binding"), "{bad}");
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_is_told_before_late_and_late_before_hopeless() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        let good = request_of(&write_orders(), &denial);
        let by_id = with(&good, "/denial/binding_token", Value::Null);
        let wrong = with(&good, "/subject/id", json!("erin"));
        // Ten minutes, and thirty seconds for clocks that differ.
        office.advance(SignedDuration::from_secs(629)).await;
        assert_eq!(
            problem(&submit(&office, By::Gate, &wrong).await),
            (400, "invalid_denial_binding")
        );
        office.advance(SignedDuration::from_secs(1)).await;
        assert_eq!(
            problem(&submit(&office, By::Gate, &wrong).await),
            (400, "invalid_denial_binding")
        );
        for late in [&good, &by_id] {
            assert_eq!(problem(&submit(&office, By::Gate, late).await), (410, "expired_denial"));
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_is_good_for_one_request_and_a_lost_answer_can_be_fetched_again() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        let good = request_of(&write_orders(), &denial);
        let answers = join_all((0..8).map(|_| submit_as(&office, By::Gate, "k-1", &good))).await;
        let id = &answers[0].body["task"]["id"];
        for answer in &answers {
            assert_eq!((answer.status, &answer.body["task"]["id"]), (202, id), "{}", answer.body);
        }
        let again = submit_as(&office, By::Gate, "k-2", &good).await;
        assert_eq!(problem(&again), (400, "invalid_denial_binding"));
        let other = with(&good, "/context/urn:countersign:justification", json!("Another"));
        let other = submit_as(&office, By::Gate, "k-1", &other).await;
        assert_eq!(problem(&other), (409, "duplicate_request"));
        // The key of somebody else is another key.
        let foreign = submit_as(&office, By::OtherGate, "k-1", &good).await;
        assert_eq!(problem(&foreign), (400, "invalid_denial_binding"));
        // Long after the denial ran out.
        office.advance(SignedDuration::from_mins(20)).await;
        let late = submit_as(&office, By::Gate, "\"k-1\"", &good).await;
        assert_eq!((late.status, &late.body["task"]["id"]), (202, id));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_requests_with_one_denial_one_is_made() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        let good = request_of(&write_orders(), &denial);
        let keys: Vec<String> = (0..8).map(|number| format!("k-{number}")).collect();
        let answers =
            join_all(keys.iter().map(|key| submit_as(&office, By::Gate, key, &good))).await;
        let made = answers.iter().filter(|answer| answer.status == 202).count();
        assert_eq!(made, 1);
        for refused in answers.iter().filter(|answer| answer.status != 202) {
            assert_eq!(problem(refused), (400, "invalid_denial_binding"));
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_which_denial_was_answered_and_granted() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &pay()).await;
        let made = submit(&office, By::Gate, &request_of(&pay(), &denial)).await;
        office.settle().await;
        office.press("fay", "payments", Verb::Approve).await.unwrap();
        let id = made.body["task"]["id"].as_str().unwrap();
        let evaluation = denial.body["context"]["evaluation_id"].as_str().unwrap();
        // What was opened is the request itself; how it ended, a leaf of the log.
        for text in [
            "select body from request where id = $1",
            "select leaf from entry where request_id = $1 and kind = 'request_decided'",
        ] {
            let store = office.store();
            let query = sqlx::query_scalar::<_, String>(text).bind(id);
            let kept = query.fetch_one(&store.read).await.unwrap();
            assert!(kept.contains(evaluation), "{kept}");
        }
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_waited_may_ask_again_at_once() {
    tell(|office| async move {
        let made = asked(&office, By::Gate, &pay()).await;
        let id = made.body["task"]["id"].as_str().unwrap();
        assert_eq!(follow(&office, By::Gate, id).await.headers["retry-after"], "5");
        let waited = follow(&office, By::Gate, &format!("{id}?wait=1")).await;
        assert_eq!(waited.body["task"]["status"], "pending");
        assert!(!waited.headers.contains_key("retry-after"));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_direct_mode_may_ask_about_its_denial_and_need_not() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Shop, &write_orders()).await;
        let body = json!({
            "subject": { "type": "user", "id": "dana" },
            "client": { "id": "shop-admin" },
            "requested_access": { "scope": "prod:orders:write" },
            "denial": {
                "expires_at": denial.body["context"]["access_request"]["expires_at"],
                "binding_token": denial.body["context"]["access_request"]["binding_token"],
            },
        });
        let other = with(&body, "/requested_access/scope", json!("report:read"));
        assert_eq!(
            problem(&submit(&office, By::Shop, &other).await),
            (400, "invalid_denial_binding")
        );
        let made = submit(&office, By::Shop, &body).await;
        assert_eq!(made.status, 202, "{}", made.body);
        assert_eq!(made.body["task"]["version"], 1);
        assert_eq!(
            problem(&submit(&office, By::Shop, &body).await),
            (400, "invalid_denial_binding")
        );
        let free = with(&body, "/denial", Value::Null);
        assert_eq!(submit(&office, By::Shop, &free).await.status, 202);
        // A request in the words of the other mode is none here.
        let strict = request_of(&write_orders(), &denial);
        assert_eq!(submit(&office, By::Shop, &strict).await.status, 400);
        assert_eq!(submit(&office, By::Gate, &body).await.status, 400);
        assert!(denial_of(&denial)["binding_token"].is_string());
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_people_and_names_nobody() {
    tell(|office| async move {
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        let body = request_of(&write_orders(), &denial);
        let rehearse = |query: &'static str, body: Value| {
            let request = call(&office, By::Gate, &format!("/access/v1/requests?{query}"));
            async move { answer(request.json(&body)).await }
        };
        let preview = rehearse("dry_run=true", body.clone()).await;
        assert_eq!(preview.status, 200, "{}", preview.body);
        let items = &preview.body["urn:countersign:preview"];
        assert_eq!(items.as_array().map(Vec::len), Some(1), "{}", preview.body);
        assert_eq!(items[0]["status"], "pending");
        assert_eq!(items[0]["needed"], json!([2, 1]));
        assert_eq!(items[0]["resource"]["id"], "shop-admin");
        for canary in ["lead", "security", "shop-approvals", "write to production", "Erin", "task"]
        {
            assert!(!preview.body.to_string().contains(canary), "{canary}: {}", preview.body);
        }

        let other = with(&body, "/resource/id", json!("another"));
        let unbound = rehearse("dry_run=true", other).await;
        assert_eq!(problem(&unbound), (400, "invalid_denial_binding"));
        for misspelt in ["dry_run=yes", "dryrun=true", "dry_run=true&dry_run=false"] {
            let refused = rehearse(misspelt, body.clone()).await;
            assert_eq!(problem(&refused), (400, "invalid_request"), "{misspelt}");
        }
        office.settle().await;
        assert_eq!(office.sandbox.messages("shop-approvals").len(), 0, "nobody was asked");
        assert_eq!(submit(&office, By::Gate, &body).await.status, 202, "the denial is not spent");
        office
    })
    .await;
}
