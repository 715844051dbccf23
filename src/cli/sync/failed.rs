//! What `-q` shows of a run: why it is no success, scope by scope, and its warnings.

use super::output::{SCHEMA, SyncOutput, repeats};
use crate::cli::failure::{self, ErrorOutput, describe_holder, lock_hint};
use crate::cli::runs::{status_word, sync_name};
use crate::error::Class;
use crate::exit::Exit;
use crate::present::{Block, DocumentSchema, Json, Output, Severity, Style, Text, sanitize, text, words};
use crate::run::Report;
use crate::store::{Holder, Problem, Status};
use crate::upstreams::Failure;

/// More failed scopes than these are counted, not listed.
const LISTED_SCOPES: usize = 10;
/// More problems of one scope than these are counted, not listed.
const LISTED_PROBLEMS: usize = 3;

const HEAD: Text = text("{}: {} ({}, exit {})", "{}：{}（{}，退出码 {}）");
const NOTHING_CHANGED: Text = text("nothing changed", "没有变化");
const RECORD: Text = text("record {}: `tongbu records show {}`", "记录 {}：`tongbu records show {}`");
const MORE_PROBLEMS: Text = text("and {} more problem{|s}", "另有 {} 个问题");
const ITEMS: Text = text("{} item{|s} failed", "{} 条失败");
const AND_MORE: Text = text("and {} more scope{|s}", "另有 {} 个范围");

/// One run whose summary is not shown; nothing where it succeeded without a warning.
#[derive(Clone, Copy, Debug)]
pub struct FailedRun<'a>(pub &'a Report);

/// One run of several that left no record. The reason is left out where the run before it has said the same.
#[derive(Clone, Copy, Debug)]
pub struct UnrecordedRun<'a> {
    pub sync: &'a str,
    pub sync_type: &'a str,
    pub failure: &'a Failure,
    pub is_said: bool,
}

/// One thing that failed: a scope, or what ended the run.
struct Failed<'a> {
    /// Empty for the run itself.
    scope: &'a str,
    class: Class,
    reason: String,
    hint: &'a str,
    holder: Option<&'a Holder>,
    /// What else went wrong in it.
    others: Vec<&'a Problem>,
}

impl Output for FailedRun<'_> {
    fn schema(&self) -> &DocumentSchema {
        &SCHEMA
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let report = self.0;
        let mut blocks = Vec::new();
        if report.exit != Exit::Ok {
            blocks.push(head(report, style));
            let failed = failed_scopes(report, style);
            for one in failed.iter().take(LISTED_SCOPES) {
                blocks.extend(one.lines(style).into_iter().map(Block::Line));
            }
            if failed.len() > LISTED_SCOPES {
                let more = AND_MORE.fill(style.language, &[&(failed.len() - LISTED_SCOPES)]);
                blocks.push(Block::Line(format!("  {more}")));
            }
        }
        blocks.extend(report.warnings.iter().map(|warning| Block::Notice {
            label: words::WARNING,
            severity: Severity::Warning,
            message: warning.clone(),
        }));
        if !blocks.is_empty() && report.has_record() {
            blocks.push(Block::Line(RECORD.fill(style.language, &[&report.record.0, &report.record.0])));
        }
        blocks
    }

    fn json(&self, style: &Style) -> Json {
        SyncOutput(self.0).json(style)
    }
}

impl Output for UnrecordedRun<'_> {
    fn schema(&self) -> &DocumentSchema {
        &failure::SCHEMA
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let Self { sync, sync_type, failure, is_said } = *self;
        let status = style.label(status_word(Status::Failed).label);
        let mut blocks = vec![head_of(&sync_name(sync, sync_type), status, failure.class.into(), style)];
        if !is_said {
            let (class, hint, others) = (failure.class, failure.hint.as_str(), Vec::new());
            let reason = style.message(&failure.full_message());
            let failed = Failed { scope: "", class, reason, hint, holder: None, others };
            blocks.extend(failed.lines(style).into_iter().map(Block::Line));
        }
        blocks
    }

    fn json(&self, style: &Style) -> Json {
        ErrorOutput { failure: self.failure, holder: None }.json(style)
    }
}

impl Failed<'_> {
    fn lines(&self, style: &Style) -> Vec<String> {
        let scope = if self.scope.is_empty() { String::new() } else { format!("{}  ", sanitize(self.scope)) };
        let mut lines = vec![format!("  {scope}{}  {}", self.class.name(), self.reason)];
        let holder = self.holder.into_iter().flat_map(|holder| describe_holder(holder, style));
        lines.extend(holder.map(|line| format!("    {line}")));
        let hint = self.holder.map_or_else(|| self.hint.to_owned(), lock_hint);
        if !hint.is_empty() {
            lines.push(format!("    {}: {}", style.label(words::HINT), style.message(&hint)));
        }
        let others = self.others.iter().take(LISTED_PROBLEMS - 1);
        lines.extend(others.map(|other| format!("    {}  {}", other.class.name(), reason_of(other, style))));
        if let Some(count @ 1..) = self.others.len().checked_sub(LISTED_PROBLEMS - 1) {
            lines.push(format!("    {}", MORE_PROBLEMS.fill(style.language, &[&count])));
        }
        lines
    }
}

fn head(report: &Report, style: &Style) -> Block {
    let is_unchanged = report.exit == Exit::Unchanged;
    let status = style.label(if is_unchanged { NOTHING_CHANGED } else { status_word(report.status).label });
    head_of(&sync_name(report.sync, report.sync_type), status, report.exit, style)
}

fn head_of(name: &str, status: &str, exit: Exit, style: &Style) -> Block {
    let message = HEAD.fill(style.language, &[&name, &status, &exit.name(), &exit.code()]);
    Block::Notice { label: words::ERROR, severity: Severity::Bad, message }
}

/// What ended the run where that was no scope, then every scope that failed, in part or as a whole.
fn failed_scopes<'a>(report: &'a Report, style: &Style) -> Vec<Failed<'a>> {
    let mut failed = Vec::new();
    if let (Some(failure), None) = (&report.failure, report.failed_scope()) {
        let (class, hint) = (failure.class, failure.hint.as_str());
        let (reason, others) = (style.message(&failure.full_message()), Vec::new());
        failed.push(Failed { scope: "", class, reason, hint, holder: None, others });
    }
    for scope in &report.scopes {
        let problems: Vec<&Problem> = report.problems.iter().filter(|problem| problem.scope == scope.scope).collect();
        if let Some(failure) = &scope.failure {
            let others = problems.into_iter().filter(|problem| !repeats(problem, failure)).collect();
            let (class, hint, holder) = (failure.class, failure.hint.as_str(), scope.holder.as_ref());
            let reason = style.message(&failure.full_message());
            failed.push(Failed { scope: &scope.scope, class, reason, hint, holder, others });
        } else if problems.is_empty() && scope.summary.failed > 0 {
            let reason = ITEMS.fill(style.language, &[&scope.summary.failed]);
            let (class, others) = (Class::Contract, Vec::new());
            failed.push(Failed { scope: &scope.scope, class, reason, hint: "", holder: None, others });
        } else {
            failed.extend(of_problems(&scope.scope, &problems, style));
        }
    }
    let is_listed = |problem: &Problem| report.scopes.iter().any(|scope| scope.scope == problem.scope);
    for problem in report.problems.iter().filter(|problem| !is_listed(problem)) {
        failed.extend(of_problems(&problem.scope, &[problem], style));
    }
    failed
}

/// The first problem, which is the most severe, comes with its hint.
fn of_problems<'a>(scope: &'a str, problems: &[&'a Problem], style: &Style) -> Option<Failed<'a>> {
    let (first, others) = problems.split_first()?;
    // Where the class's hint is to look at the record, the last line says so.
    let hint = if first.class == Class::Contract { "" } else { first.class.hint() };
    let (class, reason) = (first.class, reason_of(first, style));
    Some(Failed { scope, class, reason, hint, holder: None, others: others.to_vec() })
}

fn reason_of(problem: &Problem, style: &Style) -> String {
    let item = [&problem.id, &problem.name].into_iter().flatten().map(|part| sanitize(part));
    item.chain([style.message(&problem.message)]).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{FailedRun, UnrecordedRun};
    use crate::cli::samples::{failure, failure_of, locked_report, mixed_report, problem_of, report, scope};
    use crate::error::Class;
    use crate::exit::Exit;
    use crate::language::Language;
    use crate::present::style::samples::style;
    use crate::run::Report;
    use crate::store::{Status, Summary};
    use crate::ui::injection_tests;
    use crate::ui::tables::render_output;

    fn render(report: &Report) -> String {
        render_output(&FailedRun(report), &style(Language::En, None))
    }

    #[test]
    fn a_quiet_run_shows_what_failed_and_nothing_else() {
        let chinese = render_output(&FailedRun(&mixed_report()), &style(Language::Zh, None));
        let all = format!("{}\n{}\n{chinese}", render(&mixed_report()), render(&locked_report()));
        insta::assert_snapshot!("quiet", all);
        assert_eq!(render(&report()), "");
    }

    #[test]
    fn warnings_alone_are_shown_with_their_record() {
        let warned = Report { warnings: vec!["cannot ping".to_owned()], ..report() };
        assert_eq!(render(&warned), "warning: cannot ping\nrecord 7: `tongbu records show 7`\n");
    }

    #[test]
    fn more_than_ten_failed_scopes_are_counted() {
        let scopes = (0..13).map(|number| {
            let mut failed = scope(&format!("ecs/main/r{number}"), Status::Failed, Summary::default());
            failed.failure = Some(failure(Class::Unavailable, "503"));
            failed
        });
        let text = render(&Report { scopes: scopes.collect(), exit: Exit::Partial, ..report() });
        assert!(text.contains("ecs/main/r9 ") && !text.contains("ecs/main/r10"), "{text}");
        assert!(text.contains("and 3 more scopes"), "{text}");
        assert_eq!(text.matches("hint: ").count(), 10, "{text}");
    }

    #[test]
    fn hostile_problems_are_harmless() {
        for text in injection_tests::hostile_strings() {
            let warnings = vec![text.clone()];
            let report = Report { warnings, problems: vec![problem_of(&text)], ..mixed_report() };
            injection_tests::check_shown(&text, &FailedRun(&report));
            let failure = failure_of(&text);
            let run = UnrecordedRun { sync: "tasks", sync_type: "today", failure: &failure, is_said: false };
            injection_tests::check_shown(&text, &run);
        }
    }
}
