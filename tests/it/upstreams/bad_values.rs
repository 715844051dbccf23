//! One value that JSON does not have, in one row of an answer: it costs no other row.

use crate::sandbox::{Fault, Rule};
use crate::support::{Outcome, Sandbox};

/// Texts with something in them that no text has: stored with a replacement character or escaped.
const TEXTS: [&[u8]; 9] = [
    br#""a\ud83d""#,
    br#""\ude00 \ud83d""#,
    br#""a\uD83Db\n""#,
    b"\"a\tb\"",
    b"\"a\nb\"",
    b"\"a\x01\x1f\"",
    b"\"a\xff\xfe\"",
    b"\"\xe4\xb8\xad\xe4\xb8\"",
    br#""C:\x \q""#,
];
/// Members with a name, or values deeper inside, of the same kind.
const NESTED: [&[u8]; 3] = [br#"{"k\ud83d":["\ude00"]}"#, b"[{\"a\tb\":\"c\nd\"}]", b"{\"a\xff\":\"b\xed\xa0\xbd\"}"];
/// Values that are none: their row alone cannot be stored.
const OTHERS: [&[u8]; 7] = [b"NaN", b"Infinity", b"-Infinity", b"[1,{\"n\":NaN}]", b"undefined", b"+1", b"01"];

/// A list of rows, of which the row `b` has that value.
fn rows(value: &[u8], row: impl Fn(&str) -> String) -> Vec<u8> {
    let mark = "\"VALUE\"";
    let text = ["a", "b", "c"].map(|id| row(id).replace(mark, if id == "b" { mark } else { "\"good\"" })).join(",");
    let (before, after) = text.split_once(mark).expect("the row has a place for the value");
    [before.as_bytes(), value, after.as_bytes()].concat()
}

/// The problem of an outcome names only this row.
#[track_caller]
fn check_problem(outcome: &Outcome, id: &str, value: &[u8]) {
    let value = String::from_utf8_lossy(value);
    let document = outcome.json();
    let problems = document["problems"].as_array().expect("a list");
    assert_eq!((problems.len(), &problems[0]["id"]), (1, &id.into()), "{value}: {document:#}");
    assert_eq!(problems[0]["class"], "contract");
    assert_eq!((outcome.count("failed"), document["status"].as_str()), (1, Some("partial")), "{value}");
    check_total(outcome);
}

#[track_caller]
pub fn check_total(outcome: &Outcome) {
    let counts = ["new", "updated", "unchanged", "restored", "failed"].map(|name| outcome.count(name));
    assert_eq!(outcome.count("total"), counts.iter().sum::<u64>(), "{}", outcome.stdout);
}

/// What the tests do in each upstream.
pub struct Case {
    pub arguments: &'static str,
    path: &'static str,
    /// A text of the request: in its query or a header.
    mention: &'static str,
    pub table: &'static str,
    id: &'static str,
    pub row: fn(&str) -> String,
    pub document: fn(&str) -> (String, String),
}

pub const CASES: [Case; 5] = [
    Case {
        arguments: "sync fairing --json --account shop-eu --kind responses",
        path: "/api/responses",
        mention: "",
        table: "fairing_responses",
        id: "id",
        row: |id| format!(r#"{{"id":"{id}","other_response":"VALUE","zzz":1}}"#),
        document: |rows| (format!(r#"{{"data":[{rows}"#), r#"],"next":null}"#.to_owned()),
    },
    Case {
        arguments: "sync fairing --json --account shop-eu --kind questions",
        path: "/api/questions",
        mention: "",
        table: "fairing_questions",
        id: "id",
        row: |id| format!(r#"{{"unknown":"VALUE","id":"{id}"}}"#),
        document: |rows| (format!("[{rows}"), "]".to_owned()),
    },
    Case {
        arguments: "sync tasks --json --window historical",
        path: "/task/list",
        mention: "",
        table: "tasks",
        id: "id",
        row: |id| format!(r#"{{"id":"{id}","name":"n","extra":"VALUE"}}"#),
        document: |rows| (format!(r#"{{"code":200,"data":{{"data":[{rows}"#), r#"],"totalCount":3}}"#.to_owned()),
    },
    Case {
        arguments: "sync ecs --json --account prod --regions cn-beijing --incremental",
        path: "/",
        mention: "DescribeInstances",
        table: "ecs_instances",
        id: "instance_id",
        row: |id| format!(r#"{{"InstanceId":"{id}","Status":"Running","Unknown":{{"x":"VALUE"}}}}"#),
        document: |rows| (format!(r#"{{"Instances":{{"Instance":[{rows}"#), "]}}".to_owned()),
    },
    Case {
        arguments: "sync ecs --json --account game --regions ap-guangzhou",
        path: "/",
        mention: "DescribeInstances",
        table: "ecs_instances",
        id: "instance_id",
        row: |id| format!(r#"{{"InstanceId":"{id}","InstanceState":"RUNNING","Unknown":"VALUE"}}"#),
        document: |rows| {
            (format!(r#"{{"Response":{{"InstanceSet":[{rows}"#), r#"],"TotalCount":3,"RequestId":"r"}}"#.to_owned())
        },
    },
];

impl Case {
    fn answer(&self, value: &[u8], row: fn(&str) -> String) -> Vec<u8> {
        let (before, after) = (self.document)("");
        [before.as_bytes(), &rows(value, row), after.as_bytes()].concat()
    }

    /// A pass over this answer.
    pub fn pass(&self, sandbox: &Sandbox, answer: Vec<u8>) -> Outcome {
        self.pass_with(sandbox, Fault::Bytes(answer))
    }

    /// A pass in which every page is answered so.
    pub fn pass_with(&self, sandbox: &Sandbox, fault: Fault) -> Outcome {
        let server = sandbox.servers_named(self.arguments);
        server.clear_faults();
        let rule = Rule::on(self.path, fault);
        server.add(if self.mention.is_empty() { rule } else { rule.mentioning(self.mention) });
        sandbox.run(self.arguments)
    }

    /// The answer with these rows, and this before its end.
    pub fn document_of(&self, ids: &[&str], beside: &str) -> Vec<u8> {
        let rows: Vec<String> = ids.iter().map(|id| (self.row)(id).replace("VALUE", "good")).collect();
        let (before, after) = (self.document)(&rows.join(","));
        let end = after.rfind('}').unwrap_or(after.len());
        format!("{before}{}{beside}{}", &after[..end], &after[end..]).into_bytes()
    }
}

impl Sandbox {
    /// The server of the upstream that these words sync.
    fn servers_named(&self, arguments: &str) -> &crate::sandbox::FakeServer {
        let name = arguments.split_whitespace().nth(1).expect("a name");
        self.servers().into_iter().find(|(known, ..)| *known == name).expect("an upstream").2
    }
}

#[test]
fn a_text_that_is_none_is_stored_repaired_and_the_second_pass_changes_nothing() {
    for case in &CASES {
        let sandbox = Sandbox::small();
        for value in TEXTS.iter().chain(&NESTED) {
            let answer = case.answer(value, case.row);
            let shown = format!("{} {}", case.arguments, String::from_utf8_lossy(value));
            let outcome = case.pass(&sandbox, answer.clone());
            assert_eq!(outcome.code, Some(0), "{shown}: {}", outcome.said());
            check_total(&outcome);
            let live = format!("{} WHERE deleted_at IS NULL AND json_valid(raw)", case.table);
            assert_eq!(sandbox.database().count(&live), 3, "{shown}");
            let content = sandbox.database().content(case.table);
            let second = case.pass(&sandbox, answer).expect(0);
            assert_eq!(second.count("unchanged"), 3, "{shown}: {}", second.stdout);
            assert_eq!(sandbox.database().content(case.table), content, "{shown}");
        }
    }
}

#[test]
fn a_value_that_is_none_fails_its_row_alone_by_its_id() {
    for case in &CASES {
        let sandbox = Sandbox::small();
        case.pass(&sandbox, case.answer(b"\"good\"", case.row)).expect(0);
        let of_b = format!("SELECT * FROM {} WHERE {} = 'b'", case.table, case.id);
        let before = sandbox.database().rows(&of_b);
        for value in OTHERS {
            let outcome = case.pass(&sandbox, case.answer(value, case.row)).expect(3);
            check_problem(&outcome, "b", value);
            assert_eq!((outcome.count("unchanged"), outcome.count("deleted")), (2, 0), "{}", outcome.stdout);
            assert_eq!(sandbox.database().rows(&of_b), before);
        }
        // On a first pass the others are stored.
        let sandbox = Sandbox::small();
        let outcome = case.pass(&sandbox, case.answer(b"NaN", case.row)).expect(3);
        check_problem(&outcome, "b", b"NaN");
        assert_eq!((outcome.count("new"), sandbox.database().count(case.table)), (2, 2));
    }
}

#[test]
fn a_row_that_cannot_be_stored_is_not_missing_and_another_one_still_is() {
    for case in [&CASES[0], &CASES[3]] {
        let sandbox = Sandbox::small();
        case.pass(&sandbox, case.answer(b"\"good\"", case.row)).expect(0);
        let answer = String::from_utf8(case.answer(b"NaN", case.row)).expect("text");
        let without_c = answer.replace(&format!(",{}", (case.row)("c").replace("VALUE", "good")), "");
        let outcome = case.pass(&sandbox, without_c.into_bytes()).expect(3);
        check_problem(&outcome, "b", b"NaN");
        let deleted =
            sandbox.database().texts(&format!("SELECT {} FROM {} WHERE deleted_at IS NOT NULL", case.id, case.table));
        assert_eq!(deleted, ["c"], "{}", case.arguments);
    }
}

#[test]
fn a_document_that_is_broken_stays_so() {
    for case in &CASES {
        let sandbox = Sandbox::small();
        let good = case.answer(b"\"good\"", case.row);
        let cut = good[..good.len() - 30].to_vec();
        let trailing = [&good[..], b"x"].concat();
        for answer in [cut, trailing, b"NaN".to_vec(), b"<html>".to_vec()] {
            let shown = String::from_utf8_lossy(&answer).into_owned();
            let outcome = case.pass(&sandbox, answer);
            assert_eq!(outcome.code, Some(7), "{shown}: {}", outcome.said());
        }
    }
}

#[test]
fn ids_that_are_no_text_are_never_taken_for_one_another() {
    for case in &CASES {
        let sandbox = Sandbox::small();
        case.pass(&sandbox, case.answer(b"\"good\"", case.row)).expect(0);
        let rows = [(case.row)("a"), (case.row)(r"b\ud83d"), (case.row)(r"b\ud83e")].join(",").replace("VALUE", "good");
        let (before, after) = (case.document)(&rows);
        let outcome = case.pass(&sandbox, [before, after].concat().into_bytes()).expect(3);
        let counts = ["unchanged", "failed", "new", "deleted"].map(|name| outcome.count(name));
        assert_eq!(counts, [1, 2, 0, 0], "{}: {}", case.arguments, outcome.stdout);
        check_total(&outcome);
    }
}

#[test]
fn a_number_beyond_all_bounds_costs_no_more_than_its_row() {
    for case in &CASES {
        let outcome = case.pass(&Sandbox::small(), case.answer(b"1e999", case.row));
        // Where numbers are kept as they are written, it is one like any other.
        let (code, new) = if case.table.starts_with("fairing") { (0, 3) } else { (3, 2) };
        assert_eq!((outcome.code, outcome.count("new")), (Some(code), new), "{}", outcome.said());
    }
}

#[test]
fn a_list_of_films_loses_one_item_and_no_film_its_place() {
    const GOOD: &str = r#"{"items":[{"id":"1","title":"a"},{"id":"2","title":"b"},{"id":"3","title":"c"}]}"#;
    let sandbox = Sandbox::small();
    let pass = |list: &[u8]| {
        let server = sandbox.douban.server();
        server.clear_faults();
        server.add(Rule::on("/rexxar/api/v2/subject/recent_hot", Fault::Bytes(list.to_vec())));
        sandbox.run("sync douban --json --no-details")
    };
    pass(GOOD.as_bytes()).expect(0);
    let places = "SELECT source_id || ' ' || title || ' ' || coalesce(list_rank, '-') FROM videos ORDER BY source_id";
    let list = br#"{"items":[{"id":"1","title":"a\ud83d"},{"id":"2","title":"b","x":NaN},{"id":"3","title":"c"}]}"#;
    let outcome = pass(list).expect(3);
    check_problem(&outcome, "2", b"NaN");
    assert_eq!(sandbox.database().texts(places), ["1 a\u{fffd} 0", "2 b 1", "3 c 1"]);

    let twice = br#"{"items":[{"id":"1","title":"a"},{"id":"2","title":"b"},{"id":"1","title":"later"}]}"#;
    let mut contents = Vec::new();
    for (updated, unchanged) in [(1, 1), (0, 2)] {
        let outcome = pass(twice).expect(0);
        assert_eq!((outcome.count("updated"), outcome.count("unchanged")), (updated, unchanged), "{}", outcome.stdout);
        assert!(outcome.json()["warnings"].to_string().contains("`1`"), "{}", outcome.stdout);
        check_total(&outcome);
        contents.push(sandbox.database().content("videos"));
    }
    assert_eq!(contents[0], contents[1]);
    assert_eq!(sandbox.database().texts(places)[0], "1 later 0");
}

#[test]
fn an_id_that_comes_twice_counts_once_and_the_later_row_is_stored() {
    for case in &CASES[2..] {
        let sandbox = Sandbox::small();
        let row = case.row;
        let rows = [row("a"), row("b"), row("b").replace("VALUE", "later"), row("c")].join(",");
        let (before, after) = (case.document)(&rows);
        let mut contents = Vec::new();
        for (new, unchanged) in [(3, 0), (0, 3)] {
            let outcome = case.pass(&sandbox, format!("{before}{after}").into_bytes()).expect(0);
            assert_eq!((outcome.count("new"), outcome.count("unchanged")), (new, unchanged), "{}", outcome.stdout);
            check_total(&outcome);
            assert!(outcome.json()["warnings"].to_string().contains("`b`"), "{}", outcome.stdout);
            contents.push(sandbox.database().content(case.table));
        }
        assert_eq!(contents[0], contents[1], "{}", case.arguments);
        assert_eq!(sandbox.database().count(&format!("{} WHERE raw LIKE '%later%'", case.table)), 1);
    }
}

/// A value that must not be seen, and answers that have it where something else is expected: of every parser.
const CANARY: &str = "hunter2-canary-7e31";

#[test]
fn no_message_about_an_answer_repeats_its_values() {
    let films = ("sync douban --json --no-details", "/");
    let tmdb = ("sync tmdb --json", "/");
    let of = |case: usize| (CASES[case].arguments, CASES[case].path);
    for ((arguments, path), body) in [
        (of(0), r#"{"data":"CANARY","next":null}"#),
        (of(0), r#"{"data":[],"next":["CANARY"]}"#),
        (of(0), r#""CANARY""#),
        (of(1), r#"["CANARY"]"#),
        (of(2), r#"{"code":"CANARY","data":{}}"#),
        (of(2), r#"{"code":200,"data":"CANARY"}"#),
        (of(2), r#"{"code":200,"data":{"data":[],"totalCount":"CANARY, expected u64"}}"#),
        (of(3), r#"{"Instances":"CANARY"}"#),
        (of(3), r#"{"Instances":{"Instance":[{"InstanceId":"i","InstanceName":["CANARY"]}]},"NextToken":["CANARY"]}"#),
        (of(4), r#"{"Response":{"TotalCount":"CANARY","InstanceSet":[]}}"#),
        (films, r#"{"items":"CANARY"}"#),
        (films, r#"["CANARY"]"#),
        (tmdb, r#"{"results":"CANARY","total_results":"CANARY","total_pages":1}"#),
        (tmdb, r#""CANARY""#),
    ] {
        let sandbox = Sandbox::small();
        let server = sandbox.servers_named(arguments);
        server.add(Rule::on(path, Fault::Bytes(body.replace("CANARY", CANARY).into_bytes())));
        let outcome = sandbox.run(&format!("{arguments} -vv --log-file log.jsonl"));
        assert!(matches!(outcome.code, Some(3 | 7)), "{body}: {}", outcome.said());
        assert!(!outcome.said().contains(CANARY), "{body}: {}", outcome.said());
        for file in std::fs::read_dir(sandbox.home.path()).expect("a directory") {
            let path = file.expect("an entry").path();
            let bytes = if path.is_file() { std::fs::read(&path).expect("a file") } else { Vec::new() };
            let is_seen = memchr::memmem::find(&bytes, CANARY.as_bytes()).is_some();
            assert!(!is_seen, "{body}: {}", path.display());
        }
    }
}
