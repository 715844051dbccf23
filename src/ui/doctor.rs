//! What was looked at, how it stands, what to do about it.

use serde::{Deserialize, Serialize};

use super::Answer;
use super::labels::{self, Text};
use super::tables::render_table;
use crate::error::Class;
use crate::exit::Exit;
use crate::present::style::{Style, sanitize};
use crate::present::table::{Cell, Severity, Table, TableColumn};
use crate::upstreams::Failure;

/// The answer of `doctor`.
#[derive(Debug)]
pub struct DoctorAnswer {
    pub exit: Exit,
    pub findings: Vec<Finding>,
    /// What is found otherwise in cron's environment, where that was asked for.
    pub cron: Option<CronPart>,
}

/// What cron's environment changes.
#[derive(Debug)]
pub struct CronPart {
    pub exit: Exit,
    pub differences: Vec<Difference>,
}

/// A finding of cron's environment, and how the same stands here.
#[derive(Debug, Serialize)]
pub struct Difference {
    #[serde(flatten)]
    pub finding: Finding,
    /// `null` where there is no such finding here.
    pub here: Option<State>,
}

/// How one thing stands.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: Check,
    /// Which of several: a setting, an account.
    pub subject: Option<String>,
    pub state: State,
    pub found: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What a failed check means.
    pub class: Option<Class>,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    Configuration,
    Secret,
    Sqlite,
    Database,
    Permissions,
    FreeSpace,
    LockFolder,
    Locks,
    Records,
    Log,
    MetricsFile,
    Credentials,
    Clock,
    Cron,
}

/// How it stands.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Ok,
    Warning,
    Failed,
}

impl Finding {
    pub fn ok(check: Check, found: impl Into<String>) -> Self {
        Self { check, subject: None, state: State::Ok, found: found.into(), hint: None, class: None }
    }

    pub fn warning(check: Check, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { state: State::Warning, hint: Some(hint.into()), ..Self::ok(check, found) }
    }

    /// What an error tells, with the errors behind it.
    pub fn failed(check: Check, failure: &Failure) -> Self {
        let texts = std::iter::once(&failure.message).chain(&failure.causes);
        let found = texts.map(String::as_str).collect::<Vec<_>>().join(": ");
        let hint = Some(failure.hint.clone()).filter(|hint| !hint.is_empty());
        Self { state: State::Failed, hint, class: Some(failure.class), ..Self::ok(check, found) }
    }

    #[must_use]
    pub fn of(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    /// How it ends the command: only what has failed does.
    pub fn exit(&self) -> Exit {
        self.class.filter(|_| self.state == State::Failed).map_or(Exit::Ok, Exit::from)
    }
}

impl Answer for DoctorAnswer {
    fn render_text(&self, style: &Style) -> String {
        let mut text = render_rows(&self.findings, style);
        if let Some(cron) = &self.cron {
            text.push('\n');
            if cron.differences.is_empty() {
                text.push_str(style.label(labels::CRON_SAME));
                text.push('\n');
            } else {
                text.push_str(style.label(labels::CRON_DIFFERS));
                text.push('\n');
                text.push_str(&render_rows(cron.differences.iter().map(|difference| &difference.finding), style));
            }
        }
        text
    }

    fn document(&self, style: &Style) -> impl Serialize {
        DoctorDocument {
            schema: "tongbu.doctor/1",
            exit_code: self.exit.code(),
            exit_name: self.exit.name(),
            checks: self.findings.iter().map(|finding| FindingPart::new(finding, style)).collect(),
            cron: self.cron.as_ref().map(|cron| CronDocument {
                exit_code: cron.exit.code(),
                exit_name: cron.exit.name(),
                differences: &cron.differences,
            }),
        }
    }
}

#[derive(Debug, Serialize)]
struct DoctorDocument<'a> {
    schema: &'static str,
    exit_code: u8,
    exit_name: &'static str,
    checks: Vec<FindingPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cron: Option<CronDocument<'a>>,
}

#[derive(Debug, Serialize)]
struct FindingPart<'a> {
    check_label: &'static str,
    state_label: &'static str,
    #[serde(flatten)]
    finding: &'a Finding,
}

#[derive(Debug, Serialize)]
struct CronDocument<'a> {
    exit_code: u8,
    exit_name: &'static str,
    differences: &'a [Difference],
}

impl<'a> FindingPart<'a> {
    fn new(finding: &'a Finding, style: &Style) -> Self {
        let (check_label, state_label) =
            (style.label(check_label(finding.check)), style.label(state_label(finding.state)));
        Self { check_label, state_label, finding }
    }
}

fn render_rows<'a>(findings: impl IntoIterator<Item = &'a Finding>, style: &Style) -> String {
    let mut table = Table::new(vec![
        TableColumn::text(style.label(labels::CHECK)),
        TableColumn::text(style.label(labels::STATE)),
        TableColumn::text(style.label(labels::FOUND)),
        TableColumn::text(style.label(labels::TO_DO)).hidden_when_blank(),
    ]);
    for finding in findings {
        let tone = match finding.state {
            State::Ok => Severity::Good,
            State::Warning => Severity::Warning,
            State::Failed => Severity::Bad,
        };
        let label = style.label(check_label(finding.check));
        let subject = finding.subject.as_deref().map(|subject| format!("{label} {}", sanitize(subject)));
        table.push(vec![
            subject.unwrap_or_else(|| label.to_owned()).into(),
            Cell::with_severity(style.label(state_label(finding.state)), tone),
            sanitize(&finding.found).into(),
            finding.hint.as_deref().map(sanitize).unwrap_or_default().into(),
        ]);
    }
    render_table(table, style)
}

const fn check_label(check: Check) -> Text {
    match check {
        Check::Configuration => labels::CONFIGURATION,
        Check::Secret => labels::SECRET,
        Check::Sqlite => labels::SQLITE,
        Check::Database => labels::DATABASE,
        Check::Permissions => labels::PERMISSIONS,
        Check::FreeSpace => labels::FREE_SPACE,
        Check::LockFolder => labels::LOCK_FOLDER,
        Check::Locks => labels::LOCKS,
        Check::Records => labels::RECORDS,
        Check::Log => labels::LOG,
        Check::MetricsFile => labels::METRICS_FILE,
        Check::Credentials => labels::CREDENTIALS,
        Check::Clock => labels::CLOCK,
        Check::Cron => labels::CRON,
    }
}

const fn state_label(state: State) -> Text {
    match state {
        State::Ok => labels::FINE,
        State::Warning => labels::WARNING,
        State::Failed => labels::FAILED,
    }
}
