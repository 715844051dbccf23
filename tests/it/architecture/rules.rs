//! The rules of the architecture.

use std::collections::BTreeSet;

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
    ("store", 1),
    ("error", GROUND),
    ("exit", GROUND),
    ("clock", GROUND),
    ("ident", GROUND),
    ("language", GROUND),
    ("secret", GROUND),
    ("text", GROUND),
    ("progress", GROUND),
    // For tests only.
    ("mutate", GROUND),
];
/// Modules of this height may use one another, without cycles.
const GROUND: u8 = 0;

const MAX_LINES: usize = 400;

/// Something that may stand in few places only.
struct Absence {
    /// Token sequences, any of which is the thing.
    signs: &'static [&'static str],
    /// The paths it may stand in begin so.
    home: &'static str,
    /// Token sequences that are no offence below `store/`.
    exceptions: &'static [&'static str],
}

const ABSENCES: &[Absence] = &[
    Absence { signs: &["rusqlite"], home: "src/store/sqlite/", exceptions: &[] },
    Absence {
        signs: &["fs2"],
        home: "src/store/oslock.rs",
        exceptions: &["fs2 :: available_space", "fs2 :: free_space", "fs2 :: statvfs"],
    },
    Absence { signs: &["reqwest"], home: "src/http/", exceptions: &[] },
    // Beside its folder the name is that folder's; only an import there is unambiguous.
    Absence { signs: &["redis ::"], home: "src/upstreams/users/", exceptions: &[] },
    Absence { signs: &["use redis", "use :: redis"], home: "src/upstreams/users/redis/", exceptions: &[] },
    Absence { signs: &["indicatif"], home: "src/ui/", exceptions: &[] },
    Absence { signs: &["comfy_table"], home: "src/ui/", exceptions: &[] },
    Absence {
        signs: &[
            "println !",
            "print !",
            "eprintln !",
            "eprint !",
            "dbg !",
            "io :: stdout",
            "io :: stderr",
            "stdout ( )",
            "stderr ( )",
        ],
        home: "src/ui/",
        exceptions: &[],
    },
    Absence {
        signs: &["env :: var", "env :: var_os", "env :: vars", "env :: vars_os"],
        home: "src/config/",
        exceptions: &[],
    },
    Absence {
        signs: &["SystemTime :: now", "Timestamp :: now", "Zoned :: now", "Utc :: now", "Local :: now"],
        home: "src/clock.rs",
        exceptions: &[],
    },
];

/// Everything that is against the rules, one line each.
pub fn violations(sources: &[Source]) -> Vec<String> {
    let upstreams: BTreeSet<String> = sources.iter().filter_map(upstream).collect();
    let mut found = Vec::new();
    for source in sources {
        if source.line_count > MAX_LINES {
            found.push(format!("{}: {} lines are more than {MAX_LINES}", source.path, source.line_count));
        }
        if source.tokens.iter().any(|token| token == "unsafe") {
            found.push(format!("{}: `unsafe`", source.path));
        }
        for absence in ABSENCES {
            found.extend(absence.offence(source));
        }
        found.extend(layering(source));
        found.extend(siblings(source, &upstreams));
    }
    found.extend(cycles(sources));
    found
}

impl Absence {
    fn offence(&self, source: &Source) -> Option<String> {
        if source.path.starts_with(self.home) {
            return None;
        }
        let is_excepted = |rest: &[String]| {
            source.path.starts_with("src/store/") && self.exceptions.iter().any(|allowed| begins(rest, allowed))
        };
        (0..source.shipped.len()).map(|at| &source.shipped[at..]).find_map(|rest| {
            let sign = self.signs.iter().find(|sign| begins(rest, sign))?;
            (!is_excepted(rest)).then(|| format!("{}: `{sign}` outside {}", source.path, self.home))
        })
    }
}

fn begins(tokens: &[String], sign: &str) -> bool {
    let sign: Vec<&str> = sign.split(' ').collect();
    tokens.iter().map(String::as_str).take(sign.len()).eq(sign)
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
    let named: BTreeSet<String> = source.paths().into_iter().filter_map(|path| path.into_iter().next()).collect();
    let offends = |named: &String| {
        let below = height(named);
        *named != own && below.is_some_and(|below| below >= above && above != GROUND || below > above)
    };
    let offences = named.into_iter().filter(offends);
    offences.map(|named| format!("{}: `{own}` must not use `{named}`", source.path)).collect()
}

/// The upstream whose folder the file is in.
fn upstream(source: &Source) -> Option<String> {
    let (name, _) = source.path.strip_prefix("src/upstreams/")?.split_once('/')?;
    Some(name.to_owned())
}

fn siblings(source: &Source, upstreams: &BTreeSet<String>) -> Vec<String> {
    let Some(own) = upstream(source) else { return Vec::new() };
    let named = source.paths().into_iter().filter_map(|path| match path.as_slice() {
        [top, name, ..] if top == "upstreams" && *name != own && upstreams.contains(name) => Some(name.clone()),
        _ => None,
    });
    let named: BTreeSet<String> = named.collect();
    named.into_iter().map(|name| format!("{}: the upstream `{own}` names `{name}`", source.path)).collect()
}

/// Modules on the ground that use each other in a circle; higher up the layers allow none.
fn cycles(sources: &[Source]) -> Vec<String> {
    let ground = |module: &str| height(module) == Some(GROUND);
    let mut edges: BTreeSet<(String, String)> = BTreeSet::new();
    for source in sources {
        let Some(own) = top(source).filter(|own| ground(own)) else { continue };
        let named = source.paths().into_iter().filter_map(|path| path.into_iter().next());
        edges.extend(named.filter(|named| *named != own && ground(named)).map(|named| (own.clone(), named)));
    }
    loop {
        let further: Vec<_> = edges
            .iter()
            .flat_map(|(own, through)| {
                let seconds = edges.iter().filter(move |(second, _)| second == through);
                seconds.map(move |(_, named)| (own.clone(), named.clone()))
            })
            .filter(|pair| !edges.contains(pair))
            .collect();
        if further.is_empty() {
            break;
        }
        edges.extend(further);
    }
    let circular = edges.into_iter().filter(|(own, named)| own == named);
    circular.map(|(own, _)| format!("src/{own}.rs: `{own}` uses itself in a circle")).collect()
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
    fn a_layer_uses_what_is_lower_and_nothing_else() {
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
    fn the_ground_has_no_circles() {
        check(&[("src/exit.rs", "use crate::error::Class;"), ("src/error.rs", "")], &[]);
        check(
            &[("src/exit.rs", "use crate::error::Class;"), ("src/error.rs", "use crate::exit::Exit;")],
            &["src/error.rs: `error` uses itself in a circle", "src/exit.rs: `exit` uses itself in a circle"],
        );
    }

    #[test]
    fn one_upstream_does_not_name_another() {
        let other = ("src/upstreams/fairing/mod.rs", "");
        check(&[("src/upstreams/mod.rs", "use self::fairing::Fairing; use crate::upstreams::fairing;"), other], &[]);
        for text in ["use crate::upstreams::{Error, fairing::Kind};", "use super::super::fairing;"] {
            check(
                &[("src/upstreams/douban/pass.rs", text), other],
                &["src/upstreams/douban/pass.rs: the upstream `douban` names `fairing`"],
            );
        }
    }

    #[test]
    fn each_tool_stays_at_home() {
        for (text, sign, home) in [
            ("use rusqlite::Connection;", "rusqlite", "src/store/sqlite/"),
            ("fs2::FileExt::try_lock_exclusive(&file);", "fs2", "src/store/oslock.rs"),
            ("reqwest::get(url);", "reqwest", "src/http/"),
            ("redis::Client::open(url);", "redis ::", "src/upstreams/users/"),
            ("use redis as client;", "use redis", "src/upstreams/users/redis/"),
            ("use indicatif::ProgressBar;", "indicatif", "src/ui/"),
            ("use comfy_table::Table;", "comfy_table", "src/ui/"),
            ("println!(\"x\");", "println !", "src/ui/"),
            ("std::io::stderr().lock();", "io :: stderr", "src/ui/"),
            ("let out = stdout();", "stdout ( )", "src/ui/"),
            ("std::env::var(\"HOME\")", "env :: var", "src/config/"),
            ("jiff::Timestamp::now()", "Timestamp :: now", "src/clock.rs"),
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
        check(&[("src/store/mod.rs", "fs2::available_space(path)")], &[]);
        check(&[("src/upstreams/users/mod.rs", "pub mod redis; use self::redis::Target; redis::publish(x);")], &[]);
        check(
            &[("src/upstreams/users/pass.rs", "use redis::Client;")],
            &["src/upstreams/users/pass.rs: `use redis` outside src/upstreams/users/redis/"],
        );
        check(&[("src/run/mod.rs", "command.stdout(Stdio::piped()); environment!(); env!(\"X\");")], &[]);
    }

    #[test]
    fn no_file_is_long_and_none_is_unsafe() {
        check(&[("tests/it/cli.rs", &"\n".repeat(400))], &[]);
        check(&[("tests/it/cli.rs", &"\n".repeat(401))], &["tests/it/cli.rs: 401 lines are more than 400"]);
        check(&[("tests/it/cli.rs", "fn f() { unsafe { g() } }")], &["tests/it/cli.rs: `unsafe`"]);
        check(&[("src/lib.rs", "#![forbid(unsafe_code)] // unsafe\nfn f<'unsafe_>() {}")], &[]);
    }
}
