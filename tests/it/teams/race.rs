//! Many clicks at once: one outcome, each click answered, each person once.

use countersign_fake_teams::{card::Entries, fault::Call};
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::Value;

use super::{
    blueprint::{SECURITY, SHOP},
    workplace::{Workplace, tell, with_callback},
};

/// Each presses so many times, by `Action.Execute` and `Action.Submit` in turn, all at once, and
/// Teams sends each of them twice.
async fn at_once(workplace: &Workplace, people: &[&str], channel: &str, times: usize) {
    let card = workplace.card(channel);
    let (teams, none) = (&workplace.teams, Entries::none());
    let clicks: Vec<Value> = (0..times)
        .flat_map(|round| people.iter().map(move |who| (round, who)))
        .map(|(round, who)| match round % 2 {
            0 => teams.click_activity(who, &card, "approve", &none),
            _ => teams.submit_activity(who, &card, "approve", &none),
        })
        .collect();
    let all = join_all(clicks.iter().chain(&clicks).map(|click| teams.deliver(click))).await;
    assert!(all.iter().all(|said| said.status == Some(200)), "{all:?}");
    for _ in 0..8 {
        workplace.advance(SignedDuration::from_secs(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_racing_clicks_give_one_outcome() {
    tell(|workplace| async move {
        let id = workplace.ask(&with_callback(&workplace)).await;
        let people = ["erin", "farid", "dana", "gus", "olu"];
        let asked = workplace.teams.calls(Call::Members).len();
        at_once(&workplace, &people, SHOP, 12).await;
        let asked = workplace.teams.calls(Call::Members).len() - asked;
        assert_eq!(asked, people.len(), "each is looked up once, however often they press");
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 2, "the two leads, once each");
        at_once(&workplace, &["sam", "erin", "olu", "dana"], SECURITY, 10).await;
        assert_eq!(workplace.status(&id).await, "approved");
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 3);
        assert_eq!(workplace.entries(&id, "request_decided").await.len(), 1);
        assert_eq!(workplace.receiver.events(), ["access_request.approved"]);
        for channel in [SHOP, SECURITY] {
            assert!(workplace.card(channel).words().contains("Approved: Shop Admin"));
            assert_eq!(workplace.teams.messages(channel).len(), 1);
        }
        people.into_iter().chain(["sam"]).for_each(|who| drop(workplace.told(who)));
        workplace
    })
    .await;
}
