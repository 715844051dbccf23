//! The upstreams: what all of them promise, and what each does.

mod accounts;
mod bad_values;
mod clocks;
pub mod contract;
mod douban;
mod ecs;
mod example;
mod fairing;
mod signs;
mod tasks;
mod tmdb;
mod users;
