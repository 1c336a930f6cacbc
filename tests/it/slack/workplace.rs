//! The workplace: the service behind its own door, a Slack with people in it, an asking OAuth
//! server, on a clock that stands still.

use std::{collections::BTreeMap, pin::pin, sync::Arc};

use axum::Router;
use countersign::{
    adapters::{self, Adapters},
    app::App,
    cli::Failure,
    clock::{Clock, Seeds},
    config::Config,
    means::Means,
    outbox::pace::Pace,
    server::{Setup, assemble},
};
use countersign_fake_slack::{
    FakeSlack, answer::Answer as Said, form::Entries, message::Message, world::Endpoints,
};
use countersign_port::{access::Access, chat::Chat};
use futures::{FutureExt, future::join_all};
use jiff::SignedDuration;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::blueprint::{Blueprint, USUAL};
pub(crate) use crate::office::{deletion, write_prod, write_prod_for};
use crate::{
    database::Database,
    office::{API_KEY, AUDITOR_KEY, Answer, START, answer, client},
    receiver::Receiver,
};

/// The workspace of the shop.
pub(crate) const TEAM: &str = "T0SHOP";
pub(crate) const APP: &str = "A0CSIGN";

/// The channels of the policy, by name.
pub(crate) const SHOP: &str = "C0SHOP";
pub(crate) const SECURITY: &str = "C0SECURITY";
pub(crate) const PAYMENTS: &str = "C0PAYMENTS";
pub(crate) const CHANNELS: [(&str, &str); 5] = [
    (SHOP, "shop-approvals"),
    (SECURITY, "security"),
    (PAYMENTS, "payments"),
    ("C0INCIDENT", "incident"),
    ("C0PLATFORM", "platform"),
];

/// Everybody, by account.
pub(crate) const ERIN: &str = "U0ERIN";
pub(crate) const FARID: &str = "U0FARID";
pub(crate) const GUS: &str = "U0GUS";
pub(crate) const SAM: &str = "U0SAM";
pub(crate) const FAY: &str = "U0FAY";
pub(crate) const OLU: &str = "U0OLU";
pub(crate) const DANA: &str = "U0DANA";
pub(crate) const PEOPLE: [&str; 7] = [ERIN, FARID, GUS, SAM, FAY, OLU, DANA];

/// Somebody who works there and whom nobody has linked.
pub(crate) const NEW: &str = "U0NEW";

/// Everything that a story needs.
pub(crate) struct Workplace {
    pub(crate) process: Process,
    pub(crate) clock: Clock,
    pub(crate) slack: FakeSlack,
    pub(crate) receiver: Receiver,
    pub(crate) url: String,
    blueprint: Blueprint,
    database: Database,
    token: String,
}

/// A process of the service.
pub(crate) struct Process {
    pub(crate) app: App,
    pub(crate) means: Means,
    chats: Vec<Arc<dyn Chat>>,
}

/// A process that listens.
pub(crate) struct Door {
    pub(crate) process: Process,
    pub(crate) url: String,
}

/// Tells a story on SQLite, and on PostgreSQL where there is one.
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
        story(Workplace::open(*blueprint, database).await).await.close().await;
    }
}

impl Process {
    /// What the adapters do beside the routes, one round of it, to its end.
    pub(crate) async fn work(&self) {
        let stop = CancellationToken::new();
        let rounds = self.chats.iter().map(|chat| chat.work(self.access(), stop.clone()));
        let mut round = pin!(join_all(rounds));
        // Everything has begun when this returns; what has begun does not hear the stop.
        let is_over = round.as_mut().now_or_never().is_some();
        stop.cancel();
        if !is_over {
            round.await;
        }
    }

    /// Does something while the adapters work beside it.
    pub(crate) async fn working<T>(&self, act: impl Future<Output = T>) -> T {
        let stop = CancellationToken::new();
        let rounds = self.chats.iter().map(|chat| chat.work(self.access(), stop.clone()));
        let act = async {
            let done = act.await;
            stop.cancel();
            done
        };
        tokio::join!(join_all(rounds), act).1
    }

    /// What waits to be said to single people is said.
    async fn answer_privately(&self) {
        // A worker that is told to stop does what is left and ends.
        let stopped = CancellationToken::new();
        stopped.cancel();
        for chat in &self.chats {
            chat.work(self.access(), stopped.clone()).await;
        }
    }

    fn access(&self) -> Arc<dyn Access> {
        Arc::new(self.app.service.clone())
    }
}

impl Workplace {
    async fn open(blueprint: Blueprint, database: Database) -> Self {
        let clock = Clock::frozen(START.parse().unwrap());
        let receiver = Receiver::start(clock.clone()).await;
        let (slack, token) = blueprint.slack(&clock).await;
        Self::with(blueprint, database, clock, slack, receiver, token).await
    }

    /// A new process over the same database; Slack and the asking server know nothing of it.
    pub(crate) async fn restart(self) -> Self {
        let Self { process, clock, slack, receiver, blueprint, database, token, .. } = self;
        process.app.stop().await;
        Self::with(blueprint, database, clock, slack, receiver, token).await
    }

    async fn with(
        blueprint: Blueprint,
        database: Database,
        clock: Clock,
        slack: FakeSlack,
        receiver: Receiver,
        token: String,
    ) -> Self {
        let text = blueprint.text(&database, &receiver, &slack);
        let config = Blueprint::config(&text, &blueprint.environment(&token));
        let (process, router) = assembled(&blueprint, config, &clock).await.unwrap();
        let url = serve(router, &process).await;
        slack.connect(Endpoints::below(&url));
        Self { process, clock, slack, receiver, url, blueprint, database, token }
    }

    /// A second process over the same database, to which nobody speaks.
    pub(crate) async fn replica(&self) -> Process {
        self.another(&self.blueprint.environment(&self.token)).await.unwrap().0
    }

    /// The same with a door of its own, of which Slack does not know.
    pub(crate) async fn second_door(&self) -> Door {
        let environment = self.blueprint.environment(&self.token);
        let (process, router) = self.another(&environment).await.unwrap();
        let url = serve(router, &process).await;
        Door { process, url }
    }

    /// A second process that seals with another key.
    pub(crate) async fn start_with_key(&self, encryption_key: &str) -> Result<Process, Failure> {
        let mut environment = self.blueprint.environment(&self.token);
        environment.insert("ENCRYPTION_KEY", encryption_key.to_owned());
        Ok(self.another(&environment).await?.0)
    }

    async fn another(
        &self,
        environment: &BTreeMap<&'static str, String>,
    ) -> Result<(Process, Router), Failure> {
        let text = self.blueprint.text(&self.database, &self.receiver, &self.slack);
        let config = Blueprint::config(&text, environment);
        assembled(&self.blueprint, config, &self.clock).await
    }

    /// Lets everything that is due happen, and everybody hear what they are to hear.
    pub(crate) async fn settle(&self) {
        self.process.app.timers.sweep().await.unwrap();
        self.process.app.outbox.drain().await.unwrap();
        self.process.answer_privately().await;
    }

    pub(crate) async fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.settle().await;
    }

    /// Nothing may be left: nothing unread in Slack, no callback unseen, no work that is due.
    pub(crate) async fn close(self) {
        self.settle().await;
        let unread = self.receiver.events();
        assert!(unread.is_empty(), "callbacks that the story did not look at: {unread:?}");
        self.slack.skim_threads();
        let leftovers = self.slack.leftovers();
        assert!(leftovers.is_empty(), "left behind in Slack: {leftovers:#?}");
        self.process.app.stop().await;
        self.slack.stop();
        self.database.drop().await;
    }

    /// Asks for something, and lets the cards go out.
    pub(crate) async fn ask(&self, body: &Value) -> String {
        let request = client().post(format!("{}/access/v1/requests", self.url)).json(body);
        let answer = answer(request.bearer_auth(API_KEY)).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        self.settle().await;
        answer.body["task"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, id: &str) -> Answer {
        let url = format!("{}/access/v1/requests/{id}", self.url);
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
        self.slack.last_message(channel).expect("a card")
    }

    /// Presses a button of the newest card of a channel; whatever follows has happened then.
    pub(crate) async fn press(&self, who: &str, channel: &str, button: &str) {
        let card = self.card(channel);
        self.press_on(who, &card, button).await;
    }

    /// Why clicks on a request were refused, as the audit log has it, the first one first.
    pub(crate) async fn refusals(&self, id: &str) -> Vec<Value> {
        let entries = self.entries(id, "vote_refused").await;
        entries.iter().map(|entry| entry["leaf"]["facts"]["why"].clone()).collect()
    }

    /// Presses a button of a card, old or new.
    pub(crate) async fn press_on(&self, who: &str, card: &Message, button: &str) {
        let said = self.slack.click(who, card, button).await;
        assert_eq!((said.status, said.body.as_str()), (Some(200), ""), "{said:?}");
        self.settle().await;
    }

    /// Fills in the form that is open, and sends it.
    pub(crate) async fn send(&self, who: &str, entries: &Entries) -> Said {
        let said = self.slack.submit(who, entries).await;
        assert_eq!(said.status, Some(200), "{said:?}");
        self.settle().await;
        said
    }

    /// Opens the form for a yes and says yes.
    pub(crate) async fn approve(&self, who: &str, channel: &str) {
        self.press(who, channel, "Approve…").await;
        self.slack.modal(who).expect("a form");
        self.send(who, &Entries::none()).await;
        let words = self.slack.modal(who).expect("what was recorded").words();
        assert!(words.contains("Recorded"), "{words}");
        self.slack.close(who).await;
    }

    /// What somebody was told privately since they looked last.
    pub(crate) fn told(&self, who: &str) -> Vec<String> {
        self.slack.ephemerals(who).iter().map(Message::words).collect()
    }

    /// The one thing that somebody was told privately.
    #[track_caller]
    pub(crate) fn told_once(&self, who: &str) -> String {
        let mut told = self.told(who);
        assert_eq!(told.len(), 1, "{told:?}");
        told.remove(0)
    }

    /// The entries of a kind that the audit log has about a request, the first one first.
    pub(crate) async fn entries(&self, id: &str, kind: &str) -> Vec<Value> {
        let url = format!("{}/audit/v1/entries?request_id={id}&kind={kind}", self.url);
        let answer = answer(client().get(url).bearer_auth(AUDITOR_KEY)).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let mut entries = answer.body["items"].as_array().expect("entries").clone();
        entries.sort_by_key(|entry| entry["leaf"]["seq"].as_i64());
        entries
    }
}

/// Opens a process's door; gives its address.
async fn serve(router: Router, process: &Process) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = countersign::http::serve::serve(listener, router, process.app.stopping());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(serving);
    url
}

async fn assembled(
    blueprint: &Blueprint,
    mut config: Config,
    clock: &Clock,
) -> Result<(Process, Router), Failure> {
    let law = blueprint.law(&config);
    let means = Means::open(&mut config, clock.clone(), Seeds::system()).await?;
    let Adapters { chats, directories, .. } = adapters::connect(&config, &law.people, &means)?;
    let setup = Setup {
        config,
        means: means.clone(),
        law,
        chats: chats.clone(),
        directories,
        pace: Pace::Unlimited,
    };
    let (app, router) = assemble(setup, |_| Router::new());
    Ok((Process { app, means, chats }, router))
}
