//! The settings that are no upstream's own, with their defaults.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::bounds;
use super::language::Lang;
use super::secret_ref::SecretRef;
use super::units::{ByteSize, FileMode, Span};

const DAY_SECONDS: u64 = 86_400;

/// Consecutive failures before a notification, where `after` is not given.
const NOTIFY_AFTER: u32 = 3;

/// The top of the file. Unknown keys beside these and the sections are refused in [`super::load`].
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Settings {
    /// A file, or the address of a server.
    pub database: Option<PathBuf>,
    /// The password for that server.
    pub database_password: Option<SecretRef>,
    /// The rights to the database file and to those beside it; `None` leaves them as they are, 0600 for a new file.
    pub database_mode: Option<FileMode>,
    /// IANA name; `None` is the system's zone.
    pub time_zone: Option<String>,
    pub lang: Lang,
    pub log: LogSettings,
    pub records: RecordsSettings,
    pub history: HistorySettings,
    pub http: HttpSettings,
    pub monitor: MonitorSettings,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    pub file: Option<PathBuf>,
    #[serde(deserialize_with = "bounds::span::<{ bounds::HOUR }, { 10 * bounds::YEAR }, _>")]
    pub keep: Span,
    #[serde(deserialize_with = "bounds::size::<1_024, { 1 << 40 }, _>")]
    pub max_size: ByteSize,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordsSettings {
    #[serde(deserialize_with = "bounds::span::<0, { 10 * bounds::YEAR }, _>")]
    pub keep: Span,
    pub unread: Unread,
}

/// How long trends stay, and the changes that they do not need.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistorySettings {
    #[serde(deserialize_with = "bounds::span::<{ bounds::DAY }, { 100 * bounds::YEAR }, _>")]
    pub keep: Span,
    #[serde(deserialize_with = "bounds::span::<{ bounds::DAY }, { 100 * bounds::YEAR }, _>")]
    pub changes: Span,
}

/// Which records count as unread until somebody has marked them.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Unread {
    /// Those that failed, in part or as a whole, died, or had deletions withheld.
    #[default]
    Failures,
    All,
}

/// Defaults for every upstream; each `[<upstream>.http]` may override.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    #[serde(deserialize_with = "bounds::span::<1, { bounds::HOUR }, _>")]
    pub connect_timeout: Span,
    /// To the first byte, and between two.
    #[serde(deserialize_with = "bounds::span::<1, { bounds::HOUR }, _>")]
    pub read_timeout: Span,
    /// From the request to the last byte of the body.
    #[serde(deserialize_with = "bounds::span::<1, { bounds::DAY }, _>")]
    pub total_timeout: Span,
    /// Of decoded bytes.
    #[serde(deserialize_with = "bounds::size::<1_024, { 1 << 40 }, _>")]
    pub max_body: ByteSize,
    /// Further tries after the first.
    #[serde(deserialize_with = "bounds::count::<0, 100, _, _>")]
    pub retries: u32,
    /// Before the first retry; doubled each time, with jitter.
    #[serde(deserialize_with = "bounds::span::<0, { bounds::HOUR }, _>")]
    pub backoff: Span,
    #[serde(deserialize_with = "bounds::span::<0, { bounds::DAY }, _>")]
    pub backoff_cap: Span,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MonitorSettings {
    pub metrics_file: Option<PathBuf>,
    pub ping_url: Option<SecretRef>,
    /// The oldest entry of a queue may be this old before receivers are notified.
    #[serde(deserialize_with = "bounds::span_if_any::<1, { bounds::YEAR }, _>")]
    pub max_queue_age: Option<Span>,
    /// More dead letters than these are notified.
    #[serde(deserialize_with = "bounds::count_if_any::<0, 1_000_000_000, _, _>")]
    pub max_dead_letters: Option<u64>,
    pub notify: Vec<Notify>,
}

/// One receiver of notifications about failures and recoveries.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    pub kind: NotifyKind,
    /// Where to send it: an address, for [`NotifyKind::Email`] that of the mail server, for [`NotifyKind::Command`] the
    /// command line to run. Addresses carry their credential, so it is always a reference.
    pub url: SecretRef,
    /// What signs the messages, where the robot wants them signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretRef>,
    /// The sender of a mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The receivers of a mail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Consecutive failures before it is notified.
    #[serde(default = "notify_after", deserialize_with = "bounds::count::<1, 1000, _, _>")]
    pub after: u32,
}

/// In whose form a notification is sent.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, Hash, ValueEnum, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum NotifyKind {
    Webhook,
    Dingtalk,
    Feishu,
    Wecom,
    Slack,
    Email,
    Command,
}

impl MonitorSettings {
    /// Whether any limit is set.
    pub const fn has_limits(&self) -> bool {
        self.max_queue_age.is_some() || self.max_dead_letters.is_some()
    }
}

impl NotifyKind {
    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { file: None, keep: Span::from_secs(14 * DAY_SECONDS), max_size: ByteSize(64 << 20) }
    }
}

impl Default for RecordsSettings {
    fn default() -> Self {
        Self { keep: Span::from_secs(30 * DAY_SECONDS), unread: Unread::default() }
    }
}

impl Default for HistorySettings {
    fn default() -> Self {
        Self { keep: Span::from_secs(3650 * DAY_SECONDS), changes: Span::from_secs(365 * DAY_SECONDS) }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Span::from_secs(5),
            read_timeout: Span::from_secs(15),
            total_timeout: Span::from_secs(5 * 60),
            max_body: ByteSize(2 << 30),
            retries: 3,
            backoff: Span::from_secs(2),
            backoff_cap: Span::from_secs(60),
        }
    }
}

const fn notify_after() -> u32 {
    NOTIFY_AFTER
}
