//! The queue against a real database, and against a model of it.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::clock::Clock;
use crate::store::{Acquisition, Component, Lease, LeaseRequest, Migration, Mode, Store, StoreOptions};
use crate::upstreams::users::delivery_actions::{Action, ActionProgress, ActionResult, DeliveryFilter, save_action};
use crate::upstreams::users::event::{Event, Kind};
use crate::upstreams::users::outbox::{Ingested, Recipients, save_events};
use crate::upstreams::users::queries::{Counts, load_counts};
use crate::upstreams::users::tables::{MIGRATIONS, load_user};
use crate::upstreams::users::user::Field;

const TARGET: &str = "a";
const CAP: Duration = Duration::from_secs(3600);

struct Fixture {
    folder: tempfile::TempDir,
    store: Store,
    lease: Lease,
}

impl Fixture {
    fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap(), MIGRATIONS)
    }

    fn open(folder: tempfile::TempDir, migrations: &'static [Migration]) -> Self {
        let components = vec![Component { name: "users", migrations }];
        let options = StoreOptions { clock: Clock::manual(at(0)), mode: Mode::ReadWrite, components };
        let store = Store::open(folder.path().join("tongbu.db"), options).unwrap();
        let request = LeaseRequest { name: "users/deliver", ttl: Duration::from_secs(60), ..LeaseRequest::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let Acquisition::Held(lease) = runtime.block_on(store.acquire(request)).unwrap() else { panic!("not free") };
        Self { folder, store, lease }
    }

    /// The same database, opened by another version.
    fn reopen(self, migrations: &'static [Migration]) -> Self {
        let Self { folder, store, lease } = self;
        drop((lease, store));
        Self::open(folder, migrations)
    }

    fn write<T: Send + 'static>(&self, f: impl FnOnce(&Writer<'_>) -> Result<T, Error> + Send + 'static) -> T {
        self.store.write_blocking(&self.lease, f).unwrap()
    }

    fn read<T>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T, Error>) -> T {
        self.store.read(f).unwrap()
    }

    fn emit(&self, events: Vec<Event>) -> Ingested {
        self.write(move |w| save_events(w, &events, Recipients::All, None, at(0)))
    }

    fn plan(&self) {
        while self.write(|w| enqueue_deliveries(w, TARGET, 100, at(0))) {}
    }

    fn due(&self, seconds: i64) -> Vec<Delivery> {
        self.read(|r| load_due(r, TARGET, Due { now: at(seconds), cap: CAP }, 1000))
    }

    fn due_seqs(&self, seconds: i64) -> Vec<i64> {
        let mut seqs: Vec<_> = self.due(seconds).into_iter().map(|delivery| delivery.event.seq).collect();
        seqs.sort_unstable();
        seqs
    }

    /// Ends an attempt; returns the `seq` of the head that is due behind it.
    fn settle(&self, delivery: &Delivery, outcome: Outcome) -> Option<i64> {
        let outcomes = [(delivery.clone(), outcome)];
        self.write(move |w| save_outcomes(w, TARGET, &outcomes, at(0))).first().map(|next| next.event.seq)
    }

    fn act(&self, action: Action, filter: DeliveryFilter) -> ActionResult {
        self.write(move |w| {
            let mut progress = ActionProgress::default();
            while save_action(w, action, &filter, &mut progress, at(0))? {}
            Ok(progress.result)
        })
    }

    fn counts(&self) -> Counts {
        self.read(|r| load_counts(r, TARGET))
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_760_688_000 + seconds).unwrap()
}

fn event(user_id: i64) -> Event {
    Event {
        id: None,
        kind: Kind::Updated,
        user_id,
        username: None,
        email: None,
        data: serde_json::Map::new(),
        occurred_at: None,
        source: None,
    }
}

fn outcome(state: State) -> Outcome {
    Outcome { state, is_counted: true, next_attempt_at: at(0), failure: None, latency: None }
}

fn delivered() -> Outcome {
    Outcome { latency: Some(Duration::from_millis(3)), ..outcome(State::Delivered) }
}

fn dead() -> Outcome {
    Outcome { failure: Some((Class::Contract, "no".to_owned())), ..outcome(State::Dead) }
}

fn retrying(seconds: i64) -> Outcome {
    Outcome { next_attempt_at: at(seconds), ..outcome(State::Retrying) }
}

#[test]
fn only_the_first_open_event_of_a_user_is_sent() {
    let fixture = Fixture::new();
    fixture.emit([1, 2, 1, 1, 2].map(event).to_vec());
    fixture.plan();
    assert_eq!(fixture.due_seqs(0), [1, 2]);
    let heads = fixture.due(0);
    assert_eq!(fixture.settle(&heads[0], delivered()), Some(3));
    assert_eq!(fixture.due_seqs(0), [2, 3]);
    // What is tried again delays its user only.
    assert_eq!(fixture.settle(&heads[1], retrying(60)), None);
    assert_eq!(fixture.due_seqs(59), [3]);
    assert_eq!(fixture.due_seqs(60), [2, 3]);
    // What is dead keeps the next one back until it is dropped.
    assert_eq!(fixture.settle(&heads[1], dead()), None);
    fixture.emit(vec![event(2)]);
    fixture.plan();
    assert_eq!(fixture.due_seqs(60), [3]);
    fixture.act(Action::Drop, DeliveryFilter::default());
    assert_eq!(fixture.due_seqs(60), [3, 5]);
}

#[test]
fn failure_of_the_target_counts_for_no_event() {
    let fixture = Fixture::new();
    fixture.emit(vec![event(1)]);
    fixture.plan();
    for _ in 0..3 {
        fixture.settle(&fixture.due(0)[0], Outcome { is_counted: false, ..retrying(0) });
    }
    assert_eq!(fixture.due(0)[0].attempts, 0);
    fixture.write(|w| postpone(w, TARGET, at(60)));
    assert_eq!((fixture.due_seqs(59), fixture.due_seqs(60)), (vec![], vec![1]));
    assert_eq!(fixture.read(|r| load_delivered_at(r, TARGET)), None);
    fixture.settle(&fixture.due(60)[0], delivered());
    assert_eq!(fixture.read(|r| load_delivered_at(r, TARGET)), Some(at(0)));
}

#[test]
fn what_was_postponed_before_the_clock_was_set_back_is_due() {
    let fixture = Fixture::new();
    fixture.emit(vec![event(1)]);
    fixture.plan();
    fixture.settle(&fixture.due(0)[0], retrying(3600));
    assert_eq!(fixture.due_seqs(0), [0; 0]);
    assert_eq!(fixture.due_seqs(-10), [1]);
}

#[test]
fn an_id_is_stored_once_and_uses_up_one_number() {
    let fixture = Fixture::new();
    let named = || Event { id: Some("e1".to_owned()), ..event(1) };
    assert_eq!(fixture.emit(vec![named(), event(2)]), Ingested { stored: 2, known: 0, clamped: 0, last_seq: 2 });
    assert_eq!(fixture.emit(vec![named(), event(3)]), Ingested { stored: 1, known: 1, clamped: 0, last_seq: 3 });
}

#[test]
fn order_of_arrival_decides_whatever_times_the_events_have() {
    let fixture = Fixture::new();
    let named =
        |name: &str, seconds| Event { username: Some(name.to_owned()), occurred_at: Some(at(seconds)), ..event(7) };
    let name = || fixture.read(|r| load_user(r, 7)).unwrap().user.value(Field::Username).map(str::to_owned);
    let ahead = 300;
    let ingested = fixture.emit(vec![named("tolerated", ahead), named("clamped", ahead + 1), named("old", -5)]);
    assert_eq!((ingested.stored, ingested.clamped), (3, 1));
    assert_eq!(name().as_deref(), Some("old"));
    fixture.plan();
    let times = fixture.read(|r| r.rows("SELECT occurred_at FROM user_events ORDER BY seq", &[], |row| row.instant(0)));
    assert_eq!(times, [at(ahead), at(0), at(-5)]);
    fixture.emit(vec![Event { kind: Kind::Deleted, ..named("old", -20) }]);
    assert!(fixture.read(|r| load_user(r, 7)).unwrap().is_deleted);
    // The clock is set back, and the versions still rise.
    fixture.write(|w| save_events(w, &[event(7)], Recipients::All, None, at(-3600)));
    let versions = "SELECT version_ms FROM user_events ORDER BY seq";
    let versions = fixture.read(|r| r.rows(versions, &[], |row| row.int(0)));
    assert!(versions.is_sorted(), "{versions:?}");
    assert!(!fixture.read(|r| load_user(r, 7)).unwrap().is_deleted);
}

#[test]
fn dead_letter_is_retried_unless_later_events_superseded_it() {
    let fixture = Fixture::new();
    let all = DeliveryFilter::default;
    let only = |seq| DeliveryFilter { seqs: vec![seq], ..all() };
    fixture.emit([1, 1, 2].map(event).to_vec());
    fixture.plan();
    let heads = fixture.due(0);
    fixture.settle(&heads[0], delivered());
    fixture.settle(&heads[1], dead());
    fixture.settle(&fixture.due(0)[0], delivered());
    // Sent once more, the first one dies behind the second.
    assert_eq!(fixture.act(Action::Replay, only(1)).changed, 1);
    fixture.settle(&fixture.due(0)[0], dead());
    assert_eq!(fixture.act(Action::Retry { force: false }, all()), ActionResult { changed: 1, superseded: 1 });
    assert_eq!(fixture.due_seqs(0), [3]);
    assert_eq!(fixture.act(Action::Retry { force: true }, all()), ActionResult { changed: 1, superseded: 0 });
    assert_eq!(fixture.due_seqs(0), [1, 3]);
    assert_eq!(fixture.act(Action::Drop, only(3)), ActionResult { changed: 1, superseded: 0 });
    assert_eq!(fixture.act(Action::Replay, only(2)).changed, 1);
    assert_eq!(fixture.due_seqs(0), [1]);
    assert_eq!((fixture.counts().dropped, fixture.counts().open()), (1, 2));
}

#[test]
fn a_repair_is_for_its_target_alone_and_leaves_the_users() {
    let fixture = Fixture::new();
    fixture.write(|w| save_events(w, &[event(1)], Recipients::Only("b"), None, at(0)));
    fixture.plan();
    assert_eq!(fixture.due_seqs(0), [0; 0]);
    assert_eq!(fixture.read(|r| load_user(r, 1)), None);
    fixture.write(|w| enqueue_deliveries(w, "b", 100, at(0)));
    assert_eq!(fixture.read(|r| load_counts(r, "b")).pending, 1);
}

#[test]
fn an_event_is_kept_until_every_target_has_had_it() {
    let fixture = Fixture::new();
    let targets = || vec![TARGET.to_owned(), "b".to_owned()];
    let delete = || fixture.write(move |w| delete_settled_events(w, at(1), &targets(), 10));
    fixture.emit(vec![event(1)]);
    fixture.plan();
    fixture.settle(&fixture.due(0)[0], delivered());
    assert_eq!(delete(), 0, "it is not even enqueued for the other target");
    fixture.write(|w| enqueue_deliveries(w, "b", 100, at(0)));
    assert_eq!(delete(), 0, "it is open there");
    let head = fixture.read(|r| load_due(r, "b", Due { now: at(0), cap: CAP }, 1)).remove(0);
    fixture.write(move |w| save_outcomes(w, "b", &[(head, delivered())], at(0)));
    assert_eq!(fixture.write(move |w| delete_settled_events(w, at(0), &targets(), 10)), 0, "it is too young");
    assert_eq!(delete(), 1);
    assert_eq!(fixture.counts(), Counts::default());
    // Its number is not given again.
    assert_eq!(fixture.emit(vec![event(1)]).last_seq, 2);
}

#[test]
fn a_users_open_deliveries_are_found_by_their_index() {
    const PLAN: &str = "
        EXPLAIN QUERY PLAN
        SELECT seq
        FROM user_deliveries
        WHERE target = ?1
        AND user_id = ?2
        AND finished_at IS NULL
        ORDER BY seq
        LIMIT 1";
    let fixture = Fixture::new();
    let plan = fixture.read(|r| r.rows(PLAN, &[TARGET.into(), 7_i64.into()], |row| row.text(3).map(str::to_owned)));
    assert!(plan[0].contains("INDEX user_deliveries_open (target=? AND user_id=?)"), "{plan:?}");
}

#[test]
fn events_of_an_earlier_version_keep_their_state_and_wait_behind_their_dead_letters() {
    const EVENTS: &str = "
        INSERT INTO user_events (seq, id, type, user_id, data, occurred_at, source, stored_at)
        VALUES
            (1, 'a', 'user.created', 1, '{}', '2025-10-17T08:00:00.000Z', 's', '2025-10-17T08:00:00.000Z'),
            (2, 'b', 'user.updated', 1, '{}', '2025-10-17T08:00:01.000Z', 's', '2025-10-17T08:00:01.000Z'),
            (3, 'c', 'user.created', 2, '{}', '2025-10-17T08:00:02.000Z', 's', '2025-10-17T08:00:02.000Z')";
    const DELIVERIES: &str = "
        INSERT INTO user_deliveries (target, seq, user_id, state, is_head, attempts, next_attempt_at, finished_at)
        VALUES
            ('a', 1, 1, 'dead', 0, 8, '2025-10-17T08:00:00.000Z', '2025-10-17T08:00:00.000Z'),
            ('a', 2, 1, 'pending', 1, 0, '2025-10-17T08:00:01.000Z', NULL),
            ('a', 3, 2, 'retrying', 1, 3, '2025-10-17T08:00:02.000Z', NULL)";
    const TARGETS: &str = "INSERT INTO user_targets (name, planned_seq) VALUES ('a', 3)";
    let fixture = Fixture::open(tempfile::tempdir().unwrap(), &MIGRATIONS[..1]);
    fixture.write(|w| [EVENTS, DELIVERIES, TARGETS].iter().try_for_each(|sql| w.execute(sql, &[]).map(drop)));
    let fixture = fixture.reopen(MIGRATIONS);
    let due = fixture.due(5);
    assert_eq!((due.len(), due[0].event.seq, due[0].attempts), (1, 3, 3));
    assert_eq!(due[0].event.version_ms, due[0].event.occurred_at.as_millisecond());
    assert_eq!((fixture.counts().dead, fixture.counts().open()), (1, 2));
    fixture.act(Action::Drop, DeliveryFilter::default());
    assert_eq!(fixture.due_seqs(5), [2, 3]);
}

/// What the queue should hold, in the simplest form: each user's events in order with their states.
#[derive(Default)]
struct Model {
    users: BTreeMap<i64, BTreeMap<i64, State>>,
    stored: i64,
}

impl Model {
    /// The first of each user that is open, unless one before it is dead.
    fn heads(&self) -> Vec<i64> {
        let first = |events: &BTreeMap<i64, State>| {
            let first = events.iter().find(|(_, state)| state.is_open() || **state == State::Dead);
            first.filter(|(_, state)| state.is_open()).map(|(seq, _)| *seq)
        };
        let mut heads: Vec<_> = self.users.values().filter_map(first).collect();
        heads.sort_unstable();
        heads
    }

    fn set(&mut self, delivery: &Delivery, state: State) {
        self.users.entry(delivery.event.user_id).or_default().insert(delivery.event.seq, state);
    }

    fn change_all(&mut self, from: State, to: State) -> u64 {
        let states = self.users.values_mut().flat_map(BTreeMap::values_mut);
        states.filter(|state| **state == from).map(|state| *state = to).count() as u64
    }
}

/// One thing that happens to the queue.
#[derive(Clone, Debug)]
enum Step {
    /// Something to each of these users.
    Emit(Vec<i64>),
    /// One of the heads is sent and ends in that state.
    Send(prop::sample::Index, State),
    RetryAll,
    DropAll,
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop::sample::select(vec![State::Delivered, State::Superseded, State::Retrying, State::Dead]);
    prop_oneof![
        3 => prop::collection::vec(1..5_i64, 1..6).prop_map(Step::Emit),
        5 => (any::<prop::sample::Index>(), end).prop_map(|(which, end)| Step::Send(which, end)),
        1 => Just(Step::RetryAll),
        1 => Just(Step::DropAll),
    ]
}

fn take(step: Step, fixture: &Fixture, model: &mut Model) {
    match step {
        Step::Emit(users) => {
            for user in &users {
                model.stored += 1;
                model.users.entry(*user).or_default().insert(model.stored, State::Pending);
            }
            fixture.emit(users.into_iter().map(event).collect());
            fixture.plan();
        }
        Step::Send(which, end) => {
            let heads = fixture.due(0);
            if heads.is_empty() {
                return;
            }
            let head = which.get(&heads);
            fixture.settle(head, outcome(end));
            model.set(head, end);
        }
        Step::RetryAll => {
            let result = fixture.act(Action::Retry { force: true }, DeliveryFilter::default());
            assert_eq!(result.changed, model.change_all(State::Dead, State::Pending));
        }
        Step::DropAll => {
            let result = fixture.act(Action::Drop, DeliveryFilter::default());
            assert_eq!(result.changed, model.change_all(State::Dead, State::Dropped));
        }
    }
}

proptest! {
    // Each case makes a new database.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_queue_is_what_its_model_says(steps in prop::collection::vec(step(), 1..30)) {
        let (fixture, mut model) = (Fixture::new(), Model::default());
        for step in steps {
            take(step, &fixture, &mut model);
            assert_eq!(fixture.due_seqs(0), model.heads());
            let counts = fixture.counts();
            let ended = counts.delivered + counts.superseded + counts.dead + counts.dropped;
            let total = counts.open() + ended;
            assert_eq!(total, model.stored.unsigned_abs(), "lost or doubled");
        }
    }
}
