//! How an answer changes a stored film. Nothing here ever empties a field that was filled.

use std::cmp::Ordering;

use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_128;

use super::film::{Detail, DetailSource, DetailStatus, Film, FilmId};
use super::list::{ListItem, parse_item};
use super::page::Told;

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

impl Film {
    /// The film after the list told it again: a field changes where the *list* changed it, or where it was empty. The
    /// list and the film's page differ in small ways (votes, the picture's host); without this every pass would swap
    /// one for the other.
    #[must_use]
    pub fn listed(self, item: &ListItem, rank: u32) -> Self {
        let before = self.raw.as_deref().and_then(parse_item);
        let (was, was_subtitle) = before.map(|item| (item.detail, item.subtitle)).unwrap_or_default();
        let is = &item.detail;
        let changed_cover = changed(was.cover_url.as_ref(), is.cover_url.as_ref());
        let news = Detail {
            title: changed(was.title.as_ref(), is.title.as_ref()),
            kind: changed(was.kind.as_ref(), is.kind.as_ref()),
            rating: changed(was.rating.as_ref(), is.rating.as_ref()),
            votes: changed(was.votes.as_ref(), is.votes.as_ref()),
            cover_url: changed_cover.filter(|new| {
                let stored = self.detail.cover_url.as_deref();
                stored.is_none_or(|stored| !is_same_picture(stored, new))
            }),
            ..Detail::default()
        };
        let subtitle = changed(was_subtitle.as_ref(), item.subtitle.as_ref());
        Self {
            detail: news.completed_by(self.detail).completed_by(item.detail.clone()),
            subtitle: subtitle.or(self.subtitle).or_else(|| item.subtitle.clone()),
            list_rank: Some(rank),
            raw: Some(item.raw.clone()),
            ..self
        }
    }

    /// The film after its details came. A source as good as the last one corrects what is stored; a lesser one only
    /// fills gaps.
    #[must_use]
    pub fn detailed(self, told: Told, merged_into: Option<FilmId>, now: Timestamp) -> Self {
        let is_lesser = self.detail_source.is_some_and(|stored| is_lesser(told.source, stored));
        let (detail, source) = if is_lesser {
            (self.detail.completed_by(told.detail), self.detail_source)
        } else {
            (told.detail.completed_by(self.detail), Some(told.source))
        };
        Self {
            detail,
            detail_status: DetailStatus::Ok,
            detail_source: source,
            detail_at: Some(now),
            detail_error: None,
            merged_into: merged_into.or(self.merged_into),
            ..self
        }
    }

    /// The film after asking for its details brought nothing: only that is noted. Details from before stay details,
    /// unless the upstream now has none.
    #[must_use]
    pub fn refused(self, status: DetailStatus, reason: &str, now: Timestamp) -> Self {
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

fn filled_or<T>(list: Vec<T>, other: Vec<T>) -> Vec<T> {
    if list.is_empty() { other } else { list }
}

/// What a field is now, if that is not what it was.
fn changed<T: Clone + PartialEq>(was: Option<&T>, is: Option<&T>) -> Option<T> {
    if was == is { None } else { is.cloned() }
}

/// Whether two addresses are of one picture: Douban serves each from several hosts, sizes and formats.
fn is_same_picture(one: &str, other: &str) -> bool {
    let stem = |url: &str| {
        let name = url.rsplit('/').next().unwrap_or(url);
        name.split('.').next().unwrap_or(name).to_owned()
    };
    stem(one) == stem(other)
}

/// A page is a page, whether or not gaps of it were filled.
fn is_lesser(told: DetailSource, stored: DetailSource) -> bool {
    let is_page = |source| matches!(source, DetailSource::Page | DetailSource::PageAndLd);
    told.cmp(&stored) == Ordering::Greater && !is_page(told)
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
