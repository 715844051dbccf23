//! Films: the table `videos`, shared by every upstream that is a source of films.
//!
//! A source writes rows under its own name; everything is keyed by `(source, source_id)`. Reading order: [`film`] (what
//! a film is), [`json`] and [`normalize`] (how values of answers become fields), [`plan`] (whose details are due, and in
//! which order), [`tally`] (what a pass did to each film), [`details`] (how they are fetched, and how a pass ends),
//! [`tables`] (every statement), `suggestions` (which films of two sources may be one), `commands` (what lists the films).

pub mod details;
pub mod film;
pub mod json;
pub mod normalize;
pub mod plan;
pub mod tally;

pub mod tables;

mod suggestions;

mod commands;
mod exports;
mod report;

pub use self::commands::{COMMANDS, list};
pub use self::exports::{EXPORTS, VIEWS, changes_of};
pub use self::report::sections as report_sections;
pub use self::tables::COMPONENT;

/// The Chinese of what lists them.
pub const CHINESE: &str = include_str!("chinese.toml");
