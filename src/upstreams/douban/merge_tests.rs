use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

use super::{with_details, with_list_item};
use crate::upstreams::douban::list::{ListItem, parse_item};
use crate::upstreams::douban::parsed::{DetailSource, ParsedDetail};
use crate::upstreams::films::film::{Detail, DetailStatus, Film, FilmId, Kind};

/// The two merges, in a row.
trait Merge {
    fn listed(self, item: &ListItem, rank: u32) -> Self;
    fn detailed(self, parsed: ParsedDetail, merged_into: Option<FilmId>, now: Timestamp) -> Self;
}

impl Merge for Film {
    fn listed(self, item: &ListItem, rank: u32) -> Self {
        with_list_item(self, item, rank)
    }

    fn detailed(self, parsed: ParsedDetail, merged_into: Option<FilmId>, now: Timestamp) -> Self {
        with_details(self, parsed, merged_into, now)
    }
}

fn now() -> Timestamp {
    "2026-01-20T00:00:00Z".parse().unwrap()
}

fn film() -> Film {
    Film::new("douban", FilmId::parse("90000001").unwrap())
}

fn item(title: &str, rating: &str, votes: u32, cover: &str) -> ListItem {
    let json = serde_json::json!({
        "id": "90000001", "title": title, "type": "movie", "card_subtitle": "2025 / 剧情",
        "rating": {"value": rating, "count": votes}, "pic": {"large": cover},
    });
    parse_item(&json.to_string()).unwrap()
}

fn parsed(source: DetailSource, title: &str, rating: Option<f64>) -> ParsedDetail {
    ParsedDetail {
        detail: Detail { title: Some(title.to_owned()), rating, ..Detail::default() },
        source,
        subjects: Vec::new(),
    }
}

/// Details with every field filled from one number, so that two of them differ everywhere, with only those fields kept
/// that `mask` has a bit for.
fn masked(seed: u16, mask: u32) -> Detail {
    let kept = |bit: u32| mask & (1 << bit) != 0;
    let text = |bit: u32| kept(bit).then(|| format!("{bit}-{seed}"));
    let list = |bit: u32| if kept(bit) { vec![format!("{bit}-{seed}")] } else { Vec::new() };
    let number = |bit: u32| kept(bit).then(|| u32::from(seed) + 1);
    Detail {
        title: text(0),
        original_title: text(1),
        kind: kept(2).then_some(if seed.is_multiple_of(2) { Kind::Movie } else { Kind::Tv }),
        year: kept(3).then_some(seed + 1),
        release_date: kept(4).then(|| jiff::civil::date(2000, 1, 1) + jiff::Span::new().days(i64::from(seed))),
        release_dates: list(5),
        runtime_minutes: number(6),
        imdb_id: text(7),
        rating: kept(8).then_some(f64::from(seed) + 0.5),
        votes: number(9),
        directors: list(10),
        writers: list(11),
        actors: list(12),
        genres: list(13),
        countries: list(14),
        languages: list(15),
        aka: list(16),
        summary: text(17),
        cover_url: text(18),
        episodes: number(19),
    }
}

fn fields(detail: &Detail) -> serde_json::Map<String, Value> {
    serde_json::to_value(detail).unwrap().as_object().unwrap().clone()
}

fn is_filled(value: &Value) -> bool {
    !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty())
}

/// The rule of every merge, field by field: the winner's where it is filled, else the other's.
fn check_merged(merged: &Detail, winner: &Detail, other: &Detail) {
    let (merged, winner, other) = (fields(merged), fields(winner), fields(other));
    for (name, value) in merged {
        let expected = if is_filled(&winner[&name]) { &winner[&name] } else { &other[&name] };
        assert_eq!(&value, expected, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_merge_ever_empties_a_filled_field(stored_mask in any::<u32>(), news_mask in any::<u32>(), seed in 0..500u16) {
        let (stored, news) = (masked(2 * seed, stored_mask), masked(2 * seed + 1, news_mask));
        check_merged(&news.clone().completed_by(stored.clone()), &news, &stored);

        let page = DetailSource::Page;
        let before = Film { detail: stored.clone(), detail_source: Some(page.name().to_owned()), ..film() };
        let better = before.clone().detailed(ParsedDetail { detail: news.clone(), source: page, subjects: Vec::new() }, None, now());
        check_merged(&better.detail, &news, &stored);
        let lesser = before.clone().detailed(ParsedDetail { detail: news.clone(), source: DetailSource::Abstract, subjects: Vec::new() }, None, now());
        check_merged(&lesser.detail, &stored, &news);

        let listed = before.listed(&item("片", "7.5", 3, "https://img.example/p9.jpg"), 0);
        for (name, value) in fields(&stored) {
            assert!(!is_filled(&value) || is_filled(&fields(&listed.detail)[&name]), "{name}");
        }
    }

    #[test]
    fn the_same_answer_twice_changes_nothing(mask in any::<u32>(), seed in 0..500u16, rank in 0..80u32) {
        let item = item("片", "7.5", 3, "https://img.example/p9.jpg");
        let parsed = ParsedDetail { detail: masked(seed, mask), source: DetailSource::Page, subjects: Vec::new() };
        let once = film().listed(&item, rank).detailed(parsed.clone(), None, now());
        let twice = once.clone().listed(&item, rank).detailed(parsed, None, now());
        assert_eq!(once, twice);
        assert_eq!(once.content_hash(), twice.content_hash());
    }
}

#[test]
fn the_list_changes_only_what_the_list_changed() {
    let first = item("片", "7.5", 100, "https://img1.example/p1.jpg");
    let film = film().listed(&first, 0).detailed(parsed(DetailSource::Page, "片（页）", Some(7.6)), None, now());

    let same = film.clone().listed(&first, 5);
    assert_eq!(same, Film { list_rank: Some(5), ..film.clone() });
    assert_eq!(same.content_hash(), film.content_hash());

    let moved = film.clone().listed(&item("片", "7.5", 100, "https://img9.example/big/p1.webp"), 0);
    assert_eq!(moved.content_hash(), film.content_hash(), "the same picture from another host is no change");

    let rated = film.clone().listed(&item("片", "8.0", 120, "https://img1.example/p2.jpg"), 0);
    assert_eq!(rated.detail.title.as_deref(), Some("片（页）"));
    assert_eq!((rated.detail.rating, rated.detail.votes), (Some(8.0), Some(120)));
    assert_eq!(rated.detail.cover_url.as_deref(), Some("https://img1.example/p2.jpg"));
    assert_ne!(rated.content_hash(), film.content_hash());

    let renamed = film.listed(&item("新片", "7.5", 100, "https://img1.example/p1.jpg"), 0);
    assert_eq!(renamed.detail.title.as_deref(), Some("新片"));
}

#[test]
fn a_lesser_source_fills_gaps_only_and_is_recorded_only_where_it_is_the_best() {
    let from_json = film().detailed(parsed(DetailSource::Rexxar, "一", None), None, now());
    assert_eq!(from_json.detail_source.as_deref(), Some("rexxar"));

    let from_page = from_json.detailed(parsed(DetailSource::PageAndLd, "二", None), None, now());
    assert_eq!(from_page.detail_source.as_deref(), Some("page+ld"));

    let still_from_page = from_page.detailed(parsed(DetailSource::Abstract, "三", Some(6.0)), None, now());
    assert_eq!(still_from_page.detail.title.as_deref(), Some("二"));
    assert_eq!(still_from_page.detail.rating, Some(6.0));
    assert_eq!(still_from_page.detail_source.as_deref(), Some("page+ld"));

    let again = parsed(DetailSource::Page, "四", None);
    assert_eq!(still_from_page.detailed(again, None, now()).detail.title.as_deref(), Some("四"));
}

#[test]
fn a_refusal_keeps_what_is_stored() {
    let merged = FilmId::parse("90000099");
    let good = film().detailed(parsed(DetailSource::Page, "片", Some(7.5)), merged.clone(), now());
    let later: Timestamp = "2026-02-01T00:00:00Z".parse().unwrap();
    for (status, expected, asked_at) in [
        (DetailStatus::Blocked, DetailStatus::Ok, now()),
        (DetailStatus::Parse, DetailStatus::Ok, now()),
        (DetailStatus::Gone, DetailStatus::Gone, later),
    ] {
        let refused = good.clone().with_failed_details(status, "status 404", later);
        assert_eq!(refused.detail, good.detail);
        assert_eq!(refused.merged_into, merged);
        assert_eq!((refused.detail_status, refused.detail_at), (expected, Some(asked_at)));
        assert_eq!(refused.detail_error.as_deref(), Some("status 404"));
        assert_eq!(refused.content_hash(), good.content_hash());
    }
    let never_known = film().with_failed_details(DetailStatus::Blocked, "status 403", later);
    assert_eq!(never_known.detail_status, DetailStatus::Blocked);
    let known = never_known.detailed(parsed(DetailSource::Page, "片", None), None, later);
    assert_eq!((known.detail_status, known.detail_error), (DetailStatus::Ok, None));
}
