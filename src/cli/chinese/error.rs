//! What is wrong with a command line, from the parts that clap keeps of it.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::phrases;
use crate::language::Language;
use crate::upstreams;

/// The sentence for each kind; a name in braces is a part.
const SENTENCES: &[(ErrorKind, &str)] = &[
    (ErrorKind::UnknownArgument, "未知的参数 '{argument}'"),
    (ErrorKind::InvalidSubcommand, "未知的命令 '{command}'"),
    (ErrorKind::InvalidValue, "参数 '{argument}' 的值 '{value}' 无效"),
    (ErrorKind::ValueValidation, "参数 '{argument}' 的值 '{value}' 无效"),
    (ErrorKind::MissingRequiredArgument, "缺少必需的参数: {argument}"),
    (ErrorKind::MissingSubcommand, "'{command}' 之后缺少命令"),
    (ErrorKind::ArgumentConflict, "参数 '{argument}' 不能与 '{other}' 同时使用"),
    (ErrorKind::NoEquals, "参数 '{argument}' 的值须用等号给出"),
    (ErrorKind::TooManyValues, "参数 '{argument}' 不接受更多的值: '{value}'"),
    (ErrorKind::TooFewValues, "参数 '{argument}' 至少需要 {least} 个值，只给出了 {count} 个"),
    (ErrorKind::WrongNumberOfValues, "参数 '{argument}' 需要 {expected} 个值，给出了 {count} 个"),
    (ErrorKind::InvalidUtf8, "参数不是有效的 UTF-8 文本"),
];
const WITHOUT_VALUE: &str = "参数 '{argument}' 缺少值";
const TWICE: &str = "参数 '{argument}' 不能重复使用";

const PARTS: &[(&str, ContextKind)] = &[
    ("{argument}", ContextKind::InvalidArg),
    ("{command}", ContextKind::InvalidSubcommand),
    ("{other}", ContextKind::PriorArg),
    ("{least}", ContextKind::MinValues),
    ("{expected}", ContextKind::ExpectedNumValues),
    ("{count}", ContextKind::ActualNumValues),
    // What was typed comes last: it may look like the name of a part.
    ("{value}", ContextKind::InvalidValue),
];

const CHOICES: &[(&str, ContextKind)] = &[("可选值", ContextKind::ValidValue), ("命令", ContextKind::ValidSubcommand)];

const SIMILAR: &[(&str, ContextKind)] = &[
    ("命令", ContextKind::SuggestedSubcommand),
    ("参数", ContextKind::SuggestedArg),
    ("值", ContextKind::SuggestedValue),
];

/// What clap suggests in whole sentences, by what is between the quoted parts.
const SUGGESTIONS: &[(&[&str], &[&str])] = &[
    (&["to pass ", " as a value, use ", ""], &["要把 ", " 当作值，请写 ", ""]),
    (&["subcommand ", " exists; to use it, remove the ", " before it"], &["有命令 ", "；使用时请去掉前面的 ", ""]),
    (&["", " exists"], &["有 ", ""]),
];

/// The message, what may be meant, and the usage.
pub fn render(error: &clap::Error) -> String {
    let Some(sentence) = sentence(error) else { return phrases::in_help(&error.render().to_string()) };
    let mut text = format!("错误: {sentence}\n");
    for (label, kind) in CHOICES {
        if let Some(choices) = part(error, *kind).filter(|choices| !choices.is_empty()) {
            text.extend(["  [", *label, ": ", &choices, "]\n"]);
        }
    }
    let tips = tips(error);
    if !tips.is_empty() {
        text += "\n";
    }
    text.extend(tips.iter().map(|tip| format!("  提示: {tip}\n")));
    if let Some(usage) = part(error, ContextKind::Usage) {
        text.extend(["\n", phrases::in_help(&usage).trim_end(), "\n"]);
    }
    text + "\n详细说明请加 '--help'。\n"
}

fn sentence(error: &clap::Error) -> Option<String> {
    let (_, known) = SENTENCES.iter().find(|(kind, _)| *kind == error.kind())?;
    let (argument, other) = (part(error, ContextKind::InvalidArg), part(error, ContextKind::PriorArg));
    let is_empty = part(error, ContextKind::InvalidValue).is_some_and(|value| value.is_empty());
    let template = if error.kind() == ErrorKind::InvalidValue && is_empty {
        WITHOUT_VALUE
    } else if error.kind() == ErrorKind::ArgumentConflict && argument == other {
        TWICE
    } else {
        known
    };
    let mut sentence = template.to_owned();
    for (name, kind) in PARTS.iter().filter(|(name, _)| template.contains(name)) {
        sentence = sentence.replace(name, &part(error, *kind)?);
    }
    Some(match error.source() {
        Some(source) => {
            let reason = upstreams::messages(Language::Zh).translate(&source.to_string());
            format!("{sentence}: {reason}")
        }
        None => sentence,
    })
}

fn part(error: &clap::Error, kind: ContextKind) -> Option<String> {
    error.get(kind).map(ToString::to_string)
}

fn tips(error: &clap::Error) -> Vec<String> {
    let similar = SIMILAR.iter().filter_map(|(label, kind)| {
        let names = part(error, *kind)?.replace(", ", "', '");
        Some(format!("有相近的{label} '{names}'"))
    });
    let suggested = match error.get(ContextKind::Suggested) {
        Some(ContextValue::StyledStrs(sentences)) => sentences.iter().map(|it| suggestion(&it.to_string())).collect(),
        _ => Vec::new(),
    };
    similar.chain(suggested).collect()
}

fn suggestion(english: &str) -> String {
    let parts: Vec<&str> = english.split('\'').collect();
    let (between, quoted): (Vec<_>, Vec<_>) = parts.chunks(2).map(|pair| (pair[0], pair.get(1))).unzip();
    let Some((_, chinese)) = SUGGESTIONS.iter().find(|(known, _)| **known == between[..]) else {
        return english.to_owned();
    };
    let pieces = chinese.iter().zip(quoted).map(|(text, quoted)| match quoted {
        Some(quoted) => format!("{text}'{quoted}'"),
        None => (*text).to_owned(),
    });
    pieces.collect()
}
