//! Huawei Cloud and Volcengine: what their listings bring over, and what their troubles leave alone.

use serde_json::json;

use super::{check_counts, scope};
use crate::sandbox::{Ecs, Fault, Rule};
use crate::support::Sandbox;

const NORTH: &str = "cn-north-4";
const EAST: &str = "cn-east-3";
const GUANGZHOU: &str = "cn-guangzhou";
const BEIJING2: &str = "cn-beijing2";

/// The main project of the first region, and the only one of the second, in paths.
const PROJECT: &str = "/v1/0a1b2c3d4e5f";
const EAST_PROJECT: &str = "/v1/2a1b2c3d4e5f";

fn huawei() -> Sandbox {
    Sandbox::small().with_clouds(&[Ecs::HUAWEI])
}

fn volcengine() -> Sandbox {
    Sandbox::small().with_clouds(&[Ecs::VOLCENGINE])
}

#[test]
fn pages_and_projects_are_read_to_their_ends_and_a_second_pass_changes_nothing() {
    for (sandbox, disks) in [(huawei(), "bootIndex"), (volcengine(), "ESSD_PL0")] {
        // 12 machines: three pages, the last one short; in two projects of 6 two pages each.
        sandbox.ecs.cap_pages(5);
        check_counts(&sandbox.ecs_pass("").expect(0), [24, 0, 0, 0, 0]);
        check_counts(&sandbox.ecs_pass("").expect(0), [0, 0, 24, 0, 0]);
        let with_disks = sandbox.database().count("ecs_instances WHERE data_disks <> '[]'");
        assert!(with_disks > 0, "{disks}");
        let normal = "ecs_instances WHERE status IN ('running', 'stopped') AND private_ip IS NOT NULL \
                      AND cpu_count = 2 AND memory_mib = 8192 AND tags LIKE '%env%' AND tags NOT LIKE '%volc:%'";
        assert_eq!(sandbox.database().count(normal), 24);
        sandbox.database().assert_consistent();
    }
}

#[test]
fn changes_are_found_by_every_kind_of_pass() {
    for (sandbox, region) in [(huawei(), EAST), (volcengine(), BEIJING2)] {
        let full = sandbox.ecs_pass("").expect(0);
        sandbox.ecs.change(region, |region| {
            "renamed".clone_into(&mut region.machine(3).name);
            region.machines.remove(5);
        });
        let incremental = sandbox.ecs_pass("--incremental").expect(0);
        check_counts(&incremental, [0, 1, 22, 1, 0]);
        let requests = |outcome: &crate::support::Outcome| outcome.json()["requests"].as_u64().unwrap_or_default();
        assert!(requests(&incremental) < requests(&full), "{} {}", requests(&incremental), requests(&full));
        sandbox.ecs.change(region, |region| region.machine(0).status = "Stopping");
        let outcome = sandbox.ecs_pass("--status-only").expect(0);
        check_counts(&outcome, [0, 1, 22, 0, 0]);
        assert_eq!(sandbox.database().count("ecs_instances WHERE status = 'stopping'"), 1);
        // One that is gone has no status.
        sandbox.ecs.change(region, |region| drop(region.machines.remove(0)));
        let outcome = sandbox.ecs_pass("--status-only").expect(3);
        assert_eq!((outcome.count("deleted"), outcome.count("failed")), (0, 1));
    }
}

#[test]
fn an_empty_listing_is_believed_only_when_stored_instances_are_gone_by_their_ids() {
    let sandbox = huawei();
    sandbox.ecs_pass("").expect(0);
    sandbox.ecs.change(EAST, |region| region.is_hidden = true);
    let outcome = sandbox.ecs_pass("--accept-deletes 100").expect(3);
    assert_eq!(scope(&outcome, "ecs/bank/cn-east-3")["error"]["class"], "auth");
    assert_eq!(sandbox.instances_in(EAST), 12);

    // The listing is empty and the instances are there.
    sandbox.ecs.change(EAST, |region| (region.is_hidden, region.skipped) = (false, 12));
    let outcome = sandbox.ecs_pass("--accept-deletes 100").expect(3);
    assert_eq!(scope(&outcome, "ecs/bank/cn-east-3")["error"]["class"], "contract");
    assert!(outcome.stdout.contains("is still there"), "{}", outcome.stdout);
    assert_eq!(sandbox.instances_in(EAST), 12);

    sandbox.ecs.change(EAST, |region| (region.skipped, region.machines) = (0, Vec::new()));
    sandbox.ecs.server().take_log();
    sandbox.ecs_pass("").expect(8);
    let looked_up = |path: &str| path.contains("cloudservers/i-cn-east-3");
    let log = sandbox.ecs.server().take_log();
    assert_eq!(log.iter().filter(|logged| looked_up(&logged.path)).count(), 3);
    check_counts(&sandbox.ecs_pass("--accept-deletes 12").expect(0), [0, 0, 12, 12, 0]);
    assert_eq!([NORTH, EAST].map(|region| sandbox.instances_in(region)), [12, 0]);
}

#[test]
fn a_project_whose_rows_are_fewer_than_its_count_deletes_nothing() {
    let sandbox = huawei();
    sandbox.ecs_pass("").expect(0);
    sandbox.ecs.change(NORTH, |region| region.skipped = 1);
    let outcome = sandbox.ecs_pass("").expect(3);
    check_counts(&outcome, [0, 0, 22, 0, 0]);
    assert_eq!(scope(&outcome, "ecs/bank/cn-north-4")["status"], "partial");
    assert_eq!(sandbox.instances_in(NORTH), 12);
}

#[test]
fn a_page_that_came_before_deletes_nothing() {
    type Page = fn(&[String], Option<usize>) -> serde_json::Value;
    let of_huawei: Page = |ids, _next| {
        let rows: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        json!({"count": 12, "servers": rows})
    };
    let of_volcengine: Page = |ids, next| {
        let rows: Vec<_> = ids.iter().map(|id| json!({"InstanceId": id})).collect();
        json!({"ResponseMetadata": {}, "Result": {"Instances": rows, "NextToken": next.map(|page| page.to_string())}})
    };
    // The rows of each page: those of the second one came before, so that some came on no page.
    for (sandbox, region, path, mentions, pages, page) in [
        (huawei(), EAST, EAST_PROJECT, ["", ""], vec![0..6, 0..6], of_huawei),
        (huawei(), EAST, EAST_PROJECT, ["", ""], vec![0..6, 5..11], of_huawei),
        (volcengine(), GUANGZHOU, "/", [GUANGZHOU, "DescribeInstances"], vec![0..5, 0..5, 6..12], of_volcengine),
        (volcengine(), GUANGZHOU, "/", [GUANGZHOU, "DescribeInstances"], vec![0..11, 0..11], of_volcengine),
    ] {
        sandbox.ecs_pass("").expect(0);
        let ids = format!("SELECT instance_id FROM ecs_instances WHERE region = '{region}' ORDER BY instance_id");
        let ids = sandbox.database().texts(&ids);
        let count = pages.len();
        for (number, rows) in pages.into_iter().enumerate() {
            let body = page(&ids[rows], (number + 1 < count).then_some(number)).to_string();
            let rule = Rule::on(path, Fault::Bytes(body.into_bytes())).times(1);
            sandbox.ecs.server().add(mentions.into_iter().fold(rule, Rule::mentioning));
        }
        let outcome = sandbox.ecs_pass(&format!("--regions {region}")).expect(3);
        assert_eq!((outcome.count("deleted"), sandbox.instances_in(region)), (0, 12), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("is not proved"), "{}", outcome.stdout);
    }
}

#[test]
fn volumes_whose_total_contradicts_them_leave_the_stored_disks() {
    let sandbox = volcengine();
    sandbox.ecs_pass("").expect(0);
    let with_disks = || sandbox.database().count("ecs_instances WHERE data_disks <> '[]'");
    let before = with_disks();
    let listing = || Rule::on("/", Fault::Refusal(400, "AccessDenied")).mentioning("DescribeVolumes");
    sandbox.ecs.server().add(listing().mentioning(GUANGZHOU));
    let outcome = sandbox.ecs_pass("").expect(3);
    check_counts(&outcome, [0, 0, 24, 0, 0]);
    assert_eq!((scope(&outcome, "ecs/video/cn-guangzhou")["status"].as_str(), with_disks()), (Some("partial"), before));
}

#[test]
fn one_region_in_trouble_leaves_the_other_alone() {
    type Trouble = fn(Fault) -> Rule;
    let of_huawei: Trouble = |fault| Rule::on(PROJECT, fault);
    let of_volcengine: Trouble = |fault| Rule::on("/", fault).mentioning(GUANGZHOU).mentioning("DescribeInstances");
    let denied = |provider: &str| if provider == "bank" { "Ecs.0001" } else { "AccessDenied" };
    for (make, account, name, rule) in
        [(huawei as fn() -> Sandbox, "bank", NORTH, of_huawei), (volcengine, "video", GUANGZHOU, of_volcengine)]
    {
        for (fault, class) in [
            (Fault::Refusal(403, denied(account)), "auth"),
            (Fault::Status(500), "unavailable"),
            (Fault::html(), "contract"),
            (Fault::Instead("application/json", "{}"), "contract"),
        ] {
            let sandbox = make();
            sandbox.ecs.server().add(rule(fault));
            let outcome = sandbox.ecs_pass("").expect(3);
            check_counts(&outcome, [12, 0, 0, 0, 0]);
            assert_eq!(scope(&outcome, &format!("ecs/{account}/{name}"))["error"]["class"], class, "{account}");
        }
        let sandbox = make();
        let throttled = if account == "bank" { "APIGW.0308" } else { "FlowLimitExceeded" };
        sandbox.ecs.server().add(rule(Fault::Refusal(400, throttled)).times(2));
        let outcome = sandbox.ecs_pass("").expect(0);
        check_counts(&outcome, [24, 0, 0, 0, 0]);
        assert_eq!(outcome.json()["retries"], 2, "{account}");
    }
}

#[test]
fn a_wrong_key_is_refused_once_and_a_clock_that_is_off_is_named() {
    for (mut sandbox, account) in [(huawei(), "bank"), (volcengine(), "video")] {
        sandbox.ecs_pass("").expect(0);
        sandbox.ecs.server().set_clock(3600);
        sandbox.ecs.server().take_log();
        let outcome = sandbox.ecs_pass("").expect(6);
        assert!(outcome.stdout.contains("this machine's clock is"), "{}", outcome.stdout);
        sandbox.ecs.server().set_clock(0);
        sandbox.home.set("ecs.concurrency", 1);
        drop(sandbox.home.secret(&format!("{account}-key"), "another-secret-0000"));
        sandbox.ecs.server().take_log();
        sandbox.ecs_pass("").expect(6);
        assert_eq!(sandbox.ecs.server().take_log().len(), 1, "a bad signature is not sent again");
        assert_eq!(sandbox.database().count("ecs_instances WHERE deleted_at IS NULL"), 24);
    }
}

#[test]
fn configured_projects_stand_in_for_those_the_key_may_not_list() {
    let mut sandbox = huawei();
    sandbox.ecs.deny(Ecs::HUAWEI, "KeystoneListProjects");
    sandbox.ecs.deny(Ecs::HUAWEI, "KeystoneListRegions");
    sandbox.ecs_pass("").expect(6);
    let mut section = sandbox.ecs.section_with(&sandbox.home, &[Ecs::HUAWEI]);
    let account = section["accounts"][0].as_table_mut().expect("a table");
    let projects = toml::toml! {
        cn-north-4 = ["0a1b2c3d4e5f", "1a1b2c3d4e5f"]
        cn-east-3 = "2a1b2c3d4e5f"
    };
    account.insert("projects".to_owned(), projects.into());
    sandbox.home.configure(Ecs::NAME, section);
    check_counts(&sandbox.ecs_pass("").expect(0), [24, 0, 0, 0, 0]);
    let outcome = sandbox.ecs_pass("--regions af-south-1").expect(2);
    assert!(outcome.said().contains("no project is known in `af-south-1`"), "{}", outcome.said());
}
