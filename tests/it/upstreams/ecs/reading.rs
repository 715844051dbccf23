//! What is read, compared and recorded.

use super::{BEIJING, GUANGZHOU, HANGZHOU, check_counts, scope};
use crate::sandbox::ecs::Machine;
use crate::sandbox::{Ecs, Settings};
use crate::support::Sandbox;

#[test]
fn every_region_of_every_account_is_a_scope() {
    let sandbox = Sandbox::small();
    let outcome = sandbox.ecs_pass("").expect(0);
    check_counts(&outcome, [36, 0, 0, 0, 0]);
    for (account, region) in [(Ecs::ALIYUN, BEIJING), (Ecs::ALIYUN, HANGZHOU), (Ecs::TENCENT, GUANGZHOU)] {
        let row = scope(&outcome, &format!("ecs/{account}/{region}"));
        assert_eq!((row["status"].as_str(), row["summary"]["new"].as_u64()), (Some("success"), Some(12)), "{row}");
        assert_eq!(sandbox.instances_in(region), 12);
    }
    let database = sandbox.database();
    assert_eq!(database.count("ecs_changes WHERE kind = 'added'"), 36);
    assert_eq!(database.count("ecs_regions"), 3);
    assert_eq!(outcome.json()["requests"].as_u64(), Some(sandbox.ecs.server().log().len() as u64));
}

#[test]
fn each_changed_field_is_recorded_once_with_both_values() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    let mut id = String::new();
    sandbox.ecs.change(HANGZHOU, |region| {
        let machine = region.machine(3);
        id.clone_from(&machine.id);
        machine.status = "Stopping";
        machine.kind = "ecs.g8.large";
        machine.groups.reverse();
        machine.tags.reverse();
        "moved".clone_into(&mut machine.tags[1].1);
    });
    check_counts(&sandbox.ecs_pass("").expect(0), [0, 1, 35, 0, 0]);
    let changes = sandbox.changes_of(&id);
    let kinds: Vec<&str> = changes.iter().filter_map(|change| change.split(':').next()).collect();
    assert_eq!(kinds, ["added ", "updated status", "updated instance_type", "updated tags"], "{changes:#?}");
    assert!(changes[1].ends_with("→ stopping"), "{}", changes[1]);
    check_counts(&sandbox.ecs_pass("").expect(0), [0, 0, 36, 0, 0]);
}

#[test]
fn pages_are_read_to_the_end() {
    let sandbox = Sandbox::start(Settings { instances: 250, ..Settings::default() });
    sandbox.ecs_pass("").expect(0);
    assert_eq!([BEIJING, HANGZHOU, GUANGZHOU].map(|region| sandbox.instances_in(region)), [250; 3]);
    sandbox.ecs.cap_pages(7);
    check_counts(&sandbox.ecs_pass("").expect(0), [0, 0, 750, 0, 0]);
}

#[test]
fn data_disks_belong_to_the_comparison() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    let disks: u64 = sandbox.database().count("ecs_instances, json_each(data_disks)");
    assert!(disks > 0);
    for region in [BEIJING, GUANGZHOU] {
        sandbox.ecs.change(region, |region| {
            let machine = region.machines.iter_mut().find(|machine| !machine.disks.is_empty());
            machine.expect("one with a disk").disks[0].gib += 1;
        });
    }
    check_counts(&sandbox.ecs_pass("").expect(0), [0, 2, 34, 0, 0]);
    assert_eq!(sandbox.database().count("ecs_changes WHERE field = 'data_disks'"), 2);
}

#[test]
fn incremental_pass_sends_fewer_requests_and_finds_the_same() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    let full = sandbox.ecs_pass("").expect(0);
    let still = sandbox.ecs_pass("--incremental").expect(0);
    let requests = |outcome: &crate::support::Outcome| outcome.json()["requests"].as_u64().expect("a count");
    assert!(requests(&still) < requests(&full), "{} and {}", requests(&still), requests(&full));
    check_counts(&still, [0, 0, 36, 0, 0]);

    sandbox.ecs.change(HANGZHOU, |region| {
        "renamed".clone_into(&mut region.machine(0).name);
        region.machines.push(Machine::new(5, HANGZHOU, 77));
    });
    check_counts(&sandbox.ecs_pass("--incremental").expect(0), [1, 1, 35, 0, 0]);
    check_counts(&sandbox.ecs_pass("").expect(0), [0, 0, 37, 0, 0]);
}

#[test]
fn status_only_pass_reads_the_statuses_of_stored_instances() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    for region in [BEIJING, GUANGZHOU] {
        sandbox.ecs.change(region, |region| {
            region.machine(1).status = "Pending";
            "renamed".clone_into(&mut region.machine(2).name);
        });
    }
    sandbox.ecs_pass("--status-only").expect(0);
    sandbox.ecs.change(BEIJING, |region| region.machine(1).status = "Running");
    sandbox.ecs.server().take_log();
    let outcome = sandbox.ecs_pass("--status-only").expect(0);
    check_counts(&outcome, [0, 1, 35, 0, 0]);
    assert_eq!(outcome.json()["requests"], 3);
    let changes = sandbox.changes_of("i-cn-beijing-0001");
    assert_eq!(changes.last().map(String::as_str), Some("updated status: pending → running"), "{changes:#?}");
    assert_eq!(sandbox.database().count("ecs_instances WHERE name = 'renamed'"), 0);
}

#[test]
fn an_instance_without_a_status_is_reported_and_stays() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    for region in [BEIJING, GUANGZHOU] {
        sandbox.ecs.change(region, |region| drop(region.machines.remove(4)));
    }
    let outcome = sandbox.ecs_pass("--status-only").expect(3);
    let problems = outcome.json()["problems"].clone();
    let ids: Vec<&str> =
        problems.as_array().into_iter().flatten().filter_map(|problem| problem["id"].as_str()).collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| id.ends_with("-0004")), "{problems:#}");
    check_counts(&outcome, [0, 0, 34, 0, 0]);
    assert_eq!(sandbox.instances_in(BEIJING), 12);
}

#[test]
fn flags_restrict_the_pass_to_accounts_and_regions() {
    let sandbox = Sandbox::small();
    check_counts(&sandbox.ecs_pass("--account game").expect(0), [12, 0, 0, 0, 0]);
    check_counts(&sandbox.ecs_pass("--account prod --regions cn-beijing").expect(0), [12, 0, 0, 0, 0]);
    assert_eq!(sandbox.instances_in(HANGZHOU), 0);
    sandbox.ecs_pass("--account nowhere").expect(2);
    sandbox.ecs_pass("--incremental --status-only").expect(2);
}

#[test]
fn the_list_of_regions_is_kept_until_it_is_old_or_forced() {
    let sandbox = Sandbox::small();
    let listed = |flags: &str| {
        sandbox.ecs.server().take_log();
        sandbox.ecs_pass(flags).expect(0);
        let log = sandbox.ecs.server().take_log();
        log.iter()
            .filter(|logged| [logged.header("x-acs-action"), logged.header("x-tc-action")].contains(&"DescribeRegions"))
            .count()
    };
    assert_eq!([listed(""), listed(""), listed("--force")], [2, 0, 2]);
}

#[test]
fn stored_instances_and_their_changes_are_listed() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    sandbox.ecs.change(HANGZHOU, |region| {
        region.machine(3).status = "Pending";
        region.machine(3).tags.push(("team".to_owned(), "数据 a=b".to_owned()));
    });
    sandbox.ecs_pass("").expect(0);
    let list = |flags: &str, key: &str| {
        let document = sandbox.run(&format!("{flags} --json")).expect(0).json();
        document[key].as_array().unwrap_or_else(|| panic!("{document:#}")).len()
    };
    let changed = "i-cn-hangzhou-0003";
    assert_eq!(list("ecs list", "instances"), 36);
    assert_eq!(list("ecs list --account prod --region cn-hangzhou", "instances"), 12);
    assert_eq!(list("ecs list --status pending", "instances"), 1);
    assert_eq!(list("ecs list --tag team --tag env", "instances"), 1);
    assert_eq!(list("ecs list --tag team=nobody", "instances"), 0);
    assert_eq!(list("ecs changes", "changes"), 38);
    assert_eq!(list(&format!("ecs changes {changed} --since 1h"), "changes"), 3);
    assert_eq!(list("records show 2 --changes", "changes"), 2);
    assert!(sandbox.run("records show 2 --json").expect(0).json()["changes"].is_null());
    let table = sandbox.run(&format!("ecs changes {changed}")).expect(0).stdout;
    assert!(table.contains("status") && table.contains("pending"), "{table}");
    sandbox.run("ecs list --status asleep").expect(2);
}
