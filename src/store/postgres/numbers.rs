//! The numbers that the server gives their rows.

use crate::store::error::Error;
use crate::store::statement::{Reader, Writer};

/// The last number that each table has given out.
pub(in crate::store) fn load_numbers(r: &Reader<'_>) -> Result<Vec<(String, i64)>, Error> {
    let mut numbers = Vec::new();
    for (table, column) in load_identities(r)? {
        let last = r.first(
            "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(?1, ?2) AS regclass))",
            &[(&table).into(), (&column).into()],
            |row| row.opt_int(0),
        )?;
        numbers.extend(last.flatten().map(|last| (table, last)));
    }
    Ok(numbers)
}

/// Goes on after these numbers and those that are stored.
pub(in crate::store) fn save_numbers(w: &Writer<'_>, numbers: &[(String, i64)]) -> Result<(), Error> {
    for (table, column) in load_identities(w)? {
        let given = numbers.iter().find(|(known, _)| *known == table).map_or(0, |(_, number)| *number);
        let stored = w.first(&format!("SELECT MAX({column}) FROM {table}"), &[], |row| row.opt_int(0))?;
        let last = given.max(stored.flatten().unwrap_or_default());
        if last > 0 {
            w.first(
                "SELECT setval(CAST(pg_get_serial_sequence(?1, ?2) AS regclass), ?3)",
                &[(&table).into(), (&column).into(), last.into()],
                |_| Ok(()),
            )?;
        }
    }
    Ok(())
}

/// Tables whose rows the server numbers, and the column of the number.
fn load_identities(r: &Reader<'_>) -> Result<Vec<(String, String)>, Error> {
    r.rows(
        "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT)
         FROM information_schema.columns
         WHERE table_schema = current_schema()
           AND is_identity = 'YES'",
        &[],
        |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())),
    )
}
