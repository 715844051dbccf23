//! What belongs to one upstream is named in its folder only: its module, its name, its tables and its columns.

use std::collections::{BTreeMap, BTreeSet};

use super::reference::References;
use super::source::{Source, shipped};

const UPSTREAMS: &str = "src/upstreams/";

/// The folders below `src/upstreams/` that several upstreams share.
pub const SHARED: &[&str] = &["films", "mirror", "row_changes"];
/// Names of upstreams that have to be elsewhere: databases in use know the shared migrations by that of the first source.
const RECORDED: &[(&str, &str)] = &[("src/upstreams/films/tables.rs", "douban")];

/// What an upstream owns, besides its module.
#[derive(Default)]
struct Owned<'a> {
    tables: BTreeSet<&'a str>,
    columns: BTreeSet<&'a str>,
}

/// Every name of an upstream in shipped code that is not in its folder. An upstream owns its name even where it has no
/// table. `migrations`: all of the repository, each its path and its SQL.
pub fn violations(sources: &[Source], migrations: &[(String, String)]) -> Vec<String> {
    let roots = sources.iter().filter(|source| source.path.ends_with("/mod.rs"));
    let folders = roots.filter_map(|source| owner(&source.path)).filter(|folder| !SHARED.contains(folder));
    let mut owners: BTreeMap<&str, Owned> = folders.map(|folder| (folder, Owned::default())).collect();
    let mut core = Owned::default();
    for (path, sql) in migrations {
        let owned = owner(path).map_or(&mut core, |owner| owners.entry(owner).or_default());
        read(sql, owned);
    }
    shipped(sources).into_iter().flat_map(|source| named(source, &owners, &core)).collect()
}

/// The folder below `src/upstreams/` that the file is in.
pub fn owner(path: &str) -> Option<&str> {
    Some(path.strip_prefix(UPSTREAMS)?.split_once('/')?.0)
}

/// Adds the tables and the columns that these statements create.
fn read<'a>(sql: &'a str, owned: &mut Owned<'a>) {
    let mut is_table = false;
    for line in sql.lines() {
        let words: Vec<&str> = line.split([' ', '(', ',', ';']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            ["CREATE", "TABLE", table, ..] => {
                owned.tables.insert(table);
                is_table = true;
            }
            ["ALTER", "TABLE", _, "ADD", "COLUMN", column, ..] => _ = owned.columns.insert(column),
            [column, ..] if is_table && column.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') => {
                owned.columns.insert(column);
            }
            [first, ..] if first.starts_with(')') => is_table = false,
            _ => {}
        }
    }
}

fn named(source: &Source, owners: &BTreeMap<&str, Owned>, core: &Owned) -> Vec<String> {
    let own = owner(&source.path);
    let modules: BTreeSet<&str> = References::of(source)
        .all
        .iter()
        .filter(|reference| reference.is_absolute && reference.path.first().is_some_and(|top| top == "upstreams"))
        .filter_map(|reference| {
            owners.keys().copied().find(|owner| reference.path.get(1).is_some_and(|name| name == owner))
        })
        .collect();
    let mut words = BTreeSet::new();
    for token in &source.shipped {
        match token.strip_prefix('"') {
            Some(text) => words.extend(text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_')),
            // A single word of code may mean anything.
            None if token.contains('_') => _ = words.insert(token.as_str()),
            None => {}
        }
    }
    let mut found = Vec::new();
    for (owner, owned) in owners {
        // What is shared may be named by every upstream.
        if own == Some(owner) || SHARED.contains(owner) && source.path.starts_with(UPSTREAMS) {
            continue;
        }
        if modules.contains(owner) && !source.path.starts_with(UPSTREAMS) {
            found.push(format!("{}: the module of `{owner}`", source.path));
        }
        let others = owners.iter().filter(|(other, _)| *other != owner).map(|(_, owned)| owned).chain([core]);
        let elsewhere: BTreeSet<&str> = others.flat_map(|other| other.columns.iter().copied()).collect();
        let is_distinct = |column: &&&str| is_telling(column) && !elsewhere.contains(**column);
        // Another upstream may have a field of the same name.
        let columns = owned.columns.iter().filter(|_| !source.path.starts_with(UPSTREAMS)).filter(is_distinct);
        let names = owned.tables.iter().chain(columns).chain([owner]);
        let is_named = |name: &&str| words.contains(name) && !RECORDED.contains(&(source.path.as_str(), name));
        let names: BTreeSet<&str> = names.copied().filter(is_named).collect();
        found.extend(names.into_iter().map(|name| format!("{}: `{name}` of `{owner}`", source.path)));
    }
    found
}

/// Whether only one thing can be meant by a column of this name: not by a single word, an instant or a flag.
fn is_telling(column: &str) -> bool {
    column.contains('_') && !column.starts_with("is_") && !column.ends_with("_at")
}

#[cfg(test)]
mod tests {
    use super::violations;
    use crate::architecture::source::Source;

    const FAIRING: &str = "CREATE TABLE questions (\n    id TEXT NOT NULL,\n    order_id TEXT,\n    sent_at TEXT,\n    raw_text TEXT,\n) STRICT;\n";

    /// `expected`: what each violation says, in order.
    fn check(path: &str, text: &str, expected: &[&str]) {
        let migrations = [
            ("src/store/migrations/0001_create.sql", "CREATE TABLE runs (\n    raw_text TEXT\n) STRICT;"),
            ("src/upstreams/fairing/migrations/0001_create.sql", FAIRING),
            ("src/upstreams/films/migrations/0001_create.sql", "ALTER TABLE videos ADD COLUMN list_rank INTEGER;"),
        ];
        let migrations = migrations.map(|(path, sql)| (path.to_owned(), sql.to_owned()));
        let declared = [
            "src/lib.rs",
            "src/ui.rs",
            "src/cli.rs",
            "src/upstreams.rs",
            "src/upstreams/fairing.rs",
            "src/upstreams/douban/mod.rs",
            "src/upstreams/films/mod.rs",
        ];
        let mut sources: Vec<Source> = declared
            .iter()
            .map(|path| {
                Source::new(
                    path,
                    "mod ui; mod cli; mod upstreams; mod x; mod tables; mod fairing; mod douban; mod films;",
                )
            })
            .collect();
        sources.push(Source::new(path, text));
        assert_eq!(violations(&sources, &migrations), expected);
    }

    #[test]
    fn an_upstream_is_named_in_its_folder_only() {
        check(
            "src/upstreams/fairing/tables.rs",
            "\"SELECT order_id FROM questions\"; use super::super::fairing::X;",
            &[],
        );
        check(
            "src/ui/x.rs",
            "\"SELECT order_id FROM questions\"",
            &["src/ui/x.rs: `order_id` of `fairing`", "src/ui/x.rs: `questions` of `fairing`"],
        );
        check(
            "src/ui/x.rs",
            "use crate::upstreams::{Error, fairing::Kind};",
            &["src/ui/x.rs: the module of `fairing`"],
        );
        check("src/cli/x.rs", "\"tongbu sync fairing\"", &["src/cli/x.rs: `fairing` of `fairing`"]);
        check("src/cli/x.rs", "row.order_id", &["src/cli/x.rs: `order_id` of `fairing`"]);
        check("src/upstreams/douban/x.rs", "row.order_id", &[]);
        check("src/upstreams/x.rs", "use super::fairing::Fairing; use crate::upstreams::fairing;", &[]);
    }

    #[test]
    fn the_name_of_an_upstream_without_tables_is_its_own() {
        check("src/cli/x.rs", "\"sync douban\"", &["src/cli/x.rs: `douban` of `douban`"]);
        check("src/upstreams/films/x.rs", "\"douban\"", &["src/upstreams/films/x.rs: `douban` of `douban`"]);
        check("src/upstreams/douban/x.rs", "\"douban\"", &[]);
        check("src/upstreams/films/tables.rs", "\"douban\"", &[]);
    }

    #[test]
    fn common_words_and_tests_are_free() {
        check("src/ui/x.rs", "\"id and raw_text\"; x.sent_at; let questions = raw_text; // order_id\n", &[]);
        check("src/ui/x.rs", "#[cfg(test)] mod tests { const T: &str = \"fairing\"; }", &[]);
        check("tests/it/x.rs", "\"order_id\"", &[]);
    }

    #[test]
    fn what_is_shared_belongs_to_every_upstream() {
        check("src/upstreams/douban/tables.rs", "\"list_rank\"; use crate::upstreams::films::Film;", &[]);
        check("src/ui/x.rs", "\"list_rank\"", &["src/ui/x.rs: `list_rank` of `films`"]);
    }
}
