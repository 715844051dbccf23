//! How an answer changes a stored film. Nothing here ever empties a field that was filled.

use jiff::Timestamp;

use super::list::{ListItem, parse_item};
use super::parsed::{DetailSource, ParsedDetail};
use crate::upstreams::films::film::{Detail, DetailStatus, Film, FilmId};

/// The film after the list had it again: a field changes where the *list* changed it, or where it was empty. The list
/// and the film's page differ in small ways (votes, the picture's host); without this every pass would swap one for the
/// other.
pub fn with_list_item(film: Film, item: &ListItem, rank: u32) -> Film {
    let before = film.raw.as_deref().and_then(parse_item);
    let (was, was_subtitle) = before.map(|item| (item.detail, item.subtitle)).unwrap_or_default();
    let is = &item.detail;
    let changed_cover = changed(was.cover_url.as_ref(), is.cover_url.as_ref());
    let news = Detail {
        title: changed(was.title.as_ref(), is.title.as_ref()),
        kind: changed(was.kind.as_ref(), is.kind.as_ref()),
        rating: changed(was.rating.as_ref(), is.rating.as_ref()),
        votes: changed(was.votes.as_ref(), is.votes.as_ref()),
        cover_url: changed_cover.filter(|new| {
            let stored = film.detail.cover_url.as_deref();
            stored.is_none_or(|stored| !is_same_picture(stored, new))
        }),
        ..Detail::default()
    };
    let subtitle = changed(was_subtitle.as_ref(), item.subtitle.as_ref());
    Film {
        detail: news.completed_by(film.detail).completed_by(item.detail.clone()),
        subtitle: subtitle.or(film.subtitle).or_else(|| item.subtitle.clone()),
        list_rank: Some(rank),
        raw: Some(item.raw.clone()),
        ..film
    }
}

/// The film after its details came. A document as good as the last one corrects what is stored; a lesser one only fills
/// gaps.
pub fn with_details(film: Film, parsed: ParsedDetail, merged_into: Option<FilmId>, now: Timestamp) -> Film {
    let stored_source = film.detail_source.as_deref().and_then(|name| name.parse().ok());
    let (detail, source) = match stored_source {
        Some(stored) if is_lesser(parsed.source, stored) => (film.detail.completed_by(parsed.detail), stored),
        _ => (parsed.detail.completed_by(film.detail), parsed.source),
    };
    Film {
        detail,
        detail_status: DetailStatus::Ok,
        detail_source: Some(source.name().to_owned()),
        detail_at: Some(now),
        detail_error: None,
        merged_into: merged_into.or(film.merged_into),
        ..film
    }
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
fn is_lesser(new: DetailSource, stored: DetailSource) -> bool {
    new > stored && !new.is_page()
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
