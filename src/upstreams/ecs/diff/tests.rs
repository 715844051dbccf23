//! Comparisons: each rule by example, and what holds for all of them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value;
use strum::IntoEnumIterator as _;

use super::{Field, Plan, SaveKind, Stored, StoredSet, diff, diff_statuses};
use crate::upstreams::ecs::instance::{Compared, Details, Disk, DisksKnown, Instance, InstanceId, Status, Tag, digest};

/// A running instance whose row holds its disks.
pub fn instance(id: &str) -> Instance {
    Instance {
        id: InstanceId::from(id),
        compared: Compared { status: Status::Running, ..Compared::default() },
        disks_known: DisksKnown::Fully,
        details: Details::default(),
        raw: String::new(),
        content_hash: 0,
    }
}

use self::instance as running;

fn disk(number: u8) -> Disk {
    Disk { id: format!("d-{number}"), size_gib: Some(40), category: None, device: None }
}

fn stored(instance: &Instance) -> Stored {
    Stored { compared: instance.compared.clone(), content_hash: Some(instance.content_hash), is_deleted: false }
}

fn set(instances: &[Instance]) -> StoredSet {
    instances.iter().map(|instance| (instance.id.clone(), stored(instance))).collect()
}

/// What the database holds after a plan was carried out.
fn apply(mut before: StoredSet, plan: &Plan) -> StoredSet {
    for save in &plan.saves {
        before.insert(save.row.id.clone(), stored(&save.row));
    }
    for id in plan.terminated.iter().chain(&plan.missing) {
        before.get_mut(id).unwrap().is_deleted = true;
    }
    before
}

/// Changes are written as `field: before → after`.
fn check(before: &Instance, after: &Instance, kind: Option<SaveKind>, changes: &[&str]) {
    let plan = diff(&set(std::slice::from_ref(before)), vec![after.clone()], &BTreeSet::new());
    assert_eq!(plan.saves.first().map(|save| save.kind), kind);
    assert_eq!(plan.unchanged_count, u64::from(kind.is_none()));
    let shown = plan.saves.iter().flat_map(|save| &save.changes).map(|change| {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        format!("{}: {} → {}", change.field, shown(&change.before), shown(&change.after))
    });
    assert_eq!(shown.collect::<Vec<_>>(), changes);
}

#[test]
fn each_field_is_a_change_by_itself() {
    let before = instance("i-1");
    let mut after = before.clone();
    after.compared = Compared {
        status: Status::Stopped,
        name: Some("web".to_owned()),
        public_ip: Some("1.2.3.4".to_owned()),
        private_ip: Some("10.0.0.1".to_owned()),
        instance_type: Some("large".to_owned()),
        security_groups: ["sg-1".to_owned()].into(),
        data_disks: [disk(1)].into(),
        tags: [Tag { key: "k".to_owned(), value: "v".to_owned() }].into(),
    };
    let expected = [
        "status: running → stopped",
        "name: - → web",
        "public_ip: - → 1.2.3.4",
        "private_ip: - → 10.0.0.1",
        "instance_type: - → large",
        r#"security_groups: [] → ["sg-1"]"#,
        r#"data_disks: [] → [{"id":"d-1","size_gib":40,"category":null,"device":null}]"#,
        r#"tags: [] → [{"key":"k","value":"v"}]"#,
    ];
    assert_eq!(expected.len(), Field::iter().count());
    check(&before, &after, Some(SaveKind::Updated), &expected);
    check(&before, &before, None, &[]);
}

#[test]
fn lists_of_one_length_with_other_members_differ() {
    let mut before = instance("i-1");
    before.compared.security_groups = ["sg-1".to_owned(), "sg-2".to_owned()].into();
    let mut after = before.clone();
    after.compared.security_groups = ["sg-3".to_owned(), "sg-2".to_owned()].into();
    check(&before, &after, Some(SaveKind::Updated), &[r#"security_groups: ["sg-1","sg-2"] → ["sg-2","sg-3"]"#]);
}

#[test]
fn what_is_not_compared_refreshes_the_row_and_is_no_change() {
    let before = instance("i-1");
    let after = Instance { content_hash: 1, ..before.clone() };
    check(&before, &after, Some(SaveKind::Refreshed), &[]);
}

#[test]
fn disks_that_were_not_listed_stay_as_they_are() {
    let mut before = instance("i-1");
    before.compared.data_disks = [disk(1)].into();
    for disks_known in [DisksKnown::No, DisksKnown::Named] {
        let mut after = Instance { disks_known, ..instance("i-1") };
        check(&before, &after, None, &[]);
        after.content_hash = 1;
        let plan = diff(&set(std::slice::from_ref(&before)), vec![after], &BTreeSet::new());
        assert_eq!(plan.saves[0].row.compared.data_disks, before.compared.data_disks);
    }
}

#[test]
fn what_is_terminated_is_deleted_once_and_never_added() {
    let known = instance("i-1");
    let mut gone = instance("i-1");
    gone.compared.status = Status::Terminated;
    let mut never_seen = gone.clone();
    never_seen.id = InstanceId::from("i-2");
    let plan = diff(&set(&[known]), vec![gone.clone(), never_seen.clone()], &BTreeSet::new());
    assert_eq!(plan.terminated, [InstanceId::from("i-1")]);
    assert!(plan.saves.is_empty() && plan.missing.is_empty());
    let after = apply(set(&[instance("i-1")]), &plan);
    assert_eq!(diff(&after, vec![gone, never_seen], &BTreeSet::new()), Plan::default());
}

#[test]
fn a_row_that_cannot_be_read_is_not_missing() {
    let stored = set(&[instance("i-1"), instance("i-2")]);
    assert_eq!(diff::<Instance>(&stored, Vec::new(), &["i-1"].into()).missing, [InstanceId::from("i-2")]);
}

#[test]
fn a_tombstone_comes_back_restored_with_its_changes() {
    let mut stored = set(&[instance("i-1")]);
    stored.get_mut(&InstanceId::from("i-1")).unwrap().is_deleted = true;
    let mut after = instance("i-1");
    assert_eq!(diff::<Instance>(&stored, Vec::new(), &BTreeSet::new()), Plan::default());
    after.compared.name = Some("back".to_owned());
    let plan = diff(&stored, vec![after], &BTreeSet::new());
    assert_eq!((plan.saves[0].kind, plan.saves[0].changes.len()), (SaveKind::Restored, 1));
}

#[test]
fn statuses_change_live_rows_only() {
    let mut stored = set(&["a", "b", "c", "d"].map(instance));
    stored.get_mut(&InstanceId::from("d")).unwrap().is_deleted = true;
    let statuses = [
        ("a", Status::Running),
        ("b", Status::Stopped),
        ("c", Status::Terminated),
        ("d", Status::Stopped),
        ("e", Status::Running),
    ];
    let plan = diff_statuses(&stored, &statuses.map(|(id, status)| (InstanceId::from(id), status)).into());
    assert_eq!(plan.unchanged_count, 1);
    assert_eq!(plan.terminated, [InstanceId::from("c")]);
    let [(id, Status::Stopped, change)] = plan.changed.as_slice() else { panic!("{plan:?}") };
    assert_eq!(
        (id.as_str(), change.before.as_deref(), change.after.as_deref()),
        ("b", Some("running"), Some("stopped"))
    );
}

prop_compose! {
    fn any_instance()(
        id in "[a-f]",
        status in prop::sample::select(Status::iter().collect::<Vec<_>>()),
        name in prop::option::of("[xy]"),
        groups in prop::collection::btree_set("sg-[1-3]", 0..3),
        disks in prop::collection::btree_set(1..4u8, 0..3),
        tags in prop::collection::btree_set(("[kl]", "[vw]"), 0..3),
        content_hash in 0..2u128,
    ) -> Instance {
        let mut instance = Instance { content_hash, ..running(&id) };
        instance.compared = Compared {
            status,
            name,
            security_groups: groups,
            data_disks: disks.into_iter().map(disk).collect(),
            tags: tags.into_iter().map(|(key, value)| Tag { key, value }).collect(),
            ..Compared::default()
        };
        instance
    }
}

fn any_fleet() -> impl Strategy<Value = Vec<Instance>> {
    prop::collection::vec(any_instance(), 0..7).prop_map(|instances| {
        let unique: BTreeMap<_, _> = instances.into_iter().map(|instance| (instance.id.clone(), instance)).collect();
        unique.into_values().collect()
    })
}

fn any_stored() -> impl Strategy<Value = StoredSet> {
    (any_fleet(), prop::collection::vec(any::<bool>(), 7)).prop_map(|(fleet, deleted)| {
        let mut stored = set(&fleet);
        stored.values_mut().zip(deleted).for_each(|(row, is_deleted)| row.is_deleted = is_deleted);
        stored
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), "[ab]".prop_map(Value::from), (0..3i64).prop_map(Value::from)];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(inner, 0..4).prop_map(|values| {
                values.into_iter().enumerate().map(|(index, value)| (format!("k{index}"), value)).collect()
            }),
        ]
    })
}

fn reversed(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().rev().map(reversed).collect(),
        Value::Object(fields) => fields.iter().rev().map(|(name, value)| (name.clone(), reversed(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

proptest! {
    #[test]
    fn carrying_out_a_diff_gives_the_fetched_state(before in any_stored(), fetched in any_fleet()) {
        let plan = diff(&before, fetched.clone(), &BTreeSet::new());
        let after = apply(before, &plan);
        let live: StoredSet =
            after.iter().filter(|(_, row)| !row.is_deleted).map(|(id, row)| (id.clone(), row.clone())).collect();
        let expected: Vec<_> =
            fetched.iter().filter(|instance| instance.compared.status != Status::Terminated).cloned().collect();
        prop_assert_eq!(live, set(&expected));
        let again = diff(&after, fetched, &BTreeSet::new());
        prop_assert_eq!(again, Plan { unchanged_count: expected.len() as u64, ..Plan::default() });
    }

    #[test]
    fn every_fetched_row_is_counted_once(before in any_stored(), fetched in any_fleet()) {
        let plan = diff(&before, fetched.clone(), &BTreeSet::new());
        let gone = fetched.iter().filter(|instance| instance.compared.status == Status::Terminated).count();
        prop_assert_eq!(plan.saves.len() + usize::try_from(plan.unchanged_count).unwrap() + gone, fetched.len());
        for save in &plan.saves {
            prop_assert_eq!(save.kind == SaveKind::Updated, !save.changes.is_empty() && !before[&save.row.id].is_deleted);
        }
    }

    #[test]
    fn the_order_of_rows_and_of_lists_never_matters(before in any_stored(), fetched in any_fleet(), row in any_json()) {
        let plan = diff(&before, fetched.clone(), &BTreeSet::new());
        let mut backwards = diff(&before, fetched.into_iter().rev().collect(), &BTreeSet::new());
        backwards.saves.reverse();
        backwards.terminated.reverse();
        prop_assert_eq!(plan, backwards);
        prop_assert_eq!(digest(&row), digest(&reversed(&row)));
    }
}
