//! Filters, patches and projections as tables.

use serde_json::{Map, Value, json};

use super::{
    Fault, FaultKind,
    filter::Filter,
    patch,
    projection::Projection,
    resource::{Kind, Resource, State},
};

fn dana() -> Value {
    json!({
        "id": "Ab", "userName": "Dana@Example.com", "externalId": "X1", "active": true,
        "name": { "familyName": "Novak" },
        "emails": [{ "value": "dana@example.com", "type": "work", "primary": true },
                   { "value": "d@home.example", "type": "home" }],
    })
}

#[test]
fn filters_find_what_they_describe() {
    let dana = dana();
    for (filter, expected) in [
        (r#"userName eq "dana@example.com""#, true),
        (r#"USERNAME Eq "dana@EXAMPLE.com""#, true),
        (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "dana@example.com""#, true),
        ("urn:other:1.0:User:userName pr", false),
        (r#"externalId eq "x1""#, false),
        (r#"externalId eq "X1""#, true),
        (r#"id eq "ab""#, false),
        (r#"name.familyName sw "nov""#, true),
        (r#"emails eq "d@home.example""#, true),
        (r#"emails.type eq "home""#, true),
        (r#"emails[type eq "home" and value co "@home"]"#, true),
        (r#"emails[type eq "home" and value co "dana"]"#, false),
        (r#"active eq true and not (userName ew ".org")"#, true),
        (r#"active eq "true""#, false),
        ("title pr or userName pr", true),
        ("title pr and userName pr or active eq true", true),
        (r#"userName ne "dana@example.com""#, false),
        (r#"title ne "x""#, true),
        (r#"userName gt "a" and userName lt "z" and userName ge "dana" and userName le "e""#, true),
        ("active gt true", false),
        (r#"userName eq "\u0044ana@Example.com""#, true),
    ] {
        assert_eq!(Filter::parse(filter).unwrap().matches(&dana), expected, "{filter}");
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    let long = format!("userName eq \"{}\"", "x".repeat(1000));
    for bad in [
        "",
        "userName",
        "userName eq",
        "userName eq x y",
        "eq eq eq eq",
        "not userName pr",
        "(userName pr",
        "userName pr)",
        "emails[type pr",
        "userName eq \"x",
        "userName = \"x\"",
        "userName pr and",
        &long,
    ] {
        let fault = Filter::parse(bad).unwrap_err();
        assert_eq!(fault.kind, FaultKind::InvalidFilter, "{bad}");
    }
}

fn patched(operations: &Value) -> Result<Map<String, Value>, Fault> {
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    let mut document = dana().as_object().unwrap().clone();
    patch::apply(&mut document, &json!({ "schemas": schemas, "Operations": operations }))?;
    Ok(document)
}

#[test]
fn patches_change_what_they_name_and_nothing_else() {
    for (operation, pointer, expected) in [
        (json!({ "op": "Replace", "path": "Active", "value": "False" }), "/active", json!("False")),
        (
            json!({ "op": "add", "path": "name.givenName", "value": "D" }),
            "/name",
            json!({ "familyName": "Novak", "givenName": "D" }),
        ),
        (
            json!({ "op": "replace", "path": "name", "value": { "givenName": "D" } }),
            "/name",
            json!({ "familyName": "Novak", "givenName": "D" }),
        ),
        (json!({ "op": "remove", "path": "name.familyName" }), "/name", json!({})),
        (json!({ "op": "replace", "path": "title", "value": null }), "/title", Value::Null),
        (
            json!({ "op": "remove", "path": "emails[type eq \"work\"]" }),
            "/emails",
            json!([{ "value": "d@home.example", "type": "home" }]),
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"home\"].value", "value": "n@x" }),
            "/emails/1",
            json!({ "value": "n@x", "type": "home" }),
        ),
        (
            json!({ "op": "add", "path": "emails[type eq \"other\"].value", "value": "o@x" }),
            "/emails/2",
            json!({ "value": "o@x", "type": "other" }),
        ),
        (
            json!({ "op": "add", "path": "emails", "value": { "value": "d@home.example" } }),
            "/emails/2",
            Value::Null,
        ),
        (json!({ "op": "remove", "path": "emails" }), "/emails", json!([])),
        (
            json!({ "op": "remove", "path": "emails[type eq \"work\"].primary" }),
            "/emails/0",
            json!({ "value": "dana@example.com", "type": "work" }),
        ),
        (
            json!({ "op": "replace", "value": { "id": "other", "externalId": "X2" } }),
            "/id",
            json!("Ab"),
        ),
    ] {
        let document = Value::Object(patched(&json!([operation])).unwrap());
        let found = document.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(found, expected, "{operation}");
    }
}

#[test]
fn members_come_and_go_in_every_spelling() {
    let group = json!({ "displayName": "Ops", "members": [{ "value": "a" }, { "value": "b" }] });
    let group = Resource::parse(Kind::Group, &group).unwrap();
    for (operation, expected) in [
        (
            json!({ "op": "add", "path": "members", "value": [{ "value": "c" }, { "value": "a" }] }),
            "abc",
        ),
        (json!({ "op": "Add", "value": { "members": [{ "value": "c" }] } }), "abc"),
        (json!({ "op": "remove", "path": "members[value eq \"a\"]" }), "b"),
        (json!({ "op": "Remove", "path": "members", "value": [{ "value": "a" }] }), "b"),
        (json!({ "op": "remove", "path": "members[value eq \"x\"]" }), "ab"),
        (json!({ "op": "remove", "path": "members" }), ""),
        (json!({ "op": "replace", "path": "members", "value": [{ "value": "c" }] }), "c"),
    ] {
        let mut document = group.document();
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        let body = json!({ "schemas": schemas, "Operations": [operation] });
        patch::apply(&mut document, &body).unwrap();
        let left = Resource::parse(Kind::Group, &Value::Object(document)).unwrap();
        assert_eq!(left.members.concat(), expected, "{operation}");
    }
}

#[test]
fn nobody_of_whom_it_is_not_said_is_active() {
    let state = |body: Value| Resource::parse(Kind::User, &body).unwrap().state();
    assert_eq!(state(json!({ "userName": "d", "active": "TRUE" })), State::Active);
    assert_eq!(state(json!({ "userName": "d", "active": false })), State::Inactive);
    assert_eq!(state(json!({ "userName": "d" })), State::Inactive);
}

#[test]
fn only_what_is_wanted_is_given_back() {
    let dana = dana().as_object().unwrap().clone();
    let names = |attributes: Option<&str>, excluded: Option<&str>| {
        let projection = Projection::of(attributes, excluded).unwrap();
        projection.apply(&dana).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(names(Some("username, active"), None), ["active", "id", "userName"]);
    assert_eq!(names(Some("title"), None), ["id"]);
    assert_eq!(
        names(None, Some("emails,id,urn:ietf:params:scim:schemas:core:2.0:User:name")),
        ["active", "externalId", "id", "userName"]
    );
    let part = Projection::of(Some("emails.value"), None).unwrap().apply(&dana);
    assert_eq!(
        part["emails"],
        json!([{ "value": "dana@example.com" }, { "value": "d@home.example" }])
    );
    let part = Projection::of(None, Some("name.familyName")).unwrap().apply(&dana);
    assert_eq!(part["name"], json!({}));
    assert!(Projection::of(Some("a"), Some("b")).is_err());
}
