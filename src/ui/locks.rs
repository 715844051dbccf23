//! Locks and who holds them.

use serde::Serialize;

use super::Answer;
use super::json::{LockPart, LockState};
use super::labels::{self, Text};
use super::tables::render_table;
use crate::present::style::{Style, sanitize};
use crate::present::table::{Cell, Severity, Table, TableColumn};
use crate::store::Holder;

/// The answer of `locks list`.
#[derive(Debug)]
pub struct LocksAnswer(pub Vec<Holder>);

/// The answer of `locks clean`.
#[derive(Debug)]
pub struct CleanAnswer {
    pub cleaned: Vec<Holder>,
    pub is_dry_run: bool,
}

/// The answer of `locks break`.
#[derive(Debug)]
pub struct BreakAnswer(pub Holder);

#[derive(Debug, Serialize)]
struct LocksDocument<'a> {
    schema: &'static str,
    locks: Vec<LockPart<'a>>,
}

#[derive(Debug, Serialize)]
struct CleanDocument<'a> {
    schema: &'static str,
    dry_run: bool,
    cleaned: Vec<LockPart<'a>>,
}

#[derive(Debug, Serialize)]
struct BreakDocument<'a> {
    schema: &'static str,
    broken: LockPart<'a>,
}

impl Answer for LocksAnswer {
    fn render_text(&self, style: &Style) -> String {
        if self.0.is_empty() {
            return format!("{}\n", style.label(labels::NO_LOCKS));
        }
        render_rows(&self.0, style)
    }

    fn document(&self, style: &Style) -> impl Serialize {
        LocksDocument { schema: "tongbu.locks/1", locks: parts(&self.0, style) }
    }
}

impl Answer for CleanAnswer {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        let mut text = if self.cleaned.is_empty() { String::new() } else { render_rows(&self.cleaned, style) };
        text.push_str(&labels::CLEANED.fill(style.language, &[&self.cleaned.len()]));
        text.push('\n');
        if self.is_dry_run {
            text.push_str(style.label(labels::DRY_RUN));
            text.push('\n');
        }
        text
    }

    fn document(&self, style: &Style) -> impl Serialize {
        CleanDocument { schema: "tongbu.locks-clean/1", dry_run: self.is_dry_run, cleaned: parts(&self.cleaned, style) }
    }
}

impl Answer for BreakAnswer {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        let holder = &self.0;
        labels::BROKEN.fill(style.language, &[&sanitize(&holder.name), &holder.token, &sanitize(&holder.owner)]) + "\n"
    }

    fn document(&self, style: &Style) -> impl Serialize {
        BreakDocument { schema: "tongbu.locks-break/1", broken: LockPart::new(&self.0, style) }
    }
}

fn parts<'a>(holders: &'a [Holder], style: &Style) -> Vec<LockPart<'a>> {
    holders.iter().map(|holder| LockPart::new(holder, style)).collect()
}

fn render_rows(holders: &[Holder], style: &Style) -> String {
    let text = |label: Text| TableColumn::text(style.label(label));
    let mut table = Table::new(vec![
        text(labels::LOCK),
        TableColumn::number(style.label(labels::TOKEN)),
        text(labels::STATE),
        text(labels::HOLDER),
        text(labels::STARTED).droppable(2),
        text(labels::HEARTBEAT).droppable(1),
        text(labels::EXPIRES),
    ]);
    for holder in holders {
        table.push(vec![
            sanitize(&holder.name).into(),
            holder.token.to_string().into(),
            state_cell(holder, style),
            sanitize(&holder.owner).into(),
            style.local(holder.locked_at).into(),
            style.age(holder.renewed_at).into(),
            expiry(holder, style).into(),
        ]);
    }
    render_table(table, style)
}

/// A lock that nobody holds does not expire.
fn expiry(holder: &Holder, style: &Style) -> String {
    if holder.released { String::new() } else { style.age(holder.expires_at) }
}

fn state_cell(holder: &Holder, style: &Style) -> Cell {
    match LockState::of(holder) {
        LockState::Released => style.label(labels::RELEASED).into(),
        LockState::Stale => Cell::with_severity(style.label(labels::STALE), Severity::Warning),
        LockState::Held => Cell::with_severity(style.label(labels::HELD), Severity::Good),
    }
}
