//! The queue against a real database, and against a model of it.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::clock::Clock;
use crate::store::{Acquisition, Component, Lease, LeaseRequest, Mode, Store, StoreOptions};
use crate::upstreams::users::delivery_actions::{Action, ActionProgress, ActionResult, DeliveryFilter, save_action};
use crate::upstreams::users::event::{Event, Kind};
use crate::upstreams::users::outbox::{Ingested, Recipients, save_events};
use crate::upstreams::users::tables::{MIGRATIONS, delete_settled_events, load_user};
use crate::upstreams::users::user::Field;

const TARGET: &str = "a";
const CAP: Duration = Duration::from_secs(3600);

struct Bench {
    _folder: tempfile::TempDir,
    store: Store,
    lease: Lease,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let components = vec![Component { name: "users", migrations: MIGRATIONS }];
        let options = StoreOptions { clock: Clock::manual(at(0)), mode: Mode::ReadWrite, components };
        let store = Store::open(&folder.path().join("tongbu.db"), options).unwrap();
        let request =
            LeaseRequest { name: "users/deliver", ttl: Duration::from_secs(60), trace_id: "trace", record: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let Acquisition::Held(lease) = runtime.block_on(store.acquire(request)).unwrap() else { panic!("not free") };
        Self { _folder: folder, store, lease }
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

    /// Ends an attempt; answers the number of the head that comes up.
    fn settle(&self, delivery: &Delivery, outcome: Outcome) -> Option<i64> {
        let delivery = delivery.clone();
        self.write(move |w| save_outcome(w, TARGET, &delivery, &outcome, at(0))).map(|next| next.event.seq)
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

fn delivered() -> Outcome {
    Outcome::Delivered { latency: Duration::from_millis(3) }
}

fn dead() -> Outcome {
    Outcome::Dead { class: Class::Contract, error: "no".to_owned() }
}

fn retrying(seconds: i64) -> Outcome {
    Outcome::Retrying { class: Class::Unavailable, error: "later".to_owned(), next_attempt_at: at(seconds) }
}

#[test]
fn only_the_first_open_event_of_a_user_is_sent() {
    let bench = Bench::new();
    bench.emit([1, 2, 1, 1, 2].map(event).to_vec());
    bench.plan();
    assert_eq!(bench.due_seqs(0), [1, 2]);
    let heads = bench.due(0);
    assert_eq!(bench.settle(&heads[0], delivered()), Some(3));
    assert_eq!(bench.due_seqs(0), [2, 3]);
    // What is tried again keeps its user waiting, and nobody else.
    assert_eq!(bench.settle(&heads[1], retrying(60)), None);
    assert_eq!(bench.due_seqs(59), [3]);
    assert_eq!(bench.due_seqs(60), [2, 3]);
    // What is given up lets the next one pass.
    assert_eq!(bench.settle(&heads[1], dead()), Some(5));
}

#[test]
fn what_was_put_off_before_the_clock_went_back_is_due() {
    let bench = Bench::new();
    bench.emit(vec![event(1)]);
    bench.plan();
    bench.settle(&bench.due(0)[0], retrying(3600));
    assert_eq!(bench.due_seqs(0), [0; 0]);
    assert_eq!(bench.due_seqs(-10), [1]);
}

#[test]
fn an_id_is_stored_once_and_uses_up_one_number() {
    let bench = Bench::new();
    let named = || Event { id: Some("e1".to_owned()), ..event(1) };
    assert_eq!(bench.emit(vec![named(), event(2)]), Ingested { stored: 2, known: 0, last_seq: 2 });
    assert_eq!(bench.emit(vec![named(), event(3)]), Ingested { stored: 1, known: 1, last_seq: 3 });
}

#[test]
fn an_older_event_does_not_undo_a_later_one() {
    let bench = Bench::new();
    let told =
        |name: &str, seconds| Event { username: Some(name.to_owned()), occurred_at: Some(at(seconds)), ..event(7) };
    let name = || bench.read(|r| load_user(r, 7)).unwrap().user.value(Field::Username).map(str::to_owned);
    bench.emit(vec![told("new", 10), told("old", 5)]);
    assert_eq!(name().as_deref(), Some("new"));
    bench.emit(vec![Event { kind: Kind::Deleted, ..told("new", 20) }, told("old", 15)]);
    assert!(bench.read(|r| load_user(r, 7)).unwrap().is_deleted);
    // Its time left to us is never before what is known, whatever the clock says.
    bench.emit(vec![Event { username: Some("back".to_owned()), ..event(7) }]);
    assert_eq!(name().as_deref(), Some("back"));
    assert!(!bench.read(|r| load_user(r, 7)).unwrap().is_deleted);
}

#[test]
fn dead_letter_is_retried_unless_later_events_superseded_it() {
    let bench = Bench::new();
    bench.emit([1, 1, 2].map(event).to_vec());
    bench.plan();
    let heads = bench.due(0);
    bench.settle(&heads[0], dead());
    bench.settle(&heads[1], dead());
    let second = bench.due(0).remove(0);
    bench.settle(&second, delivered());
    let all = DeliveryFilter::default;
    assert_eq!(bench.act(Action::Retry { force: false }, all()), ActionResult { changed: 1, superseded: 1 });
    assert_eq!(bench.due_seqs(0), [3]);
    assert_eq!(bench.act(Action::Retry { force: true }, all()), ActionResult { changed: 1, superseded: 0 });
    assert_eq!(bench.due_seqs(0), [1, 3]);
    assert_eq!(
        bench.act(Action::Drop, DeliveryFilter { seqs: vec![3], ..all() }),
        ActionResult { changed: 1, superseded: 0 }
    );
    assert_eq!(bench.act(Action::Replay, DeliveryFilter { seqs: vec![2], ..all() }).changed, 1);
    assert_eq!(bench.due_seqs(0), [1]);
    assert_eq!((bench.counts().dropped, bench.counts().open()), (1, 2));
}

#[test]
fn a_repair_is_for_its_target_alone_and_leaves_the_users() {
    let bench = Bench::new();
    bench.write(|w| save_events(w, &[event(1)], Recipients::Only("b"), None, at(0)));
    bench.plan();
    assert_eq!(bench.due_seqs(0), [0; 0]);
    assert_eq!(bench.read(|r| load_user(r, 1)), None);
    bench.write(|w| enqueue_deliveries(w, "b", 100, at(0)));
    assert_eq!(bench.read(|r| load_counts(r, "b")).pending, 1);
}

#[test]
fn an_event_is_kept_until_every_target_has_had_it() {
    let bench = Bench::new();
    let targets = || vec![TARGET.to_owned(), "b".to_owned()];
    let forget = || bench.write(move |w| delete_settled_events(w, 0, at(1), &targets(), 10)).0;
    bench.emit(vec![event(1)]);
    bench.plan();
    bench.settle(&bench.due(0)[0], delivered());
    assert_eq!(forget(), 0, "the other target has not even laid it out");
    bench.write(|w| enqueue_deliveries(w, "b", 100, at(0)));
    assert_eq!(forget(), 0, "it is open there");
    let head = bench.read(|r| load_due(r, "b", Due { now: at(0), cap: CAP }, 1)).remove(0);
    bench.write(move |w| save_outcome(w, "b", &head, &delivered(), at(0)));
    assert_eq!(bench.write(move |w| delete_settled_events(w, 0, at(0), &targets(), 10)).0, 0, "it is too young");
    assert_eq!(forget(), 1);
    assert_eq!(bench.counts(), Counts::default());
    // Its number is not given again.
    assert_eq!(bench.emit(vec![event(1)]).last_seq, 2);
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
    let bench = Bench::new();
    let plan = bench.read(|r| r.rows(PLAN, &[TARGET.into(), 7_i64.into()], |row| row.text(3).map(str::to_owned)));
    assert!(plan[0].contains("INDEX user_deliveries_open (target=? AND user_id=?)"), "{plan:?}");
}

/// What the queue should hold, the simple way: each user's events in order with their states.
#[derive(Default)]
struct Model {
    users: BTreeMap<i64, BTreeMap<i64, State>>,
    stored: i64,
}

impl Model {
    fn heads(&self) -> Vec<i64> {
        let is_open = |state: &State| matches!(state, State::Pending | State::Retrying);
        let first =
            |events: &BTreeMap<i64, State>| events.iter().find(|(_, state)| is_open(state)).map(|(seq, _)| *seq);
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
    /// One of the heads is sent, and ends so.
    Send(prop::sample::Index, State),
    RetryAll,
    DropAll,
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop::sample::select(vec![State::Delivered, State::Delivered, State::Retrying, State::Dead]);
    prop_oneof![
        3 => prop::collection::vec(1..5_i64, 1..6).prop_map(Step::Emit),
        5 => (any::<prop::sample::Index>(), end).prop_map(|(which, end)| Step::Send(which, end)),
        1 => Just(Step::RetryAll),
        1 => Just(Step::DropAll),
    ]
}

fn take(step: Step, bench: &Bench, model: &mut Model) {
    match step {
        Step::Emit(users) => {
            for user in &users {
                model.stored += 1;
                model.users.entry(*user).or_default().insert(model.stored, State::Pending);
            }
            bench.emit(users.into_iter().map(event).collect());
            bench.plan();
        }
        Step::Send(which, end) => {
            let heads = bench.due(0);
            if heads.is_empty() {
                return;
            }
            let head = which.get(&heads);
            let outcome = match end {
                State::Dead => dead(),
                State::Retrying => retrying(0),
                State::Pending | State::Delivered | State::Dropped => delivered(),
            };
            bench.settle(head, outcome);
            model.set(head, end);
        }
        Step::RetryAll => {
            let result = bench.act(Action::Retry { force: true }, DeliveryFilter::default());
            assert_eq!(result.changed, model.change_all(State::Dead, State::Pending));
        }
        Step::DropAll => {
            let result = bench.act(Action::Drop, DeliveryFilter::default());
            assert_eq!(result.changed, model.change_all(State::Dead, State::Dropped));
        }
    }
}

proptest! {
    #[test]
    fn the_queue_is_what_its_model_says(steps in prop::collection::vec(step(), 1..30)) {
        let (bench, mut model) = (Bench::new(), Model::default());
        for step in steps {
            take(step, &bench, &mut model);
            assert_eq!(bench.due_seqs(0), model.heads());
            let counts = bench.counts();
            let total = counts.open() + counts.delivered + counts.dead + counts.dropped;
            assert_eq!(total, model.stored.unsigned_abs(), "lost or doubled");
        }
    }
}
