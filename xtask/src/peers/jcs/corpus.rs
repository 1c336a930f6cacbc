//! JSON documents drawn at random, always the same ones: names of every plane, numbers of every
//! size in every spelling, escapes that need not be there.

use std::{fmt::Write, iter};

use crate::outcome::{Outcome, fail};

const SEED: u64 = 8785;
const DEPTH_MAX: u32 = 5;

/// The first `count` documents that `accept` lets in. Few may be refused: a double can have two
/// spellings of the same length, or be an integer too large to be exact.
pub(super) fn draw<T>(count: usize, accept: impl Fn(&str) -> Option<T>) -> Outcome<Vec<T>> {
    let mut dice = Dice(SEED);
    let tries = count + count / 4;
    let documents = iter::repeat_with(|| accept(&document(&mut dice)));
    let accepted: Vec<T> = documents.take(tries).flatten().take(count).collect();
    if accepted.len() < count {
        return fail(format!("only {} of {tries} random documents were let in", accepted.len()));
    }
    Ok(accepted)
}

/// The generator `SplitMix64`: small, and the same on every machine.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u32) -> u32 {
        // The remainder is smaller than `end`.
        u32::try_from(self.bits() % u64::from(end)).unwrap_or(0)
    }
}

fn document(dice: &mut Dice) -> String {
    let mut text = String::from("{\"action\":");
    object(dice, 1, &mut text);
    text.push_str(", \"resource\" : ");
    object(dice, 1, &mut text);
    text.push_str(",\t\"parameters\":");
    object(dice, DEPTH_MAX, &mut text);
    text.push('}');
    text
}

fn object(dice: &mut Dice, depth: u32, text: &mut String) {
    text.push('{');
    for index in 0..dice.below(6) {
        if index > 0 {
            text.push(',');
        }
        // The number keeps names apart, however Unicode normalises the rest.
        string(dice, &index.to_string(), text);
        text.push(':');
        value(dice, depth - 1, text);
    }
    text.push('}');
}

fn array(dice: &mut Dice, depth: u32, text: &mut String) {
    text.push('[');
    for index in 0..dice.below(5) {
        if index > 0 {
            text.push_str(", ");
        }
        value(dice, depth - 1, text);
    }
    text.push(']');
}

fn value(dice: &mut Dice, depth: u32, text: &mut String) {
    let kinds = if depth == 0 { 8 } else { 12 };
    match dice.below(kinds) {
        0 => text.push_str("null"),
        1 => text.push_str("true"),
        2 => text.push_str("false"),
        3 => integer(dice, text),
        4 | 5 => double(dice, text),
        6 | 7 => string(dice, "", text),
        8 | 9 => array(dice, depth, text),
        _ => object(dice, depth, text),
    }
}

fn integer(dice: &mut Dice, text: &mut String) {
    let size = dice.below(54);
    let magnitude = dice.bits() & ((1 << size) - 1);
    text.push_str(if dice.below(2) == 0 { "-" } else { "" });
    text.push_str(&magnitude.to_string());
}

/// A double of any size, or one with a few decimals, as amounts have.
fn double(dice: &mut Dice, text: &mut String) {
    let any = f64::from_bits(dice.bits());
    let spelled = match dice.below(4) {
        0 => format!("{}.{:02}", dice.below(1_000_000), dice.below(100)),
        1 => format!("{}e-{}", dice.below(10_000), dice.below(12)),
        2 if any.is_finite() => format!("{any:e}"),
        _ if any.is_finite() => format!("{any:E}"),
        _ => "0.0".to_owned(),
    };
    text.push_str(&spelled);
}

fn string(dice: &mut Dice, suffix: &str, text: &mut String) {
    text.push('"');
    for _ in 0..dice.below(8) {
        character(dice, text);
    }
    text.push_str(suffix);
    text.push('"');
}

fn character(dice: &mut Dice, text: &mut String) {
    let end = match dice.below(5) {
        0 | 1 => 0x80,
        2 => 0x800,
        3 => 0x1_0000,
        _ => 0x11_0000,
    };
    let Some(drawn) = char::from_u32(dice.below(end)).filter(|c| !is_refused(*c)) else {
        return text.push('~');
    };
    match drawn {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '/' => text.push_str("\\/"),
        drawn if drawn < ' ' || dice.below(8) == 0 => escaped(drawn, text),
        drawn => text.push(drawn),
    }
}

fn escaped(drawn: char, text: &mut String) {
    for unit in drawn.encode_utf16(&mut [0; 2]) {
        // Writing to a String cannot fail.
        let _ = write!(text, "\\u{unit:04x}");
    }
}

/// NUL and the noncharacters, which the gate does not let in.
fn is_refused(c: char) -> bool {
    let point = u32::from(c);
    point == 0 || (0xfdd0..=0xfdef).contains(&point) || point & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_are_json_and_always_the_same() {
        let accept = |text: &str| {
            let value: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
            Some(value.to_string())
        };
        let first = draw(200, accept).expect("all are let in");
        assert_eq!(first, draw(200, accept).expect("all are let in"));
    }

    #[test]
    fn a_gate_that_refuses_everything_is_an_error() {
        assert!(draw(10, |_| None::<()>).is_err());
    }
}
