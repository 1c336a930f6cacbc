//! Colleagues who decide for those who are away.

use countersign_port::access::{Choice, DenyReason, RefusalKind};
use jiff::SignedDuration;

use crate::domain::{
    audit::Kind,
    decide::ItemState,
    fixture::{House, REQUESTER, ask, at, plan, request},
    id::{Group, PersonId, RequestId},
    outcome::Status,
    plan::{Plan, StandIns},
    stand_in::StandIn,
    vote::Lost,
};

/// Two leads of the shop, then security. Erin is away until the twentieth minute, and Gus, who is in
/// the shop, stands in for her.
fn house() -> (House, RequestId) {
    house_with(StandIns::SameGroup, &["gus"])
}

fn house_with(stand_ins: StandIns, delegates: &[&str]) -> (House, RequestId) {
    let mut house = House::new();
    let leads = plan([vec![ask("shop.lead", 2)], vec![ask("security", 1)]]);
    let request = house.open(request(1, 1), vec![Plan { stand_ins, ..leads }]);
    for (who, groups) in [
        ("erin", &["shop", "shop.lead"][..]),
        ("farid", &["shop", "shop.lead"]),
        ("gus", &["shop"]),
        ("sam", &["security"]),
        (REQUESTER, &["shop"]),
    ] {
        let groups = groups.iter().map(|group| Group::from(*group)).collect();
        house.members.groups.insert(who.into(), groups);
    }
    house.members.stand_ins = delegates
        .iter()
        .map(|delegate| StandIn {
            id: format!("s-{delegate}"),
            away: "erin".into(),
            delegate: (*delegate).into(),
            from: at(1),
            until: at(20),
        })
        .collect();
    house.now = at(1);
    (house, request)
}

/// A click on the card of the leads by somebody with the groups that they have.
fn click(
    house: &mut House,
    request: &RequestId,
    who: &str,
    choice: Choice,
) -> Result<(), RefusalKind> {
    click_in(house, request, who, "shop.lead", choice)
}

fn click_in(
    house: &mut House,
    request: &RequestId,
    who: &str,
    channel: &str,
    choice: Choice,
) -> Result<(), RefusalKind> {
    use crate::domain::access::Refused;
    match house.press(request, who, channel, choice) {
        Ok(_) => Ok(()),
        Err(Refused::Vote(kind)) => Err(kind),
        Err(other) => panic!("{other:?}"),
    }
}

fn approvers(house: &House, request: &RequestId) -> Vec<String> {
    let votes = house.view(request).votes.iter().filter(|vote| vote.struck.is_none());
    let mut names: Vec<String> = votes.map(|vote| vote.who().plain()).collect();
    names.sort();
    names
}

#[test]
fn a_colleague_decides_for_somebody_who_is_away() {
    let (mut house, request) = house();
    click(&mut house, &request, "gus", Choice::Approve).unwrap();
    click(&mut house, &request, "farid", Choice::Approve).unwrap();
    assert_eq!(approvers(&house, &request), ["farid", "gus for erin"]);
    click_in(&mut house, &request, "sam", "security", Choice::Approve).unwrap();
    let outcome = house.view(&request).outcome.clone().unwrap();
    assert_eq!(outcome.status, Status::Approved);
    let ItemState::Approved(granted) = house.view(&request).states(house.now).remove(0) else {
        panic!("not approved")
    };
    assert!(granted.by.contains(&PersonId::from("gus")) && !granted.by.contains(&"erin".into()));
    let entries = house.slice.effects.entries.iter().map(|entry| &entry.leaf);
    let cast: Vec<_> = entries.filter(|leaf| leaf.kind == Kind::VoteCast).collect();
    assert_eq!(cast[0].facts["on_behalf_of"]["person"], "erin");
    assert_eq!(cast[0].facts["on_behalf_of"]["stand_in"], "s-gus");
    assert!(!cast[1].facts.contains_key("on_behalf_of"), "Farid counts in his own right");
}

#[test]
fn the_policy_has_to_allow_it() {
    let (mut house, request) = house_with(StandIns::Forbidden, &["gus"]);
    let refused = click(&mut house, &request, "gus", Choice::Approve);
    assert_eq!(refused, Err(RefusalKind::NotEligible));
}

#[test]
fn it_holds_for_its_period_and_for_a_colleague_only() {
    let (mut house, request) = house();
    for minute in [0, 20] {
        house.now = at(minute);
        let refused = click(&mut house, &request, "gus", Choice::Approve);
        assert_eq!(refused, Err(RefusalKind::NotEligible), "minute {minute}");
    }
    house.now = at(20) - SignedDuration::from_secs(1);
    // He has left the shop.
    house.members.groups.insert("gus".into(), vec!["security".into()]);
    let refused = click(&mut house, &request, "gus", Choice::Approve);
    assert_eq!(refused, Err(RefusalKind::StepNotOpen), "security is asked later");
    house.members.groups.insert("gus".into(), vec!["shop".into()]);
    click(&mut house, &request, "gus", Choice::Approve).unwrap();
}

#[test]
fn the_requester_stands_in_for_nobody_and_nobody_for_the_requester() {
    let (mut house, request) = house_with(StandIns::SameGroup, &[REQUESTER]);
    let own = click(&mut house, &request, REQUESTER, Choice::Approve);
    assert_eq!(own, Err(RefusalKind::OwnRequest));
    let (mut house, request) = house_with(StandIns::SameGroup, &["gus"]);
    house.members.groups.insert(REQUESTER.into(), vec!["shop".into(), "shop.lead".into()]);
    house.members.stand_ins[0].away = REQUESTER.into();
    let refused = click(&mut house, &request, "gus", Choice::Approve);
    assert_eq!(refused, Err(RefusalKind::NotEligible));
}

#[test]
fn one_person_counts_once_whoever_speaks_for_them() {
    // Both stand in for her: the second has nobody left to decide for.
    let (mut house, request) = house_with(StandIns::SameGroup, &["gus", "hal"]);
    house.members.groups.insert("hal".into(), vec!["shop".into()]);
    click(&mut house, &request, "gus", Choice::Approve).unwrap();
    for who in ["hal", "gus", "erin"] {
        let refused = click(&mut house, &request, who, Choice::Approve).unwrap_err();
        let wanted =
            if who == "hal" { RefusalKind::NotEligible } else { RefusalKind::AlreadyVoted };
        assert_eq!(refused, wanted, "{who}");
    }
    assert_eq!(approvers(&house, &request), ["gus for erin"]);
    // She is spoken for, and may still say no.
    let no = Choice::Deny { reason: DenyReason::TooBroad };
    click(&mut house, &request, "erin", no).unwrap();
    assert_eq!(house.view(&request).outcome.as_ref().unwrap().status, Status::Denied);
    // The other way round: she has decided herself.
    let (mut house, request) = house_with(StandIns::SameGroup, &["gus"]);
    click(&mut house, &request, "erin", Choice::Approve).unwrap();
    let refused = click(&mut house, &request, "gus", Choice::Approve);
    assert_eq!(refused, Err(RefusalKind::NotEligible));
}

#[test]
fn it_is_never_handed_on() {
    let (mut house, request) = house();
    house.members.groups.insert("hal".into(), vec!["shop".into()]);
    house.members.stand_ins.push(StandIn {
        id: "s-hal".to_owned(),
        away: "gus".into(),
        delegate: "hal".into(),
        from: at(0),
        until: at(20),
    });
    let refused = click(&mut house, &request, "hal", Choice::Approve);
    assert_eq!(refused, Err(RefusalKind::NotEligible), "Gus himself is no lead");
}

/// Gus and Farid have approved, something happens, and the last click comes.
fn struck_by(happens: impl FnOnce(&mut House)) -> Option<Lost> {
    let (mut house, request) = house();
    click(&mut house, &request, "gus", Choice::Approve).unwrap();
    click(&mut house, &request, "farid", Choice::Approve).unwrap();
    happens(&mut house);
    click_in(&mut house, &request, "sam", "security", Choice::Approve).unwrap();
    let votes = &house.view(&request).votes;
    let gus = votes.iter().find(|vote| vote.person.as_str() == "gus").unwrap();
    assert_eq!(house.view(&request).outcome.is_none(), gus.struck.is_some());
    gus.struck.map(|struck| struck.why)
}

#[test]
fn everybody_is_looked_at_again_when_it_is_decided() {
    assert_eq!(struck_by(|_| {}), None);
    assert_eq!(struck_by(|house| house.now = at(25)), None, "it held when he said so");
    let ended = struck_by(|house| house.members.stand_ins.clear());
    assert_eq!(ended, Some(Lost::StandInEnded));
    for who in ["erin", "gus"] {
        let off = struck_by(|house| _ = house.members.barred.insert(who.into()));
        assert_eq!(off, Some(Lost::Barred), "{who}");
        let left = struck_by(|house| _ = house.members.groups.remove(&PersonId::from(who)));
        assert_eq!(left, Some(Lost::NotEligible), "{who}");
    }
    let silent = struck_by(|house| _ = house.members.answered.insert("shop.lead".into(), None));
    assert_eq!(silent, Some(Lost::MembershipUnknown));
}
