//! What came to nothing and can be asked for again, and what cannot.

use jiff::Timestamp;

use super::{Bar, bar};
use crate::domain::{
    client::Mode,
    fixture,
    id::RequestId,
    ids::Handle,
    request::{AccessRequest, Delegator},
};

fn request() -> AccessRequest {
    fixture::request(1, 1)
}

#[test]
fn what_asks_again_is_the_same_but_for_its_id_and_time() {
    let old = request();
    let id = RequestId::from_handle(Handle::from_parts(9, 9));
    let new = old.again(id.clone(), Timestamp::MAX);
    assert_eq!(new.renews.as_ref(), Some(&old.id));
    let back = AccessRequest { id: old.id.clone(), opened_at: old.opened_at, renews: None, ..new };
    assert_eq!(back, old);
}

#[test]
fn only_what_rests_on_nothing_that_has_run_out_is_asked_again() {
    assert_eq!(bar(&request()), None);
    let barred = |change: fn(&mut AccessRequest)| {
        let mut request = request();
        change(&mut request);
        bar(&request)
    };
    let delegator = || Delegator { connection: "main".to_owned(), issuer: "https://kc".to_owned() };
    assert_eq!(barred(|it| it.binding.browser = true), Some(Bar::HandedOver));
    assert_eq!(barred(|it| it.binding.mode = Mode::Arap), Some(Bar::GoodOnce));
    assert_eq!(barred(|it| it.binding.evaluations = vec!["e".to_owned()]), Some(Bar::GoodOnce));
    assert_eq!(barred(|it| it.subject.groups = vec!["g".to_owned()]), Some(Bar::Claims));
    assert_eq!(barred(|it| it.subject.roles = vec!["r".to_owned()]), Some(Bar::Claims));
    let delegated = AccessRequest { delegated: Some(delegator()), ..request() };
    assert_eq!(bar(&delegated), Some(Bar::HandedOver));
}
