//! Names that are given and not known: an error with the nearest one, never an empty answer.

use std::collections::BTreeSet;

use super::error::Error;
use crate::config::{choices, nearest};

/// A hint lists no more names than this.
const LISTED_NAMES: usize = 20;

/// Refuses a filter that names nothing known. Where nothing is known yet nothing can be wrong.
pub fn check_filter(noun: &str, name: Option<&str>, known: &BTreeSet<String>) -> Result<(), Error> {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    match name {
        Some(name) if !known.is_empty() && !known.contains(&name) => Err(unknown_name(noun, name, "known", &known)),
        Some(_) | None => Ok(()),
    }
}

/// The error where none of the `known` names, all of which are `state`, is the one that was given.
pub fn unknown_name(noun: &str, name: &str, state: &str, known: &[&str]) -> Error {
    let meant = nearest(name, known.iter().copied()).map(|meant| format!("did you mean `{meant}`? "));
    let listed = known.iter().copied().take(LISTED_NAMES);
    let more = if known.len() > LISTED_NAMES { ", …" } else { "" };
    Error::Usage {
        message: format!("no {noun} `{name}` is {state}"),
        hint: Some(format!("{}{state} {noun}s: {}{more}", meant.unwrap_or_default(), choices(listed))),
    }
}
