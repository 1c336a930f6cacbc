//! Why a text was refused: the rule it broke and the place.

use std::fmt;

/// A text that the gate does not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule} at byte {offset}, JSON pointer `{pointer}`")]
pub struct Refused {
    /// The value that broke the rule (RFC 6901). For a member name this is its object; for
    /// duplicate names it is the member. It holds names from outside: display it as such.
    pub pointer: String,
    /// Where reading stood, counted in bytes from the start of the text.
    pub offset: usize,
    /// The rule that was broken.
    pub rule: Rule,
}

/// The rules of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The text is longer than the limit.
    Size,
    /// The text starts with a byte order mark.
    ByteOrderMark,
    /// The text is not UTF-8.
    NotUtf8,
    /// The text breaks the grammar of RFC 8259.
    Syntax,
    /// Something follows the value.
    TrailingText,
    /// Arrays and objects are nested deeper than the limit.
    Depth,
    /// The text is not an object, and only objects are let in.
    NotAnObject,
    /// An integer is beyond ±(2^53 − 1), as written or once canonical.
    NumberRange,
    /// A number would denote another decimal after canonicalisation.
    NumberPrecision,
    /// Two members of an object have the same name.
    DuplicateName,
    /// Two members of an object have names that are equal under NFC.
    DuplicateNameNfc,
    /// A name belongs to the JSON library, which would read the member as something else.
    ReservedName,
    /// An escape stands for half of a surrogate pair.
    Surrogate,
    /// A string holds a Unicode noncharacter.
    Noncharacter,
    /// A string holds U+0000, which PostgreSQL cannot store.
    Nul,
}

impl Rule {
    /// The stable name of the rule, for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::ByteOrderMark => "bom",
            Self::NotUtf8 => "not_utf8",
            Self::Syntax => "syntax",
            Self::TrailingText => "trailing_text",
            Self::Depth => "depth",
            Self::NotAnObject => "not_an_object",
            Self::NumberRange => "number_range",
            Self::NumberPrecision => "number_precision",
            Self::DuplicateName => "duplicate_name",
            Self::DuplicateNameNfc => "duplicate_name_nfc",
            Self::ReservedName => "reserved_name",
            Self::Surrogate => "surrogate",
            Self::Noncharacter => "noncharacter",
            Self::Nul => "nul",
        }
    }

    /// Whether the text is no JSON at all (RFC 8259), rather than JSON that we do not take.
    pub fn is_grammar(self) -> bool {
        matches!(self, Self::ByteOrderMark | Self::NotUtf8 | Self::Syntax | Self::TrailingText)
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Size => "text longer than the limit",
            Self::ByteOrderMark => "byte order mark; send UTF-8 without it",
            Self::NotUtf8 => "bytes that are not UTF-8",
            Self::Syntax => "not JSON",
            Self::TrailingText => "text after the value",
            Self::Depth => "nested deeper than the limit",
            Self::NotAnObject => "not an object",
            Self::NumberRange => "integer beyond ±(2^53 - 1); send it as a string",
            Self::NumberPrecision => "number that a double cannot hold; send it as a string",
            Self::DuplicateName => "duplicate member name",
            Self::DuplicateNameNfc => "member names that are equal under NFC",
            Self::ReservedName => "member name that starts with `$serde_json::private::`",
            Self::Surrogate => "lone surrogate",
            Self::Noncharacter => "Unicode noncharacter",
            Self::Nul => "U+0000 in a string",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}
