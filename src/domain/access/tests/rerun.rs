//! A command that is run again over what it has written: whoever heard no end of the first run is
//! answered as if there had been one, and nothing is written twice.

use super::*;
use crate::domain::request::CredentialWish;

const MINE: Seed = Seed([200; 32]);

/// Runs a command, and once more because nobody heard that it was written.
fn twice(house: &mut House, act: Act) -> [Reply; 2] {
    let command = Command { seed: MINE, act };
    let first = apply(&mut house.slice, command.clone(), house.now);
    written(house);
    house.slice.is_rerun = true;
    let second = apply(&mut house.slice, command, house.now + SignedDuration::from_secs(10));
    house.slice.is_rerun = false;
    [first, second]
}

#[track_caller]
fn assert_same(house: &mut House, replies: [Reply; 2]) -> View {
    let [first, second] = replies.map(Result::unwrap);
    assert_eq!(first.request.id, second.request.id);
    assert_eq!(first.version, second.version);
    let effects = written(house);
    assert!(effects.opened.is_empty() && effects.entries.is_empty(), "{effects:?}");
    assert!(effects.outcomes.is_empty() && effects.credentials.is_empty(), "{effects:?}");
    second
}

#[test]
fn a_request_that_was_opened_is_not_opened_again() {
    let mut house = House::new();
    let open = Open::new(request(1, 1), vec![one()], None, Some(1));
    let replies = twice(&mut house, Act::Open(Box::new(open)));
    assert_same(&mut house, replies);
}

#[test]
fn a_denial_that_a_request_was_opened_with_is_not_spent_for_that_request() {
    let mut house = House::new();
    let open = |number: u128| {
        let mut open = Open::new(request(number, 1), vec![one()], None, None);
        let once = Once { what: Proof::Denial, until: at(60) };
        open.once.insert("denial/1".to_owned(), once);
        Act::Open(Box::new(open))
    };
    let replies = twice(&mut house, open(1));
    assert_same(&mut house, replies);
    assert_eq!(house.act(open(2)).unwrap_err(), Refused::Spent(Proof::Denial));
}

#[test]
fn a_credential_that_was_claimed_is_given_to_who_claimed_it() {
    let mut house = House::new();
    let sid = Some("s-1".to_owned());
    let wish = CredentialWish { aud: "bank".to_owned(), cnf: None, sid, ttl_seconds: None };
    let request = AccessRequest { credential: Some(wish), ..request(1, 1) };
    let id = house.open(request, vec![plan([])]);
    let claim = || Act::Claim(Claim { request: id.clone(), client: client(), ath: None });
    let replies = twice(&mut house, claim());
    assert_eq!(assert_same(&mut house, replies).credentials.len(), 1);
    let other = house.act(claim()).unwrap_err();
    assert!(matches!(other, Refused::Claim(Unclaimable::OneIsAlive(_))), "{other:?}");
}

#[test]
fn a_request_that_was_withdrawn_is_withdrawn_for_who_withdrew_it() {
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![one()]);
    let cancel = |reason: &str| {
        let reason = Some(reason.to_owned());
        Act::Cancel(Cancel { request: id.clone(), client: client(), reason })
    };
    let replies = twice(&mut house, cancel("not needed"));
    assert_same(&mut house, replies);
    let [later, again] = twice(&mut house, cancel("another reason"));
    assert_eq!(later.unwrap_err(), Refused::Over(Status::Cancelled));
    assert_eq!(again.unwrap_err(), Refused::Over(Status::Cancelled));
    assert_eq!(house.act(cancel("not needed")).unwrap_err(), Refused::Over(Status::Cancelled));
}
