//! Agents that act for one another: a chain is taken where the client is registered for every link of
//! it, it binds as a whole, and whoever decides reads it.

use countersign_port::card::Verb;
use serde_json::{Value, json};

use super::pep::{
    ASK, By, NEVER, YES, evaluate, follow, pay, problem, request_of, submit, verdict, with,
};
use crate::office::{AUDITOR_KEY, Office, Site, answer, client, tell, tell_in, write_prod};

const AGENTS: &str = "https://agents.example";
const ACT: &str = "/subject/properties/act";

/// The gate may name two kinds of agents and the concierge.
fn registered() -> Site {
    let edit = |text: &str| {
        let actors = "\n    actors: [{ id: \"worker-*\", issuer: https://agents.example }, \
                      { id: planner, issuer: https://agents.example }, { id: concierge }]\n  - { id: other";
        let edited = text.replace("\n  - { id: other", actors);
        assert_ne!(edited, text);
        edited
    };
    Site { edit, ..Site::default() }
}

/// A worker that a planner has sent, which a concierge has asked.
fn chain() -> Value {
    json!({ "sub": "worker-7", "iss": AGENTS, "sub_profile": "ai_agent", "act": {
        "sub": "planner", "iss": AGENTS, "act": { "sub": "concierge", "sub_profile": "service" } } })
}

/// The same, as it stands beside the subject.
fn beside() -> Value {
    json!({ "id": "worker-7", "issuer": AGENTS, "type": "ai_agent", "act": {
        "sub": "planner", "iss": AGENTS, "act": { "sub": "concierge" } } })
}

async fn requests(office: &Office) -> i64 {
    let count = sqlx::query_scalar("select count(*) from request");
    count.fetch_one(&office.store().read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_with_a_link_that_is_not_proven_is_refused() {
    tell_in(&registered(), |office| async move {
        let question = with(&pay(), "/subject/properties", json!({ "act": chain() }));
        let denial = evaluate(&office, By::Gate, &question).await;
        assert_eq!(verdict(&denial), ASK);
        let good = with(&request_of(&question, &denial), "/client", json!({ "actor": beside() }));
        for (path, value, expected) in [
            ("/act/sub", json!("stranger"), (403, "forbidden_claim")),
            ("/act/iss", json!("https://other.example"), (403, "forbidden_claim")),
            ("/act/iss", Value::Null, (403, "forbidden_claim")),
            ("/act/act/iss", json!(AGENTS), (403, "forbidden_claim")),
            ("/id", json!("stranger"), (403, "forbidden_claim")),
            // All of them are registered, and it is another chain.
            ("/act/act", Value::Null, (400, "invalid_denial_binding")),
            ("/act", Value::Null, (400, "invalid_denial_binding")),
            ("/act", json!({ "sub": "concierge" }), (400, "invalid_denial_binding")),
            ("/id", json!("worker-8"), (400, "invalid_denial_binding")),
            ("/act", json!("planner"), (400, "invalid_request")),
            ("/act/sub", json!(7), (400, "invalid_request")),
            ("/act/sub", json!(" "), (400, "invalid_request")),
        ] {
            let answer =
                submit(&office, By::Gate, &with(&good, &format!("/client/actor{path}"), value))
                    .await;
            assert_eq!(problem(&answer), expected, "{path}: {}", answer.body);
        }
        let stranger = with(&question, &format!("{ACT}/act/sub"), json!("stranger"));
        assert_eq!(verdict(&evaluate(&office, By::Gate, &stranger).await), NEVER);
        // Nobody is registered for the other gate.
        assert_eq!(verdict(&evaluate(&office, By::OtherGate, &question).await), NEVER);
        assert_eq!(requests(&office).await, 0);
        assert_eq!(submit(&office, By::Gate, &good).await.status, 202);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_decides_reads_the_whole_chain_and_it_is_granted_to_that_chain() {
    tell_in(&registered(), |office| async move {
        let question = with(&pay(), "/subject/properties", json!({ "act": chain() }));
        let denial = evaluate(&office, By::Gate, &question).await;
        let made = submit(&office, By::Gate, &request_of(&question, &denial)).await;
        assert_eq!(made.status, 202, "{}", made.body);
        office.settle().await;
        let card = office.newest("payments");
        let fact = card.facts.iter().find(|fact| fact.label == "Through").unwrap();
        assert_eq!(fact.value.plain(), "worker-7, sent by planner, sent by concierge");
        office.press("fay", "payments", Verb::Approve).await.unwrap();
        let id = made.body["task"]["id"].as_str().unwrap();
        let task = follow(&office, By::Gate, id).await;
        let approval = task.body["result"]["approval"].clone();
        let again = with(&question, "/context/approval", approval);
        assert_eq!(verdict(&evaluate(&office, By::Gate, &again).await), YES);
        for (path, value) in [
            ("/act/act", Value::Null),
            ("/act/sub", json!("worker-1")),
            ("/act", json!({ "sub": "concierge" })),
            ("/sub", json!("worker-8")),
        ] {
            let other = with(&again, &format!("{ACT}{path}"), value);
            let answer = evaluate(&office, By::Gate, &other).await;
            assert_eq!(verdict(&answer).1, "approval_unverifiable", "{path}");
        }
        let log = opened(&office, id).await;
        let actor = &log["request"]["client"]["actor"];
        assert_eq!(actor["act"]["act"]["id"], "concierge", "{log}");
        office
    })
    .await;
}

/// What the log has of the opening of a request, as auditors read it.
async fn opened(office: &Office, id: &str) -> Value {
    let url = format!("{}/audit/v1/entries?request_id={id}&kind=request_opened", office.url);
    let mut log = answer(client().get(url).bearer_auth(AUDITOR_KEY)).await.body;
    log["items"][0]["payload"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_registration_one_actor_is_noted_and_a_chain_refused() {
    tell(|office| async move {
        let named = |actor: Value| json!({ "id": "shop-admin", "actor": actor });
        let two = json!({ "id": "worker-7", "act": { "sub": "planner" } });
        let refused = office.ask(&with(&write_prod(), "/client", named(two))).await;
        assert_eq!(problem(&refused), (403, "forbidden_claim"));
        let link = |act: Value, number: u32| json!({ "sub": format!("a{number}"), "act": act });
        let long = (0..8).fold(json!({ "sub": "last" }), link);
        let long = json!({ "id": "worker-7", "act": long });
        let refused = office.ask(&with(&write_prod(), "/client", named(long))).await;
        assert_eq!(problem(&refused), (400, "invalid_request"));
        assert_eq!(requests(&office).await, 0);
        let one = office.ask(&with(&write_prod(), "/client", named(json!({ "id": "bot" })))).await;
        assert_eq!(one.status, 202, "{}", one.body);
        office.settle().await;
        let card = office.newest("shop-approvals");
        assert!(card.facts.iter().any(|fact| fact.label == "Through"));
        office
    })
    .await;
}
