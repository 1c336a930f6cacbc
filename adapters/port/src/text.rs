//! Display-safe text: the only way from outside text to a screen. It decides what may be seen;
//! the markup of each product is escaped by its own adapter.

mod screen;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_security::confusable_detection::skeleton;
use unicode_segmentation::UnicodeSegmentation;

use crate::text::screen::Screen;

/// A user-perceived character counts one for each so many code points, so that one that never
/// ends is cut too.
const CLUSTER: usize = 8;

/// Text from outside. It can be stored, sent on and compared, but not drawn.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

/// Text that may be drawn: all of it can be seen, and nothing in it hides or reorders the rest.
/// There is deliberately no way to make one from a `String`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    text: String,
    warnings: Vec<Warning>,
}

/// What a reader should be warned of beside the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Warning {
    /// Something that cannot be seen, or that hides what can, is shown as `\u{…}`.
    Invisible,
    /// The text was not in NFC; it is shown in NFC.
    NotNfc,
    /// A word mixes scripts, as look-alikes do.
    MixedScripts,
    /// Letters run from right to left, so that the order on a screen is not that of the text.
    RightToLeft,
}

/// Whether line breaks are drawn, or made visible like other control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One line: a name, an id, a value.
    Line,
    /// Several lines: the requester's words, in a quote.
    Lines,
}

/// The beginning of a text, and what was left out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    kept: Shown,
    cut: Option<Cut>,
}

/// What an excerpt leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// How many user-perceived characters are hidden.
    pub hidden: usize,
    /// The first twelve hexadecimal digits of the SHA-256 of the whole text as received.
    pub digest: String,
}

impl Untrusted {
    /// Takes text from outside as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as received: to be stored, hashed or sent on, never drawn.
    pub fn as_received(&self) -> &str {
        &self.0
    }

    /// The text on one line.
    pub fn display(&self) -> Shown {
        Shown::of(&self.0, Layout::Line)
    }

    /// The text with its line breaks, for a quote.
    pub fn display_lines(&self) -> Shown {
        Shown::of(&self.0, Layout::Lines)
    }

    /// At most `max` user-perceived characters; [`Excerpt::told`] adds what was cut.
    pub fn excerpt(&self, layout: Layout, max: usize) -> Excerpt {
        let whole = Shown::of(&self.0, layout);
        let (kept, hidden) = split(&whole.text, max);
        if hidden == 0 {
            return Excerpt { kept: whole, cut: None };
        }
        let kept = Shown { text: kept.to_owned(), warnings: whole.warnings };
        Excerpt { kept, cut: Some(Cut { hidden, digest: digest_prefix(&self.0) }) }
    }

    /// The known name that this one could be taken for without being it: by look-alike letters
    /// (UTS 39), upper and lower case, spaces around it or invisible characters in it.
    pub fn looks_like<'k>(&self, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
        let look = look_of(&self.0);
        known.into_iter().find(|name| *name != self.0 && look_of(name) == look)
    }
}

impl Shown {
    /// Our own words. What we make at run time, such as a date, goes through [`Untrusted`], which
    /// leaves plain text as it is.
    pub fn ours(text: &'static str) -> Self {
        Self { text: text.to_owned(), warnings: Vec::new() }
    }

    /// The text, still to be escaped for the markup that it is put in.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the reader should be warned of, each once.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn of(text: &str, layout: Layout) -> Self {
        let text = match layout {
            Layout::Line => Cow::Borrowed(text),
            Layout::Lines => Cow::Owned(text.replace("\r\n", "\n")),
        };
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Self { text: text.into_owned(), warnings: Vec::new() };
        }
        let mut screen = Screen::new(layout);
        text.nfc().for_each(|c| screen.draw(c));
        let warnings = [
            (Warning::Invisible, screen.escaped()),
            (Warning::NotNfc, !is_nfc(&text)),
            (Warning::MixedScripts, screen::mixes_scripts(&text)),
            (Warning::RightToLeft, screen::is_right_to_left(&text)),
        ];
        let warnings = warnings.into_iter().filter(|(_, holds)| *holds);
        Self { warnings: warnings.map(|(warning, _)| warning).collect(), text: screen.into_text() }
    }
}

/// Puts parts together; the whole warns of all that its parts warn of.
impl FromIterator<Shown> for Shown {
    fn from_iter<I: IntoIterator<Item = Shown>>(parts: I) -> Self {
        let mut whole = Self::default();
        for part in parts {
            whole.text.push_str(&part.text);
            whole.warnings.extend(part.warnings);
        }
        whole.warnings.sort_unstable();
        whole.warnings.dedup();
        whole
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl AsRef<str> for Shown {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// A string; there is no way back from it.
impl Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl Excerpt {
    /// What was cut, if anything was.
    pub fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    /// The text, and after it a statement of what was cut (some 60 characters).
    pub fn told(self) -> Shown {
        let Some(cut) = self.cut else { return self.kept };
        let statement = format!("… [{} more characters, sha256 {}]", cut.hidden, cut.digest);
        Shown { text: self.kept.text + &statement, warnings: self.kept.warnings }
    }
}

/// A cell of a CSV file that no spreadsheet takes for a formula: one that begins like a formula
/// gets an apostrophe. Quoting is left to the CSV writer.
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    let first = text.trim_start_matches(' ').chars().next();
    match first {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            Cow::Owned(format!("'{text}"))
        }
        _ => Cow::Borrowed(text),
    }
}

/// The first `max` user-perceived characters, and how many follow.
fn split(text: &str, max: usize) -> (&str, usize) {
    let length = length(text);
    if length <= max {
        return (text, 0);
    }
    let mut room = max;
    let mut end = 0;
    for cluster in text.graphemes(true) {
        let Some(left) = room.checked_sub(weight(cluster)) else { break };
        room = left;
        end += cluster.len();
    }
    let kept = without_open_escape(text.get(..end).unwrap_or_default());
    (kept, length - self::length(kept))
}

fn length(text: &str) -> usize {
    text.graphemes(true).map(weight).sum()
}

fn weight(cluster: &str) -> usize {
    cluster.chars().count().div_ceil(CLUSTER)
}

/// Half an escape would say something else than the whole.
fn without_open_escape(text: &str) -> &str {
    let Some((before, after)) = text.rsplit_once('\\') else { return text };
    let is_open = "u{".starts_with(after) || (after.starts_with("u{") && !after.contains('}'));
    if is_open && after.len() < r"u{10ffff}".len() { before } else { text }
}

fn digest_prefix(text: &str) -> String {
    hex::encode(Sha256::digest(text).get(..6).unwrap_or_default())
}

/// What a name looks like: equal for names that could be taken for each other.
fn look_of(name: &str) -> String {
    skeleton(name).collect::<String>().trim().to_lowercase()
}
