//! `export`: a table or a view as a file or a stream of any length.

mod sheet;
pub mod sink;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use self::sheet::{Format, Sheet};
use self::sink::{Halt, Sink};
use super::error::Error;
use super::session::{LogTo, Session};
use crate::config::{Config, choices, suggestion};
use crate::exit::Exit;
use crate::present::style::render_bytes;
use crate::present::{Column, DocumentSchema, Done, Listing, ListingSpec, Text, listing, sanitize, text, words};
use crate::run::Cancel;
use crate::store::export::{Selection, for_each_row, has_account, load_columns};
use crate::store::{Mode, RecordId, Store, cursors};
use crate::ui::clear_bars;
use crate::upstreams;
use crate::upstreams::exported::Exported;
use crate::upstreams::names::check_filter;

pub const SCHEMA: DocumentSchema = DocumentSchema::of::<ExportDocument>("tongbu.export/1", "export TABLE -o FILE");

const EXPORTED: Text = text("exported {} row{|s} to `{}`: {}", "已导出 {} 行到 `{}`：{}");

/// What to export, and where to.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The table or view; without one, the list of them
    #[arg(value_name = "TABLE|VIEW")]
    table: Option<String>,
    /// How rows are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "csv", requires = "table")]
    format: Format,
    /// Only these columns, in this order
    #[arg(long, value_name = "A,B", value_delimiter = ',', requires = "table")]
    columns: Vec<String>,
    /// Only rows of this account (may be repeated)
    #[arg(long = "where-account", value_name = "NAME", requires = "table")]
    accounts: Vec<String>,
    /// Only rows that this run or a later one wrote last
    #[arg(long, value_name = "N", requires = "table")]
    since_record: Option<i64>,
    /// Begin CSV with a byte order mark, by which Excel knows UTF-8
    #[arg(long, requires = "table")]
    bom: bool,
    /// The file, which appears whole or not at all; stdout by default
    #[arg(short, long, value_name = "FILE", requires = "table")]
    output: Option<PathBuf>,
}

/// Writes the rows, or lists what can be exported.
pub fn cmd_export(session: &mut Session, args: &ExportArgs) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let Some(name) = &args.table else {
        let rows = upstreams::exports().map(|(_, exported)| ExportRow(exported)).collect();
        session.ui.output(&Listing::new(rows));
        return Ok(Exit::Ok);
    };
    let (upstream, exported) = find(name)?;
    args.check(exported, session.ui.is_json())?;
    let database = session.database(&config)?;
    let store = session.open(&database, Mode::ReadOnly)?;
    let columns = args.choose_columns(exported, store.read(|r| load_columns(r, exported.name))?)?;
    args.check_accounts(&store, &config, upstream, exported)?;
    let mut sheet = Sheet::new(args.format, &columns, args.bom);
    let mut sink = Sink::open(args.output.as_deref(), database.file(), &session.ui)?;
    // A signal ends what goes to others at once, even where they do not read; a draft has to be removed.
    let cancel = if sink.is_draft() {
        Cancel::on_signals(clear_bars).map_err(upstreams::Error::Runtime)?
    } else {
        Cancel::default()
    };
    let selection = Selection {
        table: exported.name,
        columns: &columns,
        accounts: &args.accounts,
        since: exported.record.zip(args.since_record.map(RecordId)),
    };
    let written = store.read(|r| {
        for_each_row(r, &selection, |row| {
            sheet.push(row)?;
            if sheet.is_full() {
                if cancel.token().is_cancelled() {
                    return Err(Halt::Cancelled);
                }
                sink.write(sheet.lines())?;
                sheet.clear();
            }
            Ok(())
        })?;
        sink.write(sheet.lines())
    });
    match written {
        Ok(()) => {}
        // The reader has what it wanted.
        Err(Halt::Closed) => return Ok(Exit::Ok),
        Err(Halt::Failed(error)) => return Err(error),
        Err(Halt::Cancelled) => return Ok(cancel.class().map_or(Exit::Interrupted, Exit::from)),
    }
    if let Some((path, bytes)) = sink.finish()? {
        let shown = sanitize(&path.to_string_lossy());
        let document = ExportDocument { table: exported.name, path, format: args.format, rows: sheet.rows(), bytes };
        let done = Done::new(SCHEMA, document);
        session.ui.output(&done.sentence(EXPORTED, &[&sheet.rows(), &shown, &render_bytes(bytes)]));
    }
    Ok(Exit::Ok)
}

/// What of that name can be exported, with its upstream's name.
fn find(name: &str) -> Result<(&'static str, &'static Exported), Error> {
    let known = || upstreams::exports().map(|(_, exported)| exported.name);
    upstreams::exports().find(|(_, exported)| exported.name == name).ok_or_else(|| Error::Usage {
        message: format!("`{name}` is no table or view that can be exported{}", suggestion(name, known())),
        hint: "see `tongbu export`".to_owned(),
    })
}

impl ExportArgs {
    /// Refuses what does not fit together.
    fn check(&self, exported: &Exported, is_json: bool) -> Result<(), Error> {
        let name = exported.name;
        let (message, hint) = if self.format == Format::Parquet {
            (
                "this program does not write Parquet".to_owned(),
                format!(
                    "DuckDB does: `tongbu export {name} | duckdb -c \"COPY (FROM read_csv('/dev/stdin')) TO \
                     '{name}.parquet'\"`"
                ),
            )
        } else if is_json && self.output.is_none() {
            (
                "with `--json` the rows need a file: give `-o FILE`".to_owned(),
                "for rows of JSON: `--format jsonl`".to_owned(),
            )
        } else if self.bom && self.format != Format::Csv {
            ("`--bom` goes with `--format csv`".to_owned(), "leave out `--bom`".to_owned())
        } else if self.since_record.is_some() && exported.record.is_none() {
            (format!("the rows of `{name}` do not say which run wrote them"), "leave out `--since-record`".to_owned())
        } else {
            return Ok(());
        };
        Err(Error::Usage { message, hint })
    }

    /// Those to write, of all there are.
    fn choose_columns(&self, exported: &Exported, all: Vec<String>) -> Result<Vec<String>, Error> {
        let account = (!self.accounts.is_empty()).then(|| "account".to_owned());
        if let Some(unknown) = self.columns.iter().chain(&account).find(|name| !all.contains(name)) {
            let known = || all.iter().map(String::as_str);
            return Err(Error::Usage {
                message: format!("`{}` has no column `{unknown}`{}", exported.name, suggestion(unknown, known())),
                hint: format!("its columns: {}", choices(known())),
            });
        }
        Ok(if self.columns.is_empty() { all } else { self.columns.clone() })
    }

    /// Refuses accounts that are neither configured nor stored.
    fn check_accounts(&self, store: &Store, config: &Config, upstream: &str, exported: &Exported) -> Result<(), Error> {
        for account in &self.accounts {
            if store.read(|r| has_account(r, exported.name, account))? {
                continue;
            }
            let scopes = store.read(|r| cursors::load_states(r, &format!("{upstream}/")))?;
            let mut known: BTreeSet<String> =
                scopes.iter().filter_map(|state| state.scope.split('/').nth(1).map(str::to_owned)).collect();
            if let Some(registration) = upstreams::find(upstream) {
                known.extend(registration.account_names(config)?);
            }
            check_filter("account", Some(account), &known)?;
        }
        Ok(())
    }
}

/// The file that was written.
#[derive(Serialize, JsonSchema)]
struct ExportDocument {
    table: &'static str,
    path: PathBuf,
    format: Format,
    rows: u64,
    bytes: u64,
}

/// A line of what can be exported.
pub struct ExportRow(&'static Exported);

impl ListingSpec for ExportRow {
    const SCHEMA: DocumentSchema =
        DocumentSchema::new("tongbu.exports/1", "export without a table", listing::schema::<Self>);
    const KEY: &'static str = "exports";
    const EMPTY: Text = text("nothing to export", "没有可导出的内容");
    const COLUMNS: &'static [Column<Self>] = &[
        Column::text("name", |row: &Self| row.0.name).titled(words::NAME),
        Column::nested::<bool>("is_view", |row: &Self| json!(row.0.is_view())),
        Column::styled::<String>("about", |row: &Self, style| crate::present::Json::of(&style.label(row.0.about)))
            .titled(text("what it holds", "内容"))
            .drawn(|row: &Self, style| style.label(row.0.about).into()),
    ];
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{ExportRow, Exported, find};
    use crate::present::{Listing, text};
    use crate::ui::snapshots;

    #[test]
    fn what_can_be_exported_is_listed() {
        const FILMS: Exported = Exported::mirrored("v_films", text("the films", "影片"));
        const RAW: Exported = Exported::new("videos", text("films with raw JSON", "影片，含原始 JSON"));
        let output = Listing::new(vec![ExportRow(&FILMS), ExportRow(&RAW)]);
        assert_snapshot!(snapshots::render_everything(&output));
    }

    #[test]
    fn a_misspelt_name_finds_the_nearest_and_what_must_not_leave_is_unknown() {
        assert_eq!(find("v_films").unwrap().1.name, "v_films");
        assert!(find("v_film").unwrap_err().to_string().ends_with("did you mean `v_films`?"));
        for kept in ["sync_locks", "sync_cursors", "user_rejections", "schema_migrations", "sqlite_schema", "nope"] {
            assert!(find(kept).is_err(), "{kept}");
        }
    }
}
