//! Task names: which package they call, and how.
//!
//! A package code is `site-MMDD[A|B]-grade-count`; a task's name is that code followed by
//! `-<level>-<seat group>-<line>-<MMDD>`. People type these names, so a site or a count may be missing and the tail may
//! come in any order.

/// Segments of a complete package code.
const CODE_SEGMENTS: usize = 4;

/// What a task's name says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskName<'n> {
    /// The package part as it was typed, or the whole name where the grammar fails.
    pub prefix: &'n str,
    /// `N`, `O1` to `O99`, `P1` to `P99`.
    pub level: Option<&'n str>,
    /// `A`, `A-`, `A+`, `B`, `C`.
    pub seat_group: Option<&'static str>,
    /// `L` and a number.
    pub line: Option<&'n str>,
    /// The day of the calls, `MMDD`.
    pub called_on: Option<&'n str>,
}

impl<'n> TaskName<'n> {
    /// Reads a name; never fails, because a name the grammar does not fit is its own prefix.
    pub fn parse(name: &'n str) -> Self {
        let name = name.trim();
        match split_package(name) {
            Some((prefix, tail)) => Self { prefix, ..parse_tail(tail) },
            None => Self { prefix: name, ..Self::default() },
        }
    }
}

/// The first four segments of a name, whatever they hold; `None` where it has fewer.
pub fn code_segments(name: &str) -> Option<&str> {
    let name = name.trim();
    let mut dashes = name.match_indices('-').skip(CODE_SEGMENTS - 2);
    dashes.next()?;
    Some(dashes.next().map_or(name, |(end, _)| &name[..end]))
}

/// The package part and the rest, where the name begins with one.
fn split_package(name: &str) -> Option<(&str, &str)> {
    let (first, after_first) = cut(name);
    let (second, after_second) = cut(after_first);
    let after_date = if is_package_date(second) {
        after_second
    } else if is_package_date(first) {
        after_first
    } else {
        return None;
    };
    let (grade, after_grade) = cut(after_date);
    if grade.is_empty() || is_level(grade) || is_line(grade) {
        return None;
    }
    let (count, after_count) = cut(after_grade);
    let tail = if is_number(count) { after_count } else { after_grade };
    Some((name[..name.len() - tail.len()].trim_matches('-'), tail))
}

/// The tail's segments by what they look like: their order is not to be relied on.
fn parse_tail(tail: &str) -> TaskName<'_> {
    let mut found = TaskName::default();
    let mut rest = tail;
    while !rest.is_empty() {
        let segment;
        (segment, rest) = cut(rest);
        if is_level(segment) {
            found.level = found.level.or(Some(segment));
        } else if is_line(segment) {
            found.line = found.line.or(Some(segment));
        } else if is_month_and_day(segment) {
            found.called_on = found.called_on.or(Some(segment));
        } else if let Some(group) = seat_group(segment, rest) {
            found.seat_group = found.seat_group.or(Some(group));
        }
    }
    found
}

/// The text before the first dash and the text after it. The latter is always a suffix of `text`.
fn cut(text: &str) -> (&str, &str) {
    text.split_once('-').unwrap_or((text, &text[text.len()..]))
}

/// The seat group `A-` ends in the same sign that separates segments, so `rest` decides.
fn seat_group(segment: &str, rest: &str) -> Option<&'static str> {
    match segment {
        "A" if rest.starts_with('-') => Some("A-"),
        "A" => Some("A"),
        "A+" => Some("A+"),
        "B" => Some("B"),
        "C" => Some("C"),
        _ => None,
    }
}

fn is_package_date(segment: &str) -> bool {
    is_month_and_day(segment.strip_suffix(['A', 'B']).unwrap_or(segment))
}

fn is_month_and_day(segment: &str) -> bool {
    segment.len() == 4
        && is_number(segment)
        && ("01"..="12").contains(&&segment[..2])
        && ("01"..="31").contains(&&segment[2..])
}

fn is_level(segment: &str) -> bool {
    segment == "N"
        || segment
            .strip_prefix(['O', 'P'])
            .is_some_and(|number| is_number(number) && number.len() <= 2 && number.bytes().any(|digit| digit != b'0'))
}

fn is_line(segment: &str) -> bool {
    segment.strip_prefix('L').is_some_and(is_number)
}

fn is_number(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TaskName, code_segments};

    const CODE: &str = "禹州-1015A-高三-5000";

    fn check(name: &str, prefix: &str, tail: [Option<&str>; 4]) {
        let parsed = TaskName::parse(name);
        assert_eq!(parsed.prefix, prefix, "{name}");
        assert_eq!([parsed.level, parsed.seat_group, parsed.line, parsed.called_on], tail, "{name}");
    }

    #[test]
    fn a_regular_name_is_read_whole() {
        check("禹州-1015A-高三-5000-N-A-L3-1017", CODE, [Some("N"), Some("A"), Some("L3"), Some("1017")]);
        check(
            "禹州-1015B-高三-5000-P99-A+-L12-1017",
            "禹州-1015B-高三-5000",
            [Some("P99"), Some("A+"), Some("L12"), Some("1017")],
        );
        check(
            "禹州-1015-高三-5000-O1-C-L3-1231",
            "禹州-1015-高三-5000",
            [Some("O1"), Some("C"), Some("L3"), Some("1231")],
        );
        check(CODE, CODE, [None; 4]);
    }

    #[test]
    fn noise_in_the_tail_is_read_all_the_same() {
        let all = [Some("N"), Some("A-"), Some("L3"), Some("1017")];
        check("禹州-1015A-高三-5000-N-A--L3-1017", CODE, all);
        check("禹州-1015A-高三-5000-N-L3-A--1017", CODE, all);
        check("禹州-1015A-高三-5000-N-L3-1017-A-", CODE, [Some("N"), Some("A"), Some("L3"), Some("1017")]);
        check("  禹州-1015A-高三-5000--N-B-L3- 1017", CODE, [Some("N"), Some("B"), Some("L3"), None]);
        check("禹州-1015A-高三-5000-X-O0-P100-D-L-1399", CODE, [None; 4]);
    }

    #[test]
    fn a_missing_site_or_count_leaves_a_shorter_prefix() {
        let all = [Some("N"), Some("A"), Some("L3"), Some("1017")];
        check("1015A-高三-5000-N-A-L3-1017", "1015A-高三-5000", all);
        check("-1015A-高三-5000-N-A-L3-1017", "1015A-高三-5000", all);
        check("禹州-1015A-高三-N-A-L3-1017", "禹州-1015A-高三", all);
        check("禹州-1015A-高三--N-A-L3-1017", "禹州-1015A-高三", all);
        check("1015A-高三-N-A-L3-1017", "1015A-高三", all);
    }

    #[test]
    fn a_name_the_grammar_does_not_fit_is_its_own_prefix() {
        for name in ["", "测试任务", "禹州-1315A-高三-5000-N", "禹州-1015A", "禹州-1015A-N-A-L3-1017", "a-b-c-d-e", "-"]
        {
            check(name, name, [None; 4]);
        }
    }

    #[test]
    fn the_first_four_segments_are_taken_as_they_stand() {
        assert_eq!(code_segments("禹州-1015A-高三-5000-N-A--L3"), Some(CODE));
        assert_eq!(code_segments(" 禹州-1015A-高三-5000 "), Some(CODE));
        assert_eq!(code_segments("a-b-c"), None);
        assert_eq!(code_segments("a---b-c"), Some("a---b"));
    }

    proptest! {
        #[test]
        fn any_name_has_a_prefix_that_is_part_of_it(name in ".{0,40}|[-0-9ABLNOP高三禹州+ ]{0,40}") {
            let parsed = TaskName::parse(&name);
            prop_assert!(name.contains(parsed.prefix));
        }

        #[test]
        fn a_generated_name_gives_its_parts_back(
            site in "[禹州郑一]{1,3}", month in 1..=12u8, day in 1..=31u8, half in "[AB]?", grade in "[高初小][一二三]",
            count in 1..100_000u32, level in "N|[OP][1-9][0-9]?", group in "A|A-|A\\+|B|C", line in "L[0-9]{1,3}",
            swapped in any::<bool>(),
        ) {
            let code = format!("{site}-{month:02}{day:02}{half}-{grade}-{count}");
            let (third, fourth) = if swapped { (&line, &group) } else { (&group, &line) };
            let name = format!("{code}-{level}-{third}-{fourth}-1017");
            let parsed = TaskName::parse(&name);
            prop_assert_eq!(parsed.prefix, code.as_str());
            prop_assert_eq!(parsed.level, Some(level.as_str()));
            prop_assert_eq!(parsed.seat_group, Some(group.as_str()));
            prop_assert_eq!(parsed.line, Some(line.as_str()));
            prop_assert_eq!(parsed.called_on, Some("1017"));
        }
    }
}
