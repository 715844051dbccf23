//! Both engines with the whole schema, to prepare statements on.

use std::collections::BTreeSet;

use rusqlite::Connection;
use tongbu::upstreams::mirror::{HashColumn, Table, TableSpec};

use super::dialect;
use super::sources::{Statement, in_text, ledger};
use crate::architecture::texts;
use crate::support::PostgresDatabase;

/// The columns of every mirrored table.
const MIRRORED: &[&str] =
    &["raw", "content_hash", "deleted_at", "first_seen_at", "last_changed_at", "last_seen_record"];

pub struct Engines {
    sqlite: Connection,
    postgres: PostgresDatabase,
}

/// What the server says of a statement.
#[derive(Clone, Debug, Default)]
pub struct Described {
    pub mistake: Option<String>,
    /// The kinds of the columns that it answers.
    pub columns: Vec<String>,
    pub parameters: Vec<String>,
}

impl Engines {
    pub fn start() -> Self {
        let engines = Self {
            sqlite: Connection::open_in_memory().expect("an empty database"),
            postgres: PostgresDatabase::create(),
        };
        for (path, sql) in migrations() {
            engines.make(&path, &sql);
        }
        engines
    }

    /// Makes what a migration makes.
    pub fn make(&self, path: &str, sql: &str) {
        self.sqlite.execute_batch(sql).unwrap_or_else(|error| panic!("{path}: {error}"));
        let printed = self.postgres.psql(&dialect::schema(sql));
        assert!(printed.stderr.is_empty(), "{path}: {}", printed.stderr);
    }

    /// Every statement on the mirrored tables, which the program makes of their columns.
    pub fn mirrored(&self) -> Vec<Statement> {
        let tables = self.rows("SELECT name FROM sqlite_schema WHERE type = 'table'");
        let specs = tables.into_iter().filter_map(|table| self.mirrored_table(table[0].clone()));
        let statements = specs.flat_map(|spec| in_text(spec.name, &format!("{:?}", Table::new(spec))));
        // What is ordered by the number is for tables that have one.
        statements.filter(|statement| !statement.sql.contains("ORDER BY 0")).collect()
    }

    /// `None` where it is no mirrored table.
    fn mirrored_table(&self, name: String) -> Option<TableSpec> {
        let name = name.leak();
        let columns = self.rows(&format!("SELECT name, pk, \"notnull\" FROM pragma_table_info('{name}')"));
        let mut columns: Vec<(&'static str, i64, i64)> =
            columns.into_iter().map(|row| (&*row[0].clone().leak(), number(&row[1]), number(&row[2]))).collect();
        if !MIRRORED.iter().all(|fixed| columns.iter().any(|(name, ..)| name == fixed)) {
            return None;
        }
        columns.retain(|(name, ..)| !MIRRORED.contains(name));
        let is_numbered = |(name, place, _): &&(&str, i64, i64)| *name == "key" && *place == 1;
        let number = columns.iter().find(is_numbered).map(|(name, ..)| *name);
        let key: Vec<&'static str> = match number {
            Some(_) => vec!["account", "id"],
            None => columns.iter().filter(|(_, place, _)| *place > 0).map(|(name, ..)| *name).collect(),
        };
        let typed = columns.iter().map(|(name, ..)| *name).filter(|name| !key.contains(name) && Some(*name) != number);
        let columns = typed.collect();
        Some(TableSpec { name, key: key.leak(), number, columns, hash: HashColumn::Blob })
    }

    /// What is wrong with a statement for `SQLite`.
    pub fn sqlite_mistake(&self, sql: &str) -> Option<String> {
        self.sqlite.prepare(sql).err().map(|error| format!("SQLite: {error}"))
    }

    /// Prepares the statements on the server, in their order.
    pub fn describe(&self, statements: &[Statement]) -> Vec<Described> {
        let mut script = String::new();
        for (index, statement) in statements.iter().enumerate() {
            let sql = dialect::statement(&statement.sql);
            let marks = format!("\\echo @{index}\n\\warn @{index}\n");
            script.extend([&marks, &sql, "\n\\gdesc\nPREPARE s", &index.to_string(), " AS ", &sql, "\n;\n"]);
        }
        script += "\\echo @parameters\n\\warn @parameters\n\
                   SELECT name, array_to_string(parameter_types, ';') FROM pg_prepared_statements;\n";
        let printed = self.postgres.psql(&script);
        let mut described = vec![Described::default(); statements.len()];
        for (index, line) in marked(&printed.stderr) {
            described[index].mistake.get_or_insert_with(|| format!("PostgreSQL: {line}"));
        }
        for (index, line) in marked(&printed.stdout) {
            if let Some((_, kind)) = line.rsplit_once('|') {
                described[index].columns.push(kind.to_owned());
            }
        }
        let (_, parameters) = printed.stdout.split_once("@parameters\n").expect("the script ran to its end");
        for line in parameters.lines() {
            let (name, kinds) = line.split_once('|').expect("two columns");
            let index: usize = name[1..].parse().expect("a number");
            described[index].parameters.extend(kinds.split(';').filter(|kind| !kind.is_empty()).map(str::to_owned));
        }
        described
    }

    /// The first key of an order by which one engine has NULLs first and the other one last.
    pub fn unsaid_nulls(&self, sql: &str) -> Option<String> {
        let words: BTreeSet<&str> = sql.split(|sign: char| !is_part_of_name(sign)).collect();
        let nullable = self.rows(
            "SELECT columns.name, tables.name
             FROM sqlite_schema AS tables
             JOIN pragma_table_info(tables.name) AS columns
             WHERE tables.type = 'table' AND columns.\"notnull\" = 0 AND columns.pk = 0",
        );
        let is_nullable = |column: &str| nullable.iter().any(|row| row[0] == column && words.contains(row[1].as_str()));
        let found = orders(sql).into_iter().find(|key| {
            let column = key.split_whitespace().next().unwrap_or_default();
            let is_said = key.contains(" NULLS ") || sql.contains(&format!("{column} IS NOT NULL"));
            !is_said && is_nullable(column.rsplit('.').next().unwrap_or_default())
        });
        found.map(|key| format!("`ORDER BY {key}` does not say where NULLs are"))
    }

    fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let mut statement = self.sqlite.prepare(sql).expect("a statement");
        let count = statement.column_count();
        let text = |row: &rusqlite::Row<'_>, column| {
            let value: rusqlite::types::Value = row.get(column)?;
            Ok(if let rusqlite::types::Value::Integer(number) = value { number.to_string() } else { row.get(column)? })
        };
        let rows = statement.query_map([], |row| (0..count).map(|column| text(row, column)).collect());
        rows.and_then(Iterator::collect).expect("rows")
    }
}

/// Every migration in an order in which they can be applied, and the ledger of them.
fn migrations() -> Vec<(String, String)> {
    let mut migrations = texts("sql");
    migrations.retain(|(path, _)| path.contains("/migrations/") && path.starts_with("src/"));
    migrations.sort_by_key(|(path, _)| (!path.starts_with("src/store/"), path.clone()));
    assert!(migrations.len() > 5, "the migrations are not where they are expected");
    migrations.push(("the ledger".to_owned(), ledger()));
    migrations
}

/// The lines that `psql` printed for each statement.
fn marked(printed: &str) -> Vec<(usize, &str)> {
    let mut at = None;
    let mut lines = Vec::new();
    for line in printed.lines() {
        match (line.strip_prefix('@'), at) {
            (Some(mark), _) => at = mark.parse().ok(),
            (None, Some(index)) => lines.push((index, line)),
            (None, None) => {}
        }
    }
    lines
}

/// The keys of every `ORDER BY`.
fn orders(sql: &str) -> Vec<String> {
    let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut keys = Vec::new();
    for clause in sql.split("ORDER BY ").skip(1) {
        let mut depth = 0_usize;
        let mut key = String::new();
        for sign in clause.chars() {
            match sign {
                '(' => depth += 1,
                ')' if depth == 0 => break,
                ')' => depth -= 1,
                _ => {}
            }
            if sign == ',' && depth == 0 {
                keys.push(std::mem::take(&mut key).trim().to_owned());
            } else {
                key.push(sign);
            }
        }
        keys.push(key.split(" LIMIT ").next().unwrap_or_default().trim().to_owned());
    }
    keys
}

fn is_part_of_name(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || sign == '_'
}

fn number(text: &str) -> i64 {
    text.parse().expect("a number")
}
