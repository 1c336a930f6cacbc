//! What each character looks like on a screen: itself, or `\u{…}`.

use unicode_normalization::char::canonical_combining_class;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_security::mixed_script::AugmentedScriptSet;

use crate::text::Layout;

/// As many combining marks as living languages put on one letter.
const MAX_MARKS: usize = 4;

/// As many line breaks in a row as a paragraph needs; more would push the rest out of sight.
const MAX_LINE_BREAKS: usize = 2;

/// Letters, marks and symbols that show nothing: the default-ignorable code points that are not
/// of category Cf or Cn, and blanks that are not of category Zs.
const BLANKS: [(char, char); 13] = [
    ('\u{34f}', '\u{34f}'),     // combining grapheme joiner
    ('\u{115f}', '\u{1160}'),   // Hangul fillers
    ('\u{17b4}', '\u{17b5}'),   // Khmer inherent vowels
    ('\u{180b}', '\u{180f}'),   // Mongolian variation selectors
    ('\u{2800}', '\u{2800}'),   // Braille blank
    ('\u{3164}', '\u{3164}'),   // Hangul filler
    ('\u{fe00}', '\u{fe0f}'),   // variation selectors
    ('\u{ffa0}', '\u{ffa0}'),   // halfwidth Hangul filler
    ('\u{fffc}', '\u{fffc}'),   // object replacement character
    ('\u{13441}', '\u{13442}'), // Egyptian blanks
    ('\u{16fe4}', '\u{16fe4}'), // Khitan filler
    ('\u{1d159}', '\u{1d159}'), // null note head
    ('\u{e0100}', '\u{e01ef}'), // variation selectors supplement
];

/// The blocks that Unicode keeps for scripts that run from right to left.
const RIGHT_TO_LEFT: [(char, char); 5] = [
    ('\u{590}', '\u{8ff}'),
    ('\u{fb1d}', '\u{fdff}'),
    ('\u{fe70}', '\u{fefc}'),
    ('\u{10800}', '\u{10fff}'),
    ('\u{1e800}', '\u{1efff}'),
];

/// Draws one character after the other.
#[derive(Debug)]
pub(super) struct Screen {
    layout: Layout,
    text: String,
    /// How many marks the last character carries; `None` where nothing stands to carry one.
    marks: Option<usize>,
    line_breaks: usize,
    escaped: bool,
}

impl Screen {
    pub(super) fn new(layout: Layout) -> Self {
        Self { layout, text: String::new(), marks: None, line_breaks: 0, escaped: false }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Whether anything was drawn as `\u{…}`.
    pub(super) fn escaped(&self) -> bool {
        self.escaped
    }

    pub(super) fn draw(&mut self, c: char) {
        match c {
            '\n' => self.break_line(),
            ' ' => self.put(c, None),
            _ if is_invisible(c) || is_overlay(c) => self.escape(c),
            _ if is_mark(c) => self.mark(c),
            _ => self.put(c, Some(0)),
        }
        // Line breaks with only spaces between them are still in a row.
        if !matches!(c, '\n' | ' ') {
            self.line_breaks = 0;
        }
    }

    fn break_line(&mut self) {
        self.line_breaks += 1;
        if self.layout == Layout::Line || self.line_breaks > MAX_LINE_BREAKS {
            self.escape('\n');
        } else {
            self.put('\n', None);
        }
    }

    fn mark(&mut self, c: char) {
        match self.marks {
            Some(marks) if marks < MAX_MARKS => self.put(c, Some(marks + 1)),
            Some(_) | None => self.escape(c),
        }
    }

    fn put(&mut self, c: char, marks: Option<usize>) {
        self.text.push(c);
        self.marks = marks;
    }

    fn escape(&mut self, c: char) {
        self.text.extend(c.escape_unicode());
        self.marks = None;
        self.escaped = true;
    }
}

/// Whether a character shows nothing, or reorders what is near it. Of the spaces only U+0020
/// passes: the others make two names look like one.
fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let group = c.general_category_group();
    matches!(group, GeneralCategoryGroup::Other | GeneralCategoryGroup::Separator)
        || is_within(c, &BLANKS)
}

/// Whether a mark is drawn over its letter, so that it strikes it out or encloses it.
fn is_overlay(c: char) -> bool {
    c.general_category() == GeneralCategory::EnclosingMark || canonical_combining_class(c) == 1
}

fn is_mark(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Mark
}

/// Whether letters run from right to left somewhere.
pub(super) fn is_right_to_left(text: &str) -> bool {
    text.chars().any(|c| is_within(c, &RIGHT_TO_LEFT))
}

/// Whether a word mixes scripts. Latin beside Chinese, Japanese or Korean is how those are
/// written, and no warning (UTS 39, highly restrictive).
pub(super) fn mixes_scripts(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && !is_mark(c)).any(|word| {
        let mut beside_latin = AugmentedScriptSet::default();
        word.chars().filter(|c| !c.is_ascii()).for_each(|c| beside_latin.intersect_with(c.into()));
        let is_east_asian = beside_latin.hanb || beside_latin.jpan || beside_latin.kore;
        AugmentedScriptSet::for_str(word).is_empty() && !is_east_asian
    })
}

fn is_within(c: char, ranges: &[(char, char)]) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
}
