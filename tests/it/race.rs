//! Many people at once: exactly one outcome each.

use std::collections::BTreeMap;

use countersign::{
    domain::{
        access::slice::View,
        client::{Approvers, Claims, Client, Mode, Requester},
        id::{ClientId, RequestId},
        outcome::Status,
        policy::Trust,
        request::{
            Action, AskingClient, Bound, Context, Draft, GRANT_SCOPE, Item, RequestedAccess,
            Resource, SignIn, Subject,
        },
        right::Rights,
    },
    store::Store,
};
use countersign_port::{
    access::{Access, Ballot, Choice},
    card::Verb,
};
use countersign_sandbox::demo;
use futures::future::join_all;

use crate::{
    database::Database,
    office::{Office, press, tell},
    patience::PATIENCE,
};

/// How many requests race at once.
const REQUESTS: usize = 40;

/// How often two votes are made to wait for one lock.
const ROUNDS: usize = 10;

/// How many of these rounds end in a decision. A store that reads before it locks sees, in each, one
/// vote of two: if it did not lose them all, these races would prove nothing.
const DECIDED: usize = if cfg!(feature = "read-first") { 0 } else { ROUNDS };

pub(crate) fn client() -> Client {
    Client {
        id: ClientId::from(demo::CLIENT_ID),
        name: demo::CLIENT_NAME.to_owned(),
        scopes: vec!["*".to_owned()],
        may: Rights::default(),
        callbacks: Vec::new(),
        trust: Trust::Trusted,
        owner: None,
        claims: Claims::Ignored,
        pending_limit: Some(1000),
        approvers: Approvers::Hidden,
        requester: Requester::Untold,
        mode: Mode::Direct,
        actors: Vec::new(),
    }
}

fn write_prod() -> Draft {
    let requested = RequestedAccess {
        scopes: vec!["prod:orders:write".to_owned()],
        ..RequestedAccess::default()
    };
    draft(GRANT_SCOPE, requested, Context::default())
}

/// Needs one person in each of two channels, side by side.
fn transfer() -> Draft {
    let parameters = [("amount", "20000"), ("currency", "USD"), ("to", "Acme")];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.into()));
    let context = Context { parameters: parameters.into_iter().collect(), ..Context::default() };
    draft("funds.transfer", RequestedAccess::default(), context)
}

pub(crate) fn draft(action: &str, requested: RequestedAccess, context: Context) -> Draft {
    let item = Item {
        action: Action { name: action.to_owned(), properties: None },
        resource: Resource {
            kind: "oauth_client".to_owned(),
            id: demo::CLIENT_ID.to_owned(),
            properties: None,
        },
        requested,
    };
    Draft {
        client: AskingClient {
            id: demo::CLIENT_ID.to_owned(),
            name: None,
            actor: None,
            source: serde_json::Map::new(),
        },
        subject: Subject {
            kind: "user".to_owned(),
            id: "dana".to_owned(),
            name: None,
            email: None,
            groups: Vec::new(),
            proven: Vec::new(),
            sign_in: SignIn::default(),
            roles: Vec::new(),
            sid: None,
        },
        items: vec![item],
        context,
        credential: None,
        login_hint: None,
        binding: Bound::default(),
        transaction: None,
        binding_message: None,
        acr_values: None,
        delegated: None,
        requested_expiry_seconds: None,
        callback: None,
    }
}

async fn open(office: &Office, draft: Draft) -> View {
    office.app.service.open(&client(), draft, None).await.unwrap()
}

fn approval(button: &str, who: &str) -> Ballot {
    Ballot {
        press: press(who, button),
        choice: Choice::Approve,
        comment: None,
        number: None,
        seen_at: None,
    }
}

async fn click(office: &Office, access: &dyn Access, channel: &str, who: &str) {
    let presses = office.sandbox.messages(channel).into_iter().filter_map(|message| {
        let button =
            message.card.actions.iter().find(|button| button.verb == Verb::Approve)?.clone();
        Some(access.vote(approval(&button.token, who)))
    });
    for result in join_all(presses).await {
        if let Err(refusal) = result {
            assert!(!refusal.sentence.is_empty());
        }
    }
}

/// Eight people press every card of both steps at once, each at the replica of their turn: some
/// count, some do not, some press twice, one of them is the requester.
async fn race(office: &Office, replicas: &[&dyn Access]) {
    let opened: Vec<View> = join_all((0..REQUESTS).map(|_| open(office, write_prod()))).await;
    office.settle().await;
    let shop = ["erin", "farid", "erin", "farid", "dana", "sam", "gus", "fay"];
    let security = ["sam", "sam", "sam", "dana", "erin", "farid", "olu", "sam"];
    for (channel, people) in [("shop-approvals", shop), ("security", security)] {
        let presses = people
            .iter()
            .enumerate()
            .map(|(turn, who)| click(office, replicas[turn % replicas.len()], channel, who));
        join_all(presses).await;
        office.settle().await;
    }
    let mut outcomes: BTreeMap<Status, usize> = BTreeMap::new();
    for opened in &opened {
        let id: &RequestId = &opened.request.id;
        let view = office.app.service.view(&client(), id).await.unwrap();
        *outcomes.entry(view.outcome.unwrap().status).or_default() += 1;
    }
    assert_eq!(outcomes, BTreeMap::from([(Status::Approved, REQUESTS)]));
    the_log_has_no_gap(office).await;
}

/// Every request has entries 1 to n, and exactly one says how it ended.
async fn the_log_has_no_gap(office: &Office) {
    let store = office.store();
    let broken: i64 = sqlx::query_scalar(
        "select count(*) from (select request_id from entry group by request_id \
         having count(*) <> max(seq) or min(seq) <> 1 \
         or sum(case when kind = 'request_decided' then 1 else 0 end) <> 1) broken",
    )
    .fetch_one(&store.read)
    .await
    .unwrap();
    assert_eq!(broken, 0);
    let outcomes: i64 =
        sqlx::query_scalar("select count(*) from outcome").fetch_one(&store.read).await.unwrap();
    assert_eq!(outcomes, i64::try_from(REQUESTS).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_voters_make_exactly_one_outcome_each() {
    tell(|office| async move {
        race(&office, &[&office.app.service]).await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_on_one_database_make_exactly_one_outcome_each() {
    let Some(database) = Database::postgres().await else { return };
    let office = Office::open(database).await;
    let other = office.replica().await;
    race(&office, &[&office.app.service, &other.service]).await;
    other.stop().await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_that_wait_for_one_lock_see_each_other() {
    let Some(database) = Database::postgres().await else { return };
    let office = Office::open(database).await;
    let other = office.replica().await;
    let mut decided = 0;
    for _ in 0..ROUNDS {
        let id = open(&office, transfer()).await.request.id.clone();
        office.settle().await;
        both_wait(&office, &other.service, &id).await;
        let view = office.app.service.view(&client(), &id).await.unwrap();
        decided += usize::from(view.outcome.is_some());
        office.settle().await;
    }
    assert_eq!(decided, DECIDED);
    other.stop().await;
    office.close().await;
}

/// Two people click, each at another replica, while somebody holds the lock of the request.
async fn both_wait(office: &Office, there: &dyn Access, id: &RequestId) {
    let store = office.store();
    let mut holder = store.read.begin().await.unwrap();
    let lock = sqlx::query("select id from request where id = $1 for update").bind(id.as_str());
    lock.execute(&mut *holder).await.unwrap();
    let let_go = async {
        while waiting(&store).await < 2 {
            tokio::task::yield_now().await;
        }
        holder.commit().await.unwrap();
    };
    let let_go = tokio::time::timeout(PATIENCE, let_go);
    let here: &dyn Access = &office.app.service;
    let fay = here.vote(approval(&office.button("payments", Verb::Approve), "fay"));
    let olu = there.vote(approval(&office.button("incident", Verb::Approve), "olu"));
    let (fay, olu, let_go) = tokio::join!(fay, olu, let_go);
    assert!(fay.is_ok() && olu.is_ok() && let_go.is_ok(), "{fay:?} {olu:?} {let_go:?}");
}

async fn waiting(store: &Store) -> i64 {
    let query = "select count(*) from pg_stat_activity \
        where datname = current_database() and wait_event_type = 'Lock'";
    sqlx::query_scalar(query).fetch_one(&store.read).await.unwrap()
}
