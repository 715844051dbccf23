//! What happens when Douban refuses us, or is unwell.

use super::{DETAILED, NOT_BEFORE, check_counts, set_page};
use crate::sandbox::douban::{Page, Source};
use crate::sandbox::{Fault, Rule};
use crate::support::Sandbox;

const EXPLORE: &str = "/rexxar/api/v2/subject/recent_hot";

#[test]
fn block_keeps_stored_films_and_is_waited_out() {
    for page in [
        Page::Challenge,
        Page::Blocked,
        Page::Status(401),
        Page::Status(403),
        Page::Status(418),
        Page::Status(429),
        Page::Redirect("https://www.douban.com/accounts/login?redir=x"),
        Page::Redirect("https://m.douban.com/movie/"),
        Page::Body("<html><form id=sec method=POST action='/c'><input name=tok></form></html>"),
        Page::Body("<html><script>location.href = '/c?r=x'</script></html>"),
        Page::Body("<html><script>document.cookie = 'a=1'; location.reload()</script></html>"),
        Page::Body("<html><head><meta http-equiv=refresh content='0;url=/c'></head></html>"),
        Page::Redirect("//sec.douban.com/c?r=x"),
        Page::Redirect("http://SEC.douban.com:80/c"),
        Page::Redirect("https://www.douban.com/misc/sorry?original-url=x"),
        Page::Body("<html><img src='/misc/captcha?id=1'></html>"),
        Page::Body("<html><form action='/accounts/login'><input type=password></form></html>"),
    ] {
        let sandbox = Sandbox::films(6);
        sandbox.douban.change(set_page(3, page));
        let outcome = sandbox.watch("").expect(3);
        check_counts(&outcome, [6, 5, 0, 0, 1]);
        let problem = outcome.json()["problems"][0]["message"].to_string();
        assert!(problem.contains("blocked"), "{page:?}: {problem}");
        assert_eq!(sandbox.film_count(DETAILED), 3, "{page:?}");
        assert_eq!(sandbox.film_count("videos WHERE detail_status = 'blocked'"), 1, "{page:?}");
        assert_eq!(sandbox.film_count("videos WHERE detail_status = 'missing'"), 2, "{page:?}");
        assert_eq!(sandbox.film_count(NOT_BEFORE), 1, "{page:?}");
        assert_eq!(sandbox.page_count(), 4, "{page:?}: nothing is asked for after a refusal");

        sandbox.douban.change(set_page(3, Page::Good));
        sandbox.douban.server().take_log();
        let next = sandbox.watch("").expect(0).json();
        assert_eq!((&next["status"], &next["scopes"][0]["reason"]), (&"skipped".into(), &"not-before".into()));
        assert!(next["scopes"][0]["until"].is_string(), "{next:#}");
        assert!(sandbox.douban.server().log().is_empty());
        check_counts(&sandbox.watch("--force").expect(0), [6, 0, 3, 3, 0]);
        assert_eq!(sandbox.film_count(NOT_BEFORE), 0, "a good answer ends the wait");
        sandbox.watch("").expect(0);
    }
}

#[test]
fn wait_after_a_block_is_the_longer_of_configuration_and_retry_after() {
    for (pause, retry_after, minutes) in [("30m", "60", 30), ("30m", "7200", 120), ("1h", "x", 60)] {
        let mut sandbox = Sandbox::films(2);
        sandbox.home.set("douban.not_before_after_block", pause);
        sandbox.douban.server().add(Rule::on("/subject/", Fault::throttled(retry_after)));
        sandbox.watch("").expect(3);
        let seconds =
            "SELECT CAST(round((julianday(not_before) - julianday('now')) * 1440) AS INTEGER) FROM sync_cursors";
        assert_eq!(sandbox.database().value::<i64>(seconds), minutes, "{pause} {retry_after}");
    }
}

#[test]
fn a_block_that_leaves_nothing_stored_is_a_failure() {
    let sandbox = Sandbox::films(3);
    sandbox.watch("--no-details").expect(0);
    let listed = sandbox.database().count("videos WHERE title IS NOT NULL");
    sandbox.douban.change(set_page(0, Page::Challenge));
    let outcome = sandbox.watch("").expect(7);
    assert!(outcome.stdout.contains("--force"), "{}", outcome.stdout);
    assert_eq!(sandbox.film_count(NOT_BEFORE), 1);
    assert_eq!(sandbox.film_count("videos WHERE title IS NOT NULL"), listed);
}

#[test]
fn a_blocked_list_tries_the_other_one_once_and_no_page() {
    for source in [Source::Throttled, Source::Challenge, Source::RateLimited] {
        let sandbox = Sandbox::films(60);
        sandbox.douban.change(|catalogue| catalogue.explore = source);
        let outcome = sandbox.watch("").expect(3);
        check_counts(&outcome, [50, 50, 0, 0, 0]);
        let paths: Vec<String> = sandbox.douban.server().take_log().into_iter().map(|logged| logged.path).collect();
        assert_eq!(paths, [&format!("{EXPLORE}/movie"), "/j/search_subjects"], "{source:?}");
        assert_eq!(sandbox.film_count(NOT_BEFORE), 1);
    }
}

#[test]
fn both_lists_blocked_store_nothing() {
    let sandbox = Sandbox::films(3);
    sandbox.douban.change(|catalogue| (catalogue.explore, catalogue.search) = (Source::Throttled, Source::Challenge));
    let outcome = sandbox.watch("").expect(7);
    assert!(outcome.stdout.contains("异常请求"), "{}", outcome.stdout);
    assert_eq!((sandbox.film_count("videos"), sandbox.film_count(NOT_BEFORE)), (0, 1));
    assert_eq!(sandbox.douban.server().take_log().len(), 2);
    let skipped = sandbox.run("sync douban").expect(0);
    assert!(skipped.stdout.contains("until") && skipped.stderr.is_empty(), "{skipped:?}");
    assert!(sandbox.douban.server().log().is_empty());
}

#[test]
fn refusal_by_a_fallback_source_ends_the_pass() {
    let sandbox = Sandbox::films(3);
    sandbox.douban.change(set_page(1, Page::Unreadable));
    sandbox.douban.change(|catalogue| catalogue.rexxar = Source::RateLimited);
    sandbox.watch("").expect(3);
    assert_eq!(sandbox.film_count(DETAILED), 1);
    assert_eq!(sandbox.douban.server().log().last().map(|logged| logged.path.contains("rexxar")), Some(true));
    assert_eq!(sandbox.film_count(NOT_BEFORE), 1);
}

#[test]
fn failing_page_is_a_problem_of_its_film_and_many_end_the_pass() {
    let sandbox = Sandbox::films(8);
    sandbox.douban.change(set_page(2, Page::Status(500)));
    let outcome = sandbox.watch("").expect(3);
    check_counts(&outcome, [8, 7, 0, 0, 1]);
    assert_eq!(outcome.json()["problems"][0]["class"], "unavailable");
    assert_eq!(sandbox.film_count("videos WHERE detail_status = 'missing'"), 1);

    let sandbox = Sandbox::films(8);
    sandbox.watch("--no-details").expect(0);
    sandbox.douban.change(|catalogue| catalogue.films.iter_mut().for_each(|film| film.page = Page::Status(500)));
    sandbox.watch("").expect(5);
    let first_tries = 5;
    assert!(sandbox.page_count() <= first_tries * 3, "{}", sandbox.page_count());
    assert_eq!(sandbox.film_count(NOT_BEFORE), 0);
}

#[test]
fn a_longer_wait_than_the_run_has_is_stored_and_honoured() {
    let sandbox = Sandbox::films(2);
    let rule = Fault::StatusWith(503, "retry-after", "3600".to_owned());
    sandbox.douban.server().add(Rule::on("/subject/", rule.clone()));
    check_counts(&sandbox.watch("").expect(3), [2, 1, 0, 0, 1]);
    assert_eq!((sandbox.page_count(), sandbox.film_count(NOT_BEFORE)), (1, 1));
    sandbox.watch("").expect(0);
    sandbox.watch("--force").expect(5);
    assert_eq!(sandbox.page_count(), 2);
}

#[test]
fn three_unreadable_pages_in_a_row_are_a_block() {
    let sandbox = Sandbox::films(6);
    for index in [0, 2, 3, 4] {
        sandbox.douban.change(set_page(index, Page::Unreadable));
    }
    let outcome = sandbox.watch("").expect(3);
    assert!(outcome.stdout.contains("3 unreadable films in a row"), "{}", outcome.stdout);
    assert_eq!((sandbox.page_count(), sandbox.film_count(NOT_BEFORE)), (5, 1));
    assert_eq!(sandbox.film_count("videos WHERE detail_status = 'missing'"), 1);
}
