//! tongbu (同步): one-shot sync passes into a local `SQLite` file.
//!
//! Start reading at [`run`]: it takes one invocation from its lease to its report. An upstream is one folder under
//! [`upstreams`], with its pass, its tables and its commands; what it is built on knows nothing of it.
//!
//! # Layers
//!
//! `main → cli → ui → run → upstreams → {config, http, present, store} → {error, exit, ident, clock, language, secret, since, zone,
//! text, progress}`
//!
//! Each layer may use those to its right and none to its left; the four siblings in braces do not use one another.
//!
//! # Invariants: what there is not
//!
//! - No `SQLite` outside `store::sqlite`, no HTTP client outside `http`, no drawing or printing outside `ui`.
//! - No environment variable is read outside `config` (`TZ` in `zone`, as the library for time zones reads it); no wall clock is read outside `clock`.
//! - No write without a [`store::Lease`], and none after it was lost.
//! - No upstream names another, and nothing outside of its folder names an upstream, but the registry.
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
pub mod zone;

pub mod run;

pub mod ui;

pub mod cli;

#[cfg(test)]
mod mutate;
