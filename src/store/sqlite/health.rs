//! Whether a database file is sound.

use crate::store::error::Error;
use crate::store::statement::Reader;

/// A few errors are enough to know that the file is damaged.
const MAX_INTEGRITY_ERRORS: usize = 3;

/// What a check of the whole file found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The number of the file's format, in its header.
    pub format: i32,
    /// `wal` unless something is wrong.
    pub journal_mode: String,
    /// What is damaged; empty where the file is sound.
    pub integrity_errors: Vec<String>,
}

/// Reads every page; content is not compared with its indexes, which would take far longer.
pub(in crate::store) fn check_health(r: &Reader<'_>) -> Result<Health, Error> {
    let journal_mode = r.first("PRAGMA journal_mode", &[], |row| Ok(row.text(0)?.to_owned()))?;
    let mut integrity_errors =
        r.rows(&format!("PRAGMA quick_check({MAX_INTEGRITY_ERRORS})"), &[], |row| Ok(row.text(0)?.to_owned()))?;
    integrity_errors.retain(|error| error != "ok");
    Ok(Health { format: pragma(r, "user_version")?, journal_mode: journal_mode.unwrap_or_default(), integrity_errors })
}

/// A numeric setting kept in the file's header.
pub(super) fn pragma(r: &Reader<'_>, name: &str) -> Result<i32, Error> {
    let found = r.first(&format!("PRAGMA {name}"), &[], |row| row.int(0))?;
    Ok(found.and_then(|number| i32::try_from(number).ok()).unwrap_or_default())
}
