//! Buckets as a kind of resource: one scope for each account, whatever their regions.

use super::{check_counts, scope};
use crate::sandbox::ecs::Bucket;
use crate::sandbox::{Ecs, Fault, Rule};
use crate::support::Sandbox;

const BUCKETS: &str = "--resource bucket --account prod";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::small();
    sandbox.ecs.change_buckets(Ecs::ALIYUN, |buckets| buckets.extend((0..12).map(Bucket::new)));
    sandbox
}

#[test]
fn buckets_of_all_regions_are_one_scope_and_a_second_pass_changes_nothing() {
    let sandbox = sandbox();
    sandbox.ecs.cap_pages(5);
    let outcome = sandbox.ecs_pass(BUCKETS).expect(0);
    check_counts(&outcome, [12, 0, 0, 0, 0]);
    assert_eq!(scope(&outcome, "ecs/prod/bucket")["status"], "success");
    check_counts(&sandbox.ecs_pass(BUCKETS).expect(0), [0, 0, 12, 0, 0]);
    let normal = "cloud_buckets WHERE region IN ('cn-hangzhou', 'cn-beijing') AND access = 'private'
                  AND versioning = 'enabled' AND storage_class = 'Standard' AND tags LIKE '%prod%'";
    assert_eq!(sandbox.database().count(normal), 12);
    let list = sandbox.run("ecs list --resource bucket --region cn-beijing --json").expect(0).json();
    assert_eq!(list["resources"].as_array().map(Vec::len), Some(6));
}

#[test]
fn changes_of_buckets_are_recorded_and_deletions_are_guarded() {
    let sandbox = sandbox();
    let full = sandbox.ecs_pass(BUCKETS).expect(0);
    sandbox.ecs.change_buckets(Ecs::ALIYUN, |buckets| {
        (buckets[1].access, buckets[2].tags) = ("public-read", Vec::new());
        buckets.remove(5);
    });
    let incremental = sandbox.ecs_pass(&format!("{BUCKETS} --incremental")).expect(0);
    check_counts(&incremental, [0, 0, 11, 1, 0]);
    let requests = |outcome: &crate::support::Outcome| outcome.json()["requests"].as_u64().unwrap_or_default();
    assert!(requests(&incremental) < requests(&full));
    check_counts(&sandbox.ecs_pass(BUCKETS).expect(0), [0, 2, 9, 0, 0]);
    let fields = sandbox.database().texts("SELECT field FROM cloud_changes WHERE kind = 'updated' ORDER BY field");
    assert_eq!(fields, ["access", "tags"]);
    sandbox.ecs.change_buckets(Ecs::ALIYUN, Vec::clear);
    sandbox.ecs_pass(BUCKETS).expect(8);
    assert_eq!(sandbox.database().count("cloud_buckets WHERE deleted_at IS NULL"), 11);
}

#[test]
fn one_denied_or_bare_bucket_costs_no_other() {
    let sandbox = sandbox();
    sandbox.ecs.change_buckets(Ecs::ALIYUN, |buckets| {
        buckets[3].is_denied = true;
        buckets[4].is_bare = true;
    });
    let outcome = sandbox.ecs_pass(BUCKETS).expect(3);
    check_counts(&outcome, [12, 0, 0, 0, 0]);
    assert_eq!(scope(&outcome, "ecs/prod/bucket")["status"], "partial");
    assert_eq!(sandbox.database().count("cloud_buckets WHERE access = 'private'"), 11);
    assert_eq!(sandbox.database().count("cloud_buckets WHERE access IS NULL AND tags IS NULL"), 1);
}

#[test]
fn troubles_of_the_listing_delete_nothing() {
    let sandbox = sandbox();
    sandbox.ecs_pass(BUCKETS).expect(0);
    sandbox.ecs.deny(Ecs::ALIYUN, "ListBuckets");
    let outcome = sandbox.ecs_pass(BUCKETS).expect(6);
    assert_eq!(scope(&outcome, "ecs/prod/bucket")["error"]["class"], "auth");
    sandbox
        .ecs
        .server()
        .add(Rule::on("/", Fault::Instead("application/xml", "<ListAllMyBucketsResult/>")).mentioning("max-keys"));
    sandbox.ecs_pass(BUCKETS).expect(7);
    sandbox.ecs.server().clear_faults();
    sandbox.ecs.server().set_clock(3600);
    let outcome = sandbox.ecs_pass(BUCKETS).expect(6);
    assert!(outcome.stdout.contains("this machine's clock is"), "{}", outcome.stdout);
    assert_eq!(sandbox.database().count("cloud_buckets WHERE deleted_at IS NULL"), 12);
}

#[test]
fn a_bucket_that_the_list_lacks_is_deleted_only_where_it_is_gone() {
    const COS: &str = "--resource bucket --account game";
    let sandbox = Sandbox::small();
    sandbox.ecs.change_buckets(Ecs::TENCENT, |buckets| buckets.extend((0..12).map(Bucket::new)));
    check_counts(&sandbox.ecs_pass(COS).expect(0), [12, 0, 0, 0, 0]);
    let normal = "cloud_buckets WHERE region IN ('cn-hangzhou', 'cn-beijing') AND access = 'private'
                  AND versioning = 'enabled' AND encryption = 'none' AND tags LIKE '%prod%'";
    assert_eq!(sandbox.database().count(normal), 12);
    sandbox.ecs.change_buckets(Ecs::TENCENT, |buckets| {
        buckets[3].is_unlisted = true;
        (buckets[4].is_unlisted, buckets[4].is_denied) = (true, true);
        (buckets[6].access, buckets[7].tags) = ("public-read", Vec::new());
        buckets.remove(5);
    });
    check_counts(&sandbox.ecs_pass(COS).expect(0), [0, 2, 9, 1, 0]);
    let gone = sandbox.database().texts("SELECT name FROM cloud_buckets WHERE deleted_at IS NOT NULL");
    assert_eq!(gone, ["logs-0005"]);
    sandbox.ecs.change_buckets(Ecs::TENCENT, Vec::clear);
    sandbox.ecs_pass(COS).expect(8);
    assert_eq!(sandbox.database().count("cloud_buckets WHERE deleted_at IS NULL"), 11);
}
