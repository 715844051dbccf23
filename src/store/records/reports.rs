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

fn save(w: &Writer<'_>, sync: &str, kind: &str, row: &ReportRow) -> Result<(), Error> {
    w.execute(
        "INSERT INTO monitor_reports (sync, kind, receiver, subject, level, reported, is_auth, since)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (sync, kind, receiver, subject) DO UPDATE
         SET level = excluded.level,
             reported = excluded.reported,
             is_auth = excluded.is_auth",
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
    .map(drop)
}

fn delete(w: &Writer<'_>, sync: &str, kind: &str, row: &ReportRow) -> Result<(), Error> {
    w.execute(
        "DELETE FROM monitor_reports
         WHERE sync = ?1
           AND kind = ?2
           AND receiver = ?3
           AND subject = ?4",
        &[sync.into(), kind.into(), (&row.receiver).into(), (&row.subject).into()],
    )
    .map(drop)
}
