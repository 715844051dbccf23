//! What monitoring keeps and reads: the warnings of a run, and sums.

use super::run::Change;
use super::types::RecordId;
use crate::secret::scrub;
use crate::store::error::Error;
use crate::store::handle::Store;
use crate::store::statement::{Reader, Writer};

/// A sum behind the metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterRow {
    pub name: String,
    pub sync: String,
    pub sync_type: String,
    pub label: String,
    pub value: u64,
}

impl Store {
    /// Keeps the warnings of a run with its record.
    pub fn save_warnings(&self, record: RecordId, warnings: &[String]) -> Result<(), Error> {
        if warnings.is_empty() {
            return Ok(());
        }
        let warnings: Vec<String> = warnings.iter().map(|warning| scrub(warning).into_owned()).collect();
        self.transact(move |w| {
            (0_i64..).zip(&warnings).try_for_each(|(position, warning)| {
                w.write(
                    "INSERT INTO sync_warnings (record_id, position, message)
                     VALUES (?1, ?2, ?3)
                     ON CONFLICT (record_id, position) DO UPDATE
                     SET message = excluded.message",
                    &[record.0.into(), position.into(), warning.into()],
                )
            })
        })
    }
}

/// Changes sums of a sync type, each by its name and label.
pub(super) fn save_counters(
    w: &Writer<'_>,
    (sync, sync_type): (&str, &str),
    changes: &[(&'static str, &'static str, Change)],
) -> Result<(), Error> {
    changes.iter().try_for_each(|(name, label, change)| {
        let (value, formula) = match change {
            Change::Add(value) => (*value, "sync_counters.value + excluded.value"),
            Change::Set(value) => (*value, "excluded.value"),
        };
        w.write(
            &format!(
                "INSERT INTO sync_counters (name, sync, sync_type, label, value)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (name, sync, sync_type, label) DO UPDATE
                 SET value = {formula}"
            ),
            &[(*name).into(), sync.into(), sync_type.into(), (*label).into(), value.into()],
        )
    })
}

/// Every sum, in a fixed order.
pub fn load_counters(r: &Reader<'_>) -> Result<Vec<CounterRow>, Error> {
    if !r.has_table("sync_counters")? {
        return Ok(Vec::new());
    }
    r.rows(
        "SELECT name, sync, sync_type, label, value
         FROM sync_counters
         ORDER BY name, sync, sync_type, label",
        &[],
        |row| {
            Ok(CounterRow {
                name: row.text(0)?.to_owned(),
                sync: row.text(1)?.to_owned(),
                sync_type: row.text(2)?.to_owned(),
                label: row.text(3)?.to_owned(),
                value: row.count(4)?,
            })
        },
    )
}

/// The warnings of a run, in their order.
pub fn load_warnings(r: &Reader<'_>, record: RecordId) -> Result<Vec<String>, Error> {
    if !r.has_table("sync_warnings")? {
        return Ok(Vec::new());
    }
    r.rows(
        "SELECT message
         FROM sync_warnings
         WHERE record_id = ?1
         ORDER BY position",
        &[record.0.into()],
        |row| row.text(0).map(str::to_owned),
    )
}
