//! Release dates: many per film, some of them only a year.

use jiff::civil::Date;

/// What the places of mainland releases contain.
const MAINLAND: [&str; 2] = ["大陆", "内地"];
/// What the places of releases that are not the first contain.
const RE_RELEASE: [&str; 4] = ["重映", "再映", "复映", "修复"];
/// `2010-09-01`.
const FULL_DATE_LENGTH: usize = 10;

/// The release date of a film with these dates: the first full mainland date that is no re-release, else the earliest
/// full date. A date that is only a year or a month is never completed.
pub fn release_date(dates: &[String]) -> Option<Date> {
    dates
        .iter()
        .find(|text| is_mainland_premiere(text) && full_date(text).is_some())
        .and_then(|text| full_date(text))
        .or_else(|| dates.iter().filter_map(|text| full_date(text)).min())
}

/// Whether text begins like a date: with a year.
pub fn is_date(text: &str) -> bool {
    text.len() >= 4 && text.bytes().take(4).all(|byte| byte.is_ascii_digit())
}

/// The full date text begins with.
pub fn full_date(text: &str) -> Option<Date> {
    let (date, rest) = text.split_at_checked(FULL_DATE_LENGTH)?;
    let is_whole = !rest.starts_with(|character: char| character.is_ascii_digit());
    // The parser takes other spellings too, such as `20100901T0`.
    let is_plain = date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    (is_whole && is_plain).then(|| date.parse().ok()).flatten()
}

fn is_mainland_premiere(text: &str) -> bool {
    let has_any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    has_any(&MAINLAND) && !has_any(&RE_RELEASE)
}

#[cfg(test)]
mod tests {
    use super::release_date;

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
        check(&["1994", "1994(法国)", "1994-09(美国)"], None);
        check(&[], None);
    }

    #[test]
    fn what_is_no_day_of_the_calendar_is_no_date() {
        check(&["2023-02-30(美国)", "2023-13-01", "0000-00-00", "20100901T0", "2010-09-011", "2010/09/01"], None);
        check(&["二〇一〇年九月一日"], None);
    }
}
