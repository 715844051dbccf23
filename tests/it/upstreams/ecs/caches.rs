//! Caches as a kind of resource: what a pass brings over, and what its troubles leave alone.

use super::{BEIJING, GUANGZHOU, check_counts, scope};
use crate::sandbox::ecs::Database;
use crate::sandbox::{Fault, Rule};
use crate::support::Sandbox;

const CACHES: &str = "--resource cache";

/// Three pages of caches in one region of each cloud, the last one short.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::small();
    sandbox.ecs.change(BEIJING, |region| region.caches = (0..120).map(Database::new).collect());
    sandbox.ecs.change(GUANGZHOU, |region| region.caches = (0..2100).map(Database::new).collect());
    sandbox
}

#[test]
fn pages_are_read_to_their_end_and_a_second_pass_changes_nothing() {
    let sandbox = sandbox();
    check_counts(&sandbox.ecs_pass(CACHES).expect(0), [2220, 0, 0, 0, 0]);
    check_counts(&sandbox.ecs_pass(&format!("{CACHES} --incremental")).expect(0), [0, 0, 2220, 0, 0]);
    let normal = "cloud_caches WHERE status = 'running' AND memory_mib = 102400 AND tags LIKE '%prod%'
                  AND security_groups = '[\"sg-db\"]' AND endpoints LIKE '%:6379\"]' AND expired_at IS NULL";
    assert_eq!(sandbox.database().count(normal), 2220);
    for region in [BEIJING, GUANGZHOU] {
        sandbox.ecs.change(region, |region| {
            region.caches[7].gib = 1;
            region.caches[8].status = "LEVITATING";
            region.caches[9].is_bare = true;
            region.caches.remove(11);
        });
    }
    let outcome = sandbox.ecs_pass(&format!("{CACHES} --incremental")).expect(3);
    check_counts(&outcome, [0, 6, 2212, 2, 0]);
    assert_eq!(sandbox.database().count("cloud_changes WHERE id = 'db-0007' AND field = 'memory_mib'"), 2);
}

#[test]
fn troubles_of_one_region_or_call_keep_what_is_stored() {
    let sandbox = sandbox();
    sandbox.ecs_pass(CACHES).expect(0);
    for region in [BEIJING, GUANGZHOU] {
        sandbox.ecs.change(region, |region| region.skipped = 2);
    }
    let outcome = sandbox.ecs_pass(CACHES).expect(3);
    assert_eq!(scope(&outcome, "ecs/prod/cn-beijing/cache")["status"], "partial");
    assert_eq!((outcome.count("deleted"), outcome.count("unchanged")), (0, 2220));
    for region in [BEIJING, GUANGZHOU] {
        sandbox.ecs.change(region, |region| region.skipped = 0);
    }
    for (action, code) in [
        ("DescribeSecurityGroupConfiguration", "Forbidden.RAM"),
        ("DescribeInstanceSecurityGroup", "InternalError.InstanceOperatePermissionError"),
    ] {
        sandbox.ecs.server().clear_faults();
        sandbox.ecs.server().add(Rule::on("/", Fault::Refusal(403, code)).mentioning(action));
        check_counts(&sandbox.ecs_pass(CACHES).expect(3), [0, 0, 2220, 0, 0]);
    }
    sandbox.ecs.server().clear_faults();
    sandbox.ecs.change(BEIJING, |region| region.caches.clear());
    sandbox.ecs_pass(CACHES).expect(8);
    assert_eq!(sandbox.database().count("cloud_caches WHERE deleted_at IS NULL"), 2220);
}
