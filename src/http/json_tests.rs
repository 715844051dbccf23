//! Every way a value can be wrong, in documents that are otherwise good.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::Value;

use super::{UNREADABLE, has_hidden_fault, repaired};
use crate::mutate::{JSON_SNIPPETS, mutated_bytes};

/// The document is repaired to this one.
#[track_caller]
fn check(document: &[u8], expected: &str) {
    let found = repaired(document);
    assert_eq!(String::from_utf8_lossy(&found), expected, "{}", String::from_utf8_lossy(document));
    assert!(matches!(found, Cow::Owned(_)));
    assert!(serde_json::from_slice::<Value>(&found).is_ok(), "{expected}");
    check_repaired_once(&found);
}

/// A second repair finds nothing but the marks, which are no text that an upstream may send.
#[track_caller]
fn check_repaired_once(found: &[u8]) {
    let unmarked = String::from_utf8_lossy(found).replace(UNREADABLE, "\u{fffd}");
    assert_eq!(String::from_utf8_lossy(&repaired(found)), unmarked);
}

/// The document is left as it is, and not copied.
#[track_caller]
fn check_same(document: &str) {
    let found = repaired(document.as_bytes());
    assert!(matches!(found, Cow::Borrowed(_)), "{document}");
    assert_eq!(found, document.trim_start_matches('\u{feff}').as_bytes());
}

#[test]
fn a_good_document_is_not_copied() {
    check_same(r#"{"a":[1,-2.5e-3,true,false,null,"\ud83d\ude00 \uD83D\uDE00 \\ud83d 中文 \u00e9"],"b":{}}"#);
    check_same("\u{feff} [ {\"a\" : 1} ,\r\n\t{} ]\n");
    for other in ["", " ", "oops", "<html>\u{1}</html>", "\"\\ud83d\"", "NaN"] {
        check_same(other);
    }
}

#[test]
fn half_a_surrogate_pair_becomes_a_replacement_character() {
    for half in [r"\ud83d", r"\uD83D", r"\ude00", r"\udfff", r"\ud800"] {
        check(
            format!(r#"[{{"{half}":"a{half}b","n":["{half}"]}}]"#).as_bytes(),
            "[{\"\u{fffd}\":\"a\u{fffd}b\",\"n\":[\"\u{fffd}\"]}]",
        );
    }
    check(br#"["\ude00\ud83d"]"#, "[\"\u{fffd}\u{fffd}\"]");
    check(br#"["\ud83d\ud83d\ude00"]"#, "[\"\u{fffd}\\ud83d\\ude00\"]");
    check(br#"["\ud83d\n","\ud83d\u0041"]"#, "[\"\u{fffd}\\n\",\"\u{fffd}\\u0041\"]");
}

#[test]
fn a_raw_control_character_and_a_lone_backslash_are_escaped() {
    check(b"[\"a\tb\nc\0d\x1b\"]", r#"["a\u0009b\u000ac\u0000d\u001b"]"#);
    check(br#"{"path":"C:\new\x \u12"}"#, r#"{"path":"C:\new\\x \\u12"}"#);
}

#[test]
fn bytes_that_are_no_text_become_replacement_characters() {
    check(b"[\"a\xffb\"]", "[\"a\u{fffd}b\"]");
    check(b"[\"\xe4\xb8\xad\xe4\xb8\"]", "[\"中\u{fffd}\"]");
    check(b"[\"\xed\xa0\xbd\"]", "[\"\u{fffd}\u{fffd}\u{fffd}\"]");
    check("[\"é\u{ffff}é\u{ffff}\",\"\\uffff\"]".as_bytes(), "[\"é\u{fffd}é\u{fffd}\",\"\u{fffd}\"]");
}

#[test]
fn what_is_no_value_is_marked() {
    for value in
        ["NaN", "Infinity", "-Infinity", "nan", "True", "undefined", "1e999", "-1e999", "01", ".5", "+1", "0x1F"]
    {
        check(format!(r#"{{"id":1,"a":[{value}, {value}],"b":{value}}}"#).as_bytes(), &{
            let mark = format!("\"{UNREADABLE}\"");
            format!(r#"{{"id":1,"a":[{mark}, {mark}],"b":{mark}}}"#)
        });
    }
    let deep = format!(r#"[{{"id":1,"more":{}"]"{}}}]"#, "[".repeat(100_000), "]".repeat(100_000));
    let found = repaired(deep.as_bytes());
    assert!(found.len() < 400);
    assert!(serde_json::from_slice::<Value>(&found).is_ok());
}

#[test]
fn what_is_wrong_outside_of_values_stays_wrong() {
    for broken in
        ["[1", "{\"a\":\"b", "{\"a\":\"\\u12", "[1]x", "[1]]", "{\"a\" 1}", "[1 2]", "[{\"id\":1}", "[N", "[\"\\"]
    {
        assert!(serde_json::from_slice::<Value>(&repaired(broken.as_bytes())).is_err(), "{broken}");
    }
}

#[test]
fn halves_of_pairs_are_found_where_nothing_is_parsed() {
    for (text, expected) in [
        (r"\ud83d", true),
        (r"a\uDE00", true),
        (r"\ude00\ud83d", true),
        (r"\ud83d\ud83d\ude00", true),
        (r"\ud83d\u0041\ude00", true),
        ("\u{ffff}", true),
        (r"\ud83d\ude00\uD83D\uDE00", false),
        (r"\u00d8", false),
        ("ud83d", false),
        (r"\ud8", false),
    ] {
        assert_eq!(has_hidden_fault(text.as_bytes()), expected, "{text}");
    }
}

/// A text in JSON, of good and of bad pieces; its meaning.
fn pieces() -> impl Strategy<Value = (Vec<u8>, String)> {
    let piece = prop_oneof![
        any::<char>().prop_filter("no mark", |c| *c != '\u{ffff}').prop_map(|c| {
            let quoted = serde_json::to_string(&c).unwrap();
            (quoted.as_bytes()[1..quoted.len() - 1].to_vec(), c.to_string())
        }),
        (0u8..0x20).prop_map(|byte| (vec![byte], char::from(byte).to_string())),
        (0xdc00u16..0xe000).prop_map(|unit| (format!("\\u{unit:x}").into_bytes(), "\u{fffd}".to_owned())),
        (0xd800u16..0xdc00).prop_map(|unit| (format!("\\u{unit:X}.").into_bytes(), "\u{fffd}.".to_owned())),
        (0x80u8..0xc0).prop_map(|byte| (vec![b'.', byte, b'.'], ".\u{fffd}.".to_owned())),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| {
        let meaning = pieces.iter().map(|(_, meaning)| meaning.as_str()).collect();
        (pieces.into_iter().flat_map(|(bytes, _)| bytes).collect(), meaning)
    })
}

proptest! {
    #[test]
    fn texts_keep_their_meaning_as_far_as_they_have_one(texts in prop::collection::vec(pieces(), 0..5)) {
        let items: Vec<Vec<u8>> = texts.iter().map(|(bytes, _)| [b"\"".as_slice(), bytes, b"\""].concat()).collect();
        let document = [b"[".as_slice(), &items.join(&b','), b"]"].concat();
        let found: Vec<String> = serde_json::from_slice(&repaired(&document)).unwrap();
        let meanings: Vec<&str> = texts.iter().map(|(_, meaning)| meaning.as_str()).collect();
        prop_assert_eq!(found, meanings);
    }

    #[test]
    fn any_bytes_are_repaired_once_and_good_ones_never(
        damaged in mutated_bytes(&[br#"{"data":[{"id":"r1","n":1.5,"t":"\ud83d\ude00 \n"},{"id":null}],"next":true}"#], JSON_SNIPPETS),
    ) {
        let found = repaired(&damaged);
        if found.starts_with(b"{") {
            check_repaired_once(&found);
        }
        if let Ok(before) = serde_json::from_slice::<Value>(&damaged)
            && !before.to_string().contains(UNREADABLE)
        {
            prop_assert_eq!(serde_json::from_slice::<Value>(&found).ok(), Some(before));
        }
        if serde_json::from_slice::<Value>(&found).is_err() {
            prop_assert!(serde_json::from_slice::<Value>(&damaged).is_err());
        }
    }
}
