use insta::assert_snapshot;

use super::{Imported, Removed};
use crate::ui::tables::render_output;
use crate::ui::{injection_tests, snapshots};
use crate::upstreams::command::PartArgs;
use crate::upstreams::tasks::packages::Package;

fn package(code: &str) -> Package {
    Package {
        code: code.to_owned(),
        name: Some("十月".to_owned()),
        source: None,
        region: Some("河南".to_owned()),
        grade: Some("高三".to_owned()),
        valid_leads: Some(4711),
        cost_per_lead: Some(2.35),
        raw: "{}".to_owned(),
    }
}

fn imported(header: &str) -> Imported {
    Imported {
        dry_run: true,
        total: 10,
        new: 2,
        updated: 1,
        unchanged: 7,
        unknown_columns: vec![header.to_owned()],
        encoding: "gb18030",
    }
}

#[test]
fn packages_are_listed_without_empty_columns() {
    let output = PartArgs::default().cut(vec![package("禹州-1015A-高三-5000"), package("郑州-1015-高二-300")]).unwrap();
    assert_snapshot!(snapshots::render_everything(&output));
    snapshots::tables_fit(|style| render_output(&output, style));
}

#[test]
fn an_import_counts_what_changed() {
    assert_snapshot!(snapshots::render_everything(&imported("备注")));
}

#[test]
fn a_removal_names_the_tasks_that_fail_from_now_on() {
    let output = Removed { removed: "禹州-1015A-高三-5000".to_owned(), matched_by_hand: 2 };
    assert_snapshot!(snapshots::render_everything(&output));
}

#[test]
fn hostile_codes_and_headers_are_harmless() {
    injection_tests::check_output(|text| Box::new(PartArgs::default().cut(vec![package(text)]).unwrap()));
    injection_tests::check_output(|text| Box::new(imported(text)));
    injection_tests::check_output(|text| Box::new(Removed { removed: text.to_owned(), matched_by_hand: 1 }));
}
