//! `records list | show | read | stats | prune`.

pub mod details;
pub mod output;
pub mod stats;
pub mod which;

use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use self::details::{Changes, RecordOutput};
use self::stats::{By, StatsOutput};
use self::which::{Which, no_record, which};
use super::changes::changes_of_record;
use super::error::Error;
use super::examples;
use super::session::{LogTo, Session};
use super::sync::ALL;
use super::values;
use crate::exit::Exit;
use crate::present::Listing;
use crate::since::Since;
use crate::store::history;
use crate::store::records::{self, Filter, Page};
use crate::store::{Mode, RecordId, Status, Trigger};
use crate::ui::log;
use crate::upstreams;
use crate::upstreams::command::PageArgs;

/// What to do with records.
#[derive(Debug, Subcommand)]
pub enum RecordsArgs {
    /// List the newest runs
    List(ListArgs),
    /// Show one run in full
    Show(ShowArgs),
    /// Mark runs as read
    Read(ReadArgs),
    /// Show success rate, durations, rows and problems of each sync, by day and week, too
    Stats(StatsArgs),
    /// Delete old records; each sync's last success, last failure and last 50 stay, cursors are not touched
    Prune(PruneArgs),
}

/// Which runs to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Filter by upstream
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(recorded(upstreams::names())), hide_possible_values = true)]
    sync: Option<String>,
    #[arg(long, value_name = "TYPE", help = examples::fill("Filter by type, such as {type}"), value_parser = PossibleValuesParser::new(recorded(upstreams::sync_types())), hide_possible_values = true)]
    window: Option<String>,
    /// Filter by status
    #[arg(long, value_enum, value_name = "STATUS")]
    status: Option<Status>,
    /// Filter by who started it
    #[arg(long, value_enum, value_name = "WHO")]
    trigger: Option<Trigger>,
    /// Only those that failed or partly failed
    #[arg(long)]
    failed: bool,
    /// Only those not marked as read
    #[arg(long)]
    unread: bool,
    /// Only those started since then: 7d, 2025-10-24
    #[arg(long, value_name = "DUR|DATE", value_parser = Since::parse)]
    since: Option<Since>,
    #[command(flatten)]
    part: PageArgs,
}

/// Which run to show.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The record's number; the newest one by default
    #[arg(value_name = "ID", default_value = "last", value_parser = which)]
    which: Which,
    /// With every change it recorded, row by row
    #[arg(long)]
    changes: bool,
    /// With the run's lines from the log file
    #[arg(long)]
    log: bool,
}

/// Which runs were read.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ReadArgs {
    /// The records' numbers
    #[arg(value_name = "ID")]
    ids: Vec<i64>,
    /// All records
    #[arg(long)]
    all: bool,
}

/// Which runs to count.
#[derive(Debug, Args)]
pub struct StatsArgs {
    /// Filter by upstream
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(recorded(upstreams::names())), hide_possible_values = true)]
    sync: Option<String>,
    /// From this day on; days are counted as a whole
    #[arg(long, value_name = "DUR|DATE", default_value = "30d", value_parser = Since::parse)]
    since: Since,
    /// One row for each sync, or for each of its days, weeks, or classes of problems
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    by: By,
}

/// Which records to delete.
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// Those that ended longer ago; `[records] keep` by default
    #[arg(long, value_name = "DUR", value_parser = values::duration)]
    older_than: Option<Duration>,
    /// Also delete those beyond the newest N of each sync
    #[arg(long, value_name = "N")]
    keep: Option<u64>,
    /// Only count them
    #[arg(long)]
    dry_run: bool,
}

/// Runs one of the `records` commands.
pub fn cmd_records(session: &mut Session, args: RecordsArgs) -> Result<Exit, Error> {
    match args {
        RecordsArgs::List(args) => cmd_list(session, args),
        RecordsArgs::Show(args) => cmd_show(session, &args),
        RecordsArgs::Read(args) => cmd_read(session, &args),
        RecordsArgs::Stats(args) => cmd_stats(session, &args),
        RecordsArgs::Prune(args) => cmd_prune(session, &args),
    }
}

fn cmd_list(session: &mut Session, args: ListArgs) -> Result<Exit, Error> {
    let empty = Page { records: Vec::new(), total: 0, unread_count: 0 };
    let part = args.part;
    let listing =
        |page: Page, paging| Listing::new(page.records).with_paging(paging).with_totals(vec![page.unread_count]);
    session.output_from_store(Mode::ReadOnly, &listing(empty, part.before_any_run()), |session, _, store| {
        let filter = Filter {
            sync: args.sync,
            sync_type: args.window,
            status: args.status,
            trigger: args.trigger,
            failed_only: args.failed,
            unread_only: args.unread,
            since: args.since.map(|since| resolve(session, since)),
        };
        let page = store.load_page(&filter, part.page, part.per_page)?;
        let paging = part.paging(page.total)?;
        Ok(listing(page, paging))
    })
}

fn cmd_show(session: &mut Session, args: &ShowArgs) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let database = session.database(&config)?;
    let store = session.open_existing(&database, Mode::ReadOnly)?;
    let id = match (args.which, &store) {
        (Which::Id(id), _) => Some(id),
        (Which::Last, Some(store)) => store.read(records::load_newest)?,
        (Which::Last, None) => None,
    };
    let missing = || no_record(id);
    let (Some(id), Some(store)) = (id, store) else { return Err(missing()) };
    let record = store.load_record(id)?.ok_or_else(missing)?;
    let scopes = store.read(|r| records::load_scopes(r, id))?;
    let warnings = store.read(|r| records::load_warnings(r, id))?;
    let file = session.log_file(&config).filter(|_| args.log);
    let log = args.log.then(|| file.map(|file| log::load_lines(&file, &record.trace_id)).unwrap_or_default());
    let changes_of = upstreams::find(&record.sync).and_then(|registration| registration.changes);
    let changes = match changes_of {
        _ if !args.changes => Changes::NotRequested,
        None => match changes_of_record(&store, &record.sync, id)? {
            Some(changes) => Changes::Listed(Box::new(changes)),
            None => Changes::NotRecorded,
        },
        Some(changes_of) => Changes::Listed(store.read(|r| changes_of(r, id))?),
    };
    session.ui.output(&RecordOutput { record, scopes, warnings, changes, log });
    Ok(Exit::Ok)
}

fn cmd_read(session: &mut Session, args: &ReadArgs) -> Result<Exit, Error> {
    let ids: Vec<_> = args.ids.iter().copied().map(RecordId).collect();
    let config = session.load_config(LogTo::FlagOnly)?;
    // What is not there cannot be read, and is not made for it.
    if let Some(first) = ids.first()
        && session.open_existing(&session.database(&config)?, Mode::ReadOnly)?.is_none()
    {
        return Err(no_record(Some(*first)));
    }
    session.output_from_store(Mode::ReadWrite, &output::read(0), |_, _, store| {
        for id in &ids {
            store.load_record(*id)?.ok_or_else(|| no_record(Some(*id)))?;
        }
        Ok(output::read(store.mark_read(&ids)?))
    })
}

fn cmd_stats(session: &mut Session, args: &StatsArgs) -> Result<Exit, Error> {
    let now = session.ui.clock().now();
    let today = |zone: &TimeZone| history::day_in(now, zone);
    let none = |_: &str, _: &str| Ok::<_, Error>(Vec::new());
    let empty = StatsOutput::new(now, args.by, (today(&TimeZone::UTC), today(&TimeZone::UTC)), Vec::new(), none)?;
    session.output_from_store(Mode::ReadOnly, &empty, |session, _, store| {
        let zone = session.ui.zone();
        let first = history::day_in(resolve(session, args.since), zone);
        let since = Since::Day(first).resolve(now, zone);
        let mut rows = store.read(|r| history::load_days(r, first, zone))?;
        rows.retain(|row| args.sync.as_ref().is_none_or(|sync| row.sync == *sync));
        StatsOutput::new(since, args.by, (first, today(zone)), rows, |sync, sync_type| {
            Ok::<_, Error>(store.read(|r| records::load_newest_durations(r, sync, sync_type, since))?)
        })
    })
}

fn cmd_prune(session: &mut Session, args: &PruneArgs) -> Result<Exit, Error> {
    let mode = if args.dry_run { Mode::DryRun } else { Mode::ReadWrite };
    let is_dry_run = args.dry_run;
    session.output_from_store(mode, &output::pruned(0, is_dry_run), |session, config, store| {
        let age = args.older_than.unwrap_or(config.settings().records.keep.0);
        let count = store.prune_records(resolve(session, Since::Ago(age)), args.keep)?;
        Ok(output::pruned(count, is_dry_run))
    })
}

/// The names that records have: `sync all` leaves some as well.
fn recorded(mut names: Vec<&'static str>) -> Vec<&'static str> {
    names.push(ALL);
    names
}

fn resolve(session: &Session, since: Since) -> Timestamp {
    since.resolve(session.ui.clock().now(), session.ui.zone())
}
