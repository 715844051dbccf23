//! The languages the program has texts in.

use clap::ValueEnum;

/// The language of tables and summaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    En,
    Zh,
}
