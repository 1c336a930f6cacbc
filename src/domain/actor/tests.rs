//! Who may be named as one that acts, link by link.

use super::*;

fn chain(ids: &[(&str, Option<&str>)]) -> Actor {
    let link = |act: Option<Box<Actor>>, (id, issuer): &(&str, Option<&str>)| {
        Some(Box::new(Actor { id: (*id).to_owned(), issuer: issuer.map(str::to_owned), act }))
    };
    *ids.iter().rev().fold(None, link).unwrap()
}

fn known(id: &str, issuer: Option<&str>) -> Registered {
    Registered { id: id.to_owned(), issuer: issuer.map(str::to_owned) }
}

#[test]
fn every_link_must_be_registered_with_its_issuer() {
    let registered = [known("agent-*", Some("https://a.example")), known("desk", None)];
    let a = Some("https://a.example");
    for (ids, unproven) in [
        (&[("agent-1", a), ("agent-2", a), ("desk", None)][..], None),
        (&[("agent-1", a), ("stranger", a), ("desk", None)], Some("stranger")),
        (&[("agent-1", a), ("agent-2", None)], Some("agent-2")),
        (&[("desk", a)], Some("desk")),
        (&[("desk", None)], None),
    ] {
        let chain = chain(ids);
        assert_eq!(chain.unproven(&registered).map(|one| one.id.as_str()), unproven, "{ids:?}");
    }
}

#[test]
fn where_nobody_is_registered_one_may_be_named_and_no_chain() {
    assert_eq!(chain(&[("bot", None)]).unproven(&[]), None);
    let two = chain(&[("bot", None), ("desk", None)]);
    assert_eq!(two.unproven(&[]).map(|one| one.id.as_str()), Some("bot"));
}

#[test]
fn one_alone_is_written_as_it_always_was() {
    let alone = serde_json::to_string(&chain(&[("bot", None)])).unwrap();
    assert_eq!(alone, r#"{"id":"bot"}"#);
    let two = chain(&[("bot", None), ("desk", Some("https://a.example"))]);
    let written = serde_json::to_string(&two).unwrap();
    assert_eq!(serde_json::from_str::<Actor>(&written).unwrap(), two);
}
