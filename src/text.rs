//! Text: what an upstream sent, made harmless for a terminal, and bytes in hexadecimal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every character that could steer a terminal or turn the reading direction made visible: C0 and C1
/// control characters, line and paragraph separators, bidirectional controls and other invisible formatting characters
/// appear as `\n`, `\t` or `\u{…}`. Everything else, CJK included, stays as it is.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_steering) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            steering if is_steering(steering) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(steering));
            }
            plain => shown.push(plain),
        }
    }
    Cow::Owned(shown)
}

/// What an English word ends with behind that number: "1 row", "2 rows".
pub const fn ending(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `char::is_control` knows C0, DEL and C1 only; the rest changes how text is shown without being seen.
fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// The text as one word of a shell command.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.,:@%+=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::safe;

    fn check(input: &str, expected: &str) {
        assert_eq!(safe(input), expected);
    }

    #[test]
    fn ordinary_text_is_untouched() {
        check("盗梦空间 – Inception é 🎬", "盗梦空间 – Inception é 🎬");
    }

    #[test]
    fn steering_characters_become_visible() {
        check("a\u{1b}[31mred", "a\\u{1b}[31mred");
        check("line\nnext\ttab\r", "line\\nnext\\ttab\\r");
        check("c1 \u{9b}31m", "c1 \\u{9b}31m");
        check("bidi \u{202e}txt \u{2066}x", "bidi \\u{202e}txt \\u{2066}x");
        check("\u{feff}bom \u{200b}zero", "\\u{feff}bom \\u{200b}zero");
    }
}
