//! Release dates: many per film, some of them only a year.

use jiff::civil::Date;

use crate::upstreams::films::normalize::half_width;

/// What the places of mainland releases contain; the other parts of China are no mainland.
const MAINLAND: [&str; 3] = ["大陆", "内地", "中国"];
const OTHER_PARTS: [&str; 3] = ["香港", "台湾", "澳门"];
/// What the places of re-releases and of previews contain.
const NOT_THE_RELEASE: [&str; 9] = ["重映", "再映", "复映", "修复", "点映", "首映", "电影节", "影展", "展映"];

/// The release date of a film with these dates: the first full mainland date that is neither a re-release nor a preview,
/// else the earliest full date. A date that is only a year or a month is never completed.
pub fn release_date(dates: &[String]) -> Option<Date> {
    let mut mainland = dates.iter().filter(|text| is_mainland_release(text));
    mainland.find_map(|text| full_date(text)).or_else(|| dates.iter().filter_map(|text| full_date(text)).min())
}

/// Whether text begins like a date: with a year.
pub fn is_date(text: &str) -> bool {
    let text = half_width(text);
    text.len() >= 4 && text.bytes().take(4).all(|byte| byte.is_ascii_digit())
}

/// The full date text begins with: `2010-09-01`, `2010-9-1`, `2010年9月1日`.
pub fn full_date(text: &str) -> Option<Date> {
    let text = half_width(text);
    let (year, rest) = digits(&text, 4)?;
    let (month_end, rest) = match rest.strip_prefix('-') {
        Some(rest) => ('-', rest),
        None => ('月', rest.trim_start().strip_prefix('年')?.trim_start()),
    };
    let (month, rest) = digits(rest, 2)?;
    let (day, rest) = digits(rest.trim_start().strip_prefix(month_end)?.trim_start(), 2)?;
    let is_whole = year.len() == 4 && !rest.starts_with(|sign: char| sign.is_ascii_digit());
    let date = || Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok();
    is_whole.then(date).flatten()
}

/// The digits text begins with, `most` of them at most.
fn digits(text: &str, most: usize) -> Option<(&str, &str)> {
    let end = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    (end > 0).then(|| text.split_at(end))
}

fn is_mainland_release(text: &str) -> bool {
    let has_any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    has_any(&MAINLAND) && !has_any(&OTHER_PARTS) && !has_any(&NOT_THE_RELEASE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{full_date, is_date, release_date};

    fn check(dates: &[&str], expected: Option<&str>) {
        let dates: Vec<String> = dates.iter().map(ToString::to_string).collect();
        assert_eq!(release_date(&dates).map(|date| date.to_string()).as_deref(), expected, "{dates:?}");
    }

    #[test]
    fn the_first_mainland_premiere_wins() {
        check(
            &["2020-08-28(中国大陆重映)", "2010-07-16(美国)", "2010-09-01(中国大陆)", "2010-08-01(中国大陆)"],
            Some("2010-09-01"),
        );
        check(&["2021-06-01(中国内地)", "2021-01-01(法国)"], Some("2021-06-01"));
        check(&["2020-01-01(中国香港)", "2021-06-01(中国)"], Some("2021-06-01"));
    }

    #[test]
    fn previews_are_not_the_release() {
        for preview in ["中国大陆点映", "中国大陆首映", "上海电影节 中国大陆"] {
            check(&[&format!("2025-10-30({preview})"), "2025-11-07(中国大陆)"], Some("2025-11-07"));
        }
        check(&["2025-10-30(中国大陆点映)"], Some("2025-10-30"));
    }

    #[test]
    fn without_one_the_earliest_full_date_wins() {
        check(&["1994-10-14(美国)", "1994-09-10(多伦多电影节)"], Some("1994-09-10"));
        check(&["2020-08-28(中国大陆重映)", "2010-07-16(美国)"], Some("2010-07-16"));
        check(&["2003-12-08"], Some("2003-12-08"));
        check(&["2026-10(中国大陆)", "2026-05-20(戛纳电影节)"], Some("2026-05-20"));
    }

    #[test]
    fn a_year_or_a_month_never_becomes_a_day() {
        check(&["1994", "1994(法国)", "1994-09(美国)", "1994年", "1994年9月"], None);
        check(&[], None);
    }

    #[test]
    fn what_is_no_day_of_the_calendar_is_no_date() {
        check(&["2023-02-30(美国)", "2023-13-01", "0000-00-00", "20100901T0", "2010-09-011", "2010/09/01"], None);
        check(&["二〇一〇年九月一日", "2010-9月1", "2010年9-1", "99-1-1"], None);
    }

    #[test]
    fn dates_are_read_however_they_are_written() {
        for text in
            ["2008-08-08", "2008-8-8(中国大陆)", "2008年8月8日(中国大陆)", "2008 年 8 月 8 日", "２００８-８-８"]
        {
            check(&[text], Some("2008-08-08"));
            assert!(is_date(text), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_day_is_read_in_every_spelling(year in 1870..2200i16, month in 1..=12i8, day in 1..=28i8) {
            let expected = jiff::civil::date(year, month, day);
            for text in [
                format!("{year}-{month:02}-{day:02}(中国大陆)"),
                format!("{year}-{month}-{day}"),
                format!("{year}年{month}月{day}日"),
                format!("{year}年{month:02}月{day:02}日(法国)"),
            ] {
                prop_assert_eq!(full_date(&text), Some(expected));
            }
            for text in [format!("{year}"), format!("{year}-{month}"), format!("{year}年{month}月")] {
                prop_assert_eq!(full_date(&text), None);
            }
        }

        #[test]
        fn no_text_breaks_the_reader_of_dates(text in "[0-9０-９年月日() -]{0,14}") {
            if full_date(&text).is_some() {
                prop_assert!(is_date(&text));
            }
        }
    }
}
