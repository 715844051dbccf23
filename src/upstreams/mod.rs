//! The upstreams: one folder each, one line each in [`ALL`].
//!
//! # Adding an upstream
//!
//! 1. Make a folder with the same file names as its siblings: `mod.rs` (the type that implements [`Upstream`]),
//!    `config.rs` (its section), `api.rs` (what it answers), `pass.rs` (fetch → plan → save, scope by scope),
//!    `tables.rs` (every statement), `migrations/`.
//! 2. Add its `mod` line and its line in [`ALL`].
//!
//! What several upstreams share has a folder beside theirs: [`mirror`] is the engine for mirrored sets, `films` is the
//! table of films, their lists and what decides whose details are due. Another source of films is one more upstream
//! with its own answers; it writes its rows through `films` under its own `source`.
//!
//! From its folder and its line an upstream has its subcommand, completions, manual page, configuration section,
//! migrations, locks, records and metrics labels, and the contract tests run over it.

pub mod accounts;
pub mod command;
mod digest;
pub mod douban;
pub mod ecs;
mod error;
pub mod fairing;
mod films;
pub mod guard;
mod hmac;
mod http_profile;
pub mod mirror;
mod pass;
mod registration;
mod schedule;
mod scope;
mod scope_name;
pub mod tasks;
mod upstream;
pub mod users;

use self::command::CommandSpec;
use crate::language::Language;
use crate::store::Component;

pub use self::error::{Error, UpstreamSpecific};
pub use self::http_profile::http_profile;
pub use self::pass::{Failure, Flags, OnLock, PassContext, PassOutcome, ScopeReport, SkipReason};
pub use self::registration::{Pass, Registration};
pub use self::schedule::{Job, Schedule};
pub use self::scope::{Scope, ScopeRules, ScopeWork, panic_text};
pub use self::scope_name::ScopeName;
pub use self::upstream::{ChangesOf, Opening, SyncType, Upstream, Verified};

/// Every upstream there is, in the order they are shown and run.
pub const ALL: &[Registration] = &[
    Registration::of::<fairing::Fairing>(),
    Registration::of::<douban::Douban>(),
    Registration::of::<tasks::Tasks>(),
    Registration::of::<ecs::Ecs>(),
    Registration::of::<users::Users>(),
];

/// The upstream of that name.
pub fn find(name: &str) -> Option<&'static Registration> {
    ALL.iter().find(|registration| registration.name == name)
}

/// The names of all upstreams: the configuration's sections.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|registration| registration.name).collect()
}

/// What the store has to hold for them, and for what they share.
pub fn components() -> Vec<Component> {
    let own = ALL.iter().map(Registration::component).filter(|component| !component.migrations.is_empty());
    own.chain([films::COMPONENT]).collect()
}

/// The commands that belong to no single upstream.
pub const SHARED_COMMANDS: &[CommandSpec] = films::COMMANDS;

/// Their own commands, then those they share.
pub fn commands() -> impl Iterator<Item = &'static CommandSpec> {
    ALL.iter().flat_map(|registration| registration.commands).chain(SHARED_COMMANDS)
}

/// The label of a kind of pass; its own name where it has none.
pub fn sync_type_label(name: &str, language: Language) -> &str {
    let mut types = ALL.iter().flat_map(|registration| registration.sync_types);
    types.find(|known| known.name == name).map_or(name, |known| known.label.label(language))
}
