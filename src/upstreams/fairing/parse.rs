//! From arriving bytes to batches of rows worth writing; runs beside the network and the writer, on its own thread.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::mpsc::{Receiver, Sender};

use super::envelope::{Envelope, Malformed};
use super::pii::Pii;
use super::row::{self, BadRow, Cell, ParsedRow};
use super::split::{RawRows, Splitter};
use super::tables::KindTable;
use super::times::instant;
use crate::store::{self, Reader, Store};
use crate::upstreams::digest::{Digest, of_bytes};
use crate::upstreams::mirror::{Changes, Comparison, Known};

/// Held rows of a page that is to be stored as a whole or not at all never take more than this.
const MAX_HELD_BYTES: usize = 8 * 1024 * 1024;

/// What arrives of an answer's body.
#[derive(Debug)]
pub enum BodyEvent {
    /// The next bytes.
    Bytes(Bytes),
    /// The body ended as it should.
    End,
}

/// Rows that differ from what is stored, and what is known of the others.
#[derive(Debug, Default)]
pub struct Batch {
    /// What the rows' ranges are of.
    pub text: String,
    pub rows: Vec<ParsedRow>,
    /// The numbers of stored rows that need no writing.
    pub unchanged: Vec<i64>,
    pub bad: Vec<BadRow>,
    /// When the rows were updated, in their order, as far as they were parsed.
    pub times: Vec<Timestamp>,
    /// The last one of its answer.
    pub is_last: bool,
}

/// How rows are parsed and compared.
#[derive(Clone)]
pub struct ParseContext {
    pub store: Store,
    pub table: &'static KindTable,
    pub account: Arc<str>,
    pub pii: Arc<Pii>,
    /// What the reading has changed so far.
    pub changes: Changes,
    /// Look every row up before it is parsed; pointless where nothing is stored yet.
    pub looks_up: bool,
    /// Parse every row, also those equal to what is stored.
    pub parses_all: bool,
    /// Rows a batch.
    pub batch_size: usize,
    /// An answer of up to this many rows is stored as a whole or not at all.
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
pub fn parse(
    mut events: Receiver<BodyEvent>,
    batches: &Sender<Batch>,
    context: &ParseContext,
) -> Result<Envelope, Error> {
    let mut splitter = Splitter::default();
    let mut is_large = false;
    loop {
        match events.blocking_recv().ok_or(Error::Abandoned)? {
            BodyEvent::End => break,
            BodyEvent::Bytes(bytes) => splitter.push(&bytes)?,
        }
        is_large = is_large || splitter.row_count() > context.page_size || splitter.row_bytes() > MAX_HELD_BYTES;
        if is_large && splitter.row_count() >= context.batch_size {
            let batch = context.plan_batch(splitter.take_rows())?;
            batches.blocking_send(batch).map_err(|_| Error::Abandoned)?;
        }
    }
    let rows = splitter.take_rows();
    let envelope = splitter.finish()?;
    let batch = Batch { is_last: true, ..context.plan_batch(rows)? };
    batches.blocking_send(batch).map_err(|_| Error::Abandoned)?;
    Ok(envelope)
}

impl ParseContext {
    /// Sorts rows into those that need no writing and those to be written; nothing is written here.
    fn plan_batch(&self, rows: RawRows) -> Result<Batch, store::Error> {
        let mut batch = Batch::default();
        let (text, ranges) = readable(rows, &mut batch.bad);
        let mut redacted = String::new();
        let seed = self.pii.seed();
        self.store.read(|r| {
            for range in &ranges {
                let digest = of_bytes(text[range.clone()].as_bytes(), seed);
                self.plan_row(r, &text, range, digest, &mut redacted, &mut batch)?;
            }
            Ok::<(), store::Error>(())
        })?;
        batch.text = if matches!(*self.pii, Pii::Keep) { text } else { redacted };
        Ok(batch)
    }

    fn plan_row(
        &self,
        r: &Reader<'_>,
        text: &str,
        range: &Range<usize>,
        digest: Digest,
        redacted: &mut String,
        batch: &mut Batch,
    ) -> Result<(), store::Error> {
        let leading_id = row::leading_id(&text[range.clone()]).filter(|_| self.looks_up);
        let mut known = leading_id.map(|id| self.find(r, id)).transpose()?.flatten();
        if let Some(known) = &known
            && !self.parses_all
            && self.changes.is_unchanged(known, digest)
        {
            batch.unchanged.push(known.number);
            return Ok(());
        }
        let (id, cells, raw) = match self.parse_row(text, range, redacted) {
            Ok(parsed) => parsed,
            Err(bad) => {
                batch.bad.push(bad);
                return Ok(());
            }
        };
        let source = if matches!(*self.pii, Pii::Keep) { text } else { redacted };
        if self.parses_all {
            batch.times.extend(self.updated_at(&cells, source));
        }
        if self.looks_up && leading_id.is_none() {
            known = self.find(r, &id)?;
        }
        match self.changes.compare(r, &self.table.table, known, digest, row::text(source, &raw))? {
            Comparison::Unchanged { number } => batch.unchanged.push(number),
            Comparison::Changed(found) => batch.rows.push(ParsedRow { raw, id, cells, digest, found }),
        }
        Ok(())
    }

    fn find(&self, r: &Reader<'_>, id: &str) -> Result<Option<Known>, store::Error> {
        self.table.table.find(r, &[(&*self.account).into(), id.into()])
    }

    fn updated_at(&self, cells: &[Cell], source: &str) -> Option<Timestamp> {
        let column = self.table.fields.iter().position(|field| field.name == "updated_at")?;
        cells.get(column)?.text(source).and_then(instant)
    }

    /// The row's id, columns, and where its JSON is in the batch's text.
    fn parse_row(
        &self,
        text: &str,
        range: &Range<usize>,
        redacted: &mut String,
    ) -> Result<(String, Vec<Cell>, Range<usize>), BadRow> {
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

/// The rows as text, looked at once for all of them. A row that is not UTF-8 is left out and reported.
fn readable(rows: RawRows, bad: &mut Vec<BadRow>) -> (String, Vec<Range<usize>>) {
    let RawRows { bytes, mut ranges } = rows;
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
    use super::{RawRows, readable};

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
            let (text, ranges) = readable(RawRows { bytes, ranges: ranges.clone() }, &mut bad);
            let rows: Vec<&str> = ranges.into_iter().map(|range| &text[range]).collect();
            assert_eq!((rows.len(), rows[0], rows[expected - 1]), (expected, "{\"id\":\"é\"}", "{\"id\":3}"));
            assert_eq!(bad.len(), 3 - expected);
        }
    }
}
