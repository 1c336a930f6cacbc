//! Microsoft's login answers late or not at all: clicks are answered in time, sends wait, and one
//! question is asked for all.

use std::time::{Duration, Instant};

use countersign_fake_teams::{
    answer::Answer,
    card::Entries,
    fault::{Call, Fault, Strike},
};
use jiff::SignedDuration;

use super::{
    blueprint::{SECURITY, SHOP},
    workplace::{Workplace, tell, write_prod, write_prod_for},
};
use crate::patience::until;

/// Teams waits longer than this for the answer to a click, as far as anybody knows.
const IN_TIME: Duration = Duration::from_secs(4);

fn strikes(workplace: &Workplace, fault: Fault) {
    workplace.teams.misbehave(Strike::at(Call::Token, fault));
}

/// Presses, and is answered before Teams loses patience.
async fn presses(workplace: &Workplace, who: &str, channel: &str) -> Answer {
    let card = workplace.card(channel);
    let click = workplace.teams.click_activity(who, &card, "approve", &Entries::none());
    let since = Instant::now();
    let said = workplace.teams.deliver(&click).await;
    assert!(since.elapsed() < IN_TIME, "{:?}", since.elapsed());
    said
}

/// How often the login was asked for a token, with or without an answer.
fn asked(workplace: &Workplace) -> usize {
    workplace.teams.calls(Call::Token).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_good_yet_serves_while_the_login_takes_its_time() {
    tell(|workplace| async move {
        // The token of the installation is in its last minutes, and the next one comes late.
        workplace.advance(SignedDuration::from_mins(56)).await;
        strikes(&workplace, Fault::Slow(Duration::from_secs(3)));
        let id = workplace.ask(&write_prod()).await;
        for who in ["erin", "farid"] {
            let said = presses(&workplace, who, SHOP).await;
            assert!(said.card().is_some(), "{said:?}");
        }
        workplace.settle().await;
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 2);
        until("the answer", || (asked(&workplace) > 1).then_some(())).await;
        workplace.approve("sam", SECURITY).await;
        assert_eq!(asked(&workplace), 2, "one question for all of them");
        assert_eq!(workplace.status(&id).await, "approved");
        workplace.card(SHOP);
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_clicks_are_answered_in_time_and_sends_wait() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.approve("erin", SHOP).await;
        let before = asked(&workplace);
        workplace.teams.revoke_tokens();
        strikes(&workplace, Fault::Slow(Duration::from_secs(5)));
        // Nobody can be looked up; who is known counts at once.
        let (farid, gus) =
            tokio::join!(presses(&workplace, "farid", SHOP), presses(&workplace, "gus", SHOP));
        for said in [farid, gus] {
            let words = said.sentence().expect("words");
            assert!(words.contains("The chat couldn't tell us who you are just now"), "{words}");
        }
        let again = presses(&workplace, "erin", SHOP).await.sentence().expect("words");
        assert!(again.contains("You already approved"), "{again}");
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 1);
        // What is to be sent waits for the answer to the question that the clicks have asked.
        let second = workplace.ask(&write_prod_for("Another one")).await;
        assert_eq!(asked(&workplace), before + 1, "one question for all of them");
        assert_eq!(workplace.teams.messages(SHOP).len(), 2);
        for who in ["farid", "erin"] {
            let said = presses(&workplace, who, SHOP).await;
            assert!(said.card().is_some(), "{said:?}");
        }
        assert_eq!(workplace.status(&second).await, "pending");
        workplace.card(SHOP);
        workplace.card(SECURITY);
        workplace
    })
    .await;
}
