//! Text of pages and answers in one normal form.

/// Marks that show nothing and that sources leave at the ends of names.
const INVISIBLE: [char; 6] = ['\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{feff}'];

/// The text with every run of white space (U+3000 and no-break spaces too) made one space and none at its ends.
pub fn normalize(text: &str) -> String {
    let mut normalized = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !normalized.is_empty() {
            normalized.push(' ');
        }
        normalized.push_str(word);
    }
    let trimmed = normalized.trim_matches(|character: char| character == ' ' || INVISIBLE.contains(&character));
    if trimmed.len() == normalized.len() { normalized } else { trimmed.to_owned() }
}

/// [`normalize`], with nothing for blank text.
pub fn filled(text: &str) -> Option<String> {
    Some(normalize(text)).filter(|text| !text.is_empty())
}

/// The paragraphs of longer text, one a line, each [`normalize`]. Text without a word, such as `...`, is none.
pub fn paragraphs(text: &str) -> Option<String> {
    let lines: Vec<String> = text.lines().filter_map(filled).collect();
    let has_word = lines.iter().any(|line| line.contains(char::is_alphanumeric));
    has_word.then(|| lines.join("\n"))
}

/// The text with full-width digits as plain ones.
pub fn half_width(text: &str) -> String {
    let plain = |sign: char| match sign {
        '０'..='９' => char::from_u32(u32::from(sign) - u32::from('０') + u32::from('0')).unwrap_or(sign),
        _ => sign,
    };
    text.chars().map(plain).collect()
}

/// The count above 0 that text begins with: `20451人评价`, `12,345`, `1.2万`.
pub fn leading_count(text: &str) -> Option<u32> {
    let text = grouped_by_commas(&half_width(text.trim_start()));
    let end = text.find(|sign: char| !sign.is_ascii_digit() && !matches!(sign, ',' | '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut groups = whole.split(',');
    let first_len = groups.next().map_or(0, str::len);
    let is_grouped = whole.contains(',');
    if first_len == 0 || is_grouped && (first_len > 3 || groups.any(|group| group.len() != 3)) {
        return None;
    }
    let factor: u64 = match unit.trim_start().chars().next() {
        Some('万' | '萬') => 10_000,
        Some('亿' | '億') => 100_000_000,
        _ => 1,
    };
    let mut count = whole.replace(',', "").parse::<u64>().ok()?.checked_mul(factor)?;
    if number.contains('.') {
        let digits = u32::try_from(fraction.len()).ok().filter(|digits| (1..=8).contains(digits))?;
        let scaled = fraction.parse::<u64>().ok()?.checked_mul(factor)?;
        // A fraction of a count is none.
        count += Some(scaled / 10_u64.pow(digits)).filter(|_| factor > 1)?;
    }
    u32::try_from(count).ok().filter(|count| *count > 0)
}

/// With a comma for whatever else separates groups of digits: `12 345`, `12'345`.
fn grouped_by_commas(text: &str) -> String {
    let is_group_sign = |sign: char| sign.is_whitespace() || matches!(sign, '，' | '\'' | '’' | '_');
    let signs: Vec<char> = text.chars().collect();
    let is_digit = |at: Option<usize>| at.and_then(|at| signs.get(at)).is_some_and(char::is_ascii_digit);
    let read = |(at, sign): (usize, &char)| {
        let is_between = is_group_sign(*sign) && is_digit(at.checked_sub(1)) && is_digit(Some(at + 1));
        if is_between { ',' } else { *sign }
    };
    signs.iter().enumerate().map(read).collect()
}

/// The parts of a list of words: `美国 / 英国`, `美国/英国`, `美国、英国`.
pub fn split_list(text: &str) -> Vec<String> {
    text.split(['/', '／', '、']).filter_map(filled).collect()
}

/// The parts of a list of names, which may themselves hold a separator: where one has blanks around it, only such ones
/// separate.
pub fn split_names(text: &str) -> Vec<String> {
    // A slash may be at either end, where the list goes on in a link.
    let text = format!(" {} ", normalize(text));
    if text.contains(" / ") {
        text.split(" / ").filter_map(filled).filter(|part| part != "/").collect()
    } else if text.contains('/') {
        text.split('/').filter_map(filled).collect()
    } else {
        split_list(&text)
    }
}

/// The items in their order, each once.
pub fn unique(items: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}

/// The number text begins with.
pub fn leading_number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let text = text.trim_start();
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// A four-digit year, with or without brackets, that a film can have.
pub fn year(text: &str) -> Option<u16> {
    let text = text.trim().trim_start_matches(['(', '（']);
    leading_number(text).filter(|year| (1870..=2200).contains(year))
}

/// A cover that shows the film: an absolute web address, and not the placeholder for films without one.
pub fn cover_url(text: &str) -> Option<String> {
    let text = text.trim();
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    let is_placeholder = text.contains("movie_default") || text.contains("tv_default");
    (is_web && !is_placeholder).then(|| text.to_owned())
}

/// A rating that is one: unrated films have nothing, as blank text or as 0.
pub fn rating(value: f64) -> Option<f64> {
    (value > 0.0 && value <= 10.0).then_some(value)
}

/// `tt` and 7 to 9 digits, a word by itself.
pub fn imdb_id(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let mut words = lower.split(|character: char| !character.is_ascii_alphanumeric());
    let is_id = |word: &&str| {
        word.strip_prefix("tt")
            .is_some_and(|digits| (7..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    words.find(is_id).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        cover_url, half_width, imdb_id, leading_count, normalize, paragraphs, rating, split_list, split_names, year,
    };

    #[test]
    fn white_space_and_invisible_marks_go() {
        for (text, expected) in [
            ("  a \n\u{3000} b\u{a0}", "a b"),
            ("第八季 Name\u{200e}", "第八季 Name"),
            ("\u{feff}", ""),
            ("a\u{200d}b", "a\u{200d}b"),
        ] {
            assert_eq!(normalize(text), expected);
        }
    }

    #[test]
    fn lists_are_split_with_and_without_blanks() {
        for (text, expected) in [
            ("美国 / 英国", vec!["美国", "英国"]),
            ("美国/英国/ 法国 /日本", vec!["美国", "英国", "法国", "日本"]),
            ("汉语、英语", vec!["汉语", "英语"]),
            (" / 甲 / ", vec!["甲"]),
            ("/", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(split_list(text), expected, "{text}");
            assert_eq!(split_names(text), expected, "{text}");
        }
        for (text, expected) in [
            ("AC/DC / 二/三、四", vec!["AC/DC", "二/三、四"]),
            ("A, B & C", vec!["A, B & C"]),
            ("罗马、城市/Roma", vec!["罗马、城市", "Roma"]),
        ] {
            assert_eq!(split_names(text), expected, "{text}");
        }
    }

    #[test]
    fn text_without_a_word_is_no_synopsis() {
        for text in ["...", "……", "　。。。\n···", "—", ""] {
            assert_eq!(paragraphs(text), None, "{text}");
        }
        assert_eq!(paragraphs("…\n一").as_deref(), Some("…\n一"));
    }

    #[test]
    fn counts_are_read_with_separators_and_units() {
        for (text, expected) in [
            ("20451人评价", Some(20_451)),
            ("12,345", Some(12_345)),
            ("1,234,567 votes", Some(1_234_567)),
            ("12，345人", Some(12_345)),
            ("12 345人", Some(12_345)),
            ("1\u{202f}234\u{202f}567", Some(1_234_567)),
            ("12'345", Some(12_345)),
            ("12 34", None),
            ("12万", Some(120_000)),
            ("1.25 万人评价", Some(12_500)),
            ("２０", Some(20)),
            ("0", None),
            ("7.3", None),
            ("12,34", None),
            ("1234,567", None),
            (",123", None),
            ("", None),
            ("暂无", None),
            ("99999999999", None),
            ("1亿亿", Some(100_000_000)),
        ] {
            assert_eq!(leading_count(text), expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_count_is_the_same_however_it_is_written(count in 1..u32::MAX) {
            let digits = count.to_string();
            let mut grouped = String::new();
            for (index, digit) in digits.chars().enumerate() {
                if index > 0 && (digits.len() - index).is_multiple_of(3) {
                    grouped.push(',');
                }
                grouped.push(digit);
            }
            let wide: String =
                digits.bytes().filter_map(|digit| char::from_u32(u32::from('０') + u32::from(digit - b'0'))).collect();
            prop_assert_eq!(half_width(&wide), digits.clone());
            for text in [digits, grouped, wide] {
                prop_assert_eq!(leading_count(&format!(" {text}人评价")), Some(count));
            }
            prop_assert_eq!(leading_count(&format!("{}万", count % 10_000 + 1)), Some((count % 10_000 + 1) * 10_000));
        }

        #[test]
        fn lists_hold_their_words_whatever_separates_them(
            words in proptest::collection::vec("[a-z一-龥]{1,6}", 1..6), separator in "( / |/|/ | /|、)",
        ) {
            let text = words.join(&separator);
            prop_assert_eq!(split_list(&text), words.clone());
            prop_assert_eq!(split_names(&text), words);
        }

        #[test]
        fn no_text_breaks_the_readers_of_counts_and_lists(text in "[0-9,.，万亿/、 a一]{0,16}") {
            prop_assert!(leading_count(&text) != Some(0));
            prop_assert!(split_list(&text).iter().chain(&split_names(&text)).all(|part| !part.trim().is_empty()));
        }
    }

    #[test]
    fn only_what_can_be_a_year_a_cover_or_a_rating_is_one() {
        for (text, expected) in [
            ("(2010)", Some(2010)),
            ("2019", Some(2019)),
            ("（1994）", Some(1994)),
            ("", None),
            ("0", None),
            ("99999999999", None),
        ] {
            assert_eq!(year(text), expected, "{text}");
        }
        assert_eq!(cover_url("https://img.example/p1.jpg").as_deref(), Some("https://img.example/p1.jpg"));
        assert_eq!(cover_url("https://img.example/f/movie_default_large.png"), None);
        assert_eq!(cover_url("javascript:alert(1)"), None);
        for (value, expected) in [(9.4, Some(9.4)), (0.0, None), (-1.0, None), (11.0, None), (f64::NAN, None)] {
            assert_eq!(rating(value), expected);
        }
    }

    #[test]
    fn only_an_id_that_stands_alone_is_an_imdb_id() {
        for (text, expected) in [
            ("tt1375666", Some("tt1375666")),
            (" tt0111161 / tt2 ", Some("tt0111161")),
            ("tt123456789", Some("tt123456789")),
            ("tt123456", None),
            ("tt1234567890", None),
            ("TT1375666", Some("tt1375666")),
            ("xtt1234567", None),
            ("nm1234567", None),
            ("tt12345六7", None),
            ("", None),
        ] {
            assert_eq!(imdb_id(text).as_deref(), expected, "{text}");
        }
    }
}
