//! Where a walk through the history goes on. A cursor belongs to the filters that it was made
//! with; it says nothing that its holder may not know, so it is checked but not signed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::filter::Filter;

/// A place in the history: what follows was earlier, or as early with a smaller id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    pub at_us: i64,
    pub id: String,
}

/// A stretch of the history. Shorter than asked for where many others lay in between; the end is
/// where `next` is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<Position>,
}

/// A cursor that cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCursor {
    #[error("the cursor is not one of ours; start again without it")]
    Malformed,
    #[error("the cursor belongs to other filters; keep them all, or start again without it")]
    OtherFilters,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    below: Position,
    filters: String,
}

impl Position {
    /// Where a search begins: just above everything that it may find.
    pub fn start(filter: &Filter) -> Self {
        let at_us = filter.to.map_or(i64::MAX, |to| to.0.as_microsecond());
        Self { at_us, id: String::new() }
    }

    /// The cursor as it is given away.
    pub fn encode(&self, filters: &impl Serialize) -> String {
        let token = Token { below: self.clone(), filters: digest(filters) };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
    }

    /// The place that a cursor names.
    pub fn decode(cursor: &str, filters: &impl Serialize) -> Result<Self, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| BadCursor::Malformed)?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|_| BadCursor::Malformed)?;
        if token.filters != digest(filters) {
            return Err(BadCursor::OtherFilters);
        }
        Ok(token.below)
    }
}

/// Which filters a cursor belongs to.
fn digest(filters: &impl Serialize) -> String {
    let text = serde_json::to_vec(filters).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(Sha256::digest(text).get(..9).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(client: &str) -> Filter {
        Filter { client: Some(client.to_owned()), ..Filter::default() }
    }

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let position = Position { at_us: -5, id: "arq_1".to_owned() };
        let cursor = position.encode(&filter("crm"));
        assert_eq!(Position::decode(&cursor, &filter("crm")), Ok(position));
    }

    #[test]
    fn a_cursor_of_another_search_is_refused() {
        let cursor = Position { at_us: 7, id: String::new() }.encode(&filter("crm"));
        let other = Position::decode(&cursor, &filter("erp"));
        assert_eq!(other, Err(BadCursor::OtherFilters));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let odd = URL_SAFE_NO_PAD.encode(r#"{"below":{"at_us":1},"filters":""}"#);
        for cursor in ["", "e30", "%%%", "e30=", "ä", &odd] {
            let refused = Position::decode(cursor, &Filter::default());
            assert_eq!(refused, Err(BadCursor::Malformed), "{cursor}");
        }
    }
}
