//! The page of `report`: its numbers against plain SQL, and how a terminal and a browser show them.

mod drawn;
mod fleet;
mod runs;

use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};

use crate::lifecycle::places::skip;
use crate::sandbox::Fault;
use crate::support::{Sandbox, run_python};

const BROWSER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser.py");
const SCREENSHOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/browser");

/// A sandbox in which everything has run, and some of it failed.
fn used() -> Sandbox {
    let sandbox = Sandbox::small();
    sandbox.run("sync all --force");
    sandbox.run("sync ecs").expect(0);
    sandbox.fairing.server().always(Fault::Status(500));
    sandbox.run("sync fairing").expect(5);
    sandbox.fairing.server().clear_faults();
    sandbox
}

fn write(sandbox: &Sandbox, sql: &str) {
    let connection = Connection::open(sandbox.home.database()).expect("the database");
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
}

/// The report's document, for looking up numbers by section and key.
struct Document(Value);

impl Document {
    fn load(sandbox: &Sandbox, since: &str) -> Self {
        Self(sandbox.run(&format!("report --json --since {since}")).expect(0).json())
    }

    #[track_caller]
    fn find(&self, section: &str, kind: &str, key: &str) -> &Value {
        let all = self.0["sections"].as_array().expect("sections");
        let found = all.iter().find(|known| known["key"] == section);
        let section = found.unwrap_or_else(|| panic!("no section {section} in {:#}", self.0));
        let found = section[kind].as_array().expect("a list").iter().find(|known| known["key"] == key);
        found.unwrap_or_else(|| panic!("no {key} in {section:#}"))
    }

    /// The values of a series, one for each slot; nothing where the page leaves it out.
    fn series(&self, section: &str, chart: &str, key: &str) -> Vec<Option<f64>> {
        let all = self.0["sections"].as_array().expect("sections").iter();
        let charts = all.filter(|known| known["key"] == section).filter_map(|known| known["charts"].as_array());
        let mut series =
            charts.flatten().filter(|known| known["key"] == chart).filter_map(|known| known["series"].as_array());
        let found = series.next().into_iter().flatten().find(|known| known["key"] == key);
        let values = found.and_then(|found| found["values"].as_array()).into_iter().flatten();
        values.map(Value::as_f64).collect()
    }

    fn rows(&self, section: &str, list: &str) -> &Vec<Value> {
        self.find(section, "lists", list)["rows"].as_array().expect("rows")
    }

    /// The first and the last day of each slot.
    fn slots(&self) -> Vec<(String, String)> {
        let day = |slot: &Value, key: &str| slot[key].as_str().expect("a day").to_owned();
        let slots = self.0["slots"].as_array().expect("slots");
        slots.iter().map(|slot| (day(slot, "first"), day(slot, "last"))).collect()
    }

    /// Compares a number with a statement's.
    #[track_caller]
    fn check(&self, sandbox: &Sandbox, section: &str, key: &str, sql: &str) {
        let found = self.find(section, "facts", key)["value"].as_f64();
        assert_same(&format!("{section} {key}"), found, number(sandbox, sql), 1e-6, sql);
    }

    /// Compares each value of a series with the statement for the days of its slot. A series that the page leaves out has
    /// no value but zero.
    #[track_caller]
    fn check_series(&self, sandbox: &Sandbox, at: [&str; 3], tolerance: f64, sql: impl Fn(&str, &str) -> String) {
        let [section, chart, key] = at;
        let values = self.series(section, chart, key);
        for (slot, (first, last)) in self.slots().iter().enumerate() {
            let sql = sql(first, last);
            let expected = number(sandbox, &sql);
            if values.is_empty() {
                assert!(expected.is_none_or(|expected| expected == 0.0), "{at:?} is left out: {expected:?} by {sql}");
            } else {
                assert_same(&format!("{at:?} {first}"), values[slot], expected, tolerance, &sql);
            }
        }
    }
}

/// What a statement answers with, as a number.
#[track_caller]
fn number(sandbox: &Sandbox, sql: &str) -> Option<f64> {
    match sandbox.database().rows(sql).first().and_then(|row| row.first()) {
        Some(Cell::Integer(number)) => number.to_string().parse().ok(),
        Some(Cell::Real(number)) => Some(*number),
        _ => None,
    }
}

/// Both are there and differ by this share of them at most, or both are missing.
#[track_caller]
fn assert_same(name: &str, found: Option<f64>, expected: Option<f64>, tolerance: f64, sql: &str) {
    let is_same = match (found, expected) {
        (Some(found), Some(expected)) => (found - expected).abs() <= expected.abs() * tolerance + 1e-6,
        (None, None) => true,
        _ => false,
    };
    assert!(is_same, "{name}: {found:?}, and {expected:?} by {sql}");
}

#[test]
fn a_report_is_there_before_any_run() {
    let sandbox = Sandbox::small();
    let said = sandbox.run("report").expect(0);
    assert!(said.stdout.contains("sync all"), "{}", said.stdout);
    let document = sandbox.run("report --json").expect(0).json();
    assert_eq!(document["schema"], "tongbu.report/1", "{document:#}");
    let file = sandbox.home.path().join("report.html");
    sandbox.run(&format!("report --html {}", file.display())).expect(0);
    assert!(std::fs::read_to_string(file).expect("a page").contains("never ran"));
    sandbox.run("report --html /nowhere/report.html").expect(4);
    sandbox.run("report --html /dev/full").expect(4);
    sandbox.run("report --html .").expect(2);
    assert!(sandbox.run("report --html -").expect(0).stdout.starts_with("<!DOCTYPE html>"));
    let database = sandbox.home.database().display().to_string();
    sandbox.run("sync users").expect(0);
    sandbox.run(&format!("report --html {database}")).expect(2);
    sandbox.database().assert_consistent();
    sandbox.run("report --open").expect(2);
}

#[test]
fn a_report_fits_the_terminal() {
    let sandbox = used();
    for width in [80, 200] {
        let mut command = sandbox.command();
        command.args(["report"]).env("COLUMNS", width.to_string());
        let shown = crate::support::Running::start_with(&mut command).expect(0).stdout;
        assert!(shown.contains('█') && shown.contains("Health now"), "{shown}");
    }
}

/// The browser, where one is installed.
fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.iter().find(|name| {
        let status = Command::new(name).arg("--version").output();
        status.is_ok_and(|output| output.status.success())
    });
    found.map(PathBuf::from)
}

#[test]
fn a_browser_shows_the_report_well() {
    let Some(browser) = browser() else {
        return skip("skipped: this test needs Chromium (Debian: `apt-get install chromium`)");
    };
    let sandbox = used();
    fleet::past(&sandbox);
    let mut files = Vec::new();
    for lang in ["en", "zh"] {
        let file = Path::new(SCREENSHOTS).join(format!("report-{lang}.html"));
        std::fs::create_dir_all(SCREENSHOTS).expect("a folder");
        sandbox.run(&format!("report --since 10d --lang {lang} --html {}", file.display())).expect(0);
        files.push(file);
    }
    let case = |name: &str, file: &Path, width: u32, dark: bool| json!({"name": name, "file": file, "width": width, "height": 900, "dark": dark});
    let cases = [
        case("desktop", &files[0], 1280, false),
        case("phone", &files[0], 390, false),
        case("dark", &files[0], 1280, true),
        case("phone-dark", &files[0], 390, true),
        case("zh", &files[1], 1280, false),
        case("zh-phone", &files[1], 390, false),
    ];
    let printed = run_python(&[BROWSER, &browser.to_string_lossy(), SCREENSHOTS], &json!(cases).to_string());
    let faults: Value = serde_json::from_str(&printed).expect("the script prints JSON");
    let found: Vec<_> = cases.iter().map(|case| &faults[case["name"].as_str().unwrap_or_default()]).collect();
    assert!(found.iter().all(|faults| faults.as_array().is_some_and(Vec::is_empty)), "{faults:#}");
}
