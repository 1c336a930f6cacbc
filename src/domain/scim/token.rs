//! The words of filters and paths.

use std::{iter::Peekable, str::Chars};

use serde_json::Value;

use super::{Fault, FaultKind};

/// Longer expressions are refused.
const MAX_CHARS: usize = 1000;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    OpenBracket,
    CloseBracket,
}

/// Splits an expression into words, or says what does not belong there.
pub(super) fn tokens(text: &str, kind: FaultKind) -> Result<Vec<Token>, Fault> {
    if text.chars().count() > MAX_CHARS {
        return Err(Fault::new(kind, format!("longer than {MAX_CHARS} characters")));
    }
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(first) = chars.next() {
        tokens.push(match first {
            ' ' => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            '[' => Token::OpenBracket,
            ']' => Token::CloseBracket,
            '"' => Token::Text(quoted(&mut chars, kind)?),
            _ if is_wordy(first) => Token::Word(word(first, &mut chars)),
            _ => return Err(Fault::new(kind, format!("`{first}` does not belong in `{text}`"))),
        });
    }
    Ok(tokens)
}

fn is_wordy(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_' | '-' | '$' | '+')
}

fn word(first: char, chars: &mut Peekable<Chars<'_>>) -> String {
    let mut word = String::from(first);
    while let Some(next) = chars.next_if(|c| is_wordy(*c)) {
        word.push(next);
    }
    word
}

/// A JSON string whose first quotation mark is read already.
fn quoted(chars: &mut Peekable<Chars<'_>>, kind: FaultKind) -> Result<String, Fault> {
    let mut raw = String::from('"');
    while let Some(c) = chars.next() {
        raw.push(c);
        match c {
            '\\' => raw.extend(chars.next()),
            '"' => {
                let broken = |_| Fault::new(kind, format!("{raw} is not a JSON string"));
                return serde_json::from_str(&raw).map_err(broken);
            }
            _ => {}
        }
    }
    Err(Fault::new(kind, "a quotation mark is missing"))
}

/// A value to compare with: what is not in quotation marks is `true`, `false`, `null` or a number.
pub(super) fn literal(token: Option<Token>) -> Option<Value> {
    match token? {
        Token::Text(text) => Some(Value::String(text)),
        Token::Word(word) => serde_json::from_str(&word.to_ascii_lowercase()).ok(),
        Token::Open | Token::Close | Token::OpenBracket | Token::CloseBracket => None,
    }
}
