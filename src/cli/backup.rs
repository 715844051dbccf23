//! `backup FILE`.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::Error;
use super::session::{LogTo, Session};
use crate::exit::Exit;
use crate::present::style::{render_bytes, sanitize};
use crate::present::{Block, DocumentSchema, Json, Output, Style, Text, text};
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
    session.ui.output(&BackupOutput { path: args.file.clone(), byte_count });
    Ok(Exit::Ok)
}

/// The copy; it was checked, or there would be none.
#[derive(Debug)]
struct BackupOutput {
    path: PathBuf,
    byte_count: u64,
}

#[derive(Serialize, JsonSchema)]
struct BackupDocument {
    path: PathBuf,
    bytes: u64,
    integrity: &'static str,
}

impl Output for BackupOutput {
    fn schema(&self) -> &DocumentSchema {
        &SCHEMA
    }

    fn is_quiet_on_success(&self) -> bool {
        true
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let path = sanitize(&self.path.to_string_lossy());
        vec![Block::Line(SAVED.fill(style.language, &[&path, &render_bytes(self.byte_count)]))]
    }

    fn json(&self, _: &Style) -> Json {
        Json::of(&BackupDocument { path: self.path.clone(), bytes: self.byte_count, integrity: "ok" })
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::BackupOutput;
    use crate::ui::{injection_tests, snapshots};

    #[test]
    fn a_backup_is_shown_with_its_size() {
        let output = BackupOutput { path: "/backup/tongbu.db".into(), byte_count: 1_600_000 };
        assert_snapshot!(snapshots::render_everything(&output));
    }

    #[test]
    fn hostile_paths_are_harmless() {
        injection_tests::check_output(|text| Box::new(BackupOutput { path: text.into(), byte_count: 1 }));
    }
}
