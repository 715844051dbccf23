//! The structured data inside a page: the same film again, less exactly.
//!
//! It may hold raw line ends inside texts, names doubled (`陈默 Mo Chen`, `Ann Lee Ann Lee`), a synopsis cut short, and
//! as its only date the earliest one.

use scraper::{ElementRef, Html};
use serde_json::Value;

use super::dates::full_date;
use super::runtime::minutes;
use crate::http::json::repaired;
use crate::upstreams::films::film::{Detail, Kind};
use crate::upstreams::films::json;
use crate::upstreams::films::normalize::{cover_url, paragraphs, unique};

/// What the page's structured data holds; nothing where there is none that can be read. It has one text for both
/// names, so neither is taken.
pub fn detail(html: &Html) -> Detail {
    let is_ld = |element: &ElementRef<'_>| {
        element.value().name() == "script" && element.attr("type") == Some("application/ld+json")
    };
    let block = html.root_element().descendent_elements().find(is_ld);
    block.and_then(|block| read(&block.text().collect::<String>())).unwrap_or_default()
}

fn read(text: &str) -> Option<Detail> {
    // A control character inside a text is not allowed by JSON, and between two tokens it means as much as a space.
    let readable: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let value: Value = serde_json::from_slice(&repaired(readable.trim().as_bytes())).ok()?;
    let rating_part = value.get("aggregateRating").unwrap_or(&Value::Null);
    Some(Detail {
        kind: match json::text(&value, "@type")?.as_str() {
            "Movie" => Some(Kind::Movie),
            "TVSeries" => Some(Kind::Tv),
            _ => None,
        },
        release_date: text_of(&value, "datePublished").and_then(|date| full_date(&date)),
        runtime_minutes: json::text(&value, "duration").and_then(|duration| minutes(&duration)),
        rating: json::rating(rating_part, "ratingValue"),
        votes: json::count(rating_part, "ratingCount"),
        directors: people(&value, "director"),
        writers: people(&value, "author"),
        actors: people(&value, "actor"),
        genres: json::texts(&value, "genre").iter().map(|genre| unescaped(genre)).collect(),
        summary: text_of(&value, "description").and_then(|text| paragraphs(&text)),
        cover_url: json::text(&value, "image").and_then(|url| cover_url(&url)),
        ..Detail::default()
    })
}

fn text_of(value: &Value, key: &str) -> Option<String> {
    json::text(value, key).map(|text| unescaped(&text))
}

fn people(value: &Value, key: &str) -> Vec<String> {
    unique(json::texts(value, key).iter().map(|name| one_name(&unescaped(name)).to_owned()).collect())
}

/// Entities are not resolved inside a script.
fn unescaped(text: &str) -> String {
    if text.contains('&') {
        Html::parse_fragment(&text.replace('<', "&lt;")).root_element().text().collect()
    } else {
        text.to_owned()
    }
}

/// A person's name as the page shows it: the Chinese one where there is one, and no name twice.
fn one_name(name: &str) -> &str {
    let half = name.len() / 2;
    if let (Some(first), Some(second)) = (name.get(..half), name.get(half + 1..))
        && first == second
        && name[half..].starts_with(' ')
    {
        return first;
    }
    let last_han = name.rfind(is_han);
    last_han.map_or(name, |at| name[at..].find(' ').map_or(name, |space| &name[..at + space]))
}

fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::{one_name, read, unescaped};

    #[test]
    fn a_doubled_name_is_one_name() {
        for (name, expected) in [
            ("陈默 Mo Chen", "陈默"),
            ("Ann Lee Ann Lee", "Ann Lee"),
            ("J·K·林 J.K. Lin", "J·K·林"),
            ("Ann Lee", "Ann Lee"),
            ("Lee Lee", "Lee"),
            ("陈默", "陈默"),
            ("", ""),
        ] {
            assert_eq!(one_name(name), expected, "{name}");
        }
    }

    #[test]
    fn raw_line_ends_and_entities_do_not_stop_the_reading() {
        let detail =
            read("{\"@type\": \"Movie\",\n \"description\": \"一\n二 &amp; 三\", \"duration\": \"PT1H2M\"}").unwrap();
        assert_eq!(detail.summary.as_deref(), Some("一 二 & 三"));
        assert_eq!(detail.runtime_minutes, Some(62));
        assert_eq!(unescaped("a &lt;b&gt; <i>&#39;"), "a <b> <i>'");
    }

    #[test]
    fn unreadable_structured_data_gives_nothing() {
        for text in ["", "{", "[]", "{\"name\": \"x\"}", "null"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
