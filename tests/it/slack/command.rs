//! The command, the home tab, and what Slack asks of an address: everybody learns what is theirs.

use countersign_fake_slack::world::{Mark, Site};
use jiff::SignedDuration;
use serde_json::json;

use super::{
    blueprint::{Blueprint, USUAL},
    workplace::{
        DANA, ERIN, FARID, FAY, GUS, NEW, SHOP, TEAM, Workplace, deletion, tell, tell_in,
        write_prod,
    },
};
use crate::office::with_stand_ins;

/// Types a command in the shop's channel and reads the private answer.
async fn typed(workplace: &Workplace, who: &str, line: &str) -> String {
    let said = workplace.slack.slash(who, SHOP, line).await;
    assert_eq!(said.status, Some(200), "{said:?}");
    workplace.told_once(who)
}

/// Where Slack shows a message.
fn address(workplace: &Workplace, ts: &str) -> String {
    format!("{}/archives/{SHOP}/p{}", workplace.slack.url(), ts.replace('.', ""))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_lists_what_waits_the_most_urgent_first() {
    tell(|workplace| async move {
        assert!(typed(&workplace, ERIN, "/countersign").await.contains("Nothing waits for you."));
        let first = workplace.ask(&write_prod()).await;
        let first_card = workplace.card(SHOP);
        workplace.advance(SignedDuration::from_mins(5)).await;
        let second = workplace.ask(&deletion()).await;
        let second_card = workplace.card(SHOP);
        let said = workplace.slack.slash(ERIN, SHOP, "/countersign").await;
        for card in [&first_card, &second_card] {
            let link = address(&workplace, &card.ts);
            assert!(said.body.contains(&link), "{link}: {}", said.body);
        }
        let list = workplace.told_once(ERIN);
        assert!(list.starts_with("Waiting for you: 2"), "{list}");
        let place = |id: &str| list.find(id).expect("in the list");
        assert!(place(&first) < place(&second), "{list}");
        let list = typed(&workplace, GUS, "/countersign").await;
        assert!(list.starts_with("Waiting for you: 1") && list.contains(&second), "{list}");
        let list = typed(&workplace, DANA, "/countersign").await;
        assert!(list.contains("Nothing waits for you."), "her own waits for others: {list}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_tells_those_whom_it_concerns_and_nobody_else() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.card(SHOP);
        for who in [ERIN, DANA] {
            let story = typed(&workplace, who, &format!("/countersign why {id}")).await;
            assert!(story.contains("wants to change live orders"), "{story}");
            assert!(story.contains("Fix the duplicates of this morning"), "{story}");
        }
        let unknown = "no request with this id that concerns you";
        let other = typed(&workplace, FAY, &format!("/countersign why {id}")).await;
        assert!(other.contains(unknown), "{other}");
        for line in ["/countersign why arq_00000000000000000000000000", "/countersign why me"] {
            let said = typed(&workplace, ERIN, line).await;
            assert!(said.contains(unknown), "{said}");
        }
        let said = typed(&workplace, ERIN, "/countersign approve everything").await;
        assert!(said.contains("/countersign link"), "{said}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn link_shows_the_account_to_whoever_asks() {
    tell(|workplace| async move {
        let said = typed(&workplace, NEW, "/countersign link").await;
        assert!(said.contains("slack: { team: T0SHOP, user: U0NEW }"), "{said}");
        assert!(said.contains("Your code is "), "{said}");
        for line in ["/countersign link 7Q2M4-X9TRB-3W0KD", "/countersign link 7q2m4 x9trb 3w0kd"] {
            let said = typed(&workplace, NEW, line).await;
            assert!(said.contains("There is no such code"), "{said}");
        }
        let said = typed(&workplace, NEW, "/countersign link please").await;
        assert!(said.contains("This is no code"), "{said}");
        let said = typed(&workplace, GUS, "/countersign link").await;
        assert!(said.contains("It is linked to Gus Lind.") && !said.contains("code"), "{said}");
        let said = typed(&workplace, NEW, "/countersign").await;
        assert!(said.contains("isn't linked to a person"), "{said}");
        workplace.slack.mark_user(ERIN, Mark::IsRestricted);
        let said = typed(&workplace, ERIN, "/countersign").await;
        assert!(said.contains("not one of ours") || said.contains("Guests"), "{said}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_names_a_colleague() {
    let lenient =
        Blueprint { law: |law| law.policy.text = with_stand_ins(&law.policy.text), ..USUAL };
    tell_in(&lenient, |workplace| async move {
        let said = typed(&workplace, ERIN, "/countersign away gus 1d").await;
        assert!(said.contains("Gus Lind may decide for you until 2026-"), "{said}");
        let said = typed(&workplace, ERIN, "/countersign away <!channel> 1d").await;
        assert!(said.contains("is nobody here"), "{said}");
        let said = typed(&workplace, ERIN, "/countersign back").await;
        assert!(said.contains("Gus Lind does not decide for you any more"), "{said}");
        let said = typed(&workplace, ERIN, "/countersign away gus").await;
        assert!(said.contains("away gus 5d"), "{said}");
        let said = typed(&workplace, NEW, "/countersign away gus 1d").await;
        assert!(said.contains("isn't linked to a person"), "{said}");
        workplace.slack.mark_user(FARID, Mark::IsRestricted);
        let said = typed(&workplace, FARID, "/countersign away gus 1d").await;
        assert!(!said.contains("may decide for you"), "a guest arranges nothing: {said}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_home_tab_shows_the_same_and_is_drawn_once_for_one_event() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.card(SHOP);
        let ts = workplace.slack.messages(SHOP)[0].ts.clone();
        let opened = json!({ "type": "app_home_opened", "user": ERIN, "tab": "home" });
        let event = workplace.slack.event_payload(TEAM, opened);
        for event in [event.clone(), event.clone().again(1, "http_timeout"), event] {
            assert_eq!(workplace.slack.deliver(&event).await.status, Some(200));
        }
        workplace.settle().await;
        assert_eq!(workplace.slack.calls("views.publish").len(), 1);
        let home = workplace.slack.home(ERIN).expect("a home tab");
        assert!(home.words().contains("Waiting for you: 1"), "{}", home.words());
        assert!(home.words().contains(&id));
        assert!(home.json.to_string().contains(&address(&workplace, &ts)));
        workplace.slack.open_home(NEW).await;
        workplace.settle().await;
        let home = workplace.slack.home(NEW).expect("a home tab").words();
        assert!(home.contains("isn't linked to a person"), "{home}");
        assert!(home.contains("slack: { team: T0SHOP, user: U0NEW }"), "{home}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_slack_asks_of_an_address_is_answered() {
    tell(|workplace| async move {
        let said = workplace.slack.url_verification("3eZbrw1aBm2rZgRNFdxV").await;
        assert_eq!(said.json(), Some(json!({ "challenge": "3eZbrw1aBm2rZgRNFdxV" })));
        let said = workplace.slack.ssl_check().await;
        assert_eq!((said.status, said.body.as_str()), (Some(200), ""));
        for event in [
            json!({ "type": "reaction_added", "user": ERIN }),
            json!({ "type": "something_new", "payload": [1, 2, 3] }),
            json!({ "type": "app_home_opened", "user": ERIN, "tab": "messages" }),
            json!({ "type": "tokens_revoked", "tokens": { "oauth": [ERIN], "bot": [] } }),
            json!({ "type": "subteam_members_changed", "subteam_id": "S0SEC" }),
        ] {
            let said = workplace.slack.event(TEAM, event).await;
            assert_eq!((said.status, said.body.as_str()), (Some(200), ""));
        }
        workplace.settle().await;
        // What is not signed by Slack stays outside, on every route.
        let site = Site::Team(TEAM.to_owned());
        assert!(workplace.slack.live_token(&site).is_some());
        let event = workplace.slack.event_payload(TEAM, json!({ "type": "reaction_added" }));
        let stale = workplace.clock.now().as_second() - 301;
        for request in [
            workplace.slack.sign(&event).without("x-slack-signature"),
            workplace.slack.sign_at(&event, stale),
        ] {
            assert_eq!(workplace.slack.post(request).await.status, Some(401));
        }
        workplace
    })
    .await;
}
