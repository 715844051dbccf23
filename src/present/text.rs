//! Text in both languages.

use std::fmt::Display;

use crate::language::Language;

/// A text in both languages; `{}` marks where [`fill`](Self::fill) puts its values, and `{y|ies}` is for one, or for
/// another number before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    en: &'static str,
    zh: &'static str,
}

impl Text {
    /// The text in that language.
    pub const fn label(self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Zh => self.zh,
        }
    }

    /// The text with its `{}` filled in order.
    pub fn fill(self, language: Language, values: &[&dyn Display]) -> String {
        let mut parts = self.label(language).split("{}");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for (part, value) in parts.zip(values) {
            let value = value.to_string();
            filled.push_str(&value);
            push_inflected(&mut filled, part, value == "1");
        }
        filled
    }
}

fn push_inflected(text: &mut String, part: &str, is_one: bool) {
    let mut rest = part;
    while let Some((before, (one, (many, after)))) = rest.split_once('{').and_then(|(before, rest)| {
        let (one, rest) = rest.split_once('|')?;
        Some((before, (one, rest.split_once('}')?)))
    }) {
        text.push_str(before);
        text.push_str(if is_one { one } else { many });
        rest = after;
    }
    text.push_str(rest);
}

/// A text from its English and its Chinese form.
pub const fn text(en: &'static str, zh: &'static str) -> Text {
    Text { en, zh }
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::language::Language;

    #[test]
    fn words_agree_with_the_number_before_them() {
        let counts = text("{} request{|s}, {} retr{y|ies}, {}", "");
        assert_eq!(counts.fill(Language::En, &[&1, &0, &1]), "1 request, 0 retries, 1");
        assert_eq!(counts.fill(Language::En, &[&21, &1, &1]), "21 requests, 1 retry, 1");
    }

    #[test]
    fn a_filled_value_is_not_filled_again() {
        assert_eq!(text("and {} more: {}", "").fill(Language::En, &[&"{}", &7]), "and {} more: 7");
        assert_eq!(text("a {} b", "").fill(Language::En, &[]), "a ");
    }
}
