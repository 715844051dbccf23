//! The rules about single files: layers, bans, siblings, length.

use std::collections::BTreeSet;

use super::ownership::{SHARED, owner};
use super::reference::References;
use super::source::Source;

/// Every module of the crate's root with its height; each may use what is lower.
const LAYERS: &[(&str, u8)] = &[
    ("main", 6),
    ("cli", 5),
    ("ui", 4),
    ("run", 3),
    ("upstreams", 2),
    ("config", 1),
    ("http", 1),
    ("present", 1),
    ("store", 1),
    ("error", GROUND),
    ("exit", GROUND),
    ("clock", GROUND),
    ("zone", GROUND),
    ("ident", GROUND),
    ("language", GROUND),
    ("since", GROUND),
    ("secret", GROUND),
    ("text", GROUND),
    ("progress", GROUND),
    // For tests only.
    ("mutate", GROUND),
];
/// Modules of this height may use one another.
const GROUND: u8 = 0;

const MAX_LINES: usize = 400;

/// A crate that only some files may name. Clippy cannot express this; what it can is in `clippy.toml`.
struct Ban {
    /// Token sequences, any of which names it.
    signs: &'static [&'static str],
    /// The beginning of the paths of the files that may.
    home: &'static str,
}

const BANS: &[Ban] = &[
    Ban { signs: &["rusqlite"], home: "src/store/sqlite/" },
    Ban { signs: &["tokio_postgres", "tokio_rustls"], home: "src/store/postgres/" },
    Ban { signs: &["reqwest"], home: "src/http/" },
    // Beside its folder the name is that folder's; only an import there is unambiguous.
    Ban { signs: &["redis ::"], home: "src/upstreams/users/" },
    Ban { signs: &["use redis", "use :: redis"], home: "src/upstreams/users/redis/" },
    Ban { signs: &["indicatif"], home: "src/ui/" },
    Ban { signs: &["comfy_table"], home: "src/ui/" },
    Ban { signs: &["maud"], home: "src/ui/html/" },
];

/// Every violation, one line each.
pub fn violations(sources: &[Source]) -> Vec<String> {
    let folders = sources.iter().filter_map(|source| owner(&source.path));
    let upstreams: BTreeSet<&str> = folders.filter(|folder| !SHARED.contains(folder)).collect();
    let mut found = Vec::new();
    for source in sources {
        if source.line_count > MAX_LINES {
            found.push(format!("{}: {} lines are more than {MAX_LINES}", source.path, source.line_count));
        }
        if source.tokens.iter().any(|token| token == "unsafe") {
            found.push(format!("{}: `unsafe`", source.path));
        }
        for ban in BANS {
            found.extend(ban.violation(source));
        }
        found.extend(layering(source));
        found.extend(siblings(source, &upstreams));
    }
    found
}

impl Ban {
    fn violation(&self, source: &Source) -> Option<String> {
        if source.path.starts_with(self.home) {
            return None;
        }
        let sign = (0..source.shipped.len())
            .find_map(|at| self.signs.iter().find(|sign| begins_with(&source.shipped[at..], sign)))?;
        Some(format!("{}: `{sign}` outside {}", source.path, self.home))
    }
}

fn begins_with(tokens: &[String], sign: &str) -> bool {
    let mut tokens = tokens.iter();
    sign.split(' ').all(|word| tokens.next().is_some_and(|token| token == word))
}

/// The module of the crate's root a shipped file belongs to.
fn top(source: &Source) -> Option<String> {
    match source.path.as_str() {
        "src/lib.rs" => None,
        "src/main.rs" => Some("main".to_owned()),
        path => path.starts_with("src/").then(|| source.module().swap_remove(0)),
    }
}

fn height(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, height)| *height)
}

fn layering(source: &Source) -> Vec<String> {
    let Some(own) = top(source) else { return Vec::new() };
    let Some(above) = height(&own) else {
        return vec![format!("{}: `{own}` belongs to no layer", source.path)];
    };
    let references = References::of(source);
    let named: BTreeSet<&String> = references.absolute().filter_map(|path| path.first()).collect();
    let is_forbidden = |named: &&String| {
        let below = height(named);
        **named != own && below.is_some_and(|below| below >= above && above != GROUND || below > above)
    };
    let violations = named.into_iter().filter(is_forbidden);
    violations.map(|named| format!("{}: `{own}` must not use `{named}`", source.path)).collect()
}

/// Upstreams that are named by the file of another one, or by what they share.
fn siblings(source: &Source, upstreams: &BTreeSet<&str>) -> Vec<String> {
    let Some(own) = owner(&source.path) else { return Vec::new() };
    let references = References::of(source);
    let named: BTreeSet<&String> = references
        .absolute()
        .filter_map(|path| match path {
            [top, name, ..] if top == "upstreams" && name != own && upstreams.contains(name.as_str()) => Some(name),
            _ => None,
        })
        .collect();
    named.into_iter().map(|name| format!("{}: `{own}` names the upstream `{name}`", source.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::violations;
    use crate::architecture::source::Source;

    /// `expected`: what each violation says, in order.
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        assert_eq!(violations(&sources), expected);
    }

    #[test]
    fn a_layer_uses_lower_layers_only() {
        check(&[("src/run/mod.rs", "use crate::{upstreams::Pass, store, error::Class};")], &[]);
        check(
            &[("src/store/lock.rs", "use super::Error; use crate::clock::Clock; use super::super::text::safe;")],
            &[],
        );
        check(
            &[("src/store/lock.rs", "use crate::http::Client;")],
            &["src/store/lock.rs: `store` must not use `http`"],
        );
        check(
            &[("src/config/mod.rs", "use crate::{error, run::{self, Report}, ui};")],
            &["src/config/mod.rs: `config` must not use `run`", "src/config/mod.rs: `config` must not use `ui`"],
        );
        check(
            &[("src/upstreams/ecs/diff.rs", "fn f() { super::super::super::run::execute(); }")],
            &["src/upstreams/ecs/diff.rs: `upstreams` must not use `run`"],
        );
        check(&[("src/text.rs", "mod inner { use super::super::cli; }")], &["src/text.rs: `text` must not use `cli`"]);
        check(&[("src/main.rs", "fn main() { tongbu::cli::run() }")], &[]);
        check(&[("src/extra.rs", "")], &["src/extra.rs: `extra` belongs to no layer"]);
    }

    #[test]
    fn an_upstream_does_not_name_another() {
        let other = ("src/upstreams/fairing/mod.rs", "");
        check(&[("src/upstreams/mod.rs", "use self::fairing::Fairing; use crate::upstreams::fairing;"), other], &[]);
        for text in ["use crate::upstreams::{Error, fairing::Kind};", "use super::super::fairing;"] {
            check(
                &[("src/upstreams/douban/pass.rs", text), other],
                &["src/upstreams/douban/pass.rs: `douban` names the upstream `fairing`"],
            );
        }
        check(
            &[("src/upstreams/films/mod.rs", "use super::fairing;"), other],
            &["src/upstreams/films/mod.rs: `films` names the upstream `fairing`"],
        );
        check(
            &[
                ("src/upstreams/fairing/pass.rs", "use crate::upstreams::films::Film;"),
                ("src/upstreams/films/mod.rs", ""),
            ],
            &[],
        );
    }

    #[test]
    fn banned_crates_are_found_outside_their_folder() {
        for (text, sign, home) in [
            ("use rusqlite::Connection;", "rusqlite", "src/store/sqlite/"),
            ("reqwest::get(url);", "reqwest", "src/http/"),
            ("redis::Client::open(url);", "redis ::", "src/upstreams/users/"),
            ("use redis as client;", "use redis", "src/upstreams/users/redis/"),
            ("use indicatif::ProgressBar;", "indicatif", "src/ui/"),
            ("use comfy_table::Table;", "comfy_table", "src/ui/"),
        ] {
            check(&[("src/run/x.rs", text)], &[&format!("src/run/x.rs: `{sign}` outside {home}")]);
            let at_home = if home.ends_with('/') { format!("{home}x.rs") } else { home.to_owned() };
            check(&[(&at_home, text)], &[]);
            check(&[("src/run/x.rs", &format!("// {text}\n/* {text} /* */ */ const T: &str = r#\"{text}\"#;"))], &[]);
            check(&[("src/run/x.rs", &format!("#[cfg(test)]\nmod tests {{ fn f() {{ {text} }} }}"))], &[]);
            check(
                &[("src/run/x.rs", &format!("const C: char = '\"'; const Q: char = '\\''; {text}"))],
                &[&format!("src/run/x.rs: `{sign}` outside {home}")],
            );
        }
        check(&[("src/upstreams/users/mod.rs", "pub mod redis; use self::redis::Target; redis::publish(x);")], &[]);
        check(
            &[("src/upstreams/users/pass.rs", "use redis::Client;")],
            &["src/upstreams/users/pass.rs: `use redis` outside src/upstreams/users/redis/"],
        );
    }

    #[test]
    fn long_files_and_unsafe_code_are_found() {
        check(&[("tests/it/cli.rs", &"\n".repeat(400))], &[]);
        check(&[("tests/it/cli.rs", &"\n".repeat(401))], &["tests/it/cli.rs: 401 lines are more than 400"]);
        check(&[("tests/it/cli.rs", "fn f() { unsafe { g() } }")], &["tests/it/cli.rs: `unsafe`"]);
        check(&[("src/lib.rs", "#![forbid(unsafe_code)] // unsafe\nfn f<'unsafe_>() {}")], &[]);
    }
}
