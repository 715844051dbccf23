//! Every direct dependency has its row in `docs/dependencies.md`.

use std::collections::BTreeSet;

use super::text_of;

/// Crate, purpose, own seconds, seconds and crates that leave with it, alternative.
const CELLS: usize = 6;

/// The first cell of every row, its backticks removed.
fn rows(text: &str) -> Vec<&str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        assert_eq!(cells.len(), CELLS, "{row}");
        let is_seconds = |cell: &str| cell.parse::<f64>().is_ok_and(|seconds| seconds >= 0.0);
        assert!(is_seconds(cells[2]) && is_seconds(cells[3]), "{row}");
        assert!(cells[4].parse::<usize>().is_ok(), "{row}");
        assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{row}");
        cells[0].trim_end_matches('`')
    })
    .collect()
}

#[test]
fn every_direct_dependency_has_its_row() {
    let cargo: toml::Table = text_of("Cargo.toml").parse().expect("a manifest");
    let tables = ["dependencies", "dev-dependencies"].map(|name| cargo[name].as_table().expect("dependencies"));
    let named: BTreeSet<&str> = tables.iter().flat_map(|table| table.keys()).map(String::as_str).collect();
    let text = text_of("docs/dependencies.md");
    let rows = rows(&text);
    let documented: BTreeSet<&str> = rows.iter().copied().collect();
    assert_eq!(documented.len(), rows.len(), "a crate has two rows: {rows:?}");
    assert_eq!(documented, named);
}
