//! The app comes, goes and moves: the bot remembers where it is, and says nothing elsewhere.

use countersign_fake_teams::{card::Entries, fault::Call, world::Channel};
use jiff::SignedDuration;
use serde_json::json;

use super::{
    blueprint::{SECURITY, SHOP, TEAM},
    workplace::{tell, write_prod, write_prod_for},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_is_remembered_over_a_restart() {
    tell(|workplace| async move {
        let asked = workplace.teams.calls(Call::Team).len();
        assert_eq!(asked, 1, "the channels of the team were learnt");
        let workplace = workplace.restart().await;
        workplace.ask(&write_prod()).await;
        assert_eq!(workplace.teams.messages(SHOP).len(), 1);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_without_the_app_gets_no_card_until_it_has_it_again() {
    tell(|workplace| async move {
        workplace.teams.remove("dana", TEAM).await;
        workplace.settle().await;
        workplace.ask(&write_prod()).await;
        assert!(workplace.teams.calls(Call::Create).is_empty(), "nobody was asked");
        workplace.teams.install("dana", TEAM).await;
        workplace.settle().await;
        let mut other = write_prod();
        other["context"]["justification"] = json!("Once more");
        workplace.ask(&other).await;
        assert_eq!(workplace.teams.messages(SHOP).len(), 1);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_that_lost_the_app_unnoticed_takes_no_card_and_the_rest_goes_on() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.card(SHOP);
        workplace.teams.remove_silently(TEAM);
        let second = workplace.ask(&write_prod_for("Another one")).await;
        let last = workplace.teams.calls(Call::Create).pop().expect("it was tried");
        assert_eq!(last.status, 403);
        workplace.advance(SignedDuration::from_mins(31)).await;
        assert_eq!(workplace.status(&id).await, "expired");
        assert_eq!(workplace.status(&second).await, "failed", "nobody could be asked");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_moves_is_followed() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        workplace.card(SHOP);
        workplace.teams.move_to("amer");
        // The first activity from there says so, and the redraw goes there.
        workplace.approve("erin", SHOP).await;
        workplace.advance(SignedDuration::from_mins(1)).await;
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        let last = workplace.teams.calls(Call::Update).pop().expect("a redraw");
        assert!(last.path.starts_with("/amer/"), "{last:?}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_newer_than_the_installation_takes_cards() {
    tell(|workplace| async move {
        let new = "19:new@thread.tacv2";
        workplace.teams.channel(Channel::named(TEAM, new, "new"));
        let created = workplace.teams.change_activity("dana", new, "channelCreated");
        assert_eq!(workplace.deliver(&created).await.status, Some(200));
        assert_eq!(workplace.teams.calls(Call::Team).len(), 2, "the channels are learnt again");
        let deleted = workplace.teams.change_activity("dana", TEAM, "teamDeleted");
        workplace.deliver(&deleted).await;
        workplace.ask(&write_prod()).await;
        assert!(workplace.teams.calls(Call::Create).is_empty(), "the team is gone");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_renamed_keeps_its_card_and_goes_on() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        let late = workplace.teams.click_activity("farid", &card, "approve", &Entries::none());
        workplace.teams.channel(Channel::named(TEAM, SHOP, "shop-decisions"));
        let renamed = workplace.teams.change_activity("dana", SHOP, "channelRenamed");
        let said = workplace.deliver(&renamed).await;
        assert_eq!((said.status, said.body.as_str()), (Some(200), ""));
        workplace.advance(SignedDuration::from_mins(1)).await;
        assert_eq!(workplace.teams.messages(SHOP), [card], "the same card where it was");
        workplace.approve("erin", SHOP).await;
        assert!(workplace.deliver(&late).await.card().is_some(), "pressed under the old name");
        assert!(workplace.card(SHOP).words().contains("2 of 3 approved"));
        assert_eq!(workplace.teams.messages(SHOP).len(), 1);
        workplace.approve("sam", SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        assert!(workplace.entries(&id, "card_withdrawn").await.is_empty());
        workplace.card(SHOP);
        workplace.card(SECURITY);
        workplace
    })
    .await;
}
