//! `backup FILE | DIR`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::Error;
use super::session::{LogTo, Session};
use super::values;
use crate::exit::Exit;
use crate::present::style::{render_bytes, sanitize};
use crate::present::{DocumentSchema, Done, Text, text};
use crate::store::{Mode, Store, StoredCopy};

pub const SCHEMA: DocumentSchema = DocumentSchema::of::<BackupDocument>("tongbu.backup/1", "backup");

const SAVED: Text = text("saved and checked `{}`: {}", "已保存并校验 `{}`：{}");
const DELETED: Text = text("deleted the older `{}`", "已删除较旧的 `{}`");

/// Where the copy goes.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The copy, which must not exist yet; or a directory, which gets a copy named by the time
    #[arg(value_name = "FILE|DIR")]
    target: PathBuf,
    /// Then delete the oldest copies of such names in the directory, until N are left
    #[arg(long, value_name = "N", value_parser = values::copies)]
    keep: Option<NonZeroUsize>,
}

/// Copies the database, which others may write meanwhile.
pub fn cmd_backup(session: &mut Session, args: &BackupArgs) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let database = session.database(&config)?;
    let options = session.store_options(Mode::ReadOnly);
    let target = &args.target;
    let copy = if target.is_dir() {
        Store::back_up_into(&database, target, args.keep.map(NonZeroUsize::get), &options)?
    } else if args.keep.is_some() {
        return Err(Error::Usage {
            message: format!("`{}` is no directory: `--keep` goes with one", target.display()),
            hint: "make the directory first, or leave out `--keep`".to_owned(),
        });
    } else {
        StoredCopy { path: target.clone(), bytes: Store::back_up(&database, target, &options)?, deleted: Vec::new() }
    };
    session.ui.output(&saved(copy));
    Ok(Exit::Ok)
}

/// The copy; it was checked, or there would be none.
#[derive(Serialize, JsonSchema)]
struct BackupDocument {
    path: PathBuf,
    bytes: u64,
    integrity: &'static str,
    /// The older copies that `--keep` deleted.
    deleted: Vec<PathBuf>,
}

fn saved(copy: StoredCopy) -> Done<BackupDocument> {
    let StoredCopy { path, bytes, deleted } = copy;
    let lines: Vec<String> = deleted.iter().map(|path| sanitize(&path.to_string_lossy())).collect();
    let shown = sanitize(&path.to_string_lossy());
    let done = Done::new(SCHEMA, BackupDocument { path, bytes, integrity: "ok", deleted });
    let done = done.sentence(SAVED, &[&shown, &render_bytes(bytes)]);
    lines.iter().fold(done, |done, line| done.sentence(DELETED, &[line]))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::saved;
    use crate::store::StoredCopy;
    use crate::ui::{injection_tests, snapshots};

    #[test]
    fn a_backup_is_shown_with_its_size() {
        let copy = StoredCopy { path: "/backup/b.db".into(), bytes: 1_600_000, deleted: vec!["/backup/a.db".into()] };
        assert_snapshot!(snapshots::render_everything(&saved(copy)));
    }

    #[test]
    fn hostile_paths_are_harmless() {
        injection_tests::check_output(|text| {
            Box::new(saved(StoredCopy { path: text.into(), bytes: 1, deleted: vec![text.into()] }))
        });
    }
}
