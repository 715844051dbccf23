//! From arriving bytes to batches of rows worth writing; runs beside the network and the writer, on its own thread.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, Sender};

use super::pii::Pii;
use super::row::{self, BadRow, Row};
use super::split::{Envelope, Malformed, Rows, Splitter};
use super::tables::Table;
use crate::store::{self, Store};
use crate::upstreams::digest::{Digest, of_bytes, of_member};

/// Held rows of a page that is to be stored as a whole or not at all never take more than this.
const MAX_HELD_BYTES: usize = 8 * 1024 * 1024;

/// What the parser is told.
#[derive(Debug)]
pub enum Piece {
    /// The next bytes of the body.
    Bytes(Bytes),
    /// The body ended as it should.
    End,
}

/// Rows that may differ from what is stored, and what is known of the others.
#[derive(Debug, Default)]
pub struct Batch {
    /// What the rows' ranges are of.
    pub text: String,
    pub rows: Vec<Row>,
    /// Rows found equal to what is stored: their keys and what they add to the set's digest.
    pub unchanged: Vec<(i64, Digest)>,
    pub bad: Vec<BadRow>,
    /// The last one of its answer.
    pub is_last: bool,
}

/// How rows are treated.
#[derive(Clone)]
pub struct Treatment {
    pub store: Store,
    pub table: &'static Table,
    pub account: Arc<str>,
    pub pii: Arc<Pii>,
    /// Look every row up before it is parsed; pointless where nothing is stored yet.
    pub looks_up: bool,
    /// Parse every row, also those equal to what is stored.
    pub parses_all: bool,
    /// Rows a batch.
    pub batch_size: usize,
    /// An answer of up to so many rows is stored as a whole or not at all.
    pub page_size: usize,
}

/// Why parsing ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The other side went away; it knows why.
    #[error("abandoned")]
    Abandoned,
}

/// Parses one answer. Batches are held back until the answer has proved larger than a page, so that a page cut in its
/// middle leaves nothing behind.
pub fn parse(mut pieces: Receiver<Piece>, batches: &Sender<Batch>, treatment: &Treatment) -> Result<Envelope, Error> {
    let mut splitter = Splitter::default();
    let mut is_large = false;
    loop {
        match pieces.blocking_recv().ok_or(Error::Abandoned)? {
            Piece::End => break,
            Piece::Bytes(bytes) => splitter.push(&bytes)?,
        }
        is_large = is_large || splitter.row_count() > treatment.page_size || splitter.row_bytes() > MAX_HELD_BYTES;
        if is_large && splitter.row_count() >= treatment.batch_size {
            let batch = treatment.plan_batch(splitter.take_rows())?;
            batches.blocking_send(batch).map_err(|_| Error::Abandoned)?;
        }
    }
    let rows = splitter.take_rows();
    let envelope = splitter.finish()?;
    let batch = Batch { is_last: true, ..treatment.plan_batch(rows)? };
    batches.blocking_send(batch).map_err(|_| Error::Abandoned)?;
    Ok(envelope)
}

impl Treatment {
    /// Sorts rows into those known to be unchanged and those to be written; nothing is written here.
    fn plan_batch(&self, rows: Rows) -> Result<Batch, store::Error> {
        let mut batch = Batch::default();
        let (text, ranges) = readable(rows, &mut batch.bad);
        let mut redacted = String::new();
        let seed = self.pii.seed();
        self.store.read(|r| {
            for range in &ranges {
                let json = &text[range.clone()];
                let digest = of_bytes(json.as_bytes(), seed);
                let mut is_known = false;
                if self.looks_up
                    && let Some(id) = row::leading_id(json)
                    && let Some(stored) = self.table.load_stored(r, &self.account, id)?
                {
                    is_known = true;
                    if stored.content_hash == digest && !stored.is_deleted && !self.parses_all {
                        batch.unchanged.push((stored.key, of_member(id, digest)));
                        continue;
                    }
                }
                match self.parse_row(&text, range, &mut redacted) {
                    Ok((id, cells, raw)) => batch.rows.push(Row { raw, id, cells, digest, is_known }),
                    Err(bad) => batch.bad.push(bad),
                }
            }
            Ok::<(), store::Error>(())
        })?;
        batch.text = if matches!(*self.pii, Pii::Keep) { text } else { redacted };
        Ok(batch)
    }

    /// The row's id, columns, and where its JSON is in the batch's text.
    fn parse_row(
        &self,
        text: &str,
        range: &Range<usize>,
        redacted: &mut String,
    ) -> Result<(String, Vec<row::Cell>, Range<usize>), BadRow> {
        let Some(replaced) = self.pii.redact(&text[range.clone()]).map_err(BadRow::NotJson)? else {
            let (id, cells) = row::parse(text, range.clone(), self.table.fields)?;
            return Ok((id, cells, range.clone()));
        };
        let start = redacted.len();
        redacted.push_str(&replaced);
        let (id, cells) = row::parse(redacted, start..redacted.len(), self.table.fields)?;
        Ok((id, cells, start..redacted.len()))
    }
}

/// The rows as text, looked at once for all of them. A row that is not UTF-8 is left out and told.
fn readable(rows: Rows, bad: &mut Vec<BadRow>) -> (String, Vec<Range<usize>>) {
    let Rows { bytes, mut ranges } = rows;
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return (text, ranges),
        Err(error) => error.into_bytes(),
    };
    let mut text = vec![b' '; bytes.len()];
    ranges.retain(|range| {
        let row = &bytes[range.clone()];
        let is_text = std::str::from_utf8(row).is_ok();
        if is_text {
            text[range.clone()].copy_from_slice(row);
        } else {
            bad.push(BadRow::NotUtf8);
        }
        is_text
    });
    if let Ok(text) = String::from_utf8(text) {
        return (text, ranges);
    }
    // Cannot be, for it is blanks and what is text; were it so, no row would go unsaid.
    bad.extend(ranges.iter().map(|_| BadRow::NotUtf8));
    (String::new(), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::{Rows, readable};

    #[test]
    fn a_row_that_is_not_utf_8_costs_no_other() {
        let bytes = "{\"id\":\"é\"},{\"id\":\"?\"},{\"id\":3}".as_bytes().to_vec();
        let ranges = vec![0..11, 12..22, 23..31];
        for (broken, expected) in [(false, 3), (true, 2)] {
            let mut bytes = bytes.clone();
            if broken {
                bytes[19] = 0xff;
            }
            let mut bad = Vec::new();
            let (text, ranges) = readable(Rows { bytes, ranges: ranges.clone() }, &mut bad);
            let rows: Vec<&str> = ranges.into_iter().map(|range| &text[range]).collect();
            assert_eq!((rows.len(), rows[0], rows[expected - 1]), (expected, "{\"id\":\"é\"}", "{\"id\":3}"));
            assert_eq!(bad.len(), 3 - expected);
        }
    }
}
