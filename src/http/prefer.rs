//! Small grammars of request headers: `Prefer` (RFC 7240), `If-None-Match` (RFC 9110) and
//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, header};

use super::problem::Problem;

/// The longest that a client may wait for an answer.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(1);

const PREFER: HeaderName = HeaderName::from_static("prefer");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_KEY_CHARS: usize = 255;

/// How long the caller would wait: `Prefer: wait=N`. What cannot be read is no preference.
pub(super) fn wait(headers: &HeaderMap) -> Duration {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let preferences = values.flat_map(|value| value.split(','));
    let mut seconds = preferences.filter_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        let number = value.trim().trim_matches('"').parse().ok();
        name.trim().eq_ignore_ascii_case("wait").then_some(number)?
    });
    seconds.next().map_or(Duration::ZERO, seconds_to_wait)
}

/// So long, or as long as may be.
pub(super) fn seconds_to_wait(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(LONGEST_WAIT)
}

/// The entity tag of a version.
pub(super) fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The version that the caller has, if it says so.
pub(super) fn seen(headers: &HeaderMap) -> Option<i64> {
    let tags = headers.get(header::IF_NONE_MATCH)?.to_str().ok()?;
    tags.split(',').find_map(|tag| {
        let tag = tag.trim();
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        opaque.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
    })
}

/// The idempotency key: a structured-field string, or the same text without its quotes.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().filter(|_| values.next().is_none()).and_then(key);
    key.map(Some).ok_or_else(|| {
        Problem::invalid(
            "`Idempotency-Key` is one text of 1 to 255 visible ASCII characters, such as \"8e03978e\"",
        )
    })
}

fn key(text: &str) -> Option<String> {
    let text = text.trim_matches(' ');
    let key = match text.strip_prefix('"') {
        Some(rest) => unquoted(rest.strip_suffix('"')?)?,
        None => text.to_owned(),
    };
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    (visible && (1..=MAX_KEY_CHARS).contains(&key.len())).then_some(key)
}

/// What stands between the quotes: a backslash only before a quote or a backslash.
fn unquoted(inner: &str) -> Option<String> {
    let mut key = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(first) = chars.next() {
        match first {
            '\\' => key.push(chars.next().filter(|next| matches!(next, '"' | '\\'))?),
            '"' => return None,
            other => key.push(other),
        }
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_preference_to_wait_is_capped_and_a_bad_one_is_none() {
        let seconds = |value: &str| wait(&headers(PREFER, value)).as_secs();
        assert_eq!(seconds("wait=10"), 10);
        assert_eq!(seconds("respond-async, Wait=\"5\"; foo=bar"), 5);
        assert_eq!(seconds("wait=3600"), 60);
        for none in ["wait", "wait=", "wait=-1", "wait=1.5", "awaits=3", "respond-async"] {
            assert_eq!(seconds(none), 0, "{none}");
        }
    }

    #[test]
    fn a_tag_names_a_version() {
        let version = |value: &str| seen(&headers(header::IF_NONE_MATCH, value));
        assert_eq!(version(&tag(7)), Some(7));
        assert_eq!(version("W/\"7\""), Some(7));
        assert_eq!(version("\"other\", \"8\""), Some(8));
        assert_eq!(version("*"), None);
    }

    #[test]
    fn a_key_with_and_without_quotes_is_one_key() {
        let key = |value: &str| idempotency_key(&headers(IDEMPOTENCY_KEY, value)).ok().flatten();
        assert_eq!(key("\"k-1\""), Some("k-1".to_owned()));
        assert_eq!(key("k-1"), Some("k-1".to_owned()));
        assert_eq!(key(r#""a\"b\\""#), Some(r#"a"b\"#.to_owned()));
        let long = "k".repeat(256);
        for bad in ["", "\"\"", "\"k", "a b", r#""a\b""#, "\"a\";p=1", &long] {
            assert_eq!(key(bad), None, "{bad}");
        }
    }
}
