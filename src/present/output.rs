//! What a command answers with.

use serde::Serialize;
use serde_json::value::RawValue;

use super::schema::DocumentSchema;
use super::style::Style;
use super::table::{Severity, Table};
use super::text::Text;

/// A JSON value as text, its keys in the order they were declared.
#[derive(Clone, Debug)]
pub struct Json(Box<RawValue>);

impl Json {
    pub fn of(value: &impl Serialize) -> Self {
        // Only a map with keys that are no text could fail, and no document has one.
        Self(serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The object with one more key at its end.
    #[must_use]
    pub fn with(&self, key: &str, value: &Self) -> Self {
        let fields = self.as_str().strip_suffix('}').unwrap_or("{");
        let comma = if fields.ends_with('{') { "" } else { "," };
        Self::parse(format!("{fields}{comma}\"{key}\":{}}}", value.as_str()))
    }

    /// The object as a whole document: the schema's name, then its own keys.
    #[must_use]
    pub fn into_document(self, schema: &DocumentSchema) -> Self {
        let fields = self.as_str().strip_prefix('{').unwrap_or("}");
        let comma = if fields.starts_with('}') { "" } else { "," };
        Self::parse(format!("{{\"schema\":\"{}\"{comma}{fields}", schema.name()))
    }

    fn parse(text: String) -> Self {
        Self(RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

impl Serialize for Json {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A piece of what a person reads.
#[derive(Clone, Debug)]
pub enum Block {
    Table(Table),
    /// Names and values, one a line, the values aligned.
    Pairs(Vec<(String, String)>),
    /// One line; its text is already safe for a terminal.
    Line(String),
    /// One line of a kind that has a name: `warning: …`.
    Notice {
        label: Text,
        severity: Severity,
        message: String,
    },
    /// The title of what follows.
    Heading(String),
    /// An empty line.
    Gap,
}

/// Something a command answers with.
pub trait Output {
    /// The published schema of its document.
    fn schema(&self) -> &DocumentSchema;

    /// Whether it reports what was done rather than what was requested: `-q` then silences it, the exit code says enough.
    fn is_quiet_on_success(&self) -> bool {
        false
    }

    /// For a person.
    fn blocks(&self, style: &Style) -> Vec<Block>;

    /// For a program: an object without its `schema`, which [`document`] adds.
    fn json(&self, style: &Style) -> Json;

    /// The rows as CSV, where it is a list.
    fn csv(&self, _style: &Style) -> Option<Vec<u8>> {
        None
    }

    /// The rows alone, where it is a list; for a document that embeds it.
    fn rows(&self, style: &Style) -> Json {
        self.json(style)
    }
}

/// The whole document: the schema's name, then the output's own keys.
pub fn document(output: &dyn Output, style: &Style) -> Json {
    output.json(style).into_document(output.schema())
}
