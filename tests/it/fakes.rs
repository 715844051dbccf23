//! The fakes themselves: what the other tests rely on.
