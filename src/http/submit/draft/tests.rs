//! What a body of the right shape may say, and where it ends.

use serde_json::json;

use super::*;
use crate::domain::{
    client::{Approvers, Mode, Requester},
    id::ClientId,
    policy::Trust,
    right::Rights,
};

const API: &str = "https://api.example/";
const HOOK: &str = "https://auth.example.com/hook";

fn client() -> Client {
    Client {
        id: ClientId::from("crm"),
        name: "CRM".to_owned(),
        scopes: ["orders:*", "funds.transfer", "payment"].map(str::to_owned).to_vec(),
        may: Rights::default(),
        callbacks: vec![HOOK.to_owned()],
        trust: Trust::Standard,
        owner: None,
        claims: Claims::Ignored,
        pending_limit: None,
        approvers: Approvers::Hidden,
        requester: Requester::Untold,
        mode: Mode::Direct,
        actors: Vec::new(),
    }
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// A good body with one member replaced.
fn with(member: &str, value: Value) -> Value {
    let mut body = json!({
        "subject": { "type": "user", "id": "dana" },
        "requested_access": { "scope": "orders:read" },
    });
    body[member] = value;
    body
}

fn taken(body: Value) -> Checked<Draft> {
    let servers = BTreeSet::from([API.to_owned()]);
    let client = client();
    let asker = Asker::alone(&client);
    draft(serde_json::from_value(body).unwrap(), asker, &servers, now())
}

fn refused(body: Value) -> String {
    match taken(body) {
        Err(
            Refusal::InvalidRequest { detail }
            | Refusal::InvalidScope { detail }
            | Refusal::InvalidCallback { detail }
            | Refusal::ForbiddenClaim { detail },
        ) => detail,
        other => panic!("not refused: {other:?}"),
    }
}

fn bundle(items: usize) -> Value {
    let item = json!({
        "action": { "name": "funds.transfer" },
        "resource": { "type": "account", "id": "1" },
    });
    json!({ "subject": { "type": "user", "id": "dana" }, "items": vec![item; items] })
}

#[test]
fn every_limit_takes_the_last_and_refuses_the_next() {
    let long = |chars: usize| "ü".repeat(chars);
    let details = |count: usize| vec![json!({ "type": "payment" }); count];
    let scopes = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("orders:{number}")).collect();
        names.join(" ")
    };
    let events = |count: usize| vec!["approved"; count];
    for (last, next, named) in [
        (
            with("binding_message", json!(long(150))),
            with("binding_message", json!(long(151))),
            "binding_message",
        ),
        (with("login_hint", json!(long(512))), with("login_hint", json!(long(513))), "login_hint"),
        (with("acr_values", json!(long(512))), with("acr_values", json!(long(513))), "acr_values"),
        (
            with("requested_expiry", json!(31_536_000)),
            with("requested_expiry", json!(31_536_001)),
            "requested_expiry",
        ),
        (
            with("requested_expiry", json!(1)),
            with("requested_expiry", json!(0)),
            "requested_expiry",
        ),
        (
            with("context", json!({ "justification": long(4000) })),
            with("context", json!({ "justification": long(4001) })),
            "context.justification",
        ),
        (
            with("subject", json!({ "type": "user", "id": long(512) })),
            with("subject", json!({ "type": "user", "id": long(513) })),
            "subject.id",
        ),
        (
            with("subject", json!({ "type": long(64), "id": "dana" })),
            with("subject", json!({ "type": long(65), "id": "dana" })),
            "subject.type",
        ),
        (
            with("client", json!({ "id": "a", "name": long(512) })),
            with("client", json!({ "id": "a", "name": long(513) })),
            "client.name",
        ),
        (
            with("requested_access", json!({ "authorization_details": details(64) })),
            with("requested_access", json!({ "authorization_details": details(65) })),
            "authorization details",
        ),
        (
            with("requested_access", json!({ "scope": scopes(256) })),
            with("requested_access", json!({ "scope": scopes(257) })),
            "scopes",
        ),
        (
            with("callback", json!({ "endpoint": HOOK, "events": events(16) })),
            with("callback", json!({ "endpoint": HOOK, "events": events(17) })),
            "callback.events",
        ),
        (bundle(20), bundle(21), "items"),
        (bundle(1), bundle(0), "items"),
    ] {
        if let Err(refusal) = taken(last) {
            panic!("{named}: {refusal:?}");
        }
        let detail = refused(next);
        assert!(detail.contains(named), "{named}: {detail}");
    }
}

#[test]
fn blank_is_not_a_name() {
    for (body, named) in [
        (with("subject", json!({ "type": "user", "id": " " })), "subject.id"),
        (with("subject", json!({ "type": "", "id": "dana" })), "subject.type"),
        (with("client", json!({ "id": "\u{3000}" })), "client.id"),
        (with("client", json!({ "id": "a", "actor": { "id": "" } })), "client.actor.id"),
    ] {
        let detail = refused(body);
        assert!(detail.starts_with(&format!("`{named}` is empty")), "{detail}");
    }
}

#[test]
fn a_client_asks_for_what_its_patterns_name_and_nothing_else() {
    let scope = |scope: &str| with("requested_access", json!({ "scope": scope }));
    let detail = |kind: &str| {
        with("requested_access", json!({ "authorization_details": [{ "type": kind }] }))
    };
    let action = |name: &str| {
        let mut body = bundle(2);
        body["items"][1]["action"]["name"] = json!(name);
        body
    };
    for good in [scope("orders:read orders:write"), detail("payment"), action("funds.transfer")] {
        taken(good).unwrap();
    }
    for (foreign, named) in [
        (scope("orders:read customers:read"), "`customers:read`"),
        (scope("Orders:read"), "`Orders:read`"),
        (scope("orders"), "`orders`"),
        (detail("payments"), "`payments`"),
        (action("funds.transfer2"), "`funds.transfer2`"),
    ] {
        let detail = refused(foreign);
        assert!(detail.contains(named) && detail.contains("`crm`"), "{detail}");
    }
}

#[test]
fn what_is_left_out_is_the_scope_of_the_client_that_asks() {
    let own = taken(with("login_hint", json!("dana"))).unwrap();
    assert_eq!((own.client.id.as_str(), own.client.name.unwrap().as_received()), ("crm", "CRM"));
    let other = taken(with("client", json!({ "id": "crm-sync" }))).unwrap();
    assert_eq!(other.client.name, None, "no name is lent to somebody else");
    for (draft_items, id) in [(own.items, "crm"), (other.items, "crm-sync")] {
        let [item] = draft_items.as_slice() else { panic!("one item") };
        assert_eq!(item.action.name, GRANT_SCOPE);
        assert_eq!((item.resource.kind.as_str(), item.resource.id.as_str()), (OAUTH_CLIENT, id));
        assert_eq!(item.requested.scopes, ["orders:read"]);
    }
}

#[test]
fn action_and_resource_come_together_or_not_at_all() {
    for member in ["action", "resource"] {
        let value = if member == "action" {
            json!({ "name": "funds.transfer" })
        } else {
            json!({ "type": "account", "id": "1" })
        };
        assert!(refused(with(member, value)).contains("both `action` and `resource`"));
    }
    let mut both = bundle(1);
    both["requested_access"] = json!({ "scope": "orders:read" });
    assert!(refused(both).contains("`items` stands instead of"));
}

#[test]
fn asking_for_nothing_is_refused_and_an_action_alone_is_something() {
    for nothing in [json!({}), json!({ "duration": 60 }), json!({ "emergency": true })] {
        assert!(refused(with("requested_access", nothing)).contains("nothing is asked for"));
    }
    let action = taken(bundle(1)).unwrap();
    assert!(action.items[0].requested.scopes.is_empty());
}

#[test]
fn access_that_would_end_before_it_begins_is_refused() {
    let until = |at: &str| {
        with("requested_access", json!({ "scope": "orders:read", "requested_until": at }))
    };
    assert!(refused(until("2026-11-22T12:00:00Z")).contains("has passed"));
    let draft = taken(until("2026-11-22T12:00:01Z")).unwrap();
    assert_eq!(draft.items[0].requested.until, Some("2026-11-22T12:00:01Z".parse().unwrap()));
}

#[test]
fn an_endpoint_is_registered_or_it_is_not_called() {
    let callback = |endpoint: &str| with("callback", json!({ "endpoint": endpoint }));
    // Another spelling of the same address is the same address.
    for good in [HOOK, "HTTPS://AUTH.example.com/hook", "https://auth.example.com:443/a/../hook"] {
        let draft = taken(callback(good)).unwrap();
        assert_eq!(draft.callback.unwrap().endpoint, HOOK, "{good}");
    }
    for bad in [
        "https://auth.example.com/hook/",
        "https://auth.example.com/hook?x=1",
        "https://auth.example.com/Hook",
        "https://auth.example.com.evil.example/hook",
        "https://auth.example.com@evil.example/hook",
        "http://auth.example.com/hook",
        "/hook",
    ] {
        assert!(refused(callback(bad)).contains("`callbacks`"), "{bad}");
    }
}

#[test]
fn an_event_has_its_whole_name_or_what_follows_access_request() {
    let events = |events: &[&str]| with("callback", json!({ "endpoint": HOOK, "events": events }));
    for event in EVENTS {
        taken(events(&[event])).unwrap();
    }
    taken(events(&["approved", "failed"])).unwrap();
    for bad in ["lapsed", "Approved", "access_request.", "access_request.revoked", ""] {
        assert!(refused(events(&[bad])).contains("`callback.events`"), "{bad}");
    }
}

#[test]
fn claims_are_taken_from_those_who_may_make_them() {
    let body = || {
        let properties = json!({ "groups": ["g"], "roles": ["r"], "email": "d@example.com" });
        with("subject", json!({ "type": "user", "id": "dana", "properties": properties }))
    };
    assert!(refused(body()).contains("`assert_claims: true`"));
    let believed = Client { claims: Claims::Believed, ..client() };
    let asker = Asker::alone(&believed);
    let draft = draft(serde_json::from_value(body()).unwrap(), asker, &BTreeSet::new(), now());
    let draft = draft.unwrap();
    assert_eq!(
        (draft.subject.groups, draft.subject.roles),
        (vec!["g".to_owned()], vec!["r".to_owned()])
    );
}

#[test]
fn what_only_the_asking_side_understands_is_kept() {
    let source = json!({ "session_id": "s", "external_url": "https://x.example/1" });
    let draft = taken(with("client", json!({ "id": "a", "source": source }))).unwrap();
    assert_eq!(Value::from(draft.client.source), source);
    let context = json!({ "ticket": 7, "parameters": { "n": 1 } });
    let draft = taken(with("context", context)).unwrap();
    assert_eq!(Value::from(draft.context.rest), json!({ "ticket": 7 }));
    assert_eq!(Value::from(draft.context.parameters), json!({ "n": 1 }));
}
