//! Answers of every shape, in pieces of every size.

use proptest::prelude::*;

use super::{Envelope, Malformed, Pause, Splitter};
use crate::upstreams::mirror::Signs;

/// Feeds the text in pieces of every size up to its own and expects the same rows and the same end each time.
fn check(text: &str, rows: &[&str], next: Option<&str>) {
    for size in 1..=text.len() {
        let (found, end) = split(text.as_bytes(), size);
        assert_eq!(found, rows, "in pieces of {size}");
        assert_eq!(
            end.unwrap(),
            Envelope { next: next.map(str::to_owned), signs: Signs::default(), row_count: rows.len() },
            "in pieces of {size}"
        );
    }
}

fn split(text: &[u8], size: usize) -> (Vec<String>, Result<Envelope, Malformed>) {
    let mut splitter = Splitter::default();
    let mut found = Vec::new();
    for piece in text.chunks(size) {
        splitter.push(piece);
        loop {
            match splitter.advance() {
                Ok(Pause::RowBegins) => splitter.begin_row(),
                Ok(Pause::OutOfBytes) => break,
                Err(error) => return (found, Err(error)),
            }
        }
        let rows = splitter.take_rows();
        found.extend(rows.ranges.iter().map(|range| String::from_utf8_lossy(&rows.bytes[range.clone()]).into_owned()));
    }
    (found, splitter.finish())
}

fn check_malformed(text: &str, expected: &str) {
    for size in [1, 2, 3, text.len().max(1)] {
        let error = split(text.as_bytes(), size).1.unwrap_err();
        assert!(error.to_string().contains(expected), "`{error}` for `{text}`");
    }
}

#[test]
fn every_documented_shape_gives_its_rows() {
    check("[]", &[], None);
    check(r#" [{"id":1}, {"id":2} ] "#, &[r#"{"id":1}"#, r#"{"id":2}"#], None);
    check(r#"{"data":[]}"#, &[], None);
    check(r#"{"data":[{"id":"a"}],"next":null,"prev":"x"}"#, &[r#"{"id":"a"}"#], None);
    check(r#"{"next":"https://h/p?a=1","data":[{"id":"a"}]}"#, &[r#"{"id":"a"}"#], Some("https://h/p?a=1"));
    check("\u{feff}{\"data\": [ {} ] , \"next\": \"\" }", &["{}"], None);
    check(r#"{"meta":{"data":[1,{"x":"]"}]},"data":[{"a":[1,{"b":"}"}]}]}"#, &[r#"{"a":[1,{"b":"}"}]}"#], None);
}

#[test]
fn what_is_no_object_among_the_rows_is_a_row_for_itself() {
    for other in ["null", "7", "-1.5e3", "nope", r#""a,]}\"""#, "[1,[{}]]", "\"\""] {
        check(&format!(r#"{{"data":[{{}},{other},{{"id":1}}]}}"#), &["{}", other, r#"{"id":1}"#], None);
        check(&format!("[{other} , {{}} ]"), &[other, "{}"], None);
        check(&format!("[{{}},{other}]"), &["{}", other], None);
        check_malformed(&format!("[{other}]"), "not a list of objects");
    }
}

#[test]
fn quotes_and_brackets_inside_strings_do_not_count() {
    check(r#"[{"a":"\"}]{[\\"},{"b":"\\\""}]"#, &[r#"{"a":"\"}]{[\\"}"#, r#"{"b":"\\\""}"#], None);
}

#[test]
fn what_is_no_answer_is_named() {
    check_malformed("", "empty");
    check_malformed("<html><body>busy</body></html>", "begins with `<");
    check_malformed(r#"{"error":"no"}"#, "carries an `error`");
    check_malformed("{}", "no `data`");
    check_malformed(r#"{"next":null}"#, "no `data`");
    check_malformed(r#"{"data":{"id":1}}"#, "cannot read what surrounds");
    check_malformed(r#"{"data":null}"#, "no `data`");
    check_malformed(r#"{"data":[1,2]}"#, "not a list of objects");
    check_malformed(r#"{"data":[{"id":1}"#, "ends in the middle");
    check_malformed(r#"{"data":[{"id":1},]}"#, "not a list of objects");
    check_malformed(r#"{"data":[{"id":"#, "ends in the middle");
    check_malformed(r#"{"data":[{}],"data":[{}]}"#, "appears twice");
    check_malformed(r#"[{"id":1}] trailing"#, "not JSON");
    check_malformed(r#"{"data":[{}]"#, "cannot read what surrounds");
}

#[test]
fn an_error_beside_the_rows_makes_them_no_answer() {
    for error in [r#""error":{"message":"busy"}"#, r#""error":"busy""#, r#""error":true"#, r#""errors":[{"code":7}]"#] {
        for answer in [format!(r#"{{"data":[{{}}],{error},"next":null}}"#), format!(r#"{{{error},"data":[]}}"#)] {
            check_malformed(&answer, "carries an `error`");
        }
    }
    check(r#"{"data":[{}],"error":null,"errors":[]}"#, &["{}"], None);
    check(r#"{"error":false,"data":[]}"#, &[], None);
}

proptest! {
    #[test]
    fn arbitrary_bytes_neither_panic_nor_hang(text in "[\\[\\]{}\",:\\\\a-c ]{0,60}", size in 1usize..8) {
        let _ = split(text.as_bytes(), size);
    }

    #[test]
    fn rows_come_out_as_serde_sees_them(rows in proptest::collection::vec(any::<(i64, String)>(), 0..6), size in 1usize..40) {
        let rows: Vec<_> = rows.into_iter().map(|(id, text)| serde_json::json!({"id": id, "t": {"x": [text]}})).collect();
        let text = serde_json::json!({"data": rows, "next": null}).to_string();
        let (found, end) = split(text.as_bytes(), size);
        let parsed: Vec<serde_json::Value> = found.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
        prop_assert_eq!(parsed, rows);
        prop_assert!(end.is_ok());
    }
}
