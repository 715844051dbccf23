//! Rows as text, a piece at a time.

use std::io::Write as _;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;

use crate::present::csv;
use crate::store::{self, Row, Value};

/// A piece: few writes, and still little memory.
const PIECE_BYTES: usize = 256 * 1024;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Format {
    Csv,
    Jsonl,
    Parquet,
}

/// Rows that are not written yet.
pub struct Sheet {
    format: Format,
    /// The columns, as JSON keys where the rows are JSON.
    keys: Vec<String>,
    lines: Vec<u8>,
    row_count: u64,
}

impl Sheet {
    /// An empty one. CSV begins with the names of the columns, even where no row follows.
    pub fn new(format: Format, columns: &[String], bom: bool) -> Self {
        let mut lines = Vec::with_capacity(PIECE_BYTES * 2);
        if format == Format::Csv {
            lines.extend_from_slice(if bom { csv::BOM.as_bytes() } else { b"" });
            csv::push_header(&mut lines, columns);
        }
        let keys = columns.iter().map(|name| serde_json::Value::from(name.as_str()).to_string() + ":").collect();
        Self { format, keys, lines, row_count: 0 }
    }

    pub fn push(&mut self, row: &Row<'_>) -> Result<(), store::Error> {
        self.row_count += 1;
        let is_json = self.format == Format::Jsonl;
        for (index, key) in self.keys.iter().enumerate() {
            if is_json {
                self.lines.push(if index == 0 { b'{' } else { b',' });
                self.lines.extend_from_slice(key.as_bytes());
                push_json(&mut self.lines, row.value(index)?);
            } else {
                if index > 0 {
                    self.lines.push(b',');
                }
                push_cell(&mut self.lines, row.value(index)?);
            }
        }
        self.lines.extend_from_slice(if is_json { b"}\n" } else { b"\n" });
        Ok(())
    }

    pub const fn is_full(&self) -> bool {
        self.lines.len() >= PIECE_BYTES
    }

    pub fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// Forgets what was written.
    pub fn clear(&mut self) {
        self.lines.clear();
    }

    /// All rows so far.
    pub const fn rows(&self) -> u64 {
        self.row_count
    }
}

// Writing to a vector cannot fail.

#[inline]
fn push_cell(line: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Null => {}
        // The same digits as by `write!`, several times as fast.
        Value::Int(number) => drop(serde_json::to_writer(line, &number)),
        Value::Real(number) => drop(write!(line, "{number:?}")),
        Value::Text(text) => csv::push_text(line, text),
        Value::Blob(bytes) => push_hex(line, bytes),
    }
}

fn push_json(line: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Null => line.extend_from_slice(b"null"),
        Value::Int(number) => drop(serde_json::to_writer(line, &number)),
        Value::Real(number) => drop(serde_json::to_writer(line, &number)),
        Value::Text(text) => drop(serde_json::to_writer(line, text)),
        Value::Blob(bytes) => {
            line.push(b'"');
            push_hex(line, bytes);
            line.push(b'"');
        }
    }
}

fn push_hex(line: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        line.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

#[cfg(test)]
mod tests {
    use super::{push_cell, push_json};
    use crate::store::Value;

    fn check(value: Value<'_>, cell: &str, json: &str) {
        let (mut as_cell, mut as_json) = (Vec::new(), Vec::new());
        push_cell(&mut as_cell, value);
        push_json(&mut as_json, value);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        assert_eq!((text(as_cell).as_str(), text(as_json).as_str()), (cell, json));
    }

    #[test]
    fn every_kind_of_value_is_a_cell_and_json() {
        check(Value::Null, "", "null");
        check(Value::Int(i64::MIN), "-9223372036854775808", "-9223372036854775808");
        check(Value::Real(-8.0), "-8.0", "-8.0");
        check(Value::Real(1e300), "1e300", "1e+300");
        check(Value::Real(f64::INFINITY), "inf", "null");
        check(Value::Text("-1"), "-1", "\"-1\"");
        check(Value::Text("=1\n"), "\"'=1\n\"", "\"=1\\n\"");
        check(Value::Blob(&[0, 0xaf]), "00af", "\"00af\"");
    }
}
