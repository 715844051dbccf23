//! The language people are spoken to in.

use serde::{Deserialize, Serialize};

use super::env::{self, Environment};

/// What may be asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// As the locale says.
    #[default]
    Auto,
    En,
    Zh,
}

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    En,
    Zh,
}

impl Language {
    /// What was asked for; on [`Lang::Auto`] the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set decides.
    pub fn choose(asked: Lang, environment: &Environment) -> Self {
        match asked {
            Lang::En => Self::En,
            Lang::Zh => Self::Zh,
            Lang::Auto => [env::LC_ALL, env::LC_MESSAGES, env::LANG]
                .into_iter()
                .find_map(|name| environment.var(name))
                .map_or(Self::En, |locale| Self::of_locale(&locale)),
        }
    }

    fn of_locale(locale: &str) -> Self {
        let language = locale.split(|character: char| !character.is_ascii_alphabetic()).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("zh") { Self::Zh } else { Self::En }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lang, Language};
    use crate::config::env::Environment;

    fn check<const N: usize>(asked: Lang, variables: [(&'static str, &'static str); N], expected: Language) {
        assert_eq!(Language::choose(asked, &Environment::fixed(variables)), expected, "{variables:?}");
    }

    #[test]
    fn the_locale_decides_only_where_nothing_else_was_asked_for() {
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
