//! Settings from a TOML file, the environment and defaults, and who wins.
//!
//! [`load`] finds and reads the file; [`Config::section`] gives an upstream its own part, typed. Unknown keys are errors
//! that name the nearest known one. Secrets are references ([`SecretRef`]) that are resolved where they are used.

pub mod env;
mod error;
mod locate;
mod secret_ref;
mod settings;
mod units;

pub use self::error::Error;
pub use self::locate::{Located, locate_config, locate_database};
pub use self::secret_ref::SecretRef;
pub use self::settings::{HttpSettings, Lang, LogSettings, MonitorSettings, Notify, RecordsSettings, Settings};
pub use self::units::{ByteSize, Span};

use std::path::Path;

use serde::de::DeserializeOwned;

/// The loaded configuration.
#[derive(Clone, Debug)]
pub struct Config {}

/// Reads the configuration. `explicit` is `--config`: a file that must exist. `sections` are the names of the upstreams,
/// so that a misspelled section is found.
pub fn load(_explicit: Option<&Path>, _sections: &[&str]) -> Result<Config, Error> {
    unimplemented!()
}

impl Config {
    /// The file it came from; `None` where there is none and defaults hold.
    pub fn path(&self) -> Option<&Path> {
        unimplemented!()
    }

    /// What is not an upstream's.
    pub fn settings(&self) -> &Settings {
        unimplemented!()
    }

    /// Whether the section is there at all.
    pub fn has_section(&self, _name: &str) -> bool {
        unimplemented!()
    }

    /// An upstream's part, with defaults for what is missing. `[http]` is laid under the section's own `http` table, so
    /// `T` may hold `#[serde(default)] http: HttpSettings`.
    pub fn section<T: DeserializeOwned>(&self, _name: &str) -> Result<T, Error> {
        unimplemented!()
    }
}
