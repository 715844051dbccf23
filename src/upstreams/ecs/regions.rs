//! Which regions of an account are due.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::config;
use crate::upstreams::Error;

/// Names as far apart as this share no typing mistake.
const MIN_SIMILARITY: f64 = 0.8;

/// A region's name, and the account's projects in it. The name becomes a part of a host name, so it holds nothing that
/// could name another host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    name: String,
    /// The ids of its projects, where the provider divides a region into such.
    pub projects: Vec<String>,
}

impl Region {
    /// Letters, digits and single hyphens, a letter first, no hyphen last.
    pub fn parse(name: &str) -> Result<Self, String> {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let begins_well = name.starts_with(|first: char| first.is_ascii_lowercase());
        if is_plain && begins_well && name.len() <= 63 && !name.ends_with('-') && !name.contains("--") {
            return Ok(Self { name: name.to_owned(), projects: Vec::new() });
        }
        Err(format!("`{name}` is not the name of a region: write it like `cn-hangzhou`"))
    }

    #[must_use]
    pub fn with_projects(self, projects: Vec<String>) -> Self {
        Self { projects, ..self }
    }

    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A region as the provider lists it; a row of `ecs_regions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRegion {
    pub name: String,
    /// The provider's name for people.
    pub label: Option<String>,
    /// For people only; calls go where the configuration says.
    pub endpoint: Option<String>,
    /// Whether the account can use it.
    pub is_enabled: bool,
    /// The ids of the account's projects in it.
    pub projects: Vec<String>,
}

impl KnownRegion {
    /// A region of which only the name is known.
    pub const fn named(name: String) -> Self {
        Self { name, label: None, endpoint: None, is_enabled: true, projects: Vec::new() }
    }

    /// The row of that number, whose name cannot be read. No region has a name like this one.
    pub fn unreadable(number: usize) -> Self {
        Self::named(format!("#{number}"))
    }

    pub fn is_readable(&self) -> bool {
        !self.name.starts_with('#')
    }
}

/// Who named the regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// `--regions`.
    CommandLine,
    /// The account's `regions`.
    Config,
    /// Nobody: all the provider lists.
    Discovery,
}

/// The regions of one account, each to be its own scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRegions {
    pub named_by: NamedBy,
    /// In the order they were named, each once; what is not known fails its own scope.
    pub regions: Vec<Result<Region, UnknownRegion>>,
}

/// A region that was named and that the provider does not have, or the account cannot use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRegion {
    pub name: String,
    pub reason: String,
    /// The known region most like it.
    pub nearest: Option<String>,
}

impl UnknownRegion {
    /// As the error of its scope.
    pub fn into_error(self, named_by: NamedBy, account: &str) -> Error {
        let nearest = self.nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default();
        let reason = format!("{}{nearest}", self.reason);
        match named_by {
            NamedBy::Config => Error::Config(config::Error::Invalid {
                key: "ecs.accounts.regions".to_owned(),
                reason: format!("account `{account}`: {reason}"),
            }),
            NamedBy::Discovery => {
                Error::Contract { context: format!("cannot sync every region of account `{account}`"), reason }
            }
            NamedBy::CommandLine => Error::Usage {
                message: format!("cannot sync `{}` of account `{account}`: {reason}", self.name),
                hint: Some(
                    "choose the account with `--account NAME`, or leave `--regions` out to sync all it has".to_owned(),
                ),
            },
        }
    }
}

/// The regions that are due: `requested` by `--regions`, else `configured` for the account, else all that are enabled.
/// `known` is the provider's list; `None` where it could not be had, and then no name is doubted.
pub fn plan_regions(requested: &[String], configured: &[String], known: Option<&[KnownRegion]>) -> DueRegions {
    let (named_by, names): (_, Vec<&str>) = if !requested.is_empty() {
        (NamedBy::CommandLine, requested.iter().map(String::as_str).collect())
    } else if !configured.is_empty() {
        (NamedBy::Config, configured.iter().map(String::as_str).collect())
    } else {
        let enabled = known.unwrap_or_default().iter().filter(|region| region.is_enabled);
        (NamedBy::Discovery, enabled.map(|region| region.name.as_str()).collect())
    };
    let mut seen = BTreeSet::new();
    let each = names.into_iter().map(str::trim).filter(|name| !name.is_empty() && seen.insert(*name));
    DueRegions { named_by, regions: each.map(|name| find(name, known)).collect() }
}

fn find(name: &str, known: Option<&[KnownRegion]>) -> Result<Region, UnknownRegion> {
    let unknown = |reason: String| UnknownRegion { name: name.to_owned(), reason, nearest: nearest(name, known) };
    if known.is_some_and(|known| known.iter().any(|region| region.name == name && !region.is_readable())) {
        return Err(unknown(format!("the name of region {name} in the provider's list cannot be read")));
    }
    let region = Region::parse(name).map_err(unknown)?;
    match known.map(|known| known.iter().find(|region| region.name == name)) {
        None => Ok(region),
        Some(None) => Err(unknown(format!("the provider has no region `{name}`"))),
        Some(Some(listed)) if listed.is_enabled => Ok(region.with_projects(listed.projects.clone())),
        Some(Some(_)) => Err(UnknownRegion {
            name: name.to_owned(),
            reason: format!("the region `{name}` is not enabled for this account"),
            nearest: None,
        }),
    }
}

fn nearest(name: &str, known: Option<&[KnownRegion]>) -> Option<String> {
    let similar = known?.iter().map(|region| (strsim::jaro_winkler(name, &region.name), &region.name));
    similar
        .filter(|(similarity, _)| *similarity >= MIN_SIMILARITY)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name.clone())
}

/// Whether a list of regions stored at that time still serves. One from the future does not: the clock went back.
pub fn is_fresh(stored_at: Timestamp, now: Timestamp, ttl: Duration) -> bool {
    let age = now.duration_since(stored_at);
    !age.is_negative() && SignedDuration::try_from(ttl).is_ok_and(|ttl| age < ttl)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{KnownRegion, NamedBy, Region, is_fresh, plan_regions};
    use crate::error::Class;

    fn known() -> Vec<KnownRegion> {
        [("cn-hangzhou", true), ("cn-beijing", true), ("me-south-1", false)]
            .map(|(name, is_enabled)| KnownRegion { is_enabled, ..KnownRegion::named(name.to_owned()) })
            .to_vec()
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&name| name.to_owned()).collect()
    }

    /// A failure is written as `!reason`.
    fn check(requested: &[&str], configured: &[&str], known: Option<&[KnownRegion]>, by: NamedBy, expected: &[&str]) {
        let due = plan_regions(&names(requested), &names(configured), known);
        assert_eq!(due.named_by, by);
        let shown = due.regions.into_iter().map(|region| match region {
            Ok(region) => region.to_string(),
            Err(unknown) => format!("!{}", unknown.into_error(by, "prod")),
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_command_line_wins_over_the_account_and_that_over_discovery() {
        let known = known();
        check(&["cn-beijing"], &["cn-hangzhou"], Some(&known), NamedBy::CommandLine, &["cn-beijing"]);
        check(&[], &["cn-hangzhou"], Some(&known), NamedBy::Config, &["cn-hangzhou"]);
        check(&[], &[], Some(&known), NamedBy::Discovery, &["cn-hangzhou", "cn-beijing"]);
        check(&[], &["anywhere"], None, NamedBy::Config, &["anywhere"]);
    }

    #[test]
    fn a_region_named_twice_is_synced_once() {
        let requested = ["cn-beijing", " cn-beijing", "", "cn-hangzhou"];
        check(&requested, &[], Some(&known()), NamedBy::CommandLine, &["cn-beijing", "cn-hangzhou"]);
    }

    #[test]
    fn an_unknown_region_fails_by_name_and_the_others_stay() {
        check(
            &["cn-hangzou", "cn-beijing", "me-south-1"],
            &[],
            Some(&known()),
            NamedBy::CommandLine,
            &[
                "!cannot sync `cn-hangzou` of account `prod`: the provider has no region `cn-hangzou`; did you mean \
                 `cn-hangzhou`?",
                "cn-beijing",
                "!cannot sync `me-south-1` of account `prod`: the region `me-south-1` is not enabled for this account",
            ],
        );
        let due = plan_regions(&[], &names(&["nowhere"]), Some(&known()));
        let unknown = due.regions.into_iter().next().unwrap().unwrap_err();
        assert_eq!(unknown.into_error(NamedBy::Config, "prod").class(), Class::Config);
    }

    #[test]
    fn a_region_cannot_name_another_host() {
        for name in ["", "a.evil.example", "x/y", "x@y", "x:1", "X", "1x", "-x", "x-", "x--y", "xn--p1ai", "x y"] {
            assert!(Region::parse(name).is_err(), "{name}");
        }
        for name in ["cn-hangzhou", "us-gov-west-1", "ap-hongkong", "x"] {
            assert_eq!(Region::parse(name).unwrap().as_str(), name);
        }
        check(
            &["a.b"],
            &[],
            None,
            NamedBy::CommandLine,
            &["!cannot sync `a.b` of account `prod`: `a.b` is not the name of a region: write it like `cn-hangzhou`"],
        );
    }

    #[test]
    fn the_stored_list_serves_for_its_time_and_not_after_the_clock_went_back() {
        let stored_at = "2026-01-02T00:00:00Z".parse().unwrap();
        let day = Duration::from_secs(24 * 3600);
        for (now, expected) in [
            ("2026-01-02T00:00:00Z", true),
            ("2026-01-02T23:59:59Z", true),
            ("2026-01-03T00:00:00Z", false),
            ("2026-01-01T23:59:59Z", false),
        ] {
            assert_eq!(is_fresh(stored_at, now.parse().unwrap(), day), expected, "{now}");
        }
    }
}
