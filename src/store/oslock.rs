//! The OS lock behind a lease: it only shortens the wait after a crash; safety comes from the token.
