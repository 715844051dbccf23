//! Tasks: call-centre tasks of a time window, matched to the lead packages they call.
//!
//! A pass reads top to bottom: [`window`] says which stretches of local time to ask for, [`api`] and [`row`] read the
//! answers, [`plan`] compares them with what [`tables`] holds and asks [`matching`] for each task's package. Packages
//! come in by [`packages`]. Everything here but [`tables`] takes values and gives values.

pub mod api;
pub mod config;
pub mod grammar;
pub mod listing;
pub mod matching;
pub mod packages;
pub mod plan;
pub mod row;
pub mod similar;
pub mod tables;
pub mod window;

mod digest;

pub use self::config::Config;
pub use self::digest::Digest;
