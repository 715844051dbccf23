//! Says which commit the program is made of, where that is known: `tongbu --version` shows it.
//!
//! Who packages it names the commit in `TONGBU_COMMIT`, and a published package holds it. Otherwise git knows; it is used
//! for release builds only, because every new commit would mean a new build.

#![expect(clippy::disallowed_methods, reason = "the environment of the build is cargo's")]

use std::env::var;
use std::fs;
use std::path::Path;
use std::process::Command;

const VARIABLE: &str = "TONGBU_COMMIT";
/// What cargo puts into a published package.
const PACKAGED: &str = ".cargo_vcs_info.json";
/// As many digits as tell commits apart.
const DIGITS: usize = 12;

fn main() {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    println!("cargo::rerun-if-changed=build.rs");
    let commit = var(VARIABLE).ok().or_else(of_package).or_else(of_git);
    let is_plain = |commit: &String| commit.chars().all(|sign| sign.is_ascii_alphanumeric() || ".-_".contains(sign));
    if let Some(commit) = commit.filter(|commit| !commit.is_empty()).filter(is_plain) {
        let digits = commit.get(..DIGITS).unwrap_or(&commit);
        println!("cargo::rustc-env={VARIABLE}={digits}");
    }
}

fn of_package() -> Option<String> {
    let text = fs::read_to_string(PACKAGED).ok()?;
    let (_, rest) = text.split_once("\"sha1\": \"")?;
    Some(rest.split('"').next()?.to_owned())
}

fn of_git() -> Option<String> {
    if var("PROFILE").as_deref() != Ok("release") || !Path::new(".git").exists() {
        return None;
    }
    // It grows with every commit and every checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo::rerun-if-changed={log}");
    git(&["rev-parse", "HEAD"])
}

fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git").args(words).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
