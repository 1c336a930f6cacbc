//! Where an item stands, case by case. The laws that hold for all cases are in `domain/laws.rs`.

use super::*;
use crate::domain::{
    fixture::{ask, at, less, no, people, plan, yes},
    plan::Ask,
};

const PARTS: usize = 3;

fn stand(steps: Vec<Vec<Ask>>, votes: &[Vote], minute: i64) -> ItemState {
    decide(&plan(steps), PARTS, votes, at(0), at(minute))
}

fn pending(step: usize, opened: i64, filled: &[u32]) -> ItemState {
    ItemState::Pending(Standing { step, opened_at: at(opened), filled: filled.to_vec() })
}

fn granted(state: ItemState) -> Granted {
    let ItemState::Approved(granted) = state else { panic!("not approved: {state:?}") };
    granted
}

/// First two shop leads, then one of security.
fn two_then_one() -> Vec<Vec<Ask>> {
    vec![vec![ask("shop", 2)], vec![ask("security", 1)]]
}

#[test]
fn an_item_stands_at_the_first_step_that_is_not_full() {
    let erin = || yes("erin", 0, &[0], 1);
    let farid = || yes("farid", 0, &[0], 4);
    let sam = || yes("sam", 1, &[0], 6);
    for (votes, state) in [
        (vec![], pending(0, 0, &[0])),
        (vec![erin()], pending(0, 0, &[1])),
        (vec![erin(), farid()], pending(1, 4, &[0])),
        // The step opened with the last vote, in whatever order the rows come.
        (vec![farid(), erin()], pending(1, 4, &[0])),
        // A vote for a step that is not open yet fills nothing before it.
        (vec![erin(), sam()], pending(0, 0, &[1])),
    ] {
        assert_eq!(stand(two_then_one(), &votes, 10), state, "{votes:?}");
    }
}

#[test]
fn a_plan_without_steps_is_approved_at_once_and_by_nobody() {
    let granted = granted(stand(Vec::new(), &[], 0));
    assert_eq!((granted.at, granted.by), (at(0), Vec::new()));
    assert_eq!(granted.parts, (0..PARTS).collect());
}

#[test]
fn it_is_approved_when_the_last_vote_was_cast_and_not_when_somebody_looks() {
    let votes = [yes("sam", 1, &[0], 9), yes("farid", 0, &[0], 4), yes("erin", 0, &[0], 1)];
    for minute in [9, 10, 29, 30, 10_000] {
        let granted = granted(stand(two_then_one(), &votes, minute));
        assert_eq!(granted.at, at(9));
        assert_eq!(granted.by, people(&["erin", "farid", "sam"]), "in the order of voting");
    }
}

#[test]
fn the_last_instant_before_the_deadline_counts_and_the_deadline_does_not() {
    let one = vec![vec![ask("shop", 1)]];
    let expired = ItemState::Expired(Standing { step: 0, opened_at: at(0), filled: vec![0] });
    assert_eq!(stand(one.clone(), &[], 29), pending(0, 0, &[0]));
    assert_eq!(stand(one.clone(), &[], 30), expired);
    assert_eq!(stand(one.clone(), &[yes("erin", 0, &[0], 30)], 31), expired);
    assert!(matches!(stand(one, &[yes("erin", 0, &[0], 29)], 31), ItemState::Approved(_)));
}

#[test]
fn an_expired_item_says_how_far_it_had_come() {
    let votes = [yes("erin", 0, &[0], 1), yes("farid", 0, &[0], 4)];
    let standing = Standing { step: 1, opened_at: at(4), filled: vec![0] };
    assert_eq!(stand(two_then_one(), &votes, 30), ItemState::Expired(standing));
}

#[test]
fn votes_that_cannot_count_fill_nothing() {
    let one = vec![vec![ask("shop", 1)]];
    for (why, vote) in [
        ("the requester", yes("dana", 0, &[0], 1)),
        ("for no ask", yes("erin", 0, &[], 1)),
        ("for an ask that there is not", yes("erin", 0, &[1], 1)),
        ("for one that is and one that is not", yes("erin", 0, &[0, 1], 1)),
        ("for a step that there is not", yes("erin", 1, &[0], 1)),
        ("too late", yes("erin", 0, &[0], 30)),
    ] {
        assert_eq!(
            stand(one.clone(), std::slice::from_ref(&vote), 10),
            pending(0, 0, &[0]),
            "{why}"
        );
        assert_eq!(stand(one.clone(), &[no(vote)], 10), pending(0, 0, &[0]), "a no: {why}");
    }
}

#[test]
fn the_first_no_is_the_one_that_is_told() {
    let farid = no(yes("farid", 0, &[0], 4));
    let erin = no(yes("erin", 0, &[0], 2));
    let also = no(yes("adam", 0, &[0], 2));
    for votes in [vec![farid.clone(), erin.clone()], vec![erin.clone(), farid.clone()]] {
        let ItemState::Denied(denial) = stand(two_then_one(), &votes, 10) else { panic!() };
        assert_eq!((denial.at, denial.by.as_str()), (at(2), "erin"));
    }
    // In the same instant the name decides, so that every replica tells the same.
    let ItemState::Denied(denial) = stand(two_then_one(), &[erin, farid, also], 10) else {
        panic!()
    };
    assert_eq!(denial.by.as_str(), "adam");
}

#[test]
fn one_no_outweighs_every_yes_even_of_a_step_before() {
    let votes = [yes("erin", 0, &[0], 1), yes("farid", 0, &[0], 2), no(yes("sam", 1, &[0], 3))];
    assert!(matches!(stand(two_then_one(), &votes, 40), ItemState::Denied(_)));
}

#[test]
fn asks_side_by_side_need_different_people() {
    let both = vec![vec![ask("finance", 1), ask("on-call", 1)]];
    let fay = yes("fay", 0, &[0, 1], 1);
    let state = stand(both.clone(), std::slice::from_ref(&fay), 10);
    let ItemState::Pending(standing) = state else { panic!() };
    assert_eq!(standing.filled.iter().sum::<u32>(), 1, "{standing:?}");
    // Fay steps aside for somebody who is in one group only, whichever that is.
    for other in [&[0], &[1]] {
        let votes = [fay.clone(), yes("olu", 0, other, 2)];
        assert!(matches!(stand(both.clone(), &votes, 10), ItemState::Approved(_)), "{other:?}");
    }
}

#[test]
fn what_holds_is_what_all_of_them_granted() {
    let votes = |first: Vote, second: Vote| vec![first, second];
    let two = || vec![vec![ask("shop", 2)]];
    let erin = || yes("erin", 0, &[0], 1);
    let farid = || yes("farid", 0, &[0], 2);
    for (cast, parts, seconds) in [
        (votes(erin(), farid()), vec![0, 1, 2], 3600),
        (votes(less(erin(), &[0, 1], None), farid()), vec![0, 1], 3600),
        (votes(less(erin(), &[0, 1], None), less(farid(), &[1, 2], None)), vec![1], 3600),
        (votes(less(erin(), &[0, 1, 2], Some(900)), farid()), vec![0, 1, 2], 900),
        (votes(less(erin(), &[0], Some(900)), less(farid(), &[0], Some(60))), vec![0], 60),
        // Nobody can grant more time than the plan.
        (votes(less(erin(), &[0], Some(99_999)), farid()), vec![0], 3600),
    ] {
        let granted = granted(stand(two(), &cast, 10));
        assert_eq!(granted.parts.into_iter().collect::<Vec<_>>(), parts, "{cast:?}");
        assert_eq!(granted.valid_for_seconds, seconds, "{cast:?}");
    }
}

#[test]
fn only_what_is_pending_can_still_change() {
    assert!(!stand(two_then_one(), &[], 0).is_final());
    assert!(stand(two_then_one(), &[], 30).is_final());
    assert!(stand(Vec::new(), &[], 0).is_final());
    assert!(stand(two_then_one(), &[no(yes("erin", 0, &[0], 1))], 2).is_final());
}
