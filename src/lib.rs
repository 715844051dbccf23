//! tongbu (同步): one-shot sync passes into a local `SQLite` file.
//!
//! Start reading at [`run`]: it takes one invocation from its lease to its report. What a pass does is one folder
//! each under [`upstreams`]; everything below is machinery that knows nothing of them.
//!
//! # Layers
//!
//! `main → cli → ui → run → upstreams → {config, http, present, store} → {error, exit, ident, clock, language, secret, since,
//! text, progress}`
//!
//! Each layer may use what stands to its right and nothing to its left; the three machinery siblings do not use one
//! another.
//!
//! # Invariants, told as absences
//!
//! - No `SQLite` outside `store::sqlite`, no HTTP client outside `http`, no drawing or printing outside `ui`.
//! - No environment variable is read outside `config`; no wall clock is read outside `clock`.
//! - No write without a [`store::Lease`], and none after it was lost.
//! - No upstream names another.
//! - No secret is printed, logged, stored or serialised: [`secret::Secret`] can do none of these.

pub mod clock;
pub mod error;
pub mod exit;
pub mod ident;
pub mod language;
pub mod progress;
pub mod secret;
pub mod since;
pub mod text;

pub mod config;
pub mod http;
pub mod present;
pub mod store;

pub mod upstreams;

pub mod run;

pub mod ui;

pub mod cli;

#[cfg(test)]
mod mutate;
