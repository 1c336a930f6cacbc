//! Lists of users and groups: by filter, page by page.

use axum::{extract::State, http::Uri, response::Response};
use serde_json::Value;

use super::{
    Provider,
    answer::{Failed, listed, shown, whole},
};
use crate::{
    domain::scim::{Fault, FaultKind, filter::Filter, projection::Projection, resource::Kind},
    http::AppState,
    service::Parts,
    store::scim::{Kept, Lookup},
};

const PAGE: i64 = 100;
/// As `ServiceProviderConfig` says.
const PAGE_MAX: i64 = 200;

/// What is asked for.
#[derive(Debug, Default)]
struct Question {
    filter: Option<Filter>,
    /// From 1.
    start: i64,
    count: i64,
    projection: Projection,
}

pub(super) async fn list(
    kind: Kind,
    State(state): State<AppState>,
    provider: Provider,
    uri: Uri,
) -> Result<Response, Failed> {
    let question = Question::of(&uri)?;
    let Question { filter, start, count, projection } = &question;
    let store = &state.service.parts.store;
    let (total, found) = match lookup(kind, filter.as_ref()) {
        Some(lookup) => {
            let page = (start.saturating_sub(1), *count);
            store.scim_page(&provider.id, kind, &lookup, page).await.map_err(Fault::from)?
        }
        None => search(&state, &provider.id, kind, &question).await?,
    };
    let url = &state.service.parts.public_url;
    let resources: Vec<Value> = found.iter().map(|kept| shown(url, kept, projection)).collect();
    Ok(listed(total, *start, &resources))
}

/// What of a resource a call wants back.
pub(super) fn projection(uri: &Uri) -> Result<Projection, Fault> {
    Ok(Question::of(uri)?.projection)
}

impl Question {
    fn of(uri: &Uri) -> Result<Self, Fault> {
        let mut question = Self { start: 1, count: PAGE, ..Self::default() };
        let (mut attributes, mut excluded) = (None, None);
        let query = uri.query().unwrap_or_default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "filter" if value.trim().is_empty() => {}
                "filter" => question.filter = Some(Filter::parse(&value)?),
                "startIndex" => question.start = number(&name, &value)?.max(1),
                "count" => question.count = number(&name, &value)?.clamp(0, PAGE_MAX),
                "attributes" => attributes = Some(value.into_owned()),
                "excludedAttributes" => excluded = Some(value.into_owned()),
                // RFC 7644 §3.4.2: what is not known is passed over.
                _ => {}
            }
        }
        question.projection = Projection::of(attributes.as_deref(), excluded.as_deref())?;
        Ok(question)
    }
}

fn number(name: &str, value: &str) -> Result<i64, Fault> {
    let wrong = |_| Fault::new(FaultKind::InvalidValue, format!("`{name}` must be a number"));
    value.trim().parse().map_err(wrong)
}

/// What the database finds by itself: everything, or one thing by its name. This is all that Okta
/// and Entra ask.
fn lookup(kind: Kind, filter: Option<&Filter>) -> Option<Lookup> {
    let Some(filter) = filter else { return Some(Lookup::default()) };
    let (attribute, text) = filter.as_equal()?;
    let is = |name: &str| attribute.eq_ignore_ascii_case(name);
    let is_name = match kind {
        Kind::User => is("userName"),
        Kind::Group => is("displayName"),
    };
    if is_name {
        Some(Lookup { name: Some(text.to_lowercase()), ..Lookup::default() })
    } else if is("externalId") {
        Some(Lookup { external_id: Some(text.to_owned()), ..Lookup::default() })
    } else if is("id") {
        Some(Lookup { id: Some(text.to_owned()), ..Lookup::default() })
    } else {
        None
    }
}

/// Looks at all of them, for any other filter.
async fn search(
    state: &AppState,
    source: &str,
    kind: Kind,
    question: &Question,
) -> Result<(i64, Vec<Kept>), Fault> {
    let Parts { store, public_url, .. } = &*state.service.parts;
    let (mut total, mut found, mut offset) = (0, Vec::new(), 0);
    loop {
        let page = (offset, PAGE_MAX);
        let (_, all) = store.scim_page(source, kind, &Lookup::default(), page).await?;
        if all.is_empty() {
            return Ok((total, found));
        }
        offset += PAGE_MAX;
        for kept in all {
            let document = Value::Object(whole(public_url, &kept));
            if question.filter.as_ref().is_some_and(|filter| !filter.matches(&document)) {
                continue;
            }
            total += 1;
            if total >= question.start && total - question.start < question.count {
                found.push(kept);
            }
        }
    }
}
