//! Text of pages and answers in one normal form.

/// Marks that show nothing and that Douban leaves at the ends of names.
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

/// The paragraphs of longer text, one a line, each [`normalize`].
pub fn paragraphs(text: &str) -> Option<String> {
    let lines: Vec<String> = text.lines().filter_map(filled).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The parts of ` / `-separated text. A slash inside a word separates nothing.
pub fn split_list(text: &str) -> Vec<String> {
    // A slash may stand at either end, where the list goes on in a link.
    format!(" {} ", normalize(text)).split(" / ").filter_map(filled).filter(|part| part != "/").collect()
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

#[cfg(test)]
mod tests {
    use super::{cover_url, normalize, rating, split_list, year};

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
    fn only_a_slash_between_spaces_separates() {
        for (text, expected) in [
            ("美国 / 英国", vec!["美国", "英国"]),
            ("AC/DC / 二/三", vec!["AC/DC", "二/三"]),
            (" / 甲 / ", vec!["甲"]),
            ("/", vec![]),
            ("", vec![]),
            ("A, B & C", vec!["A, B & C"]),
        ] {
            assert_eq!(split_list(text), expected, "{text}");
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
}
