//! How a run begins and ends.
