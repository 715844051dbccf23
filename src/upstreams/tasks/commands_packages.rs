//! `packages import | list | remove`.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::packages::{ImportError, Package, read_csv};
use super::tables;
use crate::error::Class;
use crate::present::{
    Block, Column, DocumentSchema, Json, ListingSpec, Output, Style, Text, listing, sanitize, text, words,
};
use crate::store::{Mode, cursors};
use crate::upstreams::command::{Answer, Command, CommandContext, CommandSpec, PartArgs};
use crate::upstreams::mirror::WriteMeta;
use crate::upstreams::{Error, UpstreamSpecific};

/// The lock of what changes packages: also the scope that fetches them. What it knows of the answer that is stored does
/// not hold any more once a person changes them.
const LOCK: &str = "tasks/packages";

/// More cells that cannot be read than these are counted, not listed.
const LISTED_CELLS: usize = 10;

pub const GROUP: CommandSpec = CommandSpec::group(
    "packages",
    "The lead packages that tasks are matched to",
    "  tongbu packages import packages.csv\n  tongbu packages list",
    &[CommandSpec::command::<ImportArgs>(), CommandSpec::command::<ListArgs>(), CommandSpec::command::<RemoveArgs>()],
);

/// Bring packages in from a CSV file: all of its rows, or none
///
/// The first line names the columns, in English or in Chinese: `code` (`编码`), `name` (`名称`), `source` (`来源`),
/// `region` (`地区`), `grade` (`年级`), `valid_leads` (`有效数`), `cost_per_lead` (`单价`). Only the code is needed;
/// what the file has no column for stays as it is stored. The file is UTF-8, UTF-16 with a byte order mark, or GBK.
#[derive(Debug, Args)]
struct ImportArgs {
    /// The CSV file
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

/// All packages, by code
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    part: PartArgs,
}

/// Remove a package; its values stay in the database, and tasks matched by hand to it fail from then on
#[derive(Debug, Args)]
struct RemoveArgs {
    /// Its code
    code: String,
}

impl Command for ImportArgs {
    const NAME: &'static str = "import";
    const EXAMPLES: &'static str =
        "  tongbu packages import packages.csv --dry-run\n  tongbu packages import packages.csv";
    const OUTPUTS: &'static [DocumentSchema] = &[IMPORTED];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let bytes = std::fs::read(&self.file).map_err(|source| unreadable_file(&self.file, source))?;
        let import = read_csv(&bytes).map_err(|error| unreadable_rows(&self.file, &error))?;
        let (unknown_columns, encoding) = (import.unknown_headers.clone(), import.encoding);
        let store = context.open(if self.dry_run { Mode::DryRun } else { Mode::ReadWrite })?;
        let meta = WriteMeta::by_person(context.clock);
        let plan = store.write_under_lock(LOCK, move |w| {
            cursors::forget(w, LOCK)?;
            Ok::<_, Error>(tables::save_import(w, import, &meta)?)
        })?;
        let imported = Imported {
            dry_run: self.dry_run,
            total: plan.new_count + plan.updated_count + plan.unchanged_count,
            new: plan.new_count,
            updated: plan.updated_count,
            unchanged: plan.unchanged_count,
            unknown_columns,
            encoding,
        };
        Ok(imported.into())
    }
}

impl Command for ListArgs {
    const NAME: &'static str = "list";
    const EXAMPLES: &'static str = "  tongbu packages list --json";
    const OUTPUTS: &'static [DocumentSchema] = &[Package::SCHEMA];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let part = self.part;
        context.answer(Mode::ReadOnly, part.cut(Vec::new())?, |store| part.cut(store.read(tables::load_packages)?))
    }
}

impl Command for RemoveArgs {
    const NAME: &'static str = "remove";
    const EXAMPLES: &'static str = "  tongbu packages remove 禹州-1015A-高三-5000";
    const OUTPUTS: &'static [DocumentSchema] = &[REMOVED];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let store = context.open_existing(Mode::ReadWrite)?.ok_or_else(|| no_package(&self.code))?;
        let meta = WriteMeta::by_person(context.clock);
        let removed = store.write_under_lock(LOCK, move |w| {
            if !tables::delete_package(w, &self.code, &meta)? {
                return Err(no_package(&self.code));
            }
            cursors::forget(w, LOCK)?;
            Ok(Removed { matched_by_hand: tables::count_manual_matches(w, &self.code)?, removed: self.code })
        })?;
        Ok(removed.into())
    }
}

/// There is no package of that code.
pub fn no_package(code: &str) -> Error {
    let hint = Some("see `tongbu packages list`".to_owned());
    Error::Usage { message: format!("there is no package `{code}`"), hint }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`", path.display())]
struct UnreadableFile {
    path: PathBuf,
    source: std::io::Error,
}

fn unreadable_file(path: &Path, source: std::io::Error) -> Error {
    let hint = Some("give the path of a file you may read".to_owned());
    let error = Box::new(UnreadableFile { path: path.to_owned(), source });
    UpstreamSpecific { class: Class::Usage, hint, error }.into()
}

fn unreadable_rows(path: &Path, error: &ImportError) -> Error {
    let hint = match error {
        ImportError::Cells { errors } => {
            let listed = errors.iter().take(LISTED_CELLS).map(ToString::to_string).collect::<Vec<_>>().join("; ");
            format!("correct the file, nothing was imported: {listed}")
        }
        ImportError::Encoding
        | ImportError::Header { .. }
        | ImportError::Length { .. }
        | ImportError::Csv { .. }
        | ImportError::Json { .. } => {
            "correct the file, nothing was imported; `tongbu packages import --help` lists the columns".to_owned()
        }
    };
    Error::Usage { message: format!("cannot import `{}`: {error}", path.display()), hint: Some(hint) }
}

impl ListingSpec for Package {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.packages/1", "packages list", listing::schema::<Self>);
    const KEY: &'static str = "packages";
    const EMPTY: Text =
        text("there is no package: `tongbu packages import FILE.csv`", "没有数据包：`tongbu packages import FILE.csv`");
    const IS_PAGED: bool = true;
    const FOOT: Option<Text> = Some(text("page {} of {}, {} package{|s}", "第 {} 页，共 {} 页，{} 个数据包"));
    const COLUMNS: &'static [Column<Self>] = &[
        Column::text("code", |package: &Self| package.code.as_str()).titled(text("code", "编码")),
        Column::text("package_code", |package: &Self| package.code.as_str()),
        part("name", |package| package.name.as_deref(), words::NAME, 4),
        part("source", |package| package.source.as_deref(), text("source", "来源"), 3),
        part("region", |package| package.region.as_deref(), text("region", "地区"), 2),
        part("grade", |package| package.grade.as_deref(), text("grade", "年级"), 1),
        Column::optional_integer("valid_leads", |package: &Self| package.valid_leads)
            .titled(text("valid leads", "有效数"))
            .hidden_when_blank(),
        Column::optional_number("cost_per_lead", |package: &Self| package.cost_per_lead)
            .titled(text("cost per lead", "单价"))
            .hidden_when_blank(),
    ];
}

const fn part(key: &'static str, value: fn(&Package) -> Option<&str>, title: Text, drop_order: u8) -> Column<Package> {
    Column::optional_text(key, value).titled(title).hidden_when_blank().droppable(drop_order)
}

const IMPORTED: DocumentSchema = DocumentSchema::of::<Imported>("tongbu.packages-import/1", "packages import");

/// What `packages import` answers.
#[derive(Serialize, JsonSchema)]
struct Imported {
    dry_run: bool,
    total: u64,
    new: u64,
    updated: u64,
    unchanged: u64,
    /// Columns without a meaning to tongbu.
    unknown_columns: Vec<String>,
    encoding: &'static str,
}

impl Output for Imported {
    fn schema(&self) -> &DocumentSchema {
        &IMPORTED
    }

    fn is_quiet_on_success(&self) -> bool {
        true
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        const COUNTS: Text = text("imported: {} new, {} updated, {} unchanged", "已导入：新增 {}，更新 {}，未变 {}");
        const UNKNOWN: Text = text("columns kept without a meaning: {}", "保留但未识别的列：{}");
        let mut lines = vec![COUNTS.fill(style.language, &[&self.new, &self.updated, &self.unchanged])];
        if !self.unknown_columns.is_empty() {
            let headers: Vec<String> = self.unknown_columns.iter().map(|header| sanitize(header)).collect();
            lines.push(UNKNOWN.fill(style.language, &[&headers.join(", ")]));
        }
        if self.dry_run {
            lines.push(style.label(words::DRY_RUN).to_owned());
        }
        lines.into_iter().map(Block::Line).collect()
    }

    fn json(&self, _: &Style) -> Json {
        Json::of(self)
    }
}

const REMOVED: DocumentSchema = DocumentSchema::of::<Removed>("tongbu.packages-remove/1", "packages remove");

/// What `packages remove` answers.
#[derive(Serialize, JsonSchema)]
struct Removed {
    removed: String,
    /// Tasks that a person matched to it.
    matched_by_hand: u64,
}

impl Output for Removed {
    fn schema(&self) -> &DocumentSchema {
        &REMOVED
    }

    fn is_quiet_on_success(&self) -> bool {
        true
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        const DONE: Text = text("removed the package `{}`", "已移除数据包 `{}`");
        const MISSED: Text = text(
            "matched to it by hand: {} task{, which fails|s, which fail} until `tongbu tasks match` or `idle` says otherwise",
            "手动匹配到它的任务：{} 个，在 `tongbu tasks match` 或 `idle` 另行指定之前将失败",
        );
        let mut lines = vec![DONE.fill(style.language, &[&sanitize(&self.removed)])];
        if self.matched_by_hand > 0 {
            lines.push(MISSED.fill(style.language, &[&self.matched_by_hand]));
        }
        lines.into_iter().map(Block::Line).collect()
    }

    fn json(&self, _: &Style) -> Json {
        Json::of(self)
    }
}

#[cfg(test)]
#[path = "commands_packages_tests.rs"]
mod tests;
