//! From arriving bytes to batches of rows worth writing; runs beside the network and the writer, on its own thread.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::mpsc::{Receiver, Sender};

use super::envelope::{Envelope, Malformed};
use super::pii::Pii;
use super::row::{self, Cell, ParsedRow};
use super::split::{RawRows, Splitter};
use super::tables::KindTable;
use super::times::instant;
use crate::error::full_message;
use crate::http::json::{UNREADABLE, has_hidden_fault, is_damaged, repaired};
use crate::store::{self, Reader, Store};
use crate::upstreams::digest::{Digest, of_bytes};
use crate::upstreams::mirror::{BadRow, Changes, Comparison, Known};

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
    /// With the numbers of the stored rows with their ids.
    pub bad: Vec<(BadRow, Option<i64>)>,
    /// When the rows were updated, in their order, as far as they were parsed.
    pub times: Vec<Timestamp>,
    /// The latest of these, and whose it is.
    pub latest: Option<(Timestamp, String)>,
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
    /// Sorts rows into those that need no writing and those to be written; nothing is written here. Rows are repaired
    /// only where one cannot be read.
    fn plan_batch(&self, RawRows { bytes, ranges }: RawRows) -> Result<Batch, store::Error> {
        let is_clean = !has_hidden_fault(&bytes);
        let bytes = match String::from_utf8(bytes) {
            Ok(text) if is_clean => {
                let batch = self.plan_rows(&text, &ranges)?;
                if batch.bad.is_empty() {
                    return Ok(self.with_text(batch, text));
                }
                text.into_bytes()
            }
            Ok(text) => text.into_bytes(),
            Err(error) => error.into_bytes(),
        };
        let (text, ranges) = repaired_rows(&bytes, &ranges);
        let batch = self.plan_rows(&text, &ranges)?;
        Ok(self.with_text(batch, text))
    }

    fn with_text(&self, batch: Batch, text: String) -> Batch {
        if matches!(*self.pii, Pii::Keep) { Batch { text, ..batch } } else { batch }
    }

    /// Plans the rows. The text of the batch is the redacted one, where there is one.
    fn plan_rows(&self, text: &str, ranges: &[Range<usize>]) -> Result<Batch, store::Error> {
        let mut batch = Batch::default();
        let seed = self.pii.seed();
        self.store.read(|r| {
            for range in ranges {
                let digest = of_bytes(text[range.clone()].as_bytes(), seed);
                self.plan_row(r, text, range, digest, &mut batch)?;
            }
            Ok(batch)
        })
    }

    fn plan_row(
        &self,
        r: &Reader<'_>,
        text: &str,
        range: &Range<usize>,
        digest: Digest,
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
        let parsed = self.parse_row(text, range, &mut batch.text);
        let is_readable = !text[range.clone()].contains(UNREADABLE);
        let (id, cells, raw) = match parsed {
            Ok(parsed) if is_readable => parsed,
            Ok((id, ..)) => return self.plan_bad(r, Some(id), &row::BadRow::Unreadable, batch),
            Err(error) => {
                let id = row::leading_id(&text[range.clone()]).filter(|id| !is_damaged(id)).map(str::to_owned);
                return self.plan_bad(r, id, &error, batch);
            }
        };
        let source = if matches!(*self.pii, Pii::Keep) { text } else { &batch.text };
        if self.parses_all
            && let Some(at) = self.updated_at(&cells, source)
        {
            batch.times.push(at);
            if batch.latest.as_ref().is_none_or(|(latest, _)| *latest < at) {
                batch.latest = Some((at, id.clone()));
            }
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

    fn plan_bad(
        &self,
        r: &Reader<'_>,
        id: Option<String>,
        error: &row::BadRow,
        batch: &mut Batch,
    ) -> Result<(), store::Error> {
        let known = id.as_deref().map(|id| self.find(r, id)).transpose()?.flatten();
        let reason = format!("cannot store a row: {}", full_message(error));
        batch.bad.push((BadRow { id, name: None, reason }, known.map(|known| known.number)));
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
    ) -> Result<(String, Vec<Cell>, Range<usize>), row::BadRow> {
        let Some(replaced) = self.pii.redact(&text[range.clone()]).map_err(row::BadRow::NotJson)? else {
            let (id, cells) = row::parse(text, range.clone(), self.table.fields)?;
            return Ok((id, cells, range.clone()));
        };
        let start = redacted.len();
        redacted.push_str(&replaced);
        let (id, cells) = row::parse(redacted, start..redacted.len(), self.table.fields)?;
        Ok((id, cells, start..redacted.len()))
    }
}

/// The rows with what is no JSON in them repaired, one after the other.
fn repaired_rows(bytes: &[u8], ranges: &[Range<usize>]) -> (String, Vec<Range<usize>>) {
    let mut text = String::with_capacity(bytes.len());
    let place = |range: &Range<usize>| {
        let start = text.len();
        text.push_str(&String::from_utf8_lossy(&repaired(&bytes[range.clone()])));
        start..text.len()
    };
    let ranges = ranges.iter().map(place).collect();
    (text, ranges)
}

#[cfg(test)]
mod tests {
    use super::{UNREADABLE, repaired_rows};

    #[test]
    fn rows_are_repaired_apart_from_each_other() {
        let bytes = b"[{\"id\":\"\xe9\"}, {\"id\":\"?\"} ,{\"id\":NaN}]";
        let (text, ranges) = repaired_rows(bytes, &[1..11, 13..23, 25..35]);
        let rows: Vec<&str> = ranges.into_iter().map(|range| &text[range]).collect();
        let mark = format!("{{\"id\":\"{UNREADABLE}\"}}");
        assert_eq!(rows, ["{\"id\":\"\u{fffd}\"}", "{\"id\":\"?\"}", &mark]);
    }
}
