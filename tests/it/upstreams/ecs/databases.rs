//! Databases as a kind of resource: what a pass brings over, and what its troubles leave alone.

use super::{BEIJING, GUANGZHOU, HANGZHOU, check_counts, scope};
use crate::sandbox::ecs::Database;
use crate::sandbox::{Fault, Rule};
use crate::support::Sandbox;

const DATABASES: &str = "--resource database";

/// Twelve databases in each of three regions.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::small();
    for region in [BEIJING, HANGZHOU, GUANGZHOU] {
        sandbox.ecs.change(region, |region| region.databases = (0..12).map(Database::new).collect());
    }
    sandbox
}

impl Sandbox {
    fn databases_in(&self, region: &str) -> u64 {
        self.database().count(&format!("cloud_databases WHERE deleted_at IS NULL AND region = '{region}'"))
    }

    /// The fields that changed, and how often.
    fn changed_fields(&self, id: &str) -> Vec<String> {
        let sql = format!("SELECT coalesce(field, kind) FROM cloud_changes WHERE id = '{id}' ORDER BY seq");
        self.database().texts(&sql)
    }
}

#[test]
fn pages_are_read_to_their_end_and_a_second_pass_changes_nothing() {
    let sandbox = sandbox();
    sandbox.ecs.cap_pages(5);
    let outcome = sandbox.ecs_pass(DATABASES).expect(0);
    check_counts(&outcome, [36, 0, 0, 0, 0]);
    assert_eq!(scope(&outcome, "ecs/prod/cn-hangzhou/database")["status"], "success");
    check_counts(&sandbox.ecs_pass(DATABASES).expect(0), [0, 0, 36, 0, 0]);
    let normal = "cloud_databases WHERE status = 'running' AND cpu_count = 2 AND memory_mib = 4096
                  AND storage_gib = 100 AND security_groups = '[\"sg-db\"]' AND endpoints LIKE '%:3306\"]'
                  AND tags LIKE '%prod%' AND created_at = '2025-03-04T08:30:25.000Z' AND expired_at IS NULL";
    assert_eq!(sandbox.database().count(normal), 36);
    assert_eq!(sandbox.database().count("cloud_changes WHERE kind = 'added' AND resource = 'database'"), 36);
    assert_eq!(sandbox.database().count("ecs_instances"), 0);
    sandbox.database().assert_consistent();
}

#[test]
fn the_accounts_resources_are_synced_and_instances_keep_their_scopes() {
    let mut sandbox = sandbox();
    let mut section = sandbox.ecs.section(&sandbox.home);
    for account in section["accounts"].as_array_mut().expect("accounts") {
        let kinds = vec!["compute", "database"];
        account.as_table_mut().expect("a table").insert("resources".to_owned(), kinds.into());
    }
    sandbox.home.configure("ecs", section);
    let outcome = sandbox.ecs_pass("").expect(0);
    check_counts(&outcome, [72, 0, 0, 0, 0]);
    for name in ["ecs/prod/cn-beijing", "ecs/prod/cn-beijing/database", "ecs/game/ap-guangzhou/database"] {
        assert_eq!(scope(&outcome, name)["summary"]["new"], 12, "{name}");
    }
    assert_eq!([BEIJING, GUANGZHOU].map(|region| sandbox.instances_in(region)), [12, 12]);
    let list = |flags: &str| sandbox.run(&format!("ecs list --json {flags}")).expect(0).json();
    assert_eq!(list("--resource database --region cn-beijing")["resources"].as_array().map(Vec::len), Some(12));
    assert_eq!(list("--region cn-beijing")["instances"].as_array().map(Vec::len), Some(12));
    let changes = sandbox.run("records show 1 --changes --json").expect(0).json();
    assert_eq!(changes["changes"].as_array().map(Vec::len), Some(72));
}

#[test]
fn a_change_is_recorded_field_by_field_and_found_by_an_incremental_pass() {
    let sandbox = sandbox();
    let full = sandbox.ecs_pass(DATABASES).expect(0);
    for region in [BEIJING, GUANGZHOU] {
        sandbox.ecs.change(region, |region| {
            let database = &mut region.databases[3];
            (database.lock, database.class) = ("LockByExpiration", "mysql.n4.large.1".to_owned());
            (database.name, database.id) = ("renamed".to_owned(), database.id.clone());
            region.databases.remove(5);
            region.databases.push(Database::new(40));
        });
    }
    let outcome = sandbox.ecs_pass(&format!("{DATABASES} --incremental")).expect(0);
    check_counts(&outcome, [2, 2, 32, 2, 0]);
    let requests = |outcome: &crate::support::Outcome| outcome.json()["requests"].as_u64().unwrap_or_default();
    assert!(requests(&outcome) < requests(&full), "{} {}", requests(&outcome), requests(&full));
    let fields = sandbox.changed_fields("db-0003");
    for field in ["status", "name", "class"] {
        assert_eq!(fields.iter().filter(|known| *known == field).count(), 2, "{field}: {fields:?}");
    }
    assert_eq!(sandbox.database().count("cloud_databases WHERE status = 'locked'"), 2);
    // What only the follow-ups tell is found by the next full pass.
    sandbox.ecs.change(HANGZHOU, |region| {
        region.databases[1].gib = 200;
        region.databases[2].tags.clear();
    });
    check_counts(&sandbox.ecs_pass(&format!("{DATABASES} --incremental")).expect(0), [0, 0, 36, 0, 0]);
    check_counts(&sandbox.ecs_pass(DATABASES).expect(0), [0, 2, 34, 0, 0]);
    let changes = sandbox.run("ecs changes db-0001 --json").expect(0).json();
    let change = changes["changes"].as_array().and_then(|changes| changes.last()).cloned().unwrap_or_default();
    let shown = ["resource", "field", "before", "after"].map(|key| change[key].as_str().unwrap_or_default().to_owned());
    assert_eq!(shown, ["database", "storage_gib", "100", "200"]);
}

#[test]
fn odd_rows_cost_no_other_row() {
    let sandbox = sandbox();
    for region in [BEIJING, GUANGZHOU] {
        sandbox.ecs.change(region, |region| {
            region.databases[1].is_bare = true;
            region.databases[2].is_garbled = true;
            for number in [3, 4] {
                region.databases[number].status = "LEVITATING";
            }
        });
    }
    let outcome = sandbox.ecs_pass(DATABASES).expect(3);
    check_counts(&outcome, [34, 0, 0, 0, 0]);
    assert_eq!(outcome.count("failed"), 2);
    assert_eq!(sandbox.database().count("cloud_databases WHERE status = 'unknown'"), 6);
    let document = outcome.json();
    let of_word = |word: &str| {
        let problems = document["problems"].as_array().into_iter().flatten();
        problems.filter(|problem| problem["message"].as_str().is_some_and(|text| text.contains(word))).count()
    };
    // One problem for each word and scope, not one for each row.
    assert_eq!((of_word("`LEVITATING`"), of_word("`99`")), (1, 1), "{document:#}");
}

#[test]
fn an_empty_listing_is_believed_only_when_stored_databases_are_gone_by_their_ids() {
    let sandbox = sandbox();
    sandbox.ecs_pass(DATABASES).expect(0);
    sandbox.ecs.change(HANGZHOU, |region| region.is_hidden = true);
    let outcome = sandbox.ecs_pass(&format!("{DATABASES} --accept-deletes 100")).expect(3);
    assert_eq!(scope(&outcome, "ecs/prod/cn-hangzhou/database")["error"]["class"], "auth");
    sandbox.ecs.change(HANGZHOU, |region| (region.is_hidden, region.skipped) = (false, 12));
    let outcome = sandbox.ecs_pass(&format!("{DATABASES} --accept-deletes 100")).expect(3);
    assert_eq!(scope(&outcome, "ecs/prod/cn-hangzhou/database")["error"]["class"], "contract");
    assert_eq!(sandbox.databases_in(HANGZHOU), 12);
    sandbox.ecs.change(HANGZHOU, |region| (region.skipped, region.databases) = (0, Vec::new()));
    sandbox.ecs_pass(DATABASES).expect(8);
    check_counts(&sandbox.ecs_pass(&format!("{DATABASES} --accept-deletes 12")).expect(0), [0, 0, 24, 12, 0]);
}

#[test]
fn a_total_that_drifts_deletes_nothing() {
    let sandbox = sandbox();
    sandbox.ecs_pass(DATABASES).expect(0);
    sandbox.ecs.change(GUANGZHOU, |region| region.skipped = 2);
    let outcome = sandbox.ecs_pass(DATABASES).expect(3);
    assert_eq!(scope(&outcome, "ecs/game/ap-guangzhou/database")["status"], "partial");
    assert_eq!((outcome.count("deleted"), sandbox.databases_in(GUANGZHOU)), (0, 12));
}

#[test]
fn a_failed_follow_up_keeps_what_is_stored() {
    for (action, column) in [
        ("DescribeTags", "tags LIKE '%prod%'"),
        ("DescribeDBInstanceAttribute", "storage_gib = 100 AND endpoints LIKE '%:3306%'"),
        ("DescribeSecurityGroupConfiguration", "security_groups LIKE '%sg-db%'"),
        ("DescribeDBSecurityGroups", "security_groups LIKE '%sg-db%'"),
    ] {
        let sandbox = sandbox();
        sandbox.ecs_pass(DATABASES).expect(0);
        let intact = || sandbox.database().count(&format!("cloud_databases WHERE {column}"));
        assert_eq!(intact(), 36);
        let code = if action == "DescribeDBSecurityGroups" { "UnauthorizedOperation" } else { "Forbidden.RAM" };
        sandbox.ecs.server().add(Rule::on("/", Fault::Refusal(403, code)).mentioning(action));
        let outcome = sandbox.ecs_pass(DATABASES).expect(3);
        check_counts(&outcome, [0, 0, 36, 0, 0]);
        assert_eq!(intact(), 36, "{action}");
        assert_eq!(sandbox.database().count("cloud_changes WHERE kind <> 'added'"), 0);
    }
}

#[test]
fn one_region_in_trouble_leaves_the_others_alone() {
    for (fault, class) in [
        (Fault::Refusal(403, "Forbidden.RAM"), "auth"),
        (Fault::Status(500), "unavailable"),
        (Fault::html(), "contract"),
        (Fault::Instead("application/json", r#"{"Items":{}}"#), "contract"),
    ] {
        let sandbox = sandbox();
        sandbox.trouble(HANGZHOU, fault);
        let outcome =
            sandbox.ecs_pass(&format!("{DATABASES} --account prod --regions cn-hangzhou,cn-beijing")).expect(3);
        check_counts(&outcome, [12, 0, 0, 0, 0]);
        assert_eq!(scope(&outcome, "ecs/prod/cn-hangzhou/database")["error"]["class"], class);
    }
    let sandbox = sandbox();
    let throttled = Rule::on("/", Fault::Refusal(400, "Throttling.User")).mentioning(HANGZHOU);
    sandbox.ecs.server().add(throttled.times(2));
    check_counts(&sandbox.ecs_pass(DATABASES).expect(0), [36, 0, 0, 0, 0]);
    sandbox.ecs.server().set_clock(3600);
    let outcome = sandbox.ecs_pass(DATABASES).expect(6);
    assert!(outcome.stdout.contains("this machine's clock is"), "{}", outcome.stdout);
    assert_eq!(sandbox.databases_in(HANGZHOU), 12);
}

#[test]
fn a_region_without_the_service_is_no_failure() {
    let sandbox = sandbox();
    sandbox.ecs.change(HANGZHOU, |region| region.databases.clear());
    sandbox.ecs.server().add(
        Rule::on("/", Fault::Refusal(404, "InvalidRegionId.NotFound"))
            .mentioning("DescribeDBInstances")
            .mentioning(HANGZHOU),
    );
    let outcome = sandbox.ecs_pass(DATABASES).expect(0);
    check_counts(&outcome, [24, 0, 0, 0, 0]);
    let note = scope(&outcome, "ecs/prod/cn-hangzhou/database")["note"].clone();
    assert_eq!(note, "this region does not offer databases");
}

#[test]
fn a_refusal_of_the_request_is_no_region_without_the_service() {
    for code in ["InvalidParameter", "InvalidParameter.PageSize"] {
        let sandbox = sandbox();
        let refused = Rule::on("/", Fault::Refusal(400, code)).mentioning("DescribeDBInstances").mentioning(HANGZHOU);
        sandbox.ecs.server().add(refused);
        let outcome = sandbox.ecs_pass(DATABASES).expect(3);
        check_counts(&outcome, [24, 0, 0, 0, 0]);
        assert_eq!(scope(&outcome, "ecs/prod/cn-hangzhou/database")["error"]["class"], "contract", "{code}");
    }
}

#[test]
fn a_kind_that_no_account_offers_is_an_error() {
    let mut sandbox = sandbox();
    let mut section = sandbox.ecs.section_with(&sandbox.home, &[crate::sandbox::Ecs::HUAWEI]);
    sandbox.home.configure("ecs", section.clone());
    sandbox.ecs_pass("--resource bucket").expect(2);
    let account = section["accounts"][0].as_table_mut().expect("a table");
    account.insert("resources".to_owned(), vec!["database"].into());
    sandbox.home.configure("ecs", section);
    sandbox.ecs_pass("").expect(4);
}
