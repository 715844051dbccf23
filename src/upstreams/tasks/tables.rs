//! Every statement on `tasks`, `task_matches` and `lead_packages`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;

use super::grammar::TaskName;
use super::matching::{Match, State};
use super::packages::{Import, ImportPlan, Package, StoredPackage, plan_import};
use super::plan::StoredTask;
use super::row::Task;
use crate::clock::to_rfc3339_millis;
use crate::store::{Error, Migration, Reader, Row, Value, Writer};
use crate::upstreams::metric::{Metric, number};
use crate::upstreams::mirror::{HashColumn, Replace, RowValues, Table, TableSpec, WriteMeta};
use crate::upstreams::{self, digest};

pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_create", sql: include_str!("migrations/0001_create.sql") },
    Migration { name: "0002_manual_matches", sql: include_str!("migrations/0002_manual_matches.sql") },
];

static TASKS: LazyLock<Table> = LazyLock::new(|| {
    let columns = vec![
        "name",
        "prefix",
        "level",
        "seat_group",
        "line",
        "called_on",
        "state",
        "total_number",
        "called_number",
        "connected_number",
        "success_number",
        "created_at",
        "started_at",
        "ended_at",
    ];
    Table::new(TableSpec { name: "tasks", key: &["id"], number: None, columns, hash: HashColumn::Blob })
});

static PACKAGES: LazyLock<Table> = LazyLock::new(|| {
    let columns = vec!["name", "source", "region", "grade", "valid_leads", "cost_per_lead"];
    Table::new(TableSpec { name: "lead_packages", key: &["code"], number: None, columns, hash: HashColumn::Blob })
});

/// What [`listed_task`] reads.
const LISTED_COLUMNS: &str = "t.id, t.name, t.prefix, t.state, t.total_number, t.called_number, t.connected_number,
    t.success_number, t.created_at, m.how, m.package_code, m.decided_at";

const FROM_TASKS: &str = "FROM tasks AS t JOIN task_matches AS m ON m.task_id = t.id WHERE t.deleted_at IS NULL";

/// A task as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedTask {
    pub id: String,
    pub name: String,
    /// What suggestions are looked for by.
    pub prefix: String,
    pub state: Option<i64>,
    pub total_number: Option<i64>,
    pub called_number: Option<i64>,
    pub connected_number: Option<i64>,
    pub success_number: Option<i64>,
    pub created_at: Option<Timestamp>,
    pub matched: Match,
    /// When the match was decided.
    pub decided_at: Timestamp,
}

/// What is stored of these tasks.
pub fn load_stored_tasks<'t>(
    r: &Reader<'_>,
    ids: impl IntoIterator<Item = &'t str>,
) -> Result<BTreeMap<String, StoredTask>, Error> {
    const SQL: &str = "
        SELECT t.content_hash, m.how, m.package_code
        FROM tasks AS t
        LEFT JOIN task_matches AS m ON m.task_id = t.id
        WHERE t.id = ?1";
    let ids: Vec<&str> = ids.into_iter().collect();
    let keys: Vec<_> = ids.iter().map(|id| vec![Value::from(*id)]).collect();
    let mut tasks = BTreeMap::new();
    r.for_each_of(SQL, &keys, |place, row| {
        let task = StoredTask { digest: digest::from_stored(row.blob(0)?), matched: stored_match(row, 1)? };
        tasks.insert(ids[place].to_owned(), task);
        Ok::<_, Error>(())
    })?;
    Ok(tasks)
}

/// Inserts or replaces a task.
pub fn save_task(w: &Writer<'_>, task: &Task, meta: &WriteMeta) -> Result<(), Error> {
    let name = TaskName::parse(&task.name);
    let [created_at, started_at, ended_at] =
        [task.created_at, task.started_at, task.ended_at].map(|time| time.map(to_rfc3339_millis));
    let key = [(&task.id).into()];
    let row = RowValues { key: &key, number: None, content_hash: task.digest, raw: Some(&task.raw) };
    let columns = [
        (&task.name).into(),
        name.prefix.into(),
        name.level.into(),
        name.seat_group.into(),
        name.line.into(),
        name.called_on.into(),
        task.state.into(),
        task.total_number.into(),
        task.called_number.into(),
        task.connected_number.into(),
        task.success_number.into(),
        created_at.as_ref().into(),
        started_at.as_ref().into(),
        ended_at.as_ref().into(),
    ];
    TASKS.save(w, &row, columns, Replace::Anything, meta).map(drop)
}

/// Inserts or replaces a task's match.
pub fn save_match(w: &Writer<'_>, task_id: &str, matched: &Match, meta: &WriteMeta) -> Result<(), Error> {
    const SQL: &str = "
        INSERT INTO task_matches (task_id, state, how, package_code, decided_at, record_id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (task_id) DO UPDATE SET
            state = excluded.state,
            how = excluded.how,
            package_code = excluded.package_code,
            decided_at = excluded.decided_at,
            record_id = excluded.record_id";
    w.write(
        SQL,
        &[
            task_id.into(),
            matched.state().into_str().into(),
            matched.how().into(),
            matched.code().into(),
            (&meta.at).into(),
            meta.record.into(),
        ],
    )?;
    Ok(())
}

/// The id and name of every pending task.
pub fn load_pending(r: &Reader<'_>) -> Result<Vec<(String, String)>, Error> {
    const SQL: &str = "
        SELECT t.id, t.name
        FROM task_matches AS m
        JOIN tasks AS t ON t.id = m.task_id
        WHERE m.state = 'pending' AND t.deleted_at IS NULL
        ORDER BY t.id";
    r.rows(SQL, &[], |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())))
}

/// One page (from 1) of the tasks of a state, or of all, the newest first.
pub fn load_task_page(
    r: &Reader<'_>,
    state: Option<State>,
    number: u64,
    per_page: u64,
) -> Result<Vec<ListedTask>, Error> {
    let sql = format!(
        "SELECT {LISTED_COLUMNS}
        {FROM_TASKS} AND (m.state = ?1 OR ?1 IS NULL)
        ORDER BY t.created_at DESC NULLS LAST, t.id
        LIMIT ?2 OFFSET ?3"
    );
    r.rows(&sql, &[state.map(<&str>::from).into(), per_page.into(), offset(number, per_page).into()], listed_task)
}

/// One page (from 1) of the pending tasks, each with how many share its prefix: the largest group first.
pub fn load_pending_page(r: &Reader<'_>, number: u64, per_page: u64) -> Result<Vec<(ListedTask, u64)>, Error> {
    let sql = format!(
        "SELECT {LISTED_COLUMNS}, COUNT(*) OVER (PARTITION BY t.prefix) AS group_size
        {FROM_TASKS} AND m.state = 'pending'
        ORDER BY group_size DESC, t.prefix, t.created_at DESC NULLS LAST, t.id
        LIMIT ?1 OFFSET ?2"
    );
    r.rows(&sql, &[per_page.into(), offset(number, per_page).into()], |row| Ok((listed_task(row)?, row.count(12)?)))
}

/// How many tasks of a state, or of all, there are.
pub fn count_tasks(r: &Reader<'_>, state: Option<State>) -> Result<u64, Error> {
    let sql = format!("SELECT COUNT(*) {FROM_TASKS} AND (m.state = ?1 OR ?1 IS NULL)");
    Ok(r.first(&sql, &[state.map(<&str>::from).into()], |row| row.count(0))?.unwrap_or_default())
}

/// How many tasks there are by how they are matched, for the metrics.
pub fn metrics(r: &Reader<'_>) -> Result<Vec<Metric>, upstreams::Error> {
    let metric = |state: State| {
        let count = number(count_tasks(r, Some(state))?);
        Ok(Metric::new("matches", "Tasks by how they are matched to packages", "state", state.into(), count))
    };
    [State::Matched, State::Pending, State::Idle].into_iter().map(metric).collect()
}

/// One task.
pub fn load_listed_task(r: &Reader<'_>, id: &str) -> Result<Option<ListedTask>, Error> {
    r.first(&format!("SELECT {LISTED_COLUMNS} {FROM_TASKS} AND t.id = ?1"), &[id.into()], listed_task)
}

/// The codes of all packages there are, in order.
pub fn load_package_codes(r: &Reader<'_>) -> Result<Vec<String>, Error> {
    const SQL: &str = "
        SELECT code
        FROM lead_packages
        WHERE deleted_at IS NULL
        ORDER BY code";
    r.rows(SQL, &[], |row| Ok(row.text(0)?.to_owned()))
}

/// All packages there are, by code.
pub fn load_packages(r: &Reader<'_>) -> Result<Vec<Package>, Error> {
    const SQL: &str = "
        SELECT code, name, source, region, grade, valid_leads, cost_per_lead, raw
        FROM lead_packages
        WHERE deleted_at IS NULL
        ORDER BY code";
    r.rows(SQL, &[], package)
}

/// What is stored of these packages, removed ones included.
pub fn load_stored_packages<'c>(
    r: &Reader<'_>,
    codes: impl IntoIterator<Item = &'c str>,
) -> Result<BTreeMap<String, StoredPackage>, Error> {
    const SQL: &str = "
        SELECT code, name, source, region, grade, valid_leads, cost_per_lead, raw, deleted_at
        FROM lead_packages
        WHERE code = ?1";
    let mut packages = BTreeMap::new();
    for code in codes {
        let found = r.first(SQL, &[code.into()], |row| {
            Ok(StoredPackage { package: package(row)?, is_deleted: row.opt_text(8)?.is_some() })
        })?;
        packages.extend(found.map(|found| (code.to_owned(), found)));
    }
    Ok(packages)
}

/// Inserts a package, replaces it, or brings a removed one back.
pub fn save_package(w: &Writer<'_>, package: &Package, meta: &WriteMeta) -> Result<(), Error> {
    let key = [(&package.code).into()];
    let row = RowValues { key: &key, number: None, content_hash: package.digest(), raw: Some(&package.raw) };
    let columns = [
        package.name.as_ref().into(),
        package.source.as_ref().into(),
        package.region.as_ref().into(),
        package.grade.as_ref().into(),
        package.valid_leads.into(),
        package.cost_per_lead.into(),
    ];
    PACKAGES.save(w, &row, columns, Replace::Anything, meta).map(drop)
}

/// Compares what came with what is stored, and saves what differs.
pub fn save_import(w: &Writer<'_>, import: Import, meta: &WriteMeta) -> Result<ImportPlan, Error> {
    let codes: Vec<String> = import.packages.iter().map(|package| package.code.clone()).collect();
    let stored = load_stored_packages(w, codes.iter().map(String::as_str))?;
    let plan = plan_import(import, &stored);
    plan.saves.iter().try_for_each(|package| save_package(w, package, meta))?;
    Ok(plan)
}

/// Removes a package, its values kept; answers whether there was one.
pub fn delete_package(w: &Writer<'_>, code: &str, meta: &WriteMeta) -> Result<bool, Error> {
    PACKAGES.delete(w, &[code.into()], meta)
}

/// How many tasks a person matched to the package.
pub fn count_manual_matches(r: &Reader<'_>, code: &str) -> Result<u64, Error> {
    const SQL: &str = "
        SELECT COUNT(*)
        FROM task_matches
        WHERE package_code = ?1 AND how = 'manual'";
    Ok(r.first(SQL, &[code.into()], |row| row.count(0))?.unwrap_or_default())
}

/// How many rows are before that page.
const fn offset(number: u64, per_page: u64) -> u64 {
    number.saturating_sub(1).saturating_mul(per_page)
}

fn listed_task(row: &Row<'_>) -> Result<ListedTask, Error> {
    Ok(ListedTask {
        id: row.text(0)?.to_owned(),
        name: row.text(1)?.to_owned(),
        prefix: row.text(2)?.to_owned(),
        state: row.opt_int(3)?,
        total_number: row.opt_int(4)?,
        called_number: row.opt_int(5)?,
        connected_number: row.opt_int(6)?,
        success_number: row.opt_int(7)?,
        created_at: row.opt_instant(8)?,
        matched: stored_match(row, 9)?,
        decided_at: row.instant(11)?,
    })
}

/// The match in the columns `how` and `package_code`, of which `first` is the first.
fn stored_match(row: &Row<'_>, first: usize) -> Result<Match, Error> {
    Ok(Match::from_stored(row.opt_text(first)?, row.opt_text(first + 1)?))
}

fn package(row: &Row<'_>) -> Result<Package, Error> {
    let text = |column| row.opt_text(column).map(|text| text.map(str::to_owned));
    Ok(Package {
        code: row.text(0)?.to_owned(),
        name: text(1)?,
        source: text(2)?,
        region: text(3)?,
        grade: text(4)?,
        valid_leads: row.opt_int(5)?,
        cost_per_lead: row.opt_real(6)?,
        raw: row.text(7)?.to_owned(),
    })
}

#[cfg(test)]
#[path = "tables_tests.rs"]
mod tests;
