//! What a provider, or somebody who pretends to be one, may get wrong.

use serde_json::{Value, json};

use super::{PATCH, Provider, sam, told};
use crate::office::{API_KEY, Answer, ENTRA_KEY, tell_in};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

#[track_caller]
fn assert_fault(answer: &Answer, status: u16, scim_type: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/scim+json");
    assert_eq!(answer.body["schemas"], json!([ERROR]));
    assert_eq!(answer.body["status"], status.to_string());
    assert!(!answer.body["detail"].as_str().unwrap().is_empty());
    assert_eq!(answer.body["scimType"].as_str().unwrap_or_default(), scim_type);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_provider_is_let_in_and_sees_its_own_people() {
    tell_in(&told(), |office| async move {
        let okta = Provider::okta(&office);
        let id = okta.hire(&sam()).await;
        for key in [API_KEY, "", "cs_okta_11111111111111111111111111111111111111111111"] {
            let stranger = Provider { office: &office, key };
            for path in ["Users", "ServiceProviderConfig", "nowhere"] {
                let refused = stranger.get(path).await;
                assert_fault(&refused, 401, "");
                assert!(refused.headers.contains_key("www-authenticate"));
            }
        }
        let entra = Provider { office: &office, key: ENTRA_KEY };
        assert_fault(&entra.get(&format!("Users/{id}")).await, 404, "");
        assert_eq!(entra.get("Users").await.body["totalResults"], 0);
        let off = json!([{ "op": "replace", "value": { "active": false } }]);
        assert_fault(&entra.patch(&format!("Users/{id}"), off).await, 404, "");
        let group = json!({ "displayName": "Security", "members": [{ "value": id }] });
        assert_fault(&entra.call("POST", "Groups", &group).await, 400, "invalidValue");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    tell_in(&told(), |office| async move {
        let okta = Provider::okta(&office);
        let id = okta.hire(&sam()).await;
        let path = format!("Users/{id}");
        assert_fault(&okta.call("POST", "Users", &sam()).await, 409, "uniqueness");
        for (body, scim_type) in [
            (json!({ "active": true }), "invalidValue"),
            (json!({ "userName": 7 }), "invalidValue"),
            (json!({ "userName": "x", "active": "perhaps" }), "invalidValue"),
            (json!({ "userName": "x", "emails": "x@example.com" }), "invalidValue"),
            (json!({ "userName": "x".repeat(600) }), "invalidValue"),
            (json!([]), "invalidSyntax"),
            (json!("x"), "invalidSyntax"),
        ] {
            assert_fault(&okta.call("POST", "Users", &body).await, 400, scim_type);
        }
        for (operations, scim_type) in [
            (json!([{ "op": "replace", "path": "id", "value": "x" }]), "mutability"),
            (json!([{ "op": "remove" }]), "noTarget"),
            (json!([{ "op": "turn", "path": "active" }]), "invalidSyntax"),
            (json!([{ "op": "replace", "path": "emails[", "value": "x" }]), "invalidPath"),
            (json!([{ "op": "replace", "path": "emails[type ne \"work\"].value", "value": "x" }]), "noTarget"),
            (json!([{ "op": "replace", "value": "x" }]), "invalidValue"),
            (json!([{ "op": "remove", "path": "userName" }]), "invalidValue"),
            // The first operation would be good.
            (json!([{ "op": "replace", "value": { "active": false } }, { "op": "remove" }]), "noTarget"),
        ] {
            assert_fault(&okta.patch(&path, operations).await, 400, scim_type);
        }
        let no_schema = json!({ "Operations": [] });
        assert_fault(&okta.call("PATCH", &path, &no_schema).await, 400, "invalidSyntax");
        let no_operations = json!({ "schemas": [PATCH] });
        assert_fault(&okta.call("PATCH", &path, &no_operations).await, 400, "invalidSyntax");
        for filter in ["userName", "userName%20eq", "userName%20like%20%22x%22", "(active%20eq%20true"] {
            let refused = okta.get(&format!("Users?filter={filter}")).await;
            assert_fault(&refused, 400, "invalidFilter");
        }
        assert_fault(&okta.get("Users?count=many").await, 400, "invalidValue");
        assert_fault(&okta.get("Users?attributes=name&excludedAttributes=name").await, 400, "invalidValue");
        assert_fault(&okta.call("POST", "Bulk", &json!({})).await, 501, "");
        assert_fault(&okta.get("Shoes").await, 404, "");
        assert_fault(&okta.call("DELETE", "Schemas", &Value::Null).await, 405, "");
        assert_eq!(okta.get(&path).await.body["active"], true);
        assert_eq!(okta.get("Users").await.body["totalResults"], 1);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_page_by_page() {
    tell_in(&told(), |office| async move {
        let okta = Provider::okta(&office);
        for number in 0..5 {
            okta.hire(&json!({ "userName": format!("user-{number}"), "active": number < 3 })).await;
        }
        let names = async |query: &str| {
            let page = okta.get(&format!("Users?{query}")).await;
            assert_eq!(page.status, 200, "{}", page.body);
            let all = page.body["Resources"].as_array().unwrap().clone();
            let names = all.iter().map(|one| one["userName"].as_str().unwrap().to_owned());
            (page.body["totalResults"].as_i64().unwrap(), names.collect::<Vec<_>>())
        };
        assert_eq!(
            names("startIndex=4&count=2").await,
            (5, vec!["user-3".into(), "user-4".into()])
        );
        assert_eq!(names("startIndex=-3&count=1").await, (5, vec!["user-0".into()]));
        assert_eq!(names("count=0").await, (5, vec![]));
        assert_eq!(names("startIndex=9").await, (5, vec![]));
        assert_eq!(names("filter=active+eq+false&count=1").await, (2, vec!["user-3".into()]));
        assert_eq!(
            names("filter=userName+sw+%22USER%22+and+not+(active+eq+true)&startIndex=2").await,
            (2, vec!["user-4".into()])
        );
        office
    })
    .await;
}
