//! `version`: which program this is.

use schemars::JsonSchema;
use serde::Serialize;

use super::session::Session;
use crate::exit::Exit;
use crate::present::{DocumentSchema, Done, Text, text};
use crate::store::Store;

pub const SCHEMA: DocumentSchema = DocumentSchema::of::<VersionDocument>("tongbu.version/1", "version");

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// See `build.rs`.
const COMMIT: Option<&str> = option_env!("TONGBU_COMMIT");

const LINE: Text = text("tongbu {} with SQLite {}", "tongbu {}，SQLite {}");

#[derive(Serialize, JsonSchema)]
struct VersionDocument {
    version: &'static str,
    /// `null` where the build did not know it.
    commit: Option<&'static str>,
    sqlite: &'static str,
}

/// The version with the commit where that is known.
pub fn with_commit() -> String {
    COMMIT.map_or_else(|| VERSION.to_owned(), |commit| format!("{VERSION} ({commit})"))
}

pub fn cmd_version(session: &Session) -> Exit {
    let sqlite = Store::engine_version();
    let document = VersionDocument { version: VERSION, commit: COMMIT, sqlite };
    session.ui.output(&Done::new(SCHEMA, document).sentence(LINE, &[&with_commit(), &sqlite]));
    Exit::Ok
}
