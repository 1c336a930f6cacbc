//! Pieces of Adaptive Cards out of lines. Every line is a `RichTextBlock` of `TextRun`s, which no
//! client reads as Markdown. Dates expand everywhere, so nothing but our own instants may hold the
//! two braces that begin one.

use countersign_port::card::{Line, Span};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::object::object;

/// No text is cut to less, so that there is room to say what was left out.
const SHORTEST: usize = 24;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Plain,
    /// The sentence that the card is about.
    Title,
    /// Ids and instants.
    Small,
    /// What must be seen before the rest.
    Warning,
    /// Somebody else's words.
    Quote,
}

/// A line.
pub(crate) fn line(line: &Line, look: Look, max: usize) -> Value {
    block(runs(line, look, max))
}

/// A line with a word of ours before it that stands out.
pub(crate) fn labelled(label: &str, line: &Line, max: usize) -> Value {
    let mut runs = self::runs(line, Look::Plain, max);
    runs.insert(0, strong(label));
    block(runs)
}

/// One paragraph.
pub(crate) fn block(runs: Vec<Value>) -> Value {
    object([("type", "RichTextBlock".into()), ("inlines", runs.into())])
}

/// The parts of a line, at most so many characters of text.
pub(crate) fn runs(line: &Line, look: Look, max: usize) -> Vec<Value> {
    let mut room = max;
    let mut run = |text: &str| {
        let text = cut(text, room.max(SHORTEST));
        room = room.saturating_sub(text.chars().count());
        self::run(&text, look)
    };
    let spans = line.0.iter().filter_map(|span| match span {
        Span::Words(words) => (!words.is_empty()).then(|| run(&unbraced(words))),
        Span::Outside(shown) if shown.as_str().is_empty() => None,
        Span::Outside(shown) => Some(run(&unbraced(shown.as_str()))),
        Span::Time(at) => Some(self::run(&instant(*at), look)),
    });
    spans.collect()
}

/// A word of ours that stands out.
pub(crate) fn strong(text: &str) -> Value {
    json!({ "type": "TextRun", "text": text, "weight": "Bolder" })
}

/// A word of ours that leads to an address of ours.
pub(crate) fn link(text: &str, url: &str) -> Value {
    let open = json!({ "type": "Action.OpenUrl", "url": url });
    json!({ "type": "TextRun", "text": text, "selectAction": open })
}

fn run(text: &str, look: Look) -> Value {
    let mut run = Map::new();
    run.insert("type".to_owned(), "TextRun".into());
    run.insert("text".to_owned(), text.into());
    let style: &[(&str, Value)] = match look {
        Look::Plain => &[],
        Look::Title => &[("size", json!("Medium")), ("weight", json!("Bolder"))],
        Look::Small => &[("size", json!("Small")), ("isSubtle", json!(true))],
        Look::Warning => &[("color", json!("Attention")), ("weight", json!("Bolder"))],
        Look::Quote => &[("italic", json!(true))],
    };
    run.extend(style.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Object(run)
}

/// A line where only a plain text may stand: the toast, a tooltip. Instants name their zone.
pub(crate) fn plain(line: &Line, max: usize) -> String {
    cut(&unbraced(&line.plain()), max)
}

/// A text that clients read as Markdown, with nothing in it that Markdown means.
pub(crate) fn inert(text: &str, max: usize) -> String {
    let mut escaped = String::new();
    for char in cut(&unbraced(text), max).chars() {
        if char.is_ascii_punctuation() && !MARKLESS.contains(&char) {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

/// What Markdown gives no meaning to, in the middle of a line or at its beginning.
const MARKLESS: [char; 9] = [',', ';', ':', '/', '?', '\'', '%', '@', '"'];

/// The text in which no two braces stand together.
pub(crate) fn unbraced(text: &str) -> String {
    let mut apart = String::with_capacity(text.len());
    for char in text.chars() {
        if char == '{' && apart.ends_with('{') {
            apart.push(' ');
        }
        apart.push(char);
    }
    apart
}

/// An instant in the reader's own zone and language.
pub(crate) fn instant(at: Timestamp) -> String {
    let at = at.strftime("%Y-%m-%dT%H:%M:%SZ");
    format!("{{{{DATE({at},SHORT)}}}} {{{{TIME({at})}}}}")
}

/// At most `max` characters; says how many are left out.
pub(crate) fn cut(text: &str, max: usize) -> String {
    let total = text.chars().count();
    if total <= max {
        return text.to_owned();
    }
    let told = |hidden: usize| format!("… ({hidden} more)");
    let room = max.saturating_sub(told(total).chars().count());
    let kept: String = text.chars().take(room).collect();
    kept + &told(total - room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_braces_stand_together() {
        assert_eq!(unbraced("{{DATE(x)}}"), "{ {DATE(x)}}");
        assert_eq!(unbraced("{{{{"), "{ { { {");
        assert_eq!(unbraced("{a} {b}"), "{a} {b}");
    }

    #[test]
    fn markdown_means_nothing() {
        assert_eq!(inert("[good](https://evil)", 99), r"\[good\]\(https://evil\)");
        assert_eq!(inert("**Approved** &lt; _x_", 99), r"\*\*Approved\*\* \&lt; \_x\_");
        assert_eq!(inert("# 1. <b> `c` ~d~ \\", 99), r"\# 1\. \<b\> \`c\` \~d\~ \\");
        assert_eq!(inert("orders:read", 99), "orders:read");
    }

    #[test]
    fn a_cut_says_how_much_and_splits_no_character() {
        for text in ["🙂".repeat(200), "a🙂".repeat(150)] {
            for max in 20..160 {
                let short = cut(&text, max);
                assert!(short.chars().count() <= max, "{max}: {short}");
                assert!(short.contains("… ("), "{max}: {short}");
            }
        }
        assert_eq!(cut("Approve…", 8), "Approve…");
    }

    #[test]
    fn an_instant_is_drawn_where_it_is_read() {
        let at = "2026-11-22T14:42:00.5Z".parse().unwrap();
        let drawn = "{{DATE(2026-11-22T14:42:00Z,SHORT)}} {{TIME(2026-11-22T14:42:00Z)}}";
        assert_eq!(instant(at), drawn);
    }
}
