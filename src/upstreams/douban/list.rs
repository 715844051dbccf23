//! The list of the newest films, in either of its two shapes.
//!
//! `recent_hot` answers `{"items": […]}`, `search_subjects` answers `{"subjects": […]}` with other field names and
//! fewer fields; one reader takes both, item by item, so that one odd item costs only itself.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::json::{count, rating, text};
use super::normalize::cover_url;
use super::parsed::Unreadable;
use crate::upstreams::films::film::{Detail, FilmId, Kind};

/// One film as the list has it.
#[derive(Clone, Debug, PartialEq)]
pub struct ListItem {
    pub id: FilmId,
    pub subtitle: Option<String>,
    /// The fields a list carries: title, kind, rating, votes, cover.
    pub detail: Detail,
    /// The item's own JSON, exactly as it came.
    pub raw: String,
}

/// What one list answer held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// The films, each once, in the list's order.
    pub films: Vec<ListItem>,
    /// Items of any kind: what the next page's `start` moves on by, and 0 at the list's end.
    pub received_count: usize,
    /// Items that are films but cannot be read: without an id or a title.
    pub unreadable_count: usize,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, alias = "subjects")]
    items: Vec<&'a RawValue>,
}

/// Reads a list answer of either shape.
pub fn parse(body: &[u8]) -> Result<Listing, Unreadable> {
    let envelope: Envelope = serde_json::from_slice(body.trim_ascii())
        .map_err(|error| Unreadable(format!("no list of `items` or `subjects`: {error}")))?;
    let mut listing = Listing { received_count: envelope.items.len(), ..Listing::default() };
    let mut seen = HashSet::new();
    for raw in envelope.items {
        match read_item(raw.get()) {
            Read::Film(item) => {
                if seen.insert(item.id.clone()) {
                    listing.films.push(*item);
                }
            }
            Read::OtherKind => {}
            Read::Unreadable => listing.unreadable_count += 1,
        }
    }
    Ok(listing)
}

/// Reads one item's JSON again, as it was stored.
pub fn parse_item(raw: &str) -> Option<ListItem> {
    match read_item(raw) {
        Read::Film(item) => Some(*item),
        Read::OtherKind | Read::Unreadable => None,
    }
}

/// Adds a page of the list to what came before; answers how many films were new. The list ends where none is.
pub fn append(films: &mut Vec<ListItem>, page: Vec<ListItem>) -> usize {
    let known: HashSet<FilmId> = films.iter().map(|film| film.id.clone()).collect();
    let before = films.len();
    films.extend(page.into_iter().filter(|film| !known.contains(&film.id)));
    films.len() - before
}

enum Read {
    Film(Box<ListItem>),
    OtherKind,
    Unreadable,
}

fn read_item(raw: &str) -> Read {
    let Ok(value) = serde_json::from_str::<Value>(raw) else { return Read::Unreadable };
    // `search_subjects` was asked for films and does not repeat that.
    if text(&value, "type").is_some_and(|kind| kind != Kind::Movie.name()) {
        return Read::OtherKind;
    }
    let id = text(&value, "id").and_then(|id| FilmId::parse(&id));
    let (Some(id), Some(title)) = (id, text(&value, "title")) else { return Read::Unreadable };
    let rating_part = value.get("rating").unwrap_or(&Value::Null);
    let pictures = value.get("pic").unwrap_or(&Value::Null);
    let covers = [text(pictures, "large"), text(pictures, "normal"), text(&value, "cover")];
    let detail = Detail {
        title: Some(title),
        kind: Some(Kind::Movie),
        rating: rating(rating_part, "value").or_else(|| rating(&value, "rate")),
        votes: count(rating_part, "count"),
        cover_url: covers.iter().flatten().find_map(|url| cover_url(url)),
        ..Detail::default()
    };
    Read::Film(Box::new(ListItem { id, subtitle: text(&value, "card_subtitle"), detail, raw: raw.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::{append, parse, parse_item};

    const RECENT_HOT: &[u8] = include_bytes!("../../../tests/fixtures/douban/recent_hot.json");
    const SEARCH_SUBJECTS: &[u8] = include_bytes!("../../../tests/fixtures/douban/search_subjects.json");

    /// `id|title|rating|votes|cover|subtitle` of each film.
    fn check(body: &[u8], expected: &[&str]) {
        let listing = parse(body).unwrap();
        let shown: Vec<String> = listing
            .films
            .iter()
            .map(|film| {
                let detail = &film.detail;
                [
                    film.id.to_string(),
                    detail.title.clone().unwrap_or_default(),
                    detail.rating.map(|rating| rating.to_string()).unwrap_or_default(),
                    detail.votes.map(|votes| votes.to_string()).unwrap_or_default(),
                    detail.cover_url.clone().unwrap_or_default(),
                    film.subtitle.clone().unwrap_or_default(),
                ]
                .join("|")
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_explore_list_is_read_item_by_item() {
        check(
            RECENT_HOT,
            &[
                "90000001|潮汐邮局|8.1|20451|https://img.example/l/p1.jpg|2025 / 中国大陆 / 剧情 / 林一 / 周二",
                "90000002|纸鲸|||https://img.example/n/p2.jpg|2025 / 日本 / 动画",
                "90000003|第十三节车厢||||",
                "90000007|异常请求|6.5|12|https://img.example/l/p7.jpg|",
            ],
        );
        let listing = parse(RECENT_HOT).unwrap();
        assert_eq!((listing.received_count, listing.unreadable_count), (10, 3));
        assert!(listing.films[0].raw.contains("\"is_new\": true"), "the raw item is kept exactly");
    }

    #[test]
    fn the_other_list_is_read_too() {
        check(SEARCH_SUBJECTS, &["90000001|潮汐邮局|8.1||https://img.example/s/p1.webp|", "90000011|盐与风||||"]);
    }

    #[test]
    fn an_empty_list_is_a_list() {
        assert_eq!(parse(br#"{"items":[],"total":500}"#).unwrap().received_count, 0);
    }

    #[test]
    fn what_is_no_list_is_not_read_as_an_empty_one() {
        for body in
            ["", "<html>", "[]", "{}", r#"{"items":null}"#, r#"{"items":{}}"#, r#"{"msg":"no","r":1}"#, r#"{"items":["#]
        {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_page_that_brings_nothing_new_says_so() {
        let page = parse(RECENT_HOT).unwrap().films;
        let mut films = Vec::new();
        assert_eq!(append(&mut films, page.clone()), 4);
        assert_eq!(append(&mut films, page), 0);
        assert_eq!(films.len(), 4);
    }

    #[test]
    fn an_id_with_a_blank_is_the_same_film() {
        let body = r#"{"items":[{"id":"7","title":"片"},{"id":" 7","title":"片"},{"id":7,"title":"片"}]}"#;
        let films = parse(body.as_bytes()).unwrap().films;
        assert_eq!(films.iter().map(|film| film.id.as_str()).collect::<Vec<_>>(), ["7"]);
    }

    #[test]
    fn a_stored_item_is_read_back_as_it_was() {
        for film in parse(RECENT_HOT).unwrap().films {
            assert_eq!(parse_item(&film.raw), Some(film));
        }
    }
}
