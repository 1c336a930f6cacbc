//! The calls of Entra ID, in its order and its spelling.

use countersign_port::card::Verb;
use serde_json::json;

use super::{Provider, status, told, waits_for_security};
use crate::office::{ENTRA_KEY, Site, demo_sources, tell_in};

#[tokio::test(flavor = "multi_thread")]
async fn entra_updates_and_disables_somebody_in_its_own_words() {
    tell_in(&told(), |office| async move {
        let entra = Provider { office: &office, key: ENTRA_KEY };
        let id = entra
            .hire(&json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
                "externalId": "olu", "userName": "olu@corp.example", "active": true,
                "meta": { "resourceType": "User" }, "roles": [],
            }))
            .await;
        let path = format!("Users/{id}");
        let found = entra.get("Users?filter=externalId+eq+%22olu%22").await;
        assert_eq!(found.body["Resources"][0]["userName"], "olu@corp.example");
        // Capitals, paths with filters of what is not there yet, and attributes that are not kept.
        let changed = entra
            .patch(&path, json!([
                { "op": "Add", "path": "emails[type eq \"work\"].value", "value": "olu@corp.example" },
                { "op": "Replace", "path": "name.givenName", "value": "Olu" },
                { "op": "Add", "value": {
                    "name.familyName": "Adeyemi",
                    "displayName": "Olu Adeyemi",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "Ops",
                } },
                { "op": "Add",
                  "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
                  "value": "someone" },
            ]))
            .await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert_eq!(changed.body["name"], json!({ "familyName": "Adeyemi", "givenName": "Olu" }));
        assert_eq!(
            changed.body["emails"],
            json!([{ "type": "work", "value": "olu@corp.example" }])
        );
        let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
        let off = entra.patch(&path, off).await;
        assert_eq!((off.status, &off.body["active"]), (200, &json!(false)));
        let on = json!([{ "op": "Replace", "path": "active", "value": "True" }]);
        assert_eq!(entra.patch(&path, on).await.body["active"], true);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entra_manages_the_members_of_a_group() {
    tell_in(&told(), |office| async move {
        let entra = Provider { office: &office, key: ENTRA_KEY };
        let user = |name: &str| json!({ "userName": name, "externalId": name, "active": true });
        let (gus, olu) = (entra.hire(&user("gus")).await, entra.hire(&user("olu")).await);
        let group = entra.group("On call", &[]).await;
        let path = format!("Groups/{group}");
        let added = json!([{ "op": "Add", "path": "members",
            "value": [{ "value": gus }, { "value": olu }] }]);
        assert_eq!(entra.patch(&path, added).await.status, 204);
        let seen = entra.get(&format!("{path}?excludedAttributes=members")).await;
        assert_eq!(seen.body["displayName"], "On call");
        assert!(seen.body.get("members").is_none());
        let left = json!([{ "op": "Remove", "path": "members", "value": [{ "value": gus }] }]);
        assert_eq!(entra.patch(&path, left).await.status, 204);
        let kept = entra.get(&path).await;
        assert_eq!(kept.body["members"].as_array().unwrap().len(), 1);
        assert_eq!(kept.body["members"][0]["value"], olu.as_str());
        let asked = format!(
            "Groups?filter=id%20eq%20%22{group}%22%20and%20members%5Bvalue%20eq%20%22{olu}%22%5D"
        );
        assert_eq!(entra.get(&asked).await.body["totalResults"], 1);
        office
    })
    .await;
}

/// The external id is the account in chat: nobody has to be written into the people file.
#[tokio::test(flavor = "multi_thread")]
async fn an_external_id_that_is_an_account_makes_a_person() {
    let by_entra = Site {
        sources: || {
            let mut sources = demo_sources();
            sources.policy.text.push_str("\ngroups:\n  security: { scim_group: Security }\n");
            let lines = sources.people.text.split_inclusive('\n');
            sources.people.text = lines.filter(|line| !line.contains("sam:")).collect();
            sources
        },
        // In the stories people click in the sandbox.
        known: |known| {
            known.providers[0].accounts = Some(("sandbox".to_owned(), "demo".to_owned()));
        },
        more: "scim: [{ id: entra, api_keys: [{ env: ENTRA_KEY }] }]".to_owned(),
        ..Site::default()
    };
    tell_in(&by_entra, |office| async move {
        let entra = Provider { office: &office, key: ENTRA_KEY };
        let sam = json!({ "userName": "sam@corp.example", "externalId": "sam",
            "displayName": "Sam Okoro", "active": true });
        let sam = entra.hire(&sam).await;
        entra.group("Security", &[&sam]).await;
        let id = waits_for_security(&office).await;
        let card = office.press("sam", "security", Verb::Approve).await.unwrap();
        let told: Vec<String> = card.progress.iter().map(|line| line.line.plain()).collect();
        assert!(told.iter().any(|line| line.contains("Sam Okoro")), "{told:?}");
        assert_eq!(status(&office, &id).await, "approved");
        office.settle().await;
        office
    })
    .await;
}
