//! What a film is, here: its id, its fields, and how its details stand.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

/// The longest id Douban could give out; today's have seven or eight digits.
const MAX_ID_DIGITS: usize = 19;

/// A Douban subject id. It goes into URLs, so it is digits only, by type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct FilmId(String);

impl FilmId {
    /// The id, if the text is one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Movie,
    Tv,
}

impl Kind {
    /// The word in the database, which is the upstream's own.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Tv => "tv",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Movie, Self::Tv].into_iter().find(|kind| kind.name() == name)
    }
}

/// What is known of a film. A field nobody told is `None` or empty, never zero or blank.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Detail {
    /// The Chinese name.
    pub title: Option<String>,
    /// The name in the film's own language, where it differs.
    pub original_title: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
    pub year: Option<u16>,
    /// The first mainland release that is no re-release, else the earliest one.
    pub release_date: Option<Date>,
    /// All of them as they are told: `2010-09-01(中国大陆)`, `1994-09`, `1994(法国)`.
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

/// How a film's details stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetailStatus {
    /// Never asked for.
    #[default]
    Missing,
    Ok,
    /// The upstream has no page for it, or not for us.
    Gone,
    /// The upstream refused us when we asked.
    Blocked,
    /// It answered what cannot be read.
    Parse,
}

impl DetailStatus {
    const ALL: [Self; 5] = [Self::Missing, Self::Ok, Self::Gone, Self::Blocked, Self::Parse];

    /// The word in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Ok => "ok",
            Self::Gone => "gone",
            Self::Blocked => "blocked",
            Self::Parse => "parse",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// Where details came from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DetailSource {
    /// The film's page.
    Page,
    /// The film's page, with gaps filled from the structured data inside it.
    PageAndLd,
    /// The mobile site's JSON.
    Rexxar,
    /// The JSON behind the hover card.
    Abstract,
}

impl DetailSource {
    const ALL: [Self; 4] = [Self::Page, Self::PageAndLd, Self::Rexxar, Self::Abstract];

    /// The word in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::PageAndLd => "page+ld",
            Self::Rexxar => "rexxar",
            Self::Abstract => "abstract",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

/// One film as it is stored, without the store's own bookkeeping.
#[derive(Clone, Debug, PartialEq)]
pub struct Film {
    pub id: FilmId,
    pub detail: Detail,
    /// The list's one line about it: year, countries, genres, director, actors.
    pub subtitle: Option<String>,
    /// Its place in the list, from 0; `None` once it has left the list.
    pub list_rank: Option<u32>,
    pub detail_status: DetailStatus,
    pub detail_source: Option<DetailSource>,
    /// When the details were last asked for, whatever came of it.
    pub detail_at: Option<Timestamp>,
    /// Why the last asking brought nothing.
    pub detail_error: Option<String>,
    /// The film this one's page redirects to.
    pub merged_into: Option<FilmId>,
    /// The list's own JSON of it, exactly as it came last.
    pub raw: Option<String>,
}

impl Film {
    /// A film of which nothing but the id is known.
    pub fn new(id: FilmId) -> Self {
        Self {
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
}

#[cfg(test)]
mod tests {
    use super::{DetailSource, DetailStatus, FilmId, Kind};

    #[test]
    fn an_id_is_digits_only() {
        for (text, is_id) in [
            ("37450627", true),
            (" 1 ", true),
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
    fn every_word_in_the_database_is_read_back() {
        for status in DetailStatus::ALL {
            assert_eq!(DetailStatus::from_name(status.name()), Some(status));
        }
        for source in DetailSource::ALL {
            assert_eq!(DetailSource::from_name(source.name()), Some(source));
        }
        for kind in [Kind::Movie, Kind::Tv] {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
    }
}
