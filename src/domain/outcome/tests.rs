//! How items become an outcome.

use super::*;
use crate::domain::{
    decide::{ItemState, decide},
    fixture::{ask, at, no, plan, yes},
};

/// An item of one ask, with these votes, when half an hour is over.
fn item(votes: &[crate::domain::vote::Vote]) -> ItemState {
    decide(&plan([vec![ask("shop", 1)]]), 3, votes, at(0), at(30))
}

fn approved() -> ItemState {
    item(&[yes("erin", 0, &[0], 1)])
}

fn denied() -> ItemState {
    item(&[no(yes("erin", 0, &[0], 1))])
}

fn expired() -> ItemState {
    item(&[])
}

fn pending() -> ItemState {
    decide(&plan([vec![ask("shop", 1)]]), 3, &[], at(0), at(0))
}

#[test]
fn items_that_ended_alike_give_their_status_and_others_a_partial_one() {
    for (states, status) in [
        (vec![approved()], Status::Approved),
        (vec![denied()], Status::Denied),
        (vec![expired()], Status::Expired),
        (vec![approved(), approved()], Status::Approved),
        (vec![denied(), denied()], Status::Denied),
        (vec![approved(), denied()], Status::Partial),
        (vec![denied(), expired()], Status::Partial),
        (vec![approved(), approved(), expired()], Status::Partial),
    ] {
        let outcome = Outcome::of(&states, |_, _| true, at(30)).unwrap();
        assert_eq!((outcome.status, outcome.at), (status, at(30)), "{states:?}");
        assert_eq!(outcome.items.len(), states.len());
        assert_eq!(outcome.withdrawal, None);
    }
}

#[test]
fn while_one_item_is_open_there_is_no_outcome() {
    for states in [vec![pending()], vec![approved(), pending()], vec![pending(), denied()]] {
        assert_eq!(Outcome::of(&states, |_, _| true, at(0)), None, "{states:?}");
    }
}

#[test]
fn of_items_whose_time_ran_out_those_that_nobody_saw_have_failed() {
    let nobody = |_: usize, _: &Standing| false;
    let first = |item: usize, _: &Standing| item == 0;
    let status = |states: &[ItemState], was_asked: &dyn Fn(usize, &Standing) -> bool| {
        Outcome::of(states, was_asked, at(30)).unwrap().status
    };
    assert_eq!(status(&[expired()], &nobody), Status::Failed);
    assert_eq!(status(&[expired(), expired()], &nobody), Status::Failed);
    assert_eq!(status(&[expired(), expired()], &first), Status::Partial);
    // Somebody did see what was decided.
    assert_eq!(status(&[approved()], &nobody), Status::Approved);
    assert_eq!(status(&[denied()], &nobody), Status::Denied);
    assert_eq!(status(&[approved(), expired()], &nobody), Status::Partial);
}

#[test]
fn grants_keep_the_number_of_their_item() {
    let states = [denied(), approved(), expired(), approved()];
    let outcome = Outcome::of(&states, |item, _| item != 2, at(30)).unwrap();
    let numbers: Vec<usize> = outcome.granted().map(|(number, _)| number).collect();
    assert_eq!(numbers, [1, 3]);
    let statuses: Vec<Status> = outcome.items.iter().map(ItemOutcome::status).collect();
    assert_eq!(statuses, [Status::Denied, Status::Approved, Status::Failed, Status::Approved]);
}

#[test]
fn a_withdrawal_grants_nothing_of_any_item() {
    let withdrawal = Withdrawal { by: ClientId::from("crm"), reason: None };
    let outcome = Outcome::cancelled(3, withdrawal.clone(), at(5));
    assert_eq!((outcome.status, outcome.at), (Status::Cancelled, at(5)));
    assert_eq!(outcome.items, vec![ItemOutcome::Cancelled; 3]);
    assert_eq!(outcome.withdrawal, Some(withdrawal));
    assert_eq!(outcome.granted().count(), 0);
}

#[test]
fn what_was_decided_before_stands_where_only_the_rest_is_withdrawn() {
    let withdrawal = Withdrawal { by: ClientId::from("gate"), reason: None };
    let cut = |states: &[ItemState]| {
        let outcome = Outcome::cut_short(states, withdrawal.clone(), at(5));
        (outcome.status, outcome.items.iter().map(ItemOutcome::status).collect::<Vec<_>>())
    };
    let all = cut(&[approved(), denied(), expired()]);
    let each = vec![Status::Approved, Status::Denied, Status::Cancelled];
    assert_eq!(all, (Status::Partial, each));
    assert_eq!(cut(&[expired()]), (Status::Cancelled, vec![Status::Cancelled]));
}

/// Rows are read back for as long as the log is kept: their words are fixed.
#[test]
fn an_outcome_is_read_back_as_it_was_written() {
    let states = [approved(), denied(), expired(), expired()];
    let outcome = Outcome::of(&states, |item, _| item == 2, at(30)).unwrap();
    let text = serde_json::to_value(&outcome).unwrap();
    let words: Vec<&str> = text["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["status"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["approved", "denied", "expired", "failed"]);
    assert_eq!(text["status"], "partial");
    assert_eq!(serde_json::from_value::<Outcome>(text).unwrap(), outcome);
}

#[test]
fn every_end_has_the_word_that_it_has_on_the_wire() {
    for status in Status::ENDS.into_iter().chain([Status::Pending]) {
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
}
