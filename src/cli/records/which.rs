//! Which record is meant: by its number, or the newest.

use crate::cli::error::Error;
use crate::store::RecordId;

/// One record, by its number or as the newest.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    Last,
    Id(RecordId),
}

pub fn which(text: &str) -> Result<Which, String> {
    if text == "last" {
        return Ok(Which::Last);
    }
    text.parse().map(|id| Which::Id(RecordId(id))).map_err(|_| "neither a record's number nor `last`".to_owned())
}

pub fn no_record(id: Option<RecordId>) -> Error {
    let message = id.map_or_else(|| "there is no record yet".to_owned(), |RecordId(id)| format!("no record {id}"));
    Error::Usage { message, hint: "see `tongbu records list`".to_owned() }
}
