//! For whom a review waits, and what is said to those whose word is not taken.

use countersign_port::access::Choice;

use super::*;
use crate::domain::{
    fixture::{House, ask, plan, request},
    id::Group,
    people::People,
    plan::{self, Plan},
};

const PEOPLE: &str = "
people:
  erin:  { name: Erin Doyle, groups: [shop.lead] }
  doyle: { name: Erin Doyle, groups: [shop] }
  sam:   { name: Sam Okoro, groups: [security, shop.lead] }
  okoro: { name: Sam Okoro, groups: [shop.lead] }
";

/// A yes of Sam's, which the leads of the shop review.
fn granted() -> House {
    let terms = plan::Review { by: Group::from("shop.lead"), channel: None, within_seconds: 3600 };
    let plan = Plan { review: Some(terms), ..plan([vec![ask("security", 1)]]) };
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![plan]);
    house.click(&id, "sam", "security", Choice::Approve).unwrap();
    house
}

fn scene<'a>(house: &'a House, people: &'a People) -> Scene<'a> {
    let view = &house.slice.requests.values().next().unwrap().view;
    Scene { view, item: 0, people, now: house.now }
}

#[test]
fn a_review_waits_for_people_not_for_their_names() {
    let (house, people) = (granted(), People::parse(PEOPLE).unwrap());
    let scene = scene(&house, &people);
    let waits = |id: &&str| waits_for(scene, &PersonId::from(*id));
    let all: Vec<&str> = ["doyle", "erin", "okoro", "sam"].into_iter().filter(waits).collect();
    assert_eq!(all, ["erin", "okoro"]);
}

#[test]
fn whoever_is_linked_too_weakly_is_told_how_to_mend_it_and_who_else_can() {
    let (house, people) = (granted(), People::parse(PEOPLE).unwrap());
    let scene = scene(&house, &people);
    let says =
        |id: &str| refused(scene, RefusalKind::LinkTooWeak, Some(&PersonId::from(id))).sentence;
    let said = says("erin");
    assert!(said.starts_with("This wants accounts that somebody has declared"), "{said}");
    assert!(said.ends_with("Sam Okoro can decide meanwhile."), "{said}");
    assert!(says("okoro").ends_with("Erin Doyle can decide meanwhile."));
}
