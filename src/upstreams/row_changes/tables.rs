//! Every statement about changes.

use jiff::Timestamp;

use super::{ALL_CHANGES, ChangeKind, ChangeSource, RowChange};
use crate::clock::to_rfc3339_millis;
use crate::store::{Error, Reader, RecordId, Row, Value, Writer};

/// At most that many old changes are deleted at the end of a run.
const PRUNE_COUNT: u64 = 10_000;

/// Which changes to list.
#[derive(Clone, Debug, Default)]
pub struct ChangeFilter {
    /// Those of these records; of all where it is `None`.
    pub records: Option<Vec<RecordId>>,
    /// Also what people changed since the newest of these records began.
    pub by_people: bool,
    pub since: Option<Timestamp>,
    pub kind: Option<ChangeKind>,
    pub id: Option<String>,
}

/// A row that a pass changes.
#[derive(Clone, Copy, Debug)]
pub struct ChangedRow<'a> {
    /// Its table.
    pub subject: &'a str,
    /// Empty where rows belong to nobody.
    pub account: Value<'a>,
    pub id: Value<'a>,
    pub record: Option<i64>,
    /// Wall time, as stored.
    pub at: &'a str,
}

impl ChangeSource {
    fn subject(&self) -> &'static str {
        match self {
            Self::Mirrored { table, .. } => table,
            Self::Own { subject, .. } => subject,
        }
    }

    /// Its changes. Where the fields of an update are kept, the update of the row as a whole is left out. A row that was
    /// written again by the run that found it is new.
    fn sql(&self) -> String {
        let Self::Mirrored { table, account, id, name, only } = self else {
            let Self::Own { sql, .. } = self else { return String::new() };
            return (*sql).to_owned();
        };
        let only = only.map(|only| format!("AND {account} = '{only}'")).unwrap_or_default();
        format!(
            "SELECT t.last_changed_at AS at, t.last_seen_record AS record_id,
                CASE WHEN t.deleted_at IS NOT NULL THEN 'deleted'
                    WHEN t.first_seen_at = t.last_changed_at OR t.first_seen_at >= r.start_time THEN 'new'
                    ELSE 'updated' END AS kind,
                {account} AS account, {id} AS id, {name} AS name, NULL AS field, NULL AS before, NULL AS after
             FROM {table} AS t
             LEFT JOIN sync_records AS r ON r.id = t.last_seen_record
             WHERE NOT EXISTS (
                SELECT 1
                FROM row_changes AS c
                WHERE c.subject = '{table}' AND c.account = {account} AND c.row_id = {id}
                    AND c.record_id = t.last_seen_record AND t.deleted_at IS NULL) {only}
             UNION ALL
             SELECT c.at, c.record_id, c.kind, c.account, c.row_id, {name}, c.field, c.before, c.after
             FROM row_changes AS c
             LEFT JOIN {table} AS t ON {account} = c.account AND {id} = c.row_id
             WHERE c.subject = '{table}' {only}"
        )
    }
}

/// The changes that match, the newest first: `limit` of them, after the first `skipped`. Each source is one of a sync.
pub fn load_changes(
    r: &Reader<'_>,
    sources: &[(&str, ChangeSource)],
    filter: &ChangeFilter,
    skipped: u64,
    limit: u64,
) -> Result<Vec<RowChange>, Error> {
    let Some((from, mut values)) = selection(sources, filter) else { return Ok(Vec::new()) };
    values.extend([Value::from(limit), skipped.into()]);
    let (limit, offset) = (values.len() - 1, values.len());
    let sql = format!(
        "SELECT sync, subject, at, record_id, kind, account, id, name, field, before, after
         {from}
         ORDER BY at DESC, record_id DESC NULLS LAST, sync, subject, id, field NULLS FIRST
         LIMIT ?{limit} OFFSET ?{offset}"
    );
    r.rows(&sql, &values, read_change)
}

/// The statement that makes the view of all these changes.
pub fn view_of(sources: &[(&str, ChangeSource)]) -> String {
    let from = selection(sources, &ChangeFilter::default()).map(|(from, _)| from).unwrap_or_default();
    format!(
        "CREATE VIEW {ALL_CHANGES} AS
         SELECT at, record_id, sync, subject, NULLIF(account, '') AS account, id, name, kind, field, before, after
         {from}"
    )
}

/// The first changes that the transaction of a dry run holds, of which no record is kept.
pub fn load_preview(
    r: &Reader<'_>,
    (sync, sources): (&str, &[ChangeSource]),
    record: RecordId,
    room: usize,
) -> Result<Vec<RowChange>, Error> {
    if room == 0 {
        return Ok(Vec::new());
    }
    let sources: Vec<_> = sources.iter().map(|source| (sync, *source)).collect();
    let filter = ChangeFilter { records: Some(vec![record]), ..ChangeFilter::default() };
    let found = load_changes(r, &sources, &filter, 0, room as u64)?;
    Ok(found.into_iter().map(|change| RowChange { record: None, ..change }).collect())
}

/// How many changes match.
pub fn count_changes(r: &Reader<'_>, sources: &[(&str, ChangeSource)], filter: &ChangeFilter) -> Result<u64, Error> {
    let Some((from, values)) = selection(sources, filter) else { return Ok(0) };
    Ok(r.first(&format!("SELECT COUNT(*) {from}"), &values, |row| row.count(0))?.unwrap_or_default())
}

/// The changes that match, as what rows are selected from; `None` where none can.
fn selection<'f>(sources: &[(&str, ChangeSource)], filter: &'f ChangeFilter) -> Option<(String, Vec<Value<'f>>)> {
    let mut values: Vec<Value<'f>> = Vec::new();
    let mut conditions = Vec::new();
    // No record has the number zero, and a list may not be empty.
    let ids = filter.records.as_ref().map(|records| {
        let ids: Vec<String> = records.iter().map(|record| record.0.to_string()).collect();
        if ids.is_empty() { "0".to_owned() } else { ids.join(", ") }
    });
    // Compared as text, for a parameter needs one that lives as long as the statement.
    if let Some(since) = filter.since {
        conditions.push(format!("at >= '{}'", to_rfc3339_millis(since)));
    }
    if let Some(kind) = filter.kind {
        values.push(kind.into_str().into());
        conditions.push(format!("kind = ?{}", values.len()));
    }
    if let Some(id) = &filter.id {
        values.push(id.into());
        conditions.push(format!("id = ?{}", values.len()));
    }
    let conditions = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
    let parts: Vec<String> = sources
        .iter()
        .map(|(sync, source)| {
            let (subject, changes) = (source.subject(), source.sql());
            let records = ids.as_ref().map_or("TRUE".to_owned(), |ids| {
                let people = format!(
                    " OR record_id IS NULL
                        AND at >= COALESCE(
                            (SELECT MAX(start_time) FROM sync_records WHERE sync = '{sync}' AND id IN ({ids})), '')"
                );
                format!("(record_id IN ({ids}){})", if filter.by_people { &people } else { "" })
            });
            format!(
                "SELECT '{sync}' AS sync, '{subject}' AS subject, c.at, c.record_id, c.kind, c.account, c.id, c.name,
                    c.field, c.before, c.after
                 FROM ({changes}) AS c
                 WHERE {conditions} AND {records}"
            )
        })
        .collect();
    (!parts.is_empty()).then(|| (format!("FROM ({}) AS changes", parts.join(" UNION ALL ")), values))
}

fn read_change(row: &Row<'_>) -> Result<RowChange, Error> {
    let owned = |column| row.opt_text(column).map(|text| text.map(str::to_owned));
    Ok(RowChange {
        sync: row.text(0)?.to_owned(),
        subject: row.text(1)?.to_owned(),
        at: row.instant(2)?,
        record: row.opt_int(3)?,
        kind: row.text(4)?.parse().unwrap_or(ChangeKind::Updated),
        account: owned(5)?.filter(|account| !account.is_empty()),
        id: row.text(6)?.to_owned(),
        name: owned(7)?,
        field: owned(8)?,
        before: owned(9)?,
        after: owned(10)?,
    })
}

/// Keeps which of these fields differ.
pub fn save_updates(
    w: &Writer<'_>,
    row: &ChangedRow<'_>,
    fields: &[(&str, Option<String>, Option<String>)],
) -> Result<(), Error> {
    for (field, before, after) in fields.iter().filter(|(_, before, after)| before != after) {
        save_change(w, row, ChangeKind::Updated, [Some(field), before.as_deref(), after.as_deref()])?;
    }
    Ok(())
}

/// Keeps that a row came back.
pub fn save_restored(w: &Writer<'_>, row: &ChangedRow<'_>) -> Result<(), Error> {
    save_change(w, row, ChangeKind::Restored, [None; 3])
}

fn save_change(
    w: &Writer<'_>,
    row: &ChangedRow<'_>,
    kind: ChangeKind,
    [field, before, after]: [Option<&str>; 3],
) -> Result<(), Error> {
    w.write(
        "INSERT INTO row_changes (record_id, subject, account, row_id, kind, field, before, after, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        &[
            row.record.into(),
            row.subject.into(),
            row.account,
            row.id,
            kind.into_str().into(),
            field.into(),
            before.into(),
            after.into(),
            row.at.into(),
        ],
    )?;
    Ok(())
}

/// Deletes changes from before that instant, the oldest first.
pub fn delete_changes(w: &Writer<'_>, before: &str) -> Result<u64, Error> {
    w.execute(
        "DELETE FROM row_changes
         WHERE id IN (SELECT id
                      FROM row_changes
                      WHERE at < ?1
                      ORDER BY at
                      LIMIT ?2)",
        &[before.into(), PRUNE_COUNT.into()],
    )
}
