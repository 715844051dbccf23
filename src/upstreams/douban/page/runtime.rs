//! Runtimes as people write them.

/// Longer than anything that was ever filmed; more is a slip.
const MAX_MINUTES: u32 = 100_000;

/// What an hour and a minute are called. `h` and `m` take in what begins with them: `hours`, `min`, and the `PT1H30M`
/// of structured data.
const HOUR_UNITS: [&str; 4] = ["小时", "小時", "时", "h"];
const MINUTE_UNITS: [&str; 4] = ["分", "m", "'", "′"];

/// The minutes of the first runtime in the text: `148分钟`, `约60min`, `1小时30分钟`, `France: 136 分钟(uncut) / 133分钟`, a
/// bare number.
pub fn minutes(text: &str) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    lower.split(" / ").find_map(one)
}

/// The first time span of one alternative; a number with no unit behind it (`E1`) is passed over.
fn one(text: &str) -> Option<u32> {
    if let Ok(bare) = text.trim().parse() {
        return plausible(bare);
    }
    let mut rest = text;
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        let (number, behind) = number_and_rest(&rest[start..])?;
        if let Some(behind) = strip_unit(behind, &HOUR_UNITS) {
            let minutes = behind.trim_start_matches(|character: char| character.is_alphabetic() || character == ' ');
            let beyond = number_and_rest(minutes)
                .filter(|(_, unit)| strip_unit(unit, &MINUTE_UNITS).is_some())
                .map_or(0, |(minutes, _)| minutes);
            return plausible(number.checked_mul(60)?.checked_add(beyond)?);
        }
        if strip_unit(behind, &MINUTE_UNITS).is_some() {
            return plausible(number);
        }
        rest = behind;
    }
    None
}

/// The number text begins with. A fraction is no number: reading on behind its point would make `1.5小时` 5 hours.
fn number_and_rest(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let is_fraction = rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()));
    if is_fraction { None } else { Some((digits.parse().ok()?, rest)) }
}

fn strip_unit<'a>(text: &'a str, units: &[&str]) -> Option<&'a str> {
    let text = text.trim_start();
    units.iter().find_map(|unit| text.strip_prefix(unit))
}

fn plausible(minutes: u32) -> Option<u32> {
    (1..=MAX_MINUTES).contains(&minutes).then_some(minutes)
}

#[cfg(test)]
mod tests {
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
}
