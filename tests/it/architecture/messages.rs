//! Every message that the sources make has its line in a catalogue, in both languages.

use std::collections::BTreeSet;

use tongbu::language::Language;
use tongbu::upstreams;

use super::SOURCES;
use super::source::{Source, shipped};

/// Files whose texts are for other programs, are help, or are both languages.
const OTHER: [&str; 7] = [
    "src/cli/alerts.rs",
    "src/cli/chinese/",
    "src/cli/crontab.rs",
    "src/cli/examples.rs",
    "src/cli/systemd.rs",
    "src/exit.rs",
    "src/run/metrics.rs",
];

/// What looks like a message and is none.
const NO_MESSAGES: &[&str] = &[
    // Commands, and files' heads.
    "records show last",
    "records show {}",
    "redis-cli{} -h {} -p {port}",
    "redis-cli -s {}",
    "{} ping",
    "sync {}",
    "tongbu@{name}.timer {command}",
    "-o {0} -g {0} ",
    "su -s /bin/sh {} -c '{words}'",
    "tongbu sync all",
    "tongbu status",
    "tongbu notify test",
    // Attributes of HTML.
    "default-src 'none'; style-src 'unsafe-inline'",
    "light dark",
    // A message of the catalogue for each state.
    "{}{state} {noun}s: {}{more}",
    "** This file contains an SQLite 2.1",
    // What libraries and servers say, where it is recognised.
    "a boolean",
    "a map",
    "a sequence",
    "path string",
    "string or map",
    "DB index is out of range",
    "max number of clients reached",
    "refused to switch database",
    "request has expired",
    "signature expired",
    "signature not yet current",
    "this machine's clock",
    "# tongbu: begin",
    "# tongbu: end",
    // A bar.
    "{prefix} {bar:24} {pos}/{len} {elapsed} (eta {eta}) {wide_msg}",
    // A panic's.
    "any key length fits",
    " at {}:{}",
];

/// Calls whose texts are both languages, a name in a schema, or nothing a person reads.
const CALLS: [&str; 5] = ["text", "DocumentSchema::of", "DocumentSchema::list_of", "DocumentSchema::new", "tracing"];

/// Texts whose number is never one, and those of the log alone.
const NEVER_ONE: &[&str] = &[
    "this process may open {limit} files, which is too few",
    "{what} succeeded after {number} retries",
    "{} bytes behind the compressed body are ignored",
    "{}: response to {request} is longer than {limit} bytes",
    "the command did not end within {} seconds",
    "has {names} {count} times",
];

/// A hole for the ending of an English word; Chinese has none.
pub(super) const ENDING: &str = "s";

/// The macros of the log.
const LOG: [&str; 5] = ["trace", "debug", "info", "warn", "error"];

pub(super) struct Line {
    pub file: String,
    pub english: String,
    pub chinese: String,
    /// In `[more]`: no single text of the sources.
    is_more: bool,
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|sign| ('\u{4e00}'..='\u{9fff}').contains(&sign))
}

/// Every line of every catalogue.
pub(super) fn lines() -> Vec<Line> {
    let is_catalogue = |file: &str| file.starts_with("src/present/messages/") || file.ends_with("/chinese.toml");
    let mut lines = Vec::new();
    for (file, text) in super::texts("toml").into_iter().filter(|(file, _)| is_catalogue(file)) {
        let catalogue: toml::Table = toml::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        for (section, is_more) in [("messages", false), ("more", true)] {
            let table = catalogue.get(section).and_then(toml::Value::as_table).cloned().unwrap_or_default();
            lines.extend(table.into_iter().map(|(english, chinese)| {
                let chinese = chinese.as_str().expect("a text").to_owned();
                Line { file: file.clone(), english, chinese, is_more }
            }));
        }
    }
    lines
}

/// The text without what follows the colon of a hole, and the names of its holes; those without one count from 1.
pub(super) fn normal(text: &str) -> (String, Vec<String>) {
    let (mut normal, mut holes, mut rest) = (String::new(), Vec::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((hole, after)) = after.split_once('}') else { break };
        let name = hole.split(':').next().unwrap_or_default();
        normal.extend([before, "{", name, "}"]);
        let number = holes.iter().filter(|name: &&String| name.parse::<u32>().is_ok()).count() + 1;
        holes.push(if name.is_empty() { number.to_string() } else { name.to_owned() });
        rest = after;
    }
    (normal + rest, holes)
}

#[test]
fn every_line_of_the_catalogues_is_chinese_and_has_the_same_holes() {
    let all = lines();
    assert!(all.len() > 600, "{}", all.len());
    for Line { file, english, chinese, .. } in &all {
        assert!(is_chinese(chinese) || !has_words(english) || chinese.contains("false"), "{file}: {english}");
        let set = |text| normal(text).1.into_iter().filter(|name| name != ENDING).collect::<BTreeSet<_>>();
        assert_eq!(set(english), set(chinese), "{file}: {english}");
    }
}

/// Every text in the sources, with whether it has to be a message.
fn texts() -> Vec<(String, String, bool)> {
    let sources: Vec<&Source> = shipped(&SOURCES);
    let mut texts = Vec::new();
    for source in sources.into_iter().filter(|source| OTHER.iter().all(|other| !source.path.starts_with(other))) {
        let mut calls: Vec<String> = Vec::new();
        for (at, token) in source.shipped.iter().enumerate() {
            match token.as_str() {
                "(" | "[" | "{" => calls.push(call(&source.shipped[..at])),
                ")" | "]" | "}" => _ = calls.pop(),
                _ => {
                    if let Some(literal) = token.strip_prefix('"') {
                        let text = unescaped(literal);
                        let is_error = calls.iter().any(|call| call == "error") && calls.iter().any(|call| call == "#");
                        let is_other = calls.iter().any(|call| CALLS.contains(&call.as_str()))
                            || (calls.iter().any(|call| call == "#") && !is_error);
                        let has_to = !is_other && (is_error || is_prose(&text)) && has_words(&text);
                        texts.push((source.path.clone(), text, has_to));
                    }
                }
            }
        }
    }
    texts
}

/// What opens after these tokens: `#` for an attribute, `tracing` for a macro of the log, else the name of a function.
fn call(before: &[String]) -> String {
    let mut rest = before;
    if rest.last().is_some_and(|token| token == ">") {
        let mut depth = 0_usize;
        while let Some((last, others)) = rest.split_last() {
            rest = others;
            depth = match last.as_str() {
                ">" => depth + 1,
                "<" => depth - 1,
                _ => depth,
            };
            if depth == 0 {
                break;
            }
        }
        rest = rest.strip_suffix(&["::".to_owned()]).unwrap_or(rest);
    }
    match rest {
        [.., name, mark] if mark == "!" && LOG.contains(&name.as_str()) => "tracing".to_owned(),
        [.., qualifier, colons, name] if colons == "::" => format!("{qualifier}::{name}"),
        [.., name] => name.clone(),
        [] => String::new(),
    }
}

/// The text of a literal as it is in the source.
fn unescaped(literal: &str) -> String {
    let (mut text, mut rest) = (String::new(), literal.chars().peekable());
    while let Some(sign) = rest.next() {
        if sign != '\\' {
            text.push(sign);
            continue;
        }
        match rest.next() {
            Some('\n') => while rest.next_if(|sign| sign.is_whitespace()).is_some() {},
            Some('n') => text.push('\n'),
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

/// The words of a text without what is quoted and without its holes.
fn bare(text: &str) -> String {
    let unquoted: String = text.split('`').step_by(2).collect::<Vec<_>>().join("X");
    let mut bare = String::new();
    let mut depth = 0_usize;
    for sign in unquoted.chars() {
        match sign {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                bare.push('X');
            }
            _ if depth == 0 => bare.push(sign),
            _ => {}
        }
    }
    bare
}

fn has_words(text: &str) -> bool {
    bare(text).split(|sign: char| !sign.is_ascii_alphabetic()).any(|word| word.len() > 1 && word != "X")
}

/// Whether it reads like a sentence in lower case: two words, or one beside a hole; no code, no SQL, no help.
fn is_prose(text: &str) -> bool {
    const SQL: [&str; 12] =
        ["SELECT", "FROM", "WHERE", "AND", "IN", "PRAGMA", "ORDER", "VALUES", "SET", "INSERT", "UPDATE", "DELETE"];
    let bare = bare(text);
    let mut signs = text.chars();
    let is_sentence = signs.next().is_some_and(char::is_uppercase) && signs.next().is_some_and(char::is_lowercase);
    if text.contains('\n')
        || text.starts_with("  ")
        || is_sentence
        || is_chinese(&bare)
        || bare.split([' ', '(']).any(|word| SQL.contains(&word))
    {
        return false;
    }
    let words: Vec<&str> = bare.split(' ').collect();
    let is_word =
        |word: &str| word.len() > 1 && word.chars().all(|sign| sign.is_ascii_lowercase() || matches!(sign, '\'' | '-'));
    let is_part = |word: &str| is_word(word) || matches!(word, "X" | "a");
    // A comma is between two words of a list, too.
    words.windows(2).any(|pair| {
        let (first, second) =
            (pair[0].trim_matches([':', ';', '(', ')']), pair[1].trim_matches([',', ':', ';', '(', ')', '?']));
        is_part(first) && is_part(second) && (is_word(first) || is_word(second))
    })
}

/// Whether a hole of that name holds a number.
pub(super) fn is_count(name: &str) -> bool {
    name == "count" || name.ends_with("_count")
}

/// The text as it would be made, with a word in each hole, and these words but for endings.
fn sample(text: &str) -> (String, Vec<String>) {
    let (mut made, mut marks, mut rest) = (String::new(), Vec::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        made.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("{{") {
            made.push('{');
            rest = after;
        } else if let Some((hole, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            let name: String =
                hole.split(':').next().into_iter().flat_map(str::chars).filter(|sign| sign.is_alphanumeric()).collect();
            let mark = match hole {
                ENDING => ENDING.to_owned(),
                _ if is_count(hole) => format!("4{}", marks.len()),
                _ if name.is_empty() => format!("w{}w", marks.len()),
                _ => format!("w{name}w"),
            };
            made.push_str(&mark);
            marks.push(if hole == ENDING { String::new() } else { mark });
            rest = after;
        } else {
            made.push_str(&rest[..1]);
            rest = rest.strip_prefix("}}").unwrap_or(&rest[1..]);
        }
    }
    let head = if text.starts_with([' ', ',', ';', ':']) { "sentence" } else { "" };
    let tail = if text.ends_with(' ') { "sentence" } else { "" };
    (format!("{head}{made}{rest}{tail}"), marks)
}

#[test]
fn every_message_is_chinese_for_who_reads_chinese() {
    let messages = upstreams::messages(Language::Zh);
    let texts = texts();
    let all: Vec<_> =
        texts.iter().filter(|(_, text, has_to)| *has_to && !NO_MESSAGES.contains(&text.as_str())).collect();
    assert!(all.len() > 600, "{}", all.len());
    let english: BTreeSet<String> = all
        .into_iter()
        .filter(|(_, text, _)| {
            let (made, marks) = sample(text);
            let shown = messages.translate(&made);
            let is_known = shown != made && (is_chinese(&shown) || shown.contains("false"));
            !(is_known && marks.iter().all(|mark| shown.contains(mark.as_str())))
        })
        .map(|(path, text, _)| format!("{path}: {text}"))
        .collect();
    let english: Vec<_> = english.into_iter().collect();
    assert!(
        english.is_empty(),
        "these need a line in src/present/messages/ or in a chinese.toml:\n{}",
        english.join("\n")
    );
}

#[test]
fn every_line_of_the_catalogues_is_a_message_of_the_sources() {
    let known: BTreeSet<String> = texts().iter().map(|(_, text, _)| normal(text).0).collect();
    let orphans: Vec<String> = lines()
        .into_iter()
        .filter(|line| !line.is_more && !known.contains(&normal(&line.english).0))
        .map(|line| format!("{}: {}", line.file, line.english))
        .collect();
    assert!(orphans.is_empty(), "{}", orphans.join("\n"));
    let unused: Vec<_> = NO_MESSAGES.iter().chain(NEVER_ONE).filter(|text| !known.contains(&normal(text).0)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

/// Words that end with an `s` and are no plural.
const NO_PLURALS: [&str; 25] = [
    "accepts", "as", "differs", "does", "ends", "exceeds", "gives", "has", "holds", "is", "its", "lists", "makes",
    "names", "needs", "redis", "refuses", "requires", "says", "shows", "succeeds", "this", "throws", "was", "writes",
];

/// The first words behind each hole that may hold the number 1.
fn behind_numbers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut before = String::new();
    for part in text.split_inclusive('}') {
        let may_be_one = before.ends_with('}')
            && !before.rsplit('{').next().is_some_and(|hole| hole.contains(|sign: char| sign.is_uppercase() || sign == '|'))
            // "1 of 2 rows"
            && !before.rsplit_once('{').is_some_and(|(before, _)| before.ends_with(" of "));
        if let Some(behind) = part.strip_prefix(' ').filter(|_| may_be_one) {
            let words = behind.split(' ').take(2).map(|word| word.trim_end_matches([',', ':', ';', '"']));
            let words = words.take_while(|word| word.chars().all(|sign| sign.is_ascii_lowercase()));
            found.extend(words.map(str::to_owned));
        }
        before.push_str(part);
    }
    found
}

#[test]
fn no_number_is_before_a_plural_alone() {
    assert_eq!(behind_numbers("a {} row{|s} in {count} items, {MAX} rows of {} pages"), ["items"]);
    let wrong: BTreeSet<String> = texts()
        .into_iter()
        .filter(|(_, text, _)| {
            let words = behind_numbers(text);
            words.iter().any(|word| word.len() > 2 && word.ends_with('s') && !NO_PLURALS.contains(&word.as_str()))
        })
        .map(|(path, text, _)| format!("{path}: {text}"))
        .filter(|text| !NEVER_ONE.iter().any(|never| text.ends_with(never)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
