//! `users events retry | drop | replay`.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::super::delivery_actions::{Action, ActionProgress, ActionResult, DeliveryFilter, save_action};
use super::super::queries::load_event;
use super::super::tables::delete_rejections;
use super::target::check_target;
use crate::present::{Block, DocumentSchema, Json, Output, Style, Text, text};
use crate::since::Since;
use crate::store::{self, Mode, Store};
use crate::upstreams::Error;
use crate::upstreams::command::{Answer, Command, CommandContext};

/// The lock of these commands.
const LOCK: &str = "users/letters";

const SUPERSEDED: Text = text(
    "left as they are, because later events of their users were delivered: {}; `--force` sends them all the same, \
     `tongbu check users --repair` brings the targets to the present state",
    "因其用户的后续事件已送达而保持不变：{}；`--force` 仍会投递，`tongbu check users --repair` 使目标恢复到当前状态",
);

/// Make dead letters due again
///
/// A dead letter is left as it is when later events of its user were delivered at that target, because it would undo
/// them: `--force` sends it all the same, `tongbu check users --repair` brings the target to the present state.
#[derive(Debug, Args)]
pub struct RetryArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Also those superseded by later events of their users
    #[arg(long)]
    force: bool,
}

/// Give events up: dead letters, or by number also those that are still tried
#[derive(Debug, Args)]
pub struct DropArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// All dead letters, and all rejected entries of the stream
    #[arg(long)]
    all: bool,
    /// A rejected entry of the stream (may be repeated)
    #[arg(long = "entry", value_name = "ID")]
    entries: Vec<String>,
}

/// Deliver once more what was delivered, with the same idempotency keys
#[derive(Debug, Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Those stored since: 24h, 2025-10-24
    #[arg(long, value_name = "DUR|DATE", value_parser = Since::parse)]
    since: Option<Since>,
}

/// Which deliveries.
#[derive(Debug, Args)]
struct FilterArgs {
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

impl From<FilterArgs> for DeliveryFilter {
    fn from(args: FilterArgs) -> Self {
        Self { seqs: args.seqs, target: args.target, user_id: args.user_id, since: None }
    }
}

/// What an action changed.
#[derive(Debug)]
pub struct ActionOutput {
    pub action: Action,
    pub result: ActionResult,
}

#[derive(Serialize, JsonSchema)]
struct ActionDocument {
    decision: &'static str,
    changed: u64,
    overtaken: u64,
    superseded: u64,
}

const OUTPUTS: &[DocumentSchema] =
    &[DocumentSchema::of::<ActionDocument>("tongbu.users-decided/1", "users events retry, drop, replay")];

impl Output for ActionOutput {
    fn schema(&self) -> &DocumentSchema {
        &OUTPUTS[0]
    }

    fn is_quiet_on_success(&self) -> bool {
        true
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let ActionResult { changed, superseded } = self.result;
        let label = match self.action {
            Action::Retry { .. } => text("to be tried again: {}", "将重新尝试：{}"),
            Action::Drop => text("dropped: {}", "已放弃：{}"),
            Action::Replay => text("to be delivered once more: {}", "将再次投递：{}"),
        };
        let mut blocks = vec![Block::Line(label.fill(style.language, &[&changed]))];
        if superseded > 0 {
            blocks.push(Block::Line(SUPERSEDED.fill(style.language, &[&superseded])));
        }
        blocks
    }

    fn json(&self, _: &Style) -> Json {
        let decision = match self.action {
            Action::Retry { .. } => "retry",
            Action::Drop => "drop",
            Action::Replay => "replay",
        };
        let ActionResult { changed, superseded } = self.result;
        Json::of(&ActionDocument { decision, changed, overtaken: superseded, superseded })
    }
}

impl Command for RetryArgs {
    const NAME: &'static str = "retry";
    const EXAMPLES: &'static str =
        "  tongbu users events retry 42\n  tongbu users events retry --all --target user-service";
    const OUTPUTS: &'static [DocumentSchema] = OUTPUTS;
    const IS_LOGGED: bool = true;

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let filter = self.filter.into();
        ensure_selected(self.all, &filter, "--all")?;
        run(context, Action::Retry { force: self.force }, Some(&filter), Vec::new())
    }
}

impl Command for DropArgs {
    const NAME: &'static str = "drop";
    const EXAMPLES: &'static str = "  tongbu users events drop 42\n  tongbu users events drop --entry 1700000000000-0";
    const OUTPUTS: &'static [DocumentSchema] = OUTPUTS;
    const IS_LOGGED: bool = true;

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let filter = self.filter.into();
        if self.entries.is_empty() {
            ensure_selected(self.all, &filter, "--all")?;
        }
        // Entries alone select no events.
        let has_filter = self.all || self.entries.is_empty() || filter != DeliveryFilter::default();
        let mut entries: Vec<Option<String>> = self.entries.into_iter().map(Some).collect();
        if entries.is_empty() && filter == DeliveryFilter::default() {
            entries.push(None);
        }
        run(context, Action::Drop, has_filter.then_some(&filter), entries)
    }
}

impl Command for ReplayArgs {
    const NAME: &'static str = "replay";
    const EXAMPLES: &'static str = "  tongbu users events replay --since 24h --target redis-cache";
    const OUTPUTS: &'static [DocumentSchema] = OUTPUTS;
    const IS_LOGGED: bool = true;

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let since = self.since.map(|since| since.resolve(context.clock.now(), &context.style.zone));
        let filter = DeliveryFilter { since, ..self.filter.into() };
        ensure_selected(since.is_some(), &filter, "--since 24h")?;
        run(context, Action::Replay, Some(&filter), Vec::new())
    }
}

/// Acting on everything needs a flag.
fn ensure_selected(is_meant: bool, filter: &DeliveryFilter, all: &str) -> Result<(), Error> {
    if is_meant || *filter != DeliveryFilter::default() {
        return Ok(());
    }
    Err(Error::Usage {
        message: "no events selected".to_owned(),
        hint: Some(format!("give their numbers, or `--target`, or `--user-id`, or `{all}`")),
    })
}

/// Acts on the deliveries, and drops these rejected entries; `None` in the list is all of them.
fn run(
    context: &CommandContext<'_>,
    action: Action,
    filter: Option<&DeliveryFilter>,
    entries: Vec<Option<String>>,
) -> Result<Answer, Error> {
    let store = context.open_existing(Mode::ReadWrite)?.ok_or_else(|| Error::Usage {
        message: "there are no events yet".to_owned(),
        hint: Some("store one with `tongbu users emit`".to_owned()),
    })?;
    check_target(context, &store, filter.and_then(|filter| filter.target.as_deref()))?;
    let mut result = match filter {
        Some(filter) => act(context, &store, action, filter)?,
        None => ActionResult::default(),
    };
    let first_entry = entries.first().cloned().flatten();
    if !entries.is_empty() {
        result.changed += store.write_under_lock(LOCK, move |w| {
            let deleted = entries.iter().map(|entry| delete_rejections(w, entry.as_deref()));
            Ok::<_, Error>(deleted.sum::<Result<u64, store::Error>>()?)
        })?;
    }
    if result == ActionResult::default() {
        let usage = |message: String, hint: String| Err(Error::Usage { message, hint: Some(hint) });
        if let Some(seq) = filter.and_then(|filter| filter.seqs.first()) {
            let message = "no selected event is in a state that allows this".to_owned();
            if store.read(|r| load_event(r, *seq))?.is_empty() {
                return usage(format!("there is no event {seq}"), "see `tongbu users events list`".to_owned());
            }
            return usage(message, format!("see the state of the first: `tongbu users events show {seq}`"));
        }
        if let Some(entry) = first_entry {
            let message = format!("no such entry was rejected: `{entry}`");
            return usage(message, "see those that were: `tongbu users events list --rejected`".to_owned());
        }
    }
    Ok(ActionOutput { action, result }.into())
}

/// Changes a thousand in a transaction, so that a run that delivers meanwhile never waits for long.
fn act(
    context: &CommandContext<'_>,
    store: &Store,
    action: Action,
    filter: &DeliveryFilter,
) -> Result<ActionResult, Error> {
    let mut progress = ActionProgress::default();
    loop {
        let (now, filter, mut so_far) = (context.clock.now(), filter.clone(), progress);
        let (has_more, so_far) = store.write_under_lock(LOCK, move |w| {
            let has_more = save_action(w, action, &filter, &mut so_far, now)?;
            Ok::<_, Error>((has_more, so_far))
        })?;
        progress = so_far;
        if !has_more {
            return Ok(progress.result);
        }
    }
}
