//! The short way to canonical JSON: written by `serde_json` and watched. It escapes text as RFC 8785
//! does; it differs in numbers that are no small integers, and it keeps the order in which members
//! come. Where a value has either, this gives nothing.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

/// Integers that a double holds exactly.
const EXACT: u64 = 1 << 53;

/// Room for a usual value at once instead of growing.
const ROOM: usize = 1024;

/// The canonical JSON of a value, where `serde_json` writes it.
pub(super) fn write(value: &impl Serialize) -> Option<String> {
    let mut text = Vec::with_capacity(ROOM);
    let mut watch = Watch::default();
    value.serialize(&mut Serializer::with_formatter(&mut text, &mut watch)).ok()?;
    String::from_utf8(text).ok()
}

/// Breaks off where something would be written that RFC 8785 writes otherwise.
#[derive(Debug, Default)]
struct Watch {
    /// For each open object, where its latest name begins in `names`.
    objects: Vec<Option<usize>>,
    /// The latest name of each open object, outermost first, and the one that is being written.
    names: Vec<u8>,
    /// Where the name that is being written begins.
    name_at: Option<usize>,
}

impl Watch {
    /// Names must rise. In ASCII their order is that of RFC 8785; one that is empty here may be a
    /// number.
    fn end_name(&mut self) -> io::Result<()> {
        let (Some(at), Some(object)) = (self.name_at.take(), self.objects.last_mut()) else {
            return odd();
        };
        let (before, name) = self.names.split_at(at.min(self.names.len()));
        let last = object.map(|start| before.get(start..).unwrap_or_default());
        if name.is_empty() || !name.is_ascii() || last.is_some_and(|last| last >= name) {
            return odd();
        }
        let start = object.unwrap_or(at);
        self.names.drain(start..at);
        *object = Some(start);
        Ok(())
    }
}

fn odd() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Formatter for &mut Watch {
    /// It may stand for a number that is not finite.
    fn write_null<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        odd()
    }

    fn write_i64<W: ?Sized + Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        if value.unsigned_abs() > EXACT {
            return odd();
        }
        CompactFormatter.write_i64(writer, value)
    }

    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        if value > EXACT {
            return odd();
        }
        CompactFormatter.write_u64(writer, value)
    }

    fn write_i128<W: ?Sized + Write>(&mut self, _: &mut W, _: i128) -> io::Result<()> {
        odd()
    }

    fn write_u128<W: ?Sized + Write>(&mut self, _: &mut W, _: u128) -> io::Result<()> {
        odd()
    }

    fn write_f32<W: ?Sized + Write>(&mut self, _: &mut W, _: f32) -> io::Result<()> {
        odd()
    }

    fn write_f64<W: ?Sized + Write>(&mut self, _: &mut W, _: f64) -> io::Result<()> {
        odd()
    }

    fn write_raw_fragment<W: ?Sized + Write>(&mut self, _: &mut W, _: &str) -> io::Result<()> {
        odd()
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if self.name_at.is_some() {
            self.names.extend_from_slice(fragment.as_bytes());
        }
        writer.write_all(fragment.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        // Names are compared as they stand, without escapes.
        if self.name_at.is_some() {
            return odd();
        }
        CompactFormatter.write_char_escape(writer, escape)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.objects.push(None);
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if let Some(Some(start)) = self.objects.pop() {
            self.names.truncate(start);
        }
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.name_at = Some(self.names.len());
        if first { Ok(()) } else { writer.write_all(b",") }
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.end_name()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_plain_values_are_written() {
        let plain = json!({ "b": [1, -2, true], "a": "é\u{1f}\"\\/\u{7f}\u{2028}",
            "c": { "a": { "x": {}, "y": 1 }, "b": 1 }, "d": 9_007_199_254_740_992_u64 });
        assert!(write(&plain).is_some());
        for odd in [
            json!(null),
            json!(1.0),
            json!(u64::MAX),
            json!(-9_007_199_254_740_993_i64),
            json!({ "é": 1 }),
        ] {
            assert_eq!(write(&odd), None, "{odd}");
        }
    }

    #[test]
    fn members_out_of_order_are_seen_at_any_depth() {
        #[derive(Serialize)]
        struct Unsorted {
            b: u8,
            a: u8,
        }
        let unsorted = || Unsorted { b: 1, a: 2 };
        assert_eq!(write(&unsorted()), None);
        assert_eq!(write(&[("a", [unsorted()])]), None);
        assert_eq!(write(&std::collections::BTreeMap::from([(9, 1), (10, 2)])), None);
    }
}
