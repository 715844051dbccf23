//! How stored tasks change: counts, state, name and match, before and after.

use super::matching::Match;
use super::row::Task;
use crate::store::{Error, Row, Writer};
use crate::upstreams::mirror::WriteMeta;
use crate::upstreams::row_changes::tables::{ChangedRow, save_updates};

/// The fields whose changes are kept, in the order of [`values_of`].
const FIELDS: [&str; 6] = ["name", "state", "total_number", "called_number", "connected_number", "success_number"];

/// Keeps how the task changes, unless this run has found it: then all of it is new.
pub fn save_task_updates(w: &Writer<'_>, task: &Task, meta: &WriteMeta) -> Result<(), Error> {
    const SQL: &str = "
        SELECT name, state, total_number, called_number, connected_number, success_number
        FROM tasks
        WHERE id = ?1
            AND (last_seen_record <> ?2 OR first_seen_at <> last_changed_at)";
    let Some(before) = w.first(SQL, &[(&task.id).into(), meta.record.into()], stored_values)? else { return Ok(()) };
    let fields = FIELDS.into_iter().zip(before.into_iter().zip(values_of(task)));
    let fields: Vec<_> = fields.map(|(field, (before, after))| (field, before, after)).collect();
    save_updates(w, &changed(&task.id, meta), &fields)
}

/// Keeps how a stored task is matched anew.
pub fn save_match_update(
    w: &Writer<'_>,
    task_id: &str,
    before: &Match,
    after: &Match,
    meta: &WriteMeta,
) -> Result<(), Error> {
    let state = |matched: &Match| Some(<&str>::from(matched.state()).to_owned());
    let code = |matched: &Match| matched.code().map(str::to_owned);
    let fields = [("match", state(before), state(after)), ("package_code", code(before), code(after))];
    save_updates(w, &changed(task_id, meta), &fields)
}

fn changed<'a>(id: &'a str, meta: &'a WriteMeta) -> ChangedRow<'a> {
    ChangedRow { subject: "tasks", account: "".into(), id: id.into(), record: meta.record, at: &meta.at }
}

fn stored_values(row: &Row<'_>) -> Result<[Option<String>; 6], Error> {
    let number = |column| row.opt_int(column).map(|number| number.map(|number| number.to_string()));
    Ok([Some(row.text(0)?.to_owned()), number(1)?, number(2)?, number(3)?, number(4)?, number(5)?])
}

fn values_of(task: &Task) -> [Option<String>; 6] {
    let number = |number: Option<i64>| number.map(|number| number.to_string());
    [
        Some(task.name.clone()),
        number(task.state),
        number(task.total_number),
        number(task.called_number),
        number(task.connected_number),
        number(task.success_number),
    ]
}
