//! A list: rows under declared columns, perhaps one page of several.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::json;

use super::column::{Column, RowSchema};
use super::csv;
use super::output::{Block, Json, Output};
use super::paging::Paging;
use super::schema::DocumentSchema;
use super::style::Style;
use super::table::Table;
use super::text::Text;

/// What a list of such rows is, declared once.
pub trait ListingSpec: Sized + 'static {
    /// The document's schema: `DocumentSchema::new("tongbu.films/1", "films list", listing::schema::<Self>)`.
    const SCHEMA: DocumentSchema;
    /// The key of the rows in the document.
    const KEY: &'static str;
    /// What a person reads where there is no row.
    const EMPTY: Text;
    const COLUMNS: &'static [Column<Self>];
    /// Totals below the rows: keys of the document.
    const TOTALS: &'static [&'static str] = &[];
    /// Whether the list is shown page by page.
    const IS_PAGED: bool = false;
    /// The line below the table: from page number, page count and row count where it is paged, then the totals.
    const FOOT: Option<Text> = None;
}

/// Rows, ready to be shown.
#[derive(Debug)]
pub struct Listing<R> {
    rows: Vec<R>,
    totals: Vec<u64>,
    paging: Option<Paging>,
}

impl<R: ListingSpec> Listing<R> {
    pub const fn new(rows: Vec<R>) -> Self {
        Self { rows, totals: Vec::new(), paging: None }
    }

    /// Adds the values of [`ListingSpec::TOTALS`].
    #[must_use]
    pub fn with_totals(self, totals: Vec<u64>) -> Self {
        debug_assert_eq!(totals.len(), R::TOTALS.len());
        Self { totals, ..self }
    }

    #[must_use]
    pub fn with_paging(self, paging: Paging) -> Self {
        Self { paging: Some(paging), ..self }
    }
}

/// The table of such rows, for outputs that hold more than one list.
pub fn table<R: ListingSpec>(rows: &[R], style: &Style) -> Table {
    let mut table = Table::new(R::COLUMNS.iter().filter_map(|column| column.table_column(style)).collect());
    for row in rows {
        table.push(R::COLUMNS.iter().filter_map(|column| column.table_cell(row, style)).collect());
    }
    table
}

/// The table, or the line that there is nothing to list.
pub fn blocks<R: ListingSpec>(rows: &[R], style: &Style) -> Vec<Block> {
    let block =
        if rows.is_empty() { Block::Line(style.label(R::EMPTY).to_owned()) } else { Block::Table(table(rows, style)) };
    vec![block]
}

/// The rows as JSON, for documents that embed them.
pub struct RowsJson<'a, R>(pub &'a [R], pub &'a Style);

impl<R: ListingSpec> JsonSchema for RowsJson<'_, R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        R::KEY.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<RowJson<'_, R>>::json_schema(generator)
    }
}

impl<R: ListingSpec> Serialize for RowsJson<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.0.len()))?;
        for row in self.0 {
            sequence.serialize_element(&RowJson(row, self.1))?;
        }
        sequence.end()
    }
}

/// One row as JSON.
pub struct RowJson<'a, R>(pub &'a R, pub &'a Style);

impl<R: ListingSpec> JsonSchema for RowJson<'_, R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        R::KEY.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Schema::try_from(row_schema::<R>(generator)).unwrap_or_default()
    }
}

impl<R: ListingSpec> Serialize for RowJson<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for column in R::COLUMNS {
            column.write(self.0, self.1, &mut map)?;
        }
        map.end()
    }
}

/// The rows as CSV: a column for each key that a row has as JSON.
pub fn csv<'a, R: ListingSpec>(rows: impl IntoIterator<Item = &'a R>, style: &Style) -> Vec<u8> {
    let schema = row_schema::<R>(&mut SchemaGenerator::default());
    let keys: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(|key| key.as_str()).collect();
    let mut lines = Vec::new();
    csv::push_header(&mut lines, &keys);
    for row in rows {
        let row = serde_json::to_value(RowJson(row, style)).unwrap_or_default();
        csv::push_line(&mut lines, &keys, |lines, key| csv::push_json(lines, &row[*key]));
    }
    lines
}

/// The schema of one such row.
pub fn row_schema<R: ListingSpec>(generator: &mut SchemaGenerator) -> serde_json::Value {
    let mut schema = RowSchema::default();
    for column in R::COLUMNS {
        column.describe(generator, &mut schema);
    }
    schema.finish()
}

/// The schema of the whole document.
pub fn schema<R: ListingSpec>(generator: &mut SchemaGenerator) -> Schema {
    let mut properties = serde_json::Map::new();
    properties.insert(R::KEY.to_owned(), json!({"type": "array", "items": row_schema::<R>(generator)}));
    let paging: &[&str] = if R::IS_PAGED { &["total", "page", "per_page", "pages"] } else { &[] };
    for key in R::TOTALS.iter().chain(paging) {
        properties.insert((*key).to_owned(), json!({"type": "integer", "minimum": 0}));
    }
    let required: Vec<_> = properties.keys().cloned().collect();
    let mut schema = Schema::default();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("required".to_owned(), required.into());
    schema.insert("properties".to_owned(), properties.into());
    schema
}

impl<R: ListingSpec> Output for Listing<R> {
    fn schema(&self) -> &DocumentSchema {
        const { &R::SCHEMA }
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let mut blocks = blocks(&self.rows, style);
        // Within another output a list has no page.
        let has_foot = !self.rows.is_empty() && (self.paging.is_some() || !R::IS_PAGED);
        if let Some(foot) = R::FOOT.filter(|_| has_foot) {
            let page = self.paging.map(|paging| [paging.number, paging.page_count(), paging.total]);
            let values: Vec<u64> = page.into_iter().flatten().chain(self.totals.iter().copied()).collect();
            let values: Vec<&dyn std::fmt::Display> =
                values.iter().map(|value| value as &dyn std::fmt::Display).collect();
            blocks.push(Block::Line(foot.fill(style.language, &values)));
        }
        blocks
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&DocumentJson(self, style))
    }

    fn rows(&self, style: &Style) -> Json {
        Json::of(&RowsJson(&self.rows, style))
    }

    fn csv(&self, style: &Style) -> Option<Vec<u8>> {
        Some(csv(&self.rows, style))
    }
}

struct DocumentJson<'a, R>(&'a Listing<R>, &'a Style);

impl<R: ListingSpec> Serialize for DocumentJson<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(listing, style) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(R::KEY, &RowsJson(&listing.rows, style))?;
        for (key, total) in R::TOTALS.iter().zip(&listing.totals) {
            map.serialize_entry(key, total)?;
        }
        if let Some(paging) = listing.paging {
            for (key, value) in [
                ("total", paging.total),
                ("page", paging.number),
                ("per_page", paging.per_page),
                ("pages", paging.page_count()),
            ] {
                map.serialize_entry(key, &value)?;
            }
        }
        map.end()
    }
}
