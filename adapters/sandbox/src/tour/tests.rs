//! The tour's data, and its player on a workspace that a test fills.

use countersign_port::{card::Card, chat::Chat};

use super::*;
use crate::{
    demo::{CHANNELS, Persona},
    fakes::{FakeAccess, stage},
    samples,
};

#[test]
fn every_step_names_people_and_channels_that_there_are() {
    for step in STEPS {
        assert!(Persona::find(step.who).is_some(), "{}", step.title);
        for act in step.acts {
            if let Act::Press { who, channel, .. }
            | Act::Deny { who, channel, .. }
            | Act::Condemn { who, channel, .. } = act
            {
                assert!(Persona::find(who).is_some(), "{who}");
                assert!(CHANNELS.contains(channel), "{channel}");
            }
        }
    }
}

#[tokio::test]
async fn a_press_waits_for_its_card_and_a_check_for_its_sight() {
    let (stage, access) = (stage(), FakeAccess::default());
    let step = Step { acts: const { &[press("erin", SHOP)] }, ..STEPS[1] };
    let post = async {
        tokio::task::yield_now().await;
        stage.sandbox.post(SHOP, &samples::card(Face::Pending)).await.unwrap();
    };
    let (played, ()) = tokio::join!(step.play(&stage, &access), post);
    played.unwrap();
    assert_eq!(access.ballots()[0].press.by.subject, "erin");
}

#[tokio::test]
async fn being_refused_is_what_the_first_step_is_about() {
    let (stage, access) = (stage(), FakeAccess::default());
    stage.sandbox.post(SHOP, &samples::card(Face::Pending)).await.unwrap();
    let step = Step { acts: const { &[press("dana", SHOP)] }, ..STEPS[0] };
    step.play(&stage, &access).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_step_that_nothing_answers_is_stuck_and_says_where() {
    let (stage, access) = (stage(), FakeAccess::default());
    let step = Step { acts: const { &[press("sam", "security")] }, ..STEPS[2] };
    let stuck = step.play(&stage, &access).await.unwrap_err();
    assert_eq!(stuck.to_string(), "sam waited in vain for a card in #security");
    let step = Step { acts: &[], ..STEPS[4] };
    let stuck = step.play(&stage, &access).await.unwrap_err();
    assert!(matches!(stuck, Stuck::NotSeen(Check::CameAgain)));
}

#[tokio::test]
async fn a_card_alone_is_not_enough_where_the_server_must_be_told() {
    let stage = stage();
    let card = Card { version: 9, ..samples::card(Face::Approved) };
    stage.sandbox.post(SHOP, &card).await.unwrap();
    assert!(Check::Shows { channel: SHOP, face: Face::Approved }.holds(&stage));
    assert!(!STEPS[2].check.holds(&stage));
}
