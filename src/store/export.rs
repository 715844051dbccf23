//! The rows of a table or a view as they are, for those who take them elsewhere.

use super::error::Error;
use super::records::types::RecordId;
use super::statement::{Reader, Row};
use super::value::Value;

/// Which rows and columns.
#[derive(Debug)]
pub struct Selection<'a> {
    /// A table or a view. Its name becomes part of the statement: it must be a known one.
    pub table: &'a str,
    /// Names of its columns.
    pub columns: &'a [String],
    /// Only rows of these accounts; of all where there are none.
    pub accounts: &'a [String],
    /// Only rows with this record or a later one in this column.
    pub since: Option<(&'a str, RecordId)>,
}

/// The names of all columns of a table or a view, in their order.
pub fn load_columns(r: &Reader<'_>, table: &str) -> Result<Vec<String>, Error> {
    r.columns(&format!("SELECT * FROM {table}"))
}

/// Whether a table or a view with the column `account` has any row of that one.
pub fn has_account(r: &Reader<'_>, table: &str, account: &str) -> Result<bool, Error> {
    let sql = format!("SELECT 1 FROM {table} WHERE account = ?1 LIMIT 1");
    Ok(r.first(&sql, &[account.into()], |_| Ok(()))?.is_some())
}

/// Calls `f` for each row that is selected, without collecting them.
pub fn for_each_row<E: From<Error>>(
    r: &Reader<'_>,
    selection: &Selection<'_>,
    f: impl FnMut(&Row<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let Selection { table, columns, accounts, since } = selection;
    let mut values: Vec<Value<'_>> = accounts.iter().map(Value::from).collect();
    let mut conditions = Vec::new();
    if !accounts.is_empty() {
        let parameters: Vec<String> = (1..=accounts.len()).map(|number| format!("?{number}")).collect();
        // Not by an index: reading the table in its own order is faster than looking up a large share of its rows.
        conditions.push(format!("COALESCE(account, '') IN ({})", parameters.join(", ")));
    }
    if let Some((column, record)) = since {
        values.push(record.0.into());
        conditions.push(format!("{column} >= ?{}", values.len()));
    }
    let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let columns = columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    r.for_each(&format!("SELECT {columns} FROM {table}{filter}"), &values, f)
}
