use insta::assert_snapshot;

use super::{Decided, Group, Pending, Suggested};
use crate::present::style::samples::at;
use crate::present::{Listing, Paging};
use crate::ui::tables::render_output;
use crate::ui::{injection_tests, snapshots};
use crate::upstreams::tasks::matching::Match;
use crate::upstreams::tasks::similar::Suggestion;
use crate::upstreams::tasks::tables::ListedTask;

const CODE: &str = "禹州-1015A-高三-5000";
const PREFIX: &str = "禹州-1015-高三-N-A-L3-1017";
const PAGING: Paging = Paging { number: 1, per_page: 4, total: 9 };

fn task(id: &str, name: &str, matched: Match) -> ListedTask {
    ListedTask {
        id: id.to_owned(),
        name: name.to_owned(),
        prefix: name.to_owned(),
        state: Some(3),
        total_number: Some(5000),
        called_number: Some(1200),
        connected_number: None,
        success_number: Some(12),
        created_at: Some(at(-86_400)),
        matched,
        decided_at: at(0),
    }
}

fn manual(code: &str) -> Match {
    Match::Manual { code: code.to_owned() }
}

fn suggestion(code: &str) -> Suggestion {
    Suggestion { code: code.to_owned(), similarity: 0.786 }
}

fn group(prefix: &str, suggestion: Option<Suggestion>, tasks: Vec<ListedTask>) -> Group {
    Group { prefix: prefix.to_owned(), suggestion, count: tasks.len() as u64, tasks }
}

#[test]
fn tasks_are_listed_with_their_packages() {
    let tasks = vec![
        task("1", &format!("{CODE}-N-A-L3-1017"), Match::Auto { code: CODE.to_owned() }),
        task("2", "老客户回访", manual(CODE)),
        task("3", PREFIX, Match::Pending),
        task("4", "测试", Match::Idle),
    ];
    let output = Listing::new(tasks).with_paging(PAGING);
    assert_snapshot!(snapshots::render_everything(&output));
    snapshots::tables_fit(|style| render_output(&output, style));
}

#[test]
fn pending_tasks_are_grouped_by_prefix() {
    let pending = |id| task(id, PREFIX, Match::Pending);
    let groups = vec![
        group("禹州-1015-高三", Some(suggestion(CODE)), vec![pending("3"), pending("5")]),
        group("x", None, vec![task("6", "x", Match::Pending)]),
    ];
    let output = Pending { groups, paging: PAGING };
    assert_snapshot!(snapshots::render_everything(&output));
    snapshots::tables_fit(|style| render_output(&output, style));
}

#[test]
fn suggestions_are_listed_by_similarity() {
    let output = Suggested { task: task("3", PREFIX, Match::Pending), suggestions: vec![suggestion(CODE)] };
    assert_snapshot!(snapshots::render_everything(&output));
}

#[test]
fn decisions_are_listed_and_counted() {
    let output = Decided(vec![("3".to_owned(), manual(CODE)), ("4".to_owned(), Match::Idle)]);
    assert_snapshot!(snapshots::render_everything(&output));
}

#[test]
fn hostile_names_and_codes_are_harmless() {
    let hostile = |text: &str| task(text, text, manual(text));
    injection_tests::check_output(|text| Box::new(Listing::new(vec![hostile(text)]).with_paging(PAGING)));
    injection_tests::check_output(|text| {
        Box::new(Pending { groups: vec![group(text, Some(suggestion(text)), vec![hostile(text)])], paging: PAGING })
    });
    injection_tests::check_output(|text| {
        Box::new(Suggested { task: hostile(text), suggestions: vec![suggestion(text)] })
    });
    injection_tests::check_output(|text| Box::new(Decided(vec![(text.to_owned(), manual(text))])));
}
