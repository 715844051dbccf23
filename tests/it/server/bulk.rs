//! Many rows in few requests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tongbu::clock::Clock;
use tongbu::store::{
    Acquisition, Address, Component, Error, Lease, LeaseRequest, Location, Migration, Mode, Reader, Store,
    StoreOptions, Value,
};
use tongbu::upstreams::mirror::{
    Changed, Changes, Comparison, Fetched, Found, HashColumn, NewRow, RowOutcome, Table, TableSpec, WriteMeta,
};

use super::proxy::{Mishap, Proxy};
use crate::support::PostgresDatabase;

const MIRRORED: Component = Component {
    name: "mirrored",
    migrations: &[Migration {
        name: "0001_create",
        sql: "CREATE TABLE answers (
            key INTEGER PRIMARY KEY, content_hash BLOB NOT NULL, deleted_at TEXT, account TEXT NOT NULL,
            id TEXT NOT NULL, email TEXT, count INTEGER, first_seen_at TEXT NOT NULL, last_changed_at TEXT NOT NULL,
            last_seen_record INTEGER NOT NULL, raw TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX answers_id ON answers (account, id);",
    }],
};

/// An id and a content.
type Row = (String, String);

fn table() -> Table {
    Table::new(TableSpec {
        name: "answers",
        key: &["account", "id"],
        number: Some("key"),
        columns: vec!["email", "count"],
        hash: HashColumn::Blob,
    })
}

/// A database on either engine, locked for writing.
struct Mirror {
    store: Store,
    lease: Lease,
}

impl Mirror {
    async fn open(location: Location, account: &'static str) -> Self {
        let components = vec![MIRRORED, tongbu::upstreams::row_changes::COMPONENT];
        let options = StoreOptions { clock: Clock::system(), mode: Mode::ReadWrite, components };
        let store = Store::open(location, options).expect("the database is there");
        let request = LeaseRequest {
            name: account,
            ttl: Duration::from_secs(60),
            trace_id: "trace",
            record: None,
            has_own_rows: true,
        };
        let Acquisition::Held(lease) = store.acquire(request).await.expect("it answers") else { panic!("busy") };
        Self { store, lease }
    }

    fn on_server(port: u16, database: &PostgresDatabase) -> Location {
        Location::Server(std::sync::Arc::new(Address::parse(&database.url_at(port), None).expect("an address")))
    }

    /// Looks the rows up, compares them, writes what differs; what became of each.
    async fn mirror(&self, changes: &Changes, rows: Vec<Row>, record: i64) -> Vec<RowOutcome> {
        let compared = self.store.read(|r| compare(r, changes, &rows)).expect("they are read");
        let (places, differing): (Vec<usize>, Vec<(Row, Option<Found>)>) = rows
            .into_iter()
            .zip(compared)
            .enumerate()
            .filter_map(|(place, (row, comparison))| match comparison {
                Comparison::Unchanged { .. } => None,
                Comparison::Changed(found) => Some((place, (row, found))),
            })
            .unzip();
        let count = places.last().map_or(0, |last| last + 1);
        let changes = changes.clone();
        let saved = self.store.write(&self.lease, move |w| {
            let meta = WriteMeta { record: Some(record), at: format!("2026-01-0{record}T00:00:00.000Z") };
            let incoming: Vec<_> = differing.iter().map(|(row, found)| changed_row(row, found.as_ref())).collect();
            changes.save(w, &table(), &incoming, &meta)
        });
        let saved = saved.await.expect("they are written");
        let mut outcomes = vec![RowOutcome::Unchanged; count];
        for (place, (_, outcome)) in places.into_iter().zip(saved) {
            outcomes[place] = outcome;
        }
        outcomes
    }

    fn content(&self) -> Vec<String> {
        let sql = "SELECT id, raw, email, first_seen_at, last_changed_at, last_seen_record FROM answers ORDER BY id";
        let read = |r: &Reader<'_>| {
            r.rows(sql, &[], |row| {
                let texts = (0..5).map(|column| row.opt_text(column).map(|text| text.unwrap_or("-").to_owned()));
                Ok(format!("{} {}", texts.collect::<Result<Vec<_>, Error>>()?.join(" "), row.int(5)?))
            })
        };
        self.store.read(read).expect("they are read")
    }
}

fn digest(raw: &str) -> u128 {
    raw.bytes().fold(7, |digest, byte| digest * 257 + u128::from(byte))
}

fn compare(r: &Reader<'_>, changes: &Changes, rows: &[Row]) -> Result<Vec<Comparison>, Error> {
    let keys: Vec<_> = rows.iter().map(|(id, _)| vec!["shop".into(), id.into()]).collect();
    let known = table().find_many(r, &keys)?;
    let fetched: Vec<_> =
        rows.iter().zip(known).map(|((_, raw), known)| Fetched { known, content_hash: digest(raw), raw }).collect();
    changes.compare(r, &table(), &fetched)
}

fn changed_row<'a>((id, raw): &'a Row, found: Option<&'a Found>) -> Changed<'a> {
    let row = NewRow {
        key: vec!["shop".into(), id.into()],
        content_hash: digest(raw),
        raw: Some(raw),
        columns: vec![if raw.len() > 2 { raw.into() } else { Value::Null }, Value::Int(7)],
    };
    Changed { row, found }
}

fn rows(rows: impl IntoIterator<Item = (usize, usize)>) -> Vec<Row> {
    rows.into_iter().map(|(id, content)| (format!("id {id} 'é"), content.to_string())).collect()
}

#[tokio::test]
async fn rows_written_at_once_on_a_server_are_those_written_one_by_one_in_a_file() {
    let database = PostgresDatabase::create();
    let folder = tempfile::tempdir().expect("a folder");
    let server = Mirror::open(Mirror::on_server(PostgresDatabase::port(), &database), "mirrored/shop").await;
    let file = Mirror::open(Location::File(folder.path().join("tongbu.db")), "mirrored/shop").await;
    let passes = [
        // One comes twice, the second time with another content.
        rows((0..50).map(|id| (id, 1)).chain([(7, 2), (8, 1)])),
        // Some are unchanged, some changed, some new, one of them twice, and one goes back to what it was.
        rows((20..80).map(|id| (id, id % 3)).chain([(75, 99), (30, 5), (30, 1)])),
        rows((0..90).map(|id| (id, 4_000 + id % 2))),
    ];
    for (record, rows) in (1..).zip(passes) {
        let (on_server, in_file) = (Changes::default(), Changes::default());
        // In two batches of one reading.
        let half = rows.len() / 2;
        for part in [rows[..half].to_vec(), rows[half..].to_vec()] {
            let expected = file.mirror(&in_file, part.clone(), record).await;
            assert_eq!(server.mirror(&on_server, part, record).await, expected, "pass {record}");
        }
        assert_eq!(server.content(), file.content(), "pass {record}");
    }
    let mut counts = BTreeMap::new();
    for number in database.psql("SELECT key FROM tongbu.answers").stdout.lines() {
        *counts.entry(number.to_owned()).or_insert(0) += 1;
    }
    assert!(counts.len() == 90 && counts.values().all(|count| *count == 1), "{counts:?}");
}

#[tokio::test]
async fn hosts_that_write_the_same_table_at_once_give_no_number_twice() {
    let database = PostgresDatabase::create();
    let one = Mirror::open(Mirror::on_server(PostgresDatabase::port(), &database), "mirrored/shop").await;
    let other = Mirror::open(Mirror::on_server(PostgresDatabase::port(), &database), "mirrored/other").await;
    let (waits, goes_on) = std::sync::mpsc::channel::<()>();
    let open = one.store.write(&one.lease, move |w| {
        let row = ("first".to_owned(), "1".to_owned());
        let meta = WriteMeta { record: Some(1), at: "2026-01-01T00:00:00.000Z".to_owned() };
        Changes::default().save(w, &table(), &[changed_row(&row, None)], &meta)?;
        // Its transaction is open while the other host writes and ends.
        goes_on.recv_timeout(Duration::from_secs(20)).expect("the other one does not wait for it");
        Ok::<_, Error>(())
    });
    let write = async {
        other.mirror(&Changes::default(), rows((0..10).map(|id| (id, 1))), 2).await;
        waits.send(()).expect("it waits");
    };
    let (first, ()) = tokio::join!(open, write);
    first.expect("it is stored");
    let printed = database.psql("SELECT COUNT(*), COUNT(DISTINCT key) FROM tongbu.answers");
    assert_eq!(printed.stdout.trim(), "11|11");
}

/// How often an answer is waited for while the rows are looked up and written.
async fn count_round_trips(mirror: &Mirror, proxy: &Proxy, rows: Vec<Row>) -> u128 {
    const DELAY: Duration = Duration::from_millis(400);
    proxy.delay(DELAY);
    let began = Instant::now();
    mirror.mirror(&Changes::default(), rows, 1).await;
    let took = began.elapsed();
    proxy.delay(Duration::ZERO);
    took.as_millis() / DELAY.as_millis()
}

#[tokio::test]
async fn a_transaction_of_a_thousand_rows_takes_three_round_trips() {
    let database = PostgresDatabase::create();
    let proxy = Proxy::start(PostgresDatabase::port(), Mishap::Swallowed);
    let mirror = Mirror::open(Mirror::on_server(proxy.port, &database), "mirrored/shop").await;
    // Statements are prepared once.
    for content in [1, 2] {
        mirror.mirror(&Changes::default(), rows((0..9).map(|id| (id, content))), 1).await;
    }
    // The look-up is two more, with its beginning, and the contents of those that differ are another one.
    let mut fewest = [u128::MAX; 2];
    for first in [1_000, 2_000, 3_000] {
        for (content, fewest) in (1..).zip(&mut fewest) {
            let rows = rows((first..first + 1_000).map(|id| (id, content)));
            *fewest = count_round_trips(&mirror, &proxy, rows).await.min(*fewest);
        }
    }
    // A machine that is busy with something else takes longer.
    assert!(fewest[0] <= 5 && fewest[1] <= 6, "{fewest:?}");
}
