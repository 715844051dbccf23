//! JSON Schemas of the documents that `--json` prints.

/// The schemas, one JSON object of them by name.
const SCHEMAS: &str = include_str!("schemas.json");

/// Every schema, for `generate schema`.
pub fn render_all() -> String {
    SCHEMAS.to_owned()
}
