//! Where the policy wants a reason, a denial says so: its schema takes what the service takes, and
//! refuses what the service refuses.

use countersign::law::Sources;
use countersign_sandbox::demo;
use serde_json::{Value, json};

use super::{
    judge,
    pep::{
        ASK, By, asked, denial_of, evaluate, follow, pay, problem, read_reports, request_of,
        submit, verdict, with, write_orders,
    },
};
use crate::office::{Office, answer, client, sources, tell, write_prod};

const WHY: &str = "/context/urn:countersign:justification";

/// The company wants to know why, whatever is asked for but payments.
fn reasons() -> Sources {
    let more = "guardrails:\n  - { name: say why to security, if: { scope: \"*\" }, justification: required }\n";
    let policy = demo::POLICY.replacen("guardrails:\n", more, 1);
    sources(&policy, demo::CATALOGUE, demo::PEOPLE)
}

/// The schema that a denial names, as its client gets it.
async fn schema_of(office: &Office, by: By, denial: &Value) -> Value {
    let asking = &denial["context"]["access_request"];
    let url = asking["request_schema_url"].as_str().unwrap();
    let template = asking["template"].as_str().unwrap();
    assert_eq!(url, format!("https://countersign.example/access/v1/schemas/{template}"));
    let own = url.replacen("https://countersign.example", &office.url, 1);
    let schema = answer(client().get(&own).bearer_auth(by.key())).await;
    assert_eq!(schema.status, 200, "{}", schema.body);
    assert_eq!(schema.headers["content-type"], "application/schema+json");
    assert_eq!(schema.body["$id"], url);
    assert_eq!(schema.body["$schema"], "https://json-schema.org/draft/2020-12/schema");
    schema.body
}

async fn requests(office: &Office) -> i64 {
    let count = sqlx::query_scalar("select count(*) from request");
    count.fetch_one(&office.store().read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_takes_what_is_taken_and_refuses_what_is_refused() {
    tell(|office| async move {
        let office = office.restart_under(reasons).await;
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        assert_eq!(verdict(&denial), ASK);
        let schema = schema_of(&office, By::Gate, &denial.body).await;
        let good = request_of(&write_orders(), &denial);
        let without = with(&good, WHY, Value::Null);
        for bad in [
            without.clone(),
            with(&good, WHY, json!(" \n")),
            with(&without, "/context/justification", json!("in other words")),
            with(&without, "/context/business_justification", json!("")),
        ] {
            assert!(!judge::takes(&schema, &bad), "{bad}");
            let refused = submit(&office, By::Gate, &bad).await;
            assert_eq!(problem(&refused), (422, "justification_required"), "{bad}");
        }
        assert!(!judge::takes(&schema, &with(&good, "/denial/expires_at", Value::Null)));
        assert!(!judge::takes(&schema, &with(&good, WHY, json!("x".repeat(4001)))));
        assert_eq!(requests(&office).await, 0);

        // The denial is not spent by what was refused.
        assert!(judge::takes(&schema, &good));
        let other = with(&without, "/context/business_justification", json!("Quarterly export"));
        assert!(judge::takes(&schema, &other));
        let taken = submit(&office, By::Gate, &other).await;
        assert_eq!(taken.status, 202, "{}", taken.body);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_bundle_the_schema_wants_one_reason_and_a_denial_for_each() {
    tell(|office| async move {
        let office = office.restart_under(reasons).await;
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        let schema = schema_of(&office, By::Gate, &denial.body).await;
        let whole = request_of(&write_orders(), &denial);
        let item = json!({
            "resource": whole["resource"], "action": whole["action"], "denial": denial_of(&denial),
        });
        let mut bundle = json!({ "subject": whole["subject"], "context": whole["context"] });
        bundle["items"] = json!([item]);
        assert!(judge::takes(&schema, &bundle));
        assert!(!judge::takes(&schema, &with(&bundle, "/items/0/denial", Value::Null)));
        assert!(!judge::takes(&schema, &with(&bundle, WHY, Value::Null)));
        let taken = submit(&office, By::Gate, &bundle).await;
        assert_eq!(taken.status, 202, "{}", taken.body);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_direct_mode_has_a_schema_in_its_own_words() {
    tell(|office| async move {
        let office = office.restart_under(reasons).await;
        let denial = evaluate(&office, By::Shop, &write_orders()).await;
        assert_eq!(verdict(&denial), ASK);
        let schema = schema_of(&office, By::Shop, &denial.body).await;
        let good = write_prod();
        assert!(judge::takes(&schema, &good));
        for bad in [
            with(&good, "/context/justification", Value::Null),
            with(&good, "/context/justification", json!("\t")),
            with(&good, "/context", Value::Null),
        ] {
            assert!(!judge::takes(&schema, &bad), "{bad}");
            let refused = office.ask(&bad).await;
            assert_eq!(problem(&refused), (422, "justification_required"), "{bad}");
            let previewed = office.ask(&with(&bad, "/dry_run", json!(true))).await;
            assert_eq!(problem(&previewed), (422, "justification_required"), "{bad}");
        }
        assert_eq!(requests(&office).await, 0);
        assert_eq!(office.ask(&good).await.status, 202);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_nobody_but_a_reason_is_granted_with_it() {
    tell(|office| async move {
        let office = office.restart_under(reasons).await;
        let denial = evaluate(&office, By::Gate, &read_reports()).await;
        assert_eq!(verdict(&denial), ASK);
        let made = submit(&office, By::Gate, &request_of(&read_reports(), &denial)).await;
        assert_eq!((made.status, &made.body["task"]["status"]), (201, &json!("approved")));
        let task = follow(&office, By::Gate, made.body["task"]["id"].as_str().unwrap()).await;
        let approval = task.body["result"]["approval"].clone();
        let question = with(&read_reports(), "/context/approval", approval);
        assert!(evaluate(&office, By::Gate, &question).await.body["decision"].as_bool().unwrap());
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_is_for_clients_and_tells_nothing_of_the_law() {
    tell(|office| async move {
        let plain = evaluate(&office, By::Gate, &write_orders()).await;
        let asking = &plain.body["context"]["access_request"];
        assert_eq!(asking.get("request_schema_url"), None, "nothing more is wanted");
        assert_eq!(asking.get("template"), None);

        let office = office.restart_under(reasons).await;
        let paying = evaluate(&office, By::Gate, &pay()).await;
        assert_eq!(paying.body["context"]["access_request"].get("template"), None);
        let denial = evaluate(&office, By::Gate, &write_orders()).await;
        let schema = schema_of(&office, By::Gate, &denial.body).await;
        for canary in ["say why to security", "security", "lead", "shop", "production", "orders"] {
            assert!(!schema.to_string().contains(canary), "{canary}: {schema}");
            assert!(!denial.body["context"]["access_request"].to_string().contains(canary));
        }
        let template = denial.body["context"]["access_request"]["template"].as_str().unwrap();
        let url = format!("{}/access/v1/schemas/{template}", office.url);
        assert_eq!(answer(client().get(&url)).await.status, 401);
        let other = answer(client().get(format!("{url}0")).bearer_auth(By::Gate.key())).await;
        assert_eq!(other.status, 404);

        // Whatever a template says, nothing is steered by it.
        let forged = with(&asked_with(&denial), "/denial/template", json!("none"));
        assert_eq!(submit(&office, By::Gate, &forged).await.status, 202);
        assert_eq!(asked(&office, By::OtherGate, &pay()).await.status, 202);
        office
    })
    .await;
}

fn asked_with(denial: &crate::office::Answer) -> Value {
    request_of(&write_orders(), denial)
}
