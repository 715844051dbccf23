//! CSV as RFC 4180 has it, safe to open in a spreadsheet.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe in front, unless it is a number. An empty cell
//! is a NULL, an empty text is `""`. Lines end with a line feed.

use memchr::memchr;
use serde_json::Value;

/// By which a spreadsheet knows UTF-8.
pub const BOM: &str = "\u{feff}";

/// What needs quotes. Semicolon and tab separate cells in some spreadsheets.
const QUOTED: [bool; 256] = {
    let mut quoted = [false; 256];
    let signs = b"\",;\t\r\n";
    let mut index = 0;
    while index < signs.len() {
        quoted[signs[index] as usize] = true;
        index += 1;
    }
    quoted
};

/// Adds a cell with that text.
#[inline]
pub fn push_text(line: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let is_formula = is_formula(text);
    let is_plain = !bytes.is_empty() && !bytes.iter().any(|byte| QUOTED[usize::from(*byte)]);
    if !is_plain {
        line.push(b'"');
    }
    if is_formula {
        line.push(b'\'');
    }
    if is_plain {
        line.extend_from_slice(bytes);
        return;
    }
    let mut rest = bytes;
    while let Some(at) = memchr(b'"', rest) {
        line.extend_from_slice(&rest[..=at]);
        line.push(b'"');
        rest = &rest[at + 1..];
    }
    line.extend_from_slice(rest);
    line.push(b'"');
}

/// Adds a line with the names of the columns.
pub fn push_header<T: AsRef<str>>(lines: &mut Vec<u8>, names: &[T]) {
    push_line(lines, names, |lines, name| push_text(lines, name.as_ref()));
}

/// Adds a line with a cell for each item.
pub fn push_line<T>(lines: &mut Vec<u8>, items: &[T], mut push: impl FnMut(&mut Vec<u8>, &T)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            lines.push(b',');
        }
        push(lines, item);
    }
    lines.push(b'\n');
}

/// Adds a cell with a JSON value: a list or an object is its JSON.
pub fn push_json(line: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => {}
        Value::String(text) => push_text(line, text),
        Value::Bool(_) | Value::Number(_) => line.extend_from_slice(value.to_string().as_bytes()),
        Value::Array(_) | Value::Object(_) => push_text(line, &value.to_string()),
    }
}

/// Whether a spreadsheet would take the text for a formula. Some take the wide forms of the signs, too.
#[inline]
fn is_formula(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'=' | b'@' | b'\t' | b'\r' | b'\n') => true,
        Some(b'+' | b'-') => !is_number(&text[1..]),
        // The first byte of the wide forms.
        Some(0xef) => text.starts_with(['＝', '＋', '－', '＠']),
        Some(_) | None => false,
    }
}

/// Digits, perhaps with a decimal point and an exponent.
fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit() || first == '.') && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{push_json, push_line, push_text};

    fn check(text: &str, expected: &str) {
        let mut cell = Vec::new();
        push_text(&mut cell, text);
        assert_eq!(String::from_utf8(cell).unwrap(), expected, "{text:?}");
    }

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        check("潮汐邮局", "潮汐邮局");
        check("", "\"\"");
        check("a,b", "\"a,b\"");
        check("a;b", "\"a;b\"");
        check("say \"hi\"", "\"say \"\"hi\"\"\"");
        check("\"", "\"\"\"\"");
        check("one\ntwo", "\"one\ntwo\"");
        check("one\rtwo", "\"one\rtwo\"");
        check(" a ", " a ");
    }

    #[test]
    fn formulas_are_texts_and_numbers_stay_numbers() {
        check("=1+1", "'=1+1");
        check("=cmd|'/c calc'!A0", "'=cmd|'/c calc'!A0");
        check("=HYPERLINK(\"http://evil\",\"x\")", "\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\"");
        check("@SUM(A1)", "'@SUM(A1)");
        check("+1-2", "'+1-2");
        check("+86 138", "'+86 138");
        check("-", "'-");
        check("-x", "'-x");
        check("--1", "'--1");
        check("-inf", "'-inf");
        check("+nan", "'+nan");
        check("\t=1", "\"'\t=1\"");
        check("\r=1", "\"'\r=1\"");
        check("\n=1", "\"'\n=1\"");
        check("＝1+1", "'＝1+1");
        check("＠x", "'＠x");
        for number in ["-1", "+1", "-0.5", "-.5", "+1e5", "-1.5E-3", "+8613800000000", "1-2", "a=b", "ａ"] {
            check(number, number);
        }
    }

    #[test]
    fn json_values_are_cells() {
        let mut line = Vec::new();
        let values = [json!(null), json!(-7), json!(8.5), json!(true), json!("x"), json!(["a", {"b": 1}])];
        push_line(&mut line, &values, push_json);
        assert_eq!(String::from_utf8(line).unwrap(), ",-7,8.5,true,x,\"[\"\"a\"\",{\"\"b\"\":1}]\"\n");
    }
}
