//! Rows rendered once with holes for what differs from row to row, so that making two million of them costs no time.

use std::io::Write as _;

use jiff::Timestamp;

/// The row's number, ten digits, inside a text.
pub const NUMBER: &str = hole(&[1; 10]);
/// The row's number as an integer of seven digits.
pub const INTEGER: &str = hole(&[2; 7]);
/// When the row was inserted, inside a text.
pub const INSERTED: &str = hole(&[3; 27]);
/// When it was last updated, likewise.
pub const UPDATED: &str = hole(&[4; 27]);
/// An integer of five digits that rises with every edit.
pub const REVISION: &str = hole(&[5; 5]);

/// The integer of the row with number 0.
pub const FIRST_INTEGER: u64 = 1_000_000;
const FIRST_REVISION: u64 = 10_000;

/// How JSON is written where it makes no difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    #[default]
    Plain,
    /// Keys in reverse order, white space everywhere.
    Reordered,
}

/// A value whose objects keep their order.
pub enum Json {
    Raw(String),
    Array(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
}

impl Json {
    pub const NULL: &'static str = "null";

    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts alike, without a sign at every call")]
    pub fn raw(value: impl ToString) -> Self {
        Self::Raw(value.to_string())
    }

    /// A text without characters that need an escape.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Raw(format!("\"{}\"", text.as_ref()))
    }

    pub fn maybe(text: Option<impl AsRef<str>>) -> Self {
        text.map_or_else(|| Self::raw(Self::NULL), Self::text)
    }

    fn render(&self, layout: Layout, out: &mut String) {
        let (open, comma, colon, close) = match layout {
            Layout::Plain => ("", ",", ":", ""),
            Layout::Reordered => ("\n  ", " ,\n  ", " : ", "\n"),
        };
        match self {
            Self::Raw(text) => out.push_str(text),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { open } else { comma });
                    item.render(layout, out);
                }
                out.push_str(close);
                out.push(']');
            }
            Self::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                if layout == Layout::Reordered {
                    fields.reverse();
                }
                out.push('{');
                for (index, (name, value)) in fields.into_iter().enumerate() {
                    out.push_str(if index == 0 { open } else { comma });
                    out.push('"');
                    out.push_str(name);
                    out.push('"');
                    out.push_str(colon);
                    value.render(layout, out);
                }
                out.push_str(close);
                out.push('}');
            }
        }
    }
}

/// What fills the holes of one row.
pub struct Filling {
    pub number: u64,
    pub revision: u64,
    pub inserted: Timestamp,
    pub updated: Timestamp,
}

/// One rendered row with its holes.
pub struct Template {
    bytes: Vec<u8>,
    holes: Vec<(usize, u8)>,
}

impl Template {
    pub fn new(row: &Json, layout: Layout) -> Self {
        let mut text = String::new();
        row.render(layout, &mut text);
        let bytes = text.into_bytes();
        let mut holes = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                marker @ 1..=5 => {
                    holes.push((at, marker));
                    at += width(marker);
                }
                _ => at += 1,
            }
        }
        Self { bytes, holes }
    }

    pub fn fill(&self, filling: &Filling, out: &mut Vec<u8>) {
        let inserted = time(filling.inserted);
        let updated = if filling.updated == filling.inserted { inserted } else { time(filling.updated) };
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        for &(at, marker) in &self.holes {
            let hole = &mut out[start + at..start + at + width(marker)];
            match marker {
                1 => digits(hole, filling.number),
                2 => digits(hole, FIRST_INTEGER + filling.number),
                3 => hole.copy_from_slice(&inserted),
                4 => hole.copy_from_slice(&updated),
                _ => digits(hole, FIRST_REVISION + filling.revision),
            }
        }
    }
}

/// A hole is a run of a control character, which JSON text cannot hold otherwise.
const fn hole(marks: &'static [u8]) -> &'static str {
    match str::from_utf8(marks) {
        Ok(text) => text,
        Err(_) => panic!("control characters are text"),
    }
}

const fn width(marker: u8) -> usize {
    match marker {
        1 => NUMBER.len(),
        2 => INTEGER.len(),
        3 => INSERTED.len(),
        4 => UPDATED.len(),
        _ => REVISION.len(),
    }
}

/// Writes the number, padded with zeros, over the whole of `hole`.
fn digits(hole: &mut [u8], mut number: u64) {
    for digit in hole.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

/// `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
fn time(at: Timestamp) -> [u8; 27] {
    let mut text = [0; 27];
    write!(text.as_mut_slice(), "{at:.6}").expect("a year of four digits");
    text
}
