//! The pages about exports name every view with its columns, in both languages.

use std::collections::BTreeMap;

use super::markdown::codes;
use super::tables::NewDatabase;
use super::text_of;

/// Each view of a page's table, with its columns in their order.
fn documented(page: &str) -> BTreeMap<String, Vec<String>> {
    let text = text_of(page);
    let rows = text.lines().filter(|line| line.starts_with("| `v_"));
    rows.map(|row| {
        let mut names = codes(row).into_iter();
        (names.next().expect("a row names its view"), names.collect())
    })
    .collect()
}

#[test]
fn every_view_is_documented_with_its_columns_in_both_languages() {
    let views = NewDatabase::new().views();
    let exported: Vec<&str> = tongbu::upstreams::exports()
        .filter(|(_, exported)| exported.is_view())
        .map(|(_, exported)| exported.name)
        .collect();
    assert_eq!(views.len(), exported.len(), "{exported:?}");
    assert!(exported.iter().all(|name| views.contains_key(*name)), "{exported:?}");
    for page in ["docs/export.md", "docs/export.zh-CN.md"] {
        assert_eq!(documented(page), views, "{page}");
    }
}

#[test]
fn everything_that_can_be_exported_exists_with_the_column_of_its_run() {
    let database = NewDatabase::new();
    let (tables, views) = (database.tables(), database.views());
    for (_, exported) in tongbu::upstreams::exports() {
        let columns = views.get(exported.name).cloned();
        let columns = columns.or_else(|| Some(tables.get(exported.name)?.iter().cloned().collect()));
        let columns = columns.unwrap_or_else(|| panic!("`{}` does not exist", exported.name));
        if let Some(record) = exported.record {
            assert!(columns.iter().any(|column| column == record), "`{}` has no `{record}`", exported.name);
        }
    }
}
