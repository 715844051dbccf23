//! Hand-made user events and deliveries for the tests of the renderers.

use super::check::UsersCheckAnswer;
use super::queue::{QueueAnswer, StatsAnswer};
use super::samples::at;
use super::users::{DecidedAnswer, EmitAnswer, EventAnswer, EventsAnswer, RejectionsAnswer};
use crate::present::paging::Paging;
use crate::run::Report;
use crate::upstreams::users::Config;
use crate::upstreams::users::compare::{Difference, FieldDifference};
use crate::upstreams::users::event::Kind;
use crate::upstreams::users::findings::{Checked, Finding};
use crate::upstreams::users::letters::{Decided, Decision};
use crate::upstreams::users::listing::{Line, Queue, Standing, Stats};
use crate::upstreams::users::outbox::Taken;
use crate::upstreams::users::queue::{Counts, State};
use crate::upstreams::users::tables::{Rejection, StoredEvent};

/// An event at a target; every text in it is `text`.
pub fn line(seq: i64, state: State, text: &str) -> Line {
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
    };
    let has_failed = matches!(state, State::Retrying | State::Dead);
    let standing = Standing {
        target: text.to_owned(),
        state,
        attempts: 2,
        next_attempt_at: at(20),
        last_error: has_failed.then(|| format!("cannot use the answer: {text}")),
        class: has_failed.then(|| "unavailable".to_owned()),
        latency_ms: (state == State::Delivered).then_some(12),
        finished_at: (state == State::Delivered).then(|| at(-50)),
    };
    Line { event, delivery: Some(standing) }
}

pub fn events(text: &str) -> EventsAnswer {
    let mut lines = [State::Delivered, State::Retrying, State::Dead, State::Pending, State::Dropped].to_vec();
    lines.reverse();
    let lines = lines.into_iter().zip(1..).map(|(state, seq)| line(seq, state, text));
    let mut lines: Vec<_> = lines.collect();
    lines.insert(0, Line { delivery: None, ..line(6, State::Pending, text) });
    EventsAnswer { lines, paging: Paging { number: 1, per_page: 6, total: 46 } }
}

pub fn event(text: &str) -> EventAnswer {
    EventAnswer(vec![line(1, State::Delivered, text), line(1, State::Dead, text)])
}

pub fn rejections(text: &str) -> RejectionsAnswer {
    RejectionsAnswer(vec![Rejection {
        entry_id: text.to_owned(),
        stream: text.to_owned(),
        reason: text.to_owned(),
        raw: Some(text.to_owned()),
        rejected_at: at(-30),
    }])
}

pub fn emitted(to_stream: bool) -> EmitAnswer {
    EmitAnswer { taken: Taken { stored: 10, known: 2, last_seq: 52 }, to_stream }
}

pub fn decided(decision: Decision) -> DecidedAnswer {
    DecidedAnswer { decision, decided: Decided { changed: 12, overtaken: 3 } }
}

pub fn queue(text: &str) -> QueueAnswer {
    let counts = Counts { pending: 1200, retrying: 34, delivered: 567_890, dead: 5, dropped: 1 };
    let busy = Queue { target: text.to_owned(), counts, oldest_at: Some(at(-3700)), next_attempt_at: Some(at(40)) };
    let idle = Queue { target: "idle".to_owned(), counts: Counts::default(), oldest_at: None, next_attempt_at: None };
    QueueAnswer::new(vec![busy, idle], &Config::default())
}

pub fn stats(text: &str) -> StatsAnswer {
    let busy = Stats {
        target: text.to_owned(),
        delivered: 567_890,
        dead: 5,
        retrying: 34,
        total: 569_129,
        latency_p50_ms: Some(12),
        latency_p95_ms: Some(180),
    };
    StatsAnswer(vec![busy, Stats { target: "idle".to_owned(), ..Stats::default() }])
}

pub fn checked<'a>(report: &'a Report, text: &str) -> UsersCheckAnswer<'a> {
    let field = |name: &str| FieldDifference { field: name.to_owned(), here: Some(text.to_owned()), there: None };
    let finding = |user_id, difference, fields| Finding {
        target: text.to_owned(),
        user_id,
        difference,
        fields,
        is_repaired: false,
    };
    UsersCheckAnswer {
        report,
        checked: vec![Checked {
            target: text.to_owned(),
            checked: 500,
            awaited: 4,
            missing: 30,
            different: 1,
            surplus: 1,
            repaired: 0,
        }],
        findings: vec![
            finding(5, Difference::Missing, Vec::new()),
            finding(6, Difference::Different, vec![field("username"), field("email")]),
            finding(9999, Difference::Surplus, Vec::new()),
        ],
    }
}
