//! `restore FILE`.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::Error;
use super::session::{LogTo, Session};
use crate::exit::Exit;
use crate::present::style::{render_bytes, sanitize};
use crate::present::{DocumentSchema, Done, Text, text};
use crate::store::{Mode, Restored, Store};

pub const SCHEMA: DocumentSchema = DocumentSchema::of::<RestoreDocument>("tongbu.restore/1", "restore");

const RESTORED: Text = text("checked and restored `{}`: {}", "已校验并恢复 `{}`：{}");
const KEPT: Text = text("the database before is `{}`", "恢复前的数据库保存为 `{}`");
const NEXT: Text = text(
    "next: `tongbu status`, then `tongbu sync all --force`, which reads what came since the backup",
    "下一步：先运行 `tongbu status`，再运行 `tongbu sync all --force` 以读取备份之后的数据",
);

/// What to restore.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// A copy that `tongbu backup` made; it stays
    file: PathBuf,
    /// Also where there is a database, which is then kept beside the new one
    #[arg(long)]
    force: bool,
}

/// Makes the copy the database.
pub fn cmd_restore(session: &mut Session, args: &RestoreArgs) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let database = session.database_file(&config)?;
    let restored = Store::restore(&database, &args.file, args.force, session.store_options(Mode::ReadWrite))?;
    session.ui.output(&output(database, restored));
    Ok(Exit::Ok)
}

/// What is the database now; it was checked, or nothing would have changed.
#[derive(Serialize, JsonSchema)]
struct RestoreDocument {
    path: PathBuf,
    bytes: u64,
    integrity: &'static str,
    /// Where the database that was replaced is; null where there was none.
    kept: Option<PathBuf>,
}

fn output(path: PathBuf, Restored { bytes, kept }: Restored) -> Done<RestoreDocument> {
    let [shown, aside] = [Some(&path), kept.as_ref()].map(|path| path.map(|path| sanitize(&path.to_string_lossy())));
    let mut done = Done::new(SCHEMA, RestoreDocument { path, bytes, integrity: "ok", kept });
    done = done.sentence(RESTORED, &[&shown.unwrap_or_default(), &render_bytes(bytes)]);
    if let Some(aside) = aside {
        done = done.sentence(KEPT, &[&aside]);
    }
    done.sentence(NEXT, &[])
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::output;
    use crate::store::Restored;
    use crate::ui::{injection_tests, snapshots};

    #[test]
    fn a_restored_database_is_shown_with_what_to_do_next() {
        let restored = Restored { bytes: 1_600_000, kept: Some("/data/tongbu.db.before".into()) };
        assert_snapshot!(snapshots::render_everything(&output("/data/tongbu.db".into(), restored)));
    }

    #[test]
    fn hostile_paths_are_harmless() {
        injection_tests::check_output(|text| {
            Box::new(output(text.into(), Restored { bytes: 1, kept: Some(text.into()) }))
        });
    }
}
