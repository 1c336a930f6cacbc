//! Break-glass in Slack: the review is owed in the owners' channel, and signed with a form.

use countersign_fake_slack::form::Entries;
use jiff::SignedDuration;

use super::workplace::{DANA, ERIN, FARID, OLU, SAM, SHOP, Workplace, tell};
use crate::office::break_glass;

const INCIDENT: &str = "C0INCIDENT";

/// One yes in an emergency.
async fn granted(workplace: &Workplace) -> String {
    let id = workplace.ask(&break_glass(&workplace.receiver.endpoint)).await;
    let card = workplace.card(INCIDENT).words();
    assert!(card.contains("shop.lead reviews a yes within 1 day"), "{card}");
    workplace.press(SAM, INCIDENT, "Approve…").await;
    workplace.slack.modal(SAM).expect("a form");
    workplace.send(SAM, &Entries::none()).await;
    workplace.slack.close(SAM).await;
    assert_eq!(workplace.receiver.events(), ["access_request.approved"]);
    id
}

fn thread(workplace: &Workplace, channel: &str) -> Vec<String> {
    let card = workplace.card(channel);
    workplace.slack.thread(&card).iter().map(|line| line.text.clone()).collect()
}

async fn review(workplace: &Workplace, id: &str) -> String {
    let task = workplace.get(id).await.body["task"].clone();
    assert_eq!(task["status"], "approved");
    task["reviews"][0]["state"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_asked_in_its_own_channel_and_signed_in_a_form() {
    tell(|workplace| async move {
        let id = granted(&workplace).await;
        let asked = workplace.card(SHOP);
        assert!(asked.text.contains("Break-glass. Approved"), "it notifies: {}", asked.text);
        assert!(asked.words().contains("A review is owed"), "{}", asked.words());
        for (who, why) in
            [(OLU, "You asked for this"), (SAM, "You said yes"), (DANA, "You're not in")]
        {
            workplace.press(who, SHOP, "Justified…").await;
            assert!(workplace.slack.modal(who).is_some(), "anybody may read the form");
            workplace.send(who, &Entries::none()).await;
            let said = workplace.slack.modal(who).expect("words").words();
            assert!(said.contains(why), "{said}");
            workplace.slack.close(who).await;
        }
        let workplace = workplace.restart().await;
        workplace.press(ERIN, SHOP, "Justified…").await;
        let form = workplace.slack.modal(ERIN).expect("a form").words();
        assert!(form.contains("Was it justified?"), "{form}");
        workplace.send(ERIN, &Entries::none().text("comment", "The pager went off")).await;
        workplace.slack.close(ERIN).await;
        assert_eq!(review(&workplace, &id).await, "justified");
        let story = thread(&workplace, INCIDENT);
        assert!(
            story.contains(
                &"Erin Doyle reviewed it 12:00 UTC: justified. The pager went off".to_owned()
            ),
            "{story:?}"
        );
        let labels: Vec<String> =
            workplace.card(SHOP).buttons().iter().map(|button| button.label.clone()).collect();
        assert!(!labels.iter().any(|label| label.contains("ustified")), "{labels:?}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overdue_review_is_said_in_every_thread_and_can_still_condemn() {
    tell(|workplace| async move {
        let id = granted(&workplace).await;
        workplace.advance(SignedDuration::from_hours(24)).await;
        workplace.receiver.events();
        assert_eq!(review(&workplace, &id).await, "overdue");
        workplace.settle().await;
        let overdue = "Break-glass. The review is overdue: shop.lead owed it by 12:00 UTC.";
        for channel in [INCIDENT, SHOP] {
            let story = thread(&workplace, channel);
            assert_eq!(story.iter().filter(|line| *line == overdue).count(), 1, "{story:?}");
        }
        workplace.press(FARID, INCIDENT, "Not justified…").await;
        workplace.slack.modal(FARID).expect("a form");
        let said = workplace.send(FARID, &Entries::none()).await;
        assert!(said.body.contains("Say in a sentence why"), "{}", said.body);
        workplace.send(FARID, &Entries::none().text("comment", "Nothing was down")).await;
        workplace.slack.close(FARID).await;
        assert_eq!(review(&workplace, &id).await, "not_justified");
        for channel in [INCIDENT, SHOP] {
            let card = workplace.card(channel).words();
            assert!(card.contains("Not justified, nothing was left to revoke"), "{card}");
        }
        workplace
    })
    .await;
}
