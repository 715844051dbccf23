//! `check users`: a pass that compares the targets with the local users, and what it found.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::super::compare::{Difference, FieldDifference};
use super::super::config::Config;
use super::super::findings::{Checked, Finding, load_checked, load_findings};
use super::words;
use crate::present::listing::{RowsJson, table};
use crate::present::words as common;
use crate::present::{Block, Cell, Column, DocumentSchema, Json, ListingSpec, Style, Text, sanitize, text};
use crate::store::{self, Mode, RecordId};
use crate::upstreams::Error;
use crate::upstreams::command::{CommandContext, Details, PassCommand, describe_run};

/// More findings than these are counted, not put into the document; the table `user_findings` has them all.
const MAX_FINDINGS: u64 = 1000;

/// More findings than these are counted, not listed for a person.
const LISTED: usize = 20;

const COMPARED: Text = text("compared", "已比较");
const DIFFERENT: Text = text("different", "不一致");
const EXTRA: Text = text("extra", "多余");
const MISSING: Text = text("missing", "缺失");
const MORE: Text = text("and {} more: see the table `user_findings`", "另有 {} 条：见表 `user_findings`");

/// Every target with the local users: who is missing there, different, or extra
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Enqueue an event for each difference, to that target only; `tongbu sync users` delivers them
    #[arg(long)]
    repair: bool,
    /// Only this target (may be repeated); all that are enabled by default
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(transform = describe_run)]
struct CheckDocument<'a> {
    targets: RowsJson<'a, Checked>,
    findings: RowsJson<'a, Finding>,
}

impl PassCommand for CheckArgs {
    const NAME: &'static str = "users";
    const EXAMPLES: &'static str = "  tongbu check users --target redis-cache\n  tongbu check users --repair --json";
    const OUTPUT: DocumentSchema = Checked::SCHEMA;

    fn refuse_dry_run(&self) -> Result<(), Error> {
        Err(Error::Usage {
            message: "`check users` does not support `--dry-run`".to_owned(),
            hint: Some("leave out `--repair`: then it changes nothing anywhere".to_owned()),
        })
    }

    fn flags(&self) -> Vec<String> {
        let mut flags = vec!["--check".to_owned()];
        if self.repair {
            flags.push("--repair".to_owned());
        }
        flags.extend(self.targets.iter().flat_map(|target| ["--target".to_owned(), target.clone()]));
        flags
    }

    fn details(&self, context: &CommandContext<'_>, _: RecordId) -> Result<Details, Error> {
        let mut names = context.config.section::<Config>("users")?.target_names();
        names.retain(|name| self.targets.is_empty() || self.targets.contains(name));
        let (checked, mut findings) = context.open(Mode::ReadOnly)?.read(|r| {
            let checked = names.iter().map(|name| load_checked(r, name)).collect::<Result<Vec<_>, store::Error>>()?;
            Ok::<_, store::Error>((checked, load_findings(r, MAX_FINDINGS)?))
        })?;
        findings.retain(|finding| names.contains(&finding.target));
        let checked: Vec<Checked> = checked.into_iter().flatten().collect();
        Ok(details(&checked, &findings, context.style))
    }
}

pub fn details(checked: &[Checked], findings: &[Finding], style: &Style) -> Details {
    let mut blocks = vec![Block::Table(table(checked, style))];
    if !findings.is_empty() {
        let listed = &findings[..findings.len().min(LISTED)];
        blocks.extend([Block::Gap, Block::Table(table(listed, style))]);
        let unlisted = checked.iter().map(Checked::found).sum::<u64>().saturating_sub(listed.len() as u64);
        if unlisted > 0 {
            blocks.push(Block::Line(MORE.fill(style.language, &[&unlisted])));
        }
    }
    let json = Json::of(&CheckDocument { targets: RowsJson(checked, style), findings: RowsJson(findings, style) });
    Details { blocks, json }
}

impl ListingSpec for Checked {
    const SCHEMA: DocumentSchema = DocumentSchema::of::<CheckDocument<'static>>("tongbu.check-users/1", "check users");
    const KEY: &'static str = "targets";
    const EMPTY: Text = words::NO_TARGETS;
    const COLUMNS: &'static [Column<Self>] = &[
        Column::text("target", |row: &Self| &row.target).titled(words::TARGET),
        Column::integer("checked", |row: &Self| row.checked.cast_signed()).titled(COMPARED),
        Column::integer("missing", |row: &Self| row.missing.cast_signed()).titled(MISSING),
        Column::integer("different", |row: &Self| row.different.cast_signed()).titled(DIFFERENT),
        Column::integer("surplus", |row: &Self| row.extra.cast_signed()).titled(EXTRA),
        Column::integer("repaired", |row: &Self| row.repaired.cast_signed()).titled(text("repaired", "已修复")),
        Column::integer("awaited", |row: &Self| row.in_flight.cast_signed())
            .titled(text("in flight", "投递中"))
            .droppable(1),
    ];
}

impl ListingSpec for Finding {
    const SCHEMA: DocumentSchema = Checked::SCHEMA;
    const KEY: &'static str = "findings";
    const EMPTY: Text = text("no differences", "没有差异");
    const COLUMNS: &'static [Column<Self>] = &[
        Column::text("target", |row: &Self| &row.target).titled(words::TARGET),
        Column::integer("user_id", |row: &Self| row.user_id).titled(words::USER),
        Column::text("difference", |row: &Self| row.difference.name())
            .titled(text("difference", "差异"))
            .drawn(|row, style| style.label(difference(row.difference)).into()),
        Column::nested::<Vec<FieldDifference>>("fields", |row: &Self| json!(row.fields))
            .titled(common::FIELD)
            .drawn(|row, _| lines(row, |field| field.field.clone()))
            .hidden_when_blank(),
        Column::cell_only(text("here", "本地"), |row: &Self, _| lines(row, |field| value(field.here.as_deref())))
            .hidden_when_blank(),
        Column::cell_only(text("there", "目标"), |row: &Self, _| lines(row, |field| value(field.there.as_deref())))
            .hidden_when_blank(),
        Column::nested::<bool>("repaired", |row: &Self| json!(row.is_repaired)),
    ];
}

/// One line per field.
fn lines(finding: &Finding, line: fn(&FieldDifference) -> String) -> Cell {
    finding.fields.iter().map(line).collect::<Vec<_>>().join("\n").into()
}

fn value(value: Option<&str>) -> String {
    value.map(sanitize).unwrap_or_default()
}

const fn difference(difference: Difference) -> Text {
    match difference {
        Difference::Missing => MISSING,
        Difference::Different => DIFFERENT,
        Difference::Extra => EXTRA,
    }
}
