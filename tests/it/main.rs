//! What the parts do together, and against a world that does not behave.

mod http;
