//! Hostile text through every output: harmless for a person's terminal, exact in JSON.

use serde_json::Value;

use super::tables::render_output;
use super::{json, log};
use crate::language::Language;
use crate::present::style::samples::style;
use crate::present::{self, Output};

/// Every control and formatting character alone and inside text, and sequences that terminals obey.
pub fn hostile_strings() -> Vec<String> {
    let controls = (0..0x20).chain(0x7f..0xa0);
    let formatting = [0xad, 0x61c, 0x180e, 0xfeff, 0xe0001, 0xe0020, 0xe007f];
    let ranges = (0x200b..=0x200f).chain(0x2028..=0x202e).chain(0x2060..=0x206f).chain(0xfff9..=0xfffb);
    let characters: Vec<char> = controls.chain(formatting).chain(ranges).filter_map(char::from_u32).collect();
    let alone = characters.iter().map(|character| format!("{character}x"));
    let inside = characters.iter().map(|character| format!("数据{character}a{character}{character}b"));
    let sequences = [
        "\u{1b}[2J\u{1b}[H",
        "\u{1b}]0;owned\u{7}",
        "\u{1b}]8;;http://evil\u{1b}\\click\u{1b}]8;;\u{1b}\\",
        "\u{1b}P+q544e\u{1b}\\",
        "\u{9b}31mred\u{9b}0m",
        "\u{9d}52;c;ZXZpbA==\u{9c}",
        "a\r\nerror: forged",
        "\u{202e}gnp.exe\u{202c}",
        "\u{2066}\u{2067}nested\u{2069}\u{2069}",
        "{}{}{}",
        "%s%n{0}$(id)`id`",
        "'; DROP TABLE tasks; --",
        "\"quoted\" \\ back\\slash",
        "```\n# heading\n",
        "=cmd|'/c calc'!A0",
        "e\u{301}\u{301}\u{301} zalgo",
        "👨\u{200d}👩\u{200d}👧 family",
        "",
        " ",
        "\t\t\t",
    ];
    let long = ["x".repeat(5000), "宽".repeat(2000), "\u{1b}[1m".repeat(500)];
    alone.chain(inside).chain(sequences.map(ToOwned::to_owned)).chain(long).collect()
}

/// Checks the output of each hostile text.
pub fn check_output(output: impl Fn(&str) -> Box<dyn Output>) {
    for text in hostile_strings() {
        check_shown(&text, output(&text).as_ref());
    }
}

/// Renders the output of that text both ways and finds the text in its document again.
pub fn check_shown(text: &str, output: &dyn Output) {
    for (language, width) in [(Language::En, Some(80)), (Language::Zh, None)] {
        let style = style(language, width);
        check_harmless(text, &render_output(output, &style));
        check_document(text, &json::scrub_document(present::output::document(output, &style).as_str()));
    }
}

fn check_document(text: &str, document: &str) {
    let parsed: Value = serde_json::from_str(document).unwrap();
    assert!(holds(&parsed, text), "{text:?} is not in {document}");
    assert!(parsed["schema"].is_string(), "{document}");
    assert_eq!(document.lines().count(), 1, "{document:?}");
}

fn check_harmless(text: &str, rendered: &str) {
    let raw =
        rendered.chars().find(|character| *character != '\n' && crate::text::safe(&character.to_string()).len() > 4);
    assert_eq!(raw, None, "{text:?} came out as {rendered:?}");
    assert!(!rendered.contains("\nerror: forged"), "{rendered:?}");
    assert!(rendered.is_empty() || rendered.ends_with('\n'), "{rendered:?}");
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(held) => held == text,
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(fields) => fields.values().any(|field| holds(field, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[test]
fn hostile_text_in_the_log_is_harmless() {
    let strings = hostile_strings();
    assert!(strings.len() >= 200, "{}", strings.len());
    for text in &strings {
        let line = serde_json::json!({"level": text, "message": text, "other": text, text: text}).to_string();
        check_harmless(text, &(log::render_line(&line) + "\n"));
    }
}
