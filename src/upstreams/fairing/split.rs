//! Finds the rows in an answer while its bytes arrive, without parsing them.
//!
//! An answer is `{"data":[row,…],"next":…}` or a bare `[row,…]`. Rows are left where they are, as ranges of the buffer;
//! everything around them, the envelope, is kept aside and parsed as a whole at the end.

use std::ops::Range;

use memchr::memchr2;

use super::envelope::{self, BOM, Envelope, MAX_ENVELOPE_BYTES, MAX_ROW_BYTES, Malformed, not_json};

/// Complete rows, ready to be parsed: ranges of `bytes`.
#[derive(Debug, Default)]
pub struct RawRows {
    pub bytes: Vec<u8>,
    pub ranges: Vec<Range<usize>>,
}

/// Takes bytes as they arrive, gives rows away in batches.
#[derive(Debug)]
pub struct Splitter {
    /// Complete rows, and the beginning of the next one.
    buffer: Vec<u8>,
    /// How much of the buffer was looked at.
    scanned: usize,
    ranges: Vec<Range<usize>>,
    /// How many rows were taken or skipped.
    past_count: usize,
    envelope: Vec<u8>,
    state: State,
    has_rows: bool,
    has_objects: bool,
    has_others: bool,
}

/// Why [`Splitter::advance`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// All bytes were looked at.
    OutOfBytes,
    /// A row begins here: it is to be begun, or skipped by who knows its length.
    RowBegins,
}

#[derive(Debug)]
enum State {
    /// Outside the list of rows.
    Around { depth: usize, string: Option<StringStart>, last_string: Range<usize>, is_data: bool },
    /// In the list, before a row, a comma or the list's end.
    Between { wants_row: bool, may_end: bool },
    /// At the first byte of a row.
    Begin,
    /// In a row that began there.
    Row { start: usize, depth: usize, in_string: bool, is_escaped: bool },
    /// In a number or a word in the place of a row, which began there.
    Scalar { start: usize },
}

#[derive(Debug)]
struct StringStart {
    at: usize,
    escaped: bool,
}

const OUTSIDE: State = State::Around { depth: 0, string: None, last_string: 0..0, is_data: false };

impl Default for Splitter {
    fn default() -> Self {
        Self {
            buffer: Vec::new(),
            scanned: 0,
            ranges: Vec::new(),
            past_count: 0,
            envelope: Vec::new(),
            state: OUTSIDE,
            has_rows: false,
            has_objects: false,
            has_others: false,
        }
    }
}

impl Splitter {
    /// Takes the next bytes of the answer.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Looks on through the bytes, up to the beginning of a row.
    pub fn advance(&mut self) -> Result<Pause, Malformed> {
        while self.scanned < self.buffer.len() {
            match self.state {
                State::Around { .. } => self.scan_around()?,
                State::Between { .. } => self.scan_between()?,
                State::Begin => return Ok(Pause::RowBegins),
                State::Row { .. } => self.scan_row()?,
                State::Scalar { .. } => self.scan_scalar()?,
            }
        }
        Ok(Pause::OutOfBytes)
    }

    /// The bytes from here on that have arrived.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.scanned..]
    }

    /// Passes over the row that begins here and is that long: it is none of those to be taken.
    pub fn skip_row(&mut self, length: usize) {
        self.has_objects = true;
        self.past_count += 1;
        self.scanned += length;
        self.state = State::Between { wants_row: false, may_end: true };
    }

    /// Begins the row that begins here.
    pub fn begin_row(&mut self) {
        let start = self.scanned;
        let first = self.buffer.get(start);
        self.has_objects |= first == Some(&b'{');
        self.has_others |= first != Some(&b'{');
        self.state = match first {
            Some(b'{' | b'[' | b'"') => State::Row { start, depth: 0, in_string: false, is_escaped: false },
            _ => State::Scalar { start },
        };
    }

    /// How many complete rows wait to be taken.
    pub const fn row_count(&self) -> usize {
        self.ranges.len()
    }

    /// How many bytes were looked at since rows were taken.
    pub const fn held_bytes(&self) -> usize {
        self.scanned
    }

    /// The complete rows so far; the splitter keeps only the beginning of the next one.
    pub fn take_rows(&mut self) -> RawRows {
        let keep = match &mut self.state {
            State::Row { start, .. } | State::Scalar { start } => std::mem::take(start),
            State::Between { .. } | State::Begin | State::Around { .. } => self.scanned,
        };
        self.scanned -= keep;
        self.past_count += self.ranges.len();
        let ranges = std::mem::take(&mut self.ranges);
        // Few rows between many that were skipped are copied, many rows are moved.
        let end = ranges.last().map_or(0, |range| range.end);
        if ranges.iter().map(Range::len).sum::<usize>() <= end / 2 {
            let rows = copy_rows(&self.buffer, &ranges);
            self.buffer.drain(..keep);
            return rows;
        }
        let mut rest = Vec::with_capacity(self.buffer.capacity());
        rest.extend_from_slice(&self.buffer[keep..]);
        let mut bytes = std::mem::replace(&mut self.buffer, rest);
        bytes.truncate(end);
        RawRows { bytes, ranges }
    }

    /// Called at the proper end of the body, when all rows were taken.
    pub fn finish(self) -> Result<Envelope, Malformed> {
        match self.state {
            State::Row { .. } | State::Scalar { .. } | State::Between { .. } | State::Begin => {
                return Err(Malformed::Truncated);
            }
            // One that is no object is a bad row; where none is, this is no list of rows.
            State::Around { .. } if self.has_others && !self.has_objects => return Err(Malformed::NotObjects),
            State::Around { .. } => {}
        }
        envelope::parse(&self.envelope, self.past_count)
    }

    /// Copies what surrounds the rows aside until the list of rows begins.
    fn scan_around(&mut self) -> Result<(), Malformed> {
        let State::Around { depth, string, last_string, is_data } = &mut self.state else { return Ok(()) };
        let byte = self.buffer[self.scanned];
        self.scanned += 1;
        self.envelope.push(byte);
        if self.envelope.len() > MAX_ENVELOPE_BYTES {
            return Err(Malformed::EnvelopeTooLarge);
        }
        if let Some(open) = string {
            match byte {
                _ if open.escaped => open.escaped = false,
                b'\\' => open.escaped = true,
                b'"' => {
                    *last_string = open.at..self.envelope.len() - 1;
                    *string = None;
                }
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b'"' => *string = Some(StringStart { at: self.envelope.len(), escaped: false }),
            b':' if *depth == 1 => *is_data = &self.envelope[last_string.clone()] == b"data",
            b',' if *depth == 1 => *is_data = false,
            b'[' if *depth == 0 || (*depth == 1 && *is_data) => {
                if std::mem::replace(&mut self.has_rows, true) {
                    return Err(Malformed::TwoLists);
                }
                self.state = State::Between { wants_row: true, may_end: true };
            }
            b'{' | b'[' => *depth += 1,
            b'}' | b']' => *depth = depth.saturating_sub(1),
            _ if *depth == 0 && !is_blank(byte) && !BOM.contains(&byte) => {
                self.envelope.extend(self.buffer[self.scanned..].iter().take(20));
                return Err(not_json(self.envelope.trim_ascii()));
            }
            _ => {}
        }
        Ok(())
    }

    fn scan_between(&mut self) -> Result<(), Malformed> {
        let State::Between { wants_row, may_end } = &mut self.state else { return Ok(()) };
        let byte = self.buffer[self.scanned];
        match byte {
            b',' if !*wants_row => (*wants_row, *may_end) = (true, false),
            b']' if *may_end => {
                self.envelope.push(b']');
                let depth = usize::from(self.envelope.contains(&b'{'));
                self.state = State::Around { depth, string: None, last_string: 0..0, is_data: false };
            }
            _ if is_blank(byte) => {}
            b']' | b'}' | b',' => return Err(Malformed::NotObjects),
            _ if *wants_row => {
                self.state = State::Begin;
                return Ok(());
            }
            _ => return Err(Malformed::NotObjects),
        }
        self.scanned += 1;
        Ok(())
    }

    /// Runs to the end of the row or of the bytes; the hot loop.
    fn scan_row(&mut self) -> Result<(), Malformed> {
        let State::Row { start, depth, in_string, is_escaped } = &mut self.state else { return Ok(()) };
        let bytes = self.buffer.as_slice();
        let mut at = self.scanned + usize::from(std::mem::take(is_escaped));
        loop {
            if *in_string {
                let Some(found) = memchr2(b'"', b'\\', &bytes[at..]) else {
                    at = bytes.len();
                    break;
                };
                at += found + 1;
                if bytes[at - 1] == b'\\' {
                    // The escaped byte may not be here yet.
                    *is_escaped = at == bytes.len();
                    if *is_escaped {
                        break;
                    }
                    at += 1;
                    continue;
                }
                *in_string = false;
                if *depth == 0 {
                    self.end_row(at);
                    return Ok(());
                }
            }
            let is_structural = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
            let Some(found) = bytes[at..].iter().position(is_structural) else {
                at = bytes.len();
                break;
            };
            at += found + 1;
            match bytes[at - 1] {
                b'"' => *in_string = true,
                b'{' | b'[' => *depth += 1,
                _ => {
                    *depth -= 1;
                    if *depth == 0 {
                        self.end_row(at);
                        return Ok(());
                    }
                }
            }
        }
        if at - *start > MAX_ROW_BYTES {
            return Err(Malformed::RowTooLarge);
        }
        self.scanned = at;
        Ok(())
    }

    fn scan_scalar(&mut self) -> Result<(), Malformed> {
        let State::Scalar { start } = self.state else { return Ok(()) };
        let is_end = |byte: &u8| is_blank(*byte) || matches!(byte, b',' | b']' | b'}');
        match self.buffer[self.scanned..].iter().position(is_end) {
            Some(length) => self.end_row(self.scanned + length),
            None if self.buffer.len() - start > MAX_ROW_BYTES => return Err(Malformed::RowTooLarge),
            None => self.scanned = self.buffer.len(),
        }
        Ok(())
    }

    /// The row, or what is in the place of one, ends before `end`.
    fn end_row(&mut self, end: usize) {
        if let State::Row { start, .. } | State::Scalar { start } = self.state {
            self.ranges.push(start..end);
        }
        self.scanned = end;
        self.state = State::Between { wants_row: false, may_end: true };
    }
}

/// The rows alone, one after the other.
fn copy_rows(bytes: &[u8], ranges: &[Range<usize>]) -> RawRows {
    let mut rows = RawRows { bytes: Vec::new(), ranges: Vec::with_capacity(ranges.len()) };
    for range in ranges {
        let start = rows.bytes.len();
        rows.bytes.extend_from_slice(&bytes[range.clone()]);
        rows.ranges.push(start..rows.bytes.len());
    }
    rows
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests;
