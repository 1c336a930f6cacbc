//! The token of a request: `Authorization: Bearer …`, said once. Whether it is any good is for others
//! to say.

use axum::http::{HeaderMap, header};

/// Why there is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoToken {
    Absent,
    /// Of two tokens nobody can say which one is meant.
    Several,
    /// Not of the kind `Bearer`, or no text.
    Other,
}

/// The only `Authorization`, if it is of the kind `Bearer`, in whatever case. It may be empty.
pub fn token(headers: &HeaderMap) -> Result<&str, NoToken> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let only = values.next().ok_or(NoToken::Absent)?;
    if values.next().is_some() {
        return Err(NoToken::Several);
    }
    let (scheme, token) =
        only.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(NoToken::Other)?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| token.trim_matches(' ')).ok_or(NoToken::Other)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn said(values: &[&[u8]]) -> HeaderMap {
        let value = |bytes: &&[u8]| HeaderValue::from_bytes(bytes).unwrap();
        values.iter().map(|bytes| (header::AUTHORIZATION, value(bytes))).collect()
    }

    #[test]
    fn one_token_is_said_once() {
        for (values, token) in [
            (&[b"Bearer a.b.c".as_slice()][..], Ok("a.b.c")),
            (&[b"bEARER   a "], Ok("a")),
            (&[b"Bearer "], Ok("")),
            (&[], Err(NoToken::Absent)),
            (&[b"Bearer a", b"Bearer a"], Err(NoToken::Several)),
            (&[b"Bearer"], Err(NoToken::Other)),
            (&[b"Basic a"], Err(NoToken::Other)),
            (&[b"Bearer \xff"], Err(NoToken::Other)),
        ] {
            assert_eq!(super::token(&said(values)), token, "{values:?}");
        }
    }
}
