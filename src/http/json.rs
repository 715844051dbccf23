//! JSON documents in which single values are none: repaired, so that one bad value costs no good one.
//!
//! Text stays text: a lone surrogate and a byte that is not UTF-8 become U+FFFD, a raw control character and a backslash
//! that begins no escape are escaped. Where another value is no JSON (`NaN`, `1e999`, a list a hundred levels deep),
//! [`UNREADABLE`] takes its place, and the row that holds it is to be refused. What is wrong outside of values, such as
//! the end of a document that is cut, stays wrong.

use std::borrow::Cow;

use memchr::memmem;

use super::ending::Ending;

/// In place of a value that is no JSON. A document that was repaired holds it nowhere else: U+FFFF is no character.
pub const UNREADABLE: &str = "\u{ffff}";

/// Why a row that holds one is refused.
pub const UNREADABLE_REASON: &str = "it holds a value that JSON does not have, such as `NaN`";

/// Why an id in which a character was replaced names nothing.
pub const DAMAGED_REASON: &str = "holds no valid text: repaired, it might be another id";

/// Below the parser's own limit of 128.
const MAX_DEPTH: usize = 100;

const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// The document without its byte order mark (RFC 8259 lets a reader ignore it), repaired where something is wrong with
/// a value in it. Only then is it copied.
pub fn repaired(document: &[u8]) -> Cow<'_, [u8]> {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    if !document.trim_ascii_start().starts_with(b"{") && !document.trim_ascii_start().starts_with(b"[") {
        return document.into();
    }
    let mut repair = Repair { document, at: 0, copied_to: 0, depth: 0, output: Vec::new() };
    repair.run();
    repair.finish()
}

/// Whether a character of the text may have been replaced. Two ids may become one by that, so it names no row.
pub fn is_damaged(id: &str) -> bool {
    id.contains(char::REPLACEMENT_CHARACTER)
}

/// Whether the text needs a repair that the parser does not notice where it skips a string: half of a surrogate pair,
/// or a mark. Fast, for texts that are too large to be looked at byte by byte.
pub fn has_hidden_fault(text: &[u8]) -> bool {
    let mut escapes = memmem::find_iter(text, b"\\ud").chain(memmem::find_iter(text, b"\\uD"));
    let is_half = |at: usize| match unit(&text[at..]) {
        Some(0xd800..0xdc00) => !matches!(unit(&text[at + 6..]), Some(0xdc00..0xe000)),
        Some(0xdc00..0xe000) => at < 6 || !matches!(unit(&text[at - 6..]), Some(0xd800..0xdc00)),
        _ => false,
    };
    escapes.any(is_half) || memmem::find(text, UNREADABLE.as_bytes()).is_some()
}

struct Repair<'d> {
    document: &'d [u8],
    /// What is before it was looked at.
    at: usize,
    /// What is before it is in `output`.
    copied_to: usize,
    depth: usize,
    output: Vec<u8>,
}

impl<'d> Repair<'d> {
    fn run(&mut self) {
        while let Some(byte) = self.rest().first() {
            match byte {
                b'"' => self.string(),
                b'{' | b'[' if self.depth == MAX_DEPTH => self.nested(),
                b'{' | b'[' => {
                    self.depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.at += 1;
                }
                byte if is_between(*byte) => self.at += 1,
                _ => self.scalar(),
            }
        }
    }

    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.rest().first() {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' => self.escape(),
                0..0x20 => self.replace(1, format!("\\u{byte:04x}").as_bytes()),
                0x20..0x80 => self.at += 1,
                0x80.. => self.beyond_ascii(),
            }
        }
    }

    fn escape(&mut self) {
        let rest = self.rest();
        match (rest.get(1), unit(rest)) {
            (Some(b'u'), Some(0xd800..0xdc00)) if matches!(unit(&rest[6..]), Some(0xdc00..0xe000)) => self.at += 12,
            (Some(b'u'), Some(0xd800..0xe000 | 0xffff)) => self.replace(6, REPLACEMENT),
            (Some(b'u'), Some(_)) => self.at += 6,
            (None, _) => self.at += 1,
            (Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't'), _) => self.at += 2,
            (Some(_), _) => self.replace(1, b"\\\\"),
        }
    }

    fn beyond_ascii(&mut self) {
        let rest = self.rest();
        let run = &rest[..rest.iter().position(u8::is_ascii).unwrap_or(rest.len())];
        match std::str::from_utf8(run).map_err(|error| (error.valid_up_to(), error.error_len())) {
            _ if run.starts_with(UNREADABLE.as_bytes()) => self.replace(UNREADABLE.len(), REPLACEMENT),
            Ok(text) => self.at += text.find(UNREADABLE).unwrap_or(text.len()),
            Err((0, length)) => self.replace(length.unwrap_or(run.len()), REPLACEMENT),
            Err((valid, _)) => {
                let valid = memmem::find(&run[..valid], UNREADABLE.as_bytes()).unwrap_or(valid);
                self.at += valid;
            }
        }
    }

    /// A number or a word.
    fn scalar(&mut self) {
        let rest = self.rest();
        let is_end = |byte: &u8| is_between(*byte) || matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
        let token = &rest[..rest.iter().position(is_end).unwrap_or(rest.len())];
        let is_value = matches!(token, b"true" | b"false" | b"null")
            || serde_json::from_slice::<serde_json::Number>(token).is_ok();
        if is_value || self.depth == 0 || token.len() == rest.len() {
            self.at += token.len();
        } else {
            self.replace_value(token.len());
        }
    }

    /// An object or a list that is too deep.
    fn nested(&mut self) {
        let mut nesting = Ending::default();
        let is_end = |byte: &u8| {
            nesting.push(std::slice::from_ref(byte));
            !nesting.is_cut()
        };
        match self.rest().iter().position(is_end) {
            Some(last) => self.replace_value(last + 1),
            None => self.at = self.document.len(),
        }
    }

    fn rest(&self) -> &'d [u8] {
        &self.document[self.at..]
    }

    fn replace_value(&mut self, length: usize) {
        self.replace(length, format!("\"{UNREADABLE}\"").as_bytes());
    }

    fn replace(&mut self, length: usize, by: &[u8]) {
        self.output.extend_from_slice(&self.document[self.copied_to..self.at]);
        self.output.extend_from_slice(by);
        self.at += length;
        self.copied_to = self.at;
    }

    fn finish(mut self) -> Cow<'d, [u8]> {
        if self.copied_to == 0 {
            return self.document.into();
        }
        self.output.extend_from_slice(&self.document[self.copied_to..]);
        self.output.into()
    }
}

const fn is_between(byte: u8) -> bool {
    matches!(byte, b',' | b':' | b' ' | b'\t' | b'\n' | b'\r')
}

/// The UTF-16 unit of the escape `\uXXXX` that the text begins with.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    is_hex.then(|| u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()).flatten()
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
