//! Where each scope's next pass resumes.

use jiff::Timestamp;

use super::{Error, Reader, Writer};

/// One row of `sync_cursors`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScopeState {
    pub scope: String,
    /// The upstream's own resume point; its shape is the upstream's affair.
    pub cursor: Option<serde_json::Value>,
    pub last_success_at: Option<Timestamp>,
    pub record_count: Option<u64>,
    /// Hex digest of the whole set at the last complete read.
    pub digest: Option<String>,
    /// No request before this instant: the upstream asked for it.
    pub not_before: Option<Timestamp>,
}

/// The state of a scope; a scope never seen has a default one with its name.
pub fn load_state(_r: &Reader<'_>, _scope: &str) -> Result<ScopeState, Error> {
    unimplemented!()
}

/// Every scope's state whose name begins with `prefix`.
pub fn load_states(_r: &Reader<'_>, _prefix: &str) -> Result<Vec<ScopeState>, Error> {
    unimplemented!()
}

/// Replaces the scope's state. Call it in the transaction that stored what the cursor stands for.
pub fn save_state(_w: &Writer<'_>, _state: &ScopeState) -> Result<(), Error> {
    unimplemented!()
}
