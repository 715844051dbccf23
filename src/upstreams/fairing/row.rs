//! A row's typed columns, found in its bytes.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::http::json::{DAMAGED_REASON, UNREADABLE, UNREADABLE_REASON, is_damaged};
use crate::http::strict::{Strict, is_mark};
use crate::store::Value;
use crate::upstreams::digest::Digest;
use crate::upstreams::mirror::Found;

/// How a column stores what the upstream sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affinity {
    /// Text as it is; numbers as written, so that `12.50` stays `12.50`.
    Text,
    /// Whole numbers, also written as text.
    Integer,
    /// 0 or 1.
    Flag,
}

/// A typed column and the member it comes from; both have the same name.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub affinity: Affinity,
}

/// One column's value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cell {
    #[default]
    Null,
    Integer(i64),
    /// A range of the batch's text.
    Slice(Range<usize>),
    /// Text that was escaped in the row.
    Owned(String),
}

/// A row of a batch that is to be written.
#[derive(Clone, Debug)]
pub struct ParsedRow {
    /// Where the row's JSON is in the batch's text.
    pub raw: Range<usize>,
    pub id: String,
    /// One for each field of its kind, in their order.
    pub cells: Vec<Cell>,
    /// Of the row as it came.
    pub digest: Digest,
    /// What is stored of it, as far as it was looked up.
    pub found: Option<Found>,
}

/// Why a row cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum BadRow {
    #[error("not JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("it has no `id`")]
    NoId,
    #[error("its `id` is neither text nor a number")]
    OddId,
    #[error("its `id` `{0}` {DAMAGED_REASON}")]
    DamagedId(String),
    #[error("{UNREADABLE_REASON}")]
    Unreadable,
}

impl Cell {
    /// The value to bind; `batch` is the batch's text.
    pub fn value<'a>(&'a self, batch: &'a str) -> Value<'a> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Int(*number),
            Self::Slice(_) | Self::Owned(_) => self.text(batch).into(),
        }
    }

    /// The value, where it is text.
    pub fn text<'a>(&'a self, batch: &'a str) -> Option<&'a str> {
        match self {
            Self::Null | Self::Integer(_) => None,
            Self::Slice(range) => Some(text(batch, range)),
            Self::Owned(text) => Some(text),
        }
    }
}

/// The text of a range that was found when the row was parsed.
pub fn text<'a>(batch: &'a str, range: &Range<usize>) -> &'a str {
    batch.get(range.clone()).unwrap_or_default()
}

/// The id of a row that begins with it, as rows of this upstream do; nothing else of the row is looked at. Good enough
/// to look the row up: whatever differs from what is stored is parsed as a whole.
pub fn leading_id(row: &[u8]) -> Option<&str> {
    let rest = row.strip_prefix(b"{\"id\":")?;
    let id = if let Some(quoted) = rest.strip_prefix(b"\"") {
        &quoted[..quoted.iter().position(|byte| matches!(byte, b'"' | b'\\')).filter(|at| quoted[*at] == b'"')?]
    } else {
        let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        if !matches!(rest[end], b',' | b'}') {
            return None;
        }
        &rest[..end]
    };
    std::str::from_utf8(id).ok().filter(|id| !id.is_empty())
}

/// The members of the last row and where each goes: the next row mostly has the same ones in the same order.
#[derive(Debug, Default)]
pub struct Layout(Vec<(String, Member)>);

/// More members than any known row has.
const MAX_LAYOUT: usize = 256;

/// What a member of a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Id,
    Field(usize),
    /// Only `raw` keeps it.
    Other,
}

impl Layout {
    /// The member of that key, which is the row's `place`th.
    fn member(&mut self, place: usize, key: &str, fields: &[Field]) -> Member {
        if let Some((known, member)) = self.0.get(place)
            && known == key
        {
            return *member;
        }
        let field = || fields.iter().position(|field| field.name == key).map_or(Member::Other, Member::Field);
        let member = if key == "id" { Member::Id } else { field() };
        self.0.truncate(place);
        if place < MAX_LAYOUT {
            self.0.push((key.to_owned(), member));
        }
        member
    }
}

/// The id of a row that cannot be stored, wherever it is.
pub fn any_id(row: &str) -> Option<String> {
    let Strict(row) = serde_json::from_str(row).ok()?;
    let id = row.get("id")?;
    let text = id.as_str().map(str::to_owned).or_else(|| id.as_number().map(ToString::to_string));
    text.filter(|id| !id.is_empty() && !is_mark(id))
}

/// Parses the whole row at `raw` of the batch's text.
pub fn parse(
    batch: &str,
    raw: Range<usize>,
    fields: &[Field],
    layout: &mut Layout,
) -> Result<(String, Vec<Cell>), BadRow> {
    let mut deserializer = serde_json::Deserializer::from_str(&batch[raw]);
    let (id, cells) = RowSeed { fields, layout, base: batch.as_ptr().addr() }
        .deserialize(&mut deserializer)
        .and_then(|row| deserializer.end().map(|()| row))
        .map_err(BadRow::NotJson)?;
    let id = id.ok_or(BadRow::NoId)?;
    match id.get().as_bytes() {
        [b'"', ..] => serde_json::from_str(id.get()).map_err(BadRow::NotJson),
        [b'0'..=b'9' | b'-', ..] => Ok(id.get().to_owned()),
        [b'n', ..] => Err(BadRow::NoId),
        _ => Err(BadRow::OddId),
    }
    .and_then(|id: String| match id.as_str() {
        "" | UNREADABLE => Err(BadRow::NoId),
        damaged if is_damaged(damaged) => Err(BadRow::DamagedId(id)),
        _ => Ok((id, cells)),
    })
}

struct RowSeed<'f> {
    fields: &'f [Field],
    layout: &'f mut Layout,
    /// Where the batch's text begins, to turn borrowed text into ranges.
    base: usize,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = (Option<&'de RawValue>, Vec<Cell>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = (Option<&'de RawValue>, Vec<Cell>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut id = None;
        let mut cells = vec![Cell::Null; self.fields.len()];
        let mut place = 0;
        let mut seen = 0_u128;
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            match self.layout.member(place, &key, self.fields) {
                Member::Id => {
                    if id.replace(map.next_value()?).is_some() {
                        return Err(serde::de::Error::duplicate_field("id"));
                    }
                }
                // Nobody knows which of two values is meant.
                Member::Field(at) if seen & (1 << at) != 0 => {
                    return Err(serde::de::Error::duplicate_field(self.fields[at].name));
                }
                Member::Field(at) => {
                    seen |= 1 << at;
                    let value: &'de RawValue = map.next_value()?;
                    cells[at] = cell(value.get(), self.fields[at].affinity, self.base)?;
                }
                Member::Other => drop(map.next_value::<IgnoredAny>()?),
            }
            place += 1;
        }
        Ok((id, cells))
    }
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// A value of another type than its column's leaves the column empty; the raw row keeps it.
fn cell<E: serde::de::Error>(json: &str, affinity: Affinity, base: usize) -> Result<Cell, E> {
    let at = |text: &str| {
        let start = text.as_ptr().addr() - base;
        Cell::Slice(start..start + text.len())
    };
    let quoted = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Ok(match (affinity, json.as_bytes().first()) {
        (Affinity::Text, Some(b'"')) => match quoted {
            Some(plain) if !plain.contains('\\') => at(plain),
            _ => Cell::Owned(serde_json::from_str(json).map_err(E::custom)?),
        },
        (Affinity::Text, Some(b'0'..=b'9' | b'-' | b't' | b'f')) => at(json),
        (Affinity::Integer, _) => quoted.unwrap_or(json).parse().map_or(Cell::Null, Cell::Integer),
        (Affinity::Flag, Some(b't')) => Cell::Integer(1),
        (Affinity::Flag, Some(b'f')) => Cell::Integer(0),
        (Affinity::Text | Affinity::Flag, _) => Cell::Null,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Affinity, Cell, Field, Layout, leading_id, parse};
    use crate::mutate::{JSON_SNIPPETS, mutated_bytes, mutated_json};
    use crate::store::Value;

    const FIELDS: [Field; 4] = [
        Field { name: "name", affinity: Affinity::Text },
        Field { name: "count", affinity: Affinity::Integer },
        Field { name: "other", affinity: Affinity::Flag },
        Field { name: "order_total", affinity: Affinity::Text },
    ];

    fn check(row: &str, id: &str, values: [Value<'_>; 4]) {
        let batch = format!("  {row}");
        let (found, cells) = parse(&batch, 2..batch.len(), &FIELDS, &mut Layout::default()).unwrap();
        assert_eq!(found, id);
        assert_eq!(cells.iter().map(|cell| cell.value(&batch)).collect::<Vec<_>>(), values);
    }

    #[test]
    fn values_take_their_columns_type_and_keep_their_text() {
        use Value::{Int, Null, Text};
        check(
            r#"{"id":"a","name":"x","count":3,"other":true,"order_total":"12.50"}"#,
            "a",
            [Text("x"), Int(3), Int(1), Text("12.50")],
        );
        check(
            r#"{"order_total":12.50,"count":"7","zzz":[{}],"id":9,"name":"\u00e9\n"}"#,
            "9",
            [Text("é\n"), Int(7), Null, Text("12.50")],
        );
        check(r#"{"id":-1,"name":null,"count":1.5,"other":"yes","order_total":[1]}"#, "-1", [Null, Null, Null, Null]);
    }

    #[test]
    fn a_row_without_a_usable_id_is_refused() {
        for (row, reason) in [
            (r#"{"name":"x"}"#, "has no `id`"),
            (r#"{"id":null}"#, "has no `id`"),
            (r#"{"id":""}"#, "has no `id`"),
            (r#"{"id":{}}"#, "neither text nor a number"),
            (r#"{"id":true}"#, "neither text nor a number"),
            (r#"{"id":1,"id":2}"#, "not JSON"),
            ("{\"id\":\"a\u{fffd}\"}", "another id"),
            (r#"{"id":nope}"#, "not JSON"),
            ("{\"id\":\"a\",\"name\":\"\u{1}\"}", "not JSON"),
        ] {
            let error = parse(row, 0..row.len(), &FIELDS, &mut Layout::default()).unwrap_err();
            assert!(error.to_string().contains(reason), "{error} for {row}");
        }
        assert_eq!(Cell::default(), Cell::Null);
    }

    #[test]
    fn a_leading_id_is_found_only_where_it_is_plain() {
        for (row, id) in [
            (r#"{"id":"abc","x":1}"#, Some("abc")),
            (r#"{"id":12,"x":1}"#, Some("12")),
            (r#"{"id":12}"#, Some("12")),
            (r#"{"id":"a\"b"}"#, None),
            (r#"{"id":""}"#, None),
            (r#"{"id":1.5}"#, None),
            (r#"{"id": 1}"#, None),
            (r#"{"x":1,"id":2}"#, None),
        ] {
            assert_eq!(leading_id(row.as_bytes()), id, "{row}");
        }
    }

    const ROW: &str =
        r#"{"id":"r1","name":"x\n","count":"7","other":true,"order_total":12.50,"zzz":[{"name":"y"}],"n":null}"#;

    /// Whatever it is: a row that is read has an id, and its columns are parts of it.
    fn check_any(row: &str) {
        let batch = format!("  {row}");
        let Ok((id, cells)) = parse(&batch, 2..batch.len(), &FIELDS, &mut Layout::default()) else { return };
        assert!(!id.is_empty());
        assert!(leading_id(row.as_bytes()).is_none_or(|leading| leading == id), "{row}");
        for cell in cells {
            if let Cell::Slice(range) = cell {
                assert!(batch.get(range.clone()).is_some() && range.start >= 2, "{range:?} of {row}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_row_is_read_or_refused(
            altered in mutated_json(&[ROW]),
            damaged in mutated_bytes(&[ROW], JSON_SNIPPETS),
        ) {
            check_any(&altered.to_string());
            check_any(&String::from_utf8_lossy(&damaged));
        }
    }
}
