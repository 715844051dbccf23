//! Scopes beside one another: what goes wrong in one, and what that is to the others.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::{Scope, ScopeRules, ScopeWork};
use crate::clock::Clock;
use crate::error::Class;
use crate::http::Retry;
use crate::progress::Silent;
use crate::store::records::RunStart;
use crate::store::{self, Mode, Status, Store, StoreOptions, Trigger};
use crate::upstreams::{Credentials, Error, Flags, OnLock, PassContext, ScopeName, ScopeReport, guard};

/// What a scope's work comes to.
type Work = fn() -> Result<(), Error>;

impl ScopeWork for Work {
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        // The others are at work when it goes wrong.
        tokio::task::yield_now().await;
        self()?;
        scope.count(|summary| summary.new += 1);
        Ok(())
    }
}

/// Runs five scopes, two at a time, of which the third comes to this; how each ended, and the pass.
async fn run(store: &Store, third: Work) -> (Vec<ScopeReport>, Result<(), Error>) {
    let trace_id: Arc<str> = "test".into();
    let start = RunStart {
        sync: "ecs",
        sync_type: "ecs",
        trigger: Trigger::Auto,
        trace_id: Arc::clone(&trace_id),
        max_retries: 0,
        is_unread: false,
        zone: TimeZone::UTC,
    };
    let record = store.open_record(start).await.unwrap();
    let context = PassContext {
        store: store.clone(),
        record: record.id(),
        trace_id,
        clock: Clock::system(),
        flags: Flags { force: false, on_lock: OnLock::Fail, accept_deletes: None },
        cancel: CancellationToken::new(),
        observer: Arc::new(Silent),
        credentials: Credentials::default(),
        changes: ("ecs", &[]),
        has_own_rows: false,
        outcome: Mutex::default(),
    };
    let fine: Work = || Ok(());
    let works = [fine, fine, third, fine, fine].into_iter().enumerate().map(|(number, work)| {
        let name = ScopeName::new("ecs").part("prod").part(&format!("region-{number}"));
        (ScopeRules { name, ttl: Duration::from_secs(60), min_interval: None, adaptive: None }, work)
    });
    let outcome = context.scopes(works.collect(), 2).await;
    let mut reports = context.outcome.into_inner().unwrap().scopes;
    reports.sort_by(|one, other| one.scope.cmp(&other.scope));
    (reports, outcome)
}

fn open(folder: &tempfile::TempDir) -> Store {
    let options = StoreOptions { clock: Clock::system(), mode: Mode::ReadWrite, components: Vec::new() };
    Store::open(folder.path().join("tongbu.db"), options).unwrap()
}

/// The third scope fails as that class; the others succeed, and its lock is free afterwards.
async fn check(third: Work, class: Class, status: Status) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let (reports, outcome) = run(&store, third).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    for (number, report) in reports.iter().enumerate() {
        let failure = report.failure.as_ref().map(|failure| failure.class);
        let expected = if number == 2 { (status, Some(class), 0) } else { (Status::Success, None, 1) };
        assert_eq!((report.status, failure, report.summary.new), expected, "{report:?}");
    }
    assert_eq!(reports.len(), 5);
    let (again, _) = run(&store, || Ok(())).await;
    assert!(again.iter().all(|report| report.status == Status::Success), "{again:?}");
}

#[tokio::test]
async fn a_panic_in_one_scope_is_a_bug_of_that_scope_alone() {
    check(|| panic!("index 7 is out of range"), Class::Internal, Status::Failed).await;
}

#[tokio::test]
async fn whatever_one_scope_fails_of_the_others_are_done() {
    let failed = Status::Failed;
    check(|| Err(Error::Auth { context: "x".into(), reason: "x".into() }), Class::Auth, failed).await;
    check(|| Err(Error::Contract { context: "x".into(), reason: "x".into() }), Class::Contract, failed).await;
    let unavailable: Work =
        || Err(Error::Unavailable { context: "x".into(), reason: "x".into(), retry: Retry::Throttled(None) });
    check(unavailable, Class::Unavailable, failed).await;
    check(|| Err(Error::Usage { message: "x".into(), hint: None }), Class::Usage, failed).await;
    check(|| Err(Error::invalid("ecs.accounts", "x")), Class::Config, failed).await;
    let withheld: Work = || guard::check(5, 5, 0, None).map_err(Error::from);
    check(withheld, Class::Guard, Status::Partial).await;
}

#[tokio::test]
async fn what_dooms_the_run_ends_the_scopes_that_have_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let lost: Work = || Err(Error::Store(store::Error::LeaseLost { name: "ecs/prod/region-2".into(), token: 1 }));
    let (reports, outcome) = run(&store, lost).await;
    assert_eq!(outcome.unwrap_err().class(), Class::LeaseLost);
    assert!(reports.len() < 5, "{reports:?}");
}
