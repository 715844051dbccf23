//! The upstreams: one folder each, one line each in [`ALL`].
//!
//! # Adding an upstream
//!
//! 1. Make a folder with the same file names as its siblings: `mod.rs` (the type that implements [`Upstream`]),
//!    `config.rs` (its section), `template.toml` (what `config init` writes of it), `api.rs` (what it answers), `pass.rs`
//!    (a [`ScopeWork`]: fetch → plan → save, on the engine in [`mirror`]), `tables.rs` (its tables and statements),
//!    `commands.rs` (its own commands: [`command`]), `migrations/`.
//! 2. Add its `mod` line and its line in [`ALL`].
//!
//! `tests/example/` is such a folder, as short as one can be; `CONTRIBUTING.md` goes through it step by step.
//!
//! What several upstreams share has a folder beside theirs: [`mirror`] is the engine for mirrored sets, `films` is the
//! table of films, their lists and what decides whose details are due. Another source of films is one more upstream
//! with its own answers; it writes its rows through `films` under its own `source`.
//!
//! From its folder and its line an upstream has its sync and its commands with their tables, documents and schemas,
//! labels in both languages, completions, manual pages, configuration section, migrations, locks, records and metrics
//! labels, and the contract tests run over it.

pub mod accounts;
pub mod adaptive;
pub mod command;
mod digest;
pub mod douban;
pub mod ecs;
mod error;
pub mod exported;
pub mod fairing;
mod films;
pub mod guard;
pub(crate) mod hmac;
mod http_profile;
pub mod metric;
pub mod mirror;
pub mod names;
mod pass;
mod registration;
pub mod row_changes;
mod schedule;
mod scope;
mod scope_name;
pub mod tasks;
pub mod tmdb;
mod upstream;
pub mod users;

use std::sync::{LazyLock, OnceLock};

use self::command::CommandSpec;
use self::exported::Exported;
use crate::config::Section;
use crate::language::Language;
use crate::present::Messages;
use crate::store::records::REPORTS;
use crate::store::{self, Component, Migration};

pub use self::error::{Error, UpstreamSpecific};
pub use self::http_profile::http_profile;
pub use self::pass::{Credentials, Failure, Flags, OnLock, PassContext, PassOutcome, ScopeReport, SkipReason};
pub use self::registration::{Pass, Registration};
pub use self::row_changes::tables::{ChangeFilter, count_changes, load_changes};
pub use self::row_changes::{ChangeKind, ChangeSource, PREVIEWED, RowChange};
pub use self::schedule::{Job, Schedule};
pub use self::scope::{INTERVAL_SLACK, PROBLEM_PART, Scope, ScopeRules, ScopeWork, panic_text};
pub use self::scope_name::ScopeName;
pub use self::upstream::{Aspect, Caution, ChangesOf, Opening, SectionsOf, SyncType, Upstream, Verified};

/// Every upstream that ships, in the order they are shown and run.
pub const ALL: &[Registration] = &[
    Registration::of::<fairing::Fairing>(),
    Registration::of::<douban::Douban>(),
    Registration::of::<tasks::Tasks>(),
    Registration::of::<ecs::Ecs>(),
    Registration::of::<users::Users>(),
    Registration::of::<tmdb::Tmdb>(),
];

/// What a binary adds to [`ALL`].
static REGISTERED: OnceLock<&[Registration]> = OnceLock::new();

/// Adds upstreams to those that ship, for a binary that brings some itself; once, before it does anything else.
pub fn register(more: &'static [Registration]) {
    REGISTERED.get_or_init(|| more);
}

/// Every upstream there is, in the order they are shown and run.
pub fn all() -> impl Iterator<Item = &'static Registration> {
    ALL.iter().chain(REGISTERED.get().copied().unwrap_or_default())
}

/// The upstream of that name.
pub fn find(name: &str) -> Option<&'static Registration> {
    all().find(|registration| registration.name == name)
}

/// The names of all upstreams.
pub fn names() -> Vec<&'static str> {
    all().map(|registration| registration.name).collect()
}

/// The types of their runs.
pub fn sync_types() -> Vec<&'static str> {
    let own = all().flat_map(|registration| registration.sync_types).map(|known| known.name);
    own.chain(names()).collect()
}

/// Their sections in the configuration.
pub fn sections() -> Vec<Section> {
    all().map(|registration| Section { name: registration.name, template: registration.template }).collect()
}

/// Where the changes of all upstreams, or of one, are found.
pub fn change_sources(sync: Option<&str>) -> Vec<(&'static str, ChangeSource)> {
    let chosen = all().filter(|known| sync.is_none_or(|sync| sync == known.name));
    chosen.flat_map(|known| known.change_sources.iter().map(|source| (known.name, *source))).collect()
}

/// The view of all changes. It lives as long as the program, as every component does.
static ALL_CHANGES: LazyLock<Component> = LazyLock::new(|| {
    let sql = row_changes::tables::view_of(&change_sources(None)).leak();
    Component { name: row_changes::ALL_CHANGES, migrations: vec![Migration { name: store::VIEW, sql }].leak() }
});

/// What the store has to hold for them, and for what they share.
pub fn components() -> Vec<Component> {
    let own = all().map(Registration::component).filter(|component| !component.migrations.is_empty());
    // Views are made of tables.
    let views = all().filter_map(|registration| registration.views);
    let shared = [films::COMPONENT, REPORTS, row_changes::COMPONENT];
    own.chain(shared).chain(views).chain([films::VIEWS, *ALL_CHANGES]).collect()
}

/// What `export` takes out of each upstream's tables, by its name; what several share and what the store has has none.
pub fn exports() -> impl Iterator<Item = (&'static str, &'static Exported)> {
    let own = all().flat_map(|registration| registration.exports.iter().map(|exported| (registration.name, exported)));
    let shared = films::EXPORTS.iter().chain(row_changes::EXPORTS).chain(exported::CORE);
    own.chain(shared.map(|exported| ("", exported)))
}

/// The commands that belong to no single upstream.
pub const SHARED_COMMANDS: &[CommandSpec] = films::COMMANDS;

/// Their parts of the page of `report`, then that of what they share.
pub fn report_sections() -> impl Iterator<Item = SectionsOf> {
    let shared: SectionsOf = films::report_sections;
    all().filter_map(|registration| registration.report).chain([shared])
}

/// The Chinese of their commands' help and of their messages, and of those they share.
pub fn chinese() -> impl Iterator<Item = &'static str> {
    all().map(|registration| registration.chinese).chain([films::CHINESE])
}

/// The messages in that language.
pub fn messages(language: Language) -> &'static Messages {
    static ENGLISH: LazyLock<Messages> = LazyLock::new(Messages::default);
    static CHINESE: LazyLock<Messages> = LazyLock::new(|| Messages::read(chinese()));
    match language {
        Language::En => &ENGLISH,
        Language::Zh => &CHINESE,
    }
}

/// Their own commands, then those they share.
pub fn commands() -> impl Iterator<Item = &'static CommandSpec> {
    all().flat_map(|registration| registration.commands).chain(SHARED_COMMANDS)
}

/// The label of a kind of pass; its own name where it has none.
pub fn sync_type_label(name: &str, language: Language) -> &str {
    let mut types = all().flat_map(|registration| registration.sync_types);
    types.find(|known| known.name == name).map_or(name, |known| known.label.label(language))
}
