//! Our client against a Slack that no one here wrote, npm's `emulate`: runs where
//! `COUNTERSIGN_EMULATE` names the base of its address, as `cargo xtask peers slack-emulate` does.

use std::sync::Arc;

use countersign_port::{access::Identity, card::Face, chat::Chat};
use serde::Deserialize;
use serde_json::json;

use crate::{
    fakes, modal,
    samples::{self, FACES},
    slack::Slack,
    waiting,
    web::{Channel, Message, PATIENCE, User},
};

/// The place and the people that `emulate` begins with.
const TEAM: &str = "T000000001";
const CHANNEL: &str = "C000000001";
const USER: &str = "U000000001";

#[derive(Deserialize)]
struct Trigger {
    trigger_id: String,
}

#[derive(Deserialize)]
struct Joined {
    channel: Channel,
}

#[derive(Deserialize)]
struct Found {
    user: User,
}

#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
async fn emulated(test: &str) -> Option<Slack> {
    let Ok(address) = std::env::var("COUNTERSIGN_EMULATE") else {
        eprintln!("skipped: {test}: set COUNTERSIGN_EMULATE");
        return None;
    };
    let now = Arc::new(std::sync::Mutex::new(samples::at(fakes::NOW)));
    // It knows the methods that read as POST alone, so the channel is not looked up.
    let slack = fakes::slack(&address, &[TEAM], &now, &[CHANNEL]);
    let channel = json!({ "channel": CHANNEL });
    let joined: Joined =
        slack.web().ask(TEAM, "conversations.join", &channel, PATIENCE).await.unwrap();
    assert_eq!(joined.channel.id, CHANNEL);
    Some(slack)
}

#[tokio::test]
async fn every_face_is_posted_and_redrawn() {
    let Some(slack) = emulated("every_face_is_posted_and_redrawn").await else { return };
    for face in FACES {
        let message = slack.post(CHANNEL, &samples::card(face)).await.unwrap();
        assert!(message.0.starts_with(&format!("{TEAM}/{CHANNEL}/")), "{}", message.0);
        slack.update(&message, &samples::card(Face::Approved)).await.unwrap();
    }
}

#[tokio::test]
async fn one_person_is_told_and_known() {
    let Some(slack) = emulated("one_person_is_told_and_known").await else { return };
    let person = Identity { provider: "slack".into(), tenant: TEAM.into(), subject: USER.into() };
    slack.tell(&person, &samples::card(Face::Approved)).await.unwrap();
    let web = slack.web();
    let words = Message {
        text: "Recorded.".into(),
        blocks: waiting::list(&[], &"http://x".parse().unwrap()),
    };
    web.post_ephemeral(TEAM, CHANNEL, USER, words).await.unwrap();
    let asked = json!({ "user": USER });
    let Found { user } = web.ask(TEAM, "users.info", &asked, PATIENCE).await.unwrap();
    assert_eq!((user.id.as_str(), user.team_id.as_deref()), (USER, Some(TEAM)));
    assert!(!user.deleted && !user.is_bot);
}

#[tokio::test]
async fn forms_and_the_home_tab_are_shown() {
    let Some(slack) = emulated("forms_and_the_home_tab_are_shown").await else { return };
    let web = slack.web();
    let card = samples::card(Face::Pending);
    for button in &card.actions {
        let asked = json!({ "user_id": USER });
        let made = web.ask(TEAM, "views.generateTriggerId", &asked, PATIENCE);
        let Trigger { trigger_id } = made.await.unwrap();
        let view = match &button.form {
            Some(form) => modal::form(&card, button, form, samples::at(fakes::NOW)),
            None => modal::details(&card),
        };
        web.open_view(TEAM, &trigger_id, view.clone()).await.unwrap();
        let again = web.open_view(TEAM, &trigger_id, view).await.unwrap_err();
        assert!(again.to_string().contains("exchanged"), "a trigger works once: {again}");
    }
    let home = waiting::home(waiting::list(&[], &"http://x".parse().unwrap()));
    web.publish_view(TEAM, USER, home).await.unwrap();
}
