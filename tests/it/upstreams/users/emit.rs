//! `users emit`: what is taken in, and what is refused as a whole.

use serde_json::{Value, json};

use super::created;
use crate::support::Sandbox;

/// No event is longer.
const MAX_EVENT_BYTES: usize = 64 << 10;

#[test]
fn stored_event_includes_full_user() {
    let sandbox = Sandbox::small();
    let outcome = sandbox.run("users emit user.created --user-id 7 --username anna --email a@b.c --role admin --json");
    let answer = outcome.expect(0).json();
    assert_eq!((&answer["stored"], &answer["known"], &answer["last_seq"]), (&1.into(), &0.into(), &1.into()));
    let database = sandbox.database();
    let data: Value = serde_json::from_str(&database.value::<String>("SELECT data FROM user_events")).expect("JSON");
    let user = &data["user"];
    assert_eq!((&user["id"], &user["username"], &user["role"]), (&7.into(), &"anna".into(), &"admin".into()));
    assert!(user["created_at"].is_string() && user["updated_at"].is_string(), "{data:#}");
    assert_eq!(database.count("users WHERE id = 7 AND username = 'anna' AND email = 'a@b.c' AND role = 'admin'"), 1);

    sandbox.run("users emit user.status_changed --user-id 7 --status locked").expect(0);
    let data: Value =
        serde_json::from_str(&database.value::<String>("SELECT data FROM user_events WHERE seq = 2")).expect("JSON");
    assert_eq!((&data["new_status"], &data["user"]["role"]), (&"locked".into(), &"admin".into()), "{data:#}");
    sandbox.run("users emit user.deleted --user-id 7").expect(0);
    let named = "user_events WHERE type = 'user.deleted' AND username = 'anna'";
    assert_eq!((database.count(named), database.count("users WHERE deleted_at IS NOT NULL")), (1, 1));
}

#[test]
fn same_event_id_is_stored_once_from_arguments_and_from_lines() {
    let sandbox = Sandbox::small();
    sandbox.run("users emit user.created --user-id 1 --id e1 --username anna").expect(0);
    let again = sandbox.run("users emit user.created --user-id 1 --id e1 --username other --json").expect(0).json();
    assert_eq!((&again["stored"], &again["known"]), (&0.into(), &1.into()));
    let lines: String = ["e1", "e2", "e2", "e3"]
        .map(|id| json!({"id": id, "type": "user.updated", "user_id": 1}).to_string() + "\n")
        .concat();
    let taken = sandbox.emit(&lines).json();
    assert_eq!((&taken["stored"], &taken["known"], &taken["last_seq"]), (&2.into(), &2.into(), &3.into()));
    let database = sandbox.database();
    assert_eq!(database.texts("SELECT id FROM user_events ORDER BY seq"), ["e1", "e2", "e3"]);
    assert_eq!(database.count("users WHERE username = 'anna'"), 1, "a known event changes nobody");
}

#[test]
fn blank_lines_and_all_line_endings_are_accepted() {
    let sandbox = Sandbox::small();
    let lines = format!("\n{}\r\n   \r\n{}", created([1, 2]).replace('\n', "\r\n"), created([3]).trim_end());
    assert_eq!(sandbox.emit(&lines).json()["stored"], 3);
    assert_eq!(sandbox.emit("").json()["stored"], 0);
}

#[test]
fn bad_line_reports_its_number_what_is_stored_and_how_to_continue() {
    let sandbox = Sandbox::small();
    let good: Vec<String> = created(1..=2500).lines().map(str::to_owned).collect();
    let mut lines = good.clone();
    // Blank lines are lines, too: the number is the editor's.
    lines.insert(10, String::new());
    "{\"type\":\"user.created\"}".clone_into(&mut lines[1500]);
    let outcome = sandbox.spawn_fed("users emit -", &lines.join("\n")).wait().expect(2);
    for part in [
        "line 1501 is no event",
        "missing field `user_id`",
        "what is before line 1002 is stored",
        "`tail -n +1002 FILE | tongbu users emit -`",
    ] {
        assert!(outcome.stderr.contains(part), "`{part}` is not in: {}", outcome.stderr);
    }
    assert_eq!(sandbox.database().count("user_events"), 1000, "a thousand is one transaction");

    lines[1500].clone_from(&good[1499]);
    sandbox.emit(&lines[1001..].join("\n"));
    let database = sandbox.database();
    assert_eq!((database.count("user_events"), database.count("users")), (2500, 2500));
}

#[test]
fn bad_line_in_the_first_chunk_stores_nothing() {
    let sandbox = Sandbox::small();
    for bad in [
        "{",
        "[]",
        "\"x\"",
        "{\"type\":\"user.moved\",\"user_id\":1}",
        "{\"type\":\"user.created\",\"user_id\":1,\"emial\":1}",
    ] {
        let outcome = sandbox.spawn_fed("users emit -", &format!("{}{bad}\n{}", created(1..=3), created([4]))).wait();
        let outcome = outcome.expect(2);
        assert!(outcome.stderr.contains("line 4 is no event"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("nothing was stored"), "{}", outcome.stderr);
    }
    assert_eq!(sandbox.database().count("user_events"), 0);
}

#[test]
fn half_of_a_surrogate_pair_costs_no_line() {
    let sandbox = Sandbox::small();
    let odd = concat!(
        r#"{"type":"user.created","user_id":2,"username":"a\ud83d","data":{"user":{"email":"\udc00b"}}}"#,
        "\n{\"type\":\"user.updated\",\"user_id\":3,\"data\":{\"user\":{\"email\":\"a\tb\"}}}\n"
    );
    let outcome = sandbox.spawn_fed("users emit -", &format!("{}{odd}{}", created([1]), created([4]))).wait();
    let outcome = outcome.expect(0);
    assert!(outcome.stdout.contains("stored: 4 events"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("1 line with half of a surrogate pair") && outcome.stderr.contains("line 2"));
    let database = sandbox.database();
    assert_eq!(database.count("users WHERE id = 2 AND username = 'a\u{fffd}' AND email = '\u{fffd}b'"), 1);
    assert_eq!(database.count("users WHERE id = 3 AND email = 'a' || char(9) || 'b'"), 1);
    // Two ids may become one by a repair, and a value that is none has no text.
    for (bad, part) in [
        (r#"{"id":"e\ud83d","type":"user.created","user_id":5}"#, "`id` holds no valid text"),
        (r#"{"type":"user.created","user_id":5,"data":{"user":{"age":NaN}}}"#, "a value that JSON does not have"),
    ] {
        let outcome = sandbox.spawn_fed("users emit -", &format!("{}{bad}\n", created([6]))).wait().expect(2);
        assert!(outcome.stderr.contains("line 2 is no event") && outcome.stderr.contains(part), "{}", outcome.stderr);
    }
    assert_eq!(database.count("user_events"), 4);
}

#[test]
fn line_length_is_limited() {
    let line = |length: usize| {
        let around = r#"{"type":"user.created","user_id":1,"data":{"user":{"note":""}}}"#.len();
        let note = "x".repeat(length - around);
        format!(r#"{{"type":"user.created","user_id":1,"data":{{"user":{{"note":"{note}"}}}}}}"#)
    };
    let sandbox = Sandbox::small();
    sandbox.emit(&format!("{}\r\n{}", line(MAX_EVENT_BYTES), created([2])));
    let outcome = sandbox.spawn_fed("users emit -", &line(MAX_EVENT_BYTES + 1)).wait().expect(2);
    assert!(outcome.stderr.contains("line 1 is no event: it is longer than 65536 bytes"), "{}", outcome.stderr);
    assert!(outcome.stderr.len() < 1000, "the line itself is not repeated");
    assert_eq!(sandbox.database().count("user_events"), 2);
}

#[test]
fn data_may_come_from_stdin() {
    let sandbox = Sandbox::small();
    let data = r#"{"user": {"role": "admin", "team": 7}}"#;
    sandbox.spawn_fed("users emit user.created --user-id 5 --data -", data).wait().expect(0);
    let stored: String = sandbox.database().value("SELECT data FROM user_events");
    let stored: Value = serde_json::from_str(&stored).expect("JSON");
    assert_eq!((&stored["user"]["role"], &stored["user"]["team"]), (&"admin".into(), &7.into()));
    for data in ["", "[]", "{\"user\": 1}", "{\"user\": {\"id\": 6}}"] {
        sandbox.spawn_fed("users emit user.created --user-id 5 --data -", data).wait().expect(2);
    }
    sandbox
        .spawn_fed("users emit user.created --user-id 5 --data -", &"x".repeat(MAX_EVENT_BYTES + 1))
        .wait()
        .expect(2);
    assert_eq!(sandbox.database().count("user_events"), 1);
}

#[test]
fn usage_error_creates_no_database() {
    let sandbox = Sandbox::small();
    for (words, part) in [
        ("users emit user.created", "missing `--user-id`"),
        ("users emit user.created --user-id 0", "must be a whole number above 0"),
        ("users emit user.created --user-id x", "invalid value"),
        ("users emit user.moved --user-id 1", "`user.moved` is not a type of event"),
        ("users emit user.created --user-id 1 --data {", "cannot read `--data` as a JSON object"),
        ("users emit user.created --user-id 1 --data {\"user\":{\"password\":\"x\"}}", "has the field `password`"),
        ("users emit user.created --user-id 1 --id=", "`id` must not be empty"),
        ("users emit - --user-id 1", "reads its events from stdin only"),
    ] {
        let outcome = sandbox.run(words).expect(2);
        assert!(outcome.stderr.contains(part), "`{part}` is not in: {}", outcome.stderr);
    }
    assert!(!sandbox.home.database().exists());
}

#[test]
fn byte_order_mark_at_the_start_of_stdin_is_accepted() {
    let sandbox = Sandbox::small();
    assert_eq!(sandbox.emit(&format!("\u{feff}{}", created([1, 2]))).json()["stored"], 2);
    let outcome = sandbox.spawn_fed("users emit -", &format!("{}\u{feff}{}", created([3]), created([4]))).wait();
    assert!(outcome.expect(2).stderr.contains("line 2 is no event"), "a byte order mark belongs at the start");
    assert_eq!(sandbox.database().count("user_events"), 2);
}

#[test]
fn ambiguous_event_is_refused_by_the_name_of_its_field() {
    let sandbox = Sandbox::small();
    for (field, part) in [
        (r#""user_id":2"#, "duplicate key `user_id`"),
        (r#""data":{"user":{"role":"a","role":"b"}}"#, "duplicate key `role`"),
        (r#""timestamp":"2026-01-32""#, "`timestamp` must be a time such as"),
        (r#""timestamp":true"#, "`timestamp` must be a time such as"),
    ] {
        let line = format!(r#"{{"type":"user.updated","user_id":1,{field}}}"#);
        let outcome = sandbox.spawn_fed("users emit -", &line).wait().expect(2);
        assert!(outcome.stderr.contains(part), "`{part}` is not in: {}", outcome.stderr);
    }
    let outcome = sandbox.spawn_fed("users emit user.updated --user-id 1 --data -", r#"{"a":1,"a":2}"#).wait();
    let outcome = outcome.expect(2);
    assert!(outcome.stderr.contains("duplicate key `a`"), "{}", outcome.stderr);
    assert_eq!(sandbox.database().count("user_events"), 0);
}

#[test]
fn concurrent_emits_all_succeed() {
    let sandbox = Sandbox::small();
    sandbox.emit(&created([1]));
    let runs: Vec<_> = (0..3).map(|_| sandbox.spawn_fed("users emit -", &created(1..=3000))).collect();
    for run in runs {
        run.wait().expect(0);
    }
    let database = sandbox.database();
    assert_eq!(
        (database.count("user_events"), database.value::<i64>("SELECT last_seq FROM user_outbox")),
        (9001, 9001)
    );
    database.assert_consistent();
}

#[test]
fn time_without_a_zone_is_in_the_configured_one_and_a_number_is_unix_time() {
    let mut sandbox = Sandbox::small();
    let stamps = [
        r#""2026-01-02T03:04:05Z""#,
        r#""2026-01-02T11:04:05""#,
        r#""2026-01-02 11:04:05""#,
        "1767323045",
        "1767323045000",
        "1767323045.0",
    ];
    let lines = stamps.map(|stamp| format!("{{\"type\":\"user.updated\",\"user_id\":1,\"timestamp\":{stamp}}}\n"));
    sandbox.emit(&lines.concat());
    let times = |sandbox: &Sandbox| sandbox.database().texts("SELECT DISTINCT occurred_at FROM user_events");
    assert_eq!(times(&sandbox), ["2026-01-02T03:04:05.000Z"]);
    sandbox.home.set("time_zone", "America/New_York");
    sandbox.emit(&lines[1]);
    assert_eq!(times(&sandbox)[1..], ["2026-01-02T16:04:05.000Z"]);
}
