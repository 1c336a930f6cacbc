//! Filters (RFC 7644 §3.4.2.2) and the paths of patches, which may hold one.

use std::{cmp::Ordering, iter::Peekable, vec};

use serde_json::Value;

use super::{
    Fault, FaultKind, bare, member,
    token::{self, Token},
};

/// The attributes in which upper and lower case differ.
const EXACT: [&str; 3] = ["id", "externalId", "$ref"];

/// What resources, or elements of a list, are looked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    Compare {
        attribute: Attribute,
        operator: Operator,
        value: Value,
    },
    Present(Attribute),
    /// Of a list, some element.
    Within(String, Box<Self>),
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
    Not(Box<Self>),
}

/// An attribute, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub sub: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// Where a patch is applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    pub name: String,
    /// Of a list, the elements that it is applied to.
    pub filter: Option<Filter>,
    pub sub: Option<String>,
}

const OPERATORS: [(&str, Operator); 9] = [
    ("eq", Operator::Equal),
    ("ne", Operator::NotEqual),
    ("co", Operator::Contains),
    ("sw", Operator::StartsWith),
    ("ew", Operator::EndsWith),
    ("gt", Operator::Greater),
    ("ge", Operator::GreaterOrEqual),
    ("lt", Operator::Less),
    ("le", Operator::LessOrEqual),
];

impl Filter {
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let tokens = token::tokens(text, FaultKind::InvalidFilter)?;
        let mut parser = Parser { tokens: tokens.into_iter().peekable() };
        let filter = parser.either()?;
        match parser.tokens.next() {
            None => Ok(filter),
            Some(_) => Err(invalid(format!("`{text}` goes on after its end"))),
        }
    }

    /// Whether a resource, or an element of a list, is looked for.
    pub fn matches(&self, value: &Value) -> bool {
        match self {
            Self::Compare { attribute, operator, value: wanted } => {
                let is_exact = EXACT.iter().any(|name| attribute.is(name));
                let mut found = attribute.values(value).into_iter();
                if *operator == Operator::NotEqual {
                    !found.any(|one| is_equal(one, wanted, is_exact))
                } else {
                    found.any(|one| compares(one, *operator, wanted, is_exact))
                }
            }
            Self::Present(attribute) => attribute.values(value).into_iter().any(is_something),
            Self::Within(name, filter) => {
                let attribute = Attribute { name: name.clone(), sub: None };
                attribute.elements(value).into_iter().any(|element| filter.matches(element))
            }
            Self::Both(one, other) => one.matches(value) && other.matches(value),
            Self::Either(one, other) => one.matches(value) || other.matches(value),
            Self::Not(filter) => !filter.matches(value),
        }
    }

    /// The attribute and the text, where it only asks whether the two are equal.
    pub fn as_equal(&self) -> Option<(&str, &str)> {
        match self {
            Self::Compare {
                attribute: Attribute { name, sub: None },
                operator: Operator::Equal,
                value: Value::String(text),
            } => Some((name, text)),
            Self::Compare { .. }
            | Self::Present(_)
            | Self::Within(..)
            | Self::Both(..)
            | Self::Either(..)
            | Self::Not(_) => None,
        }
    }
}

impl Attribute {
    fn parse(text: &str) -> Self {
        let text = bare(text);
        match text.split_once('.').filter(|_| !text.contains(':')) {
            Some((name, sub)) => Self { name: name.to_owned(), sub: Some(sub.to_owned()) },
            None => Self { name: text.to_owned(), sub: None },
        }
    }

    fn is(&self, name: &str) -> bool {
        self.sub.is_none() && self.name.eq_ignore_ascii_case(name)
    }

    fn elements<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        match value.as_object().and_then(|map| member(map, &self.name)) {
            Some(Value::Array(elements)) => elements.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        }
    }

    /// What is compared. Of an element with parts, its `value`.
    fn values<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let elements = self.elements(value).into_iter();
        let part = |element: &'v Value| match (element, &self.sub) {
            (Value::Object(map), Some(sub)) => member(map, sub),
            (Value::Object(map), None) => member(map, "value").or(Some(element)),
            (plain, None) => Some(plain),
            (_, Some(_)) => None,
        };
        elements.filter_map(part).collect()
    }
}

impl Target {
    /// Reads the path of a patch.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let no_path = |why: &str| Fault::new(FaultKind::InvalidPath, format!("`{text}`: {why}"));
        let tokens = token::tokens(text, FaultKind::InvalidPath)?;
        let mut parser = Parser { tokens: tokens.into_iter().peekable() };
        let Some(Token::Word(word)) = parser.tokens.next() else {
            return Err(no_path("a path begins with the name of an attribute"));
        };
        let Attribute { name, sub } = Attribute::parse(&word);
        match parser.tokens.next() {
            None => return Ok(Self { name, filter: None, sub }),
            Some(Token::OpenBracket) if sub.is_none() => {}
            Some(_) => return Err(no_path("after an attribute comes `[` or nothing")),
        }
        let filter = parser.either().map_err(|fault| no_path(&fault.detail))?;
        let (Some(Token::CloseBracket), rest) = (parser.tokens.next(), parser.tokens.next()) else {
            return Err(no_path("`]` is missing"));
        };
        let sub = match rest {
            None => None,
            Some(Token::Word(word)) => {
                Some(word.strip_prefix('.').ok_or_else(|| no_path("`.` is missing"))?.to_owned())
            }
            Some(_) => return Err(no_path("it goes on after its end")),
        };
        Ok(Self { name, filter: Some(filter), sub })
    }
}

struct Parser {
    tokens: Peekable<vec::IntoIter<Token>>,
}

impl Parser {
    fn either(&mut self) -> Result<Filter, Fault> {
        let mut filter = self.both()?;
        while self.takes("or") {
            filter = Filter::Either(Box::new(filter), Box::new(self.both()?));
        }
        Ok(filter)
    }

    fn both(&mut self) -> Result<Filter, Fault> {
        let mut filter = self.one()?;
        while self.takes("and") {
            filter = Filter::Both(Box::new(filter), Box::new(self.one()?));
        }
        Ok(filter)
    }

    fn one(&mut self) -> Result<Filter, Fault> {
        match self.tokens.next() {
            Some(Token::Open) => self.until(&Token::Close),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("not") => {
                match self.tokens.next() {
                    Some(Token::Open) => Ok(Filter::Not(Box::new(self.until(&Token::Close)?))),
                    _ => Err(invalid("after `not` comes `(`")),
                }
            }
            Some(Token::Word(word)) => self.about(&word),
            _ => Err(invalid("a filter names an attribute: write `userName eq \"dana\"`")),
        }
    }

    fn about(&mut self, word: &str) -> Result<Filter, Fault> {
        if self.tokens.next_if_eq(&Token::OpenBracket).is_some() {
            let filter = self.until(&Token::CloseBracket)?;
            return Ok(Filter::Within(bare(word).to_owned(), Box::new(filter)));
        }
        let attribute = Attribute::parse(word);
        if self.takes("pr") {
            return Ok(Filter::Present(attribute));
        }
        let Some(Token::Word(name)) = self.tokens.next() else {
            return Err(invalid(format!("after `{word}` comes an operator such as `eq`")));
        };
        let known = OPERATORS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
        let Some((_, operator)) = known else {
            return Err(invalid(format!("`{name}` is no operator")));
        };
        let value = token::literal(self.tokens.next());
        let value = value.ok_or_else(|| invalid(format!("after `{name}` comes a value")))?;
        Ok(Filter::Compare { attribute, operator: *operator, value })
    }

    fn until(&mut self, end: &Token) -> Result<Filter, Fault> {
        let filter = self.either()?;
        match self.tokens.next_if_eq(end) {
            Some(_) => Ok(filter),
            None => Err(invalid("a bracket is not closed")),
        }
    }

    fn takes(&mut self, word: &str) -> bool {
        let is = |token: &Token| matches!(token, Token::Word(w) if w.eq_ignore_ascii_case(word));
        self.tokens.next_if(is).is_some()
    }
}

fn invalid(detail: impl Into<String>) -> Fault {
    Fault::new(FaultKind::InvalidFilter, detail)
}

fn is_something(value: &Value) -> bool {
    !matches!(value, Value::Null) && value.as_str() != Some("")
}

fn is_equal(found: &Value, wanted: &Value, is_exact: bool) -> bool {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => {
            found == wanted || !is_exact && found.to_lowercase() == wanted.to_lowercase()
        }
        _ => found == wanted,
    }
}

fn compares(found: &Value, operator: Operator, wanted: &Value, is_exact: bool) -> bool {
    let (found, wanted) = match (found, wanted) {
        (Value::String(found), Value::String(wanted)) if is_exact => {
            (found.clone(), wanted.clone())
        }
        (Value::String(found), Value::String(wanted)) => {
            (found.to_lowercase(), wanted.to_lowercase())
        }
        _ => return operator == Operator::Equal && found == wanted,
    };
    match operator {
        Operator::Equal => found == wanted,
        Operator::NotEqual => found != wanted,
        Operator::Contains => found.contains(&wanted),
        Operator::StartsWith => found.starts_with(&wanted),
        Operator::EndsWith => found.ends_with(&wanted),
        Operator::Greater => found.cmp(&wanted) == Ordering::Greater,
        Operator::GreaterOrEqual => found >= wanted,
        Operator::Less => found.cmp(&wanted) == Ordering::Less,
        Operator::LessOrEqual => found <= wanted,
    }
}
