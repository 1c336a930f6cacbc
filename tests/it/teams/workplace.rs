//! The workplace: the service behind its own door, a Teams with people in it, an asking OAuth
//! server, on a clock that stands still.

use std::sync::Arc;

use axum::Router;
use countersign::{
    adapters::{self, Adapters},
    app::App,
    clock::{Clock, Seeds},
    config::Config,
    means::Means,
    outbox::pace::Pace,
    server::{Setup, assemble},
};
use countersign_fake_slack::{FakeSlack, world::Endpoints};
use countersign_fake_teams::{FakeTeams, answer::Answer as Said, card::Entries, message::Message};
use countersign_port::{access::Access, chat::Chat};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    blueprint::{Blueprint, TEAM, USUAL, environment},
    both,
};
pub(crate) use crate::office::{deletion, write_prod, write_prod_for};
use crate::{
    database::Database,
    office::{API_KEY, AUDITOR_KEY, Answer, answer, client},
    receiver::Receiver,
};

/// Everything that a story needs.
pub(crate) struct Workplace {
    pub(crate) teams: FakeTeams,
    /// A Slack with the same people in it, and the token of the app there.
    pub(crate) beside: Option<(FakeSlack, String)>,
    pub(crate) receiver: Receiver,
    pub(crate) clock: Clock,
    process: Process,
    blueprint: Blueprint,
    database: Database,
}

/// One replica of the service.
struct Process {
    app: App,
    chats: Vec<Arc<dyn Chat>>,
    url: String,
}

/// Tells a story on SQLite, and on PostgreSQL where there is one. The app is in the team.
pub(crate) async fn tell<F, Story>(story: Story)
where
    Story: Fn(Workplace) -> F,
    F: Future<Output = Workplace>,
{
    tell_in(&USUAL, story).await;
}

/// Tells a story in a workplace that is set up otherwise.
pub(crate) async fn tell_in<F, Story>(blueprint: &Blueprint, story: Story)
where
    Story: Fn(Workplace) -> F,
    F: Future<Output = Workplace>,
{
    let _ = tracing_subscriber::fmt().with_test_writer().try_init();
    let databases = [Some(Database::sqlite()), Database::postgres().await];
    for database in databases.into_iter().flatten() {
        let workplace = Workplace::open(*blueprint, database).await;
        workplace.install().await;
        story(workplace).await.close().await;
    }
}

impl Workplace {
    async fn open(blueprint: Blueprint, database: Database) -> Self {
        let clock = (blueprint.clock)();
        let receiver = Receiver::start(clock.clone()).await;
        let teams = blueprint.teams(&clock).await;
        let beside = match blueprint.beside {
            Some(_) => Some(both::slack(&clock).await),
            None => None,
        };
        Self::with(blueprint, database, clock, teams, beside, receiver).await
    }

    /// A new process over the same database; Teams and the asking server know nothing of it.
    pub(crate) async fn restart(self) -> Self {
        let Self { process, clock, teams, beside, receiver, blueprint, database, .. } = self;
        process.app.stop().await;
        Self::with(blueprint, database, clock, teams, beside, receiver).await
    }

    async fn with(
        blueprint: Blueprint,
        database: Database,
        clock: Clock,
        teams: FakeTeams,
        beside: Option<(FakeSlack, String)>,
        receiver: Receiver,
    ) -> Self {
        let (slack, token) = beside.as_ref().map(|(slack, token)| (slack, token.as_str())).unzip();
        let text = blueprint.text(&database, &receiver, &teams, slack);
        let config = Blueprint::config(&text, &environment(token.unwrap_or("none")));
        let process = Process::start(&blueprint, config, &clock).await;
        teams.connect(&process.door());
        if let Some(slack) = slack {
            slack.connect(Endpoints::below(&process.url));
        }
        Self { teams, beside, receiver, clock, process, blueprint, database }
    }

    /// What Teams posts, to another replica that it knows for so long; that has done then whatever
    /// follows, and ends.
    pub(crate) async fn deliver_elsewhere(&self, activity: &Value) -> Said {
        let config = Blueprint::config(&self.text(&self.receiver), &environment("none"));
        let replica = Process::start(&self.blueprint, config, &self.clock).await;
        self.teams.connect(&replica.door());
        let said = self.teams.deliver(activity).await;
        self.teams.connect(&self.process.door());
        replica.settle().await;
        replica.app.stop().await;
        said
    }

    /// The configuration of the same service, with another receiver of callbacks.
    pub(crate) fn text(&self, receiver: &Receiver) -> String {
        self.blueprint.text(&self.database, receiver, &self.teams, None)
    }

    async fn install(&self) {
        let said = self.teams.install("dana", TEAM).await;
        assert_eq!((said.status, said.body.as_str()), (Some(200), ""), "nothing is answered");
        self.settle().await;
    }

    /// Asks for something, and lets the cards go out.
    pub(crate) async fn ask(&self, body: &Value) -> String {
        let request = client().post(format!("{}/access/v1/requests", self.process.url)).json(body);
        let answer = answer(request.bearer_auth(API_KEY)).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        self.settle().await;
        answer.body["task"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, id: &str) -> Answer {
        let url = format!("{}/access/v1/requests/{id}", self.process.url);
        answer(client().get(url).bearer_auth(API_KEY)).await
    }

    pub(crate) async fn status(&self, id: &str) -> String {
        let status = self.get(id).await.body["task"]["status"].as_str().unwrap().to_owned();
        // Who fetches the outcome takes the approval up, and the cards say so.
        self.settle().await;
        status
    }

    /// The newest card of a channel.
    #[track_caller]
    pub(crate) fn card(&self, channel: &str) -> Message {
        self.teams.last_message(channel).expect("a card")
    }

    /// Presses a button of the newest card of a channel; whatever follows has happened then.
    pub(crate) async fn press(&self, who: &str, channel: &str, verb: &str) -> Said {
        self.press_with(who, channel, verb, &Entries::none()).await
    }

    pub(crate) async fn press_with(
        &self,
        who: &str,
        channel: &str,
        verb: &str,
        entries: &Entries,
    ) -> Said {
        let card = self.card(channel);
        self.deliver(&self.teams.click_activity(who, &card, verb, entries)).await
    }

    /// What Teams posts; whatever follows has happened then.
    pub(crate) async fn deliver(&self, activity: &Value) -> Said {
        // What Teams takes in one second is bounded, and each click comes in one of its own.
        self.clock.advance(SignedDuration::from_secs(2));
        let said = self.teams.deliver(activity).await;
        self.settle().await;
        said
    }

    /// Presses “Approve”, which counts.
    pub(crate) async fn approve(&self, who: &str, channel: &str) {
        let said = self.press(who, channel, "approve").await;
        assert!(said.card().is_some(), "{said:?}");
    }

    /// Lets everything that is due happen, and everybody hear what they are to hear.
    pub(crate) async fn settle(&self) {
        self.process.settle().await;
    }

    pub(crate) async fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.settle().await;
    }

    /// What somebody was told privately since they looked last.
    pub(crate) fn told(&self, who: &str) -> Vec<String> {
        self.teams.chat(who).iter().map(Message::words).collect()
    }

    /// Why clicks on a request were refused, as the audit log has it, the first one first.
    pub(crate) async fn refusals(&self, id: &str) -> Vec<Value> {
        let entries = self.entries(id, "vote_refused").await;
        entries.iter().map(|entry| entry["leaf"]["facts"]["why"].clone()).collect()
    }

    /// The entries of a kind that the audit log has about a request, the first one first.
    pub(crate) async fn entries(&self, id: &str, kind: &str) -> Vec<Value> {
        let url = format!("{}/audit/v1/entries?request_id={id}&kind={kind}", self.process.url);
        let answer = answer(client().get(url).bearer_auth(AUDITOR_KEY)).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let mut entries = answer.body["items"].as_array().expect("entries").clone();
        entries.sort_by_key(|entry| entry["leaf"]["seq"].as_i64());
        entries
    }

    /// Whom an address was said to be.
    pub(crate) async fn proposals(&self) -> Vec<String> {
        let told = self.process.app.store().people_changes(9).await.unwrap();
        let proposed = told.into_iter().filter(|line| line.what == "link_proposed");
        proposed.map(|line| line.subject).collect()
    }

    /// Nothing may be left: nothing unread in Teams, no callback unseen, no work that is due.
    pub(crate) async fn close(self) {
        self.settle().await;
        let unread = self.receiver.events();
        assert!(unread.is_empty(), "callbacks that the story did not look at: {unread:?}");
        self.teams.skim_threads();
        let leftovers = self.teams.leftovers();
        assert!(leftovers.is_empty(), "left behind in Teams: {leftovers:#?}");
        self.process.app.stop().await;
        self.teams.stop();
        self.beside.iter().for_each(|(slack, _)| slack.stop());
        self.database.drop().await;
    }
}

impl Process {
    async fn start(blueprint: &Blueprint, mut config: Config, clock: &Clock) -> Self {
        let law = blueprint.law(&config);
        let means = Means::open(&mut config, clock.clone(), Seeds::system()).await.unwrap();
        let Adapters { chats, directories, .. } =
            adapters::connect(&config, &law.people, &means).unwrap();
        let pace = Pace::Unlimited;
        let setup = Setup { config, means, law, chats: chats.clone(), directories, pace };
        let (app, router) = assemble(setup, |_| Router::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(countersign::http::serve::serve(listener, router, app.stopping()));
        Self { app, chats, url }
    }

    fn door(&self) -> String {
        format!("{}/teams/messages", self.url)
    }

    async fn settle(&self) {
        self.app.timers.sweep().await.unwrap();
        self.app.outbox.drain().await.unwrap();
        // A worker that is told to stop does what is left and ends.
        let stopped = CancellationToken::new();
        stopped.cancel();
        for chat in &self.chats {
            let access: Arc<dyn Access> = Arc::new(self.app.service.clone());
            chat.work(access, stopped.clone()).await;
        }
    }
}

/// The same request, whose outcome is told to the asking server.
pub(crate) fn with_callback(workplace: &Workplace) -> Value {
    let mut body = write_prod();
    body["callback"] = json!({ "endpoint": workplace.receiver.endpoint, "state": "st-1" });
    body
}
