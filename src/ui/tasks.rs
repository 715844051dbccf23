//! Call tasks and the packages they call.

use serde::Serialize;

use super::Answer;
use super::labels::{self, Text};
use super::tables::render_table;
use crate::present::paging::{Paging, PagingPart};
use crate::present::style::{Style, sanitize};
use crate::present::table::{Cell, Severity, Table, TableColumn};
use crate::upstreams::tasks::matching::{Match, State};
use crate::upstreams::tasks::similar::Suggestion;
use crate::upstreams::tasks::tables::TaskLine;

/// The answer of `tasks list`.
#[derive(Debug)]
pub struct TasksAnswer {
    pub tasks: Vec<TaskLine>,
    pub paging: Paging,
}

/// The answer of `tasks list --match pending`.
#[derive(Debug)]
pub struct PendingAnswer {
    pub groups: Vec<Group>,
    /// Of the tasks, not of the groups: one group may go over several pages.
    pub paging: Paging,
}

/// Pending tasks whose names begin alike, as far as they are on the page.
#[derive(Debug)]
pub struct Group {
    pub prefix: String,
    pub suggestion: Option<Suggestion>,
    /// How many there are on all pages.
    pub count: u64,
    pub tasks: Vec<TaskLine>,
}

/// The answer of `tasks suggest`.
#[derive(Debug)]
pub struct SuggestAnswer {
    pub task: TaskLine,
    pub suggestions: Vec<Suggestion>,
}

/// The answer of `tasks match`, `tasks idle` and `tasks rematch`: what was decided, by task.
#[derive(Debug)]
pub struct MatchedAnswer(pub Vec<(String, Match)>);

#[derive(Debug, Serialize)]
struct TasksDocument<'a> {
    schema: &'static str,
    tasks: Vec<TaskPart<'a>>,
    #[serde(flatten)]
    paging: PagingPart,
}

#[derive(Debug, Serialize)]
struct PendingDocument<'a> {
    schema: &'static str,
    groups: Vec<GroupPart<'a>>,
    #[serde(flatten)]
    paging: PagingPart,
}

#[derive(Debug, Serialize)]
struct GroupPart<'a> {
    prefix: &'a str,
    count: u64,
    suggestion: Option<SuggestionPart<'a>>,
    tasks: Vec<TaskPart<'a>>,
}

#[derive(Debug, Serialize)]
struct SuggestDocument<'a> {
    schema: &'static str,
    task: TaskPart<'a>,
    suggestions: Vec<SuggestionPart<'a>>,
}

#[derive(Debug, Serialize)]
struct MatchedDocument<'a> {
    schema: &'static str,
    changed: Vec<DecisionPart<'a>>,
}

#[derive(Debug, Serialize)]
struct DecisionPart<'a> {
    id: &'a str,
    #[serde(flatten)]
    matched: MatchPart<'a>,
}

#[derive(Debug, Serialize)]
struct TaskPart<'a> {
    id: &'a str,
    name: &'a str,
    prefix: &'a str,
    #[serde(flatten)]
    matched: MatchPart<'a>,
    state: Option<i64>,
    total_number: Option<i64>,
    called_number: Option<i64>,
    connected_number: Option<i64>,
    success_number: Option<i64>,
    created_at: Option<String>,
    decided_at: String,
}

#[derive(Debug, Serialize)]
struct MatchPart<'a> {
    #[serde(rename = "match")]
    state: &'static str,
    match_label: &'static str,
    how: Option<&'static str>,
    package_code: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct SuggestionPart<'a> {
    code: &'a str,
    similarity: f64,
}

impl Answer for TasksAnswer {
    fn render_text(&self, style: &Style) -> String {
        if self.tasks.is_empty() {
            return no_tasks(style);
        }
        let number = |label: Text| TableColumn::number(style.label(label));
        let mut table = Table::new(vec![
            TableColumn::text(style.label(labels::TASK)),
            TableColumn::text(style.label(labels::NAME)),
            TableColumn::text(style.label(labels::MATCH)),
            TableColumn::text(style.label(labels::PACKAGE)).hidden_when_blank(),
            number(labels::TOTAL).hidden_when_blank().droppable(3),
            number(labels::CALLED).hidden_when_blank().droppable(2),
            number(labels::CONNECTED).hidden_when_blank().droppable(4),
            number(labels::SUCCEEDED).hidden_when_blank().droppable(5),
            TableColumn::text(style.label(labels::CREATED_AT)).hidden_when_blank().droppable(1),
        ]);
        for task in &self.tasks {
            let count = |count: Option<i64>| count.map(|count| count.to_string()).unwrap_or_default().into();
            table.push(vec![
                sanitize(&task.id).into(),
                sanitize(&task.name).into(),
                match_cell(&task.matched, style),
                task.matched.code().map(sanitize).unwrap_or_default().into(),
                count(task.total_number),
                count(task.called_number),
                count(task.connected_number),
                count(task.success_number),
                task.created_at.as_deref().map(|at| time(at, |at| style.local(at))).unwrap_or_default().into(),
            ]);
        }
        render_table(table, style) + &foot(self.paging, style)
    }

    fn document(&self, style: &Style) -> impl Serialize {
        TasksDocument { schema: "tongbu.tasks/1", tasks: parts(&self.tasks, style), paging: self.paging.part() }
    }
}

impl Answer for PendingAnswer {
    /// One row a task; what a group has in common stands beside its first.
    fn render_text(&self, style: &Style) -> String {
        if self.groups.is_empty() {
            return no_tasks(style);
        }
        let mut table = Table::new(vec![
            TableColumn::text(style.label(labels::PREFIX)),
            TableColumn::text(style.label(labels::SUGGESTION)),
            TableColumn::number(style.label(labels::SIMILARITY)),
            TableColumn::text(style.label(labels::TASK)),
            TableColumn::text(style.label(labels::NAME)).droppable(1),
        ]);
        for group in &self.groups {
            let suggestion = group.suggestion.as_ref();
            let mut head = [
                sanitize(&group.prefix),
                suggestion.map(|suggestion| sanitize(&suggestion.code)).unwrap_or_default(),
                suggestion.map(|suggestion| percent(suggestion.similarity)).unwrap_or_default(),
            ];
            for task in &group.tasks {
                let [prefix, code, similarity] = std::mem::take(&mut head);
                table.push(vec![
                    prefix.into(),
                    code.into(),
                    similarity.into(),
                    sanitize(&task.id).into(),
                    sanitize(&task.name).into(),
                ]);
            }
        }
        render_table(table, style) + &foot(self.paging, style)
    }

    fn document(&self, style: &Style) -> impl Serialize {
        PendingDocument {
            schema: "tongbu.tasks-pending/1",
            groups: self.groups.iter().map(|group| GroupPart::new(group, style)).collect(),
            paging: self.paging.part(),
        }
    }
}

impl Answer for SuggestAnswer {
    fn render_text(&self, style: &Style) -> String {
        let head = format!("{}  {}\n", sanitize(&self.task.id), sanitize(&self.task.name));
        if self.suggestions.is_empty() {
            return format!("{head}{}\n", style.label(labels::NO_SUGGESTION));
        }
        let mut table = Table::new(vec![
            TableColumn::text(style.label(labels::CODE)),
            TableColumn::number(style.label(labels::SIMILARITY)),
        ]);
        for suggestion in &self.suggestions {
            table.push(vec![sanitize(&suggestion.code).into(), percent(suggestion.similarity).into()]);
        }
        head + &render_table(table, style)
    }

    fn document(&self, style: &Style) -> impl Serialize {
        SuggestDocument {
            schema: "tongbu.tasks-suggest/1",
            task: TaskPart::new(&self.task, style),
            suggestions: self.suggestions.iter().map(SuggestionPart::new).collect(),
        }
    }
}

impl Answer for MatchedAnswer {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        let mut text = String::new();
        for (id, matched) in &self.0 {
            let code = matched.code().map(sanitize).unwrap_or_default();
            let line = format!("{}  {}  {code}", sanitize(id), style.label(labels::match_state(matched.state())));
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text + &labels::TASKS_CHANGED.fill(style.language, &[&self.0.len()]) + "\n"
    }

    fn document(&self, style: &Style) -> impl Serialize {
        MatchedDocument {
            schema: "tongbu.tasks-matched/1",
            changed: self.0.iter().map(|(id, matched)| DecisionPart::new(id, matched, style)).collect(),
        }
    }
}

impl<'a> GroupPart<'a> {
    fn new(group: &'a Group, style: &Style) -> Self {
        Self {
            prefix: &group.prefix,
            count: group.count,
            suggestion: group.suggestion.as_ref().map(SuggestionPart::new),
            tasks: parts(&group.tasks, style),
        }
    }
}

impl<'a> DecisionPart<'a> {
    fn new(id: &'a str, matched: &'a Match, style: &Style) -> Self {
        Self { id, matched: MatchPart::new(matched, style) }
    }
}

impl<'a> TaskPart<'a> {
    fn new(task: &'a TaskLine, style: &Style) -> Self {
        Self {
            id: &task.id,
            name: &task.name,
            prefix: &task.prefix,
            matched: MatchPart::new(&task.matched, style),
            state: task.state,
            total_number: task.total_number,
            called_number: task.called_number,
            connected_number: task.connected_number,
            success_number: task.success_number,
            created_at: task.created_at.as_deref().map(|at| time(at, |at| style.rfc3339(at))),
            decided_at: time(&task.decided_at, |at| style.rfc3339(at)),
        }
    }
}

impl<'a> MatchPart<'a> {
    fn new(matched: &'a Match, style: &Style) -> Self {
        Self {
            state: matched.state().name(),
            match_label: style.label(labels::match_state(matched.state())),
            how: matched.how(),
            package_code: matched.code(),
        }
    }
}

impl<'a> SuggestionPart<'a> {
    fn new(suggestion: &'a Suggestion) -> Self {
        Self { code: &suggestion.code, similarity: suggestion.similarity }
    }
}

fn parts<'a>(tasks: &'a [TaskLine], style: &Style) -> Vec<TaskPart<'a>> {
    tasks.iter().map(|task| TaskPart::new(task, style)).collect()
}

fn foot(paging: Paging, style: &Style) -> String {
    labels::TASKS_PAGE.fill(style.language, &[&paging.number, &paging.page_count(), &paging.total]) + "\n"
}

fn no_tasks(style: &Style) -> String {
    format!("{}\n", style.label(labels::NO_TASKS))
}

fn match_cell(matched: &Match, style: &Style) -> Cell {
    let state = matched.state();
    let tone = match state {
        State::Matched => Severity::Good,
        State::Pending => Severity::Warning,
        State::Idle => Severity::Plain,
    };
    let label = style.label(labels::match_state(state));
    match matched {
        Match::Manual { .. } => Cell::with_severity(format!("{label} ({})", style.label(labels::BY_HAND)), tone),
        Match::Auto { .. } | Match::Pending | Match::Idle => Cell::with_severity(label, tone),
    }
}

/// A stored time, shown; what is no time stays as it is.
fn time(stored: &str, show: impl FnOnce(jiff::Timestamp) -> String) -> String {
    stored.parse().map_or_else(|_| sanitize(stored), show)
}

fn percent(similarity: f64) -> String {
    format!("{:.0} %", similarity * 100.0)
}
