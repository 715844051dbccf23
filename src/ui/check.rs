//! What a consistency check found.

use serde::Serialize;

use super::Answer;
use super::labels::{self, Text};
use super::sync_report::{SyncAnswer, SyncDocument};
use super::tables::render_table;
use crate::present::style::{Style, sanitize};
use crate::present::table::{Cell, Table, TableColumn};
use crate::run::Report;
use crate::upstreams::users::compare::FieldDifference;
use crate::upstreams::users::findings::{Checked, Finding};

/// More differences than these are counted, not listed.
const LISTED: usize = 20;

/// The answer of `check users`.
#[derive(Debug)]
pub struct UsersCheckAnswer<'a> {
    pub report: &'a Report,
    pub checked: Vec<Checked>,
    pub findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct CheckDocument<'a> {
    schema: &'static str,
    targets: Vec<CheckedPart<'a>>,
    findings: Vec<FindingPart<'a>>,
    run: SyncDocument<'a>,
}

#[derive(Debug, Serialize)]
struct CheckedPart<'a> {
    target: &'a str,
    checked: u64,
    awaited: u64,
    missing: u64,
    different: u64,
    surplus: u64,
    repaired: u64,
}

#[derive(Debug, Serialize)]
struct FindingPart<'a> {
    target: &'a str,
    user_id: i64,
    difference: &'static str,
    fields: &'a [FieldDifference],
    repaired: bool,
}

impl Answer for UsersCheckAnswer<'_> {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        let found = self.checked.iter().map(Checked::found).sum::<u64>();
        let mut text = checked_table(&self.checked, style);
        if !self.findings.is_empty() {
            text.push('\n');
            text.push_str(&findings_table(&self.findings, style));
            let unlisted = found.saturating_sub(self.findings.len().min(LISTED) as u64);
            if unlisted > 0 {
                text.push_str(&labels::MORE_FINDINGS.fill(style.language, &[&unlisted]));
                text.push('\n');
            }
        }
        format!("{text}\n{}", SyncAnswer(self.report).render_text(style))
    }

    fn document(&self, style: &Style) -> impl Serialize {
        CheckDocument {
            schema: "tongbu.check-users/1",
            targets: self.checked.iter().map(CheckedPart::new).collect(),
            findings: self.findings.iter().map(FindingPart::new).collect(),
            run: SyncDocument::new(self.report, style),
        }
    }
}

fn checked_table(checked: &[Checked], style: &Style) -> String {
    let number = |label: Text| TableColumn::number(style.label(label));
    let mut table = Table::new(vec![
        TableColumn::text(style.label(labels::TARGET)),
        number(labels::COMPARED),
        number(labels::MISSING),
        number(labels::DIFFERENT),
        number(labels::SURPLUS),
        number(labels::REPAIRED),
        number(labels::AWAITED).droppable(1),
    ]);
    for one in checked {
        let counts = [one.checked, one.missing, one.different, one.surplus, one.repaired, one.awaited];
        let mut row: Vec<Cell> = vec![sanitize(&one.target).into()];
        row.extend(counts.map(|count| Cell::from(count.to_string())));
        table.push(row);
    }
    render_table(table, style)
}

fn findings_table(findings: &[Finding], style: &Style) -> String {
    let text = |label: Text| TableColumn::text(style.label(label));
    let mut table = Table::new(vec![
        text(labels::TARGET),
        TableColumn::number(style.label(labels::USER)),
        text(labels::DIFFERENCE),
        text(labels::FIELD).hidden_when_blank(),
        text(labels::HERE).hidden_when_blank(),
        text(labels::THERE).hidden_when_blank(),
    ]);
    let value = |value: &Option<String>| value.as_deref().map(sanitize).unwrap_or_default();
    for finding in findings.iter().take(LISTED) {
        let lines =
            |pick: &dyn Fn(&FieldDifference) -> String| finding.fields.iter().map(pick).collect::<Vec<_>>().join("\n");
        table.push(vec![
            sanitize(&finding.target).into(),
            finding.user_id.to_string().into(),
            style.label(labels::difference(finding.difference)).into(),
            lines(&|field| field.field.clone()).into(),
            lines(&|field| value(&field.here)).into(),
            lines(&|field| value(&field.there)).into(),
        ]);
    }
    render_table(table, style)
}

impl<'a> CheckedPart<'a> {
    fn new(one: &'a Checked) -> Self {
        Self {
            target: &one.target,
            checked: one.checked,
            awaited: one.awaited,
            missing: one.missing,
            different: one.different,
            surplus: one.surplus,
            repaired: one.repaired,
        }
    }
}

impl<'a> FindingPart<'a> {
    fn new(finding: &'a Finding) -> Self {
        Self {
            target: &finding.target,
            user_id: finding.user_id,
            difference: finding.difference.name(),
            fields: &finding.fields,
            repaired: finding.is_repaired,
        }
    }
}
