//! The rows of the listings: films as a list has them, and the ids of films that changed.

use jiff::civil::Date;
use serde_json::Value;

use super::config::Config;
use crate::http::strict::fault_of;
use crate::upstreams::films::film::{Detail, FilmId, Kind};
use crate::upstreams::films::json::{count, rating, text};
use crate::upstreams::films::normalize::{paragraphs, year};
use crate::upstreams::mirror::{BadRow, Identified, ReadRow};

/// The upstream's name, which is the source of its films in the table they share.
pub const SOURCE: &str = "tmdb";

/// What of an item moves from day to day without a change of the film.
const MOVING: [&str; 3] = ["popularity", "vote_average", "vote_count"];

/// One film as a list has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub id: FilmId,
    /// The fields a list carries.
    pub detail: Detail,
    /// The item's own JSON.
    pub raw: String,
}

/// A film that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed(pub FilmId);

impl Identified for Item {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Identified for Changed {
    fn id(&self) -> &str {
        self.0.as_str()
    }
}

/// Reads an item. Without an id it is none; everything else may be missing.
pub fn read_item(config: &Config, value: &Value) -> ReadRow<Item> {
    let id = read_id(value)?;
    if let Some(fault) = fault_of(value) {
        return Err(bad(value, fault));
    }
    let released = text(value, "release_date");
    let detail = Detail {
        original_title: text(value, "original_title")
            .filter(|original| Some(original) != text(value, "title").as_ref()),
        title: text(value, "title"),
        kind: Some(Kind::Movie),
        year: released.as_deref().and_then(year),
        release_date: released.as_deref().and_then(|day| day.parse().ok()),
        summary: value.get("overview").and_then(Value::as_str).and_then(paragraphs),
        cover_url: cover_url(config, value),
        ..Detail::default()
    };
    Ok(Item { id, detail: rated(detail, value), raw: value.to_string() })
}

/// Reads an entry of the feed of changes.
pub fn read_changed(value: &Value) -> ReadRow<Changed> {
    read_id(value).map(Changed)
}

/// The details with rating and votes. Nobody has rated a film without votes.
pub fn rated(detail: Detail, value: &Value) -> Detail {
    let votes = count(value, "vote_count");
    Detail { rating: votes.and_then(|_| rating(value, "vote_average")), votes, ..detail }
}

pub fn cover_url(config: &Config, value: &Value) -> Option<String> {
    let path = text(value, "poster_path").filter(|path| path.starts_with('/'))?;
    Some(format!("{}{path}", config.image_url.trim_end_matches('/')))
}

/// Whether both are of one film that has not changed meanwhile.
pub fn is_same(stored: &str, item: &Item) -> bool {
    let still = |json: &str| {
        let mut value: Value = serde_json::from_str(json).ok()?;
        for moving in MOVING {
            value.as_object_mut()?.remove(moving);
        }
        Some(value)
    };
    stored == item.raw || still(stored).is_some_and(|stored| Some(stored) == still(&item.raw))
}

/// The day that a stored item is listed under.
pub fn listed_day(raw: &str) -> Option<Date> {
    let value: Value = serde_json::from_str(raw).ok()?;
    text(&value, "release_date")?.parse().ok()
}

fn read_id(value: &Value) -> Result<FilmId, BadRow> {
    text(value, "id").and_then(|id| FilmId::parse(&id)).ok_or_else(|| bad(value, "it has no id"))
}

fn bad(value: &Value, reason: &str) -> BadRow {
    let id = text(value, "id").and_then(|id| FilmId::parse(&id));
    let reason = format!("cannot read an item of the list: {reason}");
    BadRow { id: id.map(|id| id.to_string()), name: text(value, "title"), reason }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Config, is_same, read_item};

    fn item() -> Value {
        json!({"id": 27205, "title": "盗梦空间", "original_title": "Inception", "original_language": "en",
            "overview": "梦。", "release_date": "2010-07-15", "genre_ids": [28], "poster_path": "/p.jpg",
            "vote_average": 8.4, "vote_count": 38000, "popularity": 90.1, "adult": false, "zzz": {}})
    }

    #[test]
    fn an_item_is_read_with_every_field_or_only_its_id() {
        let config = Config::default();
        let read = read_item(&config, &item()).unwrap();
        assert_eq!(read.id.as_str(), "27205");
        let detail = &read.detail;
        assert_eq!((detail.title.as_deref(), detail.original_title.as_deref()), (Some("盗梦空间"), Some("Inception")));
        assert_eq!((detail.year, detail.rating, detail.votes), (Some(2010), Some(8.4), Some(38_000)));
        assert_eq!(detail.cover_url.as_deref(), Some("https://image.tmdb.org/t/p/w500/p.jpg"));
        let bare = read_item(&config, &json!({"id": 1})).unwrap().detail;
        assert!(bare.title.is_none() && bare.year.is_none() && bare.rating.is_none() && bare.cover_url.is_none());
        let empty = json!({"id": 1, "title": "", "release_date": "", "poster_path": null, "vote_average": 7.1,
            "vote_count": 0, "overview": ""});
        assert_eq!(read_item(&config, &empty).unwrap().detail, bare);
    }

    #[test]
    fn an_item_without_an_id_is_none() {
        for value in [json!({"title": "x"}), json!({"id": "x"}), json!({"id": -1}), json!({"id": {}}), json!(7)] {
            assert!(read_item(&Config::default(), &value).is_err(), "{value}");
        }
    }

    #[test]
    fn popularity_and_votes_are_no_change_of_a_film() {
        let stored = item().to_string();
        for (key, value, expected) in [
            ("popularity", json!(1.5), true),
            ("vote_count", json!(1), true),
            ("vote_average", json!(1), true),
            ("title", json!("x"), false),
            ("release_date", json!("2010-07-16"), false),
        ] {
            let mut changed = item();
            changed[key] = value;
            assert_eq!(is_same(&stored, &read_item(&Config::default(), &changed).unwrap()), expected, "{key}");
        }
    }
}
