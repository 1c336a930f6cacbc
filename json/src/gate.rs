//! The I-JSON gate: one pass over the bytes, before any parser. It builds no value and allocates
//! for names only. What is no JSON at all is reported before what is JSON but not let in.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::number;
use crate::refusal::{Refused, Rule};
use crate::token::Tokens;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// `serde_json` reads an object whose first name is of these as raw text or a number, so that a
/// whole document could pass the gate inside a string.
const RESERVED: &str = "$serde_json::private::";

/// How much is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest text, in bytes.
    pub max_bytes: usize,
    /// How deep arrays and objects may be nested; the outermost counts as one.
    pub max_depth: usize,
    /// Whether the text must be an object.
    pub object_only: bool,
}

impl Limits {
    /// What the API takes: an object of at most 64 KiB, 32 deep.
    pub const INTAKE: Self = Self { max_bytes: 64 * 1024, max_depth: 32, object_only: true };
}

/// Lets a text in, or says which rule it breaks and where.
pub fn check(text: &[u8], limits: &Limits) -> Result<(), Refused> {
    let mut gate = Gate {
        tokens: Tokens::new(text),
        max_depth: limits.max_depth,
        frames: Vec::new(),
        names: Vec::new(),
        in_name: false,
        breach: None,
    };
    if text.len() > limits.max_bytes {
        return Err(gate.refused(Rule::Size));
    }
    if text.starts_with(BYTE_ORDER_MARK) {
        return Err(gate.refused(Rule::ByteOrderMark));
    }
    if limits.object_only && gate.tokens.peek() != Some(b'{') {
        gate.note(Rule::NotAnObject);
    }
    gate.document().map_err(|rule| gate.refused(rule))?;
    gate.breach.map_or(Ok(()), Err)
}

#[derive(Debug)]
struct Gate<'a> {
    tokens: Tokens<'a>,
    max_depth: usize,
    frames: Vec<Frame>,
    /// The names of all open objects, outermost first.
    names: Vec<Name<'a>>,
    /// Whether a name is being read, so that the last one in `names` is not the place.
    in_name: bool,
    /// The first broken rule beyond the grammar. Reading goes on: bad grammar weighs more.
    breach: Option<Refused>,
}

/// An array or object that is open.
#[derive(Debug, Clone, Copy)]
enum Frame {
    Array { index: usize },
    Object { first_name: usize },
}

/// What the grammar allows next.
enum Next {
    Value,
    AfterValue,
}

#[derive(Debug)]
struct Name<'a> {
    unescaped: Cow<'a, str>,
    /// Set where NFC changes the name.
    nfc: Option<String>,
}

impl<'a> Name<'a> {
    fn new(unescaped: Cow<'a, str>) -> Self {
        let stays = unescaped.is_ascii() || is_nfc(&unescaped);
        let nfc = (!stays).then(|| unescaped.nfc().collect());
        Self { unescaped, nfc }
    }

    fn key(&self) -> &str {
        self.nfc.as_deref().unwrap_or(&self.unescaped)
    }
}

impl Gate<'_> {
    fn document(&mut self) -> Result<(), Rule> {
        loop {
            if let Next::AfterValue = self.value()?
                && !self.another_value()?
            {
                break;
            }
        }
        self.tokens.peek().map_or(Ok(()), |_| Err(Rule::TrailingText))
    }

    /// Reads a scalar or an empty container to its end; enters any other container.
    fn value(&mut self) -> Result<Next, Rule> {
        match self.tokens.peek() {
            Some(b'{') => return self.enter_object(),
            Some(b'[') => return self.enter_array(),
            Some(b'"') => {
                let breach = self.tokens.string()?.breach;
                self.note_any(breach);
            }
            Some(b'-' | b'0'..=b'9') => {
                let breach = number::breach(self.tokens.number()?);
                self.note_any(breach);
            }
            Some(b't') => self.tokens.literal(b"true")?,
            Some(b'f') => self.tokens.literal(b"false")?,
            Some(b'n') => self.tokens.literal(b"null")?,
            _ => return Err(Rule::Syntax),
        }
        Ok(Next::AfterValue)
    }

    fn enter_object(&mut self) -> Result<Next, Rule> {
        self.enter(Frame::Object { first_name: self.names.len() })?;
        if self.tokens.peek() == Some(b'}') {
            self.leave();
            return Ok(Next::AfterValue);
        }
        self.name()?;
        Ok(Next::Value)
    }

    fn enter_array(&mut self) -> Result<Next, Rule> {
        self.enter(Frame::Array { index: 0 })?;
        if self.tokens.peek() == Some(b']') {
            self.leave();
            return Ok(Next::AfterValue);
        }
        Ok(Next::Value)
    }

    /// Passes the opening bracket.
    fn enter(&mut self, frame: Frame) -> Result<(), Rule> {
        if self.frames.len() >= self.max_depth {
            return Err(Rule::Depth);
        }
        self.tokens.pass();
        self.frames.push(frame);
        Ok(())
    }

    /// Passes the closing bracket.
    fn leave(&mut self) {
        self.tokens.pass();
        self.frames.pop();
    }

    /// Leaves every container that ends here; true if a comma then promises another value.
    fn another_value(&mut self) -> Result<bool, Rule> {
        while let Some(frame) = self.frames.last_mut() {
            match (frame, self.tokens.peek()) {
                (Frame::Array { index }, Some(b',')) => {
                    *index += 1;
                    self.tokens.pass();
                    return Ok(true);
                }
                (Frame::Object { .. }, Some(b',')) => {
                    self.tokens.pass();
                    self.name()?;
                    return Ok(true);
                }
                (Frame::Object { first_name }, Some(b'}')) => {
                    let first_name = *first_name;
                    self.forget_names(first_name);
                    self.leave();
                }
                (Frame::Array { .. }, Some(b']')) => self.leave(),
                _ => return Err(Rule::Syntax),
            }
        }
        Ok(false)
    }

    /// Reads a member's name and its colon.
    fn name(&mut self) -> Result<(), Rule> {
        self.in_name = true;
        if self.tokens.peek() != Some(b'"') {
            return Err(Rule::Syntax);
        }
        let token = self.tokens.string()?;
        self.note_any(token.breach);
        self.names.push(Name::new(token.unescaped()));
        self.in_name = false;
        if self.names.last().is_some_and(|name| name.unescaped.starts_with(RESERVED)) {
            self.note(Rule::ReservedName);
        }
        if self.tokens.peek() != Some(b':') {
            return Err(Rule::Syntax);
        }
        self.tokens.pass();
        Ok(())
    }

    /// Drops the names of the object that ends here, looking for two that are equal.
    fn forget_names(&mut self, first_name: usize) {
        let names = self.names.get_mut(first_name..).unwrap_or_default();
        names.sort_unstable_by(|a, b| a.key().cmp(b.key()));
        let twins =
            names.windows(2).enumerate().find_map(|(place, pair)| Some((place, twin_rule(pair)?)));
        if let Some((place, rule)) = twins {
            self.names.truncate(first_name + place + 2);
            self.note(rule);
        }
        self.names.truncate(first_name);
    }

    fn note_any(&mut self, rule: Option<Rule>) {
        if let Some(rule) = rule {
            self.note(rule);
        }
    }

    fn note(&mut self, rule: Rule) {
        if self.breach.is_none() {
            self.breach = Some(self.refused(rule));
        }
    }

    fn refused(&self, rule: Rule) -> Refused {
        Refused { pointer: self.pointer(), offset: self.tokens.offset(), rule }
    }

    /// The place that is being read, as RFC 6901 writes it.
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for (depth, frame) in self.frames.iter().enumerate() {
            let step = match *frame {
                Frame::Array { index } => Some(index.to_string()),
                Frame::Object { first_name } => self
                    .current_name(depth, first_name)
                    .map(|name| name.replace('~', "~0").replace('/', "~1")),
            };
            pointer.extend(step.iter().flat_map(|step| ["/", step]));
        }
        pointer
    }

    /// The member of this open object that is being read: the last name before those of the next
    /// object further in.
    fn current_name(&self, depth: usize, first_name: usize) -> Option<&str> {
        let further_in = self.frames.iter().skip(depth + 1).find_map(|frame| match *frame {
            Frame::Array { .. } => None,
            Frame::Object { first_name } => Some(first_name),
        });
        if further_in.is_none() && self.in_name {
            return None;
        }
        let names = self.names.get(first_name..further_in.unwrap_or(self.names.len()))?;
        names.last().map(|name| &*name.unescaped)
    }
}

/// The rule that two neighbours break.
fn twin_rule(pair: &[Name<'_>]) -> Option<Rule> {
    let [a, b] = pair else { return None };
    let rule =
        if a.unescaped == b.unescaped { Rule::DuplicateName } else { Rule::DuplicateNameNfc };
    (a.key() == b.key()).then_some(rule)
}
