//! What an upstream's tables hold at the end of a run.

use crate::store::error::Error;
use crate::store::statement::Reader;

/// A number that an upstream's tables hold at the end of a run, to be kept for that day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    pub name: &'static str,
    pub label: String,
    pub value: u64,
}

/// Reads an upstream's levels.
pub type LevelsOf = fn(&Reader<'_>) -> Result<Vec<Level>, Error>;
