//! From arriving bytes to batches of rows worth writing; runs beside the network and the writer, on its own thread.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::mpsc::{Receiver, Sender};

use super::envelope::{Envelope, Malformed};
use super::pii::Pii;
use super::row::{self, Cell, Layout, ParsedRow};
use super::split::{Pause, RawRows, Splitter};
use super::tables::KindTable;
use super::times::instant;
use crate::error::full_message;
use crate::http::json::{UNREADABLE, has_hidden_fault, is_damaged, repaired};
use crate::store::{self, Reader, Store};
use crate::upstreams::digest::{Digest, of_bytes};
use crate::upstreams::mirror::{Ahead, Arrival, BadRow, Changes, Comparison, Fetched, Known};

/// Held rows of a page that is to be stored as a whole or not at all never take more than this.
const MAX_HELD_BYTES: usize = 8 * 1024 * 1024;

/// A batch ends at this many bytes where it has not its number of rows: batches in a queue have a known size.
pub const BATCH_BYTES: usize = 256 * 1024;

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
    /// The number of the last row that was found by a look-up.
    looked_up: Option<i64>,
    /// Its rows held bytes that are no text.
    pub is_garbled: bool,
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
    /// The stored rows in the order in which they are expected, where equal ones need no parsing.
    pub ahead: Option<Arc<Mutex<Ahead>>>,
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

/// A row of the batch's text.
struct Unplanned<'a> {
    range: &'a Range<usize>,
    digest: Digest,
    /// What is stored of it, as far as it is known without a look-up.
    known: Option<Known>,
    /// Whether it came before in the batch, with other content than it is stored with.
    is_repeated: bool,
}

/// Rows of a batch to be, besides those that the splitter holds.
#[derive(Debug, Default)]
struct Noted {
    /// The numbers of stored rows that came again as they are stored.
    unchanged: Vec<i64>,
    /// What is stored of each row that was begun, as far as it is known without a look-up.
    known: Vec<Option<Known>>,
    /// The row that came last is not where it was expected.
    is_astray: bool,
    /// Of a row that waits to be planned it is not known what is stored.
    has_unknown: bool,
}

/// Parses one answer. Batches are held back until the answer has proved larger than a page, so that a page cut in its
/// middle leaves nothing behind.
pub fn parse(
    mut events: Receiver<BodyEvent>,
    batches: &Sender<Batch>,
    context: &ParseContext,
) -> Result<Envelope, Error> {
    let (mut splitter, mut noted) = (Splitter::default(), Noted::default());
    let mut is_large = false;
    loop {
        let is_end = match events.blocking_recv().ok_or(Error::Abandoned)? {
            BodyEvent::End => true,
            BodyEvent::Bytes(bytes) => {
                splitter.push(&bytes);
                false
            }
        };
        context.split(&mut splitter, &mut noted, is_end)?;
        if is_end {
            break;
        }
        let row_count = splitter.row_count() + noted.unchanged.len();
        is_large = is_large || row_count > context.page_size || splitter.held_bytes() > MAX_HELD_BYTES;
        if is_large && (row_count >= context.batch_size || splitter.held_bytes() >= BATCH_BYTES) {
            let batch = context.plan_batch(splitter.take_rows(), &mut noted)?;
            batches.blocking_send(batch).map_err(|_| Error::Abandoned)?;
        }
    }
    let rows = splitter.take_rows();
    let envelope = splitter.finish()?;
    let batch = Batch { is_last: true, ..context.plan_batch(rows, &mut noted)? };
    batches.blocking_send(batch).map_err(|_| Error::Abandoned)?;
    Ok(envelope)
}

impl ParseContext {
    /// Splits off the rows that have arrived, but for those that are known by their bytes.
    fn split(&self, splitter: &mut Splitter, noted: &mut Noted, is_end: bool) -> Result<(), Error> {
        let mut ahead = self.ahead.as_ref().map(|ahead| ahead.lock().unwrap_or_else(PoisonError::into_inner));
        let seed = self.pii.seed();
        while splitter.advance()? == Pause::RowBegins {
            let arrival = match &mut ahead {
                Some(ahead) => ahead.meet(&self.store, &self.changes, splitter.rest(), seed, row::leading_id)?,
                None => Arrival::Other(None),
            };
            match arrival {
                // Of a row that comes twice the later one is stored: one that waits may have been the earlier one.
                Arrival::Unchanged { known, .. } if noted.has_unknown => {
                    splitter.begin_row();
                    noted.known.push(Some(known));
                    noted.is_astray = false;
                }
                Arrival::Unchanged { known, length } => {
                    splitter.skip_row(length);
                    noted.unchanged.push(known.number);
                    noted.is_astray = false;
                }
                Arrival::TooShort if !is_end => break,
                Arrival::TooShort | Arrival::Other(None) => {
                    splitter.begin_row();
                    noted.known.push(None);
                    (noted.is_astray, noted.has_unknown) = (true, true);
                }
                Arrival::Other(known) => {
                    splitter.begin_row();
                    noted.known.push(known);
                    noted.is_astray = false;
                }
            }
        }
        Ok(())
    }

    /// Sorts rows into those that need no writing and those to be written; nothing is written here. Rows are repaired
    /// only where one cannot be read.
    fn plan_batch(&self, RawRows { bytes, ranges }: RawRows, noted: &mut Noted) -> Result<Batch, store::Error> {
        let known: Vec<_> = noted.known.drain(..ranges.len()).collect();
        noted.has_unknown = noted.known.contains(&None);
        let mut batch = self.plan_readable(bytes, &ranges, &known)?;
        batch.unchanged.append(&mut noted.unchanged);
        if let (true, Some(number), Some(ahead)) = (noted.is_astray, batch.looked_up, &self.ahead) {
            ahead.lock().unwrap_or_else(PoisonError::into_inner).go_on_after(number);
        }
        Ok(batch)
    }

    fn plan_readable(
        &self,
        bytes: Vec<u8>,
        ranges: &[Range<usize>],
        known: &[Option<Known>],
    ) -> Result<Batch, store::Error> {
        let is_clean = !has_hidden_fault(&bytes);
        let mut is_garbled = false;
        let bytes = match String::from_utf8(bytes) {
            Ok(text) if is_clean => {
                let batch = self.plan_rows(&text, ranges, known)?;
                if batch.bad.is_empty() {
                    return Ok(self.with_text(batch, text));
                }
                text.into_bytes()
            }
            Ok(text) => text.into_bytes(),
            Err(error) => {
                is_garbled = true;
                error.into_bytes()
            }
        };
        let (text, ranges) = repaired_rows(&bytes, ranges);
        let batch = Batch { is_garbled, ..self.plan_rows(&text, &ranges, known)? };
        Ok(self.with_text(batch, text))
    }

    fn with_text(&self, batch: Batch, text: String) -> Batch {
        if matches!(*self.pii, Pii::Keep) { Batch { text, ..batch } } else { batch }
    }

    /// Plans the rows. The text of the batch is the redacted one, where there is one.
    fn plan_rows(&self, text: &str, ranges: &[Range<usize>], known: &[Option<Known>]) -> Result<Batch, store::Error> {
        let (mut batch, mut layout) = (Batch::default(), Layout::default());
        let seed = self.pii.seed();
        self.store.read(|r| {
            let known = self.look_up(r, text, ranges, known)?;
            let (mut readable, mut pending) = (Vec::with_capacity(ranges.len()), HashSet::new());
            for (range, known) in ranges.iter().zip(known) {
                let digest = of_bytes(text[range.clone()].as_bytes(), seed);
                let is_repeated = known.is_some_and(|known| pending.contains(&known.number));
                let row = Unplanned { range, digest, known, is_repeated };
                if let Some((row, known)) = self.plan_row(r, text, &row, &mut layout, &mut batch)? {
                    pending.extend(known.map(|known| known.number));
                    readable.push((row, known));
                }
            }
            let source = if matches!(*self.pii, Pii::Keep) { text } else { &batch.text };
            let fetched = readable.iter().map(|(row, known)| Fetched {
                known: *known,
                content_hash: row.digest,
                raw: row::text(source, &row.raw),
            });
            let compared = self.changes.compare(r, &self.table.table, &fetched.collect::<Vec<_>>())?;
            for ((row, _), comparison) in readable.into_iter().zip(compared) {
                match comparison {
                    Comparison::Unchanged { number } => batch.unchanged.push(number),
                    Comparison::Changed(found) => batch.rows.push(ParsedRow { found, ..row }),
                }
            }
            Ok(batch)
        })
    }

    /// What is stored of each row, as far as its id can be seen without parsing it.
    fn look_up(
        &self,
        r: &Reader<'_>,
        text: &str,
        ranges: &[Range<usize>],
        known: &[Option<Known>],
    ) -> Result<Vec<Option<Known>>, store::Error> {
        let mut known = known.to_vec();
        let unknown = (0..ranges.len()).filter(|place| self.looks_up && known[*place].is_none());
        let ids = unknown.filter_map(|place| Some((place, row::leading_id(text[ranges[place].clone()].as_bytes())?)));
        let (places, keys): (Vec<_>, Vec<_>) =
            ids.map(|(place, id)| (place, vec![(&*self.account).into(), id.into()])).unzip();
        for (place, found) in places.into_iter().zip(self.table.table.find_many(r, &keys)?) {
            known[place] = found;
        }
        Ok(known)
    }

    /// Parses a row, unless it came as it is stored, or cannot be stored.
    fn plan_row(
        &self,
        r: &Reader<'_>,
        text: &str,
        &Unplanned { range, digest, known, is_repeated }: &Unplanned<'_>,
        layout: &mut Layout,
        batch: &mut Batch,
    ) -> Result<Option<(ParsedRow, Option<Known>)>, store::Error> {
        let mut known = known;
        batch.looked_up = known.map(|known| known.number).or(batch.looked_up);
        if let Some(known) = &known
            && !self.parses_all
            && !is_repeated
            && self.changes.is_unchanged(known, digest)
        {
            batch.unchanged.push(known.number);
            return Ok(None);
        }
        let parsed = self.parse_row(text, range, layout, &mut batch.text);
        let is_readable = !text[range.clone()].contains(UNREADABLE);
        let (id, cells, raw) = match parsed {
            Ok(parsed) if is_readable => parsed,
            Ok((id, ..)) => {
                return self.plan_bad(r, Some(id), &row::BadRow::Unreadable, batch).map(|()| None);
            }
            Err(error) => {
                let row = &text[range.clone()];
                let id = row::leading_id(row.as_bytes())
                    .map(str::to_owned)
                    .or_else(|| row::any_id(row))
                    .filter(|id| !is_damaged(id));
                return self.plan_bad(r, id, &error, batch).map(|()| None);
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
        if self.looks_up && known.is_none() && row::leading_id(text[range.clone()].as_bytes()).is_none() {
            known = self.find(r, &id)?;
        }
        Ok(Some((ParsedRow { raw, id, cells, digest, found: None }, known)))
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
        layout: &mut Layout,
        redacted: &mut String,
    ) -> Result<(String, Vec<Cell>, Range<usize>), row::BadRow> {
        let Some(replaced) = self.pii.redact(&text[range.clone()]).map_err(row::BadRow::NotJson)? else {
            let (id, cells) = row::parse(text, range.clone(), self.table.fields, layout)?;
            return Ok((id, cells, range.clone()));
        };
        let start = redacted.len();
        redacted.push_str(&replaced);
        let (id, cells) = row::parse(redacted, start..redacted.len(), self.table.fields, layout)?;
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
