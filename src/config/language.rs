//! Which language the output is in.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::env::{self, Environment};
use crate::language::Language;

/// The setting `lang`.
#[derive(Clone, Copy, Debug, Default, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// The language of the locale.
    #[default]
    Auto,
    En,
    Zh,
}

impl<'de> Deserialize<'de> for Lang {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| D::Error::unknown_variant(&name, &["auto", "en", "zh"]))
    }
}

impl Lang {
    /// `auto`, a language, or a locale in that language.
    fn named(name: &str) -> Option<Self> {
        if name == "auto" {
            return Some(Self::Auto);
        }
        Language::of_locale(name).map(|language| match language {
            Language::En => Self::En,
            Language::Zh => Self::Zh,
        })
    }

    pub fn resolve(self, environment: &Environment) -> Language {
        match self {
            Self::En => Language::En,
            Self::Zh => Language::Zh,
            Self::Auto => locale_language(environment),
        }
    }
}

/// The language before the configuration is read: the variable's, else the locale's.
pub fn early_language(environment: &Environment) -> Language {
    let lang = environment.var(env::TONGBU_LANG).and_then(|name| Lang::named(&name));
    lang.unwrap_or_default().resolve(environment)
}

/// The language of the locale: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set decides.
pub fn locale_language(environment: &Environment) -> Language {
    let locale = [env::LC_ALL, env::LC_MESSAGES, env::LANG].into_iter().find_map(|name| environment.var(name));
    locale.and_then(|locale| Language::of_locale(&locale)).unwrap_or(Language::En)
}

/// The encoding of the locale, where it names one: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set decides.
pub fn locale_charset(environment: &Environment) -> Option<String> {
    let locale = [env::LC_ALL, env::LC_CTYPE, env::LANG].into_iter().find_map(|name| environment.var(name))?;
    let (_, charset) = locale.split_once('.')?;
    charset.split('@').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::Lang;
    use crate::config::env::Environment;
    use crate::language::Language;

    fn check<const N: usize>(lang: Lang, variables: [(&'static str, &'static str); N], expected: Language) {
        assert_eq!(lang.resolve(&Environment::fixed(variables)), expected, "{variables:?}");
    }

    #[test]
    fn locale_decides_only_where_the_setting_is_auto() {
        check(Lang::Auto, [], Language::En);
        check(Lang::Auto, [("LANG", "zh_CN.UTF-8")], Language::Zh);
        check(Lang::Auto, [("LANG", "zh")], Language::Zh);
        check(Lang::Auto, [("LANG", "zha_CN")], Language::En);
        check(Lang::Auto, [("LANG", "zh_TW"), ("LC_MESSAGES", "en_GB")], Language::En);
        check(Lang::Auto, [("LANG", "zh_TW"), ("LC_MESSAGES", "")], Language::Zh);
        check(Lang::Auto, [("LANG", "en_US"), ("LC_ALL", "zh_HK")], Language::Zh);
        check(Lang::Auto, [("LANG", "zh_CN"), ("LC_ALL", "C")], Language::En);
        check(Lang::Zh, [("LC_ALL", "C")], Language::Zh);
        check(Lang::En, [("LC_ALL", "zh_CN")], Language::En);
    }
}
