//! Renews held leases while nothing is written.
