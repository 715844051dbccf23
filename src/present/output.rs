//! What a command answers with.

use serde::Serialize;
use serde_json::value::RawValue;

use super::schema::DocumentSchema;
use super::style::Style;
use super::table::Table;

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

    /// The rows alone, where it is a list; for a document that embeds it.
    fn rows(&self, style: &Style) -> Json {
        self.json(style)
    }
}

/// The whole document: the schema's name, then the output's own keys.
pub fn document(output: &dyn Output, style: &Style) -> Json {
    let json = output.json(style);
    let name = output.schema().name();
    // Both are objects: the name goes in front of the other keys.
    let fields = json.as_str().strip_prefix('{').unwrap_or("}");
    let comma = if fields.starts_with('}') { "" } else { "," };
    let text = format!("{{\"schema\":\"{name}\"{comma}{fields}");
    Json(RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned()))
}
