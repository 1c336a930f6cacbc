//! Exact decimals: never through a float, never rounded.

use rust_decimal::Decimal;
use serde_json::Value;

/// Digits with an optional minus and fraction; `None` for anything else, such as an exponent, a
/// plus, an underscore or more digits than are kept exactly.
pub fn exact(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if digits(whole) && digits(fraction) { Decimal::from_str_exact(text).ok() } else { None }
}

/// A JSON string of digits, or a JSON number by its canonical text: the same text that is hashed,
/// so that what policy compares is what is executed.
pub fn from_json(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => exact(text),
        Value::Number(number) => {
            let text = number.to_string();
            exact(&text).or_else(|| Decimal::from_scientific(&text).ok())
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_exact_digits_are_a_decimal() {
        for good in ["0", "10000", "-1.50", "0.0000000000000000000000000001"] {
            assert_eq!(exact(good).map(|decimal| decimal.to_string()).as_deref(), Some(good));
        }
        for bad in ["", "-", ".", "1.", ".5", "+1", "1_0", "1e3", " 1", "NaN", "٣", "--1", "1.2.3"]
        {
            assert_eq!(exact(bad), None, "{bad}");
        }
        assert_eq!(exact("0.00000000000000000000000000001"), None, "would be rounded");
        assert_eq!(exact("79228162514264337593543950336"), None, "is too large");
    }

    #[test]
    fn a_json_number_counts_by_its_canonical_text() {
        let text = |value: Value| from_json(&value).map(|decimal| decimal.normalize().to_string());
        assert_eq!(text(json!(10_000)).as_deref(), Some("10000"));
        assert_eq!(text(json!(10_000.10)).as_deref(), Some("10000.1"));
        assert_eq!(text(json!("10000.10")).as_deref(), Some("10000.1"));
        assert_eq!(text(json!(1e21)).as_deref(), Some("1000000000000000000000"));
        assert_eq!(text(json!(u64::MAX)).as_deref(), Some("18446744073709551615"));
        for bad in [json!(1e300), json!("1e3"), json!(null), json!(true), json!([1]), json!({})] {
            assert_eq!(from_json(&bad), None, "{bad}");
        }
    }
}
