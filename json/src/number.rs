//! The number rule: a number must denote the same decimal after canonicalisation as before.
//! Works on one number token that already fits the grammar.

use crate::refusal::Rule;

/// The largest integer below which every integer has a double of its own.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// From here on RFC 8785 writes integers with an exponent.
const FIRST_EXPONENT: f64 = 1e21;

/// Every decimal of so many digits survives the way into a double and back (`DBL_DIG`).
const SURE_DIGITS: u64 = 1_000_000_000_000_000;

/// With these powers of ten such a decimal is neither subnormal nor out of range.
const SURE_EXPONENTS: std::ops::RangeInclusive<i64> = -290..=0;

/// The rule that the number breaks, if it breaks one.
pub(crate) fn breach(token: &str) -> Option<Rule> {
    if token.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()) {
        return (!is_safe_integer(token)).then_some(Rule::NumberRange);
    }
    let Some(written) = Decimal::read(token) else { return Some(Rule::NumberPrecision) };
    if written.digits < SURE_DIGITS && SURE_EXPONENTS.contains(&written.exponent) {
        return None;
    }
    let Ok(double) = token.parse::<f64>() else { return Some(Rule::NumberPrecision) };
    if !written.survives_as(double) {
        return Some(Rule::NumberPrecision);
    }
    // Its canonical form would be an integer literal that this gate refuses.
    let dressed = double.abs() > MAX_SAFE && double.abs() < FIRST_EXPONENT;
    dressed.then_some(Rule::NumberRange)
}

fn is_safe_integer(token: &str) -> bool {
    const SAFE: std::ops::RangeInclusive<i64> = -9_007_199_254_740_991..=9_007_199_254_740_991;
    token.parse().is_ok_and(|integer: i64| SAFE.contains(&integer))
}

/// The size of a decimal number: `digits` × 10^`exponent`, `digits` without trailing zeros.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    digits: u64,
    exponent: i64,
}

impl Decimal {
    const ZERO: Self = Self { digits: 0, exponent: 0 };

    /// `None` where no double has so many digits, or so large an exponent.
    fn read(token: &str) -> Option<Self> {
        let (mantissa, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = 0_u64;
        let mut zeros = 0_u32;
        for byte in whole.trim_start_matches('-').bytes().chain(fraction.bytes()) {
            match byte {
                b'0' if digits == 0 => {}
                b'0' => zeros += 1,
                _ => {
                    let shift = 10_u64.checked_pow(zeros.checked_add(1)?)?;
                    digits = digits.checked_mul(shift)?.checked_add(u64::from(byte - b'0'))?;
                    zeros = 0;
                }
            }
        }
        if digits == 0 {
            return Some(Self::ZERO);
        }
        let point = i64::from(zeros).checked_sub(i64::try_from(fraction.len()).ok()?)?;
        Some(Self { digits, exponent: exponent.parse::<i64>().ok()?.checked_add(point)? })
    }

    /// RFC 8785 writes the shortest decimal that reads back as `double`; is it this one?
    fn survives_as(&self, double: f64) -> bool {
        // Not `format!`: where two shortest decimals are equally near, Rust takes another one.
        let canonical = serde_json_canonicalizer::to_string(&double);
        double.is_finite() && canonical.is_ok_and(|text| Self::read(&text).as_ref() == Some(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_breach(tokens: &str, expected: Option<Rule>) {
        for token in tokens.split_whitespace() {
            assert_eq!(breach(token), expected, "{token}");
        }
    }

    #[test]
    fn numbers_that_stay_what_they_are() {
        let tokens = "0 -0 -0.0 0e0 0.000e-999 0e99999999999999999999 1.0 1e2 4.50 0.1 -1.5E+3
            100000000000000000000000.0e-20 5e-324 2.2250738585072014e-308 1.7976931348623157e308
            0.30000000000000000 0.30000000000000004 1e21 1E30 123e65
            9007199254740991 -9007199254740991 9007199254740991.0";
        assert_breach(tokens, None);
    }

    /// …206.25 lies between two shortest decimals; RFC 8785 takes the even one, Rust the other.
    #[test]
    fn of_two_shortest_decimals_the_canonical_one_stays() {
        assert_breach("1424953923781206.2", None);
        assert_breach("1424953923781206.3", Some(Rule::NumberPrecision));
    }

    #[test]
    fn integers_out_of_range_however_they_are_dressed() {
        let tokens = "9007199254740992 -9007199254740992 9007199254740993 18446744073709551616
            9007199254740992.0 9.007199254740992e15 1e16 -1e20";
        assert_breach(tokens, Some(Rule::NumberRange));
    }

    #[test]
    fn numbers_that_would_change() {
        let tokens = "9007199254740993.0 9.007199254740993e15 1.000000000000000005 1e400 -1e400
            1e-400 333333333.33333329 1e99999999999999999999 2.4e-324
            0.1000000000000000055511151231257827 1.00000000000000000000000000001";
        assert_breach(tokens, Some(Rule::NumberPrecision));
    }
}
