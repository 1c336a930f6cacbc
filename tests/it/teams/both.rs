//! One request in Slack and in Teams at once: one person is one person, each vote counts once, and
//! every card of both tells the same.

use std::sync::Arc;

use countersign::{clock::Clock, law::Sources};
use countersign_fake_slack::{
    FakeSlack,
    build::SCOPES,
    form::Entries as Form,
    message::Message,
    world::{App, Channel, Site, Team, User},
};
use countersign_sandbox::demo;
use serde_json::json;

use super::{
    blueprint::{Blueprint, SECURITY, SHOP, SLACK_APP, USUAL},
    workplace::{Workplace, tell_in, with_callback, write_prod},
};

const TEAM: &str = "T0SHOP";
/// The channels that the policy knows in both, by their id here and there.
const CHANNELS: [(&str, &str); 2] = [("C0SHOP", SHOP), ("C0SECURITY", SECURITY)];
const BOTH: Blueprint = Blueprint { beside: Some(section), law: twofold, ..USUAL };

fn section(slack: &FakeSlack) -> String {
    format!(
        "slack:\n  api_url: \"{}\"\n  app_id: {SLACK_APP}\n  signing_secret: {{ env: \
         SIGNING_SECRET }}\n  workspaces: [{{ team: {TEAM}, bot_token: {{ env: BOT_TOKEN }} }}]",
        slack.api_url(),
    )
}

/// Channels have an address in each, people an account in each.
fn twofold(sources: &mut Sources) {
    for (here, there) in CHANNELS {
        let address = format!("{{ teams: \"{there}\" }}");
        let both = format!("{{ teams: \"{there}\", slack: {here} }}");
        assert!(sources.policy.text.contains(&address));
        sources.policy.text = sources.policy.text.replace(&address, &both);
    }
    for persona in demo::PERSONAS {
        let account = format!("slack: {{ team: {TEAM}, user: {} }}, teams:", account(persona.id));
        let person = format!("  {}:", persona.id);
        let lines = sources.people.text.lines().map(|line| {
            let is_theirs = line.starts_with(&person);
            let line = if is_theirs { line.replace("teams:", &account) } else { line.to_owned() };
            line + "\n"
        });
        sources.people.text = lines.collect();
    }
}

fn account(person: &str) -> String {
    format!("U0{}", person.to_uppercase())
}

/// A Slack with the same people in it, and the token of the app.
pub(crate) async fn slack(clock: &Clock) -> (FakeSlack, String) {
    let time = clock.clone();
    let app = App::named(SLACK_APP);
    let slack = FakeSlack::start(app, Arc::new(move || time.now())).await.unwrap();
    slack.workspace(Team::named(TEAM));
    for (id, _) in CHANNELS {
        slack.channel(Channel::named(TEAM, id, &id.to_lowercase()));
    }
    for persona in demo::PERSONAS {
        slack.user(User::named(TEAM, &account(persona.id), persona.id));
    }
    let token = slack.install(&Site::Team(TEAM.to_owned()), SCOPES);
    (slack, token)
}

impl Workplace {
    fn slack(&self) -> &FakeSlack {
        &self.beside.as_ref().expect("a Slack beside it").0
    }

    #[track_caller]
    fn slack_card(&self, channel: &str) -> Message {
        self.slack().last_message(channel).expect("a card in Slack")
    }

    /// Opens the form in Slack and says yes; gives what the form says then.
    async fn approve_in_slack(&self, who: &str, channel: &str) -> String {
        let (slack, who) = (self.slack(), account(who));
        let card = self.slack_card(channel);
        assert!(slack.click(&who, &card, "Approve…").await.is_acknowledged());
        self.settle().await;
        slack.modal(&who).expect("a form");
        assert!(slack.submit(&who, &Form::none()).await.is_acknowledged());
        self.settle().await;
        let said = slack.modal(&who).expect("what became of it").words();
        slack.close(&who).await;
        said
    }

    /// Every card of these channels, in both, says this, and there is one of each.
    #[track_caller]
    fn all_say(&self, channels: &[(&str, &str)], words: &str) {
        for (here, there) in channels {
            for said in [self.slack_card(here).words(), self.card(there).words()] {
                assert!(said.contains(words), "`{words}` is not in: {said}");
            }
            assert_eq!(self.slack().messages(here).len(), 1);
            assert_eq!(self.teams.messages(there).len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_in_both_is_one_vote_and_a_quorum_is_reached_over_both() {
    tell_in(&BOTH, |workplace| async move {
        let id = workplace.ask(&with_callback(&workplace)).await;
        let [shop, security] = CHANNELS;
        workplace.all_say(&[shop], "wants to change live orders");
        workplace.approve("erin", SHOP).await;
        workplace.all_say(&[shop], "1 of 3 approved");
        let again = workplace.approve_in_slack("erin", shop.0).await;
        assert!(again.contains("You already approved"), "{again}");
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 1, "one person, one vote");
        let said = workplace.approve_in_slack("farid", shop.0).await;
        assert!(said.contains("Recorded"), "{said}");
        workplace.all_say(&[shop, security], "2 of 3 approved");
        let late = workplace.press("farid", SECURITY, "approve").await.sentence().unwrap();
        assert!(late.contains("You already approved") || late.contains("security"), "{late}");
        workplace.approve("sam", SECURITY).await;
        assert_eq!(workplace.status(&id).await, "approved");
        workplace.all_say(&CHANNELS, "Approved: Shop Admin may change live orders");
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 3);
        assert_eq!(workplace.entries(&id, "request_decided").await.len(), 1);
        assert_eq!(workplace.receiver.events(), ["access_request.approved"]);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_in_one_ends_it_in_the_other() {
    tell_in(&BOTH, |workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let [shop, _] = CHANNELS;
        let stale = workplace.slack_card(shop.0);
        let no = countersign_fake_teams::card::Entries::none().enter("reason", "not_needed_now");
        assert!(workplace.press_with("farid", SHOP, "deny", &no).await.card().is_some());
        workplace.all_say(&[shop], "Denied");
        assert_eq!(workplace.status(&id).await, "denied");
        let erin = account("erin");
        workplace.slack().click(&erin, &stale, "Approve…").await;
        workplace.settle().await;
        let told: Vec<_> = workplace.slack().ephemerals(&erin).iter().map(Message::words).collect();
        assert!(
            told.join("\n").contains("Denied") || told.join("\n").contains("denied"),
            "{told:?}"
        );
        assert_eq!(workplace.refusals(&id).await, [json!("over")]);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_at_the_same_moment_are_one_vote() {
    tell_in(&BOTH, |workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let [shop, _] = CHANNELS;
        let (slack, erin) = (workplace.slack().clone(), account("erin"));
        let card = workplace.slack_card(shop.0);
        assert!(slack.click(&erin, &card, "Approve…").await.is_acknowledged());
        slack.modal(&erin).expect("a form");
        let here = slack.submit_payload(&erin, &Form::none());
        let none = countersign_fake_teams::card::Entries::none();
        let there = workplace.teams.click_activity("erin", &workplace.card(SHOP), "approve", &none);
        let (in_slack, in_teams) =
            tokio::join!(slack.deliver(&here), workplace.teams.deliver(&there));
        workplace.settle().await;
        let counted = [in_slack.body.contains("Recorded"), in_teams.card().is_some()];
        assert_eq!(
            counted.iter().filter(|counted| **counted).count(),
            1,
            "{in_slack:?} {in_teams:?}"
        );
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 1);
        workplace.all_say(&[shop], "1 of 3 approved");
        workplace
    })
    .await;
}
