//! User events: what was taken in, how each stands at each target, what was decided about them.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Answer;
use super::labels::{self, Text};
use super::tables::{render_pairs, render_table};
use crate::present::paging::{Paging, PagingPart};
use crate::present::style::{Style, sanitize};
use crate::present::table::{Cell, Severity, Table, TableColumn};
use crate::upstreams::users::letters::{Decided, Decision};
use crate::upstreams::users::listing::{Line, Standing};
use crate::upstreams::users::outbox::Taken;
use crate::upstreams::users::queue::State;
use crate::upstreams::users::tables::{Rejection, StoredEvent};

/// The answer of `users emit`.
#[derive(Debug)]
pub struct EmitAnswer {
    pub taken: Taken,
    /// They went into the stream, not into the database.
    pub to_stream: bool,
}

/// The answer of `users events list`.
#[derive(Debug)]
pub struct EventsAnswer {
    pub lines: Vec<Line>,
    pub paging: Paging,
}

/// The answer of `users events show`: one event at every target.
#[derive(Debug)]
pub struct EventAnswer(pub Vec<Line>);

/// The answer of `users events list --rejected`.
#[derive(Debug)]
pub struct RejectionsAnswer(pub Vec<Rejection>);

/// The answer of `users events retry | drop | replay`.
#[derive(Debug)]
pub struct DecidedAnswer {
    pub decision: Decision,
    pub decided: Decided,
}

#[derive(Debug, Serialize)]
struct EmitDocument {
    schema: &'static str,
    stored: u64,
    known: u64,
    to_stream: bool,
    last_seq: Option<i64>,
}

#[derive(Debug, Serialize)]
struct EventsDocument<'a> {
    schema: &'static str,
    events: Vec<LinePart<'a>>,
    #[serde(flatten)]
    paging: PagingPart,
}

#[derive(Debug, Serialize)]
struct EventDocument<'a> {
    schema: &'static str,
    event: Option<EventPart<'a>>,
    deliveries: Vec<StandingPart<'a>>,
}

#[derive(Debug, Serialize)]
struct LinePart<'a> {
    #[serde(flatten)]
    event: EventPart<'a>,
    delivery: Option<StandingPart<'a>>,
}

#[derive(Debug, Serialize)]
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
    data: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
struct StandingPart<'a> {
    target: &'a str,
    state: &'static str,
    attempts: u64,
    next_attempt_at: Option<String>,
    last_error: Option<&'a str>,
    class: Option<&'a str>,
    latency_ms: Option<i64>,
    finished_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct RejectionsDocument<'a> {
    schema: &'static str,
    rejected: Vec<RejectionPart<'a>>,
}

#[derive(Debug, Serialize)]
struct RejectionPart<'a> {
    entry_id: &'a str,
    stream: &'a str,
    reason: &'a str,
    raw: Option<&'a str>,
    rejected_at: String,
}

#[derive(Debug, Serialize)]
struct DecidedDocument {
    schema: &'static str,
    decision: &'static str,
    changed: u64,
    overtaken: u64,
}

impl Answer for EmitAnswer {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        let Taken { stored, known, last_seq } = self.taken;
        if self.to_stream {
            return labels::EVENTS_PUBLISHED.fill(style.language, &[&stored]) + "\n";
        }
        let mut text = labels::EVENTS_STORED.fill(style.language, &[&stored, &last_seq]) + "\n";
        if known > 0 {
            text.push_str(&labels::EVENTS_KNOWN.fill(style.language, &[&known]));
            text.push('\n');
        }
        text
    }

    fn document(&self, _: &Style) -> impl Serialize {
        let Taken { stored, known, last_seq } = self.taken;
        let last_seq = (stored > 0 && !self.to_stream).then_some(last_seq);
        EmitDocument { schema: "tongbu.users-emit/1", stored, known, to_stream: self.to_stream, last_seq }
    }
}

impl Answer for EventsAnswer {
    fn render_text(&self, style: &Style) -> String {
        if self.lines.is_empty() {
            return format!("{}\n", style.label(labels::NO_EVENTS));
        }
        let text = |label: Text| TableColumn::text(style.label(label));
        let mut table = Table::new(vec![
            TableColumn::number(style.label(labels::SEQ)),
            text(labels::TYPE),
            TableColumn::number(style.label(labels::USER)),
            text(labels::NAME).hidden_when_blank().droppable(5),
            text(labels::TARGET).hidden_when_blank(),
            text(labels::STATUS),
            TableColumn::number(style.label(labels::ATTEMPTS)).hidden_when_blank().droppable(4),
            text(labels::NEXT_ATTEMPT).hidden_when_blank().droppable(3),
            text(labels::AT).droppable(2),
            text(labels::ERROR).hidden_when_blank().droppable(1),
        ]);
        for Line { event, delivery } in &self.lines {
            let mut row: Vec<Cell> = vec![
                event.seq.to_string().into(),
                event.kind.name().into(),
                event.user_id.to_string().into(),
                event.username.as_deref().map(sanitize).unwrap_or_default().into(),
            ];
            row.extend(standing_cells(delivery.as_ref(), style));
            row.push(style.local(event.occurred_at).into());
            row.push(last_error(delivery.as_ref()).into());
            table.push(row);
        }
        let foot: [&dyn std::fmt::Display; 3] = [&self.paging.number, &self.paging.page_count(), &self.paging.total];
        format!("{}{}\n", render_table(table, style), labels::LINES_PAGE.fill(style.language, &foot))
    }

    fn document(&self, style: &Style) -> impl Serialize {
        EventsDocument {
            schema: "tongbu.users-events/1",
            events: self.lines.iter().map(|line| LinePart::new(line, style)).collect(),
            paging: self.paging.part(),
        }
    }
}

impl Answer for EventAnswer {
    fn render_text(&self, style: &Style) -> String {
        let Some(Line { event, .. }) = self.0.first() else { return String::new() };
        let facts = [
            (labels::SEQ, event.seq.to_string()),
            (labels::ID, sanitize(&event.id)),
            (labels::TYPE, event.kind.name().to_owned()),
            (labels::USER, event.user_id.to_string()),
            (labels::NAME, event.username.as_deref().map(sanitize).unwrap_or_default()),
            (labels::AT, style.local(event.occurred_at)),
            (labels::SOURCE, sanitize(&event.source)),
            (labels::STORED_AT, style.local(event.stored_at)),
        ];
        let facts = facts.map(|(label, value)| (style.label(label), value));
        let text = |label: Text| TableColumn::text(style.label(label));
        let mut table = Table::new(vec![
            text(labels::TARGET),
            text(labels::STATUS),
            TableColumn::number(style.label(labels::ATTEMPTS)),
            text(labels::NEXT_ATTEMPT).hidden_when_blank(),
            text(labels::ERROR).hidden_when_blank(),
        ]);
        for Line { delivery, .. } in self.0.iter().filter(|line| line.delivery.is_some()) {
            let mut row = standing_cells(delivery.as_ref(), style);
            row.push(last_error(delivery.as_ref()).into());
            table.push(row);
        }
        let deliveries =
            if event_is_laid_out(&self.0) { format!("\n{}", render_table(table, style)) } else { String::new() };
        format!("{}{deliveries}\n{}\n", render_pairs(&facts), sanitize(&event.data))
    }

    fn document(&self, style: &Style) -> impl Serialize {
        let event = self.0.first().map(|line| {
            let data = RawValue::from_string(line.event.data.clone()).ok();
            EventPart { data, ..EventPart::new(&line.event, style) }
        });
        let deliveries = self.0.iter().filter_map(|line| Some(StandingPart::new(line.delivery.as_ref()?, style)));
        EventDocument { schema: "tongbu.users-event/1", event, deliveries: deliveries.collect() }
    }
}

impl Answer for RejectionsAnswer {
    fn render_text(&self, style: &Style) -> String {
        if self.0.is_empty() {
            return format!("{}\n", style.label(labels::NO_REJECTIONS));
        }
        let text = |label: Text| TableColumn::text(style.label(label));
        let mut table = Table::new(vec![
            text(labels::ENTRY),
            text(labels::STREAM).droppable(2),
            text(labels::AT).droppable(1),
            text(labels::ERROR),
        ]);
        for rejection in &self.0 {
            table.push(vec![
                sanitize(&rejection.entry_id).into(),
                sanitize(&rejection.stream).into(),
                style.local(rejection.rejected_at).into(),
                sanitize(&rejection.reason).into(),
            ]);
        }
        render_table(table, style)
    }

    fn document(&self, style: &Style) -> impl Serialize {
        let part = |rejection| RejectionPart::new(rejection, style);
        RejectionsDocument { schema: "tongbu.users-rejected/1", rejected: self.0.iter().map(part).collect() }
    }
}

impl Answer for DecidedAnswer {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        let Decided { changed, overtaken } = self.decided;
        let label = match self.decision {
            Decision::Retry { .. } => labels::RETRIED,
            Decision::Drop => labels::DROPPED,
            Decision::Replay => labels::REPLAYED,
        };
        let mut text = label.fill(style.language, &[&changed]) + "\n";
        if overtaken > 0 {
            text.push_str(&labels::OVERTAKEN.fill(style.language, &[&overtaken]));
            text.push('\n');
        }
        text
    }

    fn document(&self, _: &Style) -> impl Serialize {
        let decision = match self.decision {
            Decision::Retry { .. } => "retry",
            Decision::Drop => "drop",
            Decision::Replay => "replay",
        };
        let Decided { changed, overtaken } = self.decided;
        DecidedDocument { schema: "tongbu.users-decided/1", decision, changed, overtaken }
    }
}

/// Whether any target has it in its queue yet.
fn event_is_laid_out(lines: &[Line]) -> bool {
    lines.iter().any(|line| line.delivery.is_some())
}

/// Target, state, attempts, next attempt.
fn standing_cells(standing: Option<&Standing>, style: &Style) -> Vec<Cell> {
    let Some(standing) = standing else {
        return vec!["".into(), state_cell(State::Pending, style), "".into(), "".into()];
    };
    let next = (standing.state == State::Retrying).then(|| style.local(standing.next_attempt_at));
    vec![
        sanitize(&standing.target).into(),
        state_cell(standing.state, style),
        standing.attempts.to_string().into(),
        next.unwrap_or_default().into(),
    ]
}

fn state_cell(state: State, style: &Style) -> Cell {
    let tone = match state {
        State::Delivered => Severity::Good,
        State::Dead => Severity::Bad,
        State::Retrying => Severity::Warning,
        State::Pending | State::Dropped => Severity::Plain,
    };
    Cell::with_severity(style.label(labels::delivery_state(state)), tone)
}

/// How it failed last, unless it is delivered by now.
fn last_error(standing: Option<&Standing>) -> String {
    let open = standing.filter(|standing| standing.state != State::Delivered);
    open.and_then(|standing| standing.last_error.as_deref()).map(sanitize).unwrap_or_default()
}

impl<'a> LinePart<'a> {
    fn new(line: &'a Line, style: &Style) -> Self {
        let delivery = line.delivery.as_ref().map(|standing| StandingPart::new(standing, style));
        Self { event: EventPart::new(&line.event, style), delivery }
    }
}

impl<'a> EventPart<'a> {
    fn new(event: &'a StoredEvent, style: &Style) -> Self {
        Self {
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
            data: None,
        }
    }
}

impl<'a> StandingPart<'a> {
    fn new(standing: &'a Standing, style: &Style) -> Self {
        let is_open = matches!(standing.state, State::Pending | State::Retrying);
        Self {
            target: &standing.target,
            state: standing.state.name(),
            attempts: standing.attempts,
            next_attempt_at: is_open.then(|| style.rfc3339(standing.next_attempt_at)),
            last_error: standing.last_error.as_deref(),
            class: standing.class.as_deref(),
            latency_ms: standing.latency_ms,
            finished_at: standing.finished_at.map(|at| style.rfc3339(at)),
        }
    }
}

impl<'a> RejectionPart<'a> {
    fn new(rejection: &'a Rejection, style: &Style) -> Self {
        Self {
            entry_id: &rejection.entry_id,
            stream: &rejection.stream,
            reason: &rejection.reason,
            raw: rejection.raw.as_deref(),
            rejected_at: style.rfc3339(rejection.rejected_at),
        }
    }
}
