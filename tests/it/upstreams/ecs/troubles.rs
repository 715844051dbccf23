//! One region in trouble, the others not.

use std::time::Duration;

use rustix::process::Signal;

use super::{BEIJING, GUANGZHOU, HANGZHOU, check_counts, scope};
use crate::sandbox::server::Logged;
use crate::sandbox::{Fault, Rule, Settings};
use crate::support::{Sandbox, poll};

#[test]
fn one_failing_region_leaves_the_others_alone() {
    for (fault, class) in [
        (Fault::Status(500), "unavailable"),
        (Fault::Refusal(400, "Throttling.User"), "unavailable"),
        (Fault::Refusal(400, "InvalidParameter.Region"), "contract"),
        (Fault::Cut(20), "unavailable"),
        (Fault::html(), "contract"),
        (Fault::empty(), "unavailable"),
        (Fault::Instead("application/json", r#"{"Instances":{}}"#), "contract"),
        (Fault::Hold, "unavailable"),
    ] {
        let mut sandbox = Sandbox::small();
        sandbox.home.set("http.read_timeout", "500ms");
        sandbox.trouble(HANGZHOU, fault.clone());
        let outcome = sandbox.ecs_pass("--regions cn-hangzhou,cn-beijing --account prod").expect(3);
        check_counts(&outcome, [12, 0, 0, 0, 0]);
        let failed = scope(&outcome, "ecs/prod/cn-hangzhou");
        assert_eq!(failed["error"]["class"], class, "{fault:?}: {failed:#}");
        assert_eq!([BEIJING, HANGZHOU].map(|region| sandbox.instances_in(region)), [12, 0]);
        sandbox.database().assert_consistent();
    }
}

#[test]
fn a_refused_credential_stops_its_account_and_no_other() {
    for code in ["SignatureDoesNotMatch", "InvalidAccessKeyId.NotFound"] {
        let mut sandbox = Sandbox::small();
        sandbox.home.set("ecs.concurrency", 1);
        sandbox.ecs_pass("").expect(0);
        sandbox.ecs.server().take_log();
        sandbox.trouble(BEIJING, Fault::Refusal(403, code));
        let outcome = sandbox.ecs_pass("").expect(3);
        for region in [BEIJING, HANGZHOU] {
            assert_eq!(scope(&outcome, &format!("ecs/prod/{region}"))["error"]["class"], "auth");
        }
        check_counts(&outcome, [0, 0, 12, 0, 0]);
        let log = sandbox.ecs.server().take_log();
        assert_eq!(log.iter().filter(|logged| logged.query.contains("RegionId")).count(), 1, "nothing is tried again");
        sandbox.ecs_pass("--account prod").expect(6);
    }
}

#[test]
fn a_region_without_permission_leaves_the_others_alone() {
    let sandbox = Sandbox::small();
    for code in ["Forbidden.RAM", "NoPermission"] {
        sandbox.ecs.server().clear_faults();
        sandbox.trouble(BEIJING, Fault::Refusal(403, code));
        let outcome = sandbox.ecs_pass("--account prod").expect(3);
        assert_eq!(scope(&outcome, "ecs/prod/cn-beijing")["error"]["class"], "auth");
        assert_eq!([BEIJING, HANGZHOU].map(|region| sandbox.instances_in(region)), [0, 12]);
    }
}

#[test]
fn a_key_that_one_region_refuses_is_checked_before_the_account_stops() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("ecs.concurrency", 1);
    sandbox.ecs_pass("").expect(0);
    sandbox.trouble(BEIJING, Fault::Status(401));
    let outcome = sandbox.ecs_pass("--account prod").expect(3);
    check_counts(&outcome, [0, 0, 12, 0, 0]);
    assert_eq!(scope(&outcome, "ecs/prod/cn-beijing")["error"]["class"], "auth");

    sandbox.ecs.server().add(Rule::on("/", Fault::Status(401)));
    sandbox.ecs.server().take_log();
    sandbox.ecs_pass("--account prod").expect(6);
    assert_eq!(sandbox.ecs.server().take_log().len(), 2, "a region and the list of regions, then nothing more");
}

#[test]
fn a_clock_that_is_off_is_named_instead_of_the_credential() {
    let sandbox = Sandbox::small();
    sandbox.ecs.server().add(Rule::on("/", Fault::StatusWith(403, "date", "Fri, 02 Jan 2026 03:04:05 GMT".to_owned())));
    let outcome = sandbox.ecs_pass("--account prod").expect(6);
    let error = &scope(&outcome, "ecs/prod")["error"];
    assert!(error["message"].as_str().is_some_and(|text| text.contains("clock is ") && text.contains(" ahead of")));
    assert!(error["hint"].as_str().is_some_and(|text| text.contains("clock")), "{error:#}");
    assert!(!outcome.said().contains("credential"), "{}", outcome.said());
}

#[test]
fn disks_that_cannot_be_listed_stay_as_they_are_and_the_instances_are_stored() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    let with_disks = || sandbox.database().count("ecs_instances WHERE data_disks <> '[]'");
    let count = with_disks();
    assert!(count > 0);
    for (round, fault) in [Fault::Refusal(403, "Forbidden.RAM"), Fault::Status(500)].into_iter().enumerate() {
        sandbox.ecs.server().clear_faults();
        sandbox.ecs.server().add(Rule::on("/", fault).mentioning(HANGZHOU).mentioning("DescribeDisks"));
        sandbox.ecs.change(HANGZHOU, |region| region.machine(3).name = format!("renamed-{round}"));
        let outcome = sandbox.ecs_pass("").expect(3);
        check_counts(&outcome, [0, 1, 35, 0, 0]);
        assert_eq!(scope(&outcome, "ecs/prod/cn-hangzhou")["status"], "partial");
        assert_eq!(with_disks(), count);
    }
    assert_eq!(sandbox.database().count("ecs_changes WHERE field = 'data_disks'"), 0);
}

#[test]
fn refused_credential_is_reported_first() {
    let sandbox = Sandbox::small();
    // The one region has failed when the other comes to its second page.
    sandbox.ecs.cap_pages(5);
    sandbox.ecs.server().set_latency(Duration::from_millis(150));
    let refuse = |region, status, code| {
        Rule::on("/", Fault::Refusal(status, code)).mentioning(region).mentioning("DescribeInstances")
    };
    sandbox.ecs.server().add(refuse(BEIJING, 400, "InvalidParameter.Region"));
    sandbox.ecs.server().add(refuse(HANGZHOU, 403, "SignatureDoesNotMatch").after(1));
    let outcome = sandbox.ecs_pass("--account prod").expect(6);
    let document = outcome.json();
    let classes: Vec<_> = (0..2).map(|place| document["problems"][place]["class"].as_str()).collect();
    assert_eq!(classes, [Some("auth"), Some("contract")]);
    assert_eq!(document["error"]["class"], "auth");
}

#[test]
fn region_locked_by_another_run_is_skipped() {
    let sandbox = Sandbox::small();
    sandbox.ecs.server().add(Rule::on("/", Fault::Hold).mentioning(HANGZHOU).mentioning("DescribeInstances"));
    let mut other = sandbox.spawn("sync ecs --account prod --regions cn-hangzhou --json");
    other.await_requests(sandbox.ecs.server(), 2);
    let outcome = sandbox.ecs_pass("").expect(0);
    assert_eq!(scope(&outcome, "ecs/prod/cn-hangzhou")["reason"], "locked");
    check_counts(&outcome, [24, 0, 0, 0, 0]);
    sandbox.ecs.server().clear_faults();
    check_counts(&other.wait().expect(0), [12, 0, 0, 0, 0]);
}

#[test]
fn a_wrong_key_is_refused_before_anything_is_stored() {
    let mut sandbox = Sandbox::small();
    let secret = sandbox.home.secret("prod-key", "another-secret-0000");
    drop(secret);
    let outcome = sandbox.ecs_pass("--account prod").expect(6);
    assert_eq!(scope(&outcome, "ecs/prod")["error"]["class"], "auth");
    assert!(!outcome.said().contains("prod-id-"), "{}", outcome.said());
    sandbox.ecs.server().take_log();
    sandbox.ecs_pass("--account prod --regions cn-beijing,cn-hangzhou").expect(6);
    assert_eq!(sandbox.ecs.server().take_log().len(), 1, "no region is tried with a wrong key");
    assert_eq!(sandbox.database().count("ecs_instances"), 0);
    sandbox.home.set("ecs.accounts", toml::Value::Array(Vec::new()));
    sandbox.ecs_pass("").expect(4);
}

#[test]
fn throttled_request_is_signed_again() {
    let sandbox = Sandbox::small();
    for fault in [Fault::StatusWith(429, "x-acs-retry-after", "300".to_owned()), Fault::Refusal(400, "Throttling.Api")]
    {
        sandbox.ecs.server().add(Rule::on("/", fault).mentioning(HANGZHOU).mentioning("DescribeInstances").times(1));
    }
    let outcome = sandbox.ecs_pass("").expect(0);
    check_counts(&outcome, [36, 0, 0, 0, 0]);
    assert_eq!((outcome.json()["retries"].as_u64(), outcome.took >= Duration::from_millis(300)), (Some(2), true));
    let log = sandbox.ecs.server().take_log();
    let mut nonces: Vec<&str> = log.iter().map(|logged| logged.header("x-acs-signature-nonce")).collect();
    nonces.retain(|nonce| !nonce.is_empty());
    let count = nonces.len();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), count);
}

#[test]
fn throttling_waits_longer_than_a_failure() {
    let sandbox = Sandbox::small();
    let listing = |code| Rule::on("/", Fault::Refusal(400, code)).mentioning(HANGZHOU).mentioning("DescribeInstances");
    sandbox.ecs.server().add(listing("Throttling.User").times(12));
    let outcome = sandbox.ecs_pass("").expect(0);
    check_counts(&outcome, [36, 0, 0, 0, 0]);
    assert_eq!(outcome.json()["retries"], 12);
    // A failing provider is given up after the retries of the configuration.
    sandbox.ecs.server().add(listing("InternalError").times(12));
    let outcome = sandbox.ecs_pass("").expect(3);
    assert_eq!(outcome.json()["retries"], 2);
}

#[test]
fn each_api_of_an_account_has_its_own_rate_limit() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("ecs.qps", 1);
    sandbox.ecs_pass("--account prod").expect(0);
    let log = sandbox.ecs.server().log();
    let times = |action| {
        let of = log.iter().filter(move |logged| logged.header("x-acs-action") == action);
        of.map(|logged| logged.at).collect::<Vec<_>>()
    };
    let [regions, instances, disks] = ["DescribeRegions", "DescribeInstances", "DescribeDisks"].map(times);
    assert_eq!([regions.len(), instances.len(), disks.len()], [1, 2, 2]);
    for paced in [&instances, &disks] {
        assert!(paced[1] - paced[0] >= Duration::from_millis(900), "{paced:?}");
    }
    // The first calls of three kinds do not wait for one another.
    assert!(disks[0] - regions[0] < Duration::from_millis(900), "{:?}", disks[0] - regions[0]);
}

#[test]
fn long_pause_is_stored_for_its_region_only() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    sandbox.trouble(HANGZHOU, Fault::throttled("3600"));
    sandbox.ecs_pass("").expect(3);
    sandbox.ecs.server().clear_faults();
    sandbox.ecs.server().take_log();
    let outcome = sandbox.ecs_pass("").expect(0);
    assert_eq!(scope(&outcome, "ecs/prod/cn-hangzhou")["reason"], "not-before");
    check_counts(&outcome, [0, 0, 24, 0, 0]);
    assert!(sandbox.ecs.server().take_log().iter().all(|logged| !logged.query.contains(HANGZHOU)));
}

#[test]
fn an_unknown_region_is_an_error_of_its_scope() {
    let mut sandbox = Sandbox::small();
    let outcome = sandbox.ecs_pass("--account prod --regions cn-beijing,cn-hangzou").expect(3);
    let failed = scope(&outcome, "ecs/prod/cn-hangzou");
    assert!(failed["error"]["message"].as_str().is_some_and(|message| message.contains("`cn-hangzhou`")), "{failed:#}");
    assert_eq!(sandbox.instances_in(BEIJING), 12);

    sandbox.ecs.close_region(HANGZHOU);
    sandbox.home.set("ecs.regions_ttl", "0s");
    let outcome = sandbox.ecs_pass("").expect(0);
    check_counts(&outcome, [12, 0, 12, 0, 0]);
    assert_eq!(sandbox.instances_in(GUANGZHOU), 12);
}

#[test]
fn a_stored_region_the_provider_no_longer_has_fails_by_name_and_keeps_its_rows() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    sandbox.ecs.close_region(HANGZHOU);
    let named = "--account prod --regions cn-beijing,cn-hangzhou --accept-deletes 1000";
    // Whether the list of regions is the stored one or a fresh one.
    for flags in [named.to_owned(), format!("{named} --force")] {
        let outcome = sandbox.ecs_pass(&flags).expect(3);
        check_counts(&outcome, [0, 0, 12, 0, 0]);
        assert_eq!(scope(&outcome, "ecs/prod/cn-hangzhou")["status"], "failed");
        assert_eq!(sandbox.instances_in(HANGZHOU), 12);
    }
}

#[test]
fn named_regions_do_not_need_the_list_of_regions() {
    let sandbox = Sandbox::small();
    sandbox.trouble("DescribeRegions", Fault::Refusal(403, "Forbidden.RAM"));
    sandbox.ecs_pass("--account prod").expect(6);
    check_counts(&sandbox.ecs_pass("--account prod --regions cn-beijing").expect(0), [12, 0, 0, 0, 0]);
    let outcome = sandbox.ecs_pass("--account prod --regions cn-beijing,cn-nowhere").expect(3);
    assert_eq!(scope(&outcome, "ecs/prod/cn-nowhere")["error"]["class"], "contract");
}

#[test]
fn slow_account_does_not_delay_others() {
    let sandbox = Sandbox::small();
    // The version belongs to one of the two clouds.
    sandbox.ecs.server().add(Rule::on("/", Fault::Hold).mentioning("DescribeRegions").mentioning("2014-05-26"));
    let mut running = sandbox.spawn("sync ecs --json");
    poll("the other account", || {
        assert!(!running.has_ended());
        sandbox.finished_scopes() == 1
    });
    running.signal(Signal::TERM);
    running.wait().expect(143);
    assert_eq!([BEIJING, GUANGZHOU].map(|region| sandbox.instances_in(region)), [0, 12]);
}

#[test]
fn concurrent_regions_are_limited_as_configured() {
    let mut sandbox = Sandbox::start(Settings { regions: 20, ..Settings::default() });
    sandbox.home.set("ecs.concurrency", 3);
    sandbox.ecs.server().add(Rule::on("/", Fault::Hold).mentioning("DescribeInstances"));
    let listings = || {
        let log = sandbox.ecs.server().log();
        let action = |logged: &Logged| ["x-acs-action", "x-tc-action"].map(|name| logged.header(name)).concat();
        log.iter().filter(|logged| action(logged) == "DescribeInstances").count()
    };
    let mut running = sandbox.spawn("sync ecs --json");
    // Of each account, those beyond the three wait for their turn, to compare and save while others ask.
    poll("the scopes", || {
        assert!(!running.has_ended());
        sandbox.scopes_that_are("running") == 12 && listings() >= 6
    });
    running.signal(Signal::TERM);
    running.wait().expect(143);
    assert_eq!(listings(), 6);
}

#[test]
fn a_signal_drops_the_requests_and_keeps_the_finished_regions() {
    let sandbox = Sandbox::small();
    let listing = Rule::on("/", Fault::Hold).mentioning(HANGZHOU).mentioning("DescribeInstances");
    sandbox.ecs.server().add(listing);
    let mut running = sandbox.spawn("sync ecs --json");
    poll("the other regions", || {
        assert!(!running.has_ended());
        sandbox.finished_scopes() == 2
    });
    let signalled = std::time::Instant::now();
    running.signal(Signal::TERM);
    let outcome = running.wait().expect(143);
    assert!(signalled.elapsed() < Duration::from_secs(1), "{:?}", signalled.elapsed());
    sandbox.database().assert_consistent();
    assert_eq!([BEIJING, HANGZHOU, GUANGZHOU].map(|region| sandbox.instances_in(region)), [12, 0, 12]);
    assert_eq!(outcome.count("new"), 24);
    let records = sandbox.database().records();
    assert_eq!((records[0].status.as_str(), records[0].exit_code), ("cancelled", Some(143)));
}

impl Sandbox {
    /// How many scopes have succeeded.
    fn finished_scopes(&self) -> u64 {
        self.scopes_that_are("success")
    }

    /// How many scopes stand so; the database may still be in the making.
    fn scopes_that_are(&self, status: &str) -> u64 {
        let path = self.home.database();
        let database = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
        let count = |database: rusqlite::Connection| {
            database
                .query_row("SELECT count(*) FROM sync_scopes WHERE status = ?1", [status], |row| row.get::<_, i64>(0))
        };
        database.and_then(count).map_or(0, |count| u64::try_from(count).unwrap_or(0))
    }
}

#[test]
fn one_row_of_a_side_list_that_cannot_be_read_costs_no_region_and_no_instance() {
    let sandbox = Sandbox::small();
    let regions = r#"{"Regions":{"Region":[{"RegionId":"cn-beijing","LocalName":7},{"RegionId":5},
                     {"RegionId":"cn-hangzhou"}]}}"#;
    sandbox.trouble("DescribeRegions", Fault::Instead("application/json", regions));
    for _ in 0..2 {
        let outcome = sandbox.ecs_pass("--account prod").expect(3);
        assert_eq!([BEIJING, HANGZHOU].map(|region| sandbox.instances_in(region)), [12, 12]);
        let failed = scope(&outcome, "ecs/prod/#2");
        assert_eq!(failed["error"]["class"], "contract", "{failed:#}");
        assert!(failed["error"]["message"].as_str().is_some_and(|text| text.contains("cannot be read")), "{failed:#}");
    }
    sandbox.ecs.server().clear_faults();
    let id = sandbox.database().texts("SELECT instance_id FROM ecs_instances WHERE region = 'cn-beijing' LIMIT 1");
    let statuses = format!(
        r#"{{"InstanceStatuses":{{"InstanceStatus":[null,{{"InstanceId":"{}","Status":"Stopped"}}]}}}}"#,
        id[0]
    );
    sandbox.ecs.server().add(Rule::on("/", Fault::Bytes(statuses.into_bytes())).mentioning("DescribeInstanceStatus"));
    let outcome = sandbox.ecs_pass("--status-only --account prod --regions cn-beijing").expect(3);
    assert_eq!((outcome.count("updated"), outcome.count("failed")), (1, 11), "{}", outcome.stdout);
}

#[test]
fn an_empty_list_of_regions_is_no_account_without_regions() {
    let sandbox = Sandbox::small();
    sandbox.trouble("DescribeRegions", Fault::Instead("application/json", r#"{"Regions":{"Region":[]}}"#));
    let outcome = sandbox.ecs_pass("--account prod").expect(7);
    assert!(outcome.stdout.contains("the list of regions is empty"), "{}", outcome.stdout);
}

#[test]
fn an_answer_that_says_it_failed_or_is_not_all_deletes_nothing() {
    for beside in [r#""error":"busy""#, r#""Code":"ServiceUnavailable""#, r#""nextToken":"abc""#, r#""success":false"#]
    {
        let sandbox = Sandbox::small();
        sandbox.ecs_pass("--account prod").expect(0);
        let id = sandbox.database().texts("SELECT instance_id FROM ecs_instances WHERE region = 'cn-beijing' LIMIT 1");
        let body = format!(r#"{{"Instances":{{"Instance":[{{"InstanceId":"{}"}}]}},{beside}}}"#, id[0]);
        let rule = Rule::on("/", Fault::Bytes(body.into_bytes())).mentioning("DescribeInstances").mentioning(BEIJING);
        sandbox.ecs.server().add(rule);
        let outcome = sandbox.ecs_pass("--account prod").expect(3);
        assert_eq!((outcome.count("deleted"), sandbox.instances_in(BEIJING)), (0, 12), "{beside}: {}", outcome.stdout);
    }
}
