//! Every listing of a kind of resource, and of the instances of the clouds that came later, under the same troubles.

use super::{check_counts, scope};
use crate::sandbox::ecs::{Bucket, Database, Machine, Region};
use crate::sandbox::{Ecs, Fault, Rule};
use crate::support::{Outcome, Sandbox};

/// One listing, with twelve rows in the one scope of its passes.
struct Listing {
    account: &'static str,
    /// `None` for buckets.
    region: Option<&'static str>,
    kind: &'static str,
    table: &'static str,
    /// What a request for a page mentions, or where it goes.
    list: (&'static str, &'static str),
    /// What a request for tags mentions, where they are listed apart.
    tags: Option<&'static str>,
    /// The provider's codes for a missing right and for too many calls.
    codes: (&'static str, &'static str),
    /// An incremental pass without news makes fewer requests.
    has_more: bool,
    /// The list says how many rows there are.
    has_total: bool,
}

const ALIYUN: Listing = Listing {
    account: Ecs::ALIYUN,
    region: Some("cn-hangzhou"),
    kind: "database",
    table: "cloud_databases",
    list: ("/", "DescribeDBInstances"),
    tags: Some("DescribeTags"),
    codes: ("Forbidden.RAM", "Throttling.User"),
    has_more: true,
    has_total: false,
};

const TENCENT: Listing = Listing {
    account: Ecs::TENCENT,
    region: Some("ap-guangzhou"),
    tags: None,
    codes: ("UnauthorizedOperation", "RequestLimitExceeded"),
    has_total: true,
    ..ALIYUN
};

const LISTINGS: [Listing; 8] = [
    ALIYUN,
    Listing { kind: "cache", table: "cloud_caches", list: CACHES, tags: None, has_total: true, ..ALIYUN },
    Listing { region: None, kind: "bucket", table: "cloud_buckets", list: BUCKETS, tags: Some("tagging"), ..ALIYUN },
    TENCENT,
    Listing { kind: "cache", table: "cloud_caches", list: CACHES, ..TENCENT },
    Listing {
        region: None,
        kind: "bucket",
        table: "cloud_buckets",
        list: BUCKETS,
        tags: Some("tagging"),
        codes: ("AccessDenied", "SlowDown"),
        has_total: false,
        ..TENCENT
    },
    Listing {
        account: Ecs::HUAWEI,
        region: Some("cn-east-3"),
        kind: "compute",
        table: "ecs_instances",
        list: ("/v1/", ""),
        codes: ("APIGW.0307", "APIGW.0308"),
        has_more: false,
        ..TENCENT
    },
    Listing {
        account: Ecs::VOLCENGINE,
        region: Some("cn-guangzhou"),
        kind: "compute",
        table: "ecs_instances",
        list: ("/", "DescribeInstances"),
        codes: ("AccessDenied", "FlowLimitExceeded"),
        has_total: false,
        ..TENCENT
    },
];

const CACHES: (&str, &str) = ("/", "DescribeInstances");
const BUCKETS: (&str, &str) = ("/", "max-keys");

impl Listing {
    fn sandbox(&self) -> Sandbox {
        let sandbox = Sandbox::small().with_clouds(&[self.account]);
        sandbox.ecs.cap_pages(5);
        sandbox
    }

    fn pass(&self, sandbox: &Sandbox, flags: &str) -> Outcome {
        let regions = self.region.map(|region| format!("--regions {region}")).unwrap_or_default();
        sandbox.ecs_pass(&format!("--resource {} {regions} {flags}", self.kind))
    }

    /// Gives the cloud these rows and no other.
    fn fill(&self, sandbox: &Sandbox, count: usize) {
        let Some(name) = self.region else {
            return sandbox
                .ecs
                .change_buckets(self.account, |buckets| *buckets = (0..count).map(Bucket::new).collect());
        };
        sandbox.ecs.change(name, |region| {
            let databases: Vec<Database> = (0..count).map(Database::new).collect();
            let machines = (0..count).map(|number| Machine::new(7, name, number as u64)).collect();
            *region = Region { machines, caches: databases.clone(), databases, ..Region::default() };
        });
    }

    /// One row of nothing but its id, one of a status that nobody knows.
    fn make_odd(&self, sandbox: &Sandbox) {
        let Some(region) = self.region else {
            return sandbox.ecs.change_buckets(self.account, |buckets| buckets[1].is_bare = true);
        };
        sandbox.ecs.change(region, |region| {
            (region.machines[1].is_bare, region.machines[2].status) = (true, "Levitating");
            for rows in [&mut region.databases, &mut region.caches] {
                (rows[1].is_bare, rows[2].status) = (true, "LEVITATING");
            }
        });
    }

    fn rule(&self, fault: Fault) -> Rule {
        Rule::on(self.list.0, fault).mentioning(self.list.1)
    }

    fn scope(&self) -> String {
        match (self.region, self.kind) {
            (None, kind) => format!("ecs/{}/{kind}", self.account),
            (Some(region), "compute") => format!("ecs/{}/{region}", self.account),
            (Some(region), kind) => format!("ecs/{}/{region}/{kind}", self.account),
        }
    }

    fn live(&self, sandbox: &Sandbox, more: &str) -> u64 {
        sandbox.database().count(&format!("{} WHERE deleted_at IS NULL {more}", self.table))
    }
}

fn requests(outcome: &Outcome) -> u64 {
    outcome.json()["requests"].as_u64().expect("a number")
}

#[test]
fn pages_end_where_they_end_and_an_unchanged_pass_writes_no_row() {
    for listing in &LISTINGS {
        let sandbox = listing.sandbox();
        listing.fill(&sandbox, 0);
        check_counts(&listing.pass(&sandbox, "").expect(0), [0, 0, 0, 0, 0]);
        // Three pages, the last one short; rows have members that nobody knows.
        listing.fill(&sandbox, 12);
        check_counts(&listing.pass(&sandbox, "").expect(0), [12, 0, 0, 0, 0]);
        let before = requests(&listing.pass(&sandbox, "").expect(0));
        let incremental = listing.pass(&sandbox, "--incremental").expect(0);
        check_counts(&incremental, [0, 0, 12, 0, 0]);
        assert_eq!(requests(&incremental) < before, listing.has_more, "{}", listing.scope());
        assert_eq!(listing.live(&sandbox, "AND last_seen_record > 2"), 0, "{}", listing.scope());
        // A new row is seen by it, and completed.
        listing.fill(&sandbox, 13);
        check_counts(&listing.pass(&sandbox, "--incremental").expect(0), [1, 0, 12, 0, 0]);
        let groups = if listing.region.is_some() { "security_groups <> '[]'" } else { "access = 'private'" };
        assert_eq!(listing.live(&sandbox, &format!("AND {groups} AND tags <> '[]'")), 13, "{}", listing.scope());
    }
}

#[test]
fn odd_rows_and_totals_cost_no_row() {
    for listing in &LISTINGS {
        let sandbox = listing.sandbox();
        listing.fill(&sandbox, 12);
        listing.make_odd(&sandbox);
        let outcome = listing.pass(&sandbox, "");
        assert_eq!((outcome.count("new"), outcome.count("failed")), (12, 0), "{}", outcome.stdout);
        if listing.region.is_some() {
            assert_eq!(listing.live(&sandbox, "AND status = 'unknown'"), 2, "{}", outcome.stdout);
        }
        listing.fill(&sandbox, 12);
        listing.pass(&sandbox, "").expect(0);
        if let Some(region) = listing.region.filter(|_| listing.has_total) {
            sandbox.ecs.change(region, |region| region.skipped = 2);
            let outcome = listing.pass(&sandbox, "").expect(3);
            assert_eq!(scope(&outcome, &listing.scope())["status"], "partial");
            assert_eq!(listing.live(&sandbox, ""), 12, "{}", listing.scope());
        }
    }
}

#[test]
fn refusals_delete_nothing_and_a_failed_tag_call_keeps_the_tags() {
    for listing in &LISTINGS {
        let sandbox = listing.sandbox();
        listing.fill(&sandbox, 12);
        listing.pass(&sandbox, "").expect(0);
        let (denied, throttled) = listing.codes;
        sandbox.ecs.server().add(listing.rule(Fault::Refusal(400, throttled)).times(2));
        let outcome = listing.pass(&sandbox, "").expect(0);
        assert_eq!((outcome.json()["retries"].as_u64(), outcome.count("unchanged")), (Some(2), 12), "{throttled}");
        sandbox.ecs.server().add(listing.rule(Fault::Refusal(403, denied)));
        let outcome = listing.pass(&sandbox, "").expect(6);
        assert_eq!(scope(&outcome, &listing.scope())["error"]["class"], "auth", "{}", outcome.stdout);
        sandbox.ecs.server().clear_faults();
        if let Some(tags) = listing.tags {
            sandbox.ecs.server().add(Rule::on("/", Fault::Refusal(403, denied)).mentioning(tags));
            check_counts(&listing.pass(&sandbox, "").expect(3), [0, 0, 12, 0, 0]);
            sandbox.ecs.server().clear_faults();
        }
        sandbox.ecs.server().set_clock(3600);
        let outcome = listing.pass(&sandbox, "").expect(6);
        assert!(outcome.stdout.contains("this machine's clock is"), "{}", outcome.stdout);
        sandbox.ecs.server().set_clock(0);
        drop(sandbox.home.secret(&format!("{}-key", listing.account), "another-secret-0000"));
        listing.pass(&sandbox, "").expect(6);
        assert_eq!(listing.live(&sandbox, "AND tags LIKE '%env%'"), 12, "{}", listing.scope());
    }
}
