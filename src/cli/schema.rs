//! JSON Schemas of the documents that `--json` prints.

use std::collections::BTreeSet;

use super::{
    backup, config, database, doctor, export, failure, locks, records, report, restore, setup, status, sync, version,
};
use crate::config::Setting;
use crate::present::{DocumentSchema, ListingSpec, page, schema};
use crate::store::Holder;
use crate::store::records::Record;
use crate::upstreams::RowChange;
use crate::upstreams::command::CommandSpec;
use crate::{run, upstreams};

/// The documents that belong to no upstream.
const CORE: &[DocumentSchema] = &[
    sync::output::SCHEMA,
    sync::output::ALL_SCHEMA,
    failure::SCHEMA,
    Record::SCHEMA,
    records::details::SCHEMA,
    records::output::READ_SCHEMA,
    records::output::PRUNED_SCHEMA,
    records::stats::Stats::SCHEMA,
    records::stats::ClassStats::SCHEMA,
    Holder::SCHEMA,
    locks::output::CLEANED_SCHEMA,
    locks::output::BROKEN_SCHEMA,
    status::output::SyncRow::SCHEMA,
    page::SCHEMA,
    report::WRITTEN_SCHEMA,
    Setting::SCHEMA,
    config::output::CREATED_SCHEMA,
    config::output::PATHS_SCHEMA,
    config::output::CHECKED_SCHEMA,
    config::output::TESTED_SCHEMA,
    run::NOTIFICATION_SCHEMA,
    RowChange::SCHEMA,
    export::SCHEMA,
    export::ExportRow::SCHEMA,
    backup::SCHEMA,
    restore::SCHEMA,
    database::SCHEMA,
    doctor::output::SCHEMA,
    version::SCHEMA,
    setup::output::SCHEMA,
];

/// The documents of a command that belongs to no upstream.
pub fn of_command(words: &str) -> Vec<DocumentSchema> {
    CORE.iter().copied().filter(|document| document.about() == words).collect()
}

/// Every schema, for `generate schema`.
pub fn render_all() -> String {
    let own = upstreams::commands().flat_map(CommandSpec::outputs);
    let mut documents: Vec<_> = CORE.iter().copied().chain(own).collect();
    // Several commands may print the same document.
    let mut names = BTreeSet::new();
    documents.retain(|document| names.insert(document.name()));
    format!("{:#}\n", schema::generate(&documents))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::render_all;

    /// A name that one document gave a thing, and the name that all have for it.
    const AGREED: [(&str, &str); 11] = [
        ("requests", "request_count"),
        ("retries", "retry_count"),
        ("error_details", "problems"),
        ("record", "record_id"),
        ("overtaken", "superseded"),
        ("completed_tasks", "delivered"),
        ("failed_tasks", "dead"),
        ("retry_tasks", "retrying"),
        ("oldest_age", "oldest_age_s"),
        ("ended_at", "end_time"),
        ("succeeded", "success_count"),
    ];

    /// Every object in the schema.
    fn visit(schema: &Value, check: &mut impl FnMut(&serde_json::Map<String, Value>)) {
        if let Some(properties) = schema["properties"].as_object() {
            check(properties);
        }
        match schema {
            Value::Object(parts) => parts.values().for_each(|part| visit(part, check)),
            Value::Array(parts) => parts.iter().for_each(|part| visit(part, check)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn documents_agree_on_the_name_of_a_thing() {
        let schemas: Value = serde_json::from_str(&render_all()).unwrap();
        let mut seen = 0;
        visit(&schemas, &mut |properties| {
            for (own, agreed) in AGREED {
                // An object of that name is another thing.
                let is_value = properties
                    .get(own)
                    .is_some_and(|value| value.get("$ref").is_none() && value.get("properties").is_none());
                if is_value {
                    seen += 1;
                    assert!(properties.contains_key(agreed), "`{own}` without `{agreed}` in {properties:#?}");
                }
            }
        });
        assert!(seen > 10, "{seen}");
    }
}
