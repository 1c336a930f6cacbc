//! The tokens of RFC 8259, and what may stand in a string. Knows nothing of arrays and objects.

use std::borrow::Cow;
use std::str;

use crate::refusal::Rule;

/// Reads a text token by token.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

/// A string token that fits the grammar.
#[derive(Debug)]
pub(crate) struct StringToken<'a> {
    /// The string as it stands in the text, with its quotes.
    quoted: &'a [u8],
    /// The first rule beyond the grammar that it breaks.
    pub(crate) breach: Option<Rule>,
}

impl<'a> StringToken<'a> {
    /// What the string says.
    pub(crate) fn unescaped(&self) -> Cow<'a, str> {
        let content = self.quoted.get(1..self.quoted.len() - 1).unwrap_or_default();
        if !content.contains(&b'\\') {
            return String::from_utf8_lossy(content);
        }
        // A lone surrogate is the one thing that cannot be unescaped, and it is a breach already.
        serde_json::from_slice(self.quoted)
            .map_or_else(|_| String::from_utf8_lossy(content), Cow::Owned)
    }
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// How many bytes have been read.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// The first byte of the next token, white space skipped.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let space = |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += run(self.rest(), space);
        self.byte()
    }

    /// Reads the byte that [`Tokens::peek`] saw.
    pub(crate) fn pass(&mut self) {
        self.at += 1;
    }

    pub(crate) fn literal(&mut self, word: &[u8]) -> Result<(), Rule> {
        if !self.rest().starts_with(word) {
            return Err(Rule::Syntax);
        }
        self.at += word.len();
        Ok(())
    }

    pub(crate) fn number(&mut self) -> Result<&'a str, Rule> {
        let start = self.at;
        self.skip(b"-");
        if !self.skip(b"0") {
            self.digits()?;
        }
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        str::from_utf8(self.since(start)).map_err(|_| Rule::NotUtf8)
    }

    pub(crate) fn string(&mut self) -> Result<StringToken<'a>, Rule> {
        let start = self.at;
        self.at += 1;
        let mut breach = None;
        loop {
            self.at += run(self.rest(), is_plain);
            let found = match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(0x80..) => self.beyond_ascii()?,
                _ => return Err(Rule::Syntax),
            };
            breach = breach.or(found);
        }
        self.at += 1;
        Ok(StringToken { quoted: self.since(start), breach })
    }

    /// Reads an escape and says which rule beyond the grammar it breaks.
    fn escape(&mut self) -> Result<Option<Rule>, Rule> {
        self.at += 1;
        if self.skip(b"u") {
            return self.code_units();
        }
        if self.skip(br#""\/bfnrt"#) { Ok(None) } else { Err(Rule::Syntax) }
    }

    /// Reads what follows `\u`: one UTF-16 unit, or two that make a pair.
    fn code_units(&mut self) -> Result<Option<Rule>, Rule> {
        let high = self.hex4()?;
        if !(0xd800..0xe000).contains(&high) {
            return Ok(char_breach(high));
        }
        if high >= 0xdc00 || self.literal(br"\u").is_err() {
            return Ok(Some(Rule::Surrogate));
        }
        let low = self.hex4()?;
        if !(0xdc00..0xe000).contains(&low) {
            return Ok(Some(Rule::Surrogate));
        }
        Ok(char_breach(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)))
    }

    fn hex4(&mut self) -> Result<u32, Rule> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit << 4 | digit.ok_or(Rule::Syntax)?;
            self.at += 1;
        }
        Ok(unit)
    }

    /// A run of bytes beyond ASCII is UTF-8 if and only if the text around it may be.
    fn beyond_ascii(&mut self) -> Result<Option<Rule>, Rule> {
        let start = self.at;
        self.at += run(self.rest(), |byte| !byte.is_ascii());
        let text = str::from_utf8(self.since(start)).map_err(|_| Rule::NotUtf8)?;
        Ok(text.chars().find_map(|c| char_breach(u32::from(c))))
    }

    fn digits(&mut self) -> Result<(), Rule> {
        let count = run(self.rest(), |byte| byte.is_ascii_digit());
        self.at += count;
        if count > 0 { Ok(()) } else { Err(Rule::Syntax) }
    }

    /// Reads the next byte if it is one of these.
    fn skip(&mut self, bytes: &[u8]) -> bool {
        let found = self.byte().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(found);
        found
    }

    fn byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn since(&self, start: usize) -> &'a [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }
}

/// How many bytes at the beginning are like this.
fn run(bytes: &[u8], like_this: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !like_this(*byte)).unwrap_or(bytes.len())
}

/// ASCII that stands for itself in a string.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'\x7f') && byte != b'"' && byte != b'\\'
}

/// The rule that a code point breaks (RFC 7493 for noncharacters, our own for U+0000).
fn char_breach(code_point: u32) -> Option<Rule> {
    let noncharacter = code_point & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code_point);
    match code_point {
        0 => Some(Rule::Nul),
        _ => noncharacter.then_some(Rule::Noncharacter),
    }
}
