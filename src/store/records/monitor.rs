//! What monitoring keeps and reads: the warnings of a run, since when a sync fails, sums, exceeded limits.

use jiff::Timestamp;

use super::run::Change;
use super::types::{IS_FAILURE, RecordId};
use crate::clock::to_rfc3339_millis;
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
    /// Keeps that a limit of the sync is exceeded, or that it no longer is.
    pub fn save_alert(&self, sync: &str, name: &'static str, is_exceeded: IsExceeded) -> Result<(), Error> {
        let (sync, now) = (sync.to_owned(), to_rfc3339_millis(self.clock().now()));
        self.transact(move |w| {
            let done = match is_exceeded {
                IsExceeded::Yes => w.execute(
                    "INSERT INTO monitor_alerts (sync, name, since)
                     VALUES (?1, ?2, ?3)
                     ON CONFLICT (sync, name) DO NOTHING",
                    &[(&sync).into(), name.into(), (&now).into()],
                ),
                IsExceeded::No => w.execute(
                    "DELETE FROM monitor_alerts
                     WHERE sync = ?1
                       AND name = ?2",
                    &[(&sync).into(), name.into()],
                ),
            };
            done.map(drop)
        })
    }

    /// Keeps the warnings of a run with its record.
    pub fn save_warnings(&self, record: RecordId, warnings: &[String]) -> Result<(), Error> {
        if warnings.is_empty() {
            return Ok(());
        }
        let warnings: Vec<String> = warnings.iter().map(|warning| scrub(warning).into_owned()).collect();
        self.transact(move |w| {
            (0_i64..).zip(&warnings).try_for_each(|(position, warning)| {
                w.execute(
                    "INSERT INTO sync_warnings (record_id, position, message)
                     VALUES (?1, ?2, ?3)
                     ON CONFLICT (record_id, position) DO UPDATE
                     SET message = excluded.message",
                    &[record.0.into(), position.into(), warning.into()],
                )
                .map(drop)
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
        w.execute(
            &format!(
                "INSERT INTO sync_counters (name, sync, sync_type, label, value)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (name, sync, sync_type, label) DO UPDATE
                 SET value = {formula}"
            ),
            &[(*name).into(), sync.into(), sync_type.into(), (*label).into(), value.into()],
        )
        .map(drop)
    })
}

/// Whether a limit is exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsExceeded {
    Yes,
    No,
}

/// Whether that limit of the sync was exceeded when it was last looked at.
pub fn load_alert(r: &Reader<'_>, sync: &str, name: &str) -> Result<IsExceeded, Error> {
    let found = r.first(
        "SELECT 1
         FROM monitor_alerts
         WHERE sync = ?1
           AND name = ?2",
        &[sync.into(), name.into()],
        |_| Ok(()),
    )?;
    Ok(if found.is_some() { IsExceeded::Yes } else { IsExceeded::No })
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

/// When the first of the failed runs since the last success began.
pub fn load_failing_since(r: &Reader<'_>, sync: &str, sync_type: &str) -> Result<Option<Timestamp>, Error> {
    let since = r.first(
        &format!(
            "SELECT MIN(start_time)
             FROM sync_records
             WHERE sync = ?1
               AND sync_type = ?2
               AND {IS_FAILURE}
               AND end_seq > COALESCE((SELECT MAX(end_seq)
                                       FROM sync_records
                                       WHERE sync = ?1
                                         AND sync_type = ?2
                                         AND status = 'success'), 0)"
        ),
        &[sync.into(), sync_type.into()],
        |row| row.opt_instant(0),
    )?;
    Ok(since.flatten())
}
