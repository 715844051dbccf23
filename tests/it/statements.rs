//! Every statement of the sources means the same on both engines.

#[path = "../../src/store/postgres/dialect.rs"]
mod dialect;
mod engines;
mod holes;
mod sources;

use std::collections::BTreeSet;

use self::engines::{Described, Engines};
use self::sources::Statement;

/// What no statement may use, so that other engines of this kind can run it, and so that a pooler between them changes
/// nothing; only the folders named may.
const DENIED: &[(&str, &str)] = &[
    ("pg_advisory", "src/store/postgres/open.rs"),
    ("pg_stat_activity", "src/store/postgres/liveness.rs"),
    ("TEMP ", ""),
    ("TEMPORARY ", ""),
    ("nextval", ""),
    ("SKIP LOCKED", ""),
    ("LISTEN ", ""),
];

/// Kinds of values that the engine's rows and parameters take.
const KINDS: &[&str] = &["text", "bigint", "bytea", "double precision", "boolean", "integer"];

/// Every statement of the sources, and those on the mirrored tables, which the program makes of their columns.
fn all(engines: &Engines) -> Vec<Statement> {
    let mut statements = sources::statements();
    statements.extend(engines.mirrored());
    statements
}

fn complaints(statements: &[Statement], complaint: impl Fn(usize, &Statement) -> Option<String>) -> Vec<String> {
    let found = statements.iter().enumerate().filter_map(|(index, statement)| {
        Some(format!("{}: {}\n{}", statement.path, complaint(index, statement)?, statement.sql))
    });
    found.collect()
}

#[track_caller]
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n\n"));
}

#[test]
fn every_statement_is_prepared_on_both_engines() {
    let engines = Engines::start();
    let statements = all(&engines);
    assert!(statements.len() > 150, "{} statements", statements.len());
    assert_none(&complaints(&statements, |_, statement| engines.sqlite_mistake(&statement.sql)));
    let described = engines.describe(&statements);
    assert_none(&complaints(&statements, |index, _| described[index].mistake.clone()));
    let kinds = |described: &Described| {
        let kinds = described.columns.iter().chain(&described.parameters);
        kinds.cloned().collect::<BTreeSet<_>>().into_iter().find(|kind| !KINDS.contains(&kind.as_str()))
    };
    assert_none(&complaints(&statements, |index, _| {
        kinds(&described[index]).map(|kind| format!("a value is of the kind {kind}"))
    }));
}

#[test]
fn the_view_of_all_changes_is_made_on_both_engines() {
    let engines = Engines::start();
    let components = tongbu::upstreams::components();
    let view = components.last().and_then(|component| component.migrations.first()).expect("the view is the last");
    assert!(view.sql.starts_with("CREATE VIEW v_changes AS"), "{}", view.sql);
    engines.make("the view", view.sql);
    let query = Statement {
        path: String::new(),
        sql: "SELECT at, record_id, sync, subject, account, id, name, kind, field, before, after FROM v_changes"
            .to_owned(),
    };
    assert_eq!(engines.sqlite_mistake(&query.sql), None);
    let described = engines.describe(&[query]);
    assert_eq!(described[0].mistake, None);
    let kinds: BTreeSet<_> = described[0].columns.iter().map(String::as_str).collect();
    assert_eq!(kinds, BTreeSet::from(["bigint", "text"]));
}

#[test]
fn statements_say_where_nulls_are_in_an_order() {
    let engines = Engines::start();
    assert_none(&complaints(&all(&engines), |_, statement| engines.unsaid_nulls(&statement.sql)));
}

#[test]
fn statements_use_nothing_that_other_engines_of_the_kind_lack() {
    let mut statements = sources::statements();
    statements.extend(sources::server_statements());
    assert_none(&complaints(&statements, |_, statement| {
        let denied = DENIED.iter().find(|(word, home)| {
            statement.sql.contains(word) && (home.is_empty() || !statement.path.starts_with(home))
        });
        denied.map(|(word, _)| format!("`{word}` is denied"))
    }));
}
