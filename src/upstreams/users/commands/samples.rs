//! Hand-made events and deliveries for the tests.

use super::super::compare::{Difference, FieldDifference};
use super::super::config::Config;
use super::super::delivery_actions::{Action, ActionResult};
use super::super::event::Kind;
use super::super::findings::{Checked, Finding};
use super::super::outbox::Ingested;
use super::super::queries::{Counts, DeliveryStatus, EventRow, TargetQueue, TargetStats};
use super::super::queue::State;
use super::super::tables::{Rejection, StoredEvent};
use super::actions::ActionOutput;
use super::emit::Emitted;
use super::events::ShownEvent;
use super::queue::Queues;
use super::statistics::Statistics;
use crate::present::style::samples::at;
use crate::present::{Listing, Paging};

/// An event at a target; every text in it is `text`.
fn row(seq: i64, state: State, text: &str) -> EventRow {
    let event = StoredEvent {
        seq,
        id: format!("{text}-{seq}"),
        kind: Kind::Updated,
        user_id: 7,
        username: Some(text.to_owned()),
        email: Some(text.to_owned()),
        data: serde_json::json!({"user": {"id": 7, "username": text}}).to_string(),
        occurred_at: at(-60),
        source: text.to_owned(),
        only_target: None,
        stored_at: at(-59),
        version_ms: 0,
    };
    let has_failed = matches!(state, State::Retrying | State::Dead);
    let delivery = DeliveryStatus {
        target: text.to_owned(),
        state,
        attempts: 2,
        next_attempt_at: at(20),
        last_error: has_failed.then(|| format!("cannot use the answer: {text}")),
        class: has_failed.then(|| "unavailable".to_owned()),
        latency_ms: (state == State::Delivered).then_some(12),
        finished_at: (state == State::Delivered).then(|| at(-50)),
    };
    EventRow { event, delivery: Some(delivery) }
}

pub fn events(text: &str) -> Listing<EventRow> {
    let not_enqueued = EventRow { delivery: None, ..row(6, State::Pending, text) };
    let states = [State::Dropped, State::Pending, State::Dead, State::Retrying, State::Superseded, State::Delivered];
    let rows = states.into_iter().zip(1..).map(|(state, seq)| row(seq, state, text));
    let rows = std::iter::once(not_enqueued).chain(rows).collect();
    Listing::new(rows).with_paging(Paging { number: 1, per_page: 6, total: 46 })
}

pub fn event(text: &str) -> ShownEvent {
    ShownEvent(vec![row(1, State::Delivered, text), row(1, State::Dead, text)])
}

pub fn rejections(text: &str) -> Listing<Rejection> {
    Listing::new(vec![Rejection {
        entry_id: text.to_owned(),
        stream: text.to_owned(),
        reason: text.to_owned(),
        raw: Some(text.to_owned()),
        rejected_at: at(-30),
    }])
}

pub fn emitted(to_stream: bool) -> Emitted {
    Emitted { ingested: Ingested { stored: 10, known: 2, clamped: 0, last_seq: 52 }, to_stream }
}

pub fn acted(action: Action) -> ActionOutput {
    ActionOutput { action, result: ActionResult { changed: 12, superseded: 3 } }
}

pub fn queue(text: &str) -> TargetQueue {
    TargetQueue { target: text.to_owned(), ..TargetQueue::default() }
}

pub fn queues(text: &str) -> Queues {
    let busy = TargetQueue {
        counts: Counts { pending: 1200, retrying: 34, delivered: 567_890, superseded: 2, dead: 5, dropped: 1 },
        oldest_at: Some(at(-3700)),
        next_attempt_at: Some(at(40)),
        ..queue(text)
    };
    Queues::new(vec![busy, queue("idle")], &Config::default())
}

pub fn statistics(text: &str) -> Statistics {
    let busy = TargetStats {
        target: text.to_owned(),
        delivered: 567_890,
        dead: 5,
        retrying: 34,
        total: 569_129,
        latency_p50_ms: Some(12),
        latency_p95_ms: Some(180),
    };
    Statistics(vec![busy, TargetStats { target: "idle".to_owned(), ..TargetStats::default() }])
}

pub fn checked(text: &str) -> Checked {
    Checked { target: text.to_owned(), checked: 500, in_flight: 4, missing: 30, different: 1, extra: 1, repaired: 0 }
}

pub fn findings(text: &str) -> Vec<Finding> {
    let field = |name: &str| FieldDifference { field: name.to_owned(), here: Some(text.to_owned()), there: None };
    let finding = |user_id, difference, fields| Finding {
        target: text.to_owned(),
        user_id,
        difference,
        fields,
        is_repaired: false,
        repair_seq: None,
    };
    vec![
        finding(5, Difference::Missing, Vec::new()),
        finding(6, Difference::Different, vec![field("username"), field("email")]),
        finding(9999, Difference::Extra, Vec::new()),
    ]
}
