//! A request for a lock as the writer thread gets it.

use std::time::Duration;

use crate::store::evidence::Evidence;
use crate::store::records::types::RecordId;

/// A [`LeaseRequest`](super::types::LeaseRequest) that can go to the writer thread.
#[derive(Clone)]
pub(in crate::store) struct AcquireRequest {
    pub(super) name: String,
    pub(super) ttl: Duration,
    pub(super) trace_id: String,
    pub(super) record: Option<RecordId>,
    pub(super) has_own_rows: bool,
    pub(super) evidence: Evidence,
}
