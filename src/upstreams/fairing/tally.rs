//! What is known of a set while its pages come in.

use jiff::Timestamp;

use super::keyset::KeySet;
use super::parse::Batch;
use super::row::{Cell, text};
use super::tables::Table;
use crate::upstreams::digest::Digest;

/// What is known of the set while its pages come in.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub seen: KeySet,
    /// Of the set: the sum of what its rows add.
    pub digest: Digest,
    pub bad_count: u64,
    /// The newest `updated_at` seen, and whether they came in ascending order.
    pub newest: Option<Timestamp>,
    pub is_unsorted: bool,
    /// A row older than asked for came: the filter was ignored.
    pub is_unfiltered: bool,
    /// The upstream's own clock at the first answer.
    pub server_time: Option<Timestamp>,
}

impl Tally {
    /// Counts a stored row as part of the set, once.
    pub fn see(&mut self, key: i64, member: Digest) {
        if self.seen.insert(key) {
            self.digest = self.digest.wrapping_add(member);
        }
    }

    /// Keeps the newest `updated_at` of the batch, and whether the upstream filtered and sorted as asked.
    pub fn look_at_times(&mut self, batch: &Batch, table: &Table, since: Timestamp) {
        let Some(column) = table.fields.iter().position(|field| field.name == "updated_at") else { return };
        let mut last = None;
        for row in &batch.rows {
            let Some(at) = row.cells.get(column).and_then(|cell| instant(cell, &batch.text)) else { continue };
            self.is_unfiltered |= at < since;
            self.is_unsorted |= last.is_some_and(|last| at < last);
            last = Some(at);
            self.newest = self.newest.max(Some(at));
        }
    }
}

fn instant(cell: &Cell, batch: &str) -> Option<Timestamp> {
    let written = match cell {
        Cell::Slice(range) => text(batch, range),
        Cell::Owned(text) => text,
        Cell::Null | Cell::Integer(_) => return None,
    };
    // Without an offset it is UTC.
    written.parse().ok().or_else(|| {
        let local: jiff::civil::DateTime = written.parse().ok()?;
        local.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// The instant in a `Date` header.
pub fn server_time(date: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(date).ok()?).ok()
}
