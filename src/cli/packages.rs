//! `packages import | list | remove`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::error::Error;
use super::session::{LogTo, Session};
use crate::exit::Exit;
use crate::store::Mode;
use crate::ui::packages::{ImportAnswer, PackagesAnswer, RemovedAnswer};
use crate::upstreams::tasks::packages::{ImportError, plan_import, read_csv};
use crate::upstreams::tasks::tables;

/// The lock of what changes packages.
const LOCK: &str = "tasks/packages";

/// More cells that cannot be read than these are counted, not listed.
const LISTED_CELLS: usize = 10;

/// What to do with lead packages.
#[derive(Debug, Subcommand)]
pub enum PackagesArgs {
    /// Bring packages in from a CSV file: all of its rows, or none
    ///
    /// The first line names the columns, in English or in Chinese: `code` (`编码`), `name` (`名称`), `source` (`来源`),
    /// `region` (`地区`), `grade` (`年级`), `valid_leads` (`有效数`), `cost_per_lead` (`单价`). Only the code is needed;
    /// what the file has no column for stays as it is stored. The file is UTF-8, UTF-16 with a byte order mark, or GBK.
    Import(ImportArgs),
    /// All packages, by code
    List,
    /// Remove a package; its values stay in the database, and tasks matched by hand to it fail from then on
    Remove(RemoveArgs),
}

/// Which file to read.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The CSV file
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

/// Which package to remove.
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// Its code
    code: String,
}

/// Answers one of the `packages` commands.
pub fn cmd_packages(session: &mut Session, args: &PackagesArgs) -> Result<Exit, Error> {
    match args {
        PackagesArgs::Import(args) => cmd_import(session, args),
        PackagesArgs::List => session.answer_from_store(Mode::ReadOnly, PackagesAnswer(Vec::new()), |_, _, store| {
            Ok(PackagesAnswer(store.read(tables::load_packages)?))
        }),
        PackagesArgs::Remove(args) => cmd_remove(session, &args.code),
    }
}

fn cmd_import(session: &mut Session, args: &ImportArgs) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let bytes = std::fs::read(&args.file).map_err(|source| Error::Read { path: args.file.clone(), source })?;
    let import = read_csv(&bytes).map_err(|error| unreadable(args, &error))?;
    let (unknown_headers, encoding) = (import.unknown_headers.clone(), import.encoding);
    let mode = if args.dry_run { Mode::DryRun } else { Mode::ReadWrite };
    let store = session.open(&session.database(&config)?, mode)?;
    let at = session.ui.clock().now();
    let plan = store.write_under_lock(LOCK, move |w| {
        let codes: Vec<String> = import.packages.iter().map(|package| package.code.clone()).collect();
        let stored = tables::load_stored_packages(w, codes.iter().map(String::as_str))?;
        let plan = plan_import(import, &stored);
        for package in &plan.saves {
            tables::save_package(w, package, at)?;
        }
        Ok::<_, Error>(plan)
    })?;
    session.ui.answer(&ImportAnswer {
        new_count: plan.new_count,
        updated_count: plan.updated_count,
        unchanged_count: plan.unchanged_count,
        unknown_headers,
        encoding,
        is_dry_run: args.dry_run,
    });
    Ok(Exit::Ok)
}

fn cmd_remove(session: &mut Session, code: &str) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let missing = no_package(code);
    let Some(store) = session.open_existing(&session.database(&config)?, Mode::ReadWrite)? else {
        return Err(missing);
    };
    let at = session.ui.clock().now();
    let wanted = code.to_owned();
    let task_count = store.write_under_lock(LOCK, move |w| {
        if !tables::delete_package(w, &wanted, at)? {
            return Err(missing);
        }
        Ok(tables::count_manual_matches(w, &wanted)?)
    })?;
    session.ui.answer(&RemovedAnswer { code: code.to_owned(), task_count });
    Ok(Exit::Ok)
}

/// There is no package of that code.
pub fn no_package(code: &str) -> Error {
    Error::Usage {
        message: format!("there is no package `{code}` (数据包不存在)"),
        hint: "see `tongbu packages list`".to_owned(),
    }
}

fn unreadable(args: &ImportArgs, error: &ImportError) -> Error {
    let hint = match error {
        ImportError::Cells { errors } => {
            let listed = errors.iter().take(LISTED_CELLS).map(ToString::to_string).collect::<Vec<_>>().join("; ");
            format!("correct the file, nothing was imported: {listed}")
        }
        ImportError::Encoding | ImportError::Header { .. } | ImportError::Length { .. } | ImportError::Csv { .. } => {
            "correct the file, nothing was imported; `tongbu packages import --help` lists the columns".to_owned()
        }
    };
    Error::Usage { message: format!("cannot import `{}`: {error}", args.file.display()), hint }
}
