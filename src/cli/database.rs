//! `database copy FROM TO`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;

use super::error::Error;
use super::session::{LogTo, Session};
use crate::config;
use crate::exit::Exit;
use crate::present::style::sanitize;
use crate::present::{DocumentSchema, Done, Text, text};
use crate::store::{Copied, Location, Mode, Store};

pub const SCHEMA: DocumentSchema = DocumentSchema::of::<CopyDocument>("tongbu.copy/1", "database copy");

const COPIED: Text = text("copied into `{}` and compared: tables {}, rows {}", "已复制到 `{}` 并比对：表 {}，行 {}");
const NEXT: Text = text(
    "next: name it in `database` of the configuration, then `tongbu status`",
    "下一步：在配置的 `database` 中写上它，再运行 `tongbu status`",
);

/// What to do with databases.
#[derive(Debug, Subcommand)]
pub enum DatabaseArgs {
    /// Copy everything into a new database, on a server or in a file
    Copy(CopyArgs),
}

/// From where to where.
#[derive(Debug, Args)]
pub struct CopyArgs {
    /// The database to copy: a file, or the address of a server; it stays
    from: PathBuf,
    /// The new one, in which nothing was stored yet
    to: PathBuf,
}

/// Runs one of the `database` commands.
pub fn cmd_database(session: &mut Session, args: DatabaseArgs) -> Result<Exit, Error> {
    let DatabaseArgs::Copy(CopyArgs { from, to }) = args;
    let config = session.load_config(LogTo::FlagOnly)?;
    let place = |path: PathBuf| {
        config::refuse_password("the command line", &path)?;
        Session::locate(path, &config)
    };
    let (from, to) = (place(from)?, place(to)?);
    let copied = Store::copy(&from, &to, &session.store_options(Mode::ReadWrite))?;
    session.ui.output(&output(&to, copied));
    Ok(Exit::Ok)
}

/// What the new database holds; it was compared, or there would be none.
#[derive(Serialize, JsonSchema)]
struct CopyDocument {
    /// The path or the address.
    database: String,
    tables: u64,
    rows: u64,
}

fn output(to: &Location, Copied { tables, rows }: Copied) -> Done<CopyDocument> {
    let shown = sanitize(&to.to_string());
    let done = Done::new(SCHEMA, CopyDocument { database: to.to_string(), tables, rows });
    done.sentence(COPIED, &[&shown, &tables.to_string(), &rows.to_string()]).sentence(NEXT, &[])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use insta::assert_snapshot;

    use super::output;
    use crate::store::Copied;
    use crate::ui::{injection_tests, snapshots};

    #[test]
    fn a_copy_is_shown_with_its_rows() {
        let copied = output(&Path::new("/srv/tongbu.db").into(), Copied { tables: 24, rows: 6_234 });
        assert_snapshot!(snapshots::render_everything(&copied));
    }

    #[test]
    fn foreign_text_stays_harmless() {
        injection_tests::check_output(|text| Box::new(output(&Path::new(text).into(), Copied { tables: 1, rows: 2 })));
    }
}
