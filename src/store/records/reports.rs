//! What each receiver of notifications knows of what fails.

use jiff::Timestamp;

use crate::clock::to_rfc3339_millis;
use crate::store::error::Error;
use crate::store::handle::Store;
use crate::store::migrate::{Component, Migration};
use crate::store::statement::{Reader, Writer};

/// The table of [`ReportRow`].
pub const REPORTS: Component = Component {
    name: "monitor",
    migrations: &[Migration { name: "0001_reports", sql: include_str!("../migrations/monitor/0001_reports.sql") }],
};

/// One thing that fails, as one receiver knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    pub receiver: String,
    /// The scope or target; empty for the sync as a whole.
    pub subject: String,
    /// Failed runs in a row, or what exceeds the limit.
    pub level: u64,
    /// The level at the last report; 0 where there was none.
    pub reported: u64,
    /// Whether rejected credentials were reported.
    pub is_auth: bool,
    pub since: Timestamp,
}

/// The receiver that `status` and the metrics are: what fails is kept for them as for any other.
pub const STATUS_RECEIVER: &str = "";
/// Its row says since when failures of that sync type are over, though no run of the type has succeeded since.
pub const WELL: &str = "well";

impl ReportRow {
    /// Of the sync type as a whole, or of a part of it; nobody has heard of it.
    pub fn new(receiver: &str, subject: &str, since: Timestamp) -> Self {
        let (receiver, subject) = (receiver.to_owned(), subject.to_owned());
        Self { receiver, subject, level: 0, reported: 0, is_auth: false, since }
    }
}

/// What fails of a sync type, as `status` shows it.
#[derive(Debug, Default)]
pub(super) struct Failing {
    /// When the first of the failed runs began; `None` where all is well.
    pub since: Option<Timestamp>,
    /// The scopes and their parts that fail.
    pub subjects: Vec<String>,
    /// Failures before it are over.
    pub well_since: Option<Timestamp>,
}

impl Store {
    /// Keeps the `changed` rows of that sync and kind, and deletes those that are `gone`.
    pub fn save_reports(
        &self,
        sync: &str,
        kind: &str,
        changed: Vec<ReportRow>,
        gone: Vec<ReportRow>,
    ) -> Result<(), Error> {
        if changed.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let (sync, kind) = (sync.to_owned(), kind.to_owned());
        self.transact(move |w| {
            changed.iter().try_for_each(|row| save(w, &sync, &kind, row))?;
            gone.iter().try_for_each(|row| delete(w, &sync, &kind, row))
        })
    }
}

/// Every row of that sync and kind.
pub fn load_reports(r: &Reader<'_>, sync: &str, kind: &str) -> Result<Vec<ReportRow>, Error> {
    r.rows(
        "SELECT receiver, subject, level, reported, is_auth, since
         FROM monitor_reports
         WHERE sync = ?1
           AND kind = ?2
         ORDER BY receiver, subject",
        &[sync.into(), kind.into()],
        |row| {
            Ok(ReportRow {
                receiver: row.text(0)?.to_owned(),
                subject: row.text(1)?.to_owned(),
                level: row.count(2)?,
                reported: row.count(3)?,
                is_auth: row.flag(4)?,
                since: row.instant(5)?,
            })
        },
    )
}

/// What fails of that sync type.
pub(super) fn load_failing(r: &Reader<'_>, sync: &str, sync_type: &str) -> Result<Failing, Error> {
    let mut failing = Failing::default();
    if !r.has_table("monitor_reports")? {
        return Ok(failing);
    }
    for row in load_reports(r, sync, sync_type)? {
        match (row.receiver.as_str(), row.subject.is_empty()) {
            (STATUS_RECEIVER, true) => failing.since = Some(row.since),
            (STATUS_RECEIVER, false) => failing.subjects.push(row.subject),
            (WELL, _) => failing.well_since = Some(row.since),
            _ => {}
        }
    }
    Ok(failing)
}

fn save(w: &Writer<'_>, sync: &str, kind: &str, row: &ReportRow) -> Result<(), Error> {
    w.write(
        "INSERT INTO monitor_reports (sync, kind, receiver, subject, level, reported, is_auth, since)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (sync, kind, receiver, subject) DO UPDATE
         SET level = excluded.level,
             reported = excluded.reported,
             is_auth = excluded.is_auth,
             since = excluded.since",
        &[
            sync.into(),
            kind.into(),
            (&row.receiver).into(),
            (&row.subject).into(),
            row.level.into(),
            row.reported.into(),
            i64::from(row.is_auth).into(),
            (&to_rfc3339_millis(row.since)).into(),
        ],
    )
}

fn delete(w: &Writer<'_>, sync: &str, kind: &str, row: &ReportRow) -> Result<(), Error> {
    w.write(
        "DELETE FROM monitor_reports
         WHERE sync = ?1
           AND kind = ?2
           AND receiver = ?3
           AND subject = ?4",
        &[sync.into(), kind.into(), (&row.receiver).into(), (&row.subject).into()],
    )
}
