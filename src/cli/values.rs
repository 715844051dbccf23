//! Values as people write them: durations, ages, limits.

use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::{Arg, Command, ValueEnum};

use super::examples;
use crate::language::Language;
use crate::run::OnLock;

/// Parses a language, also by the name of a locale: `zh_CN.UTF-8`.
#[derive(Clone)]
pub struct Languages;

impl TypedValueParser for Languages {
    type Value = Language;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Language, clap::Error> {
        let known = value.to_str().and_then(Language::of_locale);
        known.map_or_else(|| EnumValueParser::new().parse_ref(command, arg, value), Ok)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Language::value_variants().iter().filter_map(ValueEnum::to_possible_value)))
    }
}

/// How old the last success of a sync may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxAge {
    /// A sync, `SYNC/TYPE`, or a sync type alone.
    pub name: String,
    pub age: Duration,
}

/// Parses `2h`, `30m`, `1h 30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write it like `30m` or `2h`"))
}

/// Parses a length of time that cannot be none.
pub fn span(text: &str) -> Result<Duration, String> {
    let span = duration(text)?;
    if span.is_zero() { Err("must be longer than nothing".to_owned()) } else { Ok(span) }
}

/// Parses a user's name as the system's tools make them.
pub fn user(text: &str) -> Result<String, String> {
    let is_name = text.starts_with(|sign: char| sign.is_ascii_lowercase() || sign == '_')
        && text.chars().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || "_-".contains(sign));
    if is_name { Ok(text.to_owned()) } else { Err("not the name of a user".to_owned()) }
}

/// Parses a number of copies.
pub fn copies(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "must be a whole number from 1".to_owned())
}

/// Parses a time limit; `none` is no limit.
pub fn limit(text: &str) -> Result<Limit, String> {
    if text == "none" {
        return Ok(Limit(None));
    }
    let span = duration(text)?;
    if span.is_zero() {
        return Err("must be longer than nothing; `none` is no limit".to_owned());
    }
    Ok(Limit(Some(span)))
}

/// A time limit, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<Duration>);

/// Parses `NAME=DUR`.
pub fn max_age(text: &str) -> Result<MaxAge, String> {
    let (name, age) =
        text.rsplit_once('=').ok_or_else(|| examples::fill("write it as `NAME=DUR`, such as `{sync}=2h`"))?;
    if name.is_empty() {
        return Err("the name before `=` is missing".to_owned());
    }
    Ok(MaxAge { name: name.to_owned(), age: span(age)? })
}

/// Parses `fail`, `skip`, `wait` or `wait=DUR`.
pub fn on_lock(text: &str) -> Result<OnLock, String> {
    match text {
        "fail" => Ok(OnLock::Fail),
        "skip" => Ok(OnLock::Skip),
        "wait" => Ok(OnLock::Wait(None)),
        other => {
            let longest = other.strip_prefix("wait=").ok_or("write `fail`, `skip`, `wait` or `wait=10m`")?;
            Ok(OnLock::Wait(Some(duration(longest)?)))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{limit, max_age, on_lock};
    use crate::run::OnLock;

    #[test]
    fn what_to_do_about_a_lock_is_one_word_and_perhaps_a_time() {
        for (text, expected) in [
            ("fail", Some(OnLock::Fail)),
            ("skip", Some(OnLock::Skip)),
            ("wait", Some(OnLock::Wait(None))),
            ("wait=10m", Some(OnLock::Wait(Some(Duration::from_secs(600))))),
            ("wait=", None),
            ("retry", None),
        ] {
            assert_eq!(on_lock(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn an_age_needs_a_name_and_a_limit_is_not_nothing() {
        assert_eq!(max_age("tasks/today=2h").unwrap().age, Duration::from_secs(7200));
        for wrong in ["fairing", "=2h", "fairing=", "fairing=soon", "fairing=0s"] {
            assert!(max_age(wrong).is_err(), "{wrong}");
        }
        assert_eq!(limit("none").unwrap().0, None);
        assert!(limit("0s").is_err());
    }
}
