//! Providers tell of people and groups: who is in a group counts, who is switched off decides
//! nothing, at any replica, whatever they said before.

mod bad;
mod entra;
mod okta;
mod operate;

use countersign::domain::id::PersonId;
use countersign_port::{access::RefusalKind, card::Verb};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    credential::bank::{self, Bank},
    office::{
        API_KEY, Answer, OKTA_KEY, Office, Site, answer, client, demo_sources, tell_in, write_prod,
    },
};

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Security is a group that Okta tells of. Sam is pinned to an account there, Erin is not.
fn told() -> Site {
    Site {
        sources: || {
            let mut sources = demo_sources();
            sources.policy.text.push_str("\ngroups:\n  security: { scim_group: okta/Security }\n");
            let (from, to) = ("groups: [security], ", "scim: { tenant: okta, subject: 00u-sam }, ");
            sources.people.text = sources.people.text.replace(from, to);
            sources
        },
        more: "scim:
  - { id: okta, api_keys: [{ env: OKTA_KEY }] }
  - { id: entra, api_keys: [{ env: ENTRA_KEY }], teams_tenant: t-1 }
"
        .to_owned(),
        ..Site::default()
    }
}

/// A provider.
#[derive(Clone, Copy)]
struct Provider<'a> {
    office: &'a Office,
    key: &'a str,
}

impl<'a> Provider<'a> {
    fn okta(office: &'a Office) -> Self {
        Self { office, key: OKTA_KEY }
    }

    async fn call(self, method: &str, path: &str, body: &Value) -> Answer {
        // Each call has a time of its own.
        self.office.clock.advance(SignedDuration::from_millis(1));
        let url = format!("{}/scim/v2/{path}", self.office.url);
        let request = client().request(method.parse().unwrap(), url).bearer_auth(self.key);
        let request = request.header("content-type", "application/scim+json");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        answer(request.body(body)).await
    }

    async fn get(self, path: &str) -> Answer {
        self.call("GET", path, &Value::Null).await
    }

    /// Describes somebody, and gives their id.
    async fn hire(self, user: &Value) -> String {
        let made = self.call("POST", "Users", user).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.body["id"].as_str().unwrap().to_owned();
        let place = format!("https://countersign.example/scim/v2/Users/{id}");
        assert_eq!(made.body["meta"]["location"], place);
        assert_eq!(made.headers["location"], place);
        id
    }

    async fn group(self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name, "members": members });
        let made = self.call("POST", "Groups", &group).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body["id"].as_str().unwrap().to_owned()
    }

    async fn patch(self, path: &str, operations: Value) -> Answer {
        let body = json!({ "schemas": [PATCH], "Operations": operations });
        self.call("PATCH", path, &body).await
    }

    async fn switch(self, id: &str, active: bool) {
        let change = json!([{ "op": "replace", "value": { "active": active } }]);
        let changed = self.patch(&format!("Users/{id}"), change).await;
        assert_eq!((changed.status, &changed.body["active"]), (200, &json!(active)));
    }
}

fn sam() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "sam@example.com", "externalId": "00u-sam", "active": true,
        "name": { "givenName": "Sam", "familyName": "Okoro" },
    })
}

/// A request that waits for security alone.
async fn waits_for_security(office: &Office) -> String {
    let asked = office.ask(&write_prod()).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    office.settle().await;
    for lead in ["erin", "farid"] {
        office.press(lead, "shop-approvals", Verb::Approve).await.unwrap();
    }
    office.settle().await;
    asked.body["task"]["id"].as_str().unwrap().to_owned()
}

async fn status(office: &Office, id: &str) -> String {
    office.get(id).await.body["task"]["status"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_the_group_of_the_provider_counts_and_nobody_else() {
    tell_in(&told(), |office| async move {
        let okta = Provider::okta(&office);
        let id = waits_for_security(&office).await;
        let unknown = office.press("sam", "security", Verb::Approve).await.unwrap_err();
        assert_eq!(unknown.kind, RefusalKind::NotAPerson, "nobody has told of Sam");
        let sam = okta.hire(&sam()).await;
        let unknown = office.press("sam", "security", Verb::Approve).await.unwrap_err();
        assert_eq!(unknown.kind, RefusalKind::MembershipUnknown, "nobody has told of the group");
        // An e-mail address alone puts nobody into a group.
        let olu = okta.hire(&json!({ "userName": "olu@example.com" })).await;
        let group = okta.group("Security", &[&olu]).await;
        for who in ["sam", "olu"] {
            let outside = office.press(who, "security", Verb::Approve).await.unwrap_err();
            assert_eq!(outside.kind, RefusalKind::NotEligible, "{who}");
        }
        let joins = json!([{ "op": "add", "path": "members", "value": [{ "value": sam }] }]);
        assert_eq!(okta.patch(&format!("Groups/{group}"), joins).await.status, 204);
        office.press("sam", "security", Verb::Approve).await.unwrap();
        assert_eq!(status(&office, &id).await, "approved");
        office.settle().await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_switched_off_decides_nothing_at_any_replica() {
    tell_in(&told(), |office| async move {
        let okta = Provider::okta(&office);
        let sam = okta.hire(&sam()).await;
        okta.group("Security", &[&sam]).await;
        let replica = office.replica().await;
        let id = waits_for_security(&office).await;
        okta.switch(&sam, false).await;
        let button = office.button("security", Verb::Approve);
        let said = replica.service.law_now().await.unwrap();
        let barred: Vec<&str> = said.barred().iter().map(PersonId::as_str).collect();
        assert_eq!(barred, ["sam"]);
        let off = office.press_token("sam", &button).await.unwrap_err();
        assert_eq!(off.kind, RefusalKind::NotAPerson);
        assert_eq!(
            off.sentence,
            "Only people whose account is active can decide. Nothing was recorded."
        );
        assert_eq!(status(&office, &id).await, "pending");
        okta.switch(&sam, true).await;
        office.press("sam", "security", Verb::Approve).await.unwrap();
        assert_eq!(status(&office, &id).await, "approved");
        replica.stop().await;
        office.settle().await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_of_somebody_who_was_switched_off_since_counts_no_longer() {
    tell_in(&told(), |office| async move {
        let okta = Provider::okta(&office);
        let sam = okta.hire(&sam()).await;
        okta.group("Security", &[&sam]).await;
        // Erin is a lead by the people file, and Okta knows her by her address.
        let erin = okta.hire(&json!({ "userName": "ERIN@example.com" })).await;
        let id = waits_for_security(&office).await;
        okta.switch(&erin, false).await;
        office.press("sam", "security", Verb::Approve).await.unwrap();
        office.settle().await;
        assert_eq!(status(&office, &id).await, "pending", "one lead is missing again");
        let card = office.newest("shop-approvals");
        assert!(card.title.plain().starts_with("2 of 3 approved"), "{}", card.title.plain());
        let said: Vec<String> = card.progress.iter().map(|line| line.line.plain()).collect();
        let gone = "Erin Doyle 12:00 UTC does not count any more: is not active any more";
        assert!(said.contains(&gone.to_owned()), "{said:?}");
        let off = office.press("erin", "shop-approvals", Verb::Approve).await.unwrap_err();
        assert_eq!(off.kind, RefusalKind::NotAPerson);
        // She is switched on again, and says so again; nobody else has to.
        okta.switch(&erin, true).await;
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        assert_eq!(status(&office, &id).await, "approved");
        office.settle().await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_taken_away_does_not_come_back_by_their_address() {
    tell_in(&told(), |office| async move {
        let okta = Provider::okta(&office);
        let farid = okta.hire(&json!({ "userName": "farid@example.com" })).await;
        let gone = okta.call("DELETE", &format!("Users/{farid}"), &Value::Null).await;
        assert_eq!(gone.status, 204);
        assert_eq!(okta.get(&format!("Users/{farid}")).await.status, 404);
        let asked = office.ask(&write_prod()).await;
        assert_eq!(asked.status, 422, "one lead is too few: {}", asked.body);
        // The same person is hired again.
        okta.hire(&json!({ "userName": "farid@example.com" })).await;
        let asked = office.ask(&write_prod()).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        office.settle().await;
        office.press("farid", "shop-approvals", Verb::Approve).await.unwrap();
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_after_a_restart_and_in_the_history() {
    tell_in(&told(), |office| async move {
        let (sam_id, group) = {
            let okta = Provider::okta(&office);
            let sam = okta.hire(&sam()).await;
            let group = okta.group("Security", &[&sam]).await;
            okta.switch(&sam, false).await;
            (sam, group)
        };
        let office = office.restart().await;
        let okta = Provider::okta(&office);
        let kept = okta.get(&format!("Groups/{group}")).await;
        assert_eq!(kept.body["members"][0]["value"], sam_id.as_str());
        let changes = office.store().people_changes(10).await.unwrap();
        let told: Vec<(&str, &str)> =
            changes.iter().map(|line| (line.actor.as_str(), line.what.as_str())).collect();
        assert_eq!(
            told,
            [("okta", "user_switched_off"), ("okta", "group_created"), ("okta", "user_created")]
        );
        assert!(!format!("{changes:?}").contains("example.com"), "ids alone: {changes:?}");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_somebody_who_was_switched_off_nothing_is_asked_evaluated_or_claimed() {
    tell_in(&told(), |office| async move {
        let okta = Provider::okta(&office);
        let dana = okta.hire(&json!({ "userName": "dana@example.com" })).await;
        let bank = Bank::of(&office);
        let id = bank::approved(&office).await;
        let question = json!({
            "subject": { "type": "user", "id": "dana" },
            "action": { "name": "grant_scope" },
            "resource": { "type": "oauth_client", "id": "shop-admin" },
            "context": { "scope": "report:read" },
        });
        let may = async || {
            let url = format!("{}/access/v1/evaluation", office.url);
            let answer = answer(client().post(url).bearer_auth(API_KEY).json(&question)).await;
            answer.body["decision"].as_bool().unwrap()
        };
        assert!(may().await);
        okta.switch(&dana, false).await;
        assert!(!may().await, "nothing is granted to somebody who is gone");
        for refused in [bank.claim(&id, &json!({})).await, office.ask(&write_prod()).await] {
            let what = (refused.status, refused.problem());
            assert_eq!(what, (403, "urn:countersign:error:no_matching_rule"), "{}", refused.body);
            assert!(refused.body["detail"].as_str().unwrap().contains("is not active"));
        }
        okta.switch(&dana, true).await;
        assert!(may().await);
        assert_eq!(bank.claim(&id, &json!({})).await.status, 200);
        bank::forget_events(&office).await;
        office
    })
    .await;
}
