//! The settings that are no upstream's own, with their defaults.

use std::path::PathBuf;

use serde::Deserialize;

use super::secret_ref::SecretRef;
use super::units::{ByteSize, Span};

/// The top of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub database: Option<PathBuf>,
    /// IANA name; `None` is the system's zone.
    pub time_zone: Option<String>,
    pub lang: Lang,
    pub log: LogSettings,
    pub records: RecordsSettings,
    pub http: HttpSettings,
    pub monitor: MonitorSettings,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    #[default]
    Auto,
    En,
    Zh,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    pub file: Option<PathBuf>,
    pub keep: Span,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordsSettings {
    pub keep: Span,
}

/// Defaults for every upstream; each `[<upstream>.http]` may override.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    pub connect_timeout: Span,
    pub read_timeout: Span,
    pub total_timeout: Span,
    pub max_body: ByteSize,
    pub retries: u32,
    pub backoff: Span,
    pub backoff_cap: Span,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MonitorSettings {
    pub metrics_file: Option<PathBuf>,
    pub ping_url: Option<SecretRef>,
    pub notify: Vec<Notify>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    pub kind: String,
    pub url: SecretRef,
    pub after: u32,
}

impl Default for Settings {
    fn default() -> Self {
        unimplemented!()
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        unimplemented!()
    }
}

impl Default for RecordsSettings {
    fn default() -> Self {
        unimplemented!()
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        unimplemented!()
    }
}
