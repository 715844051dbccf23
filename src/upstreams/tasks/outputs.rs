//! What the commands of `tasks` answer.

use schemars::JsonSchema;
use serde::Serialize;

use super::matching::{Match, State};
use super::similar::Suggestion;
use super::tables::ListedTask;
use crate::present::listing::{self, RowJson, RowsJson};
use crate::present::paging::PagingPart;
use crate::present::{
    Block, Cell, Column, DocumentSchema, Json, ListingSpec, Output, Paging, Severity, Style, Table, TableColumn, Text,
    Word, sanitize, text, words,
};

const NO_TASKS: Text = text("no matching tasks", "没有符合条件的任务");
const PAGE: Text = text("page {} of {}, {} task{|s}", "第 {} 页，共 {} 页，{} 个任务");
const TASK: Text = text("task", "任务");
const SIMILARITY: Text = text("similarity", "相似度");

impl ListingSpec for ListedTask {
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
        Column::optional_text("how", |task: &Self| task.matched.how()),
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
    value: fn(&ListedTask) -> Option<i64>,
    title: Text,
    drop_order: u8,
) -> Column<ListedTask> {
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

pub const PENDING: DocumentSchema =
    DocumentSchema::list_of::<PendingPart<'static>>("tongbu.tasks-pending/1", "tasks list --match pending");

/// What `tasks list --match pending` answers.
pub struct Pending {
    pub groups: Vec<Group>,
    /// Counts tasks, not groups: one group may continue over several pages.
    pub paging: Paging,
}

/// Pending tasks whose names begin alike, as far as they are on the page.
pub struct Group {
    pub prefix: String,
    pub suggestion: Option<Suggestion>,
    /// How many there are on all pages.
    pub count: u64,
    pub tasks: Vec<ListedTask>,
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
    tasks: RowsJson<'a, ListedTask>,
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

    fn csv(&self, style: &Style) -> Option<Vec<u8>> {
        Some(listing::csv(self.groups.iter().flat_map(|group| &group.tasks), style))
    }
}

pub const SUGGESTED: DocumentSchema =
    DocumentSchema::of::<SuggestedPart<'static>>("tongbu.tasks-suggest/1", "tasks suggest");

/// What `tasks suggest` answers.
pub struct Suggested {
    pub task: ListedTask,
    pub suggestions: Vec<Suggestion>,
}

#[derive(Serialize, JsonSchema)]
struct SuggestedPart<'a> {
    task: RowJson<'a, ListedTask>,
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
            TableColumn::text(style.label(text("code", "编码"))),
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

pub const DECIDED: DocumentSchema =
    DocumentSchema::of::<DecidedPart<'static>>("tongbu.tasks-matched/1", "tasks match, tasks idle, tasks rematch");

/// What `tasks match`, `tasks idle` and `tasks rematch` answer: what was decided, by task.
pub struct Decided(pub Vec<(String, Match)>);

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
#[path = "outputs_tests.rs"]
mod tests;
