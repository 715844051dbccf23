//! The numbers that the engine gives their rows.

use crate::store::error::Error;
use crate::store::statement::{Reader, Writer};

/// The last number that each table has given out.
pub(in crate::store) fn load_numbers(r: &Reader<'_>) -> Result<Vec<(String, i64)>, Error> {
    r.rows("SELECT name, seq FROM sqlite_sequence", &[], |row| Ok((row.text(0)?.to_owned(), row.int(1)?)))
}

/// Numbers go on after these: those in messages and in a log mean one run only.
pub(in crate::store) fn save_numbers(w: &Writer<'_>, numbers: &[(String, i64)]) -> Result<(), Error> {
    for (table, number) in numbers {
        w.execute(
            "UPDATE sqlite_sequence
             SET seq = ?2
             WHERE name = ?1
               AND seq < ?2",
            &[table.into(), (*number).into()],
        )?;
    }
    Ok(())
}
