//! Packages and the tasks that call them.

use serde_json::{Value, json};

use super::{HISTORICAL, TODAY, check_counts};
use crate::sandbox::Tasks;
use crate::support::Sandbox;

/// The packages of the first two tasks.
const FIRST: &str = "禹州-1015A-高三-1000";
const SECOND: &str = "郑州-1015A-高三-1000";
const OTHER: &str = "老客户-1101B-高二-300";

impl Sandbox {
    fn list(&self, state: &str) -> Vec<Value> {
        let document = self.run(&format!("tasks list --match {state} --per-page 1000 --json")).expect(0).json();
        document["tasks"].as_array().cloned().unwrap_or_default()
    }
}

#[test]
fn a_name_that_begins_with_a_code_is_matched_and_the_rest_is_pending() {
    let sandbox = Sandbox::small();
    sandbox.import(&[FIRST, SECOND]);
    check_counts(&sandbox.run(&format!("{HISTORICAL} --json")).expect(0), [85, 85, 0, 0, 2, 83, 0, 0]);
    let matched = sandbox.list("matched");
    let codes: Vec<_> = matched.iter().map(|task| &task["package_code"]).collect();
    assert_eq!(codes, [FIRST, SECOND]);
    assert_eq!((&matched[0]["how"], &matched[0]["match"]), (&"auto".into(), &"matched".into()));

    // A package that comes later takes its tasks with the next pass, or at once when asked.
    let third = sandbox.tasks_code(4);
    sandbox.import(&[third.as_str()]);
    let rematch = sandbox.run("tasks rematch --json").expect(0).json();
    assert_eq!(rematch["changed"][0]["package_code"], third, "{rematch:#}");
    check_counts(&sandbox.run(&format!("{HISTORICAL} --json")).expect(0), [85, 0, 0, 85, 3, 82, 0, 0]);
    let fourth = sandbox.tasks_code(5);
    sandbox.import(&[fourth.as_str()]);
    check_counts(&sandbox.run(&format!("{HISTORICAL} --json")).expect(0), [85, 0, 1, 84, 4, 81, 0, 0]);
}

#[test]
fn manual_matches_survive_every_pass() {
    let sandbox = Sandbox::small();
    sandbox.import(&[FIRST, OTHER]);
    sandbox.run(HISTORICAL).expect(0);
    sandbox.run(&format!("tasks match 20001 {OTHER}")).expect(0);
    sandbox.run("tasks idle 20002 20003").expect(0);
    // The package that would be found by name comes only now.
    sandbox.import(&[SECOND, sandbox.tasks_code(2).as_str()]);
    sandbox.run("tasks rematch").expect(0);
    for _ in 0..2 {
        sandbox.tasks.change(|tasks| tasks.iter_mut().for_each(|task| task.called += 1));
        check_counts(&sandbox.run(&format!("{HISTORICAL} --json")).expect(0), [85, 0, 85, 0, 2, 81, 2, 0]);
        let manual =
            "task_matches WHERE task_id = '20001' AND how = 'manual' AND package_code = '老客户-1101B-高二-300'";
        assert_eq!(sandbox.database().count(manual), 1);
        assert_eq!(sandbox.list("idle").len(), 2);
    }
}

#[test]
fn a_package_removed_under_a_manual_match_fails_exactly_that_task() {
    let sandbox = Sandbox::small();
    sandbox.import(&[FIRST, OTHER]);
    sandbox.run(HISTORICAL).expect(0);
    sandbox.run(&format!("tasks match 20001 {OTHER}")).expect(0);
    let removed = sandbox.run(&format!("packages remove {OTHER} --json")).expect(0).json();
    assert_eq!((&removed["removed"], &removed["matched_by_hand"]), (&OTHER.into(), &1.into()));

    let outcome = sandbox.run(&format!("{HISTORICAL} --json")).expect(3);
    check_counts(&outcome, [85, 0, 0, 84, 1, 83, 0, 1]);
    assert_eq!(outcome.json()["status"], "partial");
    let details = sandbox.run("records show 2 --json").expect(0).json()["record"]["error_details"].clone();
    assert_eq!(details.as_array().map(Vec::len), Some(1), "{details:#}");
    let task_name = format!("{SECOND}-N-A-L3-1017");
    let found = json!([details[0]["task_id"], details[0]["task_name"]]);
    assert_eq!(found, json!(["20001", task_name]));
    let error = details[0]["error"].as_str().unwrap_or_default();
    assert!(error.contains("数据包不存在") && error.contains(OTHER), "{error}");

    // It comes back, or a person says otherwise.
    sandbox.import(&[OTHER]);
    sandbox.run(HISTORICAL).expect(0);
    sandbox.run(&format!("packages remove {OTHER}")).expect(0);
    sandbox.run("tasks idle 20001").expect(0);
    check_counts(&sandbox.run(&format!("{HISTORICAL} --json")).expect(0), [85, 0, 0, 85, 1, 83, 1, 0]);
}

#[test]
fn an_import_is_an_upsert_and_a_file_with_a_bad_row_changes_nothing() {
    let sandbox = Sandbox::small();
    let counts = |document: Value| ["new", "updated", "unchanged"].map(|name| document[name].as_u64());
    assert_eq!(counts(sandbox.import(&[FIRST, SECOND]).json()), [Some(2), Some(0), Some(0)]);
    assert_eq!(counts(sandbox.import(&[FIRST, OTHER]).json()), [Some(1), Some(0), Some(1)]);

    let write = |text: &str| std::fs::write(sandbox.home.path().join("packages.csv"), text).expect("the home");
    write("code,valid_leads,cost_per_lead\n禹州-1015A-高三-1000,90,2.5\n");
    let before = sandbox.database_bytes();
    let dry = sandbox.run("packages import packages.csv --dry-run --json").expect(0).json();
    assert_eq!(counts(dry), [Some(0), Some(1), Some(0)]);
    assert!(sandbox.database_bytes() == before, "a dry run wrote");
    sandbox.run("packages import packages.csv").expect(0);
    write("code,valid_leads\n新-1015-高三-1,many\n");
    let refused = sandbox.run("packages import packages.csv").expect(2);
    assert!(refused.stderr.contains("line 2") && refused.stderr.contains("valid_leads"), "{}", refused.stderr);
    sandbox.run("packages import nowhere.csv").expect(2);
    sandbox.run("packages remove nothing").expect(2);

    let list = sandbox.run("packages list --json").expect(0).json();
    let codes: Vec<_> = list["packages"].as_array().into_iter().flatten().map(|package| &package["code"]).collect();
    assert_eq!(codes, [FIRST, OTHER, SECOND]);
    assert_eq!((&list["packages"][0]["valid_leads"], &list["packages"][0]["cost_per_lead"]), (&90.into(), &2.5.into()));
    assert_eq!(sandbox.database().count("sync_locks WHERE name = 'tasks/packages' AND released = 1"), 1);
}

#[test]
fn pending_tasks_are_grouped_with_their_best_suggestion() {
    let sandbox = Sandbox::small();
    sandbox.tasks.change(|tasks| {
        for task in &mut tasks[90..93] {
            task.name = "禹州-1015A-高三-999-N-A-L3-1017".into();
        }
    });
    sandbox.import(&[FIRST, OTHER]);
    sandbox.run(TODAY).expect(0);
    let document = sandbox.run("tasks list --match pending --json").expect(0).json();
    let first = &document["groups"][0];
    assert_eq!((&first["prefix"], &first["count"]), (&"禹州-1015A-高三-999".into(), &3.into()), "{document:#}");
    assert_eq!(first["suggestion"]["code"], FIRST);
    let shown = sandbox.run("tasks list --match pending --lang zh").expect(0).stdout;
    assert!(shown.contains("相似度") && shown.contains(FIRST), "{shown}");

    let suggested = sandbox.run("tasks suggest 20090 --json").expect(0).json();
    assert_eq!(suggested["suggestions"][0]["code"], FIRST);
    let all = sandbox.run("tasks list --json").expect(0).json();
    assert_eq!(all["tasks"].as_array().map(Vec::len), usize::try_from(Tasks::TODAY).ok());

    // A page holds so many tasks; a group may go on over several.
    let page = |number: u64| sandbox.run(&format!("tasks list --match pending --per-page 2 --page {number} --json"));
    let first = page(1).expect(0).json();
    let place = ["total", "page", "per_page", "pages"].map(|name| first[name].as_u64());
    assert_eq!(place, [Some(Tasks::TODAY), Some(1), Some(2), Some(Tasks::TODAY / 2)], "{first:#}");
    let second = page(2).expect(0).json();
    for (document, tasks) in [(&first, 2), (&second, 1)] {
        let group = &document["groups"][0];
        assert_eq!((&group["prefix"], &group["count"]), (&"禹州-1015A-高三-999".into(), &3.into()), "{document:#}");
        assert_eq!(group["tasks"].as_array().map(Vec::len), Some(tasks));
    }
    let mut ids = std::collections::BTreeSet::new();
    for number in 1..=3 {
        let document = sandbox.run(&format!("tasks list --per-page 4 --page {number} --json")).expect(0).json();
        assert_eq!((&document["total"], &document["pages"]), (&Tasks::TODAY.into(), &3.into()));
        ids.extend(document["tasks"].as_array().into_iter().flatten().map(|task| task["id"].to_string()));
    }
    assert_eq!(ids.len() as u64, Tasks::TODAY, "every task stands on one page");

    for wrong in ["match 20090 nothing", "match 1 老客户-1101B-高二-300", "idle 20090 1", "suggest 1"] {
        sandbox.run(&format!("tasks {wrong}")).expect(2);
    }
    assert!(sandbox.list("idle").is_empty(), "half of what was asked was done");
}

impl Sandbox {
    /// The package code that the name of a task begins with, by its place.
    fn tasks_code(&self, place: usize) -> String {
        let mut code = String::new();
        self.tasks.change(|tasks| code = tasks[place].code());
        code
    }
}
