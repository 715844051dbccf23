//! `tasks list | suggest | match | idle | rematch`.

use clap::{Args, Subcommand};

use super::args::PageArgs;
use super::error::Error;
use super::packages::no_package;
use super::session::{LogTo, Session};
use crate::exit::Exit;
use crate::present::paging::Paging;
use crate::store::{Mode, Reader, Store};
use crate::ui::tasks::{Group, MatchedAnswer, PendingAnswer, SuggestAnswer, TasksAnswer};
use crate::upstreams::tasks::matching::{Match, Packages, State, Suggestions};
use crate::upstreams::tasks::plan::plan_rematch;
use crate::upstreams::tasks::tables;

/// The lock of what a person decides.
const LOCK: &str = "tasks/matches";

/// What to do with call tasks.
#[derive(Debug, Subcommand)]
pub enum TasksArgs {
    /// The stored tasks; pending ones grouped by what their names begin with, the best suggestion beside each
    List(ListArgs),
    /// Packages that may be meant by a task's name
    Suggest(SuggestArgs),
    /// Match a task to a package by hand; no sync changes that
    Match(MatchArgs),
    /// Mark tasks as calling no package (闲散); no sync matches them again
    Idle(IdleArgs),
    /// Match the pending tasks that have a package by now
    Rematch,
}

/// Which tasks to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those that stand so
    #[arg(long = "match", value_enum, value_name = "STATE")]
    state: Option<State>,
    #[command(flatten)]
    part: PageArgs,
}

/// Which task to look at.
#[derive(Debug, Args)]
pub struct SuggestArgs {
    /// The task's id
    id: String,
}

/// Which task calls which package.
#[derive(Debug, Args)]
pub struct MatchArgs {
    /// The task's id
    id: String,
    /// The package's code
    code: String,
}

/// Which tasks call none.
#[derive(Debug, Args)]
pub struct IdleArgs {
    /// The tasks' ids
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// Answers one of the `tasks` commands.
pub fn cmd_tasks(session: &mut Session, args: TasksArgs) -> Result<Exit, Error> {
    match args {
        TasksArgs::List(args) => cmd_list(session, &args),
        TasksArgs::Suggest(args) => cmd_suggest(session, &args),
        TasksArgs::Match(MatchArgs { id, code }) => decide(session, move |r| {
            if !tables::load_package_codes(r)?.contains(&code) {
                return Err(no_package(&code));
            }
            Ok(vec![(id, Match::Manual { code })])
        }),
        TasksArgs::Idle(args) => {
            decide(session, move |_| Ok(args.ids.into_iter().map(|id| (id, Match::Idle)).collect()))
        }
        TasksArgs::Rematch => decide(session, |r| {
            let pending = tables::load_pending(r)?;
            let packages = Packages::new(tables::load_package_codes(r)?);
            let plan = plan_rematch(&pending, &packages);
            Ok(plan.into_iter().map(|(id, matched)| (id.to_owned(), matched)).collect())
        }),
    }
}

fn cmd_list(session: &mut Session, args: &ListArgs) -> Result<Exit, Error> {
    let PageArgs { page: number, per_page } = args.part;
    let place = |total| Paging { number, per_page, total };
    if args.state == Some(State::Pending) {
        let empty = PendingAnswer { groups: Vec::new(), paging: place(0) };
        return session.answer_from_store(Mode::ReadOnly, empty, |_, _, store| {
            let (groups, total) = load_groups(store, number, per_page)?;
            Ok(PendingAnswer { groups, paging: place(total) })
        });
    }
    let empty = TasksAnswer { tasks: Vec::new(), paging: place(0) };
    session.answer_from_store(Mode::ReadOnly, empty, |_, _, store| {
        let (tasks, total) = store.read(|r| {
            let tasks = tables::load_task_page(r, args.state, number, per_page)?;
            Ok::<_, Error>((tasks, tables::count_tasks(r, args.state)?))
        })?;
        Ok(TasksAnswer { tasks, paging: place(total) })
    })
}

fn cmd_suggest(session: &mut Session, args: &SuggestArgs) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let store = session.open_existing(&session.database(&config)?, Mode::ReadOnly)?.ok_or_else(|| no_task(&args.id))?;
    let (task, packages) = store.read(|r| {
        let task = tables::load_task_line(r, &args.id)?.ok_or_else(|| no_task(&args.id))?;
        Ok::<_, Error>((task, Packages::new(tables::load_package_codes(r)?)))
    })?;
    let suggestions = Suggestions::new(&packages).suggest(&task.prefix).to_vec();
    session.ui.answer(&SuggestAnswer { task, suggestions });
    Ok(Exit::Ok)
}

/// Stores what `plan` decides, all of it or nothing; every task has to be there.
fn decide(
    session: &mut Session,
    plan: impl FnOnce(&Reader<'_>) -> Result<Vec<(String, Match)>, Error> + Send + 'static,
) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let database = session.database(&config)?;
    let store = session.open_existing(&database, Mode::ReadWrite)?.ok_or_else(|| Error::Usage {
        message: "there are no tasks yet".to_owned(),
        hint: "fetch them with `tongbu sync tasks --window today`".to_owned(),
    })?;
    let at = session.ui.clock().now();
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
    session.ui.answer(&MatchedAnswer(matches));
    Ok(Exit::Ok)
}

/// A page of the pending tasks by prefix, the largest group first, and how many pending tasks there are.
fn load_groups(store: &Store, number: u64, per_page: u64) -> Result<(Vec<Group>, u64), Error> {
    let (lines, total, codes) = store.read(|r| {
        let lines = tables::load_pending_page(r, number, per_page)?;
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
    Ok((groups, total))
}

fn no_task(id: &str) -> Error {
    Error::Usage { message: format!("there is no task `{id}`"), hint: "see `tongbu tasks list`".to_owned() }
}
