//! The details of a film.

use std::collections::HashSet;

use jiff::civil::Date;
use serde_json::Value;

use super::config::Config;
use super::item::{cover_url, rated};
use crate::http::strict::fault_of;
use crate::upstreams::films::film::{Detail, FilmId, Kind};
use crate::upstreams::films::json::{Unreadable, count, text, texts};
use crate::upstreams::films::normalize::{filled, imdb_id, paragraphs, unique, year};

/// This many actors are kept, in the order of the credits.
const MAX_ACTORS: usize = 20;
/// The country whose release is a film's own, and how its releases are named.
const MAINLAND: (&str, &str) = ("CN", "中国大陆");
/// Kinds of releases: a premiere, in few cinemas, in all cinemas.
const CINEMA_TYPES: [u32; 3] = [1, 2, 3];
/// Those that count as the release, best first.
const RELEASE_TYPES: [u32; 2] = [3, 2];

/// Reads the answer to [`Call::movie`](super::api::Call::movie).
pub fn read_movie(config: &Config, id: &FilmId, document: &Value) -> Result<Detail, Unreadable> {
    let found = text(document, "id").and_then(|found| FilmId::parse(&found));
    match found {
        Some(found) if found == *id => {}
        Some(other) => return Err(Unreadable(format!("the details of another film, {other}"))),
        None => return Err(Unreadable("no `id` in the film's JSON".to_owned())),
    }
    if let Some(fault) = fault_of(document) {
        return Err(Unreadable(fault.to_owned()));
    }
    let releases = releases(document);
    let first = text(document, "release_date");
    let first_day = first.as_deref().and_then(|day| day.parse().ok());
    let title = text(document, "title").or_else(|| translated(config, document, "title").and_then(filled));
    let crew = || list(document, "/credits/crew");
    let detail = Detail {
        original_title: text(document, "original_title").filter(|original| Some(original) != title.as_ref()),
        title,
        kind: Some(Kind::Movie),
        year: first.as_deref().and_then(year),
        release_date: mainland_release(&releases).or(first_day),
        release_dates: unique(releases.iter().map(Release::to_string).collect()),
        runtime_minutes: count(document, "runtime"),
        imdb_id: [text(document, "imdb_id"), document.get("external_ids").and_then(|ids| text(ids, "imdb_id"))]
            .iter()
            .flatten()
            .find_map(|id| imdb_id(id)),
        directors: names(crew().filter(|person| is(person, "job", "Director"))),
        writers: names(crew().filter(|person| is(person, "department", "Writing"))),
        actors: names(cast(document).into_iter().take(MAX_ACTORS)),
        genres: texts(document, "genres"),
        countries: list(document, "/production_countries").filter_map(|country| text(country, "iso_3166_1")).collect(),
        languages: languages(document),
        aka: unique(list(document, "/alternative_titles/titles").filter_map(|title| text(title, "title")).collect()),
        summary: written(document, "overview")
            .or_else(|| translated(config, document, "overview"))
            .and_then(paragraphs),
        cover_url: cover_url(config, document),
        ..Detail::default()
    };
    Ok(rated(detail, document))
}

/// The items of the list at that pointer.
fn list<'a>(document: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    document.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn is(value: &Value, key: &str, expected: &str) -> bool {
    value.get(key).and_then(Value::as_str) == Some(expected)
}

/// The names of these people, each person once.
fn names<'a>(people: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let mut seen = HashSet::new();
    people
        .filter_map(|person| Some((text(person, "id"), text(person, "name")?)))
        .filter(|(id, name)| seen.insert(id.clone().unwrap_or_else(|| name.clone())))
        .map(|(_, name)| name)
        .collect()
}

fn cast(document: &Value) -> Vec<&Value> {
    let mut cast: Vec<&Value> = list(document, "/credits/cast").collect();
    cast.sort_by_key(|actor| actor.get("order").and_then(Value::as_u64).unwrap_or(u64::MAX));
    cast
}

/// The spoken languages by their own names, else the original one by its code.
fn languages(document: &Value) -> Vec<String> {
    let spoken = texts(document, "spoken_languages");
    if spoken.is_empty() { text(document, "original_language").into_iter().collect() } else { spoken }
}

/// A field in the first of the fallback languages that has it.
fn translated<'a>(config: &Config, document: &'a Value, key: &str) -> Option<&'a str> {
    config.fallback_languages.iter().find_map(|language| {
        let (code, country) = language.split_once('-').unwrap_or((language, ""));
        let is_it = |translation: &&Value| {
            is(translation, "iso_639_1", code) && (country.is_empty() || is(translation, "iso_3166_1", country))
        };
        let mut found = list(document, "/translations/translations").filter(is_it);
        found.find_map(|translation| written(translation.get("data")?, key))
    })
}

/// Text that is not blank, with its lines.
fn written<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().filter(|text| !text.trim().is_empty())
}

/// A release in a country's cinemas.
struct Release<'a> {
    country: &'a str,
    kind: u32,
    day: Date,
}

impl std::fmt::Display for Release<'_> {
    /// As the other sources write it: `2010-09-01(中国大陆)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.country == MAINLAND.0 { MAINLAND.1 } else { self.country };
        write!(f, "{}({place})", self.day)
    }
}

/// The releases in cinemas, the earliest first.
fn releases(document: &Value) -> Vec<Release<'_>> {
    let mut releases = Vec::new();
    for country in list(document, "/release_dates/results") {
        let Some(code) = country.get("iso_3166_1").and_then(Value::as_str) else { continue };
        releases.extend(list(country, "/release_dates").filter_map(|date| {
            let kind = count(date, "type").filter(|kind| CINEMA_TYPES.contains(kind))?;
            // A time of day is behind the date.
            let day = date.get("release_date")?.as_str()?.get(..10)?.parse().ok()?;
            Some(Release { country: code, kind, day })
        }));
    }
    releases.sort_by_key(|release| release.day);
    releases
}

fn mainland_release(releases: &[Release<'_>]) -> Option<Date> {
    RELEASE_TYPES.iter().find_map(|wanted| {
        let mut own = releases.iter().filter(|release| release.country == MAINLAND.0 && release.kind == *wanted);
        own.next().map(|release| release.day)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Config, Detail, FilmId, Kind, read_movie};

    fn document() -> Value {
        json!({
            "id": 27205, "title": "盗梦空间", "original_title": "Inception", "original_language": "en",
            "overview": "第一段\n第二段", "release_date": "2010-07-15", "runtime": 148, "imdb_id": "tt1375666",
            "vote_average": 8.369, "vote_count": 38000, "poster_path": "/p.jpg", "zzz": [1],
            "genres": [{"id": 28, "name": "动作"}, {"id": 878, "name": "科幻"}],
            "production_countries": [{"iso_3166_1": "US", "name": "美国"}, {"iso_3166_1": "GB", "name": "英国"}],
            "spoken_languages": [{"iso_639_1": "en", "name": "English"}],
            "credits": {
                "cast": [
                    {"id": 2, "name": "Second", "order": 1}, {"id": 1, "name": "First", "order": 0},
                    {"id": 3, "name": "Last"},
                ],
                "crew": [
                    {"id": 9, "name": "Nolan", "job": "Director", "department": "Directing"},
                    {"id": 9, "name": "Nolan", "job": "Writer", "department": "Writing"},
                    {"id": 9, "name": "Nolan", "job": "Screenplay", "department": "Writing"},
                    {"id": 8, "name": "Zimmer", "job": "Original Music Composer", "department": "Sound"},
                ],
            },
            "external_ids": {"imdb_id": "tt0000001"},
            "release_dates": {"results": [
                {"iso_3166_1": "US", "release_dates": [
                    {"type": 3, "release_date": "2010-07-16T00:00:00.000Z"},
                    {"type": 5, "release_date": "2010-12-07T00:00:00.000Z"},
                ]},
                {"iso_3166_1": "CN", "release_dates": [
                    {"type": 3, "release_date": "2020-08-28T00:00:00.000Z", "note": "re-release"},
                    {"type": 2, "release_date": "2010-08-30T00:00:00.000Z"},
                    {"type": 3, "release_date": "2010-09-01T00:00:00.000Z"},
                ]},
            ]},
            "alternative_titles": {"titles": [{"iso_3166_1": "CN", "title": "潜行凶间"}, {"title": "潜行凶间"}]},
            "translations": {"translations": [
                {"iso_639_1": "en", "iso_3166_1": "US", "data": {"title": "In English", "overview": "English."}},
                {"iso_639_1": "zh", "iso_3166_1": "TW", "data": {"title": "全面啟動", "overview": ""}},
                {"iso_639_1": "zh", "iso_3166_1": "CN", "data": {"title": "", "overview": ""}},
            ]},
        })
    }

    fn read(document: &Value) -> Detail {
        read_movie(&Config::default(), &FilmId::parse("27205").unwrap(), document).unwrap()
    }

    #[test]
    fn every_column_has_its_field() {
        let text = |text: &str| Some(text.to_owned());
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let expected = Detail {
            title: text("盗梦空间"),
            original_title: text("Inception"),
            kind: Some(Kind::Movie),
            year: Some(2010),
            release_date: Some(jiff::civil::date(2010, 9, 1)),
            release_dates: list(&[
                "2010-07-16(US)",
                "2010-08-30(中国大陆)",
                "2010-09-01(中国大陆)",
                "2020-08-28(中国大陆)",
            ]),
            runtime_minutes: Some(148),
            imdb_id: text("tt1375666"),
            rating: Some(8.369),
            votes: Some(38_000),
            directors: list(&["Nolan"]),
            writers: list(&["Nolan"]),
            actors: list(&["First", "Second", "Last"]),
            genres: list(&["动作", "科幻"]),
            countries: list(&["US", "GB"]),
            languages: list(&["English"]),
            aka: list(&["潜行凶间"]),
            summary: text("第一段\n第二段"),
            cover_url: text("https://image.tmdb.org/t/p/w500/p.jpg"),
            episodes: None,
        };
        assert_eq!(read(&document()), expected);
    }

    #[test]
    fn a_bare_film_has_nothing_but_its_kind() {
        let bare = Detail { kind: Some(Kind::Movie), ..Detail::default() };
        assert_eq!(read(&json!({"id": 27205})), bare);
        let empty = json!({"id": 27205, "title": "", "release_date": "", "runtime": 0, "imdb_id": "", "vote_average": 6.0,
            "vote_count": 0, "poster_path": null, "genres": [], "credits": {"cast": null}, "release_dates": {"results": 7},
            "external_ids": {"imdb_id": "nm1"}, "production_countries": [{}], "overview": " "});
        assert_eq!(read(&empty), bare);
    }

    #[test]
    fn an_empty_field_is_taken_from_the_next_language() {
        let mut film = document();
        film["title"] = json!("");
        film["overview"] = json!("");
        let detail = read(&film);
        assert_eq!((detail.title.as_deref(), detail.summary.as_deref()), (Some("全面啟動"), Some("English.")));
    }

    #[test]
    fn a_release_in_few_cinemas_counts_where_there_is_no_other() {
        let mut film = document();
        film["release_dates"]["results"][1]["release_dates"] = json!([
            {"type": 1, "release_date": "2010-06-01T00:00:00.000Z"},
            {"type": 2, "release_date": "2010-08-30T00:00:00.000Z"},
        ]);
        assert_eq!(read(&film).release_date, Some(jiff::civil::date(2010, 8, 30)));
        film["release_dates"] = json!({});
        assert_eq!(read(&film).release_date, Some(jiff::civil::date(2010, 7, 15)));
    }

    #[test]
    fn the_details_of_another_film_are_none() {
        let id = FilmId::parse("1").unwrap();
        for document in [document(), json!({}), json!([]), json!({"id": null})] {
            assert!(read_movie(&Config::default(), &id, &document).is_err(), "{document}");
        }
    }
}
