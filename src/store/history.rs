//! What the runs of each day add up to. It is written with each run's end and outlives the records.

pub(super) mod level;
pub mod totals;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use self::totals::Finished;
use super::error::Error;
use super::records::types::{SUMMARY_COLUMNS, Status, Summary};
use super::statement::{Reader, Row, Writer};

pub use self::level::{Level, LevelsOf};
pub use self::totals::{DayRow, Sum, Totals};

/// The day, the sync, its type, the sum, the label.
type Key = (Date, String, String, Sum, String);

/// One row of `sync_levels`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelRow {
    pub day: Date,
    pub name: String,
    pub label: String,
    pub value: u64,
}

/// The day in that zone.
pub fn day_in(at: Timestamp, zone: &TimeZone) -> Date {
    at.to_zoned(zone.clone()).date()
}

/// The sums of all days since that one. Those of records from before the table was there are computed from them.
pub fn load_days(r: &Reader<'_>, since: Date, zone: &TimeZone) -> Result<Vec<DayRow>, Error> {
    if !is_filled(r)? {
        let sums = load_sums_of_records(r, zone)?;
        let rows = sums.into_iter().filter(|((day, ..), _)| *day >= since);
        let row = |((day, sync, sync_type, sum, label), value)| DayRow { day, sync, sync_type, sum, label, value };
        return Ok(rows.map(row).collect());
    }
    let mut rows = Vec::new();
    r.for_each(
        "SELECT day, sync, sync_type, name, label, value
         FROM sync_days
         WHERE day >= ?1
         ORDER BY day, sync, sync_type, name, label",
        &[(&since.to_string()).into()],
        |row| {
            // A newer tongbu may keep more.
            if let Ok(sum) = row.text(3)?.parse() {
                rows.push(DayRow {
                    day: read_day(row)?,
                    sync: row.text(1)?.to_owned(),
                    sync_type: row.text(2)?.to_owned(),
                    sum,
                    label: row.text(4)?.to_owned(),
                    value: row.count(5)?,
                });
            }
            Ok::<_, Error>(())
        },
    )?;
    Ok(rows)
}

/// The levels of an upstream since that day.
pub fn load_levels(r: &Reader<'_>, sync: &str, since: Date) -> Result<Vec<LevelRow>, Error> {
    r.rows(
        "SELECT day, name, label, value
         FROM sync_levels
         WHERE day >= ?1
           AND sync = ?2
         ORDER BY day, name, label",
        &[(&since.to_string()).into(), sync.into()],
        |row| {
            Ok(LevelRow {
                day: read_day(row)?,
                name: row.text(1)?.to_owned(),
                label: row.text(2)?.to_owned(),
                value: row.count(3)?,
            })
        },
    )
}

/// Takes over what the records from before hold, once: before anything is added.
pub(super) fn fill(w: &Writer<'_>, zone: &TimeZone) -> Result<(), Error> {
    if is_filled(w)? {
        return Ok(());
    }
    for ((day, sync, sync_type, sum, label), value) in load_sums_of_records(w, zone)? {
        save_sum(w, &day.to_string(), (&sync, &sync_type), (sum, &label), value)?;
    }
    Ok(())
}

/// Adds a run that has ended to its day.
pub(super) fn save_finished(
    w: &Writer<'_>,
    day: &str,
    (sync, sync_type): (&str, &str),
    run: &Finished<'_>,
) -> Result<(), Error> {
    run.sums().into_iter().try_for_each(|(sum, label, value)| save_sum(w, day, (sync, sync_type), (sum, &label), value))
}

/// Replaces the levels of that day, unless the run changed nothing and they are there.
pub(super) fn save_levels(
    w: &Writer<'_>,
    day: &str,
    sync: &str,
    is_changed: bool,
    levels_of: LevelsOf,
) -> Result<(), Error> {
    let known = w.first(
        "SELECT 1
         FROM sync_levels
         WHERE day = ?1
           AND sync = ?2
         LIMIT 1",
        &[day.into(), sync.into()],
        |_| Ok(()),
    )?;
    if known.is_some() && !is_changed {
        return Ok(());
    }
    let levels = levels_of(w)?;
    w.write(
        "DELETE FROM sync_levels
         WHERE day = ?1
           AND sync = ?2",
        &[day.into(), sync.into()],
    )?;
    levels.iter().try_for_each(|level| {
        w.write(
            "INSERT INTO sync_levels (day, sync, name, label, value)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (day, sync, name, label) DO UPDATE
             SET value = excluded.value",
            &[day.into(), sync.into(), level.name.into(), (&level.label).into(), level.value.into()],
        )
    })
}

/// Deletes the days before that one.
pub(super) fn delete_before(w: &Writer<'_>, day: Date) -> Result<(), Error> {
    let day = day.to_string();
    w.write(
        "DELETE FROM sync_days
         WHERE day < ?1",
        &[(&day).into()],
    )?;
    w.write(
        "DELETE FROM sync_levels
         WHERE day < ?1",
        &[(&day).into()],
    )
}

fn is_filled(r: &Reader<'_>) -> Result<bool, Error> {
    let first = r.first(
        "SELECT 1
         FROM sync_days
         LIMIT 1",
        &[],
        |_| Ok(()),
    )?;
    Ok(first.is_some())
}

fn save_sum(
    w: &Writer<'_>,
    day: &str,
    (sync, sync_type): (&str, &str),
    (sum, label): (Sum, &str),
    value: u64,
) -> Result<(), Error> {
    w.write(
        "INSERT INTO sync_days (day, sync, sync_type, name, label, value)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (day, sync, sync_type, name, label) DO UPDATE
         SET value = sync_days.value + excluded.value",
        &[day.into(), sync.into(), sync_type.into(), sum.name().into(), label.into(), value.into()],
    )
}

fn load_sums_of_records(r: &Reader<'_>, zone: &TimeZone) -> Result<BTreeMap<Key, u64>, Error> {
    let mut sums = BTreeMap::new();
    r.for_each(
        &format!(
            "SELECT sync, sync_type, start_time, status, exit_name, duration_ms, run_count, request_count, retry_count,
                    error_details, error_message, {SUMMARY_COLUMNS}
             FROM sync_records
             WHERE status <> 'running'
             ORDER BY id"
        ),
        &[],
        |row| {
            let day = day_in(row.instant(2)?, zone);
            let mut counts = [0; 10];
            for (index, count) in counts.iter_mut().enumerate() {
                *count = row.count(11 + index)?;
            }
            let summary = Summary::from_counts(counts);
            let problems: Vec<ProblemClass> = serde_json::from_str(row.text(9)?).unwrap_or_default();
            let run = Finished {
                status: row.text(3)?,
                exit: row.opt_text(4)?.unwrap_or(Status::Died.name()),
                duration_ms: row.opt_int(5)?.and_then(|span| u64::try_from(span).ok()),
                summary: &summary,
                classes: problems.iter().map(|problem| problem.class.as_str()).collect(),
                request_count: row.count(7)?,
                retry_count: row.count(8)?,
                throttle_count: 0,
                requests_saved: 0,
                run_count: row.count(6)?,
                is_idle: row.count(7)? == 0
                    && summary == Summary::default()
                    && problems.is_empty()
                    && row.opt_text(10)?.is_none(),
            };
            let (sync, sync_type) = (row.text(0)?, row.text(1)?);
            for (sum, label, value) in run.sums() {
                *sums.entry((day, sync.to_owned(), sync_type.to_owned(), sum, label)).or_insert(0) += value;
            }
            Ok::<_, Error>(())
        },
    )?;
    Ok(sums)
}

/// A stored problem, as far as it is counted.
#[derive(serde::Deserialize)]
struct ProblemClass {
    class: String,
}

fn read_day(row: &Row<'_>) -> Result<Date, Error> {
    let text = row.text(0)?;
    text.parse().map_err(|_| Error::Value { found: text.to_owned(), expected: "a date" })
}
