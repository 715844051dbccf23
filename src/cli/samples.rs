//! Hand-made values for the tests of outputs.
//!
//! `…_of(text)` makes one all of whose texts are that one.

use std::time::Duration;

use crate::error::Class;
use crate::exit::Exit;
use crate::present::style::samples::at;
use crate::run::Report;
use crate::store::records::{Record, ScopeRecord};
use crate::store::{Holder, Problem, ProblemDetails, RecordId, Status, Summary, Trigger};
use crate::upstreams::{Failure, ScopeReport, SkipReason};

pub fn record(id: i64, sync: &str, sync_type: &str, status: Status) -> Record {
    let has_ended = status != Status::Running;
    Record {
        id: RecordId(id),
        sync: sync.to_owned(),
        sync_type: sync_type.to_owned(),
        trigger: Trigger::Auto,
        status,
        start_time: at(-7200 + id * 60),
        end_time: has_ended.then(|| at(-7185 + id * 60)),
        run_count: 1,
        duration_ms: has_ended.then_some(15_012 * id),
        summary: Summary { total: 85, new: 12, updated: 73, ..Summary::default() },
        error_message: (status == Status::Failed).then(|| "cannot read the answer".to_owned()),
        problems: Vec::new(),
        retry_count: 0,
        max_retries: 3,
        request_count: 3,
        requests_saved: 0,
        exit_code: has_ended.then_some(0),
        exit_name: has_ended.then(|| "ok".to_owned()),
        trace_id: "0123456789abcdef".to_owned(),
        host: "host".to_owned(),
        pid: 4242,
        version: "0.1.0".to_owned(),
        is_read: id % 2 == 0,
        read_at: None,
        created_at: at(-7200 + id * 60),
        updated_at: at(-7185 + id * 60),
    }
}

pub fn record_of(text: &str) -> Record {
    let owned = || text.to_owned();
    Record {
        error_message: Some(owned()),
        problems: vec![problem_of(text)],
        exit_name: Some(owned()),
        trace_id: owned(),
        host: owned(),
        version: owned(),
        ..record(7, text, text, Status::Running)
    }
}

pub fn scope_record(scope: &str, error: Option<&str>) -> ScopeRecord {
    ScopeRecord {
        scope: scope.to_owned(),
        status: if error.is_some() { Status::Failed } else { Status::Success },
        reason: None,
        summary: Summary { total: 85, new: 12, updated: 73, ..Summary::default() },
        duration_ms: Some(1500),
        error: error.map(ToOwned::to_owned),
        token: Some(7),
    }
}

pub fn holder(name: &str) -> Holder {
    Holder {
        name: name.to_owned(),
        token: 7,
        owner: "host-4242".to_owned(),
        pid: 4242,
        host: "host".to_owned(),
        trace_id: "0123456789abcdef".to_owned(),
        locked_at: at(-180),
        renewed_at: at(-12),
        expires_at: at(1500),
        released: false,
        is_stale: false,
    }
}

pub fn holder_of(text: &str) -> Holder {
    let owned = || text.to_owned();
    Holder { owner: owned(), host: owned(), trace_id: owned(), ..holder(text) }
}

pub fn failure(class: Class, message: &str) -> Failure {
    Failure {
        class,
        message: message.to_owned(),
        causes: vec!["connection refused".to_owned()],
        hint: class.hint().to_owned(),
    }
}

pub fn failure_of(text: &str) -> Failure {
    Failure { causes: vec![text.to_owned(), text.to_owned()], hint: text.to_owned(), ..failure(Class::Contract, text) }
}

pub fn problem(scope: &str, message: &str) -> Problem {
    Problem {
        scope: scope.to_owned(),
        class: Class::Contract,
        id: Some("4711".to_owned()),
        name: Some("禹州-1015A".to_owned()),
        message: message.to_owned(),
        at: at(-5),
        details: ProblemDetails::default(),
    }
}

pub fn problem_of(text: &str) -> Problem {
    Problem { id: Some(text.to_owned()), name: Some(text.to_owned()), ..problem(text, text) }
}

pub fn scope(name: &str, status: Status, summary: Summary) -> ScopeReport {
    ScopeReport {
        scope: name.to_owned(),
        status,
        summary,
        duration: Duration::from_millis(7400),
        skipped: None,
        holder: None,
        failure: None,
        note: None,
        parts: None,
    }
}

/// One scope, nothing to complain about.
pub fn report() -> Report {
    let summary = Summary { total: 85, new: 12, updated: 73, matched: 80, pending: 5, ..Summary::default() };
    Report {
        record: RecordId(7),
        trace_id: "0123456789abcdef".to_owned(),
        sync: "tasks",
        sync_type: "historical",
        trigger: Trigger::Manual,
        dry_run: false,
        is_whole: true,
        status: Status::Success,
        exit: Exit::Ok,
        started_at: at(-15),
        ended_at: at(0),
        duration: Duration::from_millis(15_012),
        summary,
        scopes: vec![scope("tasks/historical", Status::Success, summary)],
        problems: Vec::new(),
        preview: Vec::new(),
        warnings: Vec::new(),
        retry_count: 0,
        throttle_count: 0,
        requests_saved: 0,
        request_count: 3,
        api_time: Duration::from_secs(12),
        failure: None,
        holder: None,
    }
}

/// Scopes of every kind: changed, unchanged, skipped, failed.
pub fn mixed_report() -> Report {
    let changed = Summary { total: 12_345, new: 40, updated: 5, unchanged: 12_290, failed: 10, ..Summary::default() };
    let unchanged = Summary { total: 150, unchanged: 150, ..Summary::default() };
    let mut total = changed;
    total.add(&unchanged);
    let mut still = scope("fairing/shop-eu/questions", Status::Success, unchanged);
    still.note = Some("no change, nothing saved: 150 records".to_owned());
    let mut skipped = scope("fairing/shop-us/questions", Status::Skipped, Summary::default());
    skipped.skipped = Some((SkipReason::MinInterval, Some(at(1800))));
    let mut failed = scope("fairing/shop-us/responses", Status::Failed, Summary::default());
    failed.failure = Some(failure(Class::Unavailable, "cannot reach the upstream"));
    Report {
        sync: "fairing",
        sync_type: "fairing",
        status: Status::Partial,
        exit: Exit::Partial,
        summary: total,
        scopes: vec![scope("fairing/shop-eu/responses", Status::Partial, changed), still, skipped, failed],
        problems: vec![problem("fairing/shop-eu/responses", "`inserted_at` is missing")],
        preview: Vec::new(),
        warnings: vec!["the filter was ignored: read everything".to_owned()],
        failure: Some(failure(Class::Unavailable, "cannot reach the upstream")),
        ..report()
    }
}

/// Nothing could be done: another run holds the only lock.
pub fn locked_report() -> Report {
    let mut locked = scope("tasks/historical", Status::Skipped, Summary::default());
    locked.holder = Some(holder("tasks/historical"));
    Report {
        status: Status::Skipped,
        exit: Exit::Locked,
        summary: Summary::default(),
        scopes: vec![locked],
        failure: Some(Failure {
            causes: Vec::new(),
            ..failure(Class::Busy, "another run holds the lock `tasks/historical`")
        }),
        holder: Some(holder("tasks/historical")),
        ..report()
    }
}
