//! The statements, against a database.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{
    MIGRATIONS, RegionKey, WriteMeta, delete_instance, load_regions, load_stored, save_instance, save_regions,
    save_status,
};
use crate::clock::{Clock, to_rfc3339_millis};
use crate::store::{Acquisition, Component, Error, Lease, LeaseRequest, Mode, Store, StoreOptions, Writer};
use crate::upstreams::ecs::diff::tests::instance;
use crate::upstreams::ecs::diff::{Plan, StoredSet, diff, diff_statuses};
use crate::upstreams::ecs::instance::{Disk, Instance, InstanceId, Status, Tag};
use crate::upstreams::ecs::provider::Provider;
use crate::upstreams::ecs::regions::{KnownRegion, Region};

/// A database with the upstream's tables, its scope's lease, and the folder both are in.
struct Fixture {
    store: Store,
    lease: Lease,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual("2026-01-02T03:04:05Z".parse().unwrap());
        let components = vec![Component { name: "ecs", migrations: MIGRATIONS }];
        let options = StoreOptions { clock: clock.clone(), mode: Mode::ReadWrite, components };
        let store = Store::open(folder.path().join("tongbu.db"), options).unwrap();
        let ttl = Duration::from_secs(1800);
        let request = LeaseRequest { name: "ecs/prod/cn-x", ttl, trace_id: "trace", record: None, has_own_rows: false };
        let Acquisition::Held(lease) = store.acquire(request).await.unwrap() else { panic!("the lock is taken") };
        Self { store, lease, clock, _folder: folder }
    }

    fn meta(&self, record: i64) -> WriteMeta {
        WriteMeta { record: Some(record), at: to_rfc3339_millis(self.clock.now()) }
    }

    fn stored(&self) -> StoredSet {
        self.store.read(|r| load_stored(r, &region())).unwrap()
    }

    /// Compares with what is stored and saves the difference, deletions included.
    async fn pass(&self, record: i64, fetched: Vec<Instance>) -> Plan {
        let plan = diff(&self.stored(), fetched, &BTreeSet::new());
        let (meta, kept) = (self.meta(record), plan.clone());
        let written: Result<(), Error> = self
            .store
            .write(&self.lease, move |w| {
                plan.saves.iter().try_for_each(|save| save_instance(w, &region(), &meta, save))?;
                plan.missing.iter().try_for_each(|id| delete_instance(w, &region(), &meta, id).map(drop))
            })
            .await;
        written.unwrap();
        kept
    }

    /// The changes of a record, as `instance kind field before after`.
    fn changes(&self, record: i64) -> Vec<String> {
        let changes: Result<Vec<String>, Error> = self.store.read(|r| {
            r.rows(
                "SELECT instance, kind, field, before, after
                 FROM ecs_changes
                 WHERE record = ?1
                 ORDER BY id",
                &[record.into()],
                |row| {
                    let shown: Result<Vec<_>, Error> =
                        (0..5).map(|column| Ok(row.opt_text(column)?.unwrap_or("-").to_owned())).collect();
                    Ok(shown?.join(" "))
                },
            )
        });
        changes.unwrap()
    }

    fn times(&self, id: &str) -> (String, String, Option<String>) {
        let times: Result<_, Error> = self.store.read(|r| {
            r.first(
                "SELECT first_seen_at, last_changed_at, deleted_at
                 FROM ecs_instances
                 WHERE instance_id = ?1",
                &[id.into()],
                |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.opt_text(2)?.map(str::to_owned))),
            )
        });
        times.unwrap().unwrap()
    }
}

fn region() -> RegionKey {
    RegionKey { account: "prod".to_owned(), provider: Provider::Aliyun, region: Region::parse("cn-x").unwrap() }
}

fn full(id: &str) -> Instance {
    let mut full = instance(id);
    full.compared.name = Some("web".to_owned());
    full.compared.security_groups = ["sg-2".to_owned(), "sg-1".to_owned()].into();
    full.compared.tags = [Tag { key: "k".to_owned(), value: "v".to_owned() }].into();
    full.compared.data_disks = [Disk { id: "d".to_owned(), size_gib: Some(40), category: None, device: None }].into();
    full.details.memory_mib = Some(8192);
    full.details.created_at = Some("2020-01-01T00:00:00Z".parse().unwrap());
    full.raw = "{}".to_owned();
    full.content_hash = 1;
    full
}

#[tokio::test]
async fn what_is_saved_is_loaded_and_the_second_pass_changes_nothing() {
    let fixture = Fixture::new().await;
    fixture.pass(1, vec![full("i-1"), instance("i-2")]).await;
    assert_eq!(fixture.changes(1), ["i-1 added - - -", "i-2 added - - -"]);
    assert_eq!(fixture.stored()[&InstanceId::from("i-1")].compared, full("i-1").compared);
    let again = fixture.pass(2, vec![instance("i-2"), full("i-1")]).await;
    assert_eq!(again, Plan { unchanged_count: 2, ..Plan::default() });
    assert!(fixture.changes(2).is_empty());
}

#[tokio::test]
async fn changes_are_recorded_field_by_field_and_a_refresh_is_not() {
    let fixture = Fixture::new().await;
    fixture.pass(1, vec![full("i-1")]).await;
    let first = fixture.times("i-1");
    fixture.clock.advance(Duration::from_secs(60));
    fixture.pass(2, vec![Instance { content_hash: 2, ..full("i-1") }]).await;
    assert_eq!((fixture.times("i-1"), fixture.changes(2)), (first.clone(), Vec::new()));
    let mut changed = full("i-1");
    changed.compared.name = None;
    changed.compared.status = Status::Stopped;
    fixture.pass(3, vec![changed]).await;
    assert_eq!(fixture.changes(3), ["i-1 updated status running stopped", "i-1 updated name web -"]);
    let (first_seen_at, last_changed_at, _) = fixture.times("i-1");
    assert_eq!((first_seen_at, last_changed_at.as_str()), (first.0, "2026-01-02T03:05:05.000Z"));
}

#[tokio::test]
async fn a_deleted_row_is_a_tombstone_until_it_comes_back() {
    let fixture = Fixture::new().await;
    fixture.pass(1, vec![full("i-1")]).await;
    fixture.pass(2, Vec::new()).await;
    assert_eq!(fixture.changes(2), ["i-1 deleted - - -"]);
    let tombstone = &fixture.stored()[&InstanceId::from("i-1")];
    assert!(tombstone.is_deleted);
    assert_eq!(tombstone.compared, full("i-1").compared);
    assert_eq!(fixture.pass(3, Vec::new()).await, Plan::default());
    let meta = fixture.meta(3);
    let delete = move |w: &Writer<'_>| delete_instance(w, &region(), &meta, &InstanceId::from("i-1"));
    fixture.store.write(&fixture.lease, delete).await.unwrap();
    assert!(fixture.changes(3).is_empty());
    fixture.pass(4, vec![full("i-1")]).await;
    assert_eq!(fixture.changes(4), ["i-1 restored - - -"]);
    assert_eq!(fixture.times("i-1").2, None);
}

#[tokio::test]
async fn a_status_is_saved_by_itself() {
    let fixture = Fixture::new().await;
    fixture.pass(1, vec![full("i-1")]).await;
    let plan = diff_statuses(&fixture.stored(), &[(InstanceId::from("i-1"), Status::Stopping)].into());
    let meta = fixture.meta(2);
    let save = move |w: &Writer<'_>| {
        plan.changed.iter().try_for_each(|(id, _, change)| save_status(w, &region(), &meta, id, change))
    };
    fixture.store.write(&fixture.lease, save).await.unwrap();
    assert_eq!(fixture.changes(2), ["i-1 updated status running stopping"]);
    let mut expected = full("i-1").compared;
    expected.status = Status::Stopping;
    assert_eq!(fixture.stored()[&InstanceId::from("i-1")].compared, expected);
}

#[tokio::test]
async fn the_list_of_regions_is_replaced_as_a_whole() {
    let fixture = Fixture::new().await;
    let load = || fixture.store.read(|r| load_regions(r, "prod", Provider::Aliyun)).unwrap();
    let known = |name: &str| KnownRegion { projects: vec![format!("{name}-1")], ..KnownRegion::named(name.to_owned()) };
    assert_eq!(load(), None);
    for regions in [vec![known("a"), known("b")], vec![KnownRegion { is_enabled: false, ..known("c") }]] {
        fixture.clock.advance(Duration::from_secs(60));
        let (now, saved) = (fixture.clock.now(), regions.clone());
        let save = move |w: &Writer<'_>| save_regions(w, "prod", Provider::Aliyun, &saved, now);
        fixture.store.write(&fixture.lease, save).await.unwrap();
        assert_eq!(load(), Some((now, regions)));
    }
}
