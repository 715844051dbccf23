//! The languages the program has texts in.

use clap::ValueEnum;

/// The language of what people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    En,
    Zh,
}

impl Language {
    /// The one that a locale names: `zh_CN.GBK`, `zh-Hans`, `en`.
    pub fn of_locale(locale: &str) -> Option<Self> {
        let name = locale.split(|sign: char| !sign.is_ascii_alphabetic()).next()?;
        Self::from_str(name, true).ok()
    }
}
