//! Douban: what a pass brings over, and what it leaves alone.

mod proofs;
mod refused;
mod sources;

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::sandbox::douban::{Catalogue, Film, Page};
use crate::sandbox::{Fault, Home, Rule};
use crate::support::{Outcome, Running, Sandbox, Settings};

const DETAILED: &str = "videos WHERE detail_status = 'ok'";
const NOT_BEFORE: &str = "sync_cursors WHERE scope = 'douban/movies' AND not_before IS NOT NULL";

impl Sandbox {
    /// Films of which every page is good.
    fn films(films: u64) -> Self {
        let sandbox = Self::start(Settings { films, ..Settings::default() });
        sandbox.douban.change(|catalogue| catalogue.films.iter_mut().for_each(|film| film.page = Page::Good));
        sandbox
    }

    /// A pass with these flags, told as JSON.
    fn watch(&self, flags: &str) -> Outcome {
        self.run(&format!("sync douban --json {flags}"))
    }

    fn page_count(&self) -> usize {
        self.douban.server().count("/subject/")
    }

    fn film_count(&self, of: &str) -> u64 {
        self.database().count(of)
    }
}

/// Total, new, updated, unchanged, failed.
#[track_caller]
fn check_counts(outcome: &Outcome, expected: [u64; 5]) {
    let counts = ["total", "new", "updated", "unchanged", "failed"].map(|name| outcome.count(name));
    assert_eq!(counts, expected, "{}", outcome.stdout);
    assert_eq!(counts[0], counts[1..].iter().sum::<u64>(), "{}", outcome.stdout);
}

fn set_page(index: usize, page: Page) -> impl FnOnce(&mut Catalogue) {
    move |catalogue| catalogue.films[index].page = page
}

#[test]
fn every_film_is_stored_with_its_details_and_the_second_pass_asks_for_none() {
    let sandbox = Sandbox::films(80);
    let first = sandbox.watch("").expect(0);
    check_counts(&first, [80, 80, 0, 0, 0]);
    assert!(first.peak_bytes < 48 << 20, "{} MiB", first.peak_bytes >> 20);
    let database = sandbox.database();
    let complete = "videos WHERE source = 'douban' AND detail_status = 'ok' AND detail_source IN ('page', 'page+ld')
        AND imdb_id = 'tt' || source_id AND release_date = '2025-11-07' AND runtime_minutes = 118 AND rating > 0
        AND directors = '林一' AND json_array_length(actors_json) = 2 AND list_rank IS NOT NULL AND raw IS NOT NULL";
    assert_eq!(database.count(complete), 80);
    assert_eq!(sandbox.page_count(), 80);
    let content = database.content("videos");

    sandbox.douban.server().take_log();
    check_counts(&sandbox.watch("").expect(0), [80, 0, 0, 80, 0]);
    assert_eq!(sandbox.page_count(), 0);
    assert_eq!(sandbox.database().content("videos"), content);
}

#[test]
fn pages_are_asked_for_newest_first_as_a_browser_does() {
    let sandbox = Sandbox::films(4);
    let cookie = sandbox.home.secret("douban-cookie", "bid=canary; dbcl2=canary");
    let mut sandbox = sandbox;
    sandbox.home.set("douban.cookie", cookie);
    let outcome = sandbox.watch("-vv").expect(0);
    assert!(!outcome.said().contains("canary"), "the cookie is shown");
    let log = sandbox.douban.server().take_log();
    let pages: Vec<&str> =
        log.iter().map(|logged| logged.path.as_str()).filter(|path| path.starts_with("/subject")).collect();
    assert_eq!(pages, [0, 1, 2, 3].map(|index| sandbox.douban.path(index)));
    for logged in &log {
        assert!(logged.header("user-agent").starts_with("Mozilla/5.0 "), "{logged:?}");
        assert!(logged.header("referer").starts_with("https://movie.douban.com/"), "{logged:?}");
        assert_eq!(logged.header("cookie"), "bid=canary; dbcl2=canary");
        let base =
            if logged.path.starts_with("/rexxar") { sandbox.douban.list_url() } else { sandbox.douban.page_url() };
        assert!(base.ends_with(logged.header("host")), "{logged:?}");
    }
    assert_eq!(log[0].parameter("category").as_deref(), Some("最新"));
    assert_eq!(log[0].parameter("limit").as_deref(), Some("80"));
}

#[test]
fn a_change_in_the_list_is_an_update_and_details_stay() {
    let sandbox = Sandbox::films(6);
    sandbox.watch("").expect(0);
    sandbox.douban.change(|catalogue| {
        catalogue.films[0].rating = 9.9;
        catalogue.films.pop();
        catalogue.films.insert(0, Film::new(91_000_001, 1));
    });
    check_counts(&sandbox.watch("").expect(0), [6, 1, 1, 4, 0]);
    assert_eq!(sandbox.film_count(DETAILED), 7);
    assert_eq!(sandbox.film_count("videos WHERE rating = 9.9 AND imdb_id IS NOT NULL AND list_rank = 1"), 1);
    assert_eq!(sandbox.film_count("videos WHERE list_rank IS NULL AND detail_status = 'ok'"), 1);
}

#[test]
fn empty_value_replaces_no_stored_one() {
    let sandbox = Sandbox::films(3);
    sandbox.watch("").expect(0);
    let values = "SELECT source_id, title, imdb_id, rating, votes, cover_url, summary, directors, detail_status FROM videos ORDER BY 1";
    let before = sandbox.database().rows(values);
    for (page, code) in [(Page::Unreadable, 7), (Page::Cut, 7), (Page::Blocked, 7), (Page::Status(500), 3)] {
        sandbox.douban.change(|catalogue| catalogue.films.iter_mut().for_each(|film| film.page = page));
        sandbox.watch("--force --refresh-older-than 0s").expect(code);
        assert_eq!(sandbox.database().rows(values), before, "{page:?}");
    }
    sandbox.douban.change(|catalogue| catalogue.films.iter_mut().for_each(|film| film.page = Page::Gone));
    sandbox.watch("--force --refresh-older-than 0s").expect(0);
    assert_eq!(sandbox.film_count("videos WHERE detail_status = 'gone' AND imdb_id IS NOT NULL AND summary <> ''"), 3);
}

#[test]
fn a_film_that_is_gone_is_no_failure_and_is_not_asked_for_again() {
    let sandbox = Sandbox::films(2);
    sandbox.douban.change(|catalogue| catalogue.films.iter_mut().for_each(|film| film.page = Page::Gone));
    check_counts(&sandbox.watch("").expect(0), [2, 2, 0, 0, 0]);
    assert_eq!(sandbox.film_count("videos WHERE detail_status = 'gone' AND title IS NOT NULL"), 2);
    sandbox.watch("--refresh-older-than 0s").expect(0);
    assert_eq!(sandbox.page_count(), 2);
}

#[test]
fn merged_film_stores_its_new_id() {
    let sandbox = Sandbox::films(2);
    sandbox.douban.change(set_page(0, Page::MovedTo(77)));
    sandbox.watch("").expect(0);
    assert_eq!(sandbox.film_count("videos WHERE merged_into = '77' AND detail_status = 'ok'"), 1);
    assert_eq!(sandbox.page_count(), 3);
}

#[test]
fn redirect_loop_is_a_problem_of_its_film() {
    let sandbox = Sandbox::films(2);
    sandbox.douban.change(set_page(0, Page::Circle));
    let outcome = sandbox.watch("").expect(3);
    check_counts(&outcome, [2, 1, 0, 0, 1]);
    assert!(outcome.stdout.contains("more than 3 redirects"), "{}", outcome.stdout);
    assert_eq!(sandbox.page_count(), 5);
}

#[test]
fn flags_restrict_the_pass() {
    let sandbox = Sandbox::films(6);
    check_counts(&sandbox.watch("--limit 2 --no-details").expect(0), [2, 2, 0, 0, 0]);
    assert_eq!(sandbox.page_count(), 0);
    check_counts(&sandbox.watch("--limit 3").expect(0), [3, 1, 2, 0, 0]);
    assert_eq!(sandbox.page_count(), 3);
    check_counts(&sandbox.watch("--limit 3 --refresh-older-than 1h").expect(0), [3, 0, 0, 3, 0]);
    assert_eq!(sandbox.page_count(), 3);
    check_counts(&sandbox.watch("--limit 3 --refresh-older-than 0s").expect(0), [3, 0, 0, 3, 0]);
    assert_eq!(sandbox.page_count(), 6);
    sandbox.run("sync douban --limit 0").expect(2);
    sandbox.run("sync douban --no-details --refresh-older-than 1d").expect(2);
}

#[test]
fn every_request_but_the_first_waits_for_the_interval() {
    let sandbox = Sandbox::films(3);
    sandbox.douban.change(set_page(0, Page::Status(503)));
    sandbox.watch("--interval 100ms").expect(3);
    let log = sandbox.douban.server().take_log();
    assert_eq!(log.len(), 7, "two of the list, three tries of the first page, two pages");
    for pair in log.windows(2) {
        let pause = pair[1].at - pair[0].at;
        assert!(pause >= Duration::from_millis(100), "{pause:?} before {}", pair[1].path);
    }
}

#[test]
fn a_signal_in_the_pause_ends_the_pass_at_once_and_the_next_resumes() {
    let sandbox = Sandbox::films(4);
    let mut running = sandbox.spawn("sync douban --interval 1m --limit 4");
    running.await_requests(sandbox.douban.server(), 1);
    let took = end_in_pause(&sandbox, running);
    // On an idle machine it is a few milliseconds; the pause would last a minute.
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(sandbox.film_count("videos"), 4, "the list was stored before the pause");

    sandbox.douban.server().add(Rule::on(&sandbox.douban.path(2), Fault::Hold));
    let mut running = sandbox.spawn("sync douban --limit 4");
    running.await_requests(sandbox.douban.server(), 5);
    running.signal(Signal::TERM);
    running.wait().expect(143);
    sandbox.douban.server().clear_faults();
    assert_eq!(sandbox.film_count(DETAILED), 2);
    sandbox.douban.server().take_log();
    check_counts(&sandbox.watch("--limit 4").expect(0), [4, 0, 2, 2, 0]);
    assert_eq!(sandbox.page_count(), 2);
    sandbox.database().assert_consistent();
}

/// Waits for the list to be stored, then ends the pass; answers how long that took.
fn end_in_pause(sandbox: &Sandbox, running: Running) -> Duration {
    crate::support::poll("the list", || sandbox.home.database().exists() && sandbox.film_count("videos") > 0);
    let begun = Instant::now();
    running.signal(Signal::TERM);
    running.wait().expect(143);
    begun.elapsed()
}

#[test]
fn films_are_listed_all_or_those_without_details() {
    let sandbox = Sandbox::films(4);
    sandbox.run("douban list").expect(0);
    sandbox.douban.change(set_page(1, Page::Gone));
    sandbox.douban.change(set_page(2, Page::Challenge));
    sandbox.watch("").expect(3);
    let all = sandbox.run("douban list --json").expect(0).json();
    let ids = |document: &serde_json::Value| -> Vec<String> {
        let films = document["films"].as_array().cloned().unwrap_or_default();
        films.iter().filter_map(|film| film["id"].as_str().map(ToOwned::to_owned)).collect()
    };
    assert_eq!(ids(&all), ["91000000", "90999999", "90999998", "90999997"]);
    assert_eq!((&all["total"], &all["missing_count"]), (&4.into(), &3.into()));
    let shared = sandbox.run("films list --source douban --json").expect(0).json();
    assert_eq!(shared, all);
    assert_eq!(shared["films"][0]["source"], "douban");
    assert_eq!(sandbox.run("films list --json").expect(0).json(), all);
    sandbox.run("films list --source other").expect(2);
    let missing = sandbox.run("douban list --missing-details --json").expect(0).json();
    assert_eq!(ids(&missing), ["90999999", "90999998", "90999997"]);
    let shown = sandbox.run("douban list --missing-details").expect(0).stdout;
    for word in ["第998号放映厅", "gone", "blocked", "missing", "3 films"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
}

#[test]
fn a_dry_run_asks_for_the_list_and_writes_nothing() {
    let sandbox = Sandbox::films(4);
    check_counts(&sandbox.watch("--dry-run").expect(0), [4, 4, 0, 0, 0]);
    assert!(!sandbox.home.database().exists());
    assert_eq!(sandbox.page_count(), 0, "what is not stored has no details to ask for");
}

#[test]
fn douban_needs_no_configuration() {
    let sandbox = Sandbox::films(1);
    let mut bare = Home::new();
    bare.set("douban.limit", 0);
    let mut command = bare.command(std::path::Path::new(env!("CARGO_BIN_EXE_tongbu")));
    command.args(["sync", "douban"]);
    let refused = Running::start(command).wait().expect(4);
    assert!(refused.stderr.contains("douban.limit"), "{}", refused.stderr);

    let mut command = sandbox.command();
    command.env_remove("TONGBU_CONFIG").args(["sync", "douban", "--limit", "1", "--db", "here.db"]);
    command.env("TONGBU_DOUBAN__LIST_URL", sandbox.douban.list_url());
    command.env("TONGBU_DOUBAN__PAGE_URL", sandbox.douban.page_url());
    let outcome = Running::start(command).wait().expect(0);
    assert!(outcome.stderr.is_empty(), "{}", outcome.stderr);
}
