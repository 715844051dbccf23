//! The generated files in the repository are current.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{in_repository, tongbu};

/// Each shell with its script.
const SCRIPTS: [(&str, &str); 5] = [
    ("bash", "completions/tongbu.bash"),
    ("elvish", "completions/tongbu.elv"),
    ("fish", "completions/tongbu.fish"),
    ("powershell", "completions/_tongbu.ps1"),
    ("zsh", "completions/_tongbu"),
];

/// Every file of the directory by its name, without the directories in it.
fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = entries.map(|entry| entry.expect("an entry can be read").path());
    paths
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            (name, fs::read(&path).expect("a generated file can be read"))
        })
        .collect()
}

#[test]
fn committed_completions_are_current() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let names: Vec<String> =
        contents(&in_repository("completions")).into_keys().map(|name| format!("completions/{name}")).collect();
    let mut expected = SCRIPTS.map(|(_, file)| file.to_owned());
    expected.sort();
    assert_eq!(names, expected);
    for (shell, file) in SCRIPTS {
        let output = tongbu(home.path()).args(["generate", "completions", shell]).output().expect("tongbu starts");
        let is_fresh = fs::read(in_repository(file)).is_ok_and(|committed| committed == output.stdout);
        assert!(is_fresh, "run `cargo run --bin tongbu -- generate completions {shell} > {file}`");
    }
}

#[test]
fn committed_manual_pages_are_current() {
    for (language, directory) in [("en", "man"), ("zh", "man/zh_CN")] {
        let home = tempfile::tempdir().expect("a temporary directory");
        let args = ["generate", "man", "--lang", language, directory];
        let again = format!("run `rm {directory}/*.1; cargo run --bin tongbu -- {}`", args.join(" "));
        let status = tongbu(home.path()).args(args).status().expect("tongbu starts");
        assert!(status.success());
        let (committed, fresh) = (contents(&in_repository(directory)), contents(&home.path().join(directory)));
        assert!(committed.keys().eq(fresh.keys()), "pages are added or removed: {again}");
        for (name, page) in fresh {
            assert!(committed[&name] == page, "{directory}/{name} differs: {again}");
        }
    }
}
