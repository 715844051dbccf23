//! Text in both languages.

use std::fmt::Display;

use crate::language::Language;

/// A text in both languages; `{}` marks where [`fill`](Self::fill) puts its values.
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
            filled.push_str(&value.to_string());
            filled.push_str(part);
        }
        filled
    }
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
    fn a_filled_value_is_not_filled_again() {
        assert_eq!(text("and {} more: {}", "").fill(Language::En, &[&"{}", &7]), "and {} more: 7");
        assert_eq!(text("a {} b", "").fill(Language::En, &[]), "a ");
    }
}
