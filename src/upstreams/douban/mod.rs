//! Douban: the newest films of the explore list, and what each film's page tells about them.
//!
//! Everything here is pure but [`tables`]: bytes in, values out. Reading order: [`film`] (what a film is), [`list`]
//! (the two list answers), [`page`] (a film's page), [`fallback`] (the two JSON sources with fewer fields),
//! [`refusal`] (what an answer means before anything is read from it), [`merge`] (how an answer changes a stored
//! film), [`plan`] (whose details are due, and in which order), [`tables`] (every statement on `videos`).

pub mod film;
pub mod list;

pub mod page;

pub mod fallback;

pub mod refusal;

pub mod merge;
pub mod plan;

pub mod tables;

mod json;
mod tidy;

#[cfg(test)]
mod fuzz;
