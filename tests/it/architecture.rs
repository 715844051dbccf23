//! The architecture, checked: which module may use which, and what must not be found where.

mod circles;
mod crates;
mod fillings;
mod messages;
mod ownership;
mod reference;
mod rules;
pub mod source;
mod tracked;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use self::source::Source;

/// Every file of the repository with its path from the root, without build output.
fn files() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a directory can be read") {
            let path = entry.expect("an entry can be read").path();
            let name = path.strip_prefix(root).expect("a path below the root").to_string_lossy().into_owned();
            if path.is_symlink() || matches!(name.as_str(), ".git" | "target") {
                continue;
            }
            if path.is_dir() {
                directories.push(path);
            } else {
                files.push((name, path));
            }
        }
    }
    files.sort();
    files
}

/// The text of every file whose name ends so, with its path from the root.
pub fn texts(extension: &str) -> Vec<(String, String)> {
    let files = files().into_iter().filter(|(name, _)| Path::new(name).extension().is_some_and(|end| end == extension));
    files.map(|(name, path)| (name, fs::read_to_string(path).expect("source is text"))).collect()
}

pub static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let sources: Vec<Source> = texts("rs").iter().map(|(name, text)| Source::new(name, text)).collect();
    assert!(sources.iter().any(|source| source.path == "src/lib.rs"), "the source is not where it is expected");
    sources
});

#[test]
fn source_follows_the_layers_and_bans() {
    let violations = rules::violations(&SOURCES);
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let edges = circles::edges(&SOURCES);
    assert!(edges.values().map(std::collections::BTreeSet::len).sum::<usize>() > edges.len(), "no uses are found");
    let circles: Vec<String> = circles::circles(&edges).iter().map(|circle| circle.join(" > ")).collect();
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn names_of_an_upstream_stay_in_its_folder() {
    let mut migrations = texts("sql");
    migrations.retain(|(path, _)| path.starts_with("src/"));
    assert!(migrations.len() > 1, "the migrations are not where they are expected");
    let violations = ownership::violations(&SOURCES, &migrations);
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}
