//! What `doctor` shows.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::finding::{Check, Difference, Finding, State};
use crate::error::Class;
use crate::exit::Exit;
use crate::present::listing::RowsJson;
use crate::present::{
    Block, Cell, Column, DocumentSchema, Json, ListingSpec, Output, Severity, Style, Text, Word, listing, sanitize,
    text, words,
};

pub const SCHEMA: DocumentSchema = DocumentSchema::list_of::<DoctorDocument<'static>>("tongbu.doctor/1", "doctor");

const CRON_DIFFERS: Text = text("differences in cron's environment:", "在 cron 的环境中结果不同：");
const CRON_SAME: Text = text("no differences in cron's environment", "在 cron 的环境中结果相同");

/// Every finding.
#[derive(Debug)]
pub struct DoctorOutput {
    pub exit: Exit,
    pub findings: Vec<Finding>,
    /// What differs in cron's environment, with `--cron`.
    pub cron: Option<CronDifferences>,
}

/// What cron's environment changes.
#[derive(Debug)]
pub struct CronDifferences {
    pub exit: Exit,
    pub differences: Vec<Difference>,
}

/// A column of findings.
type C = Column<Finding>;

impl ListingSpec for Finding {
    const SCHEMA: DocumentSchema = SCHEMA;
    const KEY: &'static str = "checks";
    const EMPTY: Text = text("no findings", "没有结果");
    const COLUMNS: &'static [C] = &[
        C::word("check", |finding| check_word(finding.check)).titled(text("check", "检查项")).drawn(check_cell),
        C::optional_text("subject", |finding| finding.subject.as_deref()),
        C::word("state", |finding| state_word(finding.state)).titled(words::STATE),
        C::text("found", |finding| &finding.found)
            .titled(text("found", "结果"))
            .drawn(|finding, style| style.message(&finding.found).into()),
        C::optional_text("hint", |finding| finding.hint.as_deref())
            .titled(words::WHAT_TO_DO)
            .drawn(|finding, style| style.message(finding.hint.as_deref().unwrap_or_default()).into())
            .hidden_when_blank(),
        C::nested::<Option<Class>>("class", |finding| json!(finding.class)),
    ];
}

#[derive(Serialize, JsonSchema)]
struct DoctorDocument<'a> {
    exit_code: u8,
    exit_name: &'static str,
    checks: RowsJson<'a, Finding>,
    /// With --cron: what differs in cron's environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    cron: Option<CronPart<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct CronPart<'a> {
    exit_code: u8,
    exit_name: &'static str,
    differences: &'a [Difference],
}

impl Output for DoctorOutput {
    fn schema(&self) -> &DocumentSchema {
        &SCHEMA
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let mut blocks = vec![Block::Table(listing::table(&self.findings, style))];
        if let Some(cron) = &self.cron {
            let is_same = cron.differences.is_empty();
            let title = style.label(if is_same { CRON_SAME } else { CRON_DIFFERS });
            blocks.extend([Block::Gap, Block::Line(title.to_owned())]);
            if !is_same {
                let differences: Vec<_> = cron.differences.iter().map(|other| other.finding.clone()).collect();
                blocks.push(Block::Table(listing::table(&differences, style)));
            }
        }
        blocks
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&DoctorDocument {
            exit_code: self.exit.code(),
            exit_name: self.exit.name(),
            checks: RowsJson(&self.findings, style),
            cron: self.cron.as_ref().map(|cron| CronPart {
                exit_code: cron.exit.code(),
                exit_name: cron.exit.name(),
                differences: &cron.differences,
            }),
        })
    }

    fn csv(&self, style: &Style) -> Option<Vec<u8>> {
        Some(listing::csv(&self.findings, style))
    }
}

fn check_cell(finding: &Finding, style: &Style) -> Cell {
    let label = style.label(check_word(finding.check).label);
    // What belongs to an upstream may have a name in words.
    let named = |subject: &str| match subject.split_once('/') {
        Some((upstream, part)) if !upstream.is_empty() => format!("{}/{}", sanitize(upstream), style.message(part)),
        Some(_) | None => sanitize(subject),
    };
    let subject = finding.subject.as_deref().map(|subject| format!("{label} {}", named(subject)));
    subject.unwrap_or_else(|| label.to_owned()).into()
}

const fn check_word(check: Check) -> Word {
    let label = match check {
        Check::Configuration => words::CONFIGURATION,
        Check::Secret => text("secret", "密钥"),
        Check::Sqlite => text("SQLite", "SQLite"),
        Check::Database => words::DATABASE,
        Check::Permissions => text("permissions", "权限"),
        Check::FreeSpace => text("free space", "可用空间"),
        Check::LockFolder => text("lock folder", "锁目录"),
        Check::Locks => text("locks", "锁"),
        Check::Records => text("records", "记录"),
        Check::Log => text("log", "日志"),
        Check::MetricsFile => text("metrics file", "指标文件"),
        Check::Credentials => text("credentials", "凭据"),
        Check::Rights => text("rights", "授权"),
        Check::Durability => text("durability", "持久性"),
        Check::Encryption => text("encryption", "加密"),
        Check::Schedule => text("schedule", "定时"),
        Check::Mail => text("mail", "邮件"),
        Check::Clock => text("clock", "时钟"),
        Check::Cron => text("cron", "cron"),
    };
    Word::new(check.into_str(), label, Severity::Plain)
}

const fn state_word(state: State) -> Word {
    let (label, severity) = match state {
        State::Ok => (words::OK, Severity::Good),
        State::Warning => (words::WARNING, Severity::Warning),
        State::Failed => (text("failed", "失败"), Severity::Bad),
    };
    Word::new(state.into_str(), label, severity)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{CronDifferences, DoctorOutput};
    use crate::cli::doctor::finding::{Check, Difference, Finding};
    use crate::cli::samples::{failure, failure_of};
    use crate::error::Class;
    use crate::exit::Exit;
    use crate::ui::{injection_tests, snapshots};

    #[test]
    fn findings_are_shown_with_what_to_do() {
        let refused = Finding::failed(Check::Credentials, &failure(Class::Auth, "fairing refuses our credentials"));
        let findings = vec![
            Finding::ok(Check::Sqlite, "3.51.3"),
            Finding::warning(Check::Locks, "stale: `douban/movies`", "run `tongbu locks clean`"),
            refused.of("fairing/shop-eu"),
        ];
        let unset = Finding::failed(Check::Secret, &failure(Class::Config, "the variable `TOKEN` is not set"));
        let differences = vec![Difference { finding: unset.of("fairing.accounts[0].token"), here: None }];
        let cron = Some(CronDifferences { exit: Exit::Config, differences });
        assert_snapshot!("doctor", snapshots::render_everything(&DoctorOutput { exit: Exit::Config, findings, cron }));
        let cron = Some(CronDifferences { exit: Exit::Ok, differences: Vec::new() });
        let findings = vec![Finding::ok(Check::Clock, "in step")];
        assert_snapshot!("same", snapshots::render_everything(&DoctorOutput { exit: Exit::Ok, findings, cron }));
    }

    #[test]
    fn hostile_findings_are_harmless() {
        injection_tests::check_output(|text| {
            let finding = || Finding::failed(Check::Secret, &failure_of(text)).of(text);
            let differences = vec![Difference { finding: finding(), here: None }];
            let cron = Some(CronDifferences { exit: Exit::Ok, differences });
            Box::new(DoctorOutput { exit: Exit::Ok, findings: vec![finding()], cron })
        });
    }
}
