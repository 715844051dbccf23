//! `users events list | show`.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::queries::{DeliveryStatus, EventFilter, EventPage, EventRow, load_event, load_page};
use super::super::queue::State;
use super::super::tables::{self, Rejection, load_rejections};
use super::target::check_target;
use super::words;
use crate::present::words as common;
use crate::present::{
    Block, Cell, Column, DocumentSchema, Json, Listing, ListingSpec, Output, Style, Table, TableColumn, Text, listing,
    sanitize, text,
};
use crate::since::Since;
use crate::store::Mode;
use crate::upstreams::Error;
use crate::upstreams::command::{Answer, Command, CommandContext, PageArgs};

const ERROR: Text = text("error", "错误");
const SEQ: Text = text("number", "编号");
const SOURCE: Text = text("source", "来源");
const TYPE: Text = text("type", "类型");

/// The newest events and their state at each target
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Filter by state
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
    /// The rejected entries of the stream instead
    #[arg(long, conflicts_with_all = ["state", "target", "user_id", "since"])]
    rejected: bool,
    #[command(flatten)]
    part: PageArgs,
}

/// One event in full
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The event's number
    seq: i64,
}

impl Command for ListArgs {
    const NAME: &'static str = "list";
    const EXAMPLES: &'static str = "  tongbu users events list --state dead --target user-service
  tongbu users events list --user-id 7 --since 24h --json";
    const OUTPUTS: &'static [DocumentSchema] = &[EventRow::SCHEMA, Rejection::SCHEMA];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let PageArgs { page, per_page } = self.part;
        if self.rejected {
            return context.answer(Mode::ReadOnly, Listing::new(Vec::new()), |store| {
                let offset = page.saturating_sub(1).saturating_mul(per_page);
                self.part.paging(store.read(tables::count_rejections)?)?;
                Ok(Listing::<Rejection>::new(store.read(|r| load_rejections(r, offset, per_page))?))
            });
        }
        let since = self.since.map(|since| since.resolve(context.clock.now(), &context.style.zone));
        let Self { state, target, user_id, part, .. } = self;
        let filter = EventFilter { state, target, user_id, since, page, per_page };
        let empty = Listing::new(Vec::new()).with_paging(part.before_any_run());
        context.answer(Mode::ReadOnly, empty, |store| {
            check_target(context, store, filter.target.as_deref())?;
            let EventPage { rows, total } = store.read(|r| load_page(r, &filter))?;
            Ok(Listing::new(rows).with_paging(part.paging(total)?))
        })
    }
}

impl Command for ShowArgs {
    const NAME: &'static str = "show";
    const EXAMPLES: &'static str = "  tongbu users events show 42";
    const OUTPUTS: &'static [DocumentSchema] =
        &[DocumentSchema::of::<EventDocument<'static>>("tongbu.users-event/1", "users events show")];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let missing = || Error::Usage {
            message: format!("there is no event {}", self.seq),
            hint: Some("see `tongbu users events list`".to_owned()),
        };
        let store = context.open_existing(Mode::ReadOnly)?.ok_or_else(missing)?;
        let rows = store.read(|r| load_event(r, self.seq))?;
        if rows.is_empty() { Err(missing()) } else { Ok(ShownEvent(rows).into()) }
    }
}

/// A column of events.
type C = Column<EventRow>;

impl ListingSpec for EventRow {
    const SCHEMA: DocumentSchema =
        DocumentSchema::new("tongbu.users-events/1", "users events list", listing::schema::<Self>);
    const KEY: &'static str = "events";
    const EMPTY: Text = text("no matching events", "没有符合条件的事件");
    const IS_PAGED: bool = true;
    const FOOT: Option<Text> = Some(text("page {} of {}, {} line{|s}", "第 {} 页，共 {} 页，{} 行"));
    const COLUMNS: &'static [C] = &[
        C::integer("seq", |row| row.event.seq).titled(SEQ),
        C::text("id", |row| &row.event.id),
        C::text("type", |row| row.event.kind.name()).titled(TYPE),
        C::integer("user_id", |row| row.event.user_id).titled(words::USER),
        C::optional_text("username", |row| row.event.username.as_deref())
            .titled(common::NAME)
            .hidden_when_blank()
            .droppable(5),
        C::optional_text("email", |row| row.event.email.as_deref()),
        C::time("timestamp", |row| row.event.occurred_at),
        C::text("source", |row| &row.event.source),
        C::optional_text("only_target", |row| row.event.only_target.as_deref()),
        C::time("stored_at", |row| row.event.stored_at),
        C::styled::<Option<DeliveryPart<'static>>>("delivery", |row, style| {
            Json::of(&row.delivery.as_ref().map(|delivery| DeliveryPart::new(delivery, style)))
        }),
        C::cell_only(words::TARGET, |row, _| target(row)).hidden_when_blank(),
        C::cell_only(common::STATUS, state),
        C::cell_only(words::ATTEMPTS, |row, _| attempts(row)).right_aligned().hidden_when_blank().droppable(4),
        C::cell_only(words::NEXT_ATTEMPT, next_attempt).hidden_when_blank().droppable(3),
        C::cell_only(common::AT, |row, style| style.local(row.event.occurred_at).into()).droppable(2),
        C::cell_only(ERROR, last_error).hidden_when_blank().droppable(1),
    ];
}

impl ListingSpec for Rejection {
    const SCHEMA: DocumentSchema =
        DocumentSchema::new("tongbu.users-rejected/1", "users events list --rejected", listing::schema::<Self>);
    const KEY: &'static str = "rejected";
    const EMPTY: Text = text("no entry of the stream was rejected", "流中没有被拒绝的条目");
    const COLUMNS: &'static [Column<Self>] = &[
        Column::text("entry_id", |row: &Self| &row.entry_id).titled(text("entry", "条目")),
        Column::text("stream", |row: &Self| &row.stream).titled(text("stream", "流")).droppable(2),
        Column::time("rejected_at", |row: &Self| row.rejected_at).titled(common::AT).droppable(1),
        Column::text("reason", |row: &Self| &row.reason)
            .titled(ERROR)
            .drawn(|row, style| style.message(&row.reason).into()),
        Column::optional_text("raw", |row: &Self| row.raw.as_deref()),
    ];
}

/// One event with a row for every target.
#[derive(Debug)]
pub struct ShownEvent(pub Vec<EventRow>);

#[derive(Serialize, JsonSchema)]
struct EventDocument<'a> {
    event: Option<EventPart<'a>>,
    deliveries: Vec<DeliveryPart<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct EventPart<'a> {
    seq: i64,
    id: &'a str,
    r#type: &'static str,
    user_id: i64,
    username: Option<&'a str>,
    email: Option<&'a str>,
    timestamp: String,
    source: &'a str,
    only_target: Option<&'a str>,
    stored_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    data: Option<Box<RawValue>>,
}

#[derive(Serialize, JsonSchema)]
struct DeliveryPart<'a> {
    target: &'a str,
    state: &'static str,
    attempts: u64,
    next_attempt_at: Option<String>,
    last_error: Option<&'a str>,
    class: Option<&'a str>,
    latency_ms: Option<i64>,
    finished_at: Option<String>,
}

impl Output for ShownEvent {
    fn schema(&self) -> &DocumentSchema {
        &ShowArgs::OUTPUTS[0]
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let Some(EventRow { event, .. }) = self.0.first() else { return Vec::new() };
        let facts = [
            (SEQ, event.seq.to_string()),
            (common::ID, sanitize(&event.id)),
            (TYPE, event.kind.name().to_owned()),
            (words::USER, event.user_id.to_string()),
            (common::NAME, event.username.as_deref().map(sanitize).unwrap_or_default()),
            (common::AT, style.local(event.occurred_at)),
            (SOURCE, sanitize(&event.source)),
            (text("stored", "存储时间"), style.local(event.stored_at)),
        ];
        let mut blocks =
            vec![Block::Pairs(facts.map(|(label, value)| (style.label(label).to_owned(), value)).to_vec())];
        let column = |label: Text| TableColumn::text(style.label(label));
        let mut table = Table::new(vec![
            column(words::TARGET),
            column(common::STATUS),
            TableColumn::number(style.label(words::ATTEMPTS)),
            column(words::NEXT_ATTEMPT).hidden_when_blank(),
            column(ERROR).hidden_when_blank(),
        ]);
        for row in self.0.iter().filter(|row| row.delivery.is_some()) {
            table.push(vec![
                target(row),
                state(row, style),
                attempts(row),
                next_attempt(row, style),
                last_error(row, style),
            ]);
        }
        if !table.rows.is_empty() {
            blocks.extend([Block::Gap, Block::Table(table)]);
        }
        blocks.extend([Block::Gap, Block::Line(sanitize(&event.data))]);
        blocks
    }

    fn json(&self, style: &Style) -> Json {
        let event = self.0.first().map(|EventRow { event, .. }| EventPart {
            seq: event.seq,
            id: &event.id,
            r#type: event.kind.name(),
            user_id: event.user_id,
            username: event.username.as_deref(),
            email: event.email.as_deref(),
            timestamp: style.rfc3339(event.occurred_at),
            source: &event.source,
            only_target: event.only_target.as_deref(),
            stored_at: style.rfc3339(event.stored_at),
            data: RawValue::from_string(event.data.clone()).ok(),
        });
        let deliveries = self.0.iter().filter_map(|row| Some(DeliveryPart::new(row.delivery.as_ref()?, style)));
        Json::of(&EventDocument { event, deliveries: deliveries.collect() })
    }
}

impl<'a> DeliveryPart<'a> {
    fn new(delivery: &'a DeliveryStatus, style: &Style) -> Self {
        Self {
            target: &delivery.target,
            state: delivery.state.name(),
            attempts: delivery.attempts,
            next_attempt_at: delivery.state.is_open().then(|| style.rfc3339(delivery.next_attempt_at)),
            last_error: delivery.last_error.as_deref(),
            class: delivery.class.as_deref(),
            latency_ms: delivery.latency_ms,
            finished_at: delivery.finished_at.map(|at| style.rfc3339(at)),
        }
    }
}

fn target(row: &EventRow) -> Cell {
    row.delivery.as_ref().map(|delivery| sanitize(&delivery.target)).unwrap_or_default().into()
}

/// An event that is not enqueued yet is pending.
fn state(row: &EventRow, style: &Style) -> Cell {
    words::state(row.delivery.as_ref().map_or(State::Pending, |delivery| delivery.state)).cell(style)
}

fn attempts(row: &EventRow) -> Cell {
    row.delivery.as_ref().map(|delivery| delivery.attempts.to_string()).unwrap_or_default().into()
}

fn next_attempt(row: &EventRow, style: &Style) -> Cell {
    let retrying = row.delivery.as_ref().filter(|delivery| delivery.state == State::Retrying);
    retrying.map(|delivery| style.local(delivery.next_attempt_at)).unwrap_or_default().into()
}

/// The last failure, unless the event is delivered by now.
fn last_error(row: &EventRow, style: &Style) -> Cell {
    let open = row.delivery.as_ref().filter(|delivery| delivery.state != State::Delivered);
    style.message(open.and_then(|delivery| delivery.last_error.as_deref()).unwrap_or_default()).into()
}
