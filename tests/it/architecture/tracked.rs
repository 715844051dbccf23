//! No file of the repository names the machine it was written on.

use std::fs;
use std::path::Path;

use super::files;

/// Folders of one machine, assembled here so that this file does not contain them.
const PLACES: [&str; 2] = [concat!("/ro", "ot/"), concat!("/wo", "rk/")];
/// The only place crates come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The path of the checkout, the home and the host's name.
fn traces() -> Vec<String> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let home = std::env::var("HOME").unwrap_or_default();
    let own = [env!("CARGO_MANIFEST_DIR").to_owned(), home, host];
    // A short one would match by chance.
    let own = own.into_iter().filter(|trace| trace.len() >= 8);
    own.chain(PLACES.map(str::to_owned)).collect()
}

/// The traces found in the text.
fn found(text: &str, traces: &[String]) -> Vec<String> {
    traces.iter().filter(|trace| text.contains(trace.as_str())).cloned().collect()
}

#[test]
fn no_file_names_this_machine() {
    let traces = traces();
    for (name, path) in files() {
        let text = fs::read(path).expect("a file can be read");
        assert_eq!(found(&String::from_utf8_lossy(&text), &traces), Vec::<String>::new(), "{name}");
    }
    assert_eq!(found(&traces.join(" and "), &traces), traces, "a trace is not found");
}

#[test]
fn every_crate_comes_from_the_public_registry() {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).expect("the lock file");
    let sources: Vec<&str> = lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
    assert!(!sources.is_empty());
    for source in sources {
        assert_eq!(source.trim_matches('"'), REGISTRY);
    }
    let settings = files().into_iter().find(|(name, _)| name.starts_with(".cargo/"));
    assert_eq!(settings, None, "the repository must not configure how crates are fetched");
}
