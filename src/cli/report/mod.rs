//! `report`: the state of everything on one page.

mod health;
mod runs;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::Error;
use super::export::sink::{Halt, Sink};
use super::session::{LogTo, Session};
use super::status;
use crate::config::Config;
use crate::exit::Exit;
use crate::present::page::{Page, Period};
use crate::present::{DocumentSchema, Done, Text, sanitize, text};
use crate::since::Since;
use crate::store::history::{day_in, load_days};
use crate::store::{Mode, Store};
use crate::ui::html;
use crate::upstreams;

/// The document of a page that went into a file.
pub const WRITTEN_SCHEMA: DocumentSchema =
    DocumentSchema::of::<WrittenDocument>("tongbu.report-written/1", "report --html");

const WRITTEN: Text = text("wrote `{}`: {} byte{|s}", "已写入 `{}`：{} 字节");

/// What opens a file in the program that the desktop has for it.
const OPENER: &str = "xdg-open";

/// Which days, and where to.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// From this day on
    #[arg(long, value_name = "DUR|DATE", default_value = "30d", value_parser = Since::parse)]
    since: Since,
    /// Write the page to this file, which needs nothing else to be read in a browser
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Open the file in the browser
    #[arg(long, requires = "html")]
    open: bool,
}

#[derive(Serialize, JsonSchema)]
struct WrittenDocument {
    path: String,
    bytes: usize,
}

/// Shows the page, or writes it.
pub fn cmd_report(session: &mut Session, args: &ReportArgs) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let database = session.database(&config)?;
    let store = session.open_existing(&database, Mode::ReadOnly)?;
    let now = session.ui.clock().now();
    let page = load_page(session, &config, store.as_ref(), args.since.resolve(now, session.ui.zone()))?;
    let Some(path) = &args.html else {
        if store.is_some() {
            session.ui.output(&page);
        } else {
            session.ui.no_database(&database, &page);
        }
        return Ok(Exit::Ok);
    };
    let text = html::render_page(&page, &session.ui.stdout_style());
    let mut sink = Sink::open(Some(path), database.file(), &session.ui)?;
    match sink.write(text.as_bytes()) {
        Ok(()) => {}
        Err(Halt::Failed(error)) => return Err(error),
        // The reader has what it wanted.
        Err(Halt::Closed | Halt::Cancelled) => return Ok(Exit::Ok),
    }
    // As a whole or not at all: nobody reads half of it.
    if sink.finish()?.is_none() {
        return Ok(Exit::Ok);
    }
    let shown = sanitize(&path.to_string_lossy());
    let document = WrittenDocument { path: path.to_string_lossy().into_owned(), bytes: text.len() };
    let done = Done::new(WRITTEN_SCHEMA, document);
    session.ui.output(&done.sentence(WRITTEN, &[&shown, &text.len()]));
    if args.open {
        open(path)?;
    }
    Ok(Exit::Ok)
}

fn load_page(session: &Session, config: &Config, store: Option<&Store>, since: Timestamp) -> Result<Page, Error> {
    let style = session.ui.stdout_style();
    let zone = session.ui.zone().clone();
    let period = Period::new(day_in(since, &zone), day_in(style.now, &zone), zone);
    let syncs = status::load_rows(store, config, style.now)?;
    let days =
        store.map_or_else(|| Ok(Vec::new()), |store| store.read(|r| load_days(r, period.first(), &period.zone)))?;
    let mut sections = vec![health::section(&syncs, &days, &period, &style)];
    sections.extend(runs::sections(&days, &period, &style));
    if let Some(store) = store {
        for sections_of in upstreams::report_sections() {
            sections.extend(store.read(|r| sections_of(r, &period, &style))?);
        }
    }
    Ok(Page { period, sections })
}

fn open(path: &Path) -> Result<(), Error> {
    let mut command = Command::new(OPENER);
    let status = command.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let reason = match status {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    Err(Error::Program { command: format!("{OPENER} {}", path.display()), reason })
}
