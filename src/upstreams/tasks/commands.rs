//! `tasks list | suggest | match | idle | rematch`, and the group of `packages`.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::commands_packages::{self, no_package};
use super::matching::{Match, Packages, State, Suggestions};
use super::plan::plan_rematch;
use super::similar::Suggestion;
use super::tables::{self, TaskLine};
use crate::present::listing::{self, RowJson, RowsJson};
use crate::present::paging::PagingPart;
use crate::present::{
    Block, Cell, Column, DocumentSchema, Json, Listing, ListingSpec, Output, Paging, Severity, Style, Table,
    TableColumn, Text, Word, sanitize, text, words,
};
use crate::store::{Mode, Reader, Store};
use crate::upstreams::Error;
use crate::upstreams::command::{Answer, Command, CommandContext, CommandSpec, PageArgs};

/// The lock of what a person decides.
const LOCK: &str = "tasks/matches";

const NO_TASKS: Text = text("no matching tasks", "没有符合条件的任务");
const PAGE: Text = text("page {} of {}, {} tasks", "第 {} 页，共 {} 页，{} 个任务");
const TASK: Text = text("task", "任务");
const SIMILARITY: Text = text("similarity", "相似度");

pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec::group(
        "tasks",
        "Call tasks and the lead packages they call",
        "  tongbu tasks list --match pending\n  tongbu tasks match 4711 禹州-1015A-高三-5000",
        &[
            CommandSpec::command::<ListArgs>(),
            CommandSpec::command::<SuggestArgs>(),
            CommandSpec::command::<MatchArgs>(),
            CommandSpec::command::<IdleArgs>(),
            CommandSpec::command::<RematchArgs>(),
        ],
    ),
    commands_packages::GROUP,
];

/// The stored tasks; pending ones grouped by what their names begin with, the best suggestion beside each
#[derive(Debug, Args)]
struct ListArgs {
    /// Filter by match
    #[arg(long = "match", value_enum, value_name = "STATE")]
    state: Option<State>,
    #[command(flatten)]
    page: PageArgs,
}

/// Packages that may be meant by a task's name
#[derive(Debug, Args)]
struct SuggestArgs {
    /// The task's id
    id: String,
}

/// Match a task to a package by hand; no sync changes that
#[derive(Debug, Args)]
struct MatchArgs {
    /// The task's id
    id: String,
    /// The package's code
    code: String,
}

/// Mark tasks as calling no package (闲散); no sync matches them again
#[derive(Debug, Args)]
struct IdleArgs {
    /// The tasks' ids
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// Match the pending tasks that have a package by now
#[derive(Debug, Args)]
struct RematchArgs {}

impl Command for ListArgs {
    const NAME: &'static str = "list";
    const EXAMPLES: &'static str = "  tongbu tasks list\n  tongbu tasks list --match pending --json";
    const OUTPUTS: &'static [DocumentSchema] = &[TaskLine::SCHEMA, PENDING];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let Self { state, page } = self;
        if state == Some(State::Pending) {
            let empty = Pending { groups: Vec::new(), paging: page.paging(0) };
            return context.answer(Mode::ReadOnly, empty, |store| load_groups(store, page));
        }
        context.answer(Mode::ReadOnly, Listing::new(Vec::new()).with_paging(page.paging(0)), |store| {
            let (tasks, total) = store.read(|r| {
                let tasks = tables::load_task_page(r, state, page.page, page.per_page)?;
                Ok::<_, Error>((tasks, tables::count_tasks(r, state)?))
            })?;
            Ok(Listing::new(tasks).with_paging(page.paging(total)))
        })
    }
}

impl Command for SuggestArgs {
    const NAME: &'static str = "suggest";
    const EXAMPLES: &'static str = "  tongbu tasks suggest 4711";
    const OUTPUTS: &'static [DocumentSchema] = &[SUGGESTED];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let store = context.open_existing(Mode::ReadOnly)?.ok_or_else(|| no_task(&self.id))?;
        let (task, packages) = store.read(|r| {
            let task = tables::load_task_line(r, &self.id)?.ok_or_else(|| no_task(&self.id))?;
            Ok::<_, Error>((task, Packages::new(tables::load_package_codes(r)?)))
        })?;
        let suggestions = Suggestions::new(&packages).suggest(&task.prefix).to_vec();
        Ok(Suggested { task, suggestions }.into())
    }
}

impl Command for MatchArgs {
    const NAME: &'static str = "match";
    const EXAMPLES: &'static str = "  tongbu tasks match 4711 禹州-1015A-高三-5000";
    const OUTPUTS: &'static [DocumentSchema] = &[DECIDED];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let Self { id, code } = self;
        decide(context, move |r| {
            if !tables::load_package_codes(r)?.contains(&code) {
                return Err(no_package(&code));
            }
            Ok(vec![(id, Match::Manual { code })])
        })
    }
}

impl Command for IdleArgs {
    const NAME: &'static str = "idle";
    const EXAMPLES: &'static str = "  tongbu tasks idle 4711 4712";
    const OUTPUTS: &'static [DocumentSchema] = &[DECIDED];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        decide(context, move |_| Ok(self.ids.into_iter().map(|id| (id, Match::Idle)).collect()))
    }
}

impl Command for RematchArgs {
    const NAME: &'static str = "rematch";
    const EXAMPLES: &'static str = "  tongbu tasks rematch";
    const OUTPUTS: &'static [DocumentSchema] = &[DECIDED];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        decide(context, |r| {
            let pending = tables::load_pending(r)?;
            let packages = Packages::new(tables::load_package_codes(r)?);
            let plan = plan_rematch(&pending, &packages);
            Ok(plan.into_iter().map(|(id, matched)| (id.to_owned(), matched)).collect())
        })
    }
}

/// Stores what `plan` decides, all of it or nothing; every task has to be stored already.
fn decide(
    context: &CommandContext<'_>,
    plan: impl FnOnce(&Reader<'_>) -> Result<Vec<(String, Match)>, Error> + Send + 'static,
) -> Result<Answer, Error> {
    let store = context.open_existing(Mode::ReadWrite)?.ok_or_else(|| Error::Usage {
        message: "there are no tasks yet".to_owned(),
        hint: Some("fetch them with `tongbu sync tasks --window today`".to_owned()),
    })?;
    let at = context.clock.now();
    let matches = store.write_under_lock(LOCK, move |w| {
        let matches = plan(w)?;
        for (id, matched) in &matches {
            if tables::load_task_line(w, id)?.is_none() {
                return Err(no_task(id));
            }
            tables::save_match(w, id, matched, None, at)?;
        }
        Ok(matches)
    })?;
    Ok(Decided(matches).into())
}

fn no_task(id: &str) -> Error {
    let hint = Some("see `tongbu tasks list`".to_owned());
    Error::Usage { message: format!("there is no task `{id}`"), hint }
}

/// A page of the pending tasks by prefix, the largest group first.
fn load_groups(store: &Store, page: PageArgs) -> Result<Pending, Error> {
    let (lines, total, codes) = store.read(|r| {
        let lines = tables::load_pending_page(r, page.page, page.per_page)?;
        Ok::<_, Error>((lines, tables::count_tasks(r, Some(State::Pending))?, tables::load_package_codes(r)?))
    })?;
    let packages = Packages::new(codes);
    let mut suggestions = Suggestions::new(&packages);
    let mut groups = Vec::<Group>::new();
    for (task, count) in lines {
        match groups.last_mut().filter(|group| group.prefix == task.prefix) {
            Some(group) => group.tasks.push(task),
            None => groups.push(Group {
                suggestion: suggestions.suggest(&task.prefix).first().cloned(),
                prefix: task.prefix.clone(),
                count,
                tasks: vec![task],
            }),
        }
    }
    Ok(Pending { groups, paging: page.paging(total) })
}

impl ListingSpec for TaskLine {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.tasks/1", "tasks list", listing::schema::<Self>);
    const KEY: &'static str = "tasks";
    const IS_PAGED: bool = true;
    const EMPTY: Text = NO_TASKS;
    const FOOT: Option<Text> = Some(PAGE);
    const COLUMNS: &'static [Column<Self>] = &[
        Column::text("id", |task: &Self| task.id.as_str()).titled(TASK),
        Column::text("name", |task: &Self| task.name.as_str()).titled(words::NAME),
        Column::text("prefix", |task: &Self| task.prefix.as_str()),
        Column::word("match", |task: &Self| match_word(&task.matched))
            .titled(text("match", "匹配"))
            .drawn(|task, style| match_cell(&task.matched, style)),
        Column::optional_name("how", |task: &Self| task.matched.how()),
        Column::optional_text("package_code", |task: &Self| task.matched.code())
            .titled(text("package", "数据包"))
            .hidden_when_blank(),
        Column::optional_integer("state", |task: &Self| task.state),
        count("total_number", |task| task.total_number, text("total", "总数"), 3),
        count("called_number", |task| task.called_number, text("called", "已呼叫"), 2),
        count("connected_number", |task| task.connected_number, text("connected", "接通"), 4),
        count("success_number", |task| task.success_number, text("succeeded", "成功数"), 5),
        Column::optional_time("created_at", |task: &Self| task.created_at)
            .titled(text("created", "创建时间"))
            .hidden_when_blank()
            .droppable(1),
        Column::time("decided_at", |task: &Self| task.decided_at),
    ];
}

const fn count(
    key: &'static str,
    value: fn(&TaskLine) -> Option<i64>,
    title: Text,
    drop_order: u8,
) -> Column<TaskLine> {
    Column::optional_integer(key, value).titled(title).hidden_when_blank().droppable(drop_order)
}

const fn match_word(matched: &Match) -> Word {
    let state = matched.state();
    let (label, severity) = match state {
        State::Matched => (text("matched", "已匹配"), Severity::Good),
        State::Pending => (text("pending", "待匹配"), Severity::Warning),
        State::Idle => (text("idle", "闲散"), Severity::Plain),
    };
    Word::new(state.into_str(), label, severity)
}

fn match_cell(matched: &Match, style: &Style) -> Cell {
    let word = match_word(matched);
    match matched {
        Match::Manual { .. } => {
            let by_hand = style.label(text("by hand", "手动"));
            Cell::with_severity(format!("{} ({by_hand})", style.label(word.label)), word.severity)
        }
        Match::Auto { .. } | Match::Pending | Match::Idle => word.cell(style),
    }
}

const PENDING: DocumentSchema =
    DocumentSchema::of::<PendingPart<'static>>("tongbu.tasks-pending/1", "tasks list --match pending");

/// What `tasks list --match pending` answers.
struct Pending {
    groups: Vec<Group>,
    /// Counts tasks, not groups: one group may continue over several pages.
    paging: Paging,
}

/// Pending tasks whose names begin alike, as far as they are on the page.
struct Group {
    prefix: String,
    suggestion: Option<Suggestion>,
    /// How many there are on all pages.
    count: u64,
    tasks: Vec<TaskLine>,
}

#[derive(Serialize, JsonSchema)]
struct PendingPart<'a> {
    groups: Vec<GroupPart<'a>>,
    #[serde(flatten)]
    paging: PagingPart,
}

#[derive(Serialize, JsonSchema)]
struct GroupPart<'a> {
    prefix: &'a str,
    count: u64,
    suggestion: Option<&'a Suggestion>,
    tasks: RowsJson<'a, TaskLine>,
}

impl Output for Pending {
    fn schema(&self) -> &DocumentSchema {
        &PENDING
    }

    /// One row a task; what a group has in common is beside its first.
    fn blocks(&self, style: &Style) -> Vec<Block> {
        if self.groups.is_empty() {
            return vec![Block::Line(style.label(NO_TASKS).to_owned())];
        }
        let mut table = Table::new(vec![
            TableColumn::text(style.label(text("name begins with", "名称前缀"))),
            TableColumn::text(style.label(text("suggestion", "建议"))),
            TableColumn::number(style.label(SIMILARITY)),
            TableColumn::text(style.label(TASK)),
            TableColumn::text(style.label(words::NAME)).droppable(1),
        ]);
        for group in &self.groups {
            let suggestion = group.suggestion.as_ref();
            let mut head = [
                sanitize(&group.prefix),
                suggestion.map(|suggestion| sanitize(&suggestion.code)).unwrap_or_default(),
                suggestion.map(|suggestion| percent(suggestion.similarity)).unwrap_or_default(),
            ];
            for task in &group.tasks {
                let [prefix, code, similarity] = std::mem::take(&mut head).map(Cell::from);
                table.push(vec![prefix, code, similarity, sanitize(&task.id).into(), sanitize(&task.name).into()]);
            }
        }
        let Paging { number, total, .. } = self.paging;
        let foot = PAGE.fill(style.language, &[&number, &self.paging.page_count(), &total]);
        vec![Block::Table(table), Block::Line(foot)]
    }

    fn json(&self, style: &Style) -> Json {
        let groups = self.groups.iter().map(|group| GroupPart {
            prefix: &group.prefix,
            count: group.count,
            suggestion: group.suggestion.as_ref(),
            tasks: RowsJson(&group.tasks, style),
        });
        Json::of(&PendingPart { groups: groups.collect(), paging: self.paging.part() })
    }
}

const SUGGESTED: DocumentSchema =
    DocumentSchema::of::<SuggestedPart<'static>>("tongbu.tasks-suggest/1", "tasks suggest");

/// What `tasks suggest` answers.
struct Suggested {
    task: TaskLine,
    suggestions: Vec<Suggestion>,
}

#[derive(Serialize, JsonSchema)]
struct SuggestedPart<'a> {
    task: RowJson<'a, TaskLine>,
    suggestions: &'a [Suggestion],
}

impl Output for Suggested {
    fn schema(&self) -> &DocumentSchema {
        &SUGGESTED
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let head = Block::Line(format!("{}  {}", sanitize(&self.task.id), sanitize(&self.task.name)));
        if self.suggestions.is_empty() {
            return vec![head, Block::Line(style.label(text("no package is similar", "没有相似的数据包")).to_owned())];
        }
        let mut table = Table::new(vec![
            TableColumn::text(style.label(commands_packages::CODE)),
            TableColumn::number(style.label(SIMILARITY)),
        ]);
        for suggestion in &self.suggestions {
            table.push(vec![sanitize(&suggestion.code).into(), percent(suggestion.similarity).into()]);
        }
        vec![head, Block::Table(table)]
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&SuggestedPart { task: RowJson(&self.task, style), suggestions: &self.suggestions })
    }
}

const DECIDED: DocumentSchema =
    DocumentSchema::of::<DecidedPart<'static>>("tongbu.tasks-matched/1", "tasks match, tasks idle, tasks rematch");

/// What `tasks match`, `tasks idle` and `tasks rematch` answer: what was decided, by task.
struct Decided(Vec<(String, Match)>);

#[derive(Serialize, JsonSchema)]
struct DecidedPart<'a> {
    changed: Vec<DecisionPart<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct DecisionPart<'a> {
    id: &'a str,
    r#match: &'static str,
    match_label: &'static str,
    how: Option<&'static str>,
    package_code: Option<&'a str>,
}

impl Output for Decided {
    fn schema(&self) -> &DocumentSchema {
        &DECIDED
    }

    fn is_quiet_on_success(&self) -> bool {
        true
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let line = |(id, matched): &(String, Match)| {
            let code = matched.code().map(sanitize).unwrap_or_default();
            let line = format!("{}  {}  {code}", sanitize(id), style.label(match_word(matched).label));
            Block::Line(line.trim_end().to_owned())
        };
        let count = text("changed tasks: {}", "已更改任务：{}").fill(style.language, &[&self.0.len()]);
        self.0.iter().map(line).chain([Block::Line(count)]).collect()
    }

    fn json(&self, style: &Style) -> Json {
        let changed = self.0.iter().map(|(id, matched)| DecisionPart {
            id,
            r#match: matched.state().into_str(),
            match_label: style.label(match_word(matched).label),
            how: matched.how(),
            package_code: matched.code(),
        });
        Json::of(&DecidedPart { changed: changed.collect() })
    }
}

fn percent(similarity: f64) -> String {
    format!("{:.0} %", similarity * 100.0)
}

#[cfg(test)]
#[path = "commands_tests.rs"]
mod tests;
