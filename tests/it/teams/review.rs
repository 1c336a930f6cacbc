//! Break-glass in Teams: the review is owed in the owners' channel, and signed where the form
//! unfolds.

use countersign_fake_teams::{card::Entries, message::Message};
use jiff::SignedDuration;

use super::{
    blueprint::SHOP,
    workplace::{Workplace, tell},
};
use crate::office::break_glass;

const INCIDENT: &str = "19:incident@thread.tacv2";

/// One yes in an emergency.
async fn granted(workplace: &Workplace) -> String {
    let id = workplace.ask(&break_glass(&workplace.receiver.endpoint)).await;
    let card = workplace.card(INCIDENT).words();
    assert!(card.contains("shop.lead reviews a yes within 1 day"), "{card}");
    workplace.approve("sam", INCIDENT).await;
    assert_eq!(workplace.receiver.events(), ["access_request.approved"]);
    id
}

async fn review(workplace: &Workplace, id: &str) -> String {
    let task = workplace.get(id).await.body["task"].clone();
    assert_eq!(task["status"], "approved");
    task["reviews"][0]["state"].as_str().unwrap().to_owned()
}

fn why(words: &str) -> Entries {
    Entries::none().enter("comment", words)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_justified_is_revoked_from_its_own_channel() {
    tell(|workplace| async move {
        let id = granted(&workplace).await;
        let asked = workplace.card(SHOP).words();
        assert!(asked.contains("A review is owed"), "{asked}");
        assert!(!workplace.card(INCIDENT).verbs().contains(&"justified".to_owned()));
        for (who, words) in [("olu", "You asked for this"), ("sam", "You said yes")] {
            let said = workplace.press_with(who, SHOP, "justified", &why("fine")).await;
            let said = said.sentence().expect("a sentence");
            assert!(said.contains(words), "{said}");
        }
        let said = workplace.press_with("erin", SHOP, "not_justified", &Entries::none()).await;
        assert!(said.sentence().expect("a sentence").contains("Say in a sentence why"));
        let no =
            workplace.press_with("erin", SHOP, "not_justified", &why("Nothing was down")).await;
        assert!(no.card().is_some(), "{no:?}");
        assert_eq!(workplace.receiver.events(), ["approval.revoked"]);
        assert_eq!(review(&workplace, &id).await, "not_justified");
        for channel in [INCIDENT, SHOP] {
            let words = workplace.card(channel).words();
            assert!(words.contains("Not justified, revoked: Shop Admin wants to"), "{words}");
        }
        let thread = workplace.teams.replies(&workplace.card(INCIDENT));
        let story: Vec<_> = thread.iter().map(Message::words).collect();
        let revoked = "The approval was revoked: it was not justified.".to_owned();
        assert!(story.contains(&revoked), "{story:?}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overdue_review_is_asked_on_every_card() {
    tell(|workplace| async move {
        let id = granted(&workplace).await;
        workplace.advance(SignedDuration::from_hours(24)).await;
        workplace.receiver.events();
        assert_eq!(review(&workplace, &id).await, "overdue");
        workplace.settle().await;
        for channel in [INCIDENT, SHOP] {
            let words = workplace.card(channel).words();
            assert!(words.contains("The review is overdue"), "{words}");
        }
        let yes = workplace.press_with("farid", INCIDENT, "justified", &why("It was")).await;
        assert!(yes.card().is_some(), "{yes:?}");
        assert_eq!(review(&workplace, &id).await, "justified");
        for channel in [INCIDENT, SHOP] {
            let words = workplace.card(channel).words();
            assert!(words.contains("reviewed, justified"), "{words}");
        }
        workplace
    })
    .await;
}
