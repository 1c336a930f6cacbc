//! The use-cases one by one: what they answer, what they write, and what they leave alone.

use countersign_port::access::{Choice, DenyReason, Loss, RefusalKind};
use jiff::SignedDuration;

use super::*;
use crate::domain::{
    access::{
        effects::{Effects, End},
        open::KeyUse,
    },
    approval::ApprovalStatus,
    audit::Kind,
    fixture::{CLIENT, House, PLATFORM, REQUESTER, ask, at, escalating, plan, request},
    id::EventId,
    plan::{Ask, Handover, Plan},
    request::{AccessRequest, Callback},
};

mod rerun;

fn client() -> ClientId {
    ClientId::from(CLIENT)
}

fn deny() -> Choice {
    Choice::Deny { reason: DenyReason::NotNeededNow }
}

fn less(scopes: &[usize]) -> Choice {
    Choice::ApproveLess { scopes: scopes.to_vec(), valid_for_seconds: None }
}

/// Two of the shop, then one of security.
fn two_then_one() -> Plan {
    plan([vec![ask("shop", 2)], vec![ask("security", 1)]])
}

fn one() -> Plan {
    plan([vec![ask("shop", 1)]])
}

fn called_back(number: u128, items: usize, events: &[&str]) -> AccessRequest {
    let callback = Callback {
        endpoint: "https://auth.example/hook".to_owned(),
        state: None,
        events: events.iter().map(|&event| event.to_owned()).collect(),
    };
    AccessRequest { callback: Some(callback), ..request(number, items) }
}

fn kinds(effects: &Effects) -> Vec<Kind> {
    effects.entries.iter().map(|entry| entry.leaf.kind).collect()
}

fn events(effects: &Effects) -> Vec<(i64, String)> {
    let body = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let kind = |text: &str| body(text)["type"].as_str().unwrap().to_owned();
    effects.callbacks.iter().map(|one| (one.sequence, kind(&one.body))).collect()
}

/// What was written since the last time.
fn written(house: &mut House) -> Effects {
    std::mem::take(&mut house.slice.effects)
}

fn keyed(number: u128, body: &str) -> Act {
    let key = KeyUse { key: "k".to_owned(), body_sha256: body.to_owned() };
    Act::Open(Box::new(Open::new(request(number, 1), vec![one()], Some(key), None)))
}

#[test]
fn opening_writes_the_request_its_entry_and_a_card_for_each_channel_that_is_asked() {
    let mut house = House::new();
    let plan = plan([vec![escalating(ask("shop", 2), "platform")], vec![ask("security", 1)]]);
    let id = house.open(request(1, 1), vec![plan]);
    let effects = written(&mut house);
    let opened: Vec<_> = effects.opened.iter().map(|(opened, _)| opened).collect();
    assert_eq!(opened, [&id]);
    assert_eq!(kinds(&effects), [Kind::RequestOpened]);
    assert_eq!(house.cards(&id), [(0, "shop")], "nobody else is asked yet");
    assert!(effects.outcomes.is_empty() && effects.callbacks.is_empty());
    let touch = &effects.touches[&id];
    assert_eq!((touch.version, touch.seq), (1, 1));
    assert_eq!(touch.next_at, Some(at(10)), "the escalation comes first");
    assert_eq!(effects.cards[0].want, 1);
}

#[test]
fn what_the_policy_approves_has_ended_when_it_is_opened() {
    let mut house = House::new();
    let id = house.open(called_back(1, 1, &[]), vec![plan([])]);
    let effects = written(&mut house);
    assert_eq!(kinds(&effects), [Kind::RequestOpened, Kind::RequestDecided]);
    assert_eq!(effects.outcomes[&id].status, Status::Approved);
    assert_eq!(effects.touches[&id].settled_at, Some(at(0)));
    assert_eq!(effects.touches[&id].next_at, Some(at(10)), "it lapses unless it is taken up");
    assert_eq!(events(&effects), [(1, "access_request.approved".to_owned())]);
    assert!(house.cards(&id).is_empty());
}

#[test]
fn a_key_gives_its_request_again_and_refuses_another_body() {
    let mut house = House::new();
    let first = house.act(keyed(1, "aa")).unwrap();
    written(&mut house);
    let again = house.act(keyed(2, "aa")).unwrap();
    assert_eq!(again.request.id, first.request.id);
    assert_eq!(house.act(keyed(3, "bb")).unwrap_err(), Refused::KeyReused);
    let effects = written(&mut house);
    assert!(effects.opened.is_empty() && effects.entries.is_empty() && effects.keys.is_empty());
}

#[test]
fn of_two_uses_of_a_key_in_one_batch_the_first_makes_the_request() {
    let mut house = House::new();
    let first = house.act(keyed(1, "aa")).unwrap();
    let second = house.act(keyed(2, "aa")).unwrap();
    assert_eq!(first.request.id, second.request.id);
    assert_eq!(written(&mut house).keys.len(), 1);
}

#[test]
fn a_client_may_have_only_so_many_pending() {
    let mut house = House::new();
    let open = |number: u128| {
        Act::Open(Box::new(Open::new(request(number, 1), vec![one()], None, Some(2))))
    };
    // One is pending already; what is opened in the same batch counts as well.
    house.slice.pending.insert(client(), 1);
    assert!(house.act(open(1)).is_ok());
    assert_eq!(house.act(open(2)).unwrap_err(), Refused::TooManyPending { limit: 2 });
    assert_eq!(written(&mut house).opened.len(), 1);
}

#[test]
fn clicks_that_do_not_count_are_logged_and_change_nothing_else() {
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![two_then_one()]);
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    for (person, channel, choice, why) in [
        (REQUESTER, "shop", Choice::Approve, RefusalKind::OwnRequest),
        (REQUESTER, "shop", deny(), RefusalKind::OwnRequest),
        ("erin", "shop", Choice::Approve, RefusalKind::AlreadyVoted),
        ("erin", "shop", less(&[0]), RefusalKind::AlreadyVoted),
        ("sam", "security", Choice::Approve, RefusalKind::StepNotOpen),
        ("gus", "kitchen", Choice::Approve, RefusalKind::NotEligible),
        ("farid", "shop", less(&[]), RefusalKind::NothingLeft),
        ("farid", "shop", less(&[3]), RefusalKind::Incomplete),
    ] {
        let before = house.view(&id).clone();
        written(&mut house);
        let refused = house.click(&id, person, channel, choice.clone()).unwrap_err();
        assert_eq!(refused, Refused::Vote(why), "{person} {choice:?}");
        let effects = written(&mut house);
        assert_eq!(kinds(&effects), [Kind::VoteRefused], "{person} {choice:?}");
        assert!(effects.votes.is_empty() && effects.redraws.is_empty());
        let after = house.view(&id);
        assert_eq!((after.version, &after.votes), (before.version, &before.votes));
    }
}

#[test]
fn a_yes_may_still_become_a_no_and_a_no_ends_it() {
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![two_then_one()]);
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    house.click(&id, "farid", "shop", Choice::Approve).unwrap();
    assert_eq!(house.cards(&id), [(0, "security"), (0, "shop")]);
    // The step of the shop is over, and still its people may say no where they voted.
    house.click(&id, "erin", "shop", deny()).unwrap();
    let view = house.view(&id);
    assert_eq!(view.outcome.as_ref().unwrap().status, Status::Denied);
    assert_eq!(view.votes.len(), 2, "one vote a person");
    let late = house.click(&id, "sam", "security", Choice::Approve).unwrap_err();
    assert_eq!(late, Refused::Vote(RefusalKind::Over));
    let log = kinds(&house.slice.effects);
    let cast = log.iter().filter(|kind| **kind == Kind::VoteCast).count();
    assert_eq!(cast, 3, "the log keeps the changed mind");
}

#[test]
fn entries_are_numbered_without_a_gap() {
    let mut house = House::new();
    let id = house.open(called_back(1, 1, &[]), vec![two_then_one()]);
    let _ = house.click(&id, REQUESTER, "shop", Choice::Approve);
    for (person, channel) in [("erin", "shop"), ("farid", "shop"), ("sam", "security")] {
        house.click(&id, person, channel, Choice::Approve).unwrap();
    }
    let entries = &house.slice.effects.entries;
    let numbers: Vec<i64> = entries.iter().map(|entry| entry.leaf.seq).collect();
    assert_eq!(numbers, (1..=6).collect::<Vec<i64>>());
    let mut ids: Vec<&str> = entries.iter().map(|entry| entry.leaf.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), entries.len());
}

#[test]
fn an_item_of_a_bundle_keeps_its_result_while_others_are_open() {
    let mut house = House::new();
    let id = house.open(request(1, 2), vec![one(), one()]);
    house.click_item(&id, 0, "erin", "shop", Choice::Approve).unwrap();
    assert!(house.view(&id).outcome.is_none());
    let again = house.click_item(&id, 0, "farid", "shop", deny()).unwrap_err();
    assert_eq!(again, Refused::Vote(RefusalKind::Over));
    house.click_item(&id, 1, "farid", "shop", deny()).unwrap();
    let outcome = house.view(&id).outcome.clone().unwrap();
    assert_eq!(outcome.status, Status::Partial);
    let granted: Vec<usize> = outcome.granted().map(|(item, _)| item).collect();
    assert_eq!(granted, [0]);
}

#[test]
fn only_the_client_that_asked_may_withdraw() {
    let mut house = House::new();
    let id = house.open(called_back(1, 1, &[]), vec![one()]);
    let cancel = |client: ClientId| {
        Act::Cancel(Cancel { request: id.clone(), client, reason: Some("done".to_owned()) })
    };
    assert_eq!(house.act(cancel(ClientId::from("erp"))).unwrap_err(), Refused::Unknown);
    let view = house.act(cancel(client())).unwrap();
    assert_eq!(view.outcome.unwrap().status, Status::Cancelled);
    assert_eq!(house.act(cancel(client())).unwrap_err(), Refused::Over(Status::Cancelled));
    assert_eq!(events(&house.slice.effects), [(1, "access_request.cancelled".to_owned())]);
}

#[test]
fn a_withdrawal_does_not_undo_that_time_ran_out() {
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![one()]);
    house.posted(&id);
    house.now = at(30);
    let cancel = Cancel { request: id.clone(), client: client(), reason: None };
    assert_eq!(house.act(Act::Cancel(cancel)).unwrap_err(), Refused::Over(Status::Expired));
    assert_eq!(house.view(&id).outcome.as_ref().unwrap().status, Status::Expired);
}

#[test]
fn an_end_that_is_found_when_cards_are_taken_back_is_drawn_like_any_other() {
    let mut house = House::new();
    let id = house.open(called_back(1, 1, &[]), vec![plan([vec![ask("shop", 1), ask("ops", 1)]])]);
    house.posted(&id);
    let lost = |address: &str| {
        Act::Withdraw(Withdraw {
            request: id.clone(),
            platform: PLATFORM.to_owned(),
            address: address.to_owned(),
            why: Loss::Shared,
        })
    };
    written(&mut house);
    assert_eq!(house.act(lost("ops")).unwrap().version, 1, "the other card says what it said");
    assert!(written(&mut house).redraws.is_empty());
    // Time has run out, and the timers are late.
    house.now = at(30);
    let view = house.act(lost("shop")).unwrap();
    assert!(view.outcome.is_some());
    assert_eq!(view.version, 2);
    let effects = written(&mut house);
    assert_eq!(effects.redraws.get(&id), Some(&2));
    assert_eq!(effects.touches[&id].version, 2);
}

#[test]
fn an_ask_that_waited_long_enough_escalates_once() {
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![plan([vec![escalating(ask("shop", 1), "platform")]])]);
    written(&mut house);
    let early = house.click(&id, "pat", "platform", Choice::Approve).unwrap_err();
    assert_eq!(early, Refused::Vote(RefusalKind::NotEligible), "its people may not act yet");
    written(&mut house);
    house.now = at(10) - SignedDuration::from_micros(1);
    house.tick(&id);
    assert!(written(&mut house).entries.is_empty());
    house.now = at(10);
    house.tick(&id);
    let effects = written(&mut house);
    assert_eq!(kinds(&effects), [Kind::Escalated]);
    assert_eq!(effects.touches[&id].next_at, Some(at(30)));
    assert_eq!(house.cards(&id), [(0, "platform"), (0, "shop")]);
    house.now = at(11);
    house.tick(&id);
    assert!(written(&mut house).entries.is_empty(), "run twice, it does nothing");
    house.click(&id, "pat", "platform", Choice::Approve).unwrap();
    assert_eq!(house.view(&id).outcome.as_ref().unwrap().status, Status::Approved);
}

#[test]
fn a_click_that_does_not_count_keeps_what_has_come_due() {
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![plan([vec![escalating(ask("shop", 1), "platform")]])]);
    // The timers are late, and a stranger clicks first.
    house.now = at(10);
    house.click(&id, "mallory", "security", Choice::Approve).unwrap_err();
    written(&mut house);
    house.now = at(11);
    house.tick(&id);
    assert_eq!(kinds(&written(&mut house)), [Kind::Escalated]);
    assert_eq!(house.cards(&id), [(0, "platform"), (0, "shop")]);
}

#[test]
fn an_escalation_can_take_the_ask_away_from_those_who_had_it() {
    let mut house = House::new();
    let mut handed_over = escalating(ask("shop", 2), "platform");
    handed_over.escalate.as_mut().unwrap().handover = Handover::Instead;
    let id = house.open(request(1, 1), vec![plan([vec![handed_over]])]);
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    house.now = at(10);
    house.tick(&id);
    let late = house.click(&id, "farid", "shop", Choice::Approve).unwrap_err();
    assert_eq!(late, Refused::Vote(RefusalKind::NotEligible), "it is theirs no more");
    // Who counted before still counts.
    house.click(&id, "pat", "platform", Choice::Approve).unwrap();
    assert_eq!(house.view(&id).outcome.as_ref().unwrap().status, Status::Approved);
}

/// Reminded of every five minutes.
fn reminding(ask: Ask) -> Ask {
    Ask { remind_every_seconds: Some(300), ..ask }
}

#[test]
fn people_are_reminded_for_as_long_as_the_step_waits() {
    let mut house = House::new();
    let steps =
        [vec![reminding(ask("shop", 1)), ask("finance", 1)], vec![reminding(ask("security", 1))]];
    let id = house.open(request(1, 1), vec![plan(steps)]);
    let first = written(&mut house);
    assert_eq!(first.touches[&id].next_at, Some(at(5)));
    let reminded = |house: &mut House, minute: i64| {
        house.now = at(minute);
        house.tick(&id);
        kinds(&written(house)) == [Kind::Reminded]
    };
    assert!(!reminded(&mut house, 4));
    assert!(reminded(&mut house, 5));
    assert!(!reminded(&mut house, 5), "run twice, it does nothing");
    // Timers that stood still make up for all of it with one.
    assert!(reminded(&mut house, 21));
    assert!(!reminded(&mut house, 24));
    // The ask that is reminded of is fulfilled; the other never is.
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    assert!(!reminded(&mut house, 25));
    house.now = at(26);
    house.click(&id, "fay", "finance", Choice::Approve).unwrap();
    written(&mut house);
    assert!(!reminded(&mut house, 30) && house.view(&id).outcome.is_some(), "the end, and no more");
}

#[test]
fn a_reminder_that_fell_due_is_noted_by_whoever_counts_first() {
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![plan([vec![reminding(ask("shop", 2))]])]);
    written(&mut house);
    house.now = at(5);
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    assert_eq!(kinds(&written(&mut house)), [Kind::VoteCast, Kind::Reminded]);
    house.tick(&id);
    assert!(kinds(&written(&mut house)).is_empty());
}

#[test]
fn when_time_runs_out_it_matters_whether_anybody_was_asked() {
    for (posted, status) in [(true, Status::Expired), (false, Status::Failed)] {
        let mut house = House::new();
        let id = house.open(called_back(1, 1, &[]), vec![one()]);
        if posted {
            house.posted(&id);
        }
        house.now = at(30);
        house.tick(&id);
        assert_eq!(house.view(&id).outcome.as_ref().unwrap().status, status);
        let event = format!("access_request.{}", status.as_str());
        assert_eq!(events(&house.slice.effects), [(1, event)]);
        written(&mut house);
        house.tick(&id);
        assert!(written(&mut house).outcomes.is_empty());
    }
}

#[test]
fn a_step_whose_card_nobody_saw_fails_though_others_were_seen() {
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![two_then_one()]);
    house.posted(&id);
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    house.click(&id, "farid", "shop", Choice::Approve).unwrap();
    house.now = at(30);
    house.tick(&id);
    assert_eq!(house.view(&id).outcome.as_ref().unwrap().status, Status::Failed);
}

#[test]
fn the_channel_that_it_escalated_to_is_seen_too() {
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![plan([vec![escalating(ask("shop", 1), "platform")]])]);
    house.now = at(10);
    house.tick(&id);
    let loaded = house.slice.requests.get_mut(&id).unwrap();
    loaded.posted = loaded.cards.iter().filter(|card| card.2 == "platform").cloned().collect();
    house.now = at(30);
    house.tick(&id);
    assert_eq!(house.view(&id).outcome.as_ref().unwrap().status, Status::Expired);
}

#[test]
fn events_are_those_that_are_wanted_and_counted_without_a_gap() {
    let everything =
        vec![(1, "access_request.approved".to_owned()), (2, "approval.lapsed".to_owned())];
    let lapsed = vec![(1, "approval.lapsed".to_owned())];
    for (wanted, sent) in [
        (&[][..], everything.clone()),
        (&["approved", "approval.lapsed"], everything.clone()),
        (&["access_request.approved", "approval.lapsed"], everything),
        (&["approval.lapsed"], lapsed),
        (&["denied"], Vec::new()),
    ] {
        let mut house = House::new();
        let id = house.open(called_back(1, 1, wanted), vec![one()]);
        house.click(&id, "erin", "shop", Choice::Approve).unwrap();
        house.now = at(10);
        house.tick(&id);
        assert_eq!(events(&house.slice.effects), sent, "{wanted:?}");
    }
}

fn delivered(id: &RequestId, sequence: i64) -> Act {
    Act::Delivered(Delivered {
        request: id.clone(),
        event: EventId::from_ulid(ulid::Ulid::from_parts(1, 9)),
        sequence,
        status: 200,
        response_sha256: String::new(),
        attempt: 1,
        fence: 7,
    })
}

#[test]
fn an_acknowledged_callback_takes_the_approval_up_once() {
    let mut house = House::new();
    let id = house.open(called_back(1, 1, &[]), vec![one()]);
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    written(&mut house);
    house.now = at(3);
    house.act(delivered(&id, 1)).unwrap();
    let effects = written(&mut house);
    assert_eq!(kinds(&effects), [Kind::CallbackDelivered, Kind::ApprovalTakenUp]);
    assert_eq!((effects.settled[0].end, effects.settled[0].fence), (End::Done, 7));
    assert_eq!(house.view(&id).told_at, Some(at(3)));
    assert_eq!(house.view(&id).approval.as_ref().unwrap().taken_up_at, Some(at(3)));
    let version = house.view(&id).version;
    house.now = at(4);
    house.act(delivered(&id, 1)).unwrap();
    assert_eq!(kinds(&written(&mut house)), [Kind::CallbackDelivered]);
    assert_eq!((house.view(&id).told_at, house.view(&id).version), (Some(at(3)), version));
}

#[test]
fn what_was_acknowledged_too_late_lapses_all_the_same() {
    let mut house = House::new();
    let id = house.open(called_back(1, 1, &[]), vec![one()]);
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    house.now = at(10);
    house.act(delivered(&id, 1)).unwrap();
    house.tick(&id);
    let approval = house.view(&id).approval.clone().unwrap();
    assert_eq!((approval.status, approval.taken_up_at), (ApprovalStatus::Lapsed, None));
    assert_eq!(house.view(&id).outcome.as_ref().unwrap().status, Status::Approved);
}

#[test]
fn a_callback_that_is_given_up_is_dead_and_changes_nothing_that_people_see() {
    let mut house = House::new();
    let id = house.open(called_back(1, 1, &[]), vec![one()]);
    house.click(&id, "erin", "shop", deny()).unwrap();
    let version = house.view(&id).version;
    written(&mut house);
    house
        .act(Act::Undeliverable(Undeliverable {
            request: id.clone(),
            event: EventId::from_ulid(ulid::Ulid::from_parts(1, 9)),
            sequence: 1,
            cause: "410".to_owned(),
            attempt: 3,
            fence: 7,
        }))
        .unwrap();
    let effects = written(&mut house);
    assert_eq!(kinds(&effects), [Kind::CallbackDead]);
    assert_eq!(effects.settled[0].end, End::Dead);
    assert_eq!(effects.settled[0].error.as_deref(), Some("410"));
    assert_eq!((house.view(&id).version, house.view(&id).told_at), (version, None));
}

#[test]
fn the_result_is_fetched_by_its_client_and_taken_up_once() {
    let mut house = House::new();
    let id = house.open(request(1, 1), vec![one()]);
    let fetch = |client: ClientId| Act::TakeUp(TakeUp { request: id.clone(), client });
    house.act(fetch(client())).unwrap();
    assert!(house.view(&id).approval.is_none(), "there is nothing to take up yet");
    house.click(&id, "erin", "shop", Choice::Approve).unwrap();
    written(&mut house);
    assert_eq!(house.act(fetch(ClientId::from("erp"))).unwrap_err(), Refused::Unknown);
    house.act(fetch(client())).unwrap();
    house.act(fetch(client())).unwrap();
    assert_eq!(kinds(&written(&mut house)), [Kind::ApprovalTakenUp]);
}

#[test]
fn what_is_not_loaded_is_unknown() {
    let mut house = House::new();
    let id = request(1, 1).id;
    let cancel = Cancel { request: id.clone(), client: client(), reason: None };
    let fetch = TakeUp { request: id.clone(), client: client() };
    for act in [Act::Tick(id.clone()), Act::Cancel(cancel), Act::TakeUp(fetch), delivered(&id, 1)] {
        assert_eq!(house.act(act).unwrap_err(), Refused::Unknown);
    }
    assert!(written(&mut house).entries.is_empty());
}

/// A batch may be run again: from the same rows, seeds and time it must write the same.
#[test]
fn the_same_commands_over_the_same_rows_write_the_same() {
    let story = || {
        let mut house = House::new();
        let id = house.open(called_back(1, 1, &[]), vec![two_then_one()]);
        house.click(&id, "erin", "shop", Choice::Approve).unwrap();
        house.click(&id, "farid", "shop", less(&[0, 1])).unwrap();
        house.click(&id, "sam", "security", Choice::Approve).unwrap();
        house.act(delivered(&id, 1)).unwrap();
        format!("{:?}", house.slice.effects)
    };
    assert_eq!(story(), story());
}
