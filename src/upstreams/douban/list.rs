//! The list of the newest films, in either of its two shapes.
//!
//! `recent_hot` answers `{"items": […]}`, `search_subjects` answers `{"subjects": […]}` with other field names and
//! fewer fields; one reader takes both, item by item, so that one odd item costs only itself.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::parsed::Unreadable;
use crate::http::JsonFault;
use crate::http::json::repaired;
use crate::http::strict::{Strict, fault_of};
use crate::upstreams::films::film::{Detail, FilmId, Kind};
use crate::upstreams::films::json::{count, rating, text};
use crate::upstreams::films::normalize::cover_url;
use crate::upstreams::mirror::{BadRow, ReadRow, Remarks};

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

/// What one list answer held, or several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// Each film once, in the order of the list; of one that came twice it is the later item.
    pub films: Vec<ListItem>,
    /// Items that are films but cannot be read.
    pub bad: Vec<BadRow>,
    /// Items of any kind, and 0 at the list's end.
    pub received_count: usize,
    pub remarks: Remarks,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, alias = "subjects")]
    items: Vec<&'a RawValue>,
}

impl Listing {
    /// Adds what came later; answers how many films are new. The list ends where none is.
    pub fn extend(&mut self, later: Self) -> usize {
        let count = self.films.len();
        later.films.into_iter().for_each(|film| self.take(film));
        // Pages overlap.
        let bad = later.bad.into_iter().filter(|row| !self.bad.contains(row)).collect::<Vec<_>>();
        self.bad.extend(bad);
        self.received_count += later.received_count;
        self.remarks.add(later.remarks);
        self.films.len() - count
    }

    fn take(&mut self, item: ListItem) {
        let Some(known) = self.films.iter_mut().find(|film| film.id == item.id) else { return self.films.push(item) };
        if (&known.detail, &known.subtitle) != (&item.detail, &item.subtitle) {
            self.remarks.note_repeated(item.id.as_str());
        }
        *known = item;
    }
}

/// Reads a list answer of either shape.
pub fn parse(body: &[u8]) -> Result<Listing, Unreadable> {
    let document = repaired(body);
    let unreadable = |error| {
        let error = JsonFault::of(&error);
        Unreadable(format!("no list of `items` or `subjects`: {error}"))
    };
    let envelope: Envelope = serde_json::from_slice(&document).map_err(unreadable)?;
    let mut listing = Listing { received_count: envelope.items.len(), ..Listing::default() };
    listing.remarks.is_garbled = std::str::from_utf8(body).is_err();
    for row in envelope.items.into_iter().filter_map(|raw| read_item(raw.get())) {
        match row {
            Ok(film) => listing.take(film),
            Err(bad) => listing.bad.push(bad),
        }
    }
    Ok(listing)
}

/// Reads one item's JSON again, as it was stored.
pub fn parse_item(raw: &str) -> Option<ListItem> {
    read_item(raw)?.ok()
}

/// `None` where it is something else than a film.
fn read_item(raw: &str) -> Option<ReadRow<ListItem>> {
    let value = serde_json::from_str(raw).map_or(Value::Null, |Strict(value)| value);
    // `search_subjects` was asked for films and does not repeat that.
    if text(&value, "type").is_some_and(|kind| kind != Kind::Movie.name()) {
        return None;
    }
    let id = text(&value, "id").and_then(|id| FilmId::parse(&id));
    let (id, title) = match (id, text(&value, "title")) {
        (Some(id), Some(title)) if fault_of(&value).is_none() => (id, title),
        (id, name) => {
            let reason = fault_of(&value).unwrap_or("it has no id or no title");
            let reason = format!("cannot read an item of the list: {reason}");
            return Some(Err(BadRow { id: id.map(|id| id.to_string()), name, reason }));
        }
    };
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
    Some(Ok(ListItem { id, subtitle: text(&value, "card_subtitle"), detail, raw: raw.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::{Listing, parse, parse_item};

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
                "90000001|潮汐邮局|8.1|||",
                "90000002|纸鲸|||https://img.example/n/p2.jpg|2025 / 日本 / 动画",
                "90000003|第十三节车厢||||",
                "90000007|异常请求|6.5|12|https://img.example/l/p7.jpg|",
            ],
        );
        let listing = parse(RECENT_HOT).unwrap();
        assert_eq!((listing.received_count, listing.bad.len()), (10, 3));
        assert!(listing.films[1].raw.contains("\"is_new\": true"), "the raw item is kept exactly");
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
        let page = parse(RECENT_HOT).unwrap();
        let mut listing = Listing::default();
        assert_eq!(listing.extend(page.clone()), 4);
        assert_eq!(listing.extend(page), 0);
        assert_eq!((listing.films.len(), listing.remarks.repeated_count), (4, 2));
    }

    #[test]
    fn an_id_with_a_blank_is_the_same_film() {
        let body = r#"{"items":[{"id":"7","title":"片"},{"id":" 7","title":"片"},{"id":7,"title":"片"}]}"#;
        let films = parse(body.as_bytes()).unwrap().films;
        assert_eq!(films.iter().map(|film| film.id.as_str()).collect::<Vec<_>>(), ["7"]);
    }

    #[test]
    fn a_film_that_comes_twice_is_the_later_item_in_the_place_of_the_first() {
        let body = r#"{"items":[{"id":"7","title":"a"},{"id":"8","title":"b"},{"id":"7","title":"c"}]}"#;
        let listing = parse(body.as_bytes()).unwrap();
        let titles: Vec<_> = listing.films.iter().filter_map(|film| film.detail.title.as_deref()).collect();
        assert_eq!((titles, listing.remarks.repeated.as_deref()), (vec!["c", "b"], Some("7")));
    }

    #[test]
    fn one_value_that_is_no_json_costs_no_more_than_its_item() {
        let body =
            r#"{"items":[{"id":"7","title":"a\ud83d","x":"\q"},{"id":"8","title":"b","x":NaN},{"id":9,"title":"c"}]}"#;
        let listing = parse(body.as_bytes()).unwrap();
        let titles: Vec<_> = listing.films.iter().filter_map(|film| film.detail.title.as_deref()).collect();
        assert_eq!(titles, ["a\u{fffd}", "c"]);
        assert_eq!((listing.bad[0].id.as_deref(), listing.bad[0].name.as_deref()), (Some("8"), Some("b")));
    }

    #[test]
    fn a_stored_item_is_read_back_as_it_was() {
        for film in parse(RECENT_HOT).unwrap().films {
            assert_eq!(parse_item(&film.raw), Some(film));
        }
    }
}
