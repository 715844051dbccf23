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
    /// How many rows were taken.
    taken_count: usize,
    envelope: Vec<u8>,
    state: State,
    has_rows: bool,
    has_objects: bool,
    has_others: bool,
}

#[derive(Debug)]
enum State {
    /// Outside the list of rows.
    Around { depth: usize, string: Option<StringStart>, last_string: Range<usize>, is_data: bool },
    /// In the list, before a row, a comma or the list's end.
    Between { wants_row: bool, may_end: bool },
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
            taken_count: 0,
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
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        self.buffer.extend_from_slice(bytes);
        while self.scanned < self.buffer.len() {
            match self.state {
                State::Around { .. } => self.scan_around()?,
                State::Between { .. } => self.scan_between()?,
                State::Row { .. } => self.scan_row()?,
                State::Scalar { .. } => self.scan_scalar()?,
            }
        }
        Ok(())
    }

    /// How many complete rows wait to be taken.
    pub const fn row_count(&self) -> usize {
        self.ranges.len()
    }

    /// How many bytes the waiting rows take.
    pub fn row_bytes(&self) -> usize {
        self.ranges.last().map_or(0, |range| range.end)
    }

    /// The complete rows so far; the splitter keeps only the beginning of the next one.
    pub fn take_rows(&mut self) -> RawRows {
        let end = self.row_bytes();
        let keep = match &mut self.state {
            State::Row { start, .. } | State::Scalar { start } => {
                let keep = *start;
                *start = 0;
                keep
            }
            State::Between { .. } | State::Around { .. } => self.scanned,
        };
        let mut rest = Vec::with_capacity(self.buffer.capacity());
        rest.extend_from_slice(&self.buffer[keep..]);
        self.scanned -= keep;
        let mut bytes = std::mem::replace(&mut self.buffer, rest);
        bytes.truncate(end);
        self.taken_count += self.ranges.len();
        RawRows { bytes, ranges: std::mem::take(&mut self.ranges) }
    }

    /// Called at the proper end of the body, when all rows were taken.
    pub fn finish(self) -> Result<Envelope, Malformed> {
        match self.state {
            State::Row { .. } | State::Scalar { .. } | State::Between { .. } => return Err(Malformed::Truncated),
            // One that is no object is a bad row; where none is, this is no list of rows.
            State::Around { .. } if self.has_others && !self.has_objects => return Err(Malformed::NotObjects),
            State::Around { .. } => {}
        }
        envelope::parse(&self.envelope, self.taken_count)
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
                let start = self.scanned;
                self.has_objects |= byte == b'{';
                self.has_others |= byte != b'{';
                self.state = match byte {
                    b'{' | b'[' | b'"' => State::Row { start, depth: 0, in_string: false, is_escaped: false },
                    _ => State::Scalar { start },
                };
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
        let is_end = |byte: &u8| is_blank(*byte) || matches!(byte, b',' | b']' | b'}');
        match self.buffer[self.scanned..].iter().position(is_end) {
            Some(length) => self.end_row(self.scanned + length),
            None if self.buffer.len() - self.row_bytes() > MAX_ROW_BYTES => return Err(Malformed::RowTooLarge),
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

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Envelope, Malformed, Splitter};

    /// Feeds the text in pieces of every size up to its own and expects the same rows and the same end each time.
    fn check(text: &str, rows: &[&str], next: Option<&str>) {
        for size in 1..=text.len() {
            let (found, end) = split(text.as_bytes(), size);
            assert_eq!(found, rows, "in pieces of {size}");
            assert_eq!(
                end.unwrap(),
                Envelope { next: next.map(str::to_owned), is_continued: false, row_count: rows.len() },
                "in pieces of {size}"
            );
        }
    }

    fn split(text: &[u8], size: usize) -> (Vec<String>, Result<Envelope, Malformed>) {
        let mut splitter = Splitter::default();
        let mut found = Vec::new();
        for piece in text.chunks(size) {
            if let Err(error) = splitter.push(piece) {
                return (found, Err(error));
            }
            let rows = splitter.take_rows();
            found.extend(
                rows.ranges.iter().map(|range| String::from_utf8_lossy(&rows.bytes[range.clone()]).into_owned()),
            );
        }
        (found, splitter.finish())
    }

    fn check_malformed(text: &str, expected: &str) {
        for size in [1, 2, 3, text.len().max(1)] {
            let error = split(text.as_bytes(), size).1.unwrap_err();
            assert!(error.to_string().contains(expected), "`{error}` for `{text}`");
        }
    }

    #[test]
    fn every_documented_shape_gives_its_rows() {
        check("[]", &[], None);
        check(r#" [{"id":1}, {"id":2} ] "#, &[r#"{"id":1}"#, r#"{"id":2}"#], None);
        check(r#"{"data":[]}"#, &[], None);
        check(r#"{"data":[{"id":"a"}],"next":null,"prev":"x"}"#, &[r#"{"id":"a"}"#], None);
        check(r#"{"next":"https://h/p?a=1","data":[{"id":"a"}]}"#, &[r#"{"id":"a"}"#], Some("https://h/p?a=1"));
        check("\u{feff}{\"data\": [ {} ] , \"next\": \"\" }", &["{}"], None);
        check(r#"{"meta":{"data":[1,{"x":"]"}]},"data":[{"a":[1,{"b":"}"}]}]}"#, &[r#"{"a":[1,{"b":"}"}]}"#], None);
    }

    #[test]
    fn what_is_no_object_among_the_rows_is_a_row_for_itself() {
        for other in ["null", "7", "-1.5e3", "nope", r#""a,]}\"""#, "[1,[{}]]", "\"\""] {
            check(&format!(r#"{{"data":[{{}},{other},{{"id":1}}]}}"#), &["{}", other, r#"{"id":1}"#], None);
            check(&format!("[{other} , {{}} ]"), &[other, "{}"], None);
            check(&format!("[{{}},{other}]"), &["{}", other], None);
            check_malformed(&format!("[{other}]"), "not a list of objects");
        }
    }

    #[test]
    fn quotes_and_brackets_inside_strings_do_not_count() {
        check(r#"[{"a":"\"}]{[\\"},{"b":"\\\""}]"#, &[r#"{"a":"\"}]{[\\"}"#, r#"{"b":"\\\""}"#], None);
    }

    #[test]
    fn what_is_no_answer_is_named() {
        check_malformed("", "empty");
        check_malformed("<html><body>busy</body></html>", "begins with `<");
        check_malformed(r#"{"error":"no"}"#, "carries an `error`");
        check_malformed("{}", "no `data`");
        check_malformed(r#"{"next":null}"#, "no `data`");
        check_malformed(r#"{"data":{"id":1}}"#, "cannot read what surrounds");
        check_malformed(r#"{"data":null}"#, "no `data`");
        check_malformed(r#"{"data":[1,2]}"#, "not a list of objects");
        check_malformed(r#"{"data":[{"id":1}"#, "ends in the middle");
        check_malformed(r#"{"data":[{"id":1},]}"#, "not a list of objects");
        check_malformed(r#"{"data":[{"id":"#, "ends in the middle");
        check_malformed(r#"{"data":[{}],"data":[{}]}"#, "appears twice");
        check_malformed(r#"[{"id":1}] trailing"#, "not JSON");
        check_malformed(r#"{"data":[{}]"#, "cannot read what surrounds");
    }

    #[test]
    fn an_error_beside_the_rows_makes_them_no_answer() {
        for error in
            [r#""error":{"message":"busy"}"#, r#""error":"busy""#, r#""error":true"#, r#""errors":[{"code":7}]"#]
        {
            for answer in [format!(r#"{{"data":[{{}}],{error},"next":null}}"#), format!(r#"{{{error},"data":[]}}"#)] {
                check_malformed(&answer, "carries an `error`");
            }
        }
        check(r#"{"data":[{}],"error":null,"errors":[]}"#, &["{}"], None);
        check(r#"{"error":false,"data":[]}"#, &[], None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_neither_panic_nor_hang(text in "[\\[\\]{}\",:\\\\a-c ]{0,60}", size in 1usize..8) {
            let _ = split(text.as_bytes(), size);
        }

        #[test]
        fn rows_come_out_as_serde_sees_them(rows in proptest::collection::vec(any::<(i64, String)>(), 0..6), size in 1usize..40) {
            let rows: Vec<_> = rows.into_iter().map(|(id, text)| serde_json::json!({"id": id, "t": {"x": [text]}})).collect();
            let text = serde_json::json!({"data": rows, "next": null}).to_string();
            let (found, end) = split(text.as_bytes(), size);
            let parsed: Vec<serde_json::Value> = found.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
            prop_assert_eq!(parsed, rows);
            prop_assert!(end.is_ok());
        }
    }
}
