//! JSON Schemas of the documents that `--json` prints.

use serde_json::Value;

use crate::present::schema;
use crate::upstreams;

/// The schemas that nothing declares yet.
const SCHEMAS: &str = include_str!("schemas.json");

/// Every schema, for `generate schema`.
pub fn render_all() -> String {
    let commands = upstreams::ALL.iter().flat_map(|registration| registration.commands);
    let mut documents: Vec<_> = commands.flat_map(upstreams::command::CommandSpec::outputs).collect();
    // Sibling commands may print the same document.
    documents.dedup_by_key(|document| document.name());
    let mut all: Value = serde_json::from_str(&schema::generate(&documents)).unwrap_or_default();
    let by_hand: Value = serde_json::from_str(SCHEMAS).unwrap_or_default();
    if let (Some(one_of), Some(more)) = (all["oneOf"].as_array_mut(), by_hand["oneOf"].as_array()) {
        one_of.extend(more.iter().cloned());
    }
    if let (Some(definitions), Some(more)) = (all["$defs"].as_object_mut(), by_hand["$defs"].as_object()) {
        definitions.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    format!("{all:#}\n")
}
