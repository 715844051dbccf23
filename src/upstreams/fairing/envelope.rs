//! What surrounds the rows of an answer: where the next page is, or why this is no answer.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::http::json::repaired;
use crate::upstreams::mirror::{says_failed, says_more};

/// More bytes around the rows than any known answer has.
pub const MAX_ENVELOPE_BYTES: usize = 64 * 1024;
/// A row this large is no survey's.
pub const MAX_ROW_BYTES: usize = 16 * 1024 * 1024;
/// The byte order mark some servers put in front.
pub const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why the bytes are no answer of a known shape.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    #[error("not JSON: it begins with `{0}`")]
    NotJson(String),
    #[error("the answer is empty")]
    Empty,
    #[error("`data` is not a list of objects")]
    NotObjects,
    #[error("`data` appears twice")]
    TwoLists,
    #[error("more than {MAX_ENVELOPE_BYTES} bytes around the rows")]
    EnvelopeTooLarge,
    #[error("a row of more than {MAX_ROW_BYTES} bytes")]
    RowTooLarge,
    #[error("it ends in the middle of a row")]
    Truncated,
    #[error("cannot read what surrounds the rows")]
    Envelope(#[source] serde_json::Error),
    #[error("the answer carries an `error`, or says that it failed")]
    Refused,
    #[error("the answer has no `data`")]
    NoData,
}

/// What surrounds the rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Where the next page is, if there is one.
    pub next: Option<String>,
    /// It names no next page, and yet says that there are more rows.
    pub is_continued: bool,
    /// How many rows the answer held.
    pub row_count: usize,
}

#[derive(Default, Deserialize)]
struct Document {
    data: Option<[IgnoredAny; 0]>,
    next: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Parses an answer without its rows, of which there were `row_count`.
pub fn parse(bytes: &[u8], row_count: usize) -> Result<Envelope, Malformed> {
    let bytes = repaired(bytes);
    let bytes = bytes.trim_ascii();
    let document: Document = match bytes.first() {
        None => return Err(Malformed::Empty),
        Some(b'[') => {
            let data = serde_json::from_slice(bytes).map_err(Malformed::Envelope)?;
            Document { data, ..Document::default() }
        }
        Some(b'{') => serde_json::from_slice(bytes).map_err(Malformed::Envelope)?,
        Some(_) => return Err(not_json(bytes)),
    };
    // Whatever rows stand beside it, they are not the set.
    if says_failed(&document.others) {
        return Err(Malformed::Refused);
    }
    if document.data.is_none() {
        return Err(Malformed::NoData);
    }
    let next = document.next.filter(|next| !next.trim().is_empty());
    let is_continued = next.is_none() && says_more(&document.others);
    Ok(Envelope { next, is_continued, row_count })
}

/// Why an answer that begins like this is none.
pub fn not_json(bytes: &[u8]) -> Malformed {
    Malformed::NotJson(String::from_utf8_lossy(bytes).chars().take(20).collect())
}
