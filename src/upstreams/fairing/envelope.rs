//! What surrounds the rows of an answer: where the next page is, or why this is no answer.

use crate::http::JsonFault;
use crate::http::json::repaired;
use crate::http::strict::Strict;
use crate::upstreams::mirror::{Signs, says_failed};
use serde::Deserialize;
use serde::de::IgnoredAny;

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
    Envelope(#[source] JsonFault),
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
    /// What else says whether its rows are all.
    pub signs: Signs,
    /// How many rows the answer held.
    pub row_count: usize,
}

#[derive(Deserialize)]
struct Document {
    data: Option<[IgnoredAny; 0]>,
    next: Option<String>,
    #[serde(flatten)]
    others: Strict,
}

/// Parses an answer without its rows, of which there were `row_count`.
pub fn parse(bytes: &[u8], row_count: usize) -> Result<Envelope, Malformed> {
    let bytes = repaired(bytes);
    let bytes = bytes.trim_ascii();
    let document: Document = match bytes.first() {
        None => return Err(Malformed::Empty),
        Some(b'[') => {
            let data = serde_json::from_slice(bytes).map_err(|error| envelope(&error))?;
            Document { data, next: None, others: Strict(serde_json::Value::Null) }
        }
        Some(b'{') => serde_json::from_slice(bytes).map_err(|error| envelope(&error))?,
        // A text may be anybody's, and is not repeated.
        Some(b'"') => return Err(Malformed::NotObjects),
        Some(_) => return Err(not_json(bytes)),
    };
    let others = document.others.0.as_object();
    // Whatever rows are beside it, they are not the set.
    if others.is_some_and(says_failed) {
        return Err(Malformed::Refused);
    }
    if document.data.is_none() {
        return Err(Malformed::NoData);
    }
    let next = document.next.filter(|next| !next.trim().is_empty());
    let signs = others.map(Signs::of).unwrap_or_default();
    Ok(Envelope { next, signs, row_count })
}

fn envelope(error: &serde_json::Error) -> Malformed {
    Malformed::Envelope(JsonFault::of(error))
}

/// Why an answer that begins like this is none.
pub fn not_json(bytes: &[u8]) -> Malformed {
    Malformed::NotJson(String::from_utf8_lossy(bytes).chars().take(20).collect())
}
