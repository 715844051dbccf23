//! `tasks list | suggest | match | idle | rematch`, and the group of `packages`.

use clap::Args;

use super::commands_packages::{self, no_package};
use super::history;
use super::matching::{Match, Packages, State, Suggestions};
use super::outputs::{DECIDED, Decided, Group, PENDING, Pending, SUGGESTED, Suggested};
use super::plan::plan_rematch;
use super::tables::{self, ListedTask};
use crate::present::{DocumentSchema, Listing, ListingSpec};
use crate::store::{Mode, Reader, Store};
use crate::upstreams::Error;
use crate::upstreams::command::{Answer, Command, CommandContext, CommandSpec, PageArgs};
use crate::upstreams::mirror::WriteMeta;

/// The lock of what a person decides.
const LOCK: &str = "tasks/matches";

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
    const OUTPUTS: &'static [DocumentSchema] = &[ListedTask::SCHEMA, PENDING];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let Self { state, page } = self;
        if state == Some(State::Pending) {
            let empty = Pending { groups: Vec::new(), paging: page.before_any_run() };
            return context.answer(Mode::ReadOnly, empty, |store| load_groups(store, page));
        }
        context.answer(Mode::ReadOnly, Listing::new(Vec::new()).with_paging(page.before_any_run()), |store| {
            let (tasks, total) = store.read(|r| {
                let tasks = tables::load_task_page(r, state, page.page, page.per_page)?;
                Ok::<_, Error>((tasks, tables::count_tasks(r, state)?))
            })?;
            Ok(Listing::new(tasks).with_paging(page.paging(total)?))
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
            let task = tables::load_listed_task(r, &self.id)?.ok_or_else(|| no_task(&self.id))?;
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
    let meta = WriteMeta::by_person(context.clock);
    let matches = store.write_under_lock(LOCK, move |w| {
        let matches = plan(w)?;
        for (id, matched) in &matches {
            let stored = tables::load_listed_task(w, id)?.ok_or_else(|| no_task(id))?;
            history::save_match_update(w, id, &stored.matched, matched, &meta)?;
            tables::save_match(w, id, matched, &meta)?;
        }
        Ok::<_, Error>(matches)
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
    Ok(Pending { groups, paging: page.paging(total)? })
}
