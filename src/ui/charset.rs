//! Text in the locale's encoding, where that is not UTF-8.

use std::borrow::Cow;
use std::fmt::Write as _;

use encoding_rs::{Encoding, UTF_8};

use crate::config::{self, env::Environment};
use crate::language::Language;

/// Signs of texts in Chinese, which an encoding for them has.
const CHINESE: &str = "错误记录：";

/// What text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

impl Charset {
    /// The locale's. UTF-8 where it names none, as cron does, or one that is unknown.
    pub fn of_locale(environment: &Environment) -> Self {
        let named = config::locale_charset(environment);
        Self(named.and_then(|name| encoding(&name)).unwrap_or(UTF_8))
    }

    /// Whether that is the name of an encoding.
    pub fn is_known(name: &str) -> bool {
        encoding(name).is_some()
    }

    pub fn is_utf8(self) -> bool {
        self.0 == UTF_8
    }

    /// Its name, for people.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Whether it can write the texts in that language.
    pub fn has(self, language: Language) -> bool {
        language == Language::En || !self.0.encode(CHINESE).2
    }

    /// The text in this encoding; a sign that it does not have is written as `\u{…}`.
    pub fn encode(self, text: &str) -> Cow<'_, [u8]> {
        let (bytes, _, is_lossy) = self.0.encode(text);
        if !is_lossy {
            return bytes;
        }
        let mut known = String::with_capacity(text.len());
        for sign in text.chars() {
            if self.0.encode(sign.encode_utf8(&mut [0; 4])).2 {
                // Writing to a string cannot fail.
                let _ = write!(known, "\\u{{{:x}}}", u32::from(sign));
            } else {
                known.push(sign);
            }
        }
        Cow::Owned(self.0.encode(&known).0.into_owned())
    }
}

fn encoding(name: &str) -> Option<&'static Encoding> {
    // The C library's name for what everybody else calls GB 2312.
    let label = if name.to_ascii_lowercase().replace('-', "") == "euccn" { "gb2312" } else { name };
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::Charset;
    use crate::config::env::Environment;
    use crate::language::Language;

    fn charset(locale: &'static str) -> Charset {
        Charset::of_locale(&Environment::fixed([("LANG", locale)]))
    }

    #[test]
    fn the_locale_names_the_encoding() {
        for (locale, name) in [
            ("zh_CN.GBK", "GBK"),
            ("zh_CN.gb2312", "GBK"),
            ("zh_CN.eucCN", "GBK"),
            ("zh_CN.GB18030@pinyin", "gb18030"),
            ("zh_TW.Big5", "Big5"),
            ("zh_CN.UTF-8", "UTF-8"),
            ("zh_CN.utf8", "UTF-8"),
            ("zh_CN", "UTF-8"),
            ("C", "UTF-8"),
            ("C.UTF-8", "UTF-8"),
            ("", "UTF-8"),
            ("xx.KLINGON", "UTF-8"),
        ] {
            assert_eq!(charset(locale).name(), name, "{locale}");
        }
        assert!(charset("zh_CN.GBK").has(Language::Zh) && !charset("zh_TW.Big5").has(Language::Zh));
        assert!(!charset("en_US.ISO-8859-1").has(Language::Zh) && charset("en_US.ISO-8859-1").has(Language::En));
    }

    #[test]
    fn a_sign_that_the_encoding_does_not_have_is_named() {
        assert_eq!(&*charset("zh_CN.GBK").encode("错误 🎬"), b"\xb4\xed\xce\xf3 \\u{1f3ac}");
        assert_eq!(&*charset("en_US.ISO-8859-1").encode("é 错"), b"\xe9 \\u{9519}");
        assert_eq!(&*charset("C").encode("错🎬"), "错🎬".as_bytes());
    }
}
