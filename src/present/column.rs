//! One declaration of a column: its table cell, its JSON value, its schema.

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::ser::SerializeMap;
use serde_json::{Value, json};

use super::output::Json;
use super::style::{Style, sanitize};
use super::table::{Alignment, Cell, Severity, TableColumn};
use super::text::Text;
use crate::language::Language;

/// A value of a fixed set: its name for programs, its label and severity for people.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    pub name: &'static str,
    pub label: Text,
    pub severity: Severity,
}

impl Word {
    pub const fn new(name: &'static str, label: Text, severity: Severity) -> Self {
        Self { name, label, severity }
    }

    /// Its label, coloured by its severity.
    pub fn cell(self, style: &Style) -> Cell {
        Cell::with_severity(style.label(self.label), self.severity)
    }
}

/// How a column reads its value from a row; the variant decides the JSON type and whether it may be null.
enum Field<R: 'static> {
    Text(fn(&R) -> &str),
    OptionalText(fn(&R) -> Option<&str>),
    Integer(fn(&R) -> i64),
    OptionalInteger(fn(&R) -> Option<i64>),
    Count(fn(&R) -> u64),
    OptionalCount(fn(&R) -> Option<u64>),
    OptionalNumber(fn(&R) -> Option<f64>),
    Time(fn(&R) -> Timestamp),
    OptionalTime(fn(&R) -> Option<Timestamp>),
    /// Also writes `<key>_label`, the label in the person's language.
    Word(fn(&R) -> Word),
    OptionalWord(fn(&R) -> Option<Word>),
    /// Any text, and its label under `<key>_label`.
    Labelled(fn(&R) -> &str, fn(&str, Language) -> &str),
    /// Any other JSON, with its schema. No cell unless one is given.
    Nested(fn(&R) -> Value, fn(&mut SchemaGenerator) -> Schema),
    /// The same where it depends on the style: on the zone of times, on the present.
    Styled(fn(&R, &Style) -> Json, fn(&mut SchemaGenerator) -> Schema),
    /// A cell without a key in the document.
    CellOnly,
}

/// One column of a list.
pub struct Column<R: 'static> {
    key: &'static str,
    /// Without one it appears in the document only.
    title: Option<Text>,
    field: Field<R>,
    cell: Option<fn(&R, &Style) -> Cell>,
    is_right_aligned: bool,
    is_hidden_when_blank: bool,
    drop_order: u8,
}

impl<R> Column<R> {
    const fn new(key: &'static str, field: Field<R>) -> Self {
        Self {
            key,
            title: None,
            field,
            cell: None,
            is_right_aligned: false,
            is_hidden_when_blank: false,
            drop_order: 0,
        }
    }

    pub const fn text(key: &'static str, value: fn(&R) -> &str) -> Self {
        Self::new(key, Field::Text(value))
    }

    pub const fn optional_text(key: &'static str, value: fn(&R) -> Option<&str>) -> Self {
        Self::new(key, Field::OptionalText(value))
    }

    pub const fn integer(key: &'static str, value: fn(&R) -> i64) -> Self {
        Self::new(key, Field::Integer(value))
    }

    pub const fn optional_integer(key: &'static str, value: fn(&R) -> Option<i64>) -> Self {
        Self::new(key, Field::OptionalInteger(value))
    }

    pub const fn count(key: &'static str, value: fn(&R) -> u64) -> Self {
        Self::new(key, Field::Count(value))
    }

    pub const fn optional_count(key: &'static str, value: fn(&R) -> Option<u64>) -> Self {
        Self::new(key, Field::OptionalCount(value))
    }

    pub const fn optional_number(key: &'static str, value: fn(&R) -> Option<f64>) -> Self {
        Self::new(key, Field::OptionalNumber(value))
    }

    pub const fn time(key: &'static str, value: fn(&R) -> Timestamp) -> Self {
        Self::new(key, Field::Time(value))
    }

    pub const fn optional_time(key: &'static str, value: fn(&R) -> Option<Timestamp>) -> Self {
        Self::new(key, Field::OptionalTime(value))
    }

    /// A value of a fixed set, under `key`, and its label under `<key>_label`.
    pub const fn word(key: &'static str, value: fn(&R) -> Word) -> Self {
        Self::new(key, Field::Word(value))
    }

    pub const fn optional_word(key: &'static str, value: fn(&R) -> Option<Word>) -> Self {
        Self::new(key, Field::OptionalWord(value))
    }

    /// A text under `key`, and what `label` makes of it under `<key>_label`.
    pub const fn labelled(key: &'static str, value: fn(&R) -> &str, label: fn(&str, Language) -> &str) -> Self {
        Self::new(key, Field::Labelled(value, label))
    }

    /// JSON of type `T`.
    pub const fn nested<T: JsonSchema>(key: &'static str, value: fn(&R) -> Value) -> Self {
        Self::new(key, Field::Nested(value, SchemaGenerator::subschema_for::<T>))
    }

    /// JSON of type `T` that depends on the style.
    pub const fn styled<T: JsonSchema>(key: &'static str, value: fn(&R, &Style) -> Json) -> Self {
        Self::new(key, Field::Styled(value, SchemaGenerator::subschema_for::<T>))
    }

    /// A column of the table only.
    pub const fn cell_only(title: Text, cell: fn(&R, &Style) -> Cell) -> Self {
        let mut column = Self::new("", Field::CellOnly);
        column.title = Some(title);
        column.cell = Some(cell);
        column
    }

    /// Shows it in the table, too, under this title.
    #[must_use]
    pub const fn titled(mut self, title: Text) -> Self {
        self.title = Some(title);
        self
    }

    /// Draws this cell instead of the value itself.
    #[must_use]
    pub const fn drawn(mut self, cell: fn(&R, &Style) -> Cell) -> Self {
        self.cell = Some(cell);
        self
    }

    /// Aligns it like a number.
    #[must_use]
    pub const fn right_aligned(mut self) -> Self {
        self.is_right_aligned = true;
        self
    }

    /// Leaves it out of the table where every row is empty or zero in it.
    #[must_use]
    pub const fn hidden_when_blank(mut self) -> Self {
        self.is_hidden_when_blank = true;
        self
    }

    /// Leaves it out of the table where space is short, before those with a lower `order`.
    #[must_use]
    pub const fn droppable(mut self, order: u8) -> Self {
        self.drop_order = order;
        self
    }

    pub(super) fn table_column(&self, style: &Style) -> Option<TableColumn> {
        let is_number = matches!(
            self.field,
            Field::Integer(_)
                | Field::OptionalInteger(_)
                | Field::Count(_)
                | Field::OptionalCount(_)
                | Field::OptionalNumber(_)
        );
        let title = self.title.map(|title| style.label(title)).or(style.is_wide.then_some(self.key))?;
        Some(TableColumn {
            title: title.to_owned(),
            alignment: if is_number || self.is_right_aligned { Alignment::Right } else { Alignment::Left },
            is_hidden_when_blank: self.is_hidden_when_blank && !style.is_wide,
            drop_order: self.drop_order,
        })
    }

    pub(super) fn table_cell(&self, row: &R, style: &Style) -> Option<Cell> {
        if self.title.is_none() && !style.is_wide {
            return None;
        }
        if let Some(cell) = self.cell {
            return Some(cell(row, style));
        }
        Some(match &self.field {
            Field::Text(value) => sanitize(value(row)).into(),
            Field::OptionalText(value) => value(row).map(sanitize).unwrap_or_default().into(),
            Field::Integer(value) => value(row).to_string().into(),
            Field::OptionalInteger(value) => optional(value(row)),
            Field::Count(value) => value(row).to_string().into(),
            Field::OptionalCount(value) => optional(value(row)),
            Field::OptionalNumber(value) => optional(value(row)),
            Field::Time(value) => style.local(value(row)).into(),
            Field::OptionalTime(value) => value(row).map(|at| style.local(at)).unwrap_or_default().into(),
            Field::Word(value) => value(row).cell(style),
            Field::OptionalWord(value) => value(row).map_or_else(|| Cell::from(""), |word| word.cell(style)),
            Field::Labelled(value, label) => sanitize(label(value(row), style.language)).into(),
            Field::Nested(value, _) => sanitize(&value(row).to_string()).into(),
            Field::Styled(value, _) => sanitize(value(row, style).as_str()).into(),
            Field::CellOnly => Cell::from(""),
        })
    }

    pub(super) fn write<M: SerializeMap>(&self, row: &R, style: &Style, map: &mut M) -> Result<(), M::Error> {
        match &self.field {
            Field::Text(value) => map.serialize_entry(self.key, value(row)),
            Field::OptionalText(value) => map.serialize_entry(self.key, &value(row)),
            Field::Integer(value) => map.serialize_entry(self.key, &value(row)),
            Field::OptionalInteger(value) => map.serialize_entry(self.key, &value(row)),
            Field::Count(value) => map.serialize_entry(self.key, &value(row)),
            Field::OptionalCount(value) => map.serialize_entry(self.key, &value(row)),
            Field::OptionalNumber(value) => map.serialize_entry(self.key, &value(row)),
            Field::Time(value) => map.serialize_entry(self.key, &style.rfc3339(value(row))),
            Field::OptionalTime(value) => map.serialize_entry(self.key, &value(row).map(|at| style.rfc3339(at))),
            Field::Word(value) => {
                let word = value(row);
                map.serialize_entry(self.key, word.name)?;
                map.serialize_entry(&label_key(self.key), style.label(word.label))
            }
            Field::OptionalWord(value) => {
                let word = value(row);
                map.serialize_entry(self.key, &word.map(|word| word.name))?;
                map.serialize_entry(&label_key(self.key), &word.map(|word| style.label(word.label)))
            }
            Field::Labelled(value, label) => {
                map.serialize_entry(self.key, value(row))?;
                map.serialize_entry(&label_key(self.key), label(value(row), style.language))
            }
            Field::Nested(value, _) => map.serialize_entry(self.key, &value(row)),
            Field::Styled(value, _) => map.serialize_entry(self.key, &value(row, style)),
            Field::CellOnly => Ok(()),
        }
    }

    /// Adds the column's keys to the schema of a row.
    pub(super) fn describe(&self, generator: &mut SchemaGenerator, row: &mut RowSchema) {
        let schema = match &self.field {
            Field::Text(_) | Field::Word(_) | Field::Labelled(..) => json!({"type": "string"}),
            Field::OptionalText(_) | Field::OptionalWord(_) => json!({"type": ["string", "null"]}),
            Field::Integer(_) => json!({"type": "integer"}),
            Field::OptionalInteger(_) => json!({"type": ["integer", "null"]}),
            Field::Count(_) => json!({"type": "integer", "minimum": 0}),
            Field::OptionalCount(_) => json!({"type": ["integer", "null"], "minimum": 0}),
            Field::OptionalNumber(_) => json!({"type": ["number", "null"]}),
            Field::Time(_) => json!({"type": "string", "format": "date-time"}),
            Field::OptionalTime(_) => json!({"type": ["string", "null"], "format": "date-time"}),
            Field::Nested(_, schema) | Field::Styled(_, schema) => schema(generator).to_value(),
            Field::CellOnly => return,
        };
        row.add(self.key, schema);
        if matches!(self.field, Field::Word(_) | Field::Labelled(..)) {
            row.add(&label_key(self.key), json!({"type": "string"}));
        } else if matches!(self.field, Field::OptionalWord(_)) {
            row.add(&label_key(self.key), json!({"type": ["string", "null"]}));
        }
    }
}

/// The schema of a row while its columns are added.
#[derive(Default)]
pub(super) struct RowSchema {
    properties: serde_json::Map<String, Value>,
    required: Vec<Value>,
}

impl RowSchema {
    fn add(&mut self, key: &str, schema: Value) {
        self.properties.insert(key.to_owned(), schema);
        self.required.push(key.into());
    }

    pub(super) fn finish(self) -> Value {
        json!({"type": "object", "required": self.required, "properties": self.properties})
    }
}

fn label_key(key: &str) -> String {
    format!("{key}_label")
}

fn optional(value: Option<impl ToString>) -> Cell {
    value.map(|value| value.to_string()).unwrap_or_default().into()
}
