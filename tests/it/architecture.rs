//! The architecture, checked: who may use whom, and what must not be found where.

mod rules;
mod source;
mod tracked;

use std::fs;
use std::path::{Path, PathBuf};

use self::rules::violations;
use self::source::Source;

/// Every file of the repository, by its path from the root; what is built is none of it.
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

#[test]
fn the_source_keeps_to_the_architecture() {
    let rust = files().into_iter().filter(|(name, _)| Path::new(name).extension().is_some_and(|end| end == "rs"));
    let sources: Vec<Source> =
        rust.map(|(name, path)| Source::new(&name, &fs::read_to_string(path).expect("source is text"))).collect();
    assert!(sources.iter().any(|source| source.path == "src/lib.rs"), "the source is not where it is looked for");
    let violations = violations(&sources);
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}
