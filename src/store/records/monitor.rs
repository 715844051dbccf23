//! What monitoring keeps and reads: the warnings of a run, since when a sync fails.

use jiff::Timestamp;

use super::types::{FAILURES, RecordId};
use crate::secret::scrub;
use crate::store::error::Error;
use crate::store::handle::Store;
use crate::store::sqlite::statement::Reader;

impl Store {
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

/// When the first run began that failed since the last success.
pub fn load_failing_since(r: &Reader<'_>, sync: &str, sync_type: &str) -> Result<Option<Timestamp>, Error> {
    let since = r.first(
        &format!(
            "SELECT MIN(start_time)
             FROM sync_records
             WHERE sync = ?1
               AND sync_type = ?2
               AND status IN {FAILURES}
               AND id > COALESCE((SELECT MAX(id)
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
