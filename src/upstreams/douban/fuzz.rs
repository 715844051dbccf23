//! Damaged answers: every reader has to come to an end, quickly and without a panic.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use url::Url;

use super::verdict::{Answer, Verdict, response_verdict};
use super::{fallback, list, page};
use crate::mutate::mutated_bytes;

/// A page takes far less, even unoptimised and on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(10);

macro_rules! fixtures {
    ($($name:literal),+ $(,)?) => {
        &[$(include_bytes!(concat!("../../../tests/fixtures/douban/", $name))),+]
    };
}

const FIXTURES: &[&[u8]] = fixtures![
    "film.html",
    "film_old.html",
    "series.html",
    "unrated.html",
    "sparse.html",
    "blocked_200.html",
    "recent_hot.json",
    "search_subjects.json",
    "rexxar_movie.json",
    "abstract_tv.json",
];

/// What a damaged answer may have grown.
const SNIPPETS: &[&str] = &[
    "<",
    ">",
    "\"",
    "'",
    "</span>",
    "<br/>",
    "<div id=info>",
    "<span class=pl>",
    "<span class='pl'>IMDb:</span>",
    "<!--",
    "<script type=\"application/ld+json\">",
    "<table><tr><td>",
    "<svg>",
    "<template>",
    "<select>",
    "&#x10ffff;",
    "&amp",
    ": ",
    " / ",
    "tt1234567",
    "1.5小时",
    "99999999999999999999分钟",
    "2010-09-01",
    "9999-99-99(中国大陆)",
    "\u{0}",
    "\u{3000}",
    "\u{200e}",
    "𠀀",
    "(",
    "{",
    "}",
    "[",
    "]",
    ",",
    "null",
    "1e999",
    "-1",
    "\\u0000",
    "\\ud800",
    "<span property=v:runtime content=-1>",
    "<span property=v:initialReleaseDate content='２０１０'>",
    "<strong property=v:average>NaN</strong>",
    "<strong property=v:average>inf</strong>",
    "<h1 property=v:itemreviewed>",
    "异常请求",
];

/// Reads the body as everything it could be, and holds what was read to what is promised of it.
fn read(body: &[u8]) {
    let requested = Url::parse("https://movie.douban.com/subject/1/").unwrap();
    let answer = Answer { requested: &requested, status: 200, location: None, body };
    let started = Instant::now();
    for parse in [page::parse, fallback::parse_rexxar, fallback::parse_abstract] {
        if let Verdict::Good(parsed) = response_verdict(answer, parse) {
            let detail = parsed.detail;
            assert!(detail.title.as_ref().is_none_or(|title| !title.trim().is_empty()));
            assert!(detail.rating.is_none_or(|rating| rating > 0.0 && rating <= 10.0));
            assert!(detail.votes != Some(0) && detail.episodes != Some(0) && detail.runtime_minutes != Some(0));
            let lists = [&detail.directors, &detail.writers, &detail.actors, &detail.genres, &detail.aka];
            assert!(lists.into_iter().flatten().all(|item| !item.trim().is_empty()));
        }
    }
    if let Verdict::Good(listing) = response_verdict(answer, list::parse) {
        assert!(listing.films.iter().all(|film| list::parse_item(&film.raw).as_ref() == Some(film)));
    }
    assert!(started.elapsed() < TIME_LIMIT);
}

proptest! {
    #[test]
    fn a_damaged_answer_neither_panics_nor_hangs(body in mutated_bytes(FIXTURES, SNIPPETS)) {
        read(&body);
    }

    #[test]
    fn noise_neither_panics_nor_hangs(body in proptest::collection::vec(any::<u8>(), 0..2000)) {
        read(&body);
    }
}
