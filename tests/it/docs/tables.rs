//! The tables and columns that the README names exist in a new database.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use tongbu::clock::Clock;
use tongbu::store::{Mode, Store, StoreOptions};

use super::markdown::{blocks, codes};
use super::text_of;

/// The store's own list of migrations, which is not documented.
const MIGRATIONS: &str = "schema_migrations";

pub struct NewDatabase {
    connection: Connection,
    _directory: tempfile::TempDir,
}

impl NewDatabase {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("tongbu.db");
        let components = tongbu::upstreams::components();
        let options = StoreOptions { clock: Clock::system(), mode: Mode::ReadWrite, components };
        drop(Store::open(&path, options).expect("a new database"));
        Self { connection: Connection::open(path).expect("a database"), _directory: directory }
    }

    /// Every view with its columns in their order.
    pub fn views(&self) -> BTreeMap<String, Vec<String>> {
        let names = self.column("SELECT name FROM sqlite_schema WHERE type = 'view'");
        let columns = |name: &String| self.texts(&format!("SELECT name FROM pragma_table_info('{name}') ORDER BY cid"));
        names.into_iter().map(|name| (name.clone(), columns(&name))).collect()
    }

    fn column(&self, sql: &str) -> BTreeSet<String> {
        self.texts(sql).into_iter().collect()
    }

    fn texts(&self, sql: &str) -> Vec<String> {
        let mut statement = self.connection.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let rows = statement.query_map([], |row| row.get(0)).and_then(Iterator::collect);
        rows.unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// Every table with its columns.
    pub fn tables(&self) -> BTreeMap<String, BTreeSet<String>> {
        let names = self.column("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'");
        let names = names.into_iter().filter(|name| name != MIGRATIONS);
        names
            .map(|name| {
                let columns = self.column(&format!("SELECT name FROM pragma_table_info('{name}')"));
                (name, columns)
            })
            .collect()
    }
}

/// Each row of the README's table of tables: the tables, and the columns named beside them.
fn rows(readme: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let section = readme.split_once("## Tables to read").expect("the section is there").1;
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let (tables, columns) = row.split_once(" | ").expect("a row has two cells");
        (identifiers(&format!("`{tables}")), identifiers(columns))
    })
    .collect()
}

/// The names in the code of this prose: `(account, id)` holds two.
fn identifiers(prose: &str) -> Vec<String> {
    let codes = codes(prose);
    let names = codes.iter().flat_map(|code| code.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_'));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn readme_lists_every_table_and_existing_columns() {
    let tables = NewDatabase::new().tables();
    let mut named = BTreeSet::new();
    for (row_tables, columns) in rows(&text_of("README.md")) {
        for table in row_tables {
            let known = tables.get(&table).unwrap_or_else(|| panic!("there is no table `{table}`"));
            for column in &columns {
                assert!(known.contains(column), "`{table}` has no column `{column}`");
            }
            named.insert(table);
        }
    }
    assert!(named.iter().eq(tables.keys()), "named are {named:?}, there are {:?}", tables.keys());
}

#[test]
fn queries_of_the_readme_are_valid() {
    let readme = text_of("README.md");
    let blocks = blocks(&readme);
    let lines = blocks.iter().flat_map(|block| block.text.lines()).filter(|line| line.starts_with("sqlite3 "));
    let queries: Vec<&str> = lines.filter_map(|line| line.split('"').nth(1)).collect();
    assert!(!queries.is_empty());
    let database = NewDatabase::new();
    for query in queries {
        database.connection.prepare(query).unwrap_or_else(|error| panic!("{error}: {query}"));
    }
}

#[test]
fn identifiers_are_read_from_prose() {
    let text = "## Tables to read\n| table | x |\n| `a`, `b` | one per `(c, d)`: `e` |\n## Next\n| `f` | |\n";
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(rows(text), [(names(&["a", "b"]), names(&["c", "d", "e"]))]);
}
