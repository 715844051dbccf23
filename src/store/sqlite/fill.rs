//! A new database file with the rows of another database.

use std::path::Path;

use super::copy::{Draft, check_target, finish};
use super::open::{self, Opened};
use crate::clock::Clock;
use crate::store::error::Error;
use crate::store::migrate::Component;
use crate::store::options::{Mode, TxEnd};
use crate::store::statement::Writer;

/// Makes the file `target`, which `rows` fills: checked, flushed to disk, then renamed to its name; an existing file stays.
/// Returns its size in bytes.
pub(in crate::store) fn back_up(
    target: &Path,
    components: &[Component],
    clock: &Clock,
    rows: impl FnOnce(&Writer<'_>) -> Result<(), Error>,
) -> Result<u64, Error> {
    check_target(target)?;
    let draft = Draft::beside(target)?;
    {
        let Opened { mut connection, .. } = open::open(draft.path(), Mode::ReadWrite, components, clock)?;
        connection.transact(TxEnd::Commit, rows, |_, ()| Ok(false))?;
    }
    finish(&draft, target)
}
