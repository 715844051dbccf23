//! Lead packages from a JSON document: a list of objects, bare or in an envelope.

use std::collections::HashMap;

use csv::StringRecord;
use serde_json::{Map, Value};

use super::packages::{Column, Import, ImportError, Place, import_rows};
use crate::upstreams::mirror::{Signs, says_failed};

/// Whether that is JSON, and no CSV.
pub fn is_json(bytes: &[u8]) -> bool {
    matches!(without_mark(bytes).trim_ascii_start().first(), Some(b'[' | b'{'))
}

/// Reads a whole document; the members of its objects are named like the columns of a CSV file. Also what it says of
/// itself beside the rows.
pub fn read_json(bytes: &[u8]) -> Result<(Import, Signs), ImportError> {
    let document: Value = serde_json::from_slice(without_mark(bytes)).map_err(|error| {
        // The parser's own words may quote the document.
        failed(format!("it is not valid (line {}, column {})", error.line(), error.column()))
    })?;
    let (rows, signs) = rows_of(document)?;
    if rows.is_empty() {
        let (columns, unknown_headers) = (Vec::new(), Vec::new());
        return Ok((Import { packages: Vec::new(), columns, unknown_headers, encoding: "UTF-8" }, signs));
    }
    let mut headers: Vec<String> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut items = Vec::new();
    for (number, row) in (1..).zip(rows) {
        let Value::Object(row) = row else { return Err(failed(format!("item {number} is no object"))) };
        let mut cells = Vec::new();
        for (name, value) in row {
            if matches!(value, Value::Bool(_) | Value::Array(_) | Value::Object(_))
                && Column::of_header(name.trim()).is_some()
            {
                return Err(failed(format!("`{}` of item {number} is neither a text nor a number", name.trim())));
            }
            let next = headers.len();
            let index = *places.entry(name.trim().to_owned()).or_insert(next);
            if index == next {
                headers.push(name.trim().to_owned());
            }
            cells.push((index, value));
        }
        items.push((Place::Item(number), cells));
    }
    let rows = items.into_iter().map(|(place, cells)| {
        let mut texts = vec![String::new(); headers.len()];
        for (index, value) in cells {
            texts[index] = text_of(value);
        }
        Ok((place, StringRecord::from(texts)))
    });
    Ok((import_rows(headers.clone(), rows, "UTF-8")?, signs))
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The list: the document itself, or the only list in its envelope.
fn rows_of(document: Value) -> Result<(Vec<Value>, Signs), ImportError> {
    let mut signs = Signs::default();
    let mut document = document;
    loop {
        let mut members = match document {
            Value::Array(rows) => return Ok((rows, signs)),
            Value::Object(members) => members,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(failed("it is no list".to_owned()));
            }
        };
        if says_failed(&members) {
            return Err(failed("it says that it failed".to_owned()));
        }
        let name = list_in(&members)?;
        document = members.remove(&name).unwrap_or_default();
        signs = signs.and(Signs::of(&members));
    }
}

/// The member that is the list, or that holds it.
fn list_in(members: &Map<String, Value>) -> Result<String, ImportError> {
    let of = |is_wanted: fn(&Value) -> bool| -> Vec<&String> {
        members.iter().filter(|(_, value)| is_wanted(value)).map(|(name, _)| name).collect()
    };
    let lists = of(Value::is_array);
    let found = if lists.is_empty() { of(Value::is_object) } else { lists };
    match found[..] {
        [name] => Ok(name.clone()),
        [] => Err(failed("it holds no list".to_owned())),
        [..] => Err(failed("it holds several lists".to_owned())),
    }
}

/// As a cell of a CSV file would be.
fn text_of(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn failed(reason: String) -> ImportError {
    ImportError::Json { reason }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{is_json, read_json};

    fn check(document: &str, expected: &[&str]) {
        let codes: Vec<_> = read_json(document.as_bytes()).unwrap().0.packages.into_iter().map(|p| p.code).collect();
        assert_eq!(codes, expected, "{document}");
    }

    fn check_refused(document: &str, expected: &str) {
        assert_eq!(read_json(document.as_bytes()).unwrap_err().to_string(), expected, "{document}");
    }

    #[test]
    fn packages_come_as_a_list_or_in_an_envelope() {
        check(r#"[{"code":"A","valid_leads":5,"cost_per_lead":2.5},{"grade":null," code ":"B"}]"#, &["A", "B"]);
        check("\u{feff} {\"packages\":[{\"code\":\"A\"}]}", &["A"]);
        check(r#"{"code":200,"message":"OK","data":{"data":[{"code":"A"}],"page":1,"totalCount":1}}"#, &["A"]);
        check(r#"{"data":[]}"#, &[]);
        check("[]", &[]);
        for (text, expected) in [(" [", true), ("\u{feff}{", true), ("code\n[", false), ("", false), ("<html>", false)]
        {
            assert_eq!(is_json(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn values_are_read_as_cells_are() {
        let document =
            r#"[{"code":7,"name":null,"valid_leads":"12","cost_per_lead":3,"note":"a\nb","more":{"x":[1]}}]"#;
        let package = read_json(document.as_bytes()).unwrap().0.packages.remove(0);
        assert_eq!((package.code.as_str(), package.name, package.valid_leads), ("7", None, Some(12)));
        assert_eq!(package.cost_per_lead, Some(3.0));
        assert!(package.raw.contains(r#""note":"a\nb""#), "{}", package.raw);
    }

    #[test]
    fn what_is_missing_in_every_object_is_no_column() {
        let (import, _) = read_json(br#"[{"code":"A"},{"code":"B","grade":"x"}]"#).unwrap();
        assert_eq!(import.columns.len(), 2);
    }

    #[test]
    fn what_the_envelope_says_is_heard() {
        let (_, signs) = read_json(br#"{"data":[{"code":"A"}],"total":500,"has_more":true}"#).unwrap();
        assert!(signs.has_more && signs.row_count == Some(500));
    }

    #[test]
    fn another_shape_is_refused_without_a_word_of_the_document() {
        check_refused("[", "the answer is not a list of packages in JSON: it is not valid (line 1, column 1)");
        check_refused("{}", "the answer is not a list of packages in JSON: it holds no list");
        check_refused(r#"{"a":[],"b":[]}"#, "the answer is not a list of packages in JSON: it holds several lists");
        check_refused(r#"["canary"]"#, "the answer is not a list of packages in JSON: item 1 is no object");
        check_refused(
            r#"{"success":false,"data":[]}"#,
            "the answer is not a list of packages in JSON: it says that it failed",
        );
        check_refused(
            r#"[{"code":"A"},{"code":true}]"#,
            "the answer is not a list of packages in JSON: `code` of item 2 is neither a text nor a number",
        );
        check_refused(
            r#"[{"code":"A"},{}]"#,
            "1 cell cannot be read, the first at item 2, column 1 (`code`): is empty",
        );
        check_refused(
            r#"[{"code":"A"},{"code":"B","valid_leads":-1},{"code":"B","valid_leads":"x"}]"#,
            "2 cells cannot be read, the first at item 2, column 2 (`valid_leads`): must be a whole number from 0",
        );
        check_refused(
            r#"[{"code":"A"},{"code":"A"}]"#,
            "1 cell cannot be read, the first at item 2, column 1 (`code`): the same code is on item 1",
        );
        let error = read_json(br#"[{"name":"x"}]"#).unwrap_err().to_string();
        assert!(error.starts_with("the header has no `code` (`编码`)"), "{error}");
        let deep = "[".repeat(100_000);
        assert!(read_json(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_document_is_a_panic(bytes: Vec<u8>, text in any::<String>()) {
            let _ = read_json(&bytes);
            let _ = read_json(serde_json::json!([{ "code": text, &text: [text] }]).to_string().as_bytes());
        }
    }
}
