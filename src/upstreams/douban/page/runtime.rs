//! Runtimes as people write them.

use crate::upstreams::films::normalize::half_width;

/// Longer than anything that was ever filmed; more is a slip.
const MAX_MINUTES: u32 = 100_000;

/// What an hour and a minute are called; of Latin words, the whole word.
const HOUR_UNITS: [&str; 3] = ["小时", "小時", "时"];
const HOUR_WORDS: [&str; 5] = ["h", "hr", "hrs", "hour", "hours"];
const MINUTE_UNITS: [&str; 3] = ["分", "'", "′"];
const MINUTE_WORDS: [&str; 5] = ["m", "min", "mins", "minute", "minutes"];

/// The minutes of the first runtime in the text: `148分钟`, `约60min`, `1小时30分钟`, `1h30`, `PT1H30M`,
/// `France: 136 分钟(uncut) / 133分钟`, a bare number.
pub fn minutes(text: &str) -> Option<u32> {
    half_width(text).to_ascii_lowercase().split(['/', '、']).find_map(one)
}

/// The first time span of one alternative; a number with no unit of time behind it (`E1`, `16mm`) is passed over.
fn one(text: &str) -> Option<u32> {
    if let Ok(bare) = text.trim().parse() {
        return plausible(bare);
    }
    let mut rest = text;
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        let (number, behind) = number_and_rest(&rest[start..])?;
        // `1个小时`.
        let measured = behind.trim_start().trim_start_matches(['个', '個']);
        if let Some(behind) = strip_unit(measured, &HOUR_UNITS, &HOUR_WORDS) {
            return plausible(number.checked_mul(60)?.checked_add(minutes_beyond(behind))?);
        }
        if strip_unit(behind, &MINUTE_UNITS, &MINUTE_WORDS).is_some() {
            return plausible(number);
        }
        rest = behind;
    }
    None
}

/// The minutes behind the hours: with their unit, or a bare number at the end.
fn minutes_beyond(text: &str) -> u32 {
    let text = text.trim_start_matches(|character: char| character.is_alphabetic() || character == ' ');
    let beyond = number_and_rest(text).filter(|(minutes, behind)| {
        let is_at_end = behind.is_empty() || behind.starts_with(['(', '（', ' ']) && !behind.contains(char::is_numeric);
        strip_unit(behind, &MINUTE_UNITS, &MINUTE_WORDS).is_some() || (is_at_end && *minutes < 60)
    });
    beyond.map_or(0, |(minutes, _)| minutes)
}

/// The number text begins with. A fraction is no number: reading on behind its point would make `1.5小时` 5 hours.
fn number_and_rest(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let is_fraction = rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()));
    if is_fraction { None } else { Some((digits.parse().ok()?, rest)) }
}

fn strip_unit<'a>(text: &'a str, units: &[&str], words: &[&str]) -> Option<&'a str> {
    let text = text.trim_start();
    let (word, rest) = text.split_at(text.bytes().take_while(u8::is_ascii_alphabetic).count());
    let is_word = words.contains(&word);
    units.iter().find_map(|unit| text.strip_prefix(unit)).or_else(|| is_word.then_some(rest))
}

fn plausible(minutes: u32) -> Option<u32> {
    (1..=MAX_MINUTES).contains(&minutes).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::minutes;

    fn check(text: &str, expected: Option<u32>) {
        assert_eq!(minutes(text), expected, "{text}");
    }

    #[test]
    fn runtimes_are_read_however_they_are_written() {
        for (text, expected) in [
            ("148", 148),
            ("148分钟", 148),
            ("110 分钟 / France: 136 分钟(uncut version)", 110),
            ("France: 136 分钟(uncut version) / 133分钟(International version)", 136),
            ("约60min", 60),
            ("1小时30分钟", 90),
            ("1小时", 60),
            ("2 hours 10 mins", 130),
            ("2h 10min", 130),
            ("PT2H28M", 148),
            ("PT0H22M", 22),
            ("60分钟(E1-E2) / 45分钟", 60),
            ("E1: 75分钟", 75),
            ("5分30秒", 5),
            ("暂无 / 90分钟", 90),
            ("90′", 90),
            ("约1个小时40分钟", 100),
            ("1個小時40分鐘", 100),
            ("16mm胶片 90分钟", 90),
            ("35mm/90分钟", 90),
            ("1h30", 90),
            ("1小时30(加长版)", 90),
            ("1小时零5分", 65),
            ("1小时 3D", 60),
            ("９０分钟", 90),
            ("110分钟/France: 136分钟", 110),
        ] {
            check(text, Some(expected));
        }
    }

    #[test]
    fn text_without_minutes_is_none() {
        for text in ["", "未知", "0分钟", "30秒", "PT0H0M", "1.5小时", "99999999999分钟", "4294967295小时", "分钟"]
        {
            check(text, None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_runtime_is_the_same_however_it_is_written(hours in 1..20u32, beyond in 1..60u32) {
            let total = hours * 60 + beyond;
            for text in [
                format!("{total}分钟"),
                format!("约{total}min"),
                format!("16mm胶片 {total} 分钟"),
                format!("{hours}小时{beyond}分钟"),
                format!("约{hours}个小时{beyond}分钟(导演剪辑版)"),
                format!("{hours}h{beyond}"),
                format!("{hours}h {beyond}min"),
                format!("PT{hours}H{beyond}M"),
                format!("{total}分钟/7分钟"),
            ] {
                prop_assert_eq!(minutes(&text), Some(total));
            }
        }

        #[test]
        fn no_text_breaks_the_reader_of_runtimes(text in "[0-9.hm个小时分钟/ ]{0,16}") {
            prop_assert!(minutes(&text) != Some(0));
        }
    }
}
