//! The upstreams: what all of them promise, and what each does.

mod accounts;
pub mod contract;
mod douban;
mod ecs;
mod example;
mod fairing;
mod tasks;
mod users;
