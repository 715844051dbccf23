//! JSON Schemas of the documents that `--json` prints.

use std::collections::BTreeSet;

use super::{backup, config, doctor, failure, locks, records, restore, status, sync};
use crate::config::Setting;
use crate::present::{DocumentSchema, ListingSpec, schema};
use crate::store::Holder;
use crate::store::records::Record;
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
    Holder::SCHEMA,
    locks::output::CLEANED_SCHEMA,
    locks::output::BROKEN_SCHEMA,
    status::output::SyncRow::SCHEMA,
    Setting::SCHEMA,
    config::output::CREATED_SCHEMA,
    config::output::PATHS_SCHEMA,
    config::output::CHECKED_SCHEMA,
    config::output::TESTED_SCHEMA,
    run::NOTIFICATION_SCHEMA,
    backup::SCHEMA,
    restore::SCHEMA,
    doctor::output::SCHEMA,
];

/// Every schema, for `generate schema`.
pub fn render_all() -> String {
    let own = upstreams::commands().flat_map(CommandSpec::outputs);
    let mut documents: Vec<_> = CORE.iter().copied().chain(own).collect();
    // Several commands may print the same document.
    let mut names = BTreeSet::new();
    documents.retain(|document| names.insert(document.name()));
    format!("{:#}\n", schema::generate(&documents))
}
