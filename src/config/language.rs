//! Which language the output is in.

use serde::{Deserialize, Serialize};

use super::env::{self, Environment};
use crate::language::Language;

/// The setting `lang`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// The language of the locale.
    #[default]
    Auto,
    En,
    Zh,
}

impl Lang {
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
    let lang = match environment.var(env::TONGBU_LANG).as_deref() {
        Some("en") => Lang::En,
        Some("zh") => Lang::Zh,
        _ => Lang::Auto,
    };
    lang.resolve(environment)
}

/// The language of the locale: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set decides.
pub fn locale_language(environment: &Environment) -> Language {
    let locale = [env::LC_ALL, env::LC_MESSAGES, env::LANG]
        .into_iter()
        .find_map(|name| environment.var(name))
        .unwrap_or_default();
    let language = locale.split(|character: char| !character.is_ascii_alphabetic()).next().unwrap_or_default();
    if language.eq_ignore_ascii_case("zh") { Language::Zh } else { Language::En }
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
