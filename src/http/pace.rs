//! Spreads requests over time.
