//! The table in a database: keyed by source, and the one that databases in use have.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::{COMPONENT, load_candidates, load_film, load_films, load_ranked, save_film, save_unranked};
use crate::clock::Clock;
use crate::store::{
    Acquisition, Component, Error, Lease, LeaseRequest, Migration, Mode, Reader, Store, StoreOptions, Writer,
};
use crate::upstreams::films::film::{Detail, DetailStatus, Film, FilmId, Kind};
use crate::upstreams::films::tally::Outcome;
use crate::upstreams::mirror::WriteMeta;
use crate::upstreams::row_changes;

fn open(path: &Path, components: Vec<Component>) -> Store {
    let options = StoreOptions { clock: Clock::system(), mode: Mode::ReadWrite, components };
    Store::open(path, options).unwrap()
}

struct Fixture {
    _folder: tempfile::TempDir,
    store: Store,
    lease: Lease,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("tongbu.db"), vec![COMPONENT, row_changes::COMPONENT]);
        let request = LeaseRequest {
            name: "films",
            ttl: Duration::from_secs(60),
            trace_id: "trace",
            record: None,
            has_own_rows: false,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let Acquisition::Held(lease) = runtime.block_on(store.acquire(request)).unwrap() else { panic!("not free") };
        Self { _folder: folder, store, lease }
    }

    fn write<T: Send + 'static>(&self, f: impl FnOnce(&Writer<'_>) -> Result<T, Error> + Send + 'static) -> T {
        self.store.write_blocking(&self.lease, f).unwrap()
    }

    fn read<T>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T, Error>) -> T {
        self.store.read(f).unwrap()
    }

    fn save(&self, film: &Film, outcome: Outcome, day: i64) {
        let film = film.clone();
        let meta = WriteMeta { record: Some(day), at: format!("2026-01-0{day}T00:00:00.000Z") };
        self.write(move |w| save_film(w, &film, outcome, &meta));
    }
}

fn id(text: &str) -> FilmId {
    FilmId::parse(text).unwrap()
}

/// A film with every field filled.
fn film(source: &str, number: &str) -> Film {
    let list = |name: &str| vec![format!("{name}, Jr."), format!("\"{name}\"")];
    let detail = Detail {
        title: Some("片".to_owned()),
        original_title: Some("Film".to_owned()),
        kind: Some(Kind::Tv),
        year: Some(2025),
        release_date: Some(jiff::civil::date(2025, 11, 7)),
        release_dates: list("dates"),
        runtime_minutes: Some(90),
        imdb_id: Some("tt1234567".to_owned()),
        rating: Some(8.1),
        votes: Some(7),
        directors: list("director"),
        writers: list("writer"),
        actors: list("actor"),
        genres: list("genre"),
        countries: list("country"),
        languages: list("language"),
        aka: list("aka"),
        summary: Some("一\n二".to_owned()),
        cover_url: Some("https://img.example/1.jpg".to_owned()),
        episodes: Some(12),
    };
    Film {
        source: source.to_owned(),
        id: id(number),
        detail,
        subtitle: Some("subtitle".to_owned()),
        list_rank: Some(3),
        detail_status: DetailStatus::Ok,
        detail_source: Some("page".to_owned()),
        detail_at: Some("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap()),
        detail_error: Some("none".to_owned()),
        merged_into: Some(id("99")),
        raw: Some("{}".to_owned()),
    }
}

#[test]
fn a_saved_film_is_loaded_as_it_was_and_belongs_to_its_source() {
    let fixture = Fixture::new();
    let (one, other) = (film("one", "1"), Film::new("other", id("1")));
    fixture.save(&one, Outcome::New, 1);
    fixture.save(&other, Outcome::New, 1);
    assert_eq!(fixture.read(|r| load_film(r, "one", &one.id)), Some(one.clone()));
    assert_eq!(fixture.read(|r| load_film(r, "other", &one.id)), Some(other.clone()));
    assert_eq!(fixture.read(|r| load_film(r, "third", &one.id)), None);
    assert_eq!(fixture.read(|r| load_films(r, Some("other"))), std::slice::from_ref(&other));
    assert_eq!(fixture.read(|r| load_films(r, None)), [one.clone(), other]);
    assert_eq!(fixture.read(|r| load_candidates(r, "one")).len(), 1);
    assert_eq!(fixture.read(|r| load_ranked(r, "one")), [id("1")]);
    assert!(fixture.read(|r| load_ranked(r, "other")).is_empty());

    fixture.write(|w| save_unranked(w, "other", &id("1")));
    assert_eq!(fixture.read(|r| load_ranked(r, "one")), [id("1")]);
    fixture.write(|w| save_unranked(w, "one", &id("1")));
    assert!(fixture.read(|r| load_ranked(r, "one")).is_empty());

    let names = fixture
        .read(|r| r.first("SELECT directors FROM videos WHERE source = 'one'", &[], |row| Ok(row.text(0)?.to_owned())));
    assert_eq!(names.as_deref(), Some("director, Jr.,\"director\""));
}

#[test]
fn only_changed_content_moves_the_time_of_the_last_change() {
    let fixture = Fixture::new();
    let times = || {
        fixture.read(|r| {
            r.first("SELECT first_seen_at, last_changed_at, last_seen_record FROM videos", &[], |row| {
                Ok((row.text(0)?[9..10].to_owned(), row.text(1)?[9..10].to_owned(), row.int(2)?))
            })
        })
    };
    let film = film("one", "1");
    fixture.save(&film, Outcome::New, 1);
    fixture.save(&Film { list_rank: None, ..film.clone() }, Outcome::Unchanged, 2);
    assert_eq!(times(), Some(("1".to_owned(), "1".to_owned(), 2)));
    fixture.save(&Film { subtitle: None, ..film }, Outcome::Updated, 3);
    assert_eq!(times(), Some(("1".to_owned(), "3".to_owned(), 3)));
}

/// Every table and index, but for their order.
fn schema(store: &Store) -> Vec<String> {
    store
        .read(|r| {
            let sql = "SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY 1";
            r.rows(sql, &[], |row| Ok(row.text(0)?.to_owned()))
        })
        .unwrap()
}

#[test]
fn a_database_whose_films_belonged_to_one_upstream_becomes_the_same_as_a_new_one() {
    const RECORDED: (&str, &str, &str) = ("douban", "0001_create", "041bdd20c14a9595f65e8fe59813f463");
    let folder = tempfile::tempdir().unwrap();
    let [used, new] = ["used.db", "new.db"].map(|name| folder.path().join(name));
    let old = Component {
        name: RECORDED.0,
        migrations: &[Migration { name: RECORDED.1, sql: include_str!("migrations/0001_create.sql") }],
    };
    let recorded = |store: &Store| {
        let sql = "SELECT component, name, checksum FROM schema_migrations WHERE component = 'douban'";
        let text = |row: &crate::store::Row<'_>| {
            Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.text(2)?.to_owned()))
        };
        store.read(|r| r.rows(sql, &[], text)).unwrap()
    };
    let store = open(&used, vec![old]);
    // What the releases before wrote.
    let (component, name, checksum) = RECORDED;
    assert_eq!(recorded(&store), [(component.to_owned(), name.to_owned(), checksum.to_owned())]);
    drop(store);

    let opened = open(&used, crate::upstreams::components());
    let fresh = open(&new, crate::upstreams::components());
    assert_eq!(schema(&opened), schema(&fresh));
    assert_eq!(recorded(&opened), recorded(&fresh));
}
