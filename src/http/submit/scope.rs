//! The scope parameter of RFC 6749, section 3.3: tokens of visible ASCII without quote and
//! backslash, one space between two.

/// The scopes of a parameter, each once, in the order of their first mention.
pub(super) fn split(text: &str) -> Option<Vec<String>> {
    let mut scopes: Vec<String> = Vec::new();
    for token in text.split(' ') {
        if !is_token(token) {
            return None;
        }
        if !scopes.iter().any(|known| known == token) {
            scopes.push(token.to_owned());
        }
    }
    Some(scopes)
}

fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    !text.is_empty() && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_tokens_with_one_space_between() {
        assert_eq!(split("a:read b a:read"), Some(vec!["a:read".to_owned(), "b".to_owned()]));
        for bad in ["", " ", "a  b", " a", "a ", "a\tb", "a\"", "a\\b", "ä", "a\u{200b}"] {
            assert_eq!(split(bad), None, "{bad:?}");
        }
    }
}
