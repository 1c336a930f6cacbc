//! The pages of a workspace. The demo's says who you are, what the channels show and what the
//! OAuth server sees, and has buttons that make something happen; the other is the workspace alone.
//! Every button is a plain form; the script only saves the reload.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use jiff::SignedDuration;

use self::view::View;
use crate::{
    oauth_server::{Switch, scenario::Scenario},
    stage::Stage,
    tour,
    visit::Visit,
    visitor::Visitor,
    weather::Weather,
    workspace::Sandbox,
};

mod frame;
mod screen;
mod view;
mod workspace;

const MAX_BODY_BYTES: usize = 4 * 1024;
/// What the sandbox asks for while it is limited.
const LIMITED_FOR: Duration = Duration::from_secs(30);

#[derive(Clone)]
struct Page {
    stage: Stage,
    visitors: Arc<[Visitor]>,
    /// How many steps of the tour are done.
    done: Arc<AtomicUsize>,
}

/// The routes of the demo's page, behind their door. They belong on the same listener as the routes
/// of the workspace, because a card's buttons post to that one.
pub fn routes(stage: Stage) -> Router {
    let sandbox = stage.sandbox.clone();
    let visitors = Visitor::of_the_demo().into();
    let router = Router::new()
        .route("/demo", get(show))
        .route("/demo/send/{scenario}", post(send))
        .route("/demo/clock/{minutes}", post(advance))
        .route("/demo/callbacks/{switch}", post(callbacks))
        .route("/demo/chat/{switch}", post(chat))
        .route("/demo/redeem/{request}", post(redeem))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Page { stage, visitors, done: Arc::default() });
    frame::framed(router, &sandbox)
}

/// The routes of a page that is the workspace alone, for whoever may be on it. They stand where
/// those of the demo would, so a listener has one or the other, beside the routes of the workspace.
pub fn workspace(sandbox: &Sandbox, visitors: Vec<Visitor>) -> Router {
    frame::framed(workspace::routes(sandbox.clone(), visitors), sandbox)
}

impl Page {
    /// Steps that are done stay done, also when the card that showed it changes.
    fn done(&self) -> usize {
        let mut done = self.done.load(Ordering::Relaxed);
        while tour::STEPS.get(done).is_some_and(|step| step.check.holds(&self.stage)) {
            done += 1;
        }
        self.done.fetch_max(done, Ordering::Relaxed).max(done)
    }
}

async fn show(State(page): State<Page>, RawQuery(query): RawQuery) -> Response {
    let visit = Visit::from_form(query.unwrap_or_default().as_bytes());
    frame::answer(View::of(&page, visit))
}

async fn send(State(page): State<Page>, Path(name): Path<String>, body: Bytes) -> Response {
    let Some(scenario) = Scenario::find(&name) else { return unknown() };
    match page.stage.server.send(scenario).await {
        Ok(_) => back(&body),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn advance(State(page): State<Page>, Path(minutes): Path<u8>, body: Bytes) -> Response {
    page.stage.clock.advance(SignedDuration::from_mins(minutes.into())).await;
    page.stage.sandbox.pulse().beat();
    back(&body)
}

async fn callbacks(State(page): State<Page>, Path(name): Path<String>, body: Bytes) -> Response {
    let Some(switch) = Switch::find(&name) else { return unknown() };
    page.stage.server.answer_callbacks(switch);
    back(&body)
}

async fn chat(State(page): State<Page>, Path(name): Path<String>, body: Bytes) -> Response {
    let weather = match Switch::find(&name) {
        Some(Switch::Up) => Weather::Fine,
        Some(Switch::Down) => Weather::Limited { after: LIMITED_FOR },
        None => return unknown(),
    };
    page.stage.sandbox.set_weather(weather);
    back(&body)
}

async fn redeem(State(page): State<Page>, Path(request): Path<String>, body: Bytes) -> Response {
    if !page.stage.server.spendable().contains(&request) {
        return unknown();
    }
    match page.stage.server.redeem(&request).await {
        Ok(_) => back(&body),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

fn back(form: &Bytes) -> Response {
    Redirect::to(&Visit::from_form(form).address()).into_response()
}

fn unknown() -> Response {
    (StatusCode::NOT_FOUND, "there is no such button").into_response()
}
