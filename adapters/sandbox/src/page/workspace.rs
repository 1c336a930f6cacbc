//! The plain page: the chat product and nothing else, for somebody who tries a policy, a catalogue
//! and people of their own. Requests come from outside, over the service's API.

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{RawQuery, State},
    response::Response,
    routing::get,
};

use super::{frame, screen::Screen};
use crate::{visit::Visit, visitor::Visitor, workspace::Sandbox};

#[derive(Clone)]
struct Page {
    sandbox: Sandbox,
    visitors: Arc<[Visitor]>,
}

#[derive(Template)]
#[template(path = "workspace.html")]
struct View<'a> {
    screen: Screen<'a>,
}

/// The page's own route, still without its door.
pub(super) fn routes(sandbox: Sandbox, visitors: Vec<Visitor>) -> Router {
    let page = Page { sandbox, visitors: visitors.into() };
    Router::new().route("/demo", get(show)).with_state(page)
}

async fn show(State(page): State<Page>, RawQuery(query): RawQuery) -> Response {
    let visit = Visit::from_form(query.unwrap_or_default().as_bytes());
    let screen = Screen::of(&page.sandbox, &page.visitors, visit);
    frame::answer(screen.map(|screen| View { screen }))
}

#[cfg(test)]
mod tests;
