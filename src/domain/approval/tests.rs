//! The life of an approval, instant by instant.

use jiff::SignedDuration;

use super::*;
use crate::domain::{
    decide::{ItemState, decide},
    fixture::{ask, at, less, no, plan, request, yes},
    ids::Handle,
    vote::Vote,
};

/// One plan that waits ten minutes and lives an hour, decided in the first minute.
fn decided(votes: &[Vec<Vote>]) -> (Vec<Plan>, Outcome) {
    let plans = vec![plan([vec![ask("shop", 1)]]); votes.len()];
    let states: Vec<ItemState> =
        plans.iter().zip(votes).map(|(plan, votes)| decide(plan, 3, votes, at(0), at(1))).collect();
    let outcome = Outcome::of(&states, |_, _| true, at(1)).unwrap();
    (plans, outcome)
}

fn approval_of(request: &AccessRequest, plans: &[Plan], outcome: &Outcome) -> Option<Approval> {
    Approval::of(ApprovalId::from_handle(Handle::from_parts(1, 1)), request, plans, outcome)
}

fn erin() -> Vote {
    yes("erin", 0, &[0], 1)
}

fn live() -> Approval {
    let (plans, outcome) = decided(&[vec![erin()]]);
    approval_of(&request(1, 1), &plans, &outcome).unwrap()
}

#[test]
fn it_waits_as_long_and_lives_as_long_as_the_plan_says() {
    let approval = live();
    assert_eq!(approval.status, ApprovalStatus::Live);
    assert_eq!((approval.approved_at, approval.use_by), (at(1), at(11)));
    assert_eq!(approval.approved_until, at(61));
    assert_eq!(approval.taken_up_at, None);
}

#[test]
fn nothing_granted_is_no_approval() {
    let (plans, outcome) = decided(&[vec![no(erin())]]);
    assert_eq!(approval_of(&request(1, 1), &plans, &outcome), None);
}

#[test]
fn of_a_bundle_the_shortest_life_and_patience_of_what_was_granted_hold() {
    let short = less(erin(), &[0], Some(300));
    let (mut plans, outcome) = decided(&[vec![erin()], vec![short], vec![no(erin())]]);
    plans[0].use_within_seconds = 60;
    // What was not granted shortens nothing.
    plans[2].use_within_seconds = 1;
    let approval = approval_of(&request(1, 3), &plans, &outcome).unwrap();
    assert_eq!(approval.approved_until, at(6));
    assert_eq!(approval.use_by, at(2));
}

#[test]
fn it_ends_no_later_than_was_wished_for() {
    let (plans, outcome) = decided(&[vec![erin()]]);
    for (wished, until, use_by) in [(at(5), at(5), at(5)), (at(30), at(30), at(11))] {
        let mut request = request(1, 1);
        request.items[0].requested.until = Some(wished);
        let approval = approval_of(&request, &plans, &outcome).unwrap();
        assert_eq!((approval.approved_until, approval.use_by), (until, use_by));
    }
    let mut request = request(1, 1);
    request.items[0].requested.until = Some(at(1000));
    assert_eq!(approval_of(&request, &plans, &outcome).unwrap().approved_until, at(61));
}

#[test]
fn it_is_taken_up_once_and_in_time() {
    let mut approval = live();
    let before = approval.clone();
    assert!(!approval.take_up(at(11)), "too late");
    assert_eq!(approval, before);
    assert!(approval.take_up(at(11) - SignedDuration::from_micros(1)));
    let taken_up = approval.taken_up_at;
    assert!(!approval.take_up(at(5)), "already");
    assert_eq!(approval.taken_up_at, taken_up);
}

#[test]
fn it_lapses_when_it_was_not_taken_up_and_otherwise_at_its_end() {
    let mut waiting = live();
    assert_eq!(waiting.lapses_at(), Some(at(11)));
    assert!(!waiting.lapse(at(10)));
    assert!(waiting.lapse(at(11)), "the instant itself is over");
    assert_eq!(waiting.status, ApprovalStatus::Lapsed);

    let mut taken_up = live();
    taken_up.take_up(at(5));
    assert_eq!(taken_up.lapses_at(), Some(at(61)));
    assert!(!taken_up.lapse(at(60)));
    assert!(taken_up.lapse(at(61)));
}

#[test]
fn what_is_over_stays_over() {
    for status in [ApprovalStatus::Used, ApprovalStatus::Lapsed, ApprovalStatus::Revoked] {
        let mut approval = Approval { status, ..live() };
        assert_eq!(approval.lapses_at(), None);
        assert!(!approval.take_up(at(2)) && !approval.lapse(at(100)), "{status:?}");
        assert_eq!((approval.status, approval.taken_up_at), (status, None));
    }
}

#[test]
fn a_life_that_is_too_long_ends_with_time_itself() {
    assert_eq!(later(at(0), 90), at(0) + SignedDuration::from_secs(90));
    assert_eq!(later(at(0), i64::MAX), Timestamp::MAX);
}
