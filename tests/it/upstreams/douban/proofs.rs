//! What makes a film gone, and whose facts are stored under its id.

use super::{DETAILED, check_counts, set_page};
use crate::sandbox::douban::{Page, Source};
use crate::support::Sandbox;

const GONE: &str = "videos WHERE detail_status = 'gone'";

#[test]
fn only_its_own_page_says_that_a_film_is_gone() {
    for location in ["/", "/explore", "https://movie.douban.com/", "https://example.org/subject/1/", "/subject/1/"] {
        let sandbox = Sandbox::films(2);
        sandbox.douban.change(|catalogue| (catalogue.rexxar, catalogue.card) = (Source::Missing, Source::Missing));
        sandbox.douban.change(set_page(0, Page::Redirect(location)));
        let outcome = sandbox.watch("").expect(3);
        check_counts(&outcome, [2, 1, 0, 0, 1]);
        assert_eq!(outcome.json()["problems"][0]["class"], "contract", "{location}");
        assert_eq!((sandbox.film_count(GONE), sandbox.film_count(DETAILED)), (0, 1), "{location}");
        // It is fetched again by the next pass.
        sandbox.douban.change(set_page(0, Page::Good));
        sandbox.watch("").expect(0);
        assert_eq!(sandbox.film_count(DETAILED), 2, "{location}");
    }
}

#[test]
fn facts_of_another_film_are_not_stored() {
    let sandbox = Sandbox::films(2);
    sandbox.watch("").expect(0);
    let content = sandbox.database().rows("SELECT source_id, title, imdb_id, rating FROM videos ORDER BY 1");
    sandbox.douban.change(set_page(0, Page::OtherFilm(55)));
    let outcome = sandbox.watch("--refresh-older-than 0s").expect(3);
    assert!(outcome.stdout.contains("the page of another film, 55"), "{}", outcome.stdout);
    let after = sandbox.database().rows("SELECT source_id, title, imdb_id, rating FROM videos ORDER BY 1");
    assert_eq!(after, content);
}

#[test]
fn a_page_cut_off_replaces_nothing() {
    let sandbox = Sandbox::films(1);
    sandbox.watch("").expect(0);
    let values = "SELECT summary, votes, genres, countries, imdb_id FROM videos";
    let before = sandbox.database().rows(values);
    sandbox.douban.change(set_page(0, Page::Cut));
    let outcome = sandbox.watch("--refresh-older-than 0s");
    assert!(outcome.stdout.contains("a page that is cut off"), "{}", outcome.stdout);
    assert_eq!(sandbox.database().rows(values), before);
}
