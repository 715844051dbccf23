//! `users events list | show | retry | drop | replay`.

use clap::{Args, Subcommand};

use super::super::error::Error;
use super::super::session::{LogTo, Session};
use crate::exit::Exit;
use crate::present::paging::Paging;
use crate::since::Since;
use crate::store::{Mode, Store};
use crate::ui::users::{DecidedAnswer, EventAnswer, EventsAnswer, RejectionsAnswer};
use crate::upstreams::command::PageArgs;
use crate::upstreams::users::letters::{Choice, Decided, Decision, Progress, save_decision};
use crate::upstreams::users::listing::{self, Filter, Page};
use crate::upstreams::users::queue::State;
use crate::upstreams::users::tables;

/// The lock of what a person decides.
const LOCK: &str = "users/letters";

/// What to do with events.
#[derive(Debug, Subcommand)]
pub enum EventsArgs {
    /// The newest events, and how each stands at each target
    List(ListArgs),
    /// One event in full
    Show(ShowArgs),
    /// Make dead letters due again
    ///
    /// A dead letter whose user has had later events delivered at that target is left as it is, because it would undo
    /// them: `--force` sends it all the same, `tongbu check users --repair` brings the target to the present state.
    Retry(RetryArgs),
    /// Give events up: dead letters, or by number also those that are still tried
    Drop(DropArgs),
    /// Deliver once more what was delivered, with the same idempotency keys
    Replay(ReplayArgs),
}

/// Which events to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those that stand so
    #[arg(long, value_enum, value_name = "STATE")]
    state: Option<State>,
    /// Only at this target
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Only of this user
    #[arg(long, value_name = "N")]
    user_id: Option<i64>,
    /// Only those stored since: 7d, 2025-10-24
    #[arg(long, value_name = "DUR|DATE", value_parser = Since::parse)]
    since: Option<Since>,
    /// The entries of the stream that are no events
    #[arg(long, conflicts_with_all = ["state", "target", "user_id", "since"])]
    rejected: bool,
    #[command(flatten)]
    part: PageArgs,
}

/// Which event to show.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The event's number
    seq: i64,
}

/// Which dead letters to try again.
#[derive(Debug, Args)]
pub struct RetryArgs {
    #[command(flatten)]
    choice: ChoiceArgs,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Also those that later events of their users have overtaken
    #[arg(long)]
    force: bool,
}

/// Which events to give up.
#[derive(Debug, Args)]
pub struct DropArgs {
    #[command(flatten)]
    choice: ChoiceArgs,
    /// All dead letters, and all entries of the stream that are no events
    #[arg(long)]
    all: bool,
    /// An entry of the stream that is no event (may be repeated)
    #[arg(long = "entry", value_name = "ID")]
    entries: Vec<String>,
}

/// Which events to deliver once more.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Those stored since: 24h, 2025-10-24
    #[arg(long, value_name = "DUR|DATE", value_parser = Since::parse)]
    since: Option<Since>,
}

/// Which deliveries.
#[derive(Debug, Args)]
pub struct ChoiceArgs {
    /// The events' numbers
    #[arg(value_name = "SEQ")]
    seqs: Vec<i64>,
    /// Only at this target
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Only of this user
    #[arg(long, value_name = "N")]
    user_id: Option<i64>,
}

impl ChoiceArgs {
    fn into_choice(self) -> Choice {
        Choice { seqs: self.seqs, target: self.target, user_id: self.user_id, since: None }
    }
}

/// Which entries of the stream that are no events.
enum Entries {
    None,
    All,
    Named(Vec<String>),
}

/// Answers one of the `users events` commands.
pub fn cmd_events(session: &mut Session, args: EventsArgs) -> Result<Exit, Error> {
    match args {
        EventsArgs::List(args) if args.rejected => {
            session.answer_from_store(Mode::ReadOnly, RejectionsAnswer(Vec::new()), |_, _, store| {
                let PageArgs { page: number, per_page } = args.part;
                let offset = number.saturating_sub(1).saturating_mul(per_page);
                Ok(RejectionsAnswer(store.read(|r| tables::load_rejections(r, offset, per_page))?))
            })
        }
        EventsArgs::List(args) => cmd_list(session, args),
        EventsArgs::Show(ShowArgs { seq }) => cmd_show(session, seq),
        EventsArgs::Retry(RetryArgs { choice, all, force }) => {
            let choice = choice.into_choice();
            ensure_chosen(all, &choice, "--all")?;
            cmd_decide(session, Decision::Retry { force }, Some(&choice), Entries::None)
        }
        EventsArgs::Drop(DropArgs { choice, all, entries }) => {
            let choice = choice.into_choice();
            if entries.is_empty() {
                ensure_chosen(all, &choice, "--all")?;
            }
            // Entries alone are no choice of events.
            let has_choice = all || entries.is_empty() || choice != Choice::default();
            let entries = match entries.is_empty() {
                false => Entries::Named(entries),
                true if choice == Choice::default() => Entries::All,
                true => Entries::None,
            };
            cmd_decide(session, Decision::Drop, has_choice.then_some(&choice), entries)
        }
        EventsArgs::Replay(ReplayArgs { choice, since }) => {
            let since = since.map(|since| since.resolve(session.ui.clock().now(), session.ui.zone()));
            let choice = Choice { since, ..choice.into_choice() };
            ensure_chosen(since.is_some(), &choice, "--since 24h")?;
            cmd_decide(session, Decision::Replay, Some(&choice), Entries::None)
        }
    }
}

fn cmd_list(session: &mut Session, args: ListArgs) -> Result<Exit, Error> {
    let PageArgs { page: number, per_page } = args.part;
    let answer = |Page { lines, total }| EventsAnswer { lines, paging: Paging { number, per_page, total } };
    session.answer_from_store(Mode::ReadOnly, answer(Page::default()), |session, _, store| {
        let since = args.since.map(|since| since.resolve(session.ui.clock().now(), session.ui.zone()));
        let filter =
            Filter { state: args.state, target: args.target, user_id: args.user_id, since, page: number, per_page };
        Ok(answer(store.read(|r| listing::load_page(r, &filter))?))
    })
}

fn cmd_show(session: &mut Session, seq: i64) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let missing = || Error::Usage {
        message: format!("there is no event {seq}"),
        hint: "see `tongbu users events list`".to_owned(),
    };
    let store = session.open_existing(&session.database(&config)?, Mode::ReadOnly)?.ok_or_else(missing)?;
    let lines = store.read(|r| listing::load_lines(r, seq))?;
    if lines.is_empty() {
        return Err(missing());
    }
    session.ui.answer(&EventAnswer(lines));
    Ok(Exit::Ok)
}

/// Deciding about everything has to be meant.
fn ensure_chosen(is_meant: bool, choice: &Choice, all: &str) -> Result<(), Error> {
    if is_meant || *choice != Choice::default() {
        return Ok(());
    }
    Err(Error::Usage {
        message: "which events is not said".to_owned(),
        hint: format!("name their numbers, or `--target`, or `--user-id`, or give `{all}`"),
    })
}

fn cmd_decide(
    session: &mut Session,
    decision: Decision,
    choice: Option<&Choice>,
    entries: Entries,
) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::Configured)?;
    let store = session.open_existing(&session.database(&config)?, Mode::ReadWrite)?.ok_or_else(|| Error::Usage {
        message: "there are no events yet".to_owned(),
        hint: "tell of one with `tongbu users emit`".to_owned(),
    })?;
    let mut decided = match choice {
        Some(choice) => decide(session, &store, decision, choice)?,
        None => Decided::default(),
    };
    let first_entry = if let Entries::Named(entries) = &entries { entries.first().cloned() } else { None };
    decided.changed += drop_entries(&store, entries)?;
    if decided == Decided::default() {
        if let Some(seq) = choice.and_then(|choice| choice.seqs.first()) {
            return Err(Error::Usage {
                message: format!("none of these events stands so that this can be done, beginning with {seq}"),
                hint: format!("see how it stands: `tongbu users events show {seq}`"),
            });
        }
        if let Some(entry) = first_entry {
            return Err(Error::Usage {
                message: format!("no such entry is kept, beginning with `{entry}`"),
                hint: "see those that are: `tongbu users events list --rejected`".to_owned(),
            });
        }
    }
    session.ui.answer(&DecidedAnswer { decision, decided });
    Ok(Exit::Ok)
}

/// Answers how many entries of the stream went.
fn drop_entries(store: &Store, entries: Entries) -> Result<u64, Error> {
    match entries {
        Entries::None => Ok(0),
        Entries::All => store.write_under_lock(LOCK, |w| Ok(tables::delete_rejections(w)?)),
        Entries::Named(entries) => store.write_under_lock(LOCK, move |w| {
            let mut count = 0;
            for entry in &entries {
                count += u64::from(tables::delete_rejection(w, entry)?);
            }
            Ok(count)
        }),
    }
}

/// A thousand in a transaction, so that a run that delivers meanwhile waits for none of them long.
fn decide(session: &Session, store: &Store, decision: Decision, choice: &Choice) -> Result<Decided, Error> {
    let mut progress = Progress::default();
    loop {
        let (now, choice, mut so_far) = (session.ui.clock().now(), choice.clone(), progress);
        let (has_more, so_far) = store.write_under_lock(LOCK, move |w| {
            let has_more = save_decision(w, decision, &choice, &mut so_far, now)?;
            Ok::<_, Error>((has_more, so_far))
        })?;
        progress = so_far;
        if !has_more {
            return Ok(progress.decided);
        }
    }
}
