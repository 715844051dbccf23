//! Packages that a pass fetches from an address.

use serde_json::{Value, json};

use super::HISTORICAL;
use crate::sandbox::{Fault, Rule};
use crate::support::{Outcome, Sandbox};

const ADDRESS: &str = "/packages";
const CANARY: &str = "Bearer packages-canary-7f3a";

/// A sandbox whose passes fetch that list.
fn fetching(body: &str) -> Sandbox {
    let mut sandbox = Sandbox::small();
    sandbox.tasks.serve_packages(body, "text/csv");
    sandbox.home.set("tasks.packages.url", sandbox.tasks.packages_url());
    sandbox
}

/// One whose passes also remove what is not in the list.
fn mirroring(body: &str) -> Sandbox {
    let mut sandbox = fetching(body);
    sandbox.home.set("tasks.packages.delete_missing", true);
    sandbox
}

fn pass(sandbox: &Sandbox) -> Outcome {
    sandbox.run(&format!("{HISTORICAL} --json"))
}

/// The part of the report that is about the packages.
fn scope(outcome: &Outcome) -> Value {
    let scopes = outcome.json()["scopes"].as_array().cloned().unwrap_or_default();
    scopes.into_iter().find(|scope| scope["scope"] == "tasks/packages").expect("the scope")
}

fn stored(sandbox: &Sandbox) -> Vec<String> {
    sandbox.database().texts("SELECT code FROM lead_packages WHERE deleted_at IS NULL ORDER BY code")
}

/// A list of that many packages.
fn list(count: usize) -> String {
    let rows = (0..count).map(|number| format!("P{number:03},{number}\n"));
    std::iter::once("code,valid_leads\n".to_owned()).chain(rows).collect()
}

#[test]
fn packages_come_before_the_tasks_that_are_matched_to_them() {
    let sandbox = Sandbox::small();
    let csv = sandbox.tasks.packages_csv(2);
    let sandbox = fetching(&csv);
    let outcome = pass(&sandbox).expect(0);
    assert_eq!((outcome.count("matched"), outcome.count("pending")), (2, 83), "{}", outcome.stdout);
    assert_eq!(scope(&outcome)["summary"]["new"], 2);
    assert_eq!(sandbox.database().count("lead_packages WHERE source = '官网' AND cost_per_lead = 2.5"), 2);
    // What the file has no column for stays.
    sandbox.tasks.serve_packages(&csv.replace(",官网", "").replace(",来源", ""), "text/csv");
    assert_eq!(scope(&pass(&sandbox).expect(0))["summary"]["updated"], 2);
    assert_eq!(sandbox.database().count("lead_packages WHERE source = '官网'"), 2);
}

#[test]
fn an_answer_that_is_stored_already_costs_one_request_and_no_row() {
    let sandbox = fetching(&list(3));
    pass(&sandbox).expect(0);
    let rows = sandbox.database().content("lead_packages");
    sandbox.tasks.server().take_log();
    let outcome = pass(&sandbox).expect(0);
    assert_eq!(scope(&outcome)["summary"]["unchanged"], 3);
    let log = sandbox.tasks.server().take_log();
    let requests: Vec<_> = log.iter().filter(|request| request.path == ADDRESS).collect();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].header("if-none-match").starts_with('"'));
    assert_eq!(sandbox.database().content("lead_packages"), rows);
    sandbox.run(&format!("{HISTORICAL} --error-on-no-change")).expect(9);

    // Once a person changes packages, and with --force, the answer is fetched and stored anew.
    sandbox.run("packages remove P001").expect(0);
    assert_eq!(scope(&pass(&sandbox).expect(0))["summary"]["updated"], 1);
    assert_eq!(stored(&sandbox), ["P000", "P001", "P002"]);
    sandbox.tasks.server().take_log();
    sandbox.run(&format!("{HISTORICAL} --force")).expect(0);
    let log = sandbox.tasks.server().take_log();
    assert!(log.iter().all(|request| request.header("if-none-match").is_empty()));
}

#[test]
fn json_is_read_as_a_list_or_in_an_envelope() {
    let sandbox = fetching("");
    for (body, count) in [
        (r#"[{"code":"A","valid_leads":5},{"code":"B"}]"#, 2),
        (r#"{"code":200,"message":"OK","data":{"data":[{"编码":"A"},{"编码":"C"}],"totalCount":2}}"#, 3),
    ] {
        sandbox.tasks.serve_packages(body, "application/json");
        pass(&sandbox).expect(0);
        assert_eq!(stored(&sandbox).len(), count, "{body}");
    }
}

#[test]
fn tasks_go_on_with_the_stored_packages_where_the_address_fails() {
    let sandbox = fetching(&list(3));
    pass(&sandbox).expect(0);
    sandbox.tasks.serve_packages(&list(4), "text/csv");
    let csv = |body: &'static str| Fault::Instead("text/csv", body);
    for (fault, class) in [
        (Fault::Status(401), "auth"),
        (Fault::Status(404), "contract"),
        (Fault::Status(500), "unavailable"),
        (Fault::Status(304), "contract"),
        (Fault::redirect("/other"), "contract"),
        (Fault::Cut(20), "unavailable"),
        (Fault::html(), "contract"),
        (Fault::empty(), "unavailable"),
        (csv("code,valid_leads\n"), "contract"),
        (csv("name\nx\n"), "contract"),
        (csv("code,valid_leads\nP1,5,6\n"), "contract"),
        (csv("code,valid_leads\nP1,-5\n"), "contract"),
        (csv("code\nP1\nP1\n"), "contract"),
        (csv("code\n=1+1\n"), "contract"),
        (csv("[]"), "contract"),
        (csv("[{\"code\":\"A\"}"), "contract"),
        (csv(r#"{"success":false,"message":"no","data":[{"code":"A"}]}"#), "contract"),
        (csv(r#"{"error":"busy","data":[]}"#), "contract"),
        (Fault::WrongEncoding, "contract"),
    ] {
        sandbox.tasks.server().add(Rule::on(ADDRESS, fault.clone()));
        let outcome = sandbox.run(&format!("{HISTORICAL} --force --json")).expect(3);
        sandbox.tasks.server().clear_faults();
        let scope = scope(&outcome);
        assert_eq!(scope["error"]["class"], class, "{fault:?}: {scope:#}");
        assert_eq!(outcome.count("pending"), 85, "{fault:?}");
        assert_eq!(stored(&sandbox), ["P000", "P001", "P002"], "{fault:?}");
    }
    let said = {
        sandbox.tasks.server().add(Rule::on(ADDRESS, Fault::Status(404)));
        sandbox.run(HISTORICAL).expect(3).said()
    };
    assert!(said.contains("tasks/packages") && said.contains("404"), "{said}");
    sandbox.tasks.server().clear_faults();
    pass(&sandbox).expect(0);
    assert_eq!(stored(&sandbox).len(), 4);
}

#[test]
fn what_is_missing_stays_unless_it_is_to_be_removed() {
    let sandbox = fetching(&list(30));
    pass(&sandbox).expect(0);
    sandbox.tasks.serve_packages(&list(20), "text/csv");
    pass(&sandbox).expect(0);
    assert_eq!(stored(&sandbox).len(), 30);

    let mut sandbox = sandbox;
    sandbox.home.set("tasks.packages.delete_missing", true);
    // The tag of the answer does not hold for another setting. Ten of thirty are no more than the guard lets go.
    let outcome = pass(&sandbox).expect(0);
    assert_eq!((&scope(&outcome)["summary"]["deleted"], stored(&sandbox).len()), (&json!(10), 20));
    sandbox.tasks.serve_packages(&list(5), "text/csv");
    let outcome = pass(&sandbox).expect(8);
    assert_eq!(scope(&outcome)["error"]["class"], "guard");
    assert_eq!(stored(&sandbox).len(), 20);
    sandbox.run(&format!("{HISTORICAL} --accept-deletes 15")).expect(0);
    assert_eq!(stored(&sandbox).len(), 5);
    sandbox.tasks.serve_packages(&list(0), "text/csv");
    pass(&sandbox).expect(8);
    assert_eq!(stored(&sandbox).len(), 5);
}

#[test]
fn an_answer_that_does_not_prove_its_end_removes_nothing() {
    let sandbox = mirroring(&list(3));
    pass(&sandbox).expect(0);
    for body in [
        r#"{"data":[{"code":"P000"}],"total":3}"#,
        r#"{"data":[{"code":"P000"}],"has_more":true}"#,
        r#"{"data":[{"code":"P000"}],"next":"/packages?page=2"}"#,
        r#"{"data":[{"code":"P000"}],"message":"the rest follows"}"#,
    ] {
        sandbox.tasks.serve_packages(body, "application/json");
        let outcome = pass(&sandbox).expect(3);
        assert_eq!(scope(&outcome)["status"], "partial", "{body}");
        assert_eq!(stored(&sandbox).len(), 3, "{body}");
        // It is not taken for the stored answer.
        assert_eq!(scope(&pass(&sandbox).expect(3))["status"], "partial", "{body}");
    }
    sandbox.tasks.serve_packages("code\nP000\n", "text/csv");
    sandbox
        .tasks
        .server()
        .add(Rule::on(ADDRESS, Fault::Answer(206, "content-type", "text/csv", b"code\nP000\n".to_vec())));
    pass(&sandbox).expect(3);
    assert_eq!(stored(&sandbox).len(), 3);
}

#[test]
fn the_credential_is_sent_and_never_shown() {
    let mut sandbox = fetching(&list(1));
    sandbox.tasks.protect_packages(CANARY);
    let refused = sandbox.run(HISTORICAL).expect(3);
    assert!(refused.said().contains("401"), "{}", refused.said());
    let reference = sandbox.home.secret("packages", CANARY);
    sandbox.home.set("tasks.packages.authorization", reference);
    pass(&sandbox).expect(0);
    assert_eq!(stored(&sandbox), ["P000"]);
    let shown = [
        sandbox.run("config show").expect(0).said(),
        sandbox.run("doctor --json").said(),
        sandbox.run(&format!("{HISTORICAL} -vv")).expect(0).said(),
        format!("{:?}", sandbox.database().rows("SELECT * FROM sync_cursors")),
    ];
    assert!(shown.iter().all(|text| !text.contains("canary-7f3a")), "{shown:#?}");
}

#[test]
fn doctor_and_config_check_look_at_the_address() {
    let mut sandbox = fetching(&list(1));
    let subjects = |sandbox: &Sandbox| -> Vec<Value> {
        let document = sandbox.run("doctor --json").json();
        let findings = document["findings"].as_array().or_else(|| document["checks"].as_array()).cloned();
        findings.unwrap_or_default().into_iter().filter(|found| found.to_string().contains("packages")).collect()
    };
    assert_eq!(subjects(&sandbox).len(), 1, "{:#?}", subjects(&sandbox));
    sandbox.tasks.server().add(Rule::on(ADDRESS, Fault::Status(404)));
    let found = format!("{:?}", subjects(&sandbox));
    assert!(found.contains("404 Not Found from `GET /packages`"), "{found}");
    sandbox.home.set("tasks.packages.url", "http://packages.example.com/list.csv");
    let refused = sandbox.run("config check").expect(4);
    assert!(refused.said().contains("`tasks.packages.url`: must begin with `https://`"), "{}", refused.said());
}

#[test]
fn a_dry_run_fetches_and_writes_nothing() {
    let sandbox = fetching(&list(3));
    pass(&sandbox).expect(0);
    sandbox.tasks.serve_packages(&list(4), "text/csv");
    let before = sandbox.database_bytes();
    let outcome = sandbox.run(&format!("{HISTORICAL} --dry-run --json")).expect(0);
    assert_eq!(scope(&outcome)["summary"]["new"], 1);
    assert!(sandbox.database_bytes() == before, "a dry run changed the database");
}

#[test]
fn odd_lists_are_stored_exactly_or_refused_whole() {
    const HUGE: &str = "99999999999999999999";
    let sandbox = fetching("code\nKEPT\n");
    pass(&sandbox).expect(0);
    let gbk = encoding_rs::GBK.encode("编码,名称\nG,禹州\n").0.into_owned();
    let utf16: Vec<u8> = "\u{feff}code\nU\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let served = |kind: &'static str, body: &[u8]| Fault::Answer(200, "content-type", kind, body.to_vec());
    for (fault, code, expected) in [
        // In other encodings, with and without a word about it.
        (served("text/csv; charset=gbk", &gbk), 0, "G"),
        (served("text/csv", &gbk), 0, "G"),
        (served("text/csv", &utf16), 0, "U"),
        (Fault::ByteOrderMark, 0, "KEPT"),
        // Labelled as something else, or as nothing.
        (served("application/octet-stream", b"code\r\nO\r\n"), 0, "O"),
        (served("text/html", br#"[{"code":"H"}]"#), 0, "H"),
        (served("", b"code\nnoeol"), 0, "noeol"),
        // Blank rows, blank columns, unknown columns.
        (served("text/csv", b"code,,note\n\n,,\nB,,\"a, \"\"b\"\"\"\n"), 0, "B"),
        (served("application/json", br#"[{"code":"E","note":"=1+1\nx","tags":["a"]}]"#), 0, "E"),
        (served("application/json", br#"{"items":[{"code":"I"}],"links":{"next":null},"count":1}"#), 0, "I"),
        (served("application/json", br#"[{"code":1015}]"#), 0, "1015"),
        // Values that cannot be.
        (served("application/json", format!(r#"[{{"code":"X","valid_leads":{HUGE}}}]"#).as_bytes()), 3, "KEPT"),
        (served("application/json", br#"[{"code":"X","cost_per_lead":1e999}]"#), 3, "KEPT"),
        (served("application/json", br#"[{"code":"X","cost_per_lead":NaN}]"#), 3, "KEPT"),
        (served("application/json", r#"[{"code":true,"编码":"X"}]"#.as_bytes()), 3, "KEPT"),
        (served("application/json", br#"[{"code":["X"]},{"code":null}]"#), 3, "KEPT"),
        (served("application/json", br#"[{"code":"X"}] trailing"#), 3, "KEPT"),
        (served("application/json", br#"{"data":{"data":{"data":7}}}"#), 3, "KEPT"),
        (served("application/json", b"{\"data\":null}"), 3, "KEPT"),
        (served("text/csv", b"code\n\xff\xfe\xff\n"), 3, "KEPT"),
        (served("text/csv", b"code;name\nX;y\n"), 3, "KEPT"),
        (served("text/csv", format!("code\n{}\n", "X".repeat(300)).as_bytes()), 3, "KEPT"),
        (Fault::Answer(200, "content-encoding", "zstd", b"code\nX\n".to_vec()), 3, "KEPT"),
        (Fault::Status(204), 3, "KEPT"),
        (Fault::Lost, 3, "KEPT"),
    ] {
        sandbox.tasks.server().add(Rule::on(ADDRESS, fault.clone()));
        let outcome = sandbox.run(&format!("{HISTORICAL} --force --json"));
        sandbox.tasks.server().clear_faults();
        assert_eq!(outcome.code, Some(code), "{fault:?}: {}", outcome.stdout);
        let codes = stored(&sandbox);
        assert!(
            codes.iter().any(|code| code == expected) && !codes.iter().any(|code| code == "X"),
            "{fault:?}: {codes:?}"
        );
        sandbox.database().assert_consistent();
    }
}

#[test]
fn tags_that_cannot_be_trusted_cost_a_full_answer_and_lose_nothing() {
    let mut sandbox = fetching(&list(2));
    let tagged = |tag: &'static str| Fault::Answer(200, "etag", tag, b"code\nP000\nP001\n".to_vec());
    for tag in ["", "unquoted", "W/\"weak\"", "\"with \\\" quote\""] {
        sandbox.tasks.server().add(Rule::on(ADDRESS, tagged(tag)));
        pass(&sandbox).expect(0);
        pass(&sandbox).expect(0);
        sandbox.tasks.server().clear_faults();
        assert_eq!(stored(&sandbox).len(), 2, "{tag}");
    }
    // A tag of another address, or of an answer that was not stored, is not sent.
    let url = format!("{}?v=2", sandbox.tasks.packages_url());
    sandbox.home.set("tasks.packages.url", url);
    sandbox.tasks.server().take_log();
    pass(&sandbox).expect(0);
    let log = sandbox.tasks.server().take_log();
    let requests: Vec<_> = log.iter().filter(|request| request.path == ADDRESS).collect();
    assert!(requests.len() == 1 && requests[0].header("if-none-match").is_empty() && requests[0].query == "v=2");
    // A cursor that another version wrote is no cursor.
    let connection = rusqlite::Connection::open(sandbox.home.database()).expect("the database");
    let sql = "UPDATE sync_cursors SET cursor = '[\"odd\"]' WHERE scope = 'tasks/packages'";
    assert_eq!(connection.execute(sql, []).expect("an update"), 1);
    pass(&sandbox).expect(0);
}

#[test]
fn an_import_and_a_pass_keep_out_of_each_others_way() {
    let sandbox = fetching(&list(2));
    sandbox.tasks.server().add(Rule::on(ADDRESS, Fault::Hold).times(1));
    let mut running = sandbox.spawn(HISTORICAL);
    running.await_requests(sandbox.tasks.server(), 1);
    // Another window goes on with the stored packages.
    let other = sandbox.run("sync tasks --window today --json").expect(0);
    assert_eq!(other.json()["status"], "success", "{}", other.stdout);
    sandbox.tasks.server().clear_faults();
    assert_eq!(running.wait().code, Some(0));
    assert_eq!(stored(&sandbox).len(), 2);
}
