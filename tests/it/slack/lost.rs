//! Channels that are shared, renamed or lost with their workspace, and groups that change: cards are
//! taken back, requests are asked about elsewhere, and nothing old is believed.

use std::time::Duration;

use countersign_fake_slack::{
    delivery::Payload,
    fault::{Fault, Strike},
    form::Entries,
    world::{Channel, Site, Team, Trait, User},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    blueprint::{Blueprint, USUAL, rewrite},
    workplace::{
        ERIN, FARID, SAM, SECURITY, SHOP, TEAM, Workplace, tell, tell_in, write_prod,
        write_prod_for,
    },
};
use crate::{
    office::{API_KEY, answer, client},
    patience::until,
};

const PLATFORM: &str = "C0PLATFORM";
/// The operators' own workspace; both leads have an account there as well.
const OPS: &str = "T0OPS";
const ERIN_OPS: &str = "U1ERIN";
const FARID_OPS: &str = "U1FARID";

/// The shop's workspace and the operators', with the token of the latter in the file as well.
const TWO: Blueprint = Blueprint {
    further: Some(OPS),
    connection: "workspaces: [{ team: T0SHOP, bot_token: { env: BOT_TOKEN } }, \
        { team: T0OPS, bot_token: { env: FURTHER_TOKEN } }]",
    world: |slack| {
        slack.workspace(Team::named(OPS));
        slack.channel(Channel::named(OPS, PLATFORM, "platform"));
        slack.channel(Channel::named(OPS, SECURITY, "security"));
        for who in [ERIN_OPS, FARID_OPS, SAM] {
            slack.user(User::named(OPS, who, &who.to_lowercase()));
        }
    },
    law: |sources| {
        rewrite(&mut sources.policy, "slack: C0SHOP", "slack: T0SHOP/C0SHOP");
        rewrite(&mut sources.policy, "slack: C0PLATFORM", "slack: T0OPS/C0PLATFORM");
        rewrite(&mut sources.policy, "slack: C0SECURITY", "slack: T0OPS/C0SECURITY");
        rewrite(&mut sources.people, "team: T0SHOP, user: U0SAM", "team: T0OPS, user: U0SAM");
        for name in ["ERIN", "FARID"] {
            let from = format!("slack: {{ team: T0SHOP, user: U0{name} }}");
            let also = format!("{{ team: T0OPS, user: U1{name} }}");
            let to = format!("slack: [{{ team: T0SHOP, user: U0{name} }}, {also}]");
            rewrite(&mut sources.people, &from, &to);
        }
    },
    ..USUAL
};

async fn happens(workplace: &Workplace, event: Value) {
    let said = workplace.slack.event(TEAM, event).await;
    assert_eq!(said.status, Some(200), "{said:?}");
    workplace.settle().await;
}

/// Asks for something, and nobody here posts the cards.
async fn ask_quietly(workplace: &Workplace, why: &str) -> String {
    let mut body = write_prod();
    body["context"]["justification"] = json!(why);
    let request = client().post(format!("{}/access/v1/requests", workplace.url)).json(&body);
    let answer = answer(request.bearer_auth(API_KEY)).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    answer.body["task"]["id"].as_str().unwrap().to_owned()
}

/// Sends the form that is open, and reads what is said to that.
async fn send_and_read(workplace: &Workplace, who: &str) {
    workplace.send(who, &Entries::none()).await;
    let words = workplace.slack.modal(who).expect("what was recorded").words();
    assert!(words.contains("Recorded"), "{words}");
    workplace.slack.close(who).await;
}

async fn is_shared(workplace: &Workplace) {
    workplace.slack.mark_channel(SHOP, Trait::ExtShared);
    happens(workplace, json!({ "type": "channel_shared", "channel": SHOP })).await;
}

/// A press that was under way while the card was taken back.
async fn presses_late(workplace: &Workplace, press: &Payload, id: &str) {
    workplace.slack.deliver(press).await;
    workplace.settle().await;
    let told = workplace.told_once(ERIN);
    assert!(told.contains("This card was taken back from this channel."), "{told}");
    assert_eq!(workplace.refusals(id).await, ["withdrawn"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_shared_loses_its_cards_and_it_is_asked_elsewhere() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        let press = workplace.slack.click_payload(ERIN, &card, "Approve…");
        assert!(workplace.slack.messages(PLATFORM).is_empty());
        is_shared(&workplace).await;
        let left = workplace.card(SHOP);
        assert_eq!(left.ts, card.ts);
        assert!(left.words().contains("Taken back: this channel is shared with another company"));
        assert!(left.buttons().is_empty());
        for told in ["Dana", "Shop Admin", "orders", "duplicates"] {
            assert!(!left.words().contains(told) && !left.text.contains(told), "{}", left.words());
        }
        presses_late(&workplace, &press, &id).await;
        for who in [ERIN, FARID] {
            workplace.approve(who, PLATFORM).await;
        }
        workplace.approve(SAM, SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        assert_eq!(workplace.card(SHOP).words(), left.words(), "nobody there hears how it ended");
        let withdrawn = workplace.entries(&id, "card_withdrawn").await;
        assert_eq!(withdrawn.len(), 1);
        assert_eq!(withdrawn[0]["leaf"]["facts"]["why"], "shared");
        let moved = workplace.entries(&id, "escalated").await;
        assert_eq!(moved[0]["leaf"]["facts"]["why"], "lost");
        for channel in [PLATFORM, SECURITY] {
            workplace.card(channel);
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_after_that_never_appears_there() {
    tell(|workplace| async move {
        let before = workplace.ask(&write_prod()).await;
        is_shared(&workplace).await;
        let id = workplace.ask(&write_prod_for("Another one")).await;
        assert_eq!(workplace.slack.messages(SHOP).len(), 1, "what was there is all that is there");
        assert_eq!(workplace.slack.messages(PLATFORM).len(), 2, "at once, not after ten minutes");
        let withdrawn = workplace.entries(&id, "card_withdrawn").await;
        assert_eq!(withdrawn[0]["leaf"]["facts"]["why"], "refused");
        assert_eq!(workplace.status(&before).await, "pending");
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_posted_while_its_channel_becomes_shared_is_taken_back() {
    tell(|workplace| async move {
        // Slack has the card, and is still about to say so.
        let slow = Fault::Slow(Duration::from_secs(1));
        workplace.slack.misbehave(Strike::at("chat.postMessage", slow).in_channel(SHOP));
        let body = write_prod();
        let shared = async {
            until("a card", || workplace.slack.last_message(SHOP)).await;
            workplace.slack.mark_channel(SHOP, Trait::ExtShared);
            let shared = json!({ "type": "channel_shared", "channel": SHOP });
            workplace.slack.event(TEAM, shared).await
        };
        let (id, said) = tokio::join!(workplace.ask(&body), shared);
        assert_eq!(said.status, Some(200));
        workplace.settle().await;
        let [left] = workplace.slack.messages(SHOP).try_into().expect("one message");
        assert!(left.words().contains("Taken back: this channel is shared"), "{}", left.words());
        assert!(left.buttons().is_empty());
        let withdrawn = workplace.entries(&id, "card_withdrawn").await;
        assert_eq!(withdrawn[0]["leaf"]["facts"]["why"], "shared");
        for who in [ERIN, FARID] {
            workplace.approve(who, PLATFORM).await;
        }
        workplace.approve(SAM, SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        assert_eq!(workplace.card(SHOP).words(), left.words());
        for channel in [PLATFORM, SECURITY] {
            workplace.card(channel);
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_replica_is_told_of_a_channel_the_others_know_before_they_post() {
    tell(|workplace| async move {
        // The other replica has posted there a moment ago, and knows that nobody reads along.
        let other = workplace.replica().await;
        let before = ask_quietly(&workplace, "First").await;
        other.app.outbox.drain().await.unwrap();
        assert_eq!(workplace.slack.messages(SHOP).len(), 1);
        is_shared(&workplace).await;
        let id = ask_quietly(&workplace, "Second").await;
        other.app.outbox.drain().await.unwrap();
        assert_eq!(workplace.slack.messages(SHOP).len(), 1, "what was there is all that is there");
        assert_eq!(workplace.slack.messages(PLATFORM).len(), 2, "both are asked about elsewhere");
        for id in [before, id] {
            assert_eq!(workplace.status(&id).await, "pending");
        }
        workplace.card(SHOP);
        other.app.stop().await;
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_shared_within_the_company_keeps_its_cards() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        happens(&workplace, json!({ "type": "channel_shared", "channel": SHOP })).await;
        workplace.approve(ERIN, SHOP).await;
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        assert!(workplace.entries(&id, "card_withdrawn").await.is_empty());
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_and_clicks_follow_a_channel_that_goes_by_another_id() {
    const NEW: &str = "C9SHOP";
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.slack.rename_channel(SHOP, NEW);
        let moved = json!({
            "type": "channel_id_changed", "old_channel_id": SHOP, "new_channel_id": NEW,
        });
        happens(&workplace, moved).await;
        workplace.approve(ERIN, NEW).await;
        assert!(workplace.card(NEW).words().contains("1 of 3 approved"));
        let later = workplace.ask(&write_prod_for("Another one")).await;
        assert_eq!(workplace.slack.messages(NEW).len(), 2);
        // A process that was not there when it was told knows it too.
        let workplace = workplace.restart().await;
        workplace.approve(FARID, NEW).await;
        assert_eq!(workplace.entries(&later, "vote_cast").await.len(), 1);
        let first = workplace.slack.messages(NEW).remove(0);
        workplace.press_on(FARID, &first, "Approve…").await;
        workplace.slack.modal(FARID).expect("a form");
        workplace.send(FARID, &Entries::none()).await;
        workplace.slack.modal(FARID);
        workplace.approve(SAM, SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        for message in workplace.slack.messages(NEW) {
            workplace.slack.message(NEW, &message.ts);
        }
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_somebody_deleted_is_posted_anew_once() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let gone = workplace.card(SHOP);
        workplace.press(ERIN, SHOP, "Approve…").await;
        workplace.slack.modal(ERIN).expect("a form");
        workplace.slack.delete(SHOP, &gone.ts);
        send_and_read(&workplace, ERIN).await;
        for _ in 0..3 {
            workplace.advance(SignedDuration::from_secs(30)).await;
        }
        let [card] = workplace.slack.messages(SHOP).try_into().expect("one message");
        assert_ne!(card.ts, gone.ts);
        assert!(card.words().contains("1 of 3 approved"), "{}", card.words());
        assert!(workplace.slack.messages(PLATFORM).is_empty(), "the channel is as it was");
        workplace.approve(FARID, SHOP).await;
        workplace.approve(SAM, SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        assert_eq!(workplace.slack.messages(SHOP).len(), 1);
        assert!(workplace.card(SHOP).words().contains("Approved: Shop Admin"));
        workplace.card(SECURITY);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_archived_with_its_card_is_asked_elsewhere_at_once() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.card(SHOP);
        workplace.press(ERIN, SHOP, "Approve…").await;
        workplace.slack.modal(ERIN).expect("a form");
        workplace.slack.mark_channel(SHOP, Trait::Archived);
        send_and_read(&workplace, ERIN).await;
        workplace.advance(SignedDuration::from_secs(5)).await;
        let withdrawn = workplace.entries(&id, "card_withdrawn").await;
        assert_eq!(withdrawn[0]["leaf"]["facts"]["why"], "refused");
        let moved = workplace.entries(&id, "escalated").await;
        assert_eq!(moved[0]["leaf"]["facts"]["why"], "lost", "and not after ten minutes");
        assert!(workplace.card(PLATFORM).words().contains("1 of 3 approved"));
        workplace.approve(FARID, PLATFORM).await;
        workplace.approve(SAM, SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        for channel in [PLATFORM, SECURITY] {
            workplace.card(channel);
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_removes_the_app_is_asked_elsewhere_and_each_person_counts_once() {
    tell_in(&TWO, |workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        workplace.approve(ERIN, SHOP).await;
        workplace.card(SHOP);
        for answer in workplace.slack.uninstall(&Site::Team(TEAM.to_owned())).await {
            assert_eq!(answer.status, Some(200));
        }
        workplace.settle().await;
        workplace.settle().await;
        let withdrawn = workplace.entries(&id, "card_withdrawn").await;
        assert_eq!(withdrawn[0]["leaf"]["facts"]["why"], "removed");
        // Erin's other account is Erin.
        workplace.press(ERIN_OPS, PLATFORM, "Approve…").await;
        workplace.slack.modal(ERIN_OPS).expect("a form");
        workplace.send(ERIN_OPS, &Entries::none()).await;
        let said = workplace.slack.modal(ERIN_OPS).expect("words").words();
        assert!(said.contains("You already approved"), "{said}");
        workplace.slack.close(ERIN_OPS).await;
        workplace.approve(FARID_OPS, PLATFORM).await;
        workplace.approve(SAM, SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        // What is asked from now on is asked there at once.
        let later = workplace.ask(&write_prod()).await;
        assert_eq!(workplace.slack.messages(PLATFORM).len(), 2);
        assert_eq!(workplace.status(&later).await, "pending");
        for channel in [PLATFORM, SECURITY] {
            workplace.card(channel);
        }
        workplace
    })
    .await;
}
