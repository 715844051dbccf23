//! The benchmarks of the pure parts, each a file beside this one.
