//! `backup FILE`.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::Error;
use super::session::{LogTo, Session};
use crate::exit::Exit;
use crate::present::style::{render_bytes, sanitize};
use crate::present::{DocumentSchema, Done, Text, text};
use crate::store::Store;

pub const SCHEMA: DocumentSchema = DocumentSchema::of::<BackupDocument>("tongbu.backup/1", "backup");

const SAVED: Text = text("saved and checked `{}`: {}", "已保存并校验 `{}`：{}");

/// Where the copy goes.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The copy; must not exist yet
    file: PathBuf,
}

/// Copies the database, which others may write meanwhile.
pub fn cmd_backup(session: &mut Session, args: &BackupArgs) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let database = session.database(&config)?;
    let byte_count = Store::back_up(&database, &args.file)?;
    session.ui.output(&saved(args.file.clone(), byte_count));
    Ok(Exit::Ok)
}

/// The copy; it was checked, or there would be none.
#[derive(Serialize, JsonSchema)]
struct BackupDocument {
    path: PathBuf,
    bytes: u64,
    integrity: &'static str,
}

fn saved(path: PathBuf, bytes: u64) -> Done<BackupDocument> {
    let shown = sanitize(&path.to_string_lossy());
    Done::new(SCHEMA, BackupDocument { path, bytes, integrity: "ok" }).sentence(SAVED, &[&shown, &render_bytes(bytes)])
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::saved;
    use crate::ui::{injection_tests, snapshots};

    #[test]
    fn a_backup_is_shown_with_its_size() {
        assert_snapshot!(snapshots::render_everything(&saved("/backup/tongbu.db".into(), 1_600_000)));
    }

    #[test]
    fn hostile_paths_are_harmless() {
        injection_tests::check_output(|text| Box::new(saved(text.into(), 1)));
    }
}
