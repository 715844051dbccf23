//! Answers of one line or a short list: what a command did.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Answer;
use super::json::ErrorPart;
use super::labels;
use super::tables::{render_pairs, render_table};
use crate::exit::Exit;
use crate::present::style::{Style, render_bytes, sanitize};
use crate::present::table::{Cell, Severity, Table, TableColumn};
use crate::upstreams::Failure;

/// An answer that has nothing to tell because there is no database yet.
#[derive(Debug)]
pub struct NoRunYet<'a, A> {
    pub database: &'a Path,
    /// What a program gets instead.
    pub empty: A,
}

/// The answer of `records read`.
#[derive(Clone, Copy, Debug)]
pub struct ReadAnswer {
    pub count: u64,
}

/// The answer of `records prune`.
#[derive(Clone, Copy, Debug)]
pub struct PruneAnswer {
    pub count: u64,
    pub is_dry_run: bool,
}

/// The answer of `backup`: the copy was checked, or there would be none.
#[derive(Debug)]
pub struct BackupAnswer {
    pub path: PathBuf,
    pub byte_count: u64,
}

/// The answer of `config init`.
#[derive(Debug)]
pub struct CreatedAnswer(pub PathBuf);

/// The answer of `config path`.
#[derive(Debug)]
pub struct PathsAnswer {
    pub config: Option<(PathBuf, &'static str)>,
    pub database: (PathBuf, &'static str),
}

/// The answer of `config check`: each part, and what is wrong with it.
#[derive(Debug)]
pub struct CheckAnswer {
    pub exit: Exit,
    pub parts: Vec<(String, Result<(), Failure>)>,
}

impl<A: Answer> Answer for NoRunYet<'_, A> {
    const IS_OUTCOME: bool = A::IS_OUTCOME;

    fn render_text(&self, style: &Style) -> String {
        no_run_yet(self.database, style) + "\n"
    }

    fn document(&self, style: &Style) -> impl Serialize {
        self.empty.document(style)
    }
}

/// The line that says so.
pub fn no_run_yet(database: &Path, style: &Style) -> String {
    labels::NO_RUN_YET.fill(style.language, &[&sanitize(&database.to_string_lossy())])
}

#[derive(Debug, Serialize)]
struct ReadDocument {
    schema: &'static str,
    read: u64,
}

impl Answer for ReadAnswer {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        labels::ALL_READ.fill(style.language, &[&self.count]) + "\n"
    }

    fn document(&self, _: &Style) -> impl Serialize {
        ReadDocument { schema: "tongbu.records-read/1", read: self.count }
    }
}

#[derive(Debug, Serialize)]
struct PruneDocument {
    schema: &'static str,
    dry_run: bool,
    pruned: u64,
}

impl Answer for PruneAnswer {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        let pruned = labels::PRUNED.fill(style.language, &[&self.count]);
        let dry_run = if self.is_dry_run { format!("{}\n", style.label(labels::DRY_RUN)) } else { String::new() };
        format!("{pruned}\n{dry_run}")
    }

    fn document(&self, _: &Style) -> impl Serialize {
        PruneDocument { schema: "tongbu.records-prune/1", dry_run: self.is_dry_run, pruned: self.count }
    }
}

#[derive(Debug, Serialize)]
struct BackupDocument<'a> {
    schema: &'static str,
    path: &'a Path,
    bytes: u64,
    integrity: &'static str,
}

impl Answer for BackupAnswer {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        let path = sanitize(&self.path.to_string_lossy());
        labels::BACKED_UP.fill(style.language, &[&path, &render_bytes(self.byte_count)]) + "\n"
    }

    fn document(&self, _: &Style) -> impl Serialize {
        BackupDocument { schema: "tongbu.backup/1", path: &self.path, bytes: self.byte_count, integrity: "ok" }
    }
}

#[derive(Debug, Serialize)]
struct CreatedDocument<'a> {
    schema: &'static str,
    path: &'a Path,
}

impl Answer for CreatedAnswer {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        labels::CREATED.fill(style.language, &[&sanitize(&self.0.to_string_lossy())]) + "\n"
    }

    fn document(&self, _: &Style) -> impl Serialize {
        CreatedDocument { schema: "tongbu.config-init/1", path: &self.0 }
    }
}

#[derive(Debug, Serialize)]
struct PathsDocument {
    schema: &'static str,
    config: Option<PathPart>,
    database: PathPart,
}

#[derive(Debug, Serialize)]
struct PathPart {
    path: String,
    named_by: &'static str,
    exists: bool,
}

impl Answer for PathsAnswer {
    fn render_text(&self, style: &Style) -> String {
        let value = |(path, named_by): &(PathBuf, &str)| format!("{} ({named_by})", sanitize(&path.to_string_lossy()));
        let config = self.config.as_ref().map_or_else(|| style.label(labels::NONE).to_owned(), value);
        let pairs =
            [(style.label(labels::CONFIGURATION), config), (style.label(labels::DATABASE), value(&self.database))];
        render_pairs(&pairs)
    }

    fn document(&self, _: &Style) -> impl Serialize {
        let part = |(path, named_by): &(PathBuf, &'static str)| PathPart {
            path: path.to_string_lossy().into_owned(),
            named_by,
            exists: path.exists(),
        };
        PathsDocument {
            schema: "tongbu.config-path/1",
            config: self.config.as_ref().map(part),
            database: part(&self.database),
        }
    }
}

#[derive(Debug, Serialize)]
struct CheckDocument<'a> {
    schema: &'static str,
    exit_code: u8,
    exit_name: &'static str,
    parts: Vec<CheckPart<'a>>,
}

#[derive(Debug, Serialize)]
struct CheckPart<'a> {
    name: &'a str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorPart<'a>>,
}

impl Answer for CheckAnswer {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        let mut table = Table::new(vec![
            TableColumn::text(style.label(labels::COMPONENT)),
            TableColumn::text(style.label(labels::STATE)),
            TableColumn::text(style.label(labels::MESSAGE)).hidden_when_blank(),
        ]);
        for (name, outcome) in &self.parts {
            let state = match outcome {
                Ok(()) => Cell::with_severity(style.label(labels::FINE), Severity::Good),
                Err(_) => Cell::with_severity(style.label(labels::ERROR), Severity::Bad),
            };
            let message = outcome.as_ref().err().map(render_chain).unwrap_or_default();
            table.push(vec![sanitize(name).into(), state, message.into()]);
        }
        render_table(table, style)
    }

    fn document(&self, style: &Style) -> impl Serialize {
        fn part<'a>((name, outcome): &'a (String, Result<(), Failure>), style: &Style) -> CheckPart<'a> {
            let error = outcome.as_ref().err().map(|failure| ErrorPart::new(failure, None, style));
            CheckPart { name, ok: outcome.is_ok(), error }
        }
        CheckDocument {
            schema: "tongbu.config-check/1",
            exit_code: self.exit.code(),
            exit_name: self.exit.name(),
            parts: self.parts.iter().map(|checked| part(checked, style)).collect(),
        }
    }
}

fn render_chain(failure: &Failure) -> String {
    let texts = std::iter::once(&failure.message).chain(&failure.causes);
    texts.map(|text| sanitize(text)).collect::<Vec<_>>().join(": ")
}
