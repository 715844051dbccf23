//! The documents agree with the program, and the generated files are current.

mod chinese;
mod crontab;
mod dependencies;
mod exports;
mod generated;
mod markdown;
mod meanings;
mod pages;
mod readme;
mod schemas;
mod tables;
mod template;
mod upstreams;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::error::ErrorKind;

/// The path of something in the repository.
fn in_repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text_of(name: &str) -> String {
    fs::read_to_string(in_repository(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The program with an environment that holds only this home.
fn tongbu(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbu"));
    command.env_clear().env("HOME", home).current_dir(home);
    command
}

/// Parses these words, `tongbu` first, as the real command line; the error if they are not valid.
fn parse(words: &[&str]) -> Result<(), String> {
    match tongbu::cli::command().try_get_matches_from(words) {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => Ok(()),
        Err(error) => Err(format!("`{}`: {error}", words.join(" "))),
    }
}

/// The text on one line with single blanks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text between two marks, each of which occurs once.
#[track_caller]
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    assert_eq!(text.matches(begin).count(), 1, "{begin}");
    let rest = text.split_once(begin).expect("it begins").1;
    rest.split_once(end).expect("it ends").0
}
