//! Patterns with `*`, split once at load. There are no other wildcards and no escapes.

/// A text in which `*` stands for any stretch, the empty one too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    /// What comes before the first `*`; the whole text where there is none.
    head: String,
    /// What comes after each `*`, in order.
    tails: Vec<String>,
    /// As it was written.
    pattern: String,
}

impl Glob {
    pub fn new(pattern: &str) -> Self {
        let mut pieces = pattern.split('*').map(str::to_owned);
        Self {
            head: pieces.next().unwrap_or_default(),
            tails: pieces.collect(),
            pattern: pattern.to_owned(),
        }
    }

    /// What comes before the first `*`.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// As it was written.
    pub fn pattern(&self) -> &str {
        &self.pattern
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

    /// Whether it matches everything that the other matches. A star of the other is a letter that
    /// no pattern spells, so that only a star can match it.
    pub fn covers(&self, other: &Self) -> bool {
        self.matches(&other.pattern)
    }

    /// Whether some text matches both. Of two patterns with stars, one does whenever their ends do
    /// not contradict each other: what stands between fits into the stars, one after the other.
    pub fn meets(&self, other: &Self) -> bool {
        let (Some(own_end), Some(other_end)) = (self.tails.last(), other.tails.last()) else {
            // One of them is a text.
            return self.matches(&other.pattern) || other.matches(&self.pattern);
        };
        let heads = (self.head.as_str(), other.head.as_str());
        (heads.0.starts_with(heads.1) || heads.1.starts_with(heads.0))
            && (own_end.ends_with(other_end.as_str()) || other_end.ends_with(own_end.as_str()))
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

    proptest::proptest! {
        #[test]
        fn covering_and_meeting_are_what_the_texts_say(one in "[ab*]{0,4}", other in "[ab*]{0,4}") {
            let texts = (0..=6_u32).flat_map(|long| {
                (0..2_u32.pow(long)).map(move |bits| {
                    let letter = |at| if bits >> at & 1 == 0 { 'a' } else { 'b' };
                    (0..long).map(letter).collect::<String>()
                })
            });
            let (one, other) = (Glob::new(&one), Glob::new(&other));
            let mut meets = false;
            for text in texts {
                proptest::prop_assert!(!one.covers(&other) || !other.matches(&text) || one.matches(&text));
                meets |= one.matches(&text) && other.matches(&text);
            }
            // Two patterns of four letters that meet do so in a text of at most six.
            proptest::prop_assert_eq!(one.meets(&other), meets);
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
