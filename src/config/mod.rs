//! Settings from a TOML file, the environment and defaults, and who wins.
//!
//! [`load`] finds and reads the file; [`Config::section`] gives an upstream its own part, typed. The environment
//! ([`env`]) wins over the file, the file over the defaults. Unknown keys are errors that name the nearest known one.
//! Secrets are references ([`SecretRef`]) that are resolved where they are used.
//!
//! A relative path in the file starts at the file's directory. What holds a path is known by its key: `database`,
//! `file`, or a name that ends in `_file`; `{ file = "…" }` of a secret is such a key too.

pub mod bounds;
mod describe;
mod document;
pub mod env;
mod error;
mod explain;
mod language;
mod layers;
mod load;
mod locate;
mod mistakes;
mod nearest;
mod resolve;
mod secret_ref;
mod settings;
mod starter;
mod template;
mod units;

pub use self::describe::Setting;
pub use self::document::names_section;
pub use self::error::{Error, Place, fill_in};
pub use self::language::{Lang, early_language, locale_charset, locale_language};
pub use self::load::{Config, inspect, load};
pub use self::locate::{Located, is_server, locate_config, locate_new_config, named_database, refuse_password};
pub use self::nearest::{choices, nearest, suggestion};
pub use self::secret_ref::{SecretOrPlain, SecretRef};
pub use self::settings::{
    HttpSettings, LogSettings, MonitorSettings, Notify, NotifyKind, RecordsSettings, Settings, Unread,
};
pub use self::starter::{load_text, starter};
pub use self::template::{Section, template, write_template};
pub use self::units::{ByteSize, Span};

#[cfg(test)]
mod tests;
