//! Patterns with `*`, split once at load. There are no other wildcards and no escapes.

/// A text in which `*` stands for any stretch, the empty one too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    /// What comes before the first `*`; the whole text where there is none.
    head: String,
    /// What comes after each `*`, in order.
    tails: Vec<String>,
}

impl Glob {
    pub fn new(pattern: &str) -> Self {
        let mut pieces = pattern.split('*').map(str::to_owned);
        Self { head: pieces.next().unwrap_or_default(), tails: pieces.collect() }
    }

    pub fn matches(&self, text: &str) -> bool {
        let Some((last, middle)) = self.tails.split_last() else { return text == self.head };
        let Some(mut rest) = text.strip_prefix(self.head.as_str()) else { return false };
        for piece in middle {
            // The first place is always good enough: it leaves the most for what follows.
            let Some((_, after)) = rest.split_once(piece.as_str()) else { return false };
            rest = after;
        }
        rest.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_stretch_and_nothing_else_is_special() {
        let matching = [
            ("a", "a"),
            ("*", ""),
            ("a*", "a"),
            ("*:b", "a:b"),
            ("a*c*e", "abcde"),
            ("a*b*b", "abb"),
        ];
        for (pattern, text) in matching {
            assert!(Glob::new(pattern).matches(text), "{pattern} {text}");
        }
        let others =
            [("a", "ab"), ("a*", "ba"), ("a*a", "a"), ("a*b*b", "ab"), ("?", "a"), ("", "a")];
        for (pattern, text) in others {
            assert!(!Glob::new(pattern).matches(text), "{pattern} {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn it_agrees_with_the_definition(pattern in "[ab*]{0,6}", text in "[ab]{0,8}") {
            assert_eq!(Glob::new(&pattern).matches(&text), slow(pattern.as_bytes(), text.as_bytes()));
        }
    }

    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|from| slow(rest, &text[from..])),
            Some((byte, rest)) => text.first() == Some(byte) && slow(rest, &text[1..]),
        }
    }
}
