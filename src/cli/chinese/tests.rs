use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::Command;

use super::{CATALOGUE, CORE, Catalogue, explain, key, manual_pages, mistake, translated};
use crate::cli::command;
use crate::exit::Exit;
use crate::upstreams;

/// The names of values that are the same in both languages.
const SAME: [&str; 5] = ["ID", "N", "JSON", "JSON|-", "SHELL"];

fn is_chinese(text: &str) -> bool {
    text.chars().any(|sign| ('\u{4e00}'..='\u{9fff}').contains(&sign))
}

/// Every text of the command and those below it that is shown in help, by what it belongs to.
fn texts(command: &Command, words: &str, found: &mut Vec<(String, String)>) {
    let mut add = |what: &str, text: String| found.push((format!("`{words}` {what}"), text));
    add("about", command.get_about().map(ToString::to_string).unwrap_or_default());
    for text in [command.get_long_about(), command.get_after_long_help()].into_iter().flatten() {
        for part in text.to_string().split("\n\n") {
            add("more", part.to_owned());
        }
    }
    let examples = command.get_before_long_help().map(ToString::to_string).unwrap_or_default();
    for line in examples.lines().filter(|line| !line.starts_with("  ") || line.trim_start().contains("  ")) {
        add("example", line.to_owned());
    }
    for arg in command.get_arguments() {
        let key = key(arg);
        add(&key, arg.get_help().map(ToString::to_string).unwrap_or_default());
        if let Some(text) = arg.get_long_help() {
            add(&format!("{key}, long"), text.to_string());
        }
        if let Some(text) = arg.get_help_heading() {
            add(&format!("{key} heading"), text.to_owned());
        }
        let takes_values = arg.get_num_args().is_some_and(|range| range.takes_values());
        let names = arg.get_value_names().filter(|_| takes_values).unwrap_or_default();
        for name in names.iter().filter(|name| !SAME.contains(&name.as_str())) {
            add(&key, name.to_string());
        }
        for value in arg.get_possible_values() {
            if let Some(text) = value.get_help() {
                add(&format!("{key}={}", value.get_name()), text.to_string());
            }
        }
    }
    for below in command.get_subcommands() {
        texts(below, format!("{words} {}", below.get_name()).trim_start(), found);
    }
}

#[test]
fn every_text_of_the_help_is_chinese() {
    let mut found = Vec::new();
    texts(&translated(command()), "", &mut found);
    assert!(found.len() > 500, "{}", found.len());
    let english: Vec<_> = found.iter().filter(|(_, text)| !is_chinese(text)).collect();
    assert!(english.is_empty(), "these need a line in a `chinese.toml` or in `core.toml`: {english:#?}");
    let open: Vec<_> = found.iter().filter(|(_, text)| text.contains(['{', '}'])).collect();
    assert!(open.is_empty(), "{open:#?}");
}

#[test]
fn every_catalogue_can_be_read() {
    for text in [CORE].into_iter().chain(upstreams::chinese()) {
        if let Err(error) = toml::from_str::<Catalogue>(text) {
            panic!("{error}");
        }
    }
}

/// What the catalogue may have a text for: `(words, key)`; arguments also by their key alone.
fn used(command: &Command, words: &str, found: &mut BTreeSet<(String, String)>) {
    let mut add = |words: &str, key: &str| _ = found.insert((words.to_owned(), key.to_owned()));
    add(words, "about");
    if command.get_long_about().is_some() {
        add(words, "more");
    }
    if command.get_before_long_help().is_some() {
        add(words, "examples");
    }
    for arg in command.get_arguments() {
        let key = key(arg);
        for words in [words, "*"] {
            add(words, &key);
            if arg.get_long_help().is_some() {
                add(words, &format!("{key}, long"));
            }
            for value in arg.get_possible_values().iter().filter(|value| value.get_help().is_some()) {
                add(words, &format!("{key}={}", value.get_name()));
            }
        }
        for name in arg.get_value_names().unwrap_or_default() {
            add("values", name);
        }
        if let Some(heading) = arg.get_help_heading() {
            add("headings", heading);
        }
    }
    for below in command.get_subcommands() {
        used(below, format!("{words} {}", below.get_name()).trim_start(), found);
    }
}

#[test]
fn every_chinese_text_belongs_to_something() {
    let mut command = command();
    command.build();
    let mut known = BTreeSet::new();
    used(&command, "", &mut known);
    known.extend(Exit::ALL.iter().map(|exit| ("exit".to_owned(), exit.name().to_owned())));
    let common = [
        ("*", &CATALOGUE.shared),
        ("values", &CATALOGUE.values),
        ("headings", &CATALOGUE.headings),
        ("exit", &CATALOGUE.exit),
    ];
    let own = CATALOGUE.commands.iter().map(|(words, texts)| (words.as_str(), texts));
    let all = own.chain(common).flat_map(|(words, texts)| texts.keys().map(move |key| (words.to_owned(), key.clone())));
    let orphans: Vec<_> = all.filter(|entry| !known.contains(entry)).collect();
    assert!(orphans.is_empty(), "no command has these: {orphans:#?}");
    assert_eq!(CATALOGUE.exit.len(), Exit::ALL.len());
}

#[test]
fn examples_in_chinese_are_the_same_commands() {
    fn commands(command: &Command, found: &mut Vec<String>) {
        let examples = command.get_before_long_help().map(ToString::to_string).unwrap_or_default();
        found
            .extend(examples.lines().skip(1).map(|line| line.trim().split("  ").next().unwrap_or_default().to_owned()));
        for below in command.get_subcommands() {
            commands(below, found);
        }
    }
    let (mut english, mut chinese) = (Vec::new(), Vec::new());
    commands(&command(), &mut english);
    commands(&translated(command()), &mut chinese);
    assert_eq!(english, chinese);
}

/// The message for this command line, English where clap's own words are left.
fn check(args: &[&str], expected: &str) {
    let args: Vec<_> = args.iter().map(Into::into).collect();
    let shown = mistake(&explain(command(), &args).expect("it is a mistake"), Some(80));
    assert!(shown.starts_with(expected), "{shown}");
    assert!(shown.ends_with("\n详细说明请加 '--help'。\n"), "{shown}");
    for word in ["error", "tip", "Usage", "OPTIONS", "information", "possible"] {
        assert!(!shown.contains(word), "{word}: {shown}");
    }
}

#[test]
fn mistakes_in_the_command_line_are_explained_in_chinese() {
    check(
        &["tongbu", "snyc"],
        "错误: 未知的命令 'snyc'\n\n  提示: 有相近的命令 'sync'\n\n用法: tongbu [选项] <命令>\n",
    );
    check(
        &["tongbu", "records", "list", "--fialed"],
        "错误: 未知的参数 '--fialed'\n\n  提示: 有相近的参数 '--failed'\n",
    );
    check(&["tongbu", "status", "extra"], "错误: 未知的参数 'extra'\n\n用法: tongbu status [选项]\n");
    check(&["tongbu", "records", "list", "--since"], "错误: 参数 '--since <时长|日期>' 缺少值\n");
    check(
        &["tongbu", "records", "list", "--trigger", "manul"],
        "错误: 参数 '--trigger <触发方>' 的值 'manul' 无效\n  [可选值: auto, manual]\n\n  提示: 有相近的值 'manual'\n",
    );
    check(
        &["tongbu", "sync", "all", "--max-runtime", "0s"],
        "错误: 参数 '--max-runtime <时长>' 的值 '0s' 无效: 须大于零；`none` 表示不限\n",
    );
    check(&["tongbu", "locks", "break", "x"], "错误: 缺少必需的参数: --token <N>\n");
    check(&["tongbu", "status", "--json", "--json"], "错误: 参数 '--json' 不能重复使用\n");
    check(&["tongbu", "status", "--", "--all"], "错误: 未知的参数 '--all'\n");
    check(&["tongbu", "metrics", "--{value}"], "错误: 未知的参数 '--{value}'\n");
    let typed = ["tongbu", "[default: x"].map(OsString::from);
    assert!(mistake(&explain(command(), &typed).expect("it is a mistake"), None).contains("'[default: x'"));
}

#[test]
fn manual_pages_in_chinese_have_no_english_heading() {
    for (name, page) in manual_pages(command()) {
        let page = String::from_utf8(page).expect("a page is UTF-8");
        assert!(page.starts_with("'\\\" -*- coding: UTF-8 -*-\n"), "{name}");
        let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        assert!(headings.len() > 4 && headings.iter().all(|heading| is_chinese(heading)), "{name}: {headings:?}");
        for word in ["default:", "Possible", "User Commands", "subcommands", "See EXIT"] {
            assert!(!page.contains(word), "{name}: {word}");
        }
    }
}
