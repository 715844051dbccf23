//! `export`, and lists as CSV.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Running, Sandbox, poll};

/// Many enough that they are not written in one piece.
const MANY: u32 = 120_000;

/// A database with responses of two accounts, and texts that a spreadsheet would run.
fn sandbox_with_rows(count: u32) -> Sandbox {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    let connection = Connection::open(sandbox.home.database()).expect("the database is there");
    connection
        .execute_batch(&format!(
            "DELETE FROM fairing_responses;
             WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO fairing_responses (key, content_hash, account, id, response, other, order_total, first_seen_at,
                 last_changed_at, last_seen_record, raw)
             SELECT i, x'00ff', CASE i % 3 WHEN 0 THEN 'shop-us' ELSE 'shop-eu' END, 'r' || i,
                 CASE i WHEN 1 THEN '=1+1' WHEN 2 THEN 'say \"hi\", 你好' WHEN 3 THEN NULL WHEN 4 THEN '' ELSE 'answer ' || i END,
                 i % 2, '-1.5', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 1 + i % 7, '{{}}'
             FROM n;"
        ))
        .expect("rows can be written");
    sandbox
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file of text")
}

/// Unfinished files beside the target.
fn drafts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.extension().is_some_and(|end| end == "partial")).collect()
}

#[test]
fn rows_are_exported_as_safe_csv_and_as_exact_json_lines() {
    let sandbox = sandbox_with_rows(6);
    let csv = sandbox.run("export v_responses --columns id,response,other,order_total").expect(0);
    assert_eq!(csv.stderr, "");
    assert_eq!(
        csv.stdout,
        "id,response,other,order_total\nr1,'=1+1,1,-1.5\nr2,\"say \"\"hi\"\", 你好\",0,-1.5\nr3,,1,-1.5\nr4,\"\",0,-1.5\n\
         r5,answer 5,1,-1.5\nr6,answer 6,0,-1.5\n"
    );
    let json = sandbox.run("export fairing_responses --columns id,response,content_hash --format jsonl").expect(0);
    let rows: Vec<Value> = json.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows[0], serde_json::json!({"id": "r1", "response": "=1+1", "content_hash": "00ff"}));
    assert_eq!(rows[2]["response"], Value::Null);

    let whole = sandbox.run("export fairing_responses").expect(0).stdout;
    assert_eq!(whole.lines().next().expect("a header").split(',').count(), 28);
    assert!(sandbox.run("export v_responses --bom --columns id").expect(0).stdout.starts_with("\u{feff}id\n"));
    assert_eq!(sandbox.run("export v_films --columns id").expect(0).stdout, "id\n");
}

#[test]
fn every_text_comes_out_as_it_is_stored() {
    let sandbox = sandbox_with_rows(9);
    let connection = Connection::open(sandbox.home.database()).expect("the database is there");
    let texts = [
        "<script>alert(1)</script>".to_owned(),
        "\u{202e}txt.exe\u{2066}".to_owned(),
        "\u{1b}[31mred\u{7}\u{85}\0end".to_owned(),
        "one\r\ntwo\u{2028}three".to_owned(),
        "\"\"\",;\t'".to_owned(),
        "\u{feff}\u{fffd}\u{10ffff}".to_owned(),
        "潮汐, \"".repeat(100_000),
    ];
    for (key, text) in (1_i64..).zip(&texts) {
        let changed = connection.execute("UPDATE fairing_responses SET response = ?1 WHERE key = ?2", (text, key));
        assert_eq!(changed.expect("a row"), 1);
    }
    // Half of a pair of surrogates is no UTF-8: only another program can have written it.
    connection
        .execute_batch("UPDATE fairing_responses SET response = CAST(x'eda080' AS TEXT) WHERE key = 8")
        .expect("a row");
    let csv = sandbox.run("export v_responses --columns id,response").expect(0).stdout;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let cells: Vec<String> = reader.records().map(|record| record.expect("good CSV")[1].to_owned()).collect();
    assert_eq!(cells[..7], texts);
    assert_eq!(cells[7..], ["eda080", "answer 9"]);
    let lines = sandbox.run("export v_responses --columns response --format jsonl").expect(0).stdout;
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(rows.len() == 9 && rows.iter().zip(&texts).all(|(row, text)| row["response"] == text.as_str()));
}

#[test]
fn rows_are_chosen_by_account_and_by_the_run_that_wrote_them() {
    let sandbox = sandbox_with_rows(60);
    let count = |flags: &str| sandbox.run(&format!("export v_responses {flags}")).expect(0).stdout.lines().count() - 1;
    assert_eq!(count(""), 60);
    assert_eq!(count("--where-account shop-us"), 20);
    assert_eq!(count("--where-account shop-us --where-account shop-eu"), 60);
    let since = sandbox.database().count("fairing_responses WHERE last_seen_record >= 6");
    assert_eq!(count("--since-record 6") as u64, since);
    let both = sandbox.database().count("fairing_responses WHERE last_seen_record >= 6 AND account = 'shop-us'");
    assert_eq!(count("--since-record 6 --where-account shop-us") as u64, both);
}

#[test]
fn what_is_unknown_or_does_not_fit_is_refused_with_the_nearest_name() {
    let sandbox = sandbox_with_rows(3);
    let database = sandbox.home.database().display().to_string();
    for (arguments, message, hint) in [
        ("export v_respones", "did you mean `v_responses`?", "see `tongbu export`"),
        ("export sync_locks", "`sync_locks` is no table or view that can be exported", "see `tongbu export`"),
        ("export user_rejections", "no table or view that can be exported", ""),
        (
            "export v_responses --columns id,respons",
            "no column `respons`; did you mean `response`?",
            "its columns: `account`",
        ),
        ("export v_films --where-account x", "`v_films` has no column `account`", ""),
        ("export v_responses --where-account shop-e", "no account `shop-e` is known", "did you mean `shop-eu`?"),
        ("export v_deliveries --since-record 1", "do not say which run wrote them", "leave out `--since-record`"),
        ("export v_films --format parquet", "does not write Parquet", "duckdb -c"),
        ("export v_films --format jsonl --bom", "`--bom` goes with `--format csv`", ""),
        ("export v_films -o .", "is a directory", ""),
        (&format!("export v_films -o {database}"), "is the database itself", ""),
        (&format!("export v_films -o {database}-wal"), "is the database itself", ""),
    ] {
        // The log of a database is there while somebody has it open.
        let _open = sandbox.database();
        let _written = sandbox.database().count("sync_records");
        let outcome = sandbox.run(arguments).expect(2);
        assert!(outcome.stdout.is_empty(), "{arguments}: {}", outcome.stdout);
        assert!(outcome.stderr.contains(message) && outcome.stderr.contains(hint), "{arguments}: {}", outcome.stderr);
    }
    let outcome = sandbox.run("export v_films --json").expect(2);
    assert!(outcome.stdout.contains("give `-o FILE`"), "{}", outcome.stdout);
    sandbox.database().assert_consistent();
}

#[test]
fn file_is_replaced_as_a_whole_and_keeps_its_rights() {
    let sandbox = sandbox_with_rows(6);
    let target = sandbox.home.path().join("out.csv");
    let words = format!("export v_responses --columns id -o {} --json", target.display());
    let document = sandbox.run(&words).expect(0).json();
    assert_eq!(document["rows"], 6);
    assert_eq!(document["bytes"], fs::metadata(&target).expect("a file").len());
    assert_eq!(fs::metadata(&target).expect("a file").permissions().mode() & 0o777, 0o600);

    fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).expect("the file is ours");
    let link = sandbox.home.path().join("link.csv");
    std::os::unix::fs::symlink(&target, &link).expect("a link can be made");
    let said = sandbox.run(&format!("export v_responses --columns account -o {}", link.display())).expect(0);
    assert!(said.stdout.contains("exported 6 rows"), "{}", said.stdout);
    assert_eq!(fs::metadata(&target).expect("a file").permissions().mode() & 0o777, 0o644);
    assert!(link.is_symlink() && read(&target).starts_with("account\n"));
    assert_eq!(drafts(sandbox.home.path()), Vec::<PathBuf>::new());
}

#[test]
fn full_disk_and_a_signal_leave_the_file_from_before() {
    let sandbox = sandbox_with_rows(MANY);
    let folder = sandbox.home.path().join("out");
    fs::create_dir(&folder).expect("a directory can be made");
    let target = folder.join("out.csv");
    fs::write(&target, "before").expect("a file can be written");
    let words = format!("export fairing_responses -o {}", target.display());

    let limited = format!("trap '' XFSZ; ulimit -f 100; exec {} {words}", env!("CARGO_BIN_EXE_tongbu"));
    let mut shell = sandbox.home.command(Path::new("/bin/sh"));
    shell.args(["-c", &limited]);
    let outcome = Running::start(shell).wait().expect(4);
    assert!(outcome.stderr.contains("cannot write `") && outcome.stderr.contains("out.csv`"), "{}", outcome.stderr);
    assert_eq!((read(&target).as_str(), drafts(&folder).len()), ("before", 0));

    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let running = sandbox.spawn(&words);
        poll("a draft", || drafts(&folder).iter().any(|draft| draft.metadata().is_ok_and(|file| file.len() > 0)));
        running.signal(signal);
        running.wait().expect(code);
        assert_eq!((read(&target).as_str(), drafts(&folder).len()), ("before", 0));
    }

    sandbox.run(&words).expect(0);
    assert_eq!(read(&target).lines().count() as u64, u64::from(MANY) + 1);
    let outcome = sandbox.run("export fairing_responses -o /dev/full").expect(4);
    assert!(outcome.stderr.contains("free some space there"), "{}", outcome.stderr);
}

#[test]
fn reader_that_closes_its_end_is_no_error() {
    let sandbox = sandbox_with_rows(MANY);
    let script = format!("{} export v_responses | head -n 1; echo ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_tongbu"));
    let mut shell = sandbox.home.command(Path::new("/bin/bash"));
    shell.args(["-c", &script]);
    let outcome = Running::start(shell).wait().expect(0);
    assert!(outcome.stdout.starts_with("account,id,") && outcome.stdout.ends_with("\n0\n"), "{}", outcome.stdout);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn memory_does_not_grow_with_the_rows() {
    let peak = |sandbox: &Sandbox| {
        let words = format!("export fairing_responses -o {}", sandbox.home.path().join("out.csv").display());
        sandbox.run(&words).expect(0).peak_bytes
    };
    let (few, many) = (peak(&sandbox_with_rows(MANY / 10)), peak(&sandbox_with_rows(MANY)));
    assert!(many < few + 8 * 1024 * 1024, "{few} bytes for few rows, {many} for many");
}

#[test]
fn every_list_is_csv_with_the_keys_of_its_document() {
    let sandbox = Sandbox::small();
    for sync in ["fairing", "ecs", "douban"] {
        sandbox.run(&format!("sync {sync}")).expect(0);
    }
    for (list, key) in [
        ("records list", "records"),
        ("locks list --all", "locks"),
        ("status", "syncs"),
        ("films list", "films"),
        ("ecs list", "instances"),
        ("ecs changes", "changes"),
        ("config show", "settings"),
        ("tasks list", "tasks"),
        ("packages list", "packages"),
        ("users events list", "events"),
        ("users queue", "targets"),
        ("records stats", "stats"),
    ] {
        let document = sandbox.run(&format!("{list} --json")).expect(0).json();
        let rows = document[key].as_array().unwrap_or_else(|| panic!("{list}: {document:#}"));
        let csv = sandbox.run(&format!("{list} -o csv")).expect(0);
        assert_eq!(csv.stderr, "", "{list}");
        let mut reader = csv::Reader::from_reader(csv.stdout.as_bytes());
        let names: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
        assert!(names.len() > 2, "{list}: {names:?}");
        let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("good CSV");
        assert_eq!(records.len(), rows.len(), "{list}");
        for (record, row) in records.iter().zip(rows) {
            assert_eq!(names.len(), row.as_object().expect("a row").len(), "{list}");
            for (name, cell) in names.iter().zip(record) {
                let expected = match &row[name] {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                        value.to_string()
                    }
                };
                // Ages go on between the two.
                assert!(cell.trim_start_matches('\'') == expected || name.contains("age"), "{list} {name}: {cell}");
            }
        }
        let wide = sandbox.run(&format!("{list} --wide")).expect(0).stdout;
        if !rows.is_empty() {
            assert!(
                wide.lines().next().expect("titles").split("  ").filter(|title| !title.is_empty()).count()
                    >= names.len() / 2
            );
        }
    }
    assert_eq!(sandbox.run("records list -o json").expect(0).json()["total"], 3);
    sandbox.run("records list -o csv --json").expect(2);
}
