//! Lead packages: what there is, what an import changed.

use serde::Serialize;

use super::Answer;
use super::labels::{self, Text};
use super::tables::render_table;
use crate::present::style::{Style, sanitize};
use crate::present::table::{Table, TableColumn};
use crate::upstreams::tasks::packages::Package;

/// The answer of `packages list`.
#[derive(Debug)]
pub struct PackagesAnswer(pub Vec<Package>);

/// The answer of `packages import`.
#[derive(Debug)]
pub struct ImportAnswer {
    pub new_count: u64,
    pub updated_count: u64,
    pub unchanged_count: u64,
    /// Columns of no meaning to tongbu.
    pub unknown_headers: Vec<String>,
    pub encoding: &'static str,
    pub is_dry_run: bool,
}

/// The answer of `packages remove`.
#[derive(Debug)]
pub struct RemovedAnswer {
    pub code: String,
    /// Tasks that a person matched to it.
    pub task_count: u64,
}

#[derive(Debug, Serialize)]
struct PackagesDocument<'a> {
    schema: &'static str,
    packages: Vec<PackagePart<'a>>,
}

#[derive(Debug, Serialize)]
struct PackagePart<'a> {
    code: &'a str,
    name: Option<&'a str>,
    source: Option<&'a str>,
    region: Option<&'a str>,
    grade: Option<&'a str>,
    valid_leads: Option<i64>,
    cost_per_lead: Option<f64>,
}

#[derive(Debug, Serialize)]
struct ImportDocument<'a> {
    schema: &'static str,
    dry_run: bool,
    total: u64,
    new: u64,
    updated: u64,
    unchanged: u64,
    unknown_columns: &'a [String],
    encoding: &'static str,
}

#[derive(Debug, Serialize)]
struct RemovedDocument<'a> {
    schema: &'static str,
    removed: &'a str,
    matched_by_hand: u64,
}

impl Answer for PackagesAnswer {
    fn render_text(&self, style: &Style) -> String {
        if self.0.is_empty() {
            return format!("{}\n", style.label(labels::NO_PACKAGES));
        }
        let text = |label: Text| TableColumn::text(style.label(label));
        let number = |label: Text| TableColumn::number(style.label(label));
        let mut table = Table::new(vec![
            text(labels::CODE),
            text(labels::NAME).hidden_when_blank().droppable(4),
            text(labels::SOURCE).hidden_when_blank().droppable(3),
            text(labels::AREA).hidden_when_blank().droppable(2),
            text(labels::GRADE).hidden_when_blank().droppable(1),
            number(labels::VALID_LEADS).hidden_when_blank(),
            number(labels::COST_PER_LEAD).hidden_when_blank(),
        ]);
        for package in &self.0 {
            let cell = |text: &Option<String>| text.as_deref().map(sanitize).unwrap_or_default().into();
            table.push(vec![
                sanitize(&package.code).into(),
                cell(&package.name),
                cell(&package.source),
                cell(&package.region),
                cell(&package.grade),
                package.valid_leads.map(|count| count.to_string()).unwrap_or_default().into(),
                package.cost_per_lead.map(|cost| cost.to_string()).unwrap_or_default().into(),
            ]);
        }
        render_table(table, style)
    }

    fn document(&self, _: &Style) -> impl Serialize {
        PackagesDocument { schema: "tongbu.packages/1", packages: self.0.iter().map(PackagePart::new).collect() }
    }
}

impl Answer for ImportAnswer {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        let counts: [&dyn std::fmt::Display; 3] = [&self.new_count, &self.updated_count, &self.unchanged_count];
        let mut text = labels::IMPORTED.fill(style.language, &counts) + "\n";
        if !self.unknown_headers.is_empty() {
            let headers: Vec<String> = self.unknown_headers.iter().map(|header| sanitize(header)).collect();
            text.push_str(&labels::UNKNOWN_COLUMNS.fill(style.language, &[&headers.join(", ")]));
            text.push('\n');
        }
        if self.is_dry_run {
            text.push_str(style.label(labels::DRY_RUN));
            text.push('\n');
        }
        text
    }

    fn document(&self, _: &Style) -> impl Serialize {
        ImportDocument {
            schema: "tongbu.packages-import/1",
            dry_run: self.is_dry_run,
            total: self.new_count + self.updated_count + self.unchanged_count,
            new: self.new_count,
            updated: self.updated_count,
            unchanged: self.unchanged_count,
            unknown_columns: &self.unknown_headers,
            encoding: self.encoding,
        }
    }
}

impl Answer for RemovedAnswer {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        let mut text = labels::PACKAGE_REMOVED.fill(style.language, &[&sanitize(&self.code)]) + "\n";
        if self.task_count > 0 {
            text.push_str(&labels::PACKAGE_MISSED.fill(style.language, &[&self.task_count]));
            text.push('\n');
        }
        text
    }

    fn document(&self, _: &Style) -> impl Serialize {
        RemovedDocument { schema: "tongbu.packages-remove/1", removed: &self.code, matched_by_hand: self.task_count }
    }
}

impl<'a> PackagePart<'a> {
    fn new(package: &'a Package) -> Self {
        Self {
            code: &package.code,
            name: package.name.as_deref(),
            source: package.source.as_deref(),
            region: package.region.as_deref(),
            grade: package.grade.as_deref(),
            valid_leads: package.valid_leads,
            cost_per_lead: package.cost_per_lead,
        }
    }
}
