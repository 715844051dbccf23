//! Undoes the content coding of a body, piece by piece.

use std::io::{self, Write};
use std::mem::take;

use bytes::Bytes;
use flate2::write::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};

/// What requests accept.
pub(super) const ACCEPTED: &str = "gzip, deflate";

/// Compressed bytes decoded in one step. A byte becomes at most about a thousand, so a step stays below 5 MiB.
const STEP_BYTES: usize = 4096;

/// The registered content codings that compress, by all their names.
const COMPRESSIONS: [&str; 7] = ["br", "compress", "deflate", "gzip", "x-compress", "x-gzip", "zstd"];

/// What the first byte of every gzip member is (RFC 1952, 2.3.1).
const GZIP_MAGIC: u8 = 0x1f;

/// The compression method in the first byte of a zlib head (RFC 1950, 2.2).
const ZLIB_METHOD: u8 = 8;

/// Why the bytes cannot be decoded.
#[derive(Debug)]
pub(super) enum Fault {
    /// They end before the coding does.
    Truncated,
    /// They are not what the coding allows.
    Invalid(io::Error),
}

/// Decodes one body.
pub(super) struct Decoder {
    coding: Coding,
    /// Compressed bytes that are not decoded yet.
    input: Bytes,
}

enum Coding {
    Identity,
    /// One member of a gzip stream, which may have several.
    Gzip(GzDecoder<Vec<u8>>),
    /// A zlib stream, which is what HTTP calls `deflate`.
    Zlib(Decompress),
    /// No input came yet, or the coded data is complete and nothing of the coding follows.
    Complete(Kind),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gzip,
    Zlib,
    /// Whatever follows is no coded data.
    Padding,
}

impl Decoder {
    /// The decoder of what `Content-Encoding` names; `None` for a compression that no request accepts. A word that names
    /// no compression means nothing: some servers write the character set here.
    pub(super) fn new(content_encoding: &str) -> Option<Self> {
        let words = content_encoding.split(',').map(|word| word.trim().to_ascii_lowercase());
        let compressions: Vec<String> = words.filter(|word| COMPRESSIONS.contains(&word.as_str())).collect();
        let coding = match compressions.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => Coding::Identity,
            ["gzip" | "x-gzip"] => Coding::Complete(Kind::Gzip),
            ["deflate"] => Coding::Complete(Kind::Zlib),
            _ => return None,
        };
        Some(Self { coding, input: Bytes::new() })
    }

    pub(super) const fn is_identity(&self) -> bool {
        matches!(self.coding, Coding::Identity)
    }

    /// Takes in the next bytes of the body. All that came before must have been decoded.
    pub(super) fn push(&mut self, input: Bytes) {
        self.input = input;
    }

    /// The next decoded bytes; `None` where more input is needed.
    pub(super) fn decode(&mut self) -> Result<Option<Bytes>, Fault> {
        while let Some(&first) = self.input.first() {
            let output = match &mut self.coding {
                Coding::Identity => take(&mut self.input),
                Coding::Complete(Kind::Gzip) => {
                    self.coding = Coding::Gzip(GzDecoder::new(Vec::new()));
                    continue;
                }
                Coding::Complete(Kind::Zlib) => {
                    // Some servers leave the head out that RFC 9110 demands; its first byte says which method follows.
                    // JSON that is not compressed at all must not pass for a stream that was cut.
                    let has_head = first & 0x0f == ZLIB_METHOD || matches!(first, b'{' | b'[');
                    self.coding = Coding::Zlib(Decompress::new(has_head));
                    continue;
                }
                Coding::Complete(Kind::Padding) => {
                    tracing::debug!("{} bytes behind the compressed body are ignored", self.input.len());
                    self.input.clear();
                    continue;
                }
                Coding::Gzip(member) => {
                    let count = member.write(step(&self.input)).map_err(Fault::Invalid)?;
                    if count > 0 {
                        drop(self.input.split_to(count));
                        member.flush().map_err(Fault::Invalid)?;
                        take(member.get_mut()).into()
                    } else {
                        // The member is complete, and these bytes are behind it.
                        let rest = finish_member(member)?;
                        let next = if first == GZIP_MAGIC { Kind::Gzip } else { Kind::Padding };
                        self.coding = Coding::Complete(next);
                        rest
                    }
                }
                Coding::Zlib(stream) => {
                    let (output, count, is_end) = inflate(stream, step(&self.input))?;
                    drop(self.input.split_to(count));
                    if is_end {
                        self.coding = Coding::Complete(Kind::Padding);
                    }
                    output
                }
            };
            if !output.is_empty() {
                return Ok(Some(output));
            }
        }
        Ok(None)
    }

    /// The last decoded bytes, once the body has ended.
    pub(super) fn finish(&mut self) -> Result<Bytes, Fault> {
        match &mut self.coding {
            Coding::Identity | Coding::Complete(_) => Ok(Bytes::new()),
            Coding::Zlib(_) => Err(Fault::Truncated),
            Coding::Gzip(member) => {
                let is_complete = matches!(member.write(&[0]), Ok(0));
                if !is_complete {
                    return Err(Fault::Truncated);
                }
                let rest = finish_member(member)?;
                self.coding = Coding::Complete(Kind::Gzip);
                Ok(rest)
            }
        }
    }
}

fn step(input: &[u8]) -> &[u8] {
    &input[..input.len().min(STEP_BYTES)]
}

/// Checks the member's length and checksum; what it had not given out yet.
fn finish_member(member: &mut GzDecoder<Vec<u8>>) -> Result<Bytes, Fault> {
    member.try_finish().map_err(Fault::Invalid)?;
    Ok(take(member.get_mut()).into())
}

/// Decodes some of the input: what it gave, how many bytes it took, and whether the stream is complete.
fn inflate(stream: &mut Decompress, input: &[u8]) -> Result<(Bytes, usize, bool), Fault> {
    let (before, mut output) = (stream.total_in(), Vec::new());
    let taken = |stream: &Decompress| usize::try_from(stream.total_in() - before).unwrap_or(input.len());
    loop {
        output.reserve(STEP_BYTES);
        let status = stream
            .decompress_vec(&input[taken(stream)..], &mut output, FlushDecompress::None)
            .map_err(|error| Fault::Invalid(error.into()))?;
        let is_end = status == Status::StreamEnd;
        // Room that is left says that all of the input is decoded.
        if is_end || output.len() < output.capacity() {
            return Ok((output.into(), taken(stream), is_end));
        }
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
