//! The commands, flags, paths and settings of the README exist.

use std::collections::BTreeSet;
use std::fs;

use super::markdown::{Block, anchors, blocks, codes, links};
use super::{in_repository, parse, text_of, tongbu};

/// The words of the first command of a shell line, without comment, pipe or redirection.
fn command(line: &str) -> Vec<&str> {
    line.split_whitespace().take_while(|word| !matches!(*word, "#" | "|" | ">" | ">>" | "<" | "&&" | ";")).collect()
}

/// Every command the README shows, in its blocks and in its prose.
fn commands<'a>(blocks: &'a [Block], codes: &'a [String]) -> Vec<Vec<&'a str>> {
    let lines = blocks.iter().filter(|block| block.language == "sh").flat_map(|block| block.text.lines());
    lines.chain(codes.iter().map(String::as_str)).map(command).filter(|words| !words.is_empty()).collect()
}

/// A flag in prose, `--on-lock fail|skip`, without its value.
fn flag(code: &str) -> Option<&str> {
    code.split([' ', '=']).next().filter(|word| word.starts_with('-'))
}

fn collect_flags(command: &clap::Command, flags: &mut BTreeSet<String>) {
    for arg in command.get_arguments() {
        flags.extend(arg.get_long().map(|long| format!("--{long}")));
        flags.extend(arg.get_short().map(|short| format!("-{short}")));
    }
    for subcommand in command.get_subcommands() {
        collect_flags(subcommand, flags);
    }
}

/// A path that begins at the repository's root.
fn is_relative_path(word: &str) -> bool {
    let is_of_names = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    is_of_names && word.contains('/') && !word.starts_with(['/', '-'])
}

#[test]
fn every_command_of_the_readme_parses() {
    let readme = text_of("README.md");
    let (blocks, codes) = (blocks(&readme), codes(&readme));
    let typed: Vec<_> = commands(&blocks, &codes).into_iter().filter(|words| words[0] == "tongbu").collect();
    assert!(typed.len() > 10, "{typed:?}");
    for words in typed {
        assert_eq!(parse(&words), Ok(()));
    }
}

#[test]
fn every_flag_of_the_readme_exists() {
    let mut known = BTreeSet::new();
    let mut command = tongbu::cli::command();
    command.build();
    collect_flags(&command, &mut known);
    let codes = codes(&text_of("README.md"));
    let named: Vec<&str> = codes.iter().filter_map(|code| flag(code)).collect();
    assert!(!named.is_empty());
    for flag in named {
        assert!(known.contains(flag), "{flag}");
    }
}

#[test]
fn every_path_of_the_readme_exists() {
    let readme = text_of("README.md");
    let (blocks, codes) = (blocks(&readme), codes(&readme));
    let commands = commands(&blocks, &codes);
    let mut paths: Vec<&str> = commands.iter().map(|words| words[0]).filter(|word| is_relative_path(word)).collect();
    paths.extend(links(&readme).into_iter().filter(|link| is_relative_path(link)));
    assert!(paths.contains(&"tests/run.sh") && paths.contains(&"man/"), "{paths:?}");
    for path in paths {
        assert!(in_repository(path).exists(), "{path}");
    }
    let anchors = anchors(&readme);
    for link in links(&readme).into_iter().filter(|link| link.starts_with('#')) {
        assert!(anchors.iter().any(|anchor| anchor == link), "{link}");
    }
}

#[test]
fn every_binary_and_feature_of_the_readme_is_in_the_manifest() {
    let readme = text_of("README.md");
    let cargo: toml::Table = text_of("Cargo.toml").parse().expect("a manifest");
    let binaries = cargo["bin"].as_array().expect("binaries");
    let features = cargo["features"].as_table().expect("features");
    let (blocks, codes) = (blocks(&readme), codes(&readme));
    let commands = commands(&blocks, &codes);
    let values = |flag: &str| -> Vec<&str> {
        let pairs = commands.iter().flat_map(|words| words.windows(2));
        pairs.filter(|pair| pair[0] == flag).map(|pair| pair[1]).collect()
    };
    let (named_binaries, named_features) = (values("--bin"), values("--features"));
    assert!(!named_binaries.is_empty() && !named_features.is_empty());
    for name in named_binaries {
        assert!(binaries.iter().any(|binary| binary["name"].as_str() == Some(name)), "{name}");
    }
    for name in named_features {
        assert!(features.contains_key(name), "{name}");
    }
    assert!(readme.contains(&format!("Rust {} or newer", env!("CARGO_PKG_RUST_VERSION"))));
}

#[test]
fn every_configuration_of_the_readme_passes_the_check() {
    let readme = text_of("README.md");
    let snippets: Vec<_> = blocks(&readme).into_iter().filter(|block| block.language == "toml").collect();
    assert!(!snippets.is_empty());
    for snippet in snippets {
        let home = tempfile::tempdir().expect("a temporary directory");
        fs::write(home.path().join("config.toml"), &snippet.text).expect("a file can be written");
        let mut command = tongbu(home.path());
        for variable in snippet.text.split("env = \"").skip(1).filter_map(|rest| rest.split('"').next()) {
            command.env(variable, "a-credential");
        }
        let output = command.args(["config", "check", "--config", "config.toml"]).output().expect("tongbu starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}{stderr}{}", snippet.text, String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn comments_and_redirections_are_cut_off() {
    assert_eq!(command("tongbu status    # what is due"), ["tongbu", "status"]);
    assert_eq!(command("tongbu generate completions bash > file"), ["tongbu", "generate", "completions", "bash"]);
    assert!(command("# nothing").is_empty());
    assert_eq!((flag("--on-lock fail|skip"), flag("-q"), flag("tongbu")), (Some("--on-lock"), Some("-q"), None));
    assert!(is_relative_path("tests/run.sh") && !is_relative_path("/etc/cron.d/") && !is_relative_path("$X/y"));
}
