//! Where films and details come from when the first source is no help.

use super::{DETAILED, check_counts, set_page};
use crate::sandbox::douban::{Page, Source};
use crate::support::Sandbox;

const EXPLORE: &str = "/rexxar/api/v2/subject/recent_hot";
const SEARCH: &str = "/j/search_subjects";

#[test]
fn a_list_that_brings_fewer_than_asked_is_paged_through() {
    let sandbox = Sandbox::films(20);
    sandbox.douban.change(|catalogue| catalogue.page_limit = 8);
    check_counts(&sandbox.watch("--no-details --limit 18").expect(0), [18, 18, 0, 0, 0]);
    let starts: Vec<_> = sandbox.douban.server().log().iter().map(|logged| logged.parameter("start")).collect();
    assert_eq!(starts, ["0", "8", "16"].map(|start| Some(start.to_owned())));
    let ranks = "SELECT list_rank FROM videos ORDER BY CAST(source_id AS INTEGER) DESC";
    assert_eq!(sandbox.database().rows(ranks), (0..18).map(|rank| vec![i64::from(rank).into()]).collect::<Vec<_>>());
}

#[test]
fn list_ends_at_a_page_without_new_films() {
    let sandbox = Sandbox::films(5);
    // The series at its end is no film.
    check_counts(&sandbox.watch("--no-details").expect(0), [5, 5, 0, 0, 0]);
    assert_eq!(sandbox.douban.server().count(EXPLORE), 2);
}

#[test]
fn an_explore_list_that_cannot_be_read_is_replaced_by_the_other_one() {
    for source in [Source::Empty, Source::NeedsLogin] {
        let sandbox = Sandbox::films(60);
        sandbox.douban.change(|catalogue| catalogue.explore = source);
        let outcome = sandbox.watch("--limit 60").expect(3);
        check_counts(&outcome, [60, 60, 0, 0, 0]);
        assert_eq!(sandbox.douban.server().count(SEARCH), 2, "{source:?}");
        assert_eq!(sandbox.film_count(DETAILED), 60, "{source:?}");
    }
}

#[test]
fn empty_list_fails_and_changes_no_film() {
    let sandbox = Sandbox::films(3);
    sandbox.watch("").expect(0);
    let content = sandbox.database().content("videos");
    sandbox.douban.change(|catalogue| (catalogue.explore, catalogue.search) = (Source::Empty, Source::Empty));
    let outcome = sandbox.watch("").expect(7);
    assert!(outcome.stdout.contains("there is no film in the list"), "{}", outcome.stdout);
    assert_eq!(sandbox.database().content("videos"), content);
}

#[test]
fn unreadable_page_falls_back_to_the_next_source() {
    for (rexxar, card, source) in
        [(Source::Good, Source::Good, "rexxar"), (Source::NeedsLogin, Source::Good, "abstract")]
    {
        let sandbox = Sandbox::films(2);
        sandbox.douban.change(set_page(0, Page::Unreadable));
        sandbox.douban.change(|catalogue| (catalogue.rexxar, catalogue.card) = (rexxar, card));
        sandbox.watch("").expect(0);
        let told = format!("videos WHERE detail_source = '{source}' AND directors = '林一' AND imdb_id IS NULL");
        assert_eq!(sandbox.film_count(&told), 1);
        // A lesser source does not blank what the page told before.
        sandbox.douban.change(|catalogue| catalogue.films.swap(0, 1));
        sandbox.douban.change(set_page(0, Page::Unreadable));
        sandbox.watch("--refresh-older-than 0s").expect(0);
        assert_eq!(sandbox.film_count("videos WHERE detail_source LIKE 'page%' AND imdb_id IS NOT NULL"), 1);
    }
}

#[test]
fn film_without_any_source_is_a_problem_with_the_missing_fields() {
    let sandbox = Sandbox::films(3);
    sandbox.douban.change(set_page(1, Page::Unreadable));
    let outcome = sandbox.watch("").expect(3);
    check_counts(&outcome, [3, 2, 0, 0, 1]);
    let problem = &outcome.json()["problems"][0];
    assert_eq!((&problem["class"], &problem["id"]), (&"contract".into(), &"90999999".into()), "{problem:#}");
    assert!(problem["message"].as_str().is_some_and(|message| message.contains("#info")), "{problem:#}");
    assert_eq!(problem["name"], "第999号放映厅");
    assert_eq!(sandbox.film_count("videos WHERE detail_status = 'parse' AND detail_error LIKE '%#info%'"), 1);
    assert_eq!(sandbox.film_count(DETAILED), 2);
    // It is asked for again by the next pass, and no other is.
    sandbox.douban.server().take_log();
    sandbox.douban.change(set_page(1, Page::Good));
    check_counts(&sandbox.watch("").expect(0), [3, 0, 1, 2, 0]);
    assert_eq!(sandbox.page_count(), 1);
}
