//! Which lead package a task calls: decided from its name, or by a person.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use strum::IntoStaticStr;

use super::grammar::{TaskName, code_segments};
use super::similar::{Index, Suggestion};
use crate::store::Summary;

/// The match of a task to its package; what `task_matches` holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// The name begins with the package's code.
    Auto { code: String },
    /// A person decided so; no sync changes it.
    Manual { code: String },
    /// No package of that code is known.
    Pending,
    /// A person decided that it calls no package (闲散); it is never matched again by itself.
    Idle,
}

/// What `tasks list --match` filters by; its words in the database, in JSON and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum State {
    Pending,
    Matched,
    Idle,
}

impl State {
    pub const fn count(self, summary: &mut Summary) {
        *match self {
            Self::Pending => &mut summary.pending,
            Self::Matched => &mut summary.matched,
            Self::Idle => &mut summary.idle,
        } += 1;
    }
}

impl Match {
    pub const fn state(&self) -> State {
        match self {
            Self::Auto { .. } | Self::Manual { .. } => State::Matched,
            Self::Pending => State::Pending,
            Self::Idle => State::Idle,
        }
    }

    /// How it came about, as it is stored; nothing was decided for a pending task.
    pub const fn how(&self) -> Option<&'static str> {
        match self {
            Self::Auto { .. } => Some("auto"),
            Self::Manual { .. } => Some("manual"),
            Self::Idle => Some("idle"),
            Self::Pending => None,
        }
    }

    /// The matched package.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Auto { code } | Self::Manual { code } => Some(code),
            Self::Pending | Self::Idle => None,
        }
    }

    /// The match of stored columns. Anything no version ever stored is open again.
    pub fn from_stored(how: Option<&str>, code: Option<&str>) -> Self {
        match (how, code.map(str::to_owned)) {
            (Some("auto"), Some(code)) => Self::Auto { code },
            (Some("manual"), Some(code)) => Self::Manual { code },
            (Some("idle"), None) => Self::Idle,
            _ => Self::Pending,
        }
    }
}

/// A person matched the task to a package that is there no longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("数据包不存在: `{code}`")]
pub struct PackageGone {
    pub code: String,
}

/// The codes of all packages there are.
#[derive(Debug, Default)]
pub struct Packages {
    codes: HashSet<String>,
    /// Made for the first suggestion: most passes need none.
    index: OnceLock<Index>,
}

impl Packages {
    pub fn new(codes: impl IntoIterator<Item = String>) -> Self {
        Self { codes: codes.into_iter().collect(), index: OnceLock::new() }
    }

    pub fn contains(&self, code: &str) -> bool {
        self.codes.contains(code)
    }

    /// The package whose code the name begins with: its first four segments, or, where a code of another shape was
    /// imported, the package part by the grammar.
    pub fn find(&self, task_name: &str) -> Option<&str> {
        let by_segments = code_segments(task_name).and_then(|code| self.codes.get(code));
        by_segments.or_else(|| self.codes.get(TaskName::parse(task_name).prefix)).map(String::as_str)
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(self.codes.iter().map(String::as_str)))
    }
}

/// Suggestions for pending prefixes, worked out once for each different prefix.
#[derive(Debug)]
pub struct Suggestions<'p> {
    packages: &'p Packages,
    known: HashMap<String, Vec<Suggestion>>,
}

impl<'p> Suggestions<'p> {
    pub fn new(packages: &'p Packages) -> Self {
        Self { packages, known: HashMap::new() }
    }

    /// Up to five packages whose codes are most like the prefix, the most similar first.
    pub fn suggest(&mut self, prefix: &str) -> &[Suggestion] {
        if !self.known.contains_key(prefix) {
            self.known.insert(prefix.to_owned(), self.packages.index().suggest(prefix));
        }
        &self.known[prefix]
    }
}

/// Decides a task's match. What a person decided stays; anything else follows from the name and the packages there are.
pub fn decide(task_name: &str, stored: Option<&Match>, packages: &Packages) -> Result<Match, PackageGone> {
    match stored {
        Some(Match::Idle) => Ok(Match::Idle),
        Some(Match::Manual { code }) if packages.contains(code) => Ok(Match::Manual { code: code.clone() }),
        Some(Match::Manual { code }) => Err(PackageGone { code: code.clone() }),
        Some(Match::Auto { .. } | Match::Pending) | None => {
            Ok(packages.find(task_name).map_or(Match::Pending, |code| Match::Auto { code: code.to_owned() }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Match, PackageGone, Packages, Suggestions, decide};

    const CODE: &str = "禹州-1015A-高三-5000";

    fn packages() -> Packages {
        Packages::new([CODE, "郑州-1015-高二-300", "老客户"].map(str::to_owned))
    }

    fn auto(code: &str) -> Match {
        Match::Auto { code: code.to_owned() }
    }

    fn manual(code: &str) -> Match {
        Match::Manual { code: code.to_owned() }
    }

    fn check(name: &str, stored: Option<&Match>, expected: Match) {
        assert_eq!(decide(name, stored, &packages()), Ok(expected), "{name} {stored:?}");
    }

    #[test]
    fn a_name_that_begins_with_a_code_is_matched_whatever_follows() {
        for tail in
            ["", "-N-A-L3-1017", "-N-A--L3-1017", "-N-L3-A--1017", "-什么都可以", "-", "-----", "-N-A-L3-9999-x"]
        {
            check(&format!("{CODE}{tail}"), None, auto(CODE));
        }
        check("老客户", None, auto("老客户"));
    }

    #[test]
    fn anything_else_is_pending() {
        for name in [
            "禹州-1015A-高三-4800-N-A-L3-1017",
            "禹州-1015A-高三-50001-N-A-L3-1017",
            "1015A-高三-5000-N-A-L3-1017",
            "禹州-1015A-高三-N-A-L3-1017",
            "禹州-1015B-高三-5000-N-A-L3-1017",
            "测试",
            "",
        ] {
            check(name, None, Match::Pending);
        }
    }

    #[test]
    fn a_persons_decision_stays_and_an_automatic_match_is_decided_again() {
        let other = "郑州-1015-高二-300";
        check(CODE, Some(&manual(other)), manual(other));
        check(CODE, Some(&Match::Idle), Match::Idle);
        check(CODE, Some(&auto(other)), auto(CODE));
        check(CODE, Some(&Match::Pending), auto(CODE));
        check("renamed", Some(&auto(CODE)), Match::Pending);
    }

    #[test]
    fn a_manual_match_to_a_package_that_is_gone_is_an_error() {
        let error = decide(CODE, Some(&manual("gone")), &packages()).unwrap_err();
        assert_eq!(error, PackageGone { code: "gone".to_owned() });
        assert!(error.to_string().starts_with("数据包不存在"));
    }

    #[test]
    fn a_match_comes_back_from_its_columns() {
        for known in [auto(CODE), manual(CODE), Match::Pending, Match::Idle] {
            assert_eq!(Match::from_stored(known.how(), known.code()), known);
        }
    }

    #[test]
    fn suggestions_are_worked_out_once_for_each_prefix() {
        let packages = packages();
        let mut suggestions = Suggestions::new(&packages);
        let first = suggestions.suggest("禹州-1015A-高三-4800").to_vec();
        assert_eq!(first[0].code, CODE);
        assert!((first[0].similarity - 0.875).abs() < 1e-12);
        assert_eq!(suggestions.suggest("禹州-1015A-高三-4800"), first);
        assert_eq!(suggestions.known.len(), 1);
        assert_eq!(suggestions.suggest(CODE)[0].similarity.to_bits(), 1.0f64.to_bits());
    }
}
