//! The query of an audit read. What may stand in it is what the OpenAPI document says; a misspelt
//! filter is refused, because it would find everything.

use axum::{extract, http::Uri};
use serde::{Deserialize, de::DeserializeOwned};
use url::form_urlencoded;
use utoipa::IntoParams;

use crate::{
    http::problem::Problem,
    store::{cursor::Position, export::Search},
};

const LIMIT: usize = 50;
const LIMIT_MAX: usize = 500;

/// How alike a misspelt name must be to be taken for one of ours.
const ALIKE: f64 = 0.75;

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// `next_cursor` of the page before, with the same filters.
    cursor: Option<String>,
    /// How many at most: 50 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// The parameters that nobody has asked for yet.
#[derive(Debug)]
pub(super) struct Query {
    rest: Vec<(String, String)>,
    known: Vec<String>,
}

impl Query {
    pub(super) fn of(uri: &Uri) -> Self {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self { rest: pairs.into_owned().collect(), known: Vec::new() }
    }

    /// The parameters that belong to `T`.
    pub(super) fn take<T: DeserializeOwned + IntoParams>(&mut self) -> Result<T, Problem> {
        let names: Vec<String> =
            T::into_params(|| None).into_iter().map(|parameter| parameter.name).collect();
        let is_ours = |(name, _): &(String, String)| names.contains(name);
        let (ours, rest) = std::mem::take(&mut self.rest).into_iter().partition(is_ours);
        let ours: Vec<(String, String)> = ours;
        self.rest = rest;
        self.known.extend(names);
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(ours).finish();
        let uri: Uri = format!("/?{text}")
            .parse()
            .map_err(|_| Problem::invalid("the query is too long: ask for less at once"))?;
        extract::Query::try_from_uri(&uri)
            .map(|extract::Query(taken)| taken)
            .map_err(|rejection| Problem::invalid(rejection.body_text()))
    }

    /// Refuses what belongs to nobody.
    pub(super) fn finish(self) -> Result<(), Problem> {
        let Some((name, _)) = self.rest.first() else { return Ok(()) };
        let alike = |known: &&String| strsim::jaro_winkler(name, known) > ALIKE;
        let hint = match self.known.iter().find(alike) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("there are {}", self.known.join(", ")),
        };
        Err(Problem::invalid(format!("unknown parameter `{name}`: {hint}")))
    }
}

impl Paging {
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        match self.limit.unwrap_or(LIMIT) {
            limit @ 1..=LIMIT_MAX => Ok(limit),
            other => Err(Problem::invalid(format!("`limit` is from 1 to {LIMIT_MAX}: {other}"))),
        }
    }

    /// Where the page begins.
    pub(super) fn below(&self, search: &impl Search) -> Result<Position, Problem> {
        match &self.cursor {
            None => Ok(Position::start(search.filter())),
            Some(cursor) => Position::decode(cursor, search)
                .map_err(|error| Problem::invalid(error.to_string())),
        }
    }

    /// A stream has no pages.
    pub(super) fn refuse(&self) -> Result<(), Problem> {
        if self.cursor.is_some() || self.limit.is_some() {
            return Err(Problem::invalid(
                "a stream is everything that fits: leave `limit` and `cursor` out, or ask for \
                 `application/json`",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::filter::{EntryFilter, Filter};

    fn said(query: &str) -> Result<(Filter, EntryFilter, Paging), String> {
        let uri: Uri = format!("/audit/v1/entries?{query}").parse().expect("a URI");
        let mut query = Query::of(&uri);
        let words = |problem: Problem| format!("{problem:?}");
        let read = (|| Ok((query.take()?, query.take()?, query.take()?)))().map_err(words)?;
        query.finish().map_err(words)?;
        Ok(read)
    }

    #[test]
    fn every_parameter_finds_its_place() {
        let (filter, own, paging) =
            said("client=crm&q=a%26b+c&from=2026-11-01&kind=vote_cast&limit=7").expect("a query");
        assert_eq!(filter.client.as_deref(), Some("crm"));
        assert_eq!(filter.q.as_deref(), Some("a&b c"));
        assert!(filter.from.is_some() && own.kind.is_some());
        assert_eq!(paging.limit().ok(), Some(7));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        for (query, words) in [
            ("clinet=crm", "did you mean `client`"),
            ("zzz=1", "there are client"),
            ("client=a&client=b", "duplicate field `client`"),
            ("outcome=maybe", "unknown variant `maybe`"),
            ("from=yesterday", "not an instant: `yesterday`"),
            ("request_id=arq_1", "not a request id"),
            ("limit=many", "limit"),
        ] {
            let refused = said(query).expect_err(query);
            assert!(refused.contains(words), "{query}: {refused}");
        }
    }

    #[test]
    fn a_page_has_from_one_to_500_items() {
        for limit in ["0", "501"] {
            let (.., paging) = said(&format!("limit={limit}")).expect("a query");
            assert!(paging.limit().is_err(), "{limit}");
        }
        assert_eq!(said("").expect("a query").2.limit().ok(), Some(50));
    }
}
