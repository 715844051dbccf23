//! TMDB: what a pass brings over, what it asks for again, and what an incomplete list does not decide.

use jiff::ToSpan as _;
use serde_json::json;

use crate::sandbox::server::Logged;
use crate::sandbox::tmdb::Film;
use crate::sandbox::{Fault, Rule, Tmdb};
use crate::support::{Outcome, Sandbox, Settings};

const DETAILED: &str = "videos WHERE source = 'tmdb' AND detail_status = 'ok'";

impl Sandbox {
    /// This many films on TMDB, one a day up to today.
    fn tmdb_films(films: u64) -> Self {
        Self::start(Settings { films, ..Settings::default() })
    }

    fn tmdb(&self, flags: &str) -> Outcome {
        self.run(&format!("sync tmdb --json {flags}"))
    }

    /// How many requests came for this path, below the base URL.
    fn tmdb_count(&self, path: &str) -> usize {
        self.tmdb.server().count(&format!("/3/{path}"))
    }

    /// A film's details were requested so often.
    fn detail_count(&self) -> usize {
        self.tmdb_count("movie/8")
    }

    fn stored(&self, of: &str) -> u64 {
        self.database().count(of)
    }
}

/// New, updated, unchanged, failed.
#[track_caller]
fn check_counts(outcome: &Outcome, expected: [u64; 4]) {
    let counts = ["new", "updated", "unchanged", "failed"].map(|name| outcome.count(name));
    assert_eq!(counts, expected, "{}", outcome.stdout);
    assert_eq!(outcome.count("total"), counts.iter().sum::<u64>(), "{}", outcome.stdout);
}

#[test]
fn three_pages_and_a_short_last_one_are_stored_with_details_and_the_second_pass_writes_nothing() {
    let sandbox = Sandbox::tmdb_films(0);
    sandbox.tmdb.change(|catalogue| {
        catalogue.films = (0..47).map(|index| Film::new(800_000 + index, Tmdb::today())).collect();
    });
    check_counts(&sandbox.tmdb("").expect(0), [47, 0, 0, 0]);
    let complete = format!(
        "{DETAILED} AND imdb_id = 'tt00' || source_id AND runtime_minutes = 118 AND rating = 7.5 AND votes > 0
         AND directors = '林一' AND countries = '[\"CN\"]' AND release_dates LIKE '%(中国大陆)%' AND list_rank IS NULL
         AND cover_url LIKE 'https://image.tmdb.org/t/p/w500/p%' AND json_valid(raw) AND type = 'movie'"
    );
    assert_eq!(sandbox.stored(&complete), 47);
    assert_eq!((sandbox.tmdb_count("discover/movie"), sandbox.detail_count()), (3, 47));
    let log = sandbox.tmdb.server().take_log();
    assert!(log.iter().all(|logged| logged.header("authorization") == format!("Bearer {}", Tmdb::TOKEN)));
    assert_eq!(log[0].parameter("language").as_deref(), Some("zh-CN"));
    assert_eq!(log[0].parameter("sort_by").as_deref(), Some("primary_release_date.asc"));
    let from = (Tmdb::today() - 30.days()).to_string();
    assert_eq!(log[0].parameter("primary_release_date.gte"), Some(from));

    let content = sandbox.database().content("videos");
    check_counts(&sandbox.tmdb("").expect(0), [0, 0, 47, 0]);
    assert_eq!(sandbox.detail_count(), 0);
    assert_eq!(sandbox.database().content("videos"), content);
}

#[test]
fn an_empty_list_is_one_and_a_bare_row_is_a_film() {
    let sandbox = Sandbox::tmdb_films(0);
    check_counts(&sandbox.tmdb("").expect(0), [0, 0, 0, 0]);
    let nothing = ["title", "original_title", "overview", "poster_path", "vote_average", "vote_count", "genre_ids"];
    let bare = serde_json::Value::from_iter(nothing.map(|name| (name.to_owned(), json!(null))));
    let parts = ["imdb_id", "runtime", "genres", "credits", "external_ids", "release_dates", "translations"];
    let parts = serde_json::Value::from_iter(parts.map(|name| (name.to_owned(), json!(null))));
    sandbox.tmdb.change(|catalogue| {
        catalogue.films = vec![Film { item: bare, detail: parts, ..Film::new(800_001, Tmdb::today()) }];
    });
    check_counts(&sandbox.tmdb("").expect(0), [1, 0, 0, 0]);
    assert_eq!(sandbox.stored(&format!("{DETAILED} AND title IS NULL AND rating IS NULL AND imdb_id IS NULL")), 1);
    check_counts(&sandbox.tmdb("").expect(0), [0, 0, 1, 0]);
}

fn page(logged: &Logged) -> Option<u32> {
    logged.parameter("page")?.parse().ok()
}

#[test]
fn a_list_beyond_500_pages_is_split_by_days_and_no_film_is_lost() {
    let sandbox = Sandbox::tmdb_films(0);
    sandbox.tmdb.change(|catalogue| {
        let day = |index: u64| Tmdb::today() - i64::try_from(index % 31).expect("a few").days();
        catalogue.films = (0..510).map(|index| Film::new(800_000 + index, day(index))).collect();
        catalogue.page_size = 1;
    });
    check_counts(&sandbox.tmdb("--no-details").expect(0), [510, 0, 0, 0]);
    assert_eq!(sandbox.stored("videos"), 510);
    let pages: Vec<u32> = sandbox.tmdb.server().take_log().iter().filter_map(page).collect();
    assert!(pages.iter().all(|page| *page <= 500) && (511..520).contains(&pages.len()), "{}", pages.len());

    // A day cannot be split: nothing is missing where not all was shown.
    sandbox.tmdb.change(|catalogue| {
        catalogue.films.iter_mut().for_each(|film| film.released = Tmdb::today());
    });
    let outcome = sandbox.tmdb("--no-details").expect(3);
    assert!(outcome.stdout.contains("a day has more than 500 pages"), "{}", outcome.stdout);
    assert_eq!(sandbox.stored("videos WHERE detail_status = 'gone'"), 0);
}

#[test]
fn a_total_that_the_pages_do_not_come_to_makes_no_film_missing() {
    let sandbox = Sandbox::tmdb_films(5);
    sandbox.tmdb("").expect(0);
    sandbox.tmdb.server().take_log();
    sandbox.tmdb.change(|catalogue| {
        catalogue.films.pop();
        catalogue.excess = 1;
    });
    let outcome = sandbox.tmdb("").expect(3);
    assert!(outcome.stdout.contains("is not proved, so no film counts as missing"), "{}", outcome.stdout);
    assert_eq!(sandbox.tmdb_count("discover/movie"), 2, "the list is read once more");
    assert_eq!((sandbox.detail_count(), sandbox.stored(DETAILED)), (0, 5));
}

#[test]
fn a_film_that_a_complete_list_misses_is_gone_only_where_its_own_answer_says_so() {
    let sandbox = Sandbox::tmdb_films(4);
    sandbox.tmdb("").expect(0);
    sandbox.tmdb.server().take_log();
    // One is deleted, one moves to another year.
    sandbox.tmdb.change(|catalogue| {
        catalogue.films.pop();
        catalogue.films[0].released = Tmdb::today() - 300.days();
    });
    check_counts(&sandbox.tmdb("").expect(0), [0, 1, 3, 0]);
    assert_eq!(sandbox.detail_count(), 2);
    assert_eq!(sandbox.stored("videos WHERE detail_status = 'gone' AND title IS NOT NULL"), 1);
    let moved = Tmdb::today() - 300.days();
    assert_eq!(sandbox.stored(&format!("{DETAILED} AND release_date = '{moved}'")), 1);
    sandbox.tmdb.server().take_log();
    check_counts(&sandbox.tmdb("").expect(0), [0, 0, 2, 0]);
    assert_eq!(sandbox.detail_count(), 0, "what is not in the list any more is not looked at again");
}

#[test]
fn a_small_move_of_rating_or_votes_is_no_change() {
    let sandbox = Sandbox::tmdb_films(2);
    sandbox.tmdb("").expect(0);
    let content = sandbox.database().content("videos");
    let votes = |votes| move |catalogue: &mut crate::sandbox::tmdb::Catalogue| catalogue.films[0].votes = votes;
    sandbox.tmdb.change(votes(1040));
    check_counts(&sandbox.tmdb("").expect(0), [0, 0, 2, 0]);
    assert_eq!(sandbox.database().content("videos"), content);
    sandbox.tmdb.change(votes(1050));
    check_counts(&sandbox.tmdb("").expect(0), [0, 1, 1, 0]);
    assert_eq!(sandbox.stored("videos WHERE votes = 1050"), 1);
}

#[test]
fn an_incremental_pass_fetches_what_the_feed_names_of_the_known_films() {
    let sandbox = Sandbox::tmdb_films(30);
    sandbox.tmdb("").expect(0);
    let full = sandbox.tmdb.server().take_log().len();
    sandbox.tmdb.change(|catalogue| {
        catalogue.films[3].director = "另一位".to_owned();
        catalogue.changes = vec![(Tmdb::today(), 800_003), (Tmdb::today(), 7)];
    });
    check_counts(&sandbox.tmdb("--incremental").expect(0), [0, 1, 0, 0]);
    assert_eq!((sandbox.tmdb_count("discover/movie"), sandbox.detail_count()), (0, 1));
    assert!(sandbox.tmdb.server().take_log().len() < full);
    assert_eq!(sandbox.stored("videos WHERE directors = '另一位'"), 1);

    // What could not be fetched is due in the next pass, whatever the feed says by then.
    sandbox.tmdb.change(|catalogue| catalogue.films[3].director = "第三位".to_owned());
    sandbox.tmdb.server().add(Rule::on("/3/movie/800003", Fault::Status(500)));
    sandbox.tmdb("--incremental").expect(3);
    sandbox.tmdb.server().clear_faults();
    sandbox.tmdb.change(|catalogue| catalogue.changes.clear());
    check_counts(&sandbox.tmdb("--incremental").expect(0), [0, 1, 0, 0]);

    // A feed that is not complete is read again.
    sandbox.tmdb.change(|catalogue| {
        catalogue.films[3].director = "第四位".to_owned();
        catalogue.changes = vec![(Tmdb::today(), 800_003)];
    });
    let cut = Fault::Instead("application/json", r#"{"results":[],"total_pages":1,"total_results":3}"#);
    sandbox.tmdb.server().add(Rule::on("/3/movie/changes", cut));
    let outcome = sandbox.tmdb("--incremental").expect(3);
    assert!(outcome.stdout.contains("the end of the changes from"), "{}", outcome.stdout);
    sandbox.tmdb.server().clear_faults();
    check_counts(&sandbox.tmdb("--incremental").expect(0), [0, 1, 0, 0]);
}

#[test]
fn a_gap_beyond_the_feed_refreshes_what_is_older() {
    let sandbox = Sandbox::tmdb_films(3);
    sandbox.run_at("-20d", "sync tmdb --from 2000-01-01 --to 2100-01-01").expect(0);
    sandbox.tmdb.change(|catalogue| catalogue.films[1].director = "另一位".to_owned());
    sandbox.tmdb.server().take_log();
    check_counts(&sandbox.tmdb("--incremental").expect(0), [0, 1, 2, 0]);
    let log = sandbox.tmdb.server().take_log();
    let feed = log.iter().find(|logged| logged.path == "/3/movie/changes").expect("the feed is read");
    assert_eq!(feed.parameter("start_date"), Some((Tmdb::today() - 13.days()).to_string()));
}

#[test]
fn codes_decide_how_a_refusal_ends_the_pass() {
    let refused = |status, body: &str| Fault::Answer(status, "x-a", "b", body.as_bytes().to_vec());
    for (fault, code, class) in [
        (refused(401, r#"{"success":false,"status_code":7,"status_message":"Invalid API key"}"#), 6, "auth"),
        (refused(200, r#"{"success":false,"status_code":10,"status_message":"Suspended API key"}"#), 6, "auth"),
        (refused(429, r#"{"success":false,"status_code":25,"status_message":"over the limit"}"#), 5, "unavailable"),
        (refused(503, r#"{"success":false,"status_code":9,"status_message":"offline"}"#), 5, "unavailable"),
        (refused(400, r#"{"success":false,"status_code":22,"status_message":"Invalid page"}"#), 7, "contract"),
        (refused(404, r#"{"success":false,"status_code":34,"status_message":"not found"}"#), 7, "contract"),
        (refused(200, r#"{"results":[]}"#), 7, "contract"),
        (refused(200, r#"{"results":[],"total_results":0,"total_pages":1,"errors":["busy"]}"#), 7, "contract"),
        (refused(200, r#"{"success":false,"results":[],"total_results":0,"total_pages":1}"#), 7, "contract"),
    ] {
        let sandbox = Sandbox::tmdb_films(2);
        sandbox.tmdb.server().always(fault.clone());
        let outcome = sandbox.tmdb("").expect(code);
        assert_eq!(outcome.json()["problems"][0]["class"], class, "{fault:?}");
        assert!(!outcome.said().contains(Tmdb::TOKEN));
    }
    // A clock that is far off is named, and not the token.
    let sandbox = Sandbox::tmdb_films(2);
    let body = br#"{"success":false,"status_code":7,"status_message":"Invalid API key"}"#;
    sandbox.tmdb.server().always(Fault::Answer(401, "date", "Fri, 02 Jan 2026 03:04:05 GMT", body.to_vec()));
    let error = sandbox.tmdb("").expect(6).json()["error"].to_string();
    assert!(error.contains("this machine's clock is") && !error.contains("credential"), "{error}");

    let sandbox = Sandbox::tmdb_films(2);
    sandbox.tmdb.server().always(Fault::throttled("3600"));
    sandbox.tmdb("").expect(5);
    sandbox.tmdb.server().clear_faults();
    assert_eq!(sandbox.tmdb("").expect(0).json()["status"], "skipped", "it is left alone for an hour");
}

#[test]
fn films_of_another_source_are_found_by_their_imdb_ids_and_seen_side_by_side() {
    let sandbox = Sandbox::tmdb_films(1);
    sandbox.run("sync douban").expect(0);
    let imdb_id = sandbox.database().value::<String>("SELECT imdb_id FROM videos WHERE source = 'douban'");
    sandbox.tmdb.change(|catalogue| {
        let old = Tmdb::today() - 3000.days();
        catalogue.films = vec![Film { imdb_id: Some(imdb_id.clone()), ..Film::new(800_777, old) }];
    });
    check_counts(&sandbox.tmdb("").expect(0), [1, 0, 0, 0]);
    let side_by_side = format!(
        "v_film_sources WHERE imdb_id = '{imdb_id}' AND tmdb_id = '800777' AND douban_id IS NOT NULL
         AND tmdb_rating = 7.5 AND douban_rating IS NOT NULL AND douban_title IS NOT NULL AND tmdb_title = '第777号放映厅'"
    );
    assert_eq!(sandbox.stored(&side_by_side), 1);
    assert_eq!((sandbox.stored("v_film_sources"), sandbox.stored("videos")), (1, 2));

    // Another one is nowhere: it is looked for once a week.
    sandbox.tmdb.change(|catalogue| catalogue.films[0].imdb_id = None);
    let other = Sandbox::tmdb_films(1);
    other.run("sync douban").expect(0);
    other.tmdb.change(|catalogue| catalogue.films.clear());
    for expected in [1, 1] {
        check_counts(&other.tmdb("").expect(0), [0, 0, 0, 0]);
        assert_eq!(other.tmdb_count("find/"), expected);
    }
}

#[test]
fn pairs_without_an_imdb_id_are_proposed_and_never_merged() {
    let sandbox = Sandbox::tmdb_films(1);
    sandbox.run("sync douban").expect(0);
    let database = sandbox.database();
    let title: String = database.value("SELECT title FROM videos");
    let year: i64 = database.value("SELECT year FROM videos");
    sandbox.tmdb.change(|catalogue| {
        let day = |year| format!("{year}-06-01").parse().expect("a day");
        let film = |id, year| Film {
            title: format!(" {title}！"),
            imdb_id: None,
            director: "林一".to_owned(),
            ..Film::new(id, day(year))
        };
        catalogue.films = vec![
            film(800_001, year + 1),
            film(800_002, year + 2),
            Film { director: "另一位".to_owned(), ..film(800_003, year) },
            Film { title: "别的".to_owned(), ..film(800_004, year) },
        ];
    });
    sandbox.tmdb("--from 1900-01-01 --to 2100-01-01").expect(0);
    let content = sandbox.database().content("videos");
    let document = sandbox.run("films suggestions --json").expect(0).json();
    let pairs = document["suggestions"].as_array().expect("a list");
    assert_eq!(pairs.len(), 1, "{document:#}");
    assert_eq!((&pairs[0]["source"], &pairs[0]["other_source"]), (&json!("douban"), &json!("tmdb")));
    assert_eq!((&pairs[0]["other_id"], &pairs[0]["directors"]), (&json!("800001"), &json!(["林一"])));
    assert_eq!(sandbox.database().content("videos"), content);
    sandbox.run("films suggestions").expect(0);
    assert_eq!(sandbox.run("films list --source tmdb --json").expect(0).json()["total"], 4);
    assert_eq!(sandbox.run("films list --json").expect(0).json()["total"], 5);
}

#[test]
fn a_region_restricts_the_list_to_its_cinemas() {
    let mut sandbox = Sandbox::tmdb_films(2);
    sandbox.home.set("tmdb.region", "CN");
    sandbox.tmdb("").expect(0);
    let log = sandbox.tmdb.server().take_log();
    let parameter = |name: &str| log[0].parameter(name);
    assert_eq!(parameter("region").as_deref(), Some("CN"));
    assert_eq!(parameter("with_release_type").as_deref(), Some("2|3"));
    assert!(parameter("release_date.gte").is_some() && parameter("primary_release_date.gte").is_none());
}

#[test]
fn a_token_that_is_missing_or_refused_is_named() {
    let mut sandbox = Sandbox::tmdb_films(1);
    assert!(sandbox.run("doctor").stdout.contains("tmdb"));
    sandbox.tmdb.server().always(Fault::Status(401));
    let outcome = sandbox.run("sync tmdb").expect(6);
    assert!(outcome.stderr.contains("credential: file"), "{}", outcome.stderr);
    sandbox.home.configure("tmdb", toml::Table::new());
    let outcome = sandbox.run("sync tmdb").expect(4);
    assert!(outcome.stderr.contains("tmdb.token"), "{}", outcome.stderr);
}
