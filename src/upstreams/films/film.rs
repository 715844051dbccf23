//! What a film is: its id, its fields, and the state of its details.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr};
use xxhash_rust::xxh3::xxh3_128;

/// The longest id that fits into a 64-bit number.
const MAX_ID_DIGITS: usize = 19;

/// A source's id of a film. It becomes part of URLs, so the type allows digits only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct FilmId(String);

impl FilmId {
    /// The id, if the text is one.
    pub fn parse(text: &str) -> Option<Self> {
        // Leading zeros are no other film.
        let text = text.trim().trim_start_matches('0');
        let is_id = !text.is_empty() && text.len() <= MAX_ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        is_id.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FilmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of video it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Kind {
    Movie,
    Tv,
}

impl Kind {
    /// The name in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// What is known of a film. An unknown field is `None` or empty, never zero or blank.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Detail {
    /// The Chinese name, where there is one.
    pub title: Option<String>,
    /// The name in the film's own language, where it differs.
    pub original_title: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
    pub year: Option<u16>,
    /// The first mainland release that is no re-release, else the earliest one.
    pub release_date: Option<Date>,
    /// All of them as the source writes them: `2010-09-01(中国大陆)`, `1994-09`, `1994(法国)`.
    pub release_dates: Vec<String>,
    /// Minutes; of one episode for a series.
    pub runtime_minutes: Option<u32>,
    /// `tt` and 7 to 9 digits.
    pub imdb_id: Option<String>,
    /// Above 0, at most 10.
    pub rating: Option<f64>,
    pub votes: Option<u32>,
    pub directors: Vec<String>,
    pub writers: Vec<String>,
    pub actors: Vec<String>,
    pub genres: Vec<String>,
    pub countries: Vec<String>,
    pub languages: Vec<String>,
    pub aka: Vec<String>,
    /// Paragraphs, one a line.
    pub summary: Option<String>,
    pub cover_url: Option<String>,
    /// How many, for a series.
    pub episodes: Option<u32>,
}

impl Detail {
    /// These details, with the gaps filled from others.
    #[must_use]
    pub fn completed_by(self, other: Self) -> Self {
        Self {
            title: self.title.or(other.title),
            original_title: self.original_title.or(other.original_title),
            kind: self.kind.or(other.kind),
            year: self.year.or(other.year),
            release_date: self.release_date.or(other.release_date),
            release_dates: filled_or(self.release_dates, other.release_dates),
            runtime_minutes: self.runtime_minutes.or(other.runtime_minutes),
            imdb_id: self.imdb_id.or(other.imdb_id),
            rating: self.rating.or(other.rating),
            votes: self.votes.or(other.votes),
            directors: filled_or(self.directors, other.directors),
            writers: filled_or(self.writers, other.writers),
            actors: filled_or(self.actors, other.actors),
            genres: filled_or(self.genres, other.genres),
            countries: filled_or(self.countries, other.countries),
            languages: filled_or(self.languages, other.languages),
            aka: filled_or(self.aka, other.aka),
            summary: self.summary.or(other.summary),
            cover_url: self.cover_url.or(other.cover_url),
            episodes: self.episodes.or(other.episodes),
        }
    }
}

fn filled_or<T>(list: Vec<T>, other: Vec<T>) -> Vec<T> {
    if list.is_empty() { other } else { list }
}

/// The state of a film's details.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum DetailStatus {
    /// Never fetched.
    #[default]
    Missing,
    Ok,
    /// The source has no page for it, or not for us.
    Gone,
    /// The source blocked us when we fetched it.
    Blocked,
    /// The answer could not be read.
    Parse,
}

impl DetailStatus {
    /// The name in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// One film as it is stored, without the store's own bookkeeping.
#[derive(Clone, Debug, PartialEq)]
pub struct Film {
    /// The upstream it is from.
    pub source: String,
    pub id: FilmId,
    pub detail: Detail,
    /// The list's one line about it: year, countries, genres, director, actors.
    pub subtitle: Option<String>,
    /// Its place in the list, from 0; `None` once it has left the list.
    pub list_rank: Option<u32>,
    pub detail_status: DetailStatus,
    /// Which of the source's documents the details are from, in the source's own words.
    pub detail_source: Option<String>,
    /// When the details were last fetched, successfully or not.
    pub detail_at: Option<Timestamp>,
    /// Why the last fetch brought nothing.
    pub detail_error: Option<String>,
    /// The film this one's page redirects to.
    pub merged_into: Option<FilmId>,
    /// The list's own JSON of it, exactly as it came last.
    pub raw: Option<String>,
}

impl Film {
    /// A film of which nothing but the id is known.
    pub fn new(source: &str, id: FilmId) -> Self {
        Self {
            source: source.to_owned(),
            id,
            detail: Detail::default(),
            subtitle: None,
            list_rank: None,
            detail_status: DetailStatus::Missing,
            detail_source: None,
            detail_at: None,
            detail_error: None,
            merged_into: None,
            raw: None,
        }
    }

    /// The film after a fetch of its details brought nothing: only that is noted. Details from before stay details,
    /// unless the source now has none.
    #[must_use]
    pub fn with_failed_details(self, status: DetailStatus, reason: &str, now: Timestamp) -> Self {
        let had_details = self.detail_status == DetailStatus::Ok && status != DetailStatus::Gone;
        Self {
            detail_status: if had_details { DetailStatus::Ok } else { status },
            detail_at: if had_details { self.detail_at } else { Some(now) },
            detail_error: Some(reason.to_owned()),
            ..self
        }
    }

    /// The digest of what people read of a film: it changes exactly when that does, and not with the film's rank.
    pub fn content_hash(&self) -> [u8; 16] {
        // Serialising plain structs into memory cannot fail; an empty text would only be written once too often.
        let content = serde_json::to_vec(&(&self.detail, &self.subtitle, &self.merged_into)).unwrap_or_default();
        xxh3_128(&content).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::{DetailStatus, FilmId, Kind};

    #[test]
    fn an_id_is_digits_only() {
        for (text, is_id) in [
            ("37450627", true),
            (" 1 ", true),
            ("0", false),
            ("", false),
            ("12a", false),
            ("-1", false),
            ("1/../2", false),
            ("１２", false),
            ("12345678901234567890", false),
        ] {
            assert_eq!(FilmId::parse(text).is_some(), is_id, "{text}");
        }
    }

    #[test]
    fn blanks_and_leading_zeros_are_not_part_of_an_id() {
        for text in ["37450627", " 37450627", "\u{a0}37450627\n", "037450627"] {
            assert_eq!(FilmId::parse(text).unwrap().as_str(), "37450627", "{text:?}");
        }
    }

    #[test]
    fn names_in_the_database_are_those_of_the_schema() {
        let sql = include_str!("migrations/0001_create.sql");
        let (_, list) = sql.split_once("detail_status IN (").unwrap();
        let names = list.split_once(')').unwrap().0.split(", ").map(|name| name.trim_matches('\''));
        let statuses: Vec<DetailStatus> = names.clone().map(|name| name.parse().unwrap()).collect();
        assert_eq!(statuses.len(), 5);
        assert!(statuses.iter().map(|status| status.name()).eq(names));
        for (name, kind) in [("movie", Kind::Movie), ("tv", Kind::Tv)] {
            assert_eq!((name.parse(), kind.name()), (Ok(kind), name));
        }
    }
}
