//! Every rule of the gate, its place and its edges; and what holds for whatever it lets in.

#![cfg(test)]

use countersign_json::canonical::{canonical, params_hash};
use countersign_json::gate::{Limits, check};
use countersign_json::intake::{Rejected, parse};
use countersign_json::refusal::{Refused, Rule};
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::{Config as ProptestConfig, RngSeed};
use serde_json::{Value, json};

fn refused(text: impl AsRef<[u8]>) -> Refused {
    check(text.as_ref(), &Limits::INTAKE).unwrap_err()
}

fn passes(text: impl AsRef<[u8]>) -> bool {
    check(text.as_ref(), &Limits::INTAKE).is_ok()
}

#[test]
fn names_the_rule_and_the_place() {
    for (text, rule, pointer) in [
        (r"", Rule::Syntax, ""),
        (r#"{"a":1,}"#, Rule::Syntax, ""),
        (r#"{"a":[1,2,]}"#, Rule::Syntax, "/a/2"),
        (r#"{"a":{"b":01}}"#, Rule::Syntax, "/a/b"),
        (r#"{"a":{"b":1},"c":tru}"#, Rule::Syntax, "/c"),
        (r#"{"a" 1}"#, Rule::Syntax, "/a"),
        (r#"{"a":"\x"}"#, Rule::Syntax, "/a"),
        (r#"{"a":"\u12g4"}"#, Rule::Syntax, "/a"),
        ("{\"a\":\"\n\"}", Rule::Syntax, "/a"),
        (r#"{"a":"unended}"#, Rule::Syntax, "/a"),
        (r#"{"a":1"#, Rule::Syntax, "/a"),
        (r#"{"a":1]"#, Rule::Syntax, "/a"),
        (r#"{"a":1} {"#, Rule::TrailingText, ""),
        ("\u{feff}{}", Rule::ByteOrderMark, ""),
        ("[]", Rule::NotAnObject, ""),
        ("\"text\"", Rule::NotAnObject, ""),
        (r#"{"a":[1,9007199254740992]}"#, Rule::NumberRange, "/a/1"),
        (r#"{"a":1e16}"#, Rule::NumberRange, "/a"),
        (r#"{"a":1e400}"#, Rule::NumberPrecision, "/a"),
        (r#"{"a":{"to":1,"x":2,"to":3}}"#, Rule::DuplicateName, "/a/to"),
        (r#"{"to":1,"\u0074o":3}"#, Rule::DuplicateName, "/to"),
        (r#"{"a":[{},{"é":1,"e\u0301":2}]}"#, Rule::DuplicateNameNfc, "/a/1/e\u{301}"),
        (r#"{"a":"\ud800"}"#, Rule::Surrogate, "/a"),
        (r#"{"a":"\ud800\ud800"}"#, Rule::Surrogate, "/a"),
        (r#"{"a":"\udc00\ud800"}"#, Rule::Surrogate, "/a"),
        (r#"{"x":{"\ud800":1}}"#, Rule::Surrogate, "/x"),
        (r#"{"a":"\uFDD0"}"#, Rule::Noncharacter, "/a"),
        ("{\"a\":\"\u{10ffff}\"}", Rule::Noncharacter, "/a"),
        (r#"{"a":"\ud83f\udfff"}"#, Rule::Noncharacter, "/a"),
        (r#"{"x":1,"\uffff":1}"#, Rule::Noncharacter, ""),
        (r#"{"a/b~c":["","\u0000"]}"#, Rule::Nul, "/a~1b~0c/1"),
        (
            r#"{"$serde_json::private::RawValue":"1"}"#,
            Rule::ReservedName,
            "/$serde_json::private::RawValue",
        ),
    ] {
        let refusal = refused(text);
        assert_eq!((refusal.rule, refusal.pointer.as_str()), (rule, pointer), "{text}");
    }
}

#[test]
fn bytes_that_are_not_utf8() {
    let refusal = refused(b"{\"a\":[0,\"\xc3\xa9 \xe2\x82\"]}");
    assert_eq!((refusal.rule, refusal.pointer.as_str()), (Rule::NotUtf8, "/a/1"));
    assert_eq!(refused(b"{\"\xff\":0}").rule, Rule::NotUtf8);
    assert_eq!(refused(b"{\"a\":\"\xed\xa0\x80\"}").rule, Rule::NotUtf8, "a surrogate in UTF-8");
    assert_eq!(refused(b"\xff\xfe{\0}\0").rule, Rule::Syntax);
}

#[test]
fn size_and_depth_to_the_last_unit() {
    let sized = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
    assert!(passes(sized(64 * 1024)));
    assert_eq!(refused(sized(64 * 1024 + 1)).rule, Rule::Size);
    let nested =
        |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(passes(nested(32)));
    let refusal = refused(nested(33));
    assert_eq!((refusal.rule, refusal.offset), (Rule::Depth, 36));
}

#[test]
fn bad_grammar_weighs_more_than_a_breach() {
    assert_eq!(refused(r#"{"a":"\u0000","b":}"#).rule, Rule::Syntax);
    assert_eq!(refused(r#"["\ud800"#).rule, Rule::Syntax);
    assert_eq!(refused(r#"{"a":1e400,"b":"\u0000"}"#).pointer, "/a", "the first breach is named");
}

#[test]
fn lets_in_what_is_odd_but_sure() {
    for text in [
        "{}",
        " \t\r\n{ } \n",
        r#"{"a":[-0,-0.0,1.0,1e2,0.000001,1e-7,1E+2,[],{},[[]],null,true,false]}"#,
        r#"{"nfc":"café","nfd":"cafe\u0301"}"#,
        r#"{"\ud83d\ude02":"\"\\\/\b\f\n\r\t\u00e9\u007f"}"#,
        r#"{"":{"":{"":0}},"a":{"a":{"a":0}}}"#,
        "{\"a\":\"\u{7f}\u{e000}\u{fdcf}\u{fdf0}\u{fffd}\"}",
    ] {
        assert_eq!(check(text.as_bytes(), &Limits::INTAKE), Ok(()), "{text}");
    }
}

#[test]
fn many_names_take_no_long_time() {
    let members: Vec<String> = (0..7000).map(|n| format!("\"{n:04x}\":0")).collect();
    assert!(passes(format!("{{{}}}", members.join(","))));
    let twice = format!("{{{},\"0000\":1}}", members.join(","));
    assert_eq!(refused(twice).pointer, "/0000");
}

/// Were the name let in, the parser would read the text inside the string, past every rule: with
/// its feature `raw_value`, which any crate of a program may turn on, `serde_json` does.
#[test]
fn no_document_is_smuggled_in_a_string() {
    let smuggled = r#"{"a":{"$serde_json::private::RawValue":"{\"to\":1,\"to\":2}"}}"#;
    let past_the_gate: Value = serde_json::from_str(smuggled).unwrap();
    assert_eq!(past_the_gate, json!({"a": {"to": 2}}));
    assert_eq!(refused(smuggled).rule, Rule::ReservedName);
    assert_eq!(refused(smuggled.replace('$', r"\u0024")).rule, Rule::ReservedName);
}

#[test]
fn parse_tells_the_gate_from_the_shape() {
    let parsed = parse::<Vec<u8>>(b"{}", &Limits::INTAKE);
    assert!(matches!(parsed, Err(Rejected::Shape(_))));
    let parsed = parse::<Value>(b"{", &Limits::INTAKE);
    assert!(matches!(parsed, Err(Rejected::Gate(_))));
    assert_eq!(
        parse::<Value>(br#"{"a":"\u0000"}"#, &Limits::INTAKE).unwrap_err().to_string(),
        "U+0000 in a string at byte 13, JSON pointer `/a`"
    );
}

#[test]
fn params_hash_is_over_the_canonical_object() {
    let hash = params_hash(
        &json!({"name": "orders.delete"}),
        &json!({"type": "order", "id": "42"}),
        &json!({"order_id": "42", "cascade": true}),
    );
    assert_eq!(hash.unwrap(), "ySqfaRf4EXxERdQoX-y4U_swi71MrX5iqtfGhEeJ3eQ");
    assert_eq!(
        canonical(&json!({"b": 1.0, "a": [1e21, -0.0, "é\u{1f}"]})).unwrap(),
        r#"{"a":[1e+21,0,"é\u001f"],"b":1}"#
    );
    assert!(canonical(&f64::INFINITY).is_err());
}

/// JSON-like text: mostly good, with everything the rules speak of.
fn text() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        any::<f64>().prop_map(|n| format!("{n:e}")),
        any::<f64>().prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        any::<String>().prop_map(|text| json!(text).to_string()),
        r#""(\\u[0-9a-fd]{4}|\\[nrt"/\\]|[a-é]){0,6}""#,
        Just("null".to_owned()),
        Just("true".to_owned()),
    ];
    scalar.prop_recursive(4, 24, 4, |inner| {
        let name = r#""(a|b|é|e\\u0301|\\u0061){0,2}""#;
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|v| format!("[{}]", v.join(" ,"))),
            proptest::collection::vec((name, inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(n, v)| format!("{n}:{v}")).collect();
                format!("{{{}}}", members.join(", "))
            }),
        ]
    })
}

const ANY_TEXT: Limits = Limits { object_only: false, ..Limits::INTAKE };

/// The same cases in every run.
fn config() -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(0x1_2345);
    ProptestConfig { cases: 2000, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_let_in_is_read_and_stays(text in text()) {
        if check(text.as_bytes(), &ANY_TEXT).is_ok() {
            let value: Value = serde_json::from_str(&text).unwrap();
            let ours = canonical(&value).unwrap();
            prop_assert_eq!(check(ours.as_bytes(), &ANY_TEXT), Ok(()));
            let again: Value = serde_json::from_str(&ours).unwrap();
            prop_assert_eq!(canonical(&again).unwrap(), ours);
        }
    }

    #[test]
    fn grammar_is_judged_as_the_parser_judges_it(mut text in text(), cut in any::<proptest::sample::Index>()) {
        text = text.chars().take(cut.index(text.len() + 1)).collect();
        let judged_json = check(text.as_bytes(), &ANY_TEXT).map_or_else(|refused| !refused.rule.is_grammar(), |()| true);
        if serde_json::from_str::<Value>(&text).is_ok() {
            prop_assert_eq!(judged_json, true, "{}", text);
        }
        if !judged_json {
            prop_assert_eq!(serde_json::from_str::<Value>(&text).is_err(), true);
        }
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in any::<Vec<u8>>()) {
        if check(&bytes, &ANY_TEXT).is_ok() {
            serde_json::from_slice::<Value>(&bytes).unwrap();
        }
    }
}
