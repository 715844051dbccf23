//! Where the configuration and the database are.

use std::path::{Path, PathBuf};

use super::{Config, Error};

/// A path and what named it (`--db`, `TONGBU_DB`, the configuration, the default).
#[derive(Clone, Debug)]
pub struct Located {
    pub path: PathBuf,
    pub named_by: &'static str,
}

/// The configuration file: `--config`, `TONGBU_CONFIG`, `$XDG_CONFIG_HOME/tongbu/config.toml` (or below `~/.config`),
/// `/etc/tongbu/config.toml`; the first two need not exist yet, of the others the first that does.
pub fn locate_config(_explicit: Option<&Path>) -> Option<Located> {
    unimplemented!()
}

/// The database file: `--db`, `TONGBU_DB`, the configuration, `$XDG_STATE_HOME/tongbu/tongbu.db` (or below
/// `~/.local/state`).
pub fn locate_database(_explicit: Option<&Path>, _config: &Config) -> Result<Located, Error> {
    unimplemented!()
}
