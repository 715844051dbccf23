//! The statements in the sources.

use std::collections::BTreeMap;

use super::holes::{FRAGMENTS, fillings};
use crate::architecture::SOURCES;
use crate::architecture::source::{Source, shipped};

/// The engines' own statements: none of them runs on the other one.
const OWN: [&str; 2] = ["src/store/sqlite/", SERVER];
const SERVER: &str = "src/store/postgres/";

const VERBS: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];

/// A statement as the program sends it.
pub struct Statement {
    /// The file that it is written in.
    pub path: String,
    pub sql: String,
}

/// Every statement in the shipped sources, with each filling of its holes.
pub fn statements() -> Vec<Statement> {
    let mut statements = Vec::new();
    let shipped = shipped(&SOURCES);
    let constants = constants(&shipped);
    for source in shipped.iter().filter(|source| OWN.iter().all(|own| !source.path.starts_with(own))) {
        for (at, token) in source.shipped.iter().enumerate() {
            let Some(sql) = statement(token) else { continue };
            if FRAGMENTS.iter().any(|(path, start)| source.path == *path && sql.trim().starts_with(start)) {
                continue;
            }
            let is_template = at >= 3 && source.shipped[at - 3..at] == ["format", "!", "("];
            if !is_template {
                statements.push(Statement { path: source.path.clone(), sql });
                continue;
            }
            for filling in fillings(&source.path) {
                let sql = filled(&source.path, &sql, filling, &constants);
                if statements.last().is_none_or(|last: &Statement| last.sql != sql) {
                    statements.push(Statement { path: source.path.clone(), sql });
                }
            }
        }
    }
    statements
}

/// Those of the engine on a server.
pub fn server_statements() -> Vec<Statement> {
    let shipped = shipped(&SOURCES);
    let own = shipped.iter().filter(|source| source.path.starts_with(SERVER));
    let found = own.flat_map(|source| source.shipped.iter().map(|token| (source.path.clone(), statement(token))));
    found.filter_map(|(path, sql)| Some(Statement { path, sql: sql? })).collect()
}

/// The table of the migrations, which is in no migration.
pub fn ledger() -> String {
    let constants = constants(&shipped(&SOURCES));
    constants.get(&("src/store/migrate.rs".to_owned(), "LEDGER".to_owned())).expect("the ledger").clone()
}

/// The statements in a text of Rust.
pub fn in_text(path: &str, text: &str) -> Vec<Statement> {
    let source = Source::new("src/x.rs", text);
    let found = source.tokens.iter().filter_map(|token| statement(token));
    found.map(|sql| Statement { path: path.to_owned(), sql }).collect()
}

/// What a literal holds, if that is a statement.
fn statement(token: &str) -> Option<String> {
    let text = unescaped(token.strip_prefix('"')?);
    let (verb, _) = text.trim().split_once(char::is_whitespace)?;
    VERBS.contains(&verb).then_some(text)
}

fn unescaped(literal: &str) -> String {
    let mut text = String::with_capacity(literal.len());
    let mut rest = literal.chars().peekable();
    while let Some(character) = rest.next() {
        match (character, rest.peek()) {
            ('\\', Some('\n')) => while rest.next_if(|next| next.is_whitespace()).is_some() {},
            ('\\', Some('n')) => {
                rest.next();
                text.push('\n');
            }
            ('\\', Some(_)) => text.extend(rest.next()),
            _ => text.push(character),
        }
    }
    text
}

/// The texts that have names, by the file and the name.
fn constants(sources: &[&Source]) -> BTreeMap<(String, String), String> {
    let mut constants = BTreeMap::new();
    for source in sources {
        for window in source.shipped.windows(7) {
            if let [word, name, colon, and, kind, equals, literal] = window
                && [word, colon, and, kind, equals].map(String::as_str) == ["const", ":", "&", "str", "="]
                && let Some(text) = literal.strip_prefix('"')
            {
                constants.insert((source.path.clone(), name.clone()), unescaped(text));
            }
        }
    }
    constants
}

/// A template with its holes filled: from the filling, else by the constant of that name, in the same file if there is one.
fn filled(
    path: &str,
    template: &str,
    filling: &[(&str, &str)],
    constants: &BTreeMap<(String, String), String>,
) -> String {
    let value = |name: &str| {
        let given = filling.iter().find(|(hole, _)| *hole == name).map(|(_, text)| (*text).to_owned());
        let own = || constants.get(&(path.to_owned(), name.to_owned())).cloned();
        let other = || constants.iter().find(|((_, known), _)| known == name).map(|(_, text)| text.clone());
        let text = given.or_else(own).or_else(other);
        text.unwrap_or_else(|| panic!("{path}: nothing fills `{{{name}}}`: add it to tests/it/statements/holes.rs"))
    };
    let mut sql = template.to_owned();
    // What fills a hole may have holes, too.
    while let Some((before, hole)) = sql.split_once('{') {
        let (name, after) = hole.split_once('}').expect("a hole ends");
        sql = format!("{before}{}{after}", value(name));
    }
    sql
}
