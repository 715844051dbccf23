//! How an answer changes a stored film. Nothing here ever empties a field that was filled.

use jiff::Timestamp;

use super::item::Item;
use crate::upstreams::films::film::{Detail, DetailStatus, Film};

/// A rating that moved by less is no change.
const RATING_STEP: f64 = 0.1;
/// Votes that moved by less than this share are no change, in percent.
const VOTES_PERCENT: u64 = 5;

/// The film after the list had it again. Where its details are known, the list adds nothing but rating and votes: they
/// are the same fields, fetched later. What else it changed is a reason to fetch them.
pub fn with_item(film: Film, item: &Item) -> Film {
    if film.detail_status == DetailStatus::Ok {
        let detail = Detail { rating: item.detail.rating, votes: item.detail.votes, ..Detail::default() };
        return Film { detail: merged(film.detail, detail), ..film };
    }
    Film { detail: merged(film.detail, item.detail.clone()), raw: Some(item.raw.clone()), ..film }
}

/// The film after its details came; `raw` is what the list holds of it now. Details that brought nothing new do not count
/// as fetched, unless `is_renewed`: an unchanged pass writes nothing.
pub fn with_details(film: &Film, detail: Detail, raw: Option<String>, now: Timestamp, is_renewed: bool) -> Film {
    let fetched = Film {
        detail: merged(film.detail.clone(), detail),
        detail_status: DetailStatus::Ok,
        detail_source: Some("api".to_owned()),
        detail_at: film.detail_at,
        detail_error: None,
        raw,
        ..film.clone()
    };
    if fetched == *film && !is_renewed { fetched } else { Film { detail_at: Some(now), ..fetched } }
}

/// The stored details with what is newer.
fn merged(stored: Detail, newer: Detail) -> Detail {
    let (rating, votes) = settled((stored.rating, stored.votes), (newer.rating, newer.votes));
    Detail { rating, votes, ..newer.completed_by(stored) }
}

type Rating = (Option<f64>, Option<u32>);

/// Which rating is stored: votes come in every day, and a film is not another one for a few of them.
fn settled(stored: Rating, newer: Rating) -> Rating {
    let has_moved = match (stored, newer) {
        (_, (None, None)) => false,
        ((Some(was), Some(votes_were)), (Some(is), Some(votes_are))) => {
            let moved = u64::from(votes_were.abs_diff(votes_are));
            // A step is one also where it cannot be written exactly in binary.
            (is - was).abs() > RATING_STEP - 1e-9 || moved * 100 >= u64::from(votes_were) * VOTES_PERCENT
        }
        ((was, votes_were), (is, votes_are)) => was.is_some() != is.is_some() || votes_were != votes_are,
    };
    if has_moved { newer } else { stored }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Rating, settled, with_details, with_item};
    use crate::upstreams::films::film::{Detail, DetailStatus, Film, FilmId};
    use crate::upstreams::tmdb::item::Item;

    fn check(stored: Rating, newer: Rating, has_moved: bool) {
        assert_eq!(settled(stored, newer), if has_moved { newer } else { stored }, "{stored:?} {newer:?}");
    }

    #[test]
    fn a_rating_is_stored_when_it_moved_by_a_tenth_or_its_votes_by_a_twentieth() {
        let rating = |rating, votes| (Some(rating), Some(votes));
        check(rating(8.4, 1000), rating(8.45, 1049), false);
        check(rating(8.4, 1000), rating(8.5, 1000), true);
        check(rating(8.4, 1000), rating(8.3, 1000), true);
        check(rating(8.4, 1000), rating(8.4, 1050), true);
        check(rating(8.4, 1000), rating(8.4, 950), true);
        check(rating(8.4, 3), rating(8.4, 4), true);
        check((None, None), rating(8.4, 3), true);
        check(rating(8.4, 3), (None, None), false);
        check((None, Some(3)), (None, Some(3)), false);
        check((None, Some(3)), rating(1.0, 3), true);
    }

    fn film(status: DetailStatus) -> Film {
        let title = |title: &str| Some(title.to_owned());
        let detail = Detail { title: title("stored"), imdb_id: title("tt1234567"), ..Detail::default() };
        Film { detail, detail_status: status, raw: title("{}"), ..Film::new("tmdb", FilmId::parse("1").unwrap()) }
    }

    #[test]
    fn a_list_fills_a_film_without_details_and_only_rates_one_with_them() {
        let detail =
            Detail { title: Some("listed".to_owned()), rating: Some(7.0), votes: Some(3), ..Detail::default() };
        let item = Item { id: FilmId::parse("1").unwrap(), detail, raw: "{\"id\":1}".to_owned() };
        let listed = with_item(film(DetailStatus::Missing), &item);
        assert_eq!((listed.detail.title.as_deref(), listed.raw.as_deref()), (Some("listed"), Some("{\"id\":1}")));
        assert!(listed.detail.imdb_id.is_some());
        let rated = with_item(film(DetailStatus::Ok), &item);
        assert_eq!((rated.detail.title.as_deref(), rated.detail.rating), (Some("stored"), Some(7.0)));
        assert_eq!(rated.raw.as_deref(), Some("{}"), "the item is stored with the details it is a reason to fetch");
    }

    #[test]
    fn details_that_brought_nothing_new_leave_the_film_as_it_is() {
        let now: Timestamp = "2026-01-20T00:00:00Z".parse().unwrap();
        let raw = || Some("{}".to_owned());
        let stored = with_details(&film(DetailStatus::Missing), Detail::default(), raw(), now, false);
        assert_eq!((stored.detail_at, stored.detail_status), (Some(now), DetailStatus::Ok));
        assert_eq!(stored.detail.title.as_deref(), Some("stored"), "what is empty replaces nothing");
        let later = now + jiff::SignedDuration::from_hours(1);
        assert_eq!(with_details(&stored, Detail::default(), raw(), later, false), stored);
        assert_eq!(with_details(&stored, Detail::default(), raw(), later, true).detail_at, Some(later));
        assert_eq!(with_details(&stored, Detail::default(), None, later, false).detail_at, Some(later));
    }
}
