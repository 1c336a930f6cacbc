//! The calls of Okta, in its order and its spelling.

use serde_json::{Value, json};

use super::{Provider, sam, told};
use crate::office::tell_in;

#[tokio::test(flavor = "multi_thread")]
async fn okta_imports_assigns_updates_and_deactivates_somebody() {
    tell_in(&told(), |office| async move {
        let okta = Provider::okta(&office);
        // Before it creates anybody, it asks whether they are there.
        let search = "Users?filter=userName%20eq%20%22SAM@example.com%22&startIndex=1&count=100";
        let none = okta.get(search).await;
        assert_eq!((none.status, &none.body["totalResults"]), (200, &json!(0)));
        assert_eq!(none.headers["content-type"], "application/scim+json");
        let id = okta.hire(&sam()).await;
        let found = okta.get(search).await;
        assert_eq!(found.body["Resources"][0]["id"], id.as_str());
        assert_eq!(found.body["Resources"][0]["name"]["familyName"], "Okoro");
        let path = format!("Users/{id}");
        // A profile that changes is sent whole, with much that is not kept.
        let mut whole = sam();
        whole["id"] = json!(id);
        whole["displayName"] = json!("Sam Okoro");
        whole["title"] = json!("Engineer");
        whole["emails"] = json!([{ "primary": true, "value": "sam@example.com", "type": "work" }]);
        whole["groups"] = json!([]);
        whole.as_object_mut().unwrap().remove("active");
        let put = okta.call("PUT", &path, &whole).await;
        assert_eq!(put.status, 200, "{}", put.body);
        assert_eq!(put.body["active"], true, "nobody is switched by a description alone");
        assert_eq!(put.body["title"], Value::Null, "what is not needed is not kept");
        let off = json!([{ "op": "replace", "value": { "active": false } }]);
        let off = okta.patch(&path, off).await;
        assert_eq!((off.status, &off.body["active"]), (200, &json!(false)));
        let put = okta.call("PUT", &path, &whole).await;
        assert_eq!(put.body["active"], false, "nor is anybody switched on again");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn okta_pushes_a_group() {
    tell_in(&told(), |office| async move {
        let okta = Provider::okta(&office);
        let sam = okta.hire(&sam()).await;
        let olu = okta.hire(&json!({ "userName": "olu", "externalId": "00u-olu" })).await;
        let group = okta.group("Ops", &[&sam]).await;
        let path = format!("Groups/{group}");
        let members = async || {
            let kept = okta.get(&path).await.body;
            let ids = kept["members"].as_array().cloned().unwrap_or_default();
            ids.iter().map(|one| one["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        // Renamed, in a patch that also holds the id.
        let renamed =
            json!([{ "op": "replace", "value": { "id": group, "displayName": "Operations" } }]);
        assert_eq!(okta.patch(&path, renamed).await.status, 204);
        let found = okta.get("Groups?filter=displayName%20eq%20%22Operations%22").await;
        assert_eq!(found.body["totalResults"], 1);
        let both = json!([
            { "op": "add", "path": "members", "value": [{ "value": olu, "display": "olu" }] },
            { "op": "remove", "path": format!("members[value eq \"{sam}\"]") },
        ]);
        assert_eq!(okta.patch(&path, both).await.status, 204);
        assert_eq!(members().await, [olu.as_str()]);
        // It sets all members anew when it has lost count.
        let all = json!([{ "op": "replace", "path": "members",
            "value": [{ "value": sam }, { "value": sam }] }]);
        assert_eq!(okta.patch(&path, all).await.status, 204);
        assert_eq!(members().await, [sam.as_str()]);
        let nobody = json!([{ "op": "replace", "path": "members", "value": [] }]);
        assert_eq!(okta.patch(&path, nobody).await.status, 204);
        assert!(members().await.is_empty());
        assert_eq!(okta.call("DELETE", &path, &Value::Null).await.status, 204);
        assert_eq!(okta.get(&path).await.status, 404);
        office
    })
    .await;
}
