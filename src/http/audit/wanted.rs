//! Which form of the history is wanted: `Accept` (RFC 9110). What names none of ours gets JSON.

use axum::http::{HeaderMap, header};

/// The forms that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Page,
    Csv,
    Ndjson,
}

impl Wanted {
    /// The one that is liked best; of equals, the first.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges = values.flat_map(|value| value.split(','));
        let mut best = (Self::Page, 0.0);
        for (wanted, liking) in ranges.filter_map(range) {
            if liking > best.1 {
                best = (wanted, liking);
            }
        }
        best.0
    }
}

fn range(text: &str) -> Option<(Wanted, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let wanted = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/json" | "application/*" | "*/*" => Wanted::Page,
        "text/csv" | "text/*" => Wanted::Csv,
        "application/x-ndjson" | "application/ndjson" => Wanted::Ndjson,
        _ => return None,
    };
    let liking =
        parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok());
    Some((wanted, liking?))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_best_liked_form_wins() {
        for (accept, wanted) in [
            ("", Wanted::Page),
            ("*/*", Wanted::Page),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Wanted::Page),
            ("text/csv", Wanted::Csv),
            ("text/CSV; charset=utf-8", Wanted::Csv),
            ("application/json;q=0.5, text/csv;q=0.9", Wanted::Csv),
            ("application/x-ndjson, */*;q=0.1", Wanted::Ndjson),
            ("text/csv;q=0, application/json", Wanted::Page),
            ("image/png", Wanted::Page),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Wanted::of(&headers), wanted, "{accept}");
        }
    }
}
