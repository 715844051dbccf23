//! Whether a database file is sound.

use super::Reader;
use crate::store::Error;

/// So many faults tell enough.
const MAX_FAULTS: usize = 3;

/// What a look over the whole file found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The number of the file's format, in its header.
    pub format: i32,
    /// `wal` where it is as it should be.
    pub journal_mode: String,
    /// What is damaged; nothing where the file is sound.
    pub faults: Vec<String>,
}

/// Reads every page; content is not compared with its indexes, which would take far longer.
pub(in crate::store) fn examine(r: &Reader<'_>) -> Result<Health, Error> {
    let journal_mode = r.first("PRAGMA journal_mode", &[], |row| Ok(row.text(0)?.to_owned()))?;
    let mut faults = r.rows(&format!("PRAGMA quick_check({MAX_FAULTS})"), &[], |row| Ok(row.text(0)?.to_owned()))?;
    faults.retain(|fault| fault != "ok");
    Ok(Health { format: r.pragma("user_version")?, journal_mode: journal_mode.unwrap_or_default(), faults })
}
