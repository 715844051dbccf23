//! Every exit code has the same explanation in the README, the help and the manual.

use std::fmt::Write as _;
use std::fs;

use tongbu::exit::{Exit, SEVERITY};

use super::{between, flat, in_repository, text_of, tongbu};

const BEGIN: &str = "<!-- exit codes: begin -->\n";
const END: &str = "<!-- exit codes: end -->";

fn table() -> String {
    let mut table = "| code | name | meaning |\n|---|---|---|\n".to_owned();
    for exit in Exit::ALL {
        writeln!(table, "| {} | {} | {} |", exit.code(), exit.name(), exit.meaning()).expect("text can be written");
    }
    table
}

#[test]
fn the_readme_explains_every_exit_code() {
    let readme = text_of("README.md");
    assert!(between(&readme, BEGIN, END) == table(), "put this between the markers:\n{}", table());
}

#[test]
fn the_readme_gives_the_order_of_severity() {
    let readme = flat(&text_of("README.md"));
    let order: Vec<&str> = SEVERITY.iter().map(|exit| exit.name()).collect();
    assert_eq!(between(&readme, "the most severe wins: ", ". "), order.join(", "));
}

#[test]
fn the_help_explains_every_exit_code() {
    let home = tempfile::tempdir().expect("a temporary directory");
    for words in [&["--help"][..], &["sync", "fairing", "--help"], &["status", "--help"]] {
        let output = tongbu(home.path()).args(words).output().expect("tongbu starts");
        let help = flat(&String::from_utf8_lossy(&output.stdout));
        for exit in Exit::ALL {
            let line = format!(" {} {} {}", exit.code(), exit.name(), exit.meaning());
            assert!(help.contains(&line), "{words:?} lacks{line}: {help}");
        }
    }
}

#[test]
fn the_manual_explains_every_exit_code_once() {
    for path in fs::read_dir(in_repository("man")).expect("the manual is there") {
        let path = path.expect("an entry can be read").path();
        if path.is_dir() {
            continue;
        }
        let page = fs::read_to_string(&path).expect("a page is text");
        let page = flat(&page.replace("\\fB", "").replace("\\fR", "").replace("\\-", "-"));
        if path.ends_with("tongbu.1") {
            for exit in Exit::ALL {
                let entry = format!(".TP {} ({}) {}", exit.code(), exit.name(), exit.meaning());
                assert!(page.contains(&entry), "{entry}");
            }
        } else {
            assert!(page.ends_with(".SH \"EXIT STATUS\" See EXIT STATUS in tongbu(1)."), "{}", path.display());
        }
    }
}

#[test]
fn every_text_names_exit_codes_that_exist() {
    let pages = fs::read_dir(in_repository("docs")).expect("the pages are there");
    let pages =
        pages.map(|page| page.expect("a page").path()).filter(|page| page.extension().is_some_and(|end| end == "md"));
    let others = ["README.md", "cron.d/tongbu"].map(in_repository);
    let mut count = 0;
    for path in pages.chain(others) {
        let text = flat(&fs::read_to_string(&path).expect("a text"));
        let words: Vec<&str> = text.split(' ').map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())).collect();
        for three in words.windows(3) {
            let Some(code) = three[2].parse::<u8>().ok().filter(|_| ["exit", "code"].contains(&three[1])) else {
                continue;
            };
            let known = Exit::ALL.iter().find(|exit| exit.code() == code);
            let known = known.unwrap_or_else(|| panic!("{}: there is no exit {code}", path.display()));
            let named = Exit::ALL.iter().find(|exit| exit.name() == three[0]);
            assert!(named.is_none_or(|named| named == known), "{}: {} is not {code}", path.display(), three[0]);
            count += 1;
        }
    }
    assert!(count > 20, "only {count} were found");
}
