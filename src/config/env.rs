//! Every environment variable tongbu reads, and the only place that reads them.

/// The configuration file, where `--config` is not given.
pub const TONGBU_CONFIG: &str = "TONGBU_CONFIG";
/// The database file, where `--db` is not given.
pub const TONGBU_DB: &str = "TONGBU_DB";
