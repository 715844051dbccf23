//! Makes UTF-8 of a body whose head names another character set.

use bytes::Bytes;
use encoding_rs::{DecoderResult, Encoding, REPLACEMENT, UTF_8, X_USER_DEFINED};

/// How much of a body, from its first byte beyond ASCII on, decides whether it is what its head says.
const WINDOW_BYTES: usize = 64 * 1024;

/// Takes the place of bytes that are no text in the named set, as it is none in UTF-8 either: who reads the body takes note.
const INVALID: u8 = 0xff;

/// Room for one character more than is needed, so that every step gets on.
const SPARE_BYTES: usize = 4;

/// Decodes one body.
pub(super) enum Charset {
    /// It is UTF-8, or nobody says what it is: as it came.
    Unchanged,
    /// Many servers name their default set, whatever they send. What is UTF-8 nevertheless is taken for it.
    Undecided {
        named: &'static Encoding,
        held: Vec<u8>,
    },
    Named(encoding_rs::Decoder),
}

impl Charset {
    /// The character set that a `Content-Type` names.
    pub(super) fn new(content_type: &str) -> Self {
        let label = content_type.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
        });
        match label.and_then(|label| Encoding::for_label(label.as_bytes())) {
            Some(named) if [UTF_8, REPLACEMENT, X_USER_DEFINED].contains(&named) => Self::Unchanged,
            Some(named) if named.is_ascii_compatible() => Self::Undecided { named, held: Vec::new() },
            Some(named) => Self::Named(named.new_decoder()),
            None => Self::Unchanged,
        }
    }

    /// The text of the next bytes, as far as it can be known yet. Nothing may come after the end.
    pub(super) fn decode(&mut self, bytes: Bytes, is_end: bool) -> Bytes {
        match self {
            Self::Unchanged => bytes,
            Self::Undecided { held, .. } if held.is_empty() && bytes.is_ascii() => bytes,
            Self::Undecided { named, held } => {
                held.extend_from_slice(&bytes);
                let start = held.iter().position(|byte| !byte.is_ascii()).unwrap_or(held.len());
                if !is_end && held.len() - start < WINDOW_BYTES {
                    return Bytes::new();
                }
                let (named, held) = (*named, std::mem::take(held));
                let is_utf8 = match std::str::from_utf8(&held) {
                    Ok(_) => true,
                    // The rest of the last character may still come.
                    Err(error) => error.error_len().is_none() && !is_end,
                };
                *self = if is_utf8 { Self::Unchanged } else { Self::Named(named.new_decoder()) };
                self.decode(held.into(), is_end)
            }
            Self::Named(decoder) => {
                let text = decode(decoder, &bytes, is_end);
                if is_end {
                    *self = Self::Unchanged;
                }
                text.into()
            }
        }
    }
}

fn decode(decoder: &mut encoding_rs::Decoder, mut bytes: &[u8], is_end: bool) -> Vec<u8> {
    let mut text = Vec::new();
    loop {
        let start = text.len();
        let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len());
        text.resize(start + room + SPARE_BYTES, 0);
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(bytes, &mut text[start..], is_end);
        text.truncate(start + written);
        bytes = &bytes[read..];
        match result {
            DecoderResult::InputEmpty => return text,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => text.push(INVALID),
        }
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GBK, UTF_16LE, WINDOWS_1252};

    use super::{Charset, WINDOW_BYTES};

    /// The body's text, however it is cut into pieces.
    #[track_caller]
    fn check(content_type: &str, body: &[u8], expected: &[u8]) {
        for size in [1, 2, 3, 7, body.len().max(1)] {
            let mut charset = Charset::new(content_type);
            let mut text = Vec::new();
            for piece in body.chunks(size) {
                text.extend(charset.decode(piece.to_vec().into(), false));
            }
            text.extend(charset.decode(super::Bytes::new(), true));
            text.extend(charset.decode(super::Bytes::new(), true));
            assert!(text == expected, "{content_type} in pieces of {size}: {}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn text_in_the_named_set_becomes_utf_8() {
        let text = "{\"name\":\"联通 {中文} café\"}";
        let in_gbk = GBK.encode("{\"name\":\"联通 {中文}\"}").0;
        for content_type in
            ["application/json; charset=GBK", "text/html;charset=\"gb2312\"", "a/b; x=y; Charset='gb18030'"]
        {
            check(content_type, &in_gbk, "{\"name\":\"联通 {中文}\"}".as_bytes());
        }
        check("text/plain; charset=ISO-8859-1", &WINDOWS_1252.encode("café").0, "café".as_bytes());
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        check("application/json; charset=utf-16le", &utf16, text.as_bytes());
        assert_eq!(UTF_16LE.name(), "UTF-16LE");
    }

    #[test]
    fn what_is_utf_8_or_of_no_known_set_stays_as_it_came() {
        let text = "{\"name\":\"café 中文\"}".as_bytes();
        for content_type in
            ["application/json", "", "a; charset=utf-8", "a; charset=latin1", "a; charset=gbk", "a; charset=x"]
        {
            check(content_type, text, text);
        }
        check("application/json", b"caf\xe9", b"caf\xe9");
        check("application/json; charset=utf-8", b"caf\xe9", b"caf\xe9");
    }

    #[test]
    fn bytes_that_are_no_text_in_the_named_set_stay_none() {
        check("a; charset=gbk", b"\xd6\xd0\xff!", b"\xe4\xb8\xad\xff!");
    }

    #[test]
    fn a_large_body_is_not_held_as_a_whole() {
        let mut charset = Charset::new("a; charset=latin1");
        let mut held = 0;
        for _ in 0..100 {
            held += 1024 - charset.decode(vec![b'a'; 1024].into(), false).len();
        }
        assert_eq!(held, 0, "ASCII is the same in all of them");
        let piece = "é".repeat(512);
        let given: usize = (0..100).map(|_| charset.decode(piece.clone().into(), false).len()).sum();
        assert!(given >= 100 * 1024 - WINDOW_BYTES, "{given}");
    }
}
