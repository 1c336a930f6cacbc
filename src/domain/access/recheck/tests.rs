//! People leave between their click and the last one.

use countersign_port::access::Choice;
use jiff::SignedDuration;

use crate::domain::{
    audit::Kind,
    card::{Scene, card},
    decide::ItemState,
    fixture::{House, ask, channel, escalating, plan, request},
    id::{Group, PersonId, RequestId},
    outcome::Status,
    people::People,
    plan::{Ask, Plan, Risk},
    vote::Lost,
};

/// Two of the shop have approved, and security is asked.
fn waits_for_security(shop: Ask) -> (House, RequestId) {
    let mut house = House::new();
    let plan = plan([vec![shop], vec![ask("security", 1)]]);
    let request = house.open(request(1, 1), vec![plan]);
    for who in ["erin", "farid"] {
        house.click(&request, who, "shop", Choice::Approve).unwrap();
    }
    (house, request)
}

fn leaves(house: &mut House, who: &str, group: &str) {
    house.members.groups.get_mut(&who.into()).unwrap().retain(|one| one.as_str() != group);
}

fn lost(house: &House, request: &RequestId) -> Vec<(String, Option<Lost>)> {
    let votes = house.view(request).votes.iter();
    let mut lost: Vec<_> =
        votes.map(|vote| (vote.person.to_string(), vote.struck.map(|one| one.why))).collect();
    lost.sort_by(|one, other| one.0.cmp(&other.0));
    lost
}

fn struck(house: &House) -> usize {
    let entries = house.slice.effects.entries.iter();
    entries.filter(|entry| entry.leaf.kind == Kind::VoteStruck).count()
}

fn progress(house: &House, request: &RequestId) -> Vec<String> {
    let people = People::default();
    let scene = Scene { view: house.view(request), item: 0, people: &people, now: house.now };
    card(scene).progress.iter().map(|line| line.line.plain()).collect()
}

#[test]
fn who_lost_the_group_does_not_count_and_the_card_says_so() {
    let (mut house, request) = waits_for_security(ask("shop", 2));
    leaves(&mut house, "farid", "shop");
    let view = house.click(&request, "sam", "security", Choice::Approve).unwrap();
    assert!(view.outcome.is_none());
    assert_eq!(struck(&house), 1);
    let said = progress(&house, &request);
    assert!(
        said.contains(
            &"farid 12:00 UTC does not count any more: is not in the group any more".to_owned()
        ),
        "{said:?}"
    );
    // Somebody else of the shop is enough: nobody who still counts clicks again.
    let view = house.click(&request, "gus", "shop", Choice::Approve).unwrap();
    assert_eq!(view.outcome.unwrap().status, Status::Approved);
    let ItemState::Approved(granted) = house.view(&request).states(house.now).remove(0) else {
        panic!("not approved")
    };
    let by: Vec<&str> = granted.by.iter().map(PersonId::as_str).collect();
    assert_eq!(by, ["erin", "gus", "sam"]);
}

#[test]
fn who_is_in_the_group_again_may_approve_again() {
    let (mut house, request) = waits_for_security(ask("shop", 2));
    leaves(&mut house, "farid", "shop");
    house.click(&request, "sam", "security", Choice::Approve).unwrap();
    let view = house.click(&request, "farid", "shop", Choice::Approve).unwrap();
    assert_eq!(view.outcome.unwrap().status, Status::Approved);
    assert_eq!(view.votes.len(), 3);
}

#[test]
fn nobody_who_is_gone_counts_nor_anybody_of_whom_nobody_can_tell() {
    let (mut house, request) = waits_for_security(ask("shop", 2));
    house.members.groups.remove(&"erin".into());
    house.click(&request, "sam", "security", Choice::Approve).unwrap();
    assert_eq!(lost(&house, &request)[0], ("erin".to_owned(), Some(Lost::NotEligible)));

    let (mut house, request) = waits_for_security(ask("shop", 2));
    house.members.answered.insert(Group::from("shop"), None);
    house.click(&request, "sam", "security", Choice::Approve).unwrap();
    let unknown = Some(Lost::MembershipUnknown);
    assert_eq!(
        lost(&house, &request),
        [("erin".to_owned(), unknown), ("farid".to_owned(), unknown), ("sam".to_owned(), None)]
    );
}

#[test]
fn who_is_switched_off_does_not_count_whatever_group_they_are_in() {
    let (mut house, request) = waits_for_security(ask("shop", 2));
    house.members.barred.insert("farid".into());
    let view = house.click(&request, "sam", "security", Choice::Approve).unwrap();
    assert!(view.outcome.is_none());
    assert_eq!(lost(&house, &request)[1], ("farid".to_owned(), Some(Lost::Barred)));
    let said = progress(&house, &request);
    let line = "farid 12:00 UTC does not count any more: is not active any more";
    assert!(said.contains(&line.to_owned()), "{said:?}");
}

#[test]
fn an_answer_grows_old_between_the_click_and_the_decision() {
    let mut house = House::new();
    let plan = plan([vec![ask("shop", 1)], vec![ask("security", 1)]]);
    let request = house.open(request(1, 1), vec![Plan { risk: Risk::High, ..plan }]);
    house.members.answered.insert(Group::from("shop"), Some(house.now));
    house.click(&request, "erin", "shop", Choice::Approve).unwrap();
    house.now += SignedDuration::from_mins(6);
    let view = house.click(&request, "sam", "security", Choice::Approve).unwrap();
    assert!(view.outcome.is_none());
    assert_eq!(lost(&house, &request)[0], ("erin".to_owned(), Some(Lost::MembershipUnknown)));
}

#[test]
fn whoever_was_asked_before_it_was_handed_over_still_counts() {
    let (mut house, request) = waits_for_security(escalating(ask("shop", 2), "platform"));
    house.now += SignedDuration::from_mins(20);
    let view = house.click(&request, "sam", "security", Choice::Approve).unwrap();
    assert_eq!(view.outcome.unwrap().status, Status::Approved);
    assert_eq!(struck(&house), 0);
}

#[test]
fn what_somebody_cut_off_stays_cut_off() {
    let mut house = House::new();
    let plan = plan([vec![ask("shop", 2)], vec![ask("security", 1)]]);
    let request = house.open(request(1, 1), vec![plan]);
    let less = Choice::ApproveLess { scopes: vec![0], valid_for_seconds: Some(600) };
    house.click(&request, "erin", "shop", less).unwrap();
    house.click(&request, "farid", "shop", Choice::Approve).unwrap();
    leaves(&mut house, "erin", "shop");
    house.click(&request, "sam", "security", Choice::Approve).unwrap();
    // Erin comes back and approves what the card shows: that is all that Farid and Sam have seen.
    house.click(&request, "erin", "shop", Choice::Approve).unwrap();
    let ItemState::Approved(granted) = house.view(&request).states(house.now).remove(0) else {
        panic!("not approved")
    };
    assert_eq!((granted.parts.len(), granted.valid_for_seconds), (1, 600));
}

#[test]
fn who_counts_for_one_ask_of_two_is_moved_not_struck() {
    let mut house = House::new();
    let mut plan = plan([vec![ask("shop", 1), ask("senior", 1)]]);
    for ask in &mut plan.steps[0].asks {
        ask.channel = channel("shop");
    }
    let request = house.open(request(1, 1), vec![plan]);
    house.members.groups.insert("erin".into(), vec!["shop".into(), "senior".into()]);
    house.click(&request, "erin", "shop", Choice::Approve).unwrap();
    leaves(&mut house, "erin", "senior");
    // Both are of the shop now, and nobody is senior.
    let view = house.click(&request, "gus", "shop", Choice::Approve).unwrap();
    assert!(view.outcome.is_none());
}
