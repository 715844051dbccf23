//! The report of a pass that a command of an upstream makes, with what the command adds.

use serde::Serialize;
use serde::ser::SerializeMap;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use super::Answer;
use super::sync_report::{SyncAnswer, SyncDocument};
use super::tables::render_blocks;
use crate::present::{DocumentSchema, Style};
use crate::run::Report;
use crate::upstreams::command::Details;

/// The answer of such a command.
pub struct PassOutput<'a> {
    pub schema: &'a DocumentSchema,
    pub details: Details,
    pub report: &'a Report,
}

impl Answer for PassOutput<'_> {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        let details = render_blocks(self.details.blocks.clone(), style);
        format!("{details}\n{}", SyncAnswer(self.report).render_text(style))
    }

    fn document(&self, style: &Style) -> impl Serialize {
        PassDocument(self, SyncDocument::new(self.report, style))
    }
}

struct PassDocument<'a, 'r>(&'a PassOutput<'r>, SyncDocument<'r>);

impl Serialize for PassDocument<'_, '_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields: BTreeMap<&str, &RawValue> =
            serde_json::from_str(self.0.details.json.as_str()).map_err(serde::ser::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", self.0.schema.name())?;
        for (key, value) in fields {
            map.serialize_entry(key, value)?;
        }
        map.serialize_entry("run", &self.1)?;
        map.end()
    }
}
