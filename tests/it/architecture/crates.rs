//! The crates follow the policy in `deny.toml`, which `cargo deny` reads as well: licences, bans, duplicate versions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The most crates that the shipped program may be made of.
const MAX_SHIPPED: usize = 260;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    licence: String,
}

struct Policy(toml::Table);

impl Policy {
    fn load() -> Self {
        Self(text("deny.toml").parse().expect("a policy"))
    }

    fn list(&self, section: &str, key: &str) -> Vec<&toml::Value> {
        self.0[section][key].as_array().expect("a list").iter().collect()
    }

    /// The crates in this list of bans, each with its reason.
    fn crates(&self, key: &str) -> Vec<(&str, &str)> {
        let entries = self.list("bans", key).into_iter();
        entries.filter_map(|entry| Some((entry["crate"].as_str()?, entry["reason"].as_str()?))).collect()
    }
}

fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a file of the repository")
}

/// Every crate that these kinds of dependencies reach on this machine.
fn crates(edges: &str, features: &[&str]) -> BTreeSet<Crate> {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["tree", "--offline", "--locked", "--prefix", "none"]);
    let output = command.args(["--format", "{p}|{l}", "--edges", edges]).args(features).output().expect("cargo starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    stdout.lines().filter(|line| !line.is_empty()).map(read).collect()
}

/// Reads `syn v3.0.9 (proc-macro)|MIT OR Apache-2.0 (*)`.
fn read(line: &str) -> Crate {
    let (package, licence) = line.split_once('|').expect("a package and its licence");
    let mut words = package.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    Crate { name: word(), version: word(), licence: licence.trim_end_matches(" (*)").to_owned() }
}

/// Whether an SPDX expression can be met with these licences.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any_of(&mut rest, allowed) && rest.is_empty()
}

fn any_of(words: &mut &[&str], allowed: &[&str]) -> bool {
    let mut is_met = all_of(words, allowed);
    while let ["OR", rest @ ..] = words {
        *words = rest;
        is_met |= all_of(words, allowed);
    }
    is_met
}

fn all_of(words: &mut &[&str], allowed: &[&str]) -> bool {
    let mut is_met = one(words, allowed);
    while let ["AND", rest @ ..] = words {
        *words = rest;
        is_met &= one(words, allowed);
    }
    is_met
}

/// A licence, with its exception where it has one, or an expression in parentheses.
fn one(words: &mut &[&str], allowed: &[&str]) -> bool {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let is_met = any_of(words, allowed);
            *words = words.strip_prefix(&[")"]).unwrap_or_default();
            is_met
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            allowed.contains(&format!("{licence} WITH {exception}").as_str())
        }
        [licence, rest @ ..] => {
            *words = rest;
            allowed.contains(licence)
        }
        [] => false,
    }
}

/// Crates with several versions that are not skipped, and skips that nothing needs. A skip is `name@major.minor` or
/// `name@major`.
fn duplicates(crates: &BTreeSet<Crate>, skips: &[&str]) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for known in crates {
        versions.entry(&known.name).or_default().insert(known.version.trim_start_matches('v'));
    }
    versions.retain(|_, versions| versions.len() > 1);
    let is_skip = |name: &str, version: &str, skip: &str| {
        skip.split_once('@').is_some_and(|(skipped, start)| {
            skipped == name && version.strip_prefix(start).is_some_and(|rest| rest.starts_with('.'))
        })
    };
    let is_needed = |skip: &str| {
        versions.iter().any(|(name, versions)| versions.iter().any(|version| is_skip(name, version, skip)))
    };
    let unneeded = skips.iter().filter(|skip| !is_needed(skip)).map(|skip| format!("`{skip}` is skipped for nothing"));
    let unskipped = versions.iter().filter_map(|(name, versions)| {
        let count = versions.iter().filter(|version| !skips.iter().any(|skip| is_skip(name, version, skip))).count();
        (count > 1).then(|| format!("`{name}` has the versions {versions:?}"))
    });
    unneeded.chain(unskipped).collect()
}

#[test]
fn every_crate_has_an_allowed_licence() {
    let policy = Policy::load();
    let allowed: Vec<&str> = policy.list("licenses", "allow").into_iter().filter_map(toml::Value::as_str).collect();
    let crates = crates("normal,build,dev", &["--features", "sandbox"]);
    assert!(crates.len() > 100, "{} crates", crates.len());
    let others: Vec<&Crate> = crates.iter().filter(|known| !is_allowed(&known.licence, &allowed)).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn no_banned_crate_is_locked() {
    let lock: toml::Table = text("Cargo.lock").parse().expect("a lock file");
    let locked: Vec<&str> =
        lock["package"].as_array().into_iter().flatten().filter_map(|it| it["name"].as_str()).collect();
    assert!(locked.contains(&"tongbu"), "{locked:?}");
    let policy = Policy::load();
    let banned = policy.crates("deny");
    assert!(!banned.is_empty());
    for (name, reason) in banned {
        assert!(!locked.contains(&name), "{name}: {reason}");
    }
}

#[test]
fn no_crate_has_two_versions_without_a_reason() {
    let policy = Policy::load();
    let skips: Vec<&str> = policy.crates("skip").into_iter().map(|(name, _)| name).collect();
    assert_eq!(duplicates(&crates("normal,build,dev", &["--features", "sandbox"]), &skips), Vec::<String>::new());
}

#[test]
fn the_program_is_made_of_a_limited_number_of_crates() {
    let count = crates("normal", &[]).len();
    assert!((100..=MAX_SHIPPED).contains(&count), "{count} crates");
}

#[test]
fn licence_expressions_are_read() {
    let check = |expression: &str, expected: bool| {
        assert_eq!(is_allowed(expression, &["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]), expected, "{expression}");
    };
    check("MIT", true);
    check("GPL-3.0", false);
    check("GPL-3.0 OR MIT", true);
    check("GPL-3.0/MIT", true);
    check("GPL-3.0 AND MIT", false);
    check("MIT AND ISC OR GPL-3.0", true);
    check("(MIT OR GPL-3.0) AND ISC", true);
    check("(MIT OR ISC) AND GPL-3.0", false);
    check("Apache-2.0 WITH LLVM-exception", true);
    check("Apache-2.0", false);
    check("MIT ISC", false);
    check("", false);
}

#[test]
fn duplicate_versions_are_found() {
    let crates: BTreeSet<Crate> =
        ["a v1.2.0|MIT", "a v2.0.0 (proc-macro)|MIT (*)", "b v1.0.0|MIT", "b v1.0.0|MIT (*)"].map(read).into();
    assert_eq!(duplicates(&crates, &[]), ["`a` has the versions {\"1.2.0\", \"2.0.0\"}"]);
    assert_eq!(duplicates(&crates, &["a@1"]), Vec::<String>::new());
    assert_eq!(duplicates(&crates, &["a@1.2", "b@1"]), ["`b@1` is skipped for nothing"]);
}
