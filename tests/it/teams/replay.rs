//! What Teams got no answer to in time it sends again, under the same id, to whichever replica: it
//! is answered as it was, and nothing happens a second time.

use countersign_fake_teams::{
    answer::Answer,
    card::Entries,
    fault::{Call, Fault, Strike},
};
use serde_json::Value;

use super::{
    blueprint::SHOP,
    workplace::{Workplace, deletion, tell, write_prod},
};

/// What was sent is sent again: here, and to another replica.
async fn again(workplace: &Workplace, activity: &Value) -> [Answer; 2] {
    let here = workplace.deliver(activity).await;
    let there = workplace.deliver_elsewhere(activity).await;
    [here, there]
}

/// What the log has about clicks: those that counted, and those that did not.
async fn clicks(workplace: &Workplace, id: &str) -> (usize, usize) {
    let cast = workplace.entries(id, "vote_cast").await.len();
    (cast, workplace.entries(id, "vote_refused").await.len())
}

fn yes(workplace: &Workplace, who: &str, entries: &Entries) -> Value {
    workplace.teams.click_activity(who, &workplace.card(SHOP), "approve", entries)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_that_comes_again_is_answered_with_the_card_and_writes_nothing() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let mut yes = yes(&workplace, "erin", &Entries::none());
        assert!(workplace.deliver(&yes).await.card().is_some());
        // Of what does not matter, nobody has promised that it is the same.
        yes["localTimestamp"] = "2026-11-22T14:56:29.547+02:00".into();
        for said in again(&workplace, &yes).await {
            assert!(said.card().expect("a card").to_string().contains("1 of 3 approved"));
        }
        assert_eq!(clicks(&workplace, &id).await, (1, 0));
        let said = workplace.press("erin", SHOP, "approve").await.sentence().unwrap();
        assert!(said.contains("You already approved"), "their own next click: {said}");
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_that_did_not_count_does_not_count_later_and_is_told_why_again() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.teams.misbehave(Strike::at(Call::Members, Fault::Status(502)));
        let yes = yes(&workplace, "erin", &Entries::none());
        let told = workplace.deliver(&yes).await.sentence().expect("a sentence");
        assert!(told.contains("couldn't tell us who you are"), "{told}");
        // Now the roster says who it was, and it would count.
        for said in again(&workplace, &yes).await {
            assert_eq!(said.sentence().as_ref(), Some(&told));
        }
        assert_eq!(clicks(&workplace, &id).await, (0, 1));
        workplace.approve("erin", SHOP).await;
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_number_that_comes_again_costs_one_try() {
    tell(|workplace| async move {
        let id = workplace.ask(&deletion()).await;
        let number = workplace.get(&id).await.body["task"]["display"]["number"].to_string();
        let wrong = if number == "10" { "11" } else { "10" };
        let typed = yes(&workplace, "erin", &Entries::none().enter("number", wrong));
        let told = workplace.deliver(&typed).await.sentence().expect("a sentence");
        assert!(told.contains("Two tries left."), "{told}");
        for said in again(&workplace, &typed).await {
            assert_eq!(said.sentence().as_ref(), Some(&told));
        }
        assert_eq!(clicks(&workplace, &id).await, (0, 1));
        let right = yes(&workplace, "erin", &Entries::none().enter("number", &number));
        assert!(workplace.deliver(&right).await.card().is_some());
        assert_eq!(workplace.status(&id).await, "approved");
        workplace.card(SHOP);
        workplace
    })
    .await;
}
