//! Every statement on `videos`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;

use super::film::{Detail, Film, FilmId, Kind};
use super::plan::Candidate;
use super::tally::Outcome;
use crate::clock::to_rfc3339_millis;
use crate::store::{Component, Error, Migration, Reader, Row, Value, Writer};
use crate::upstreams::digest::Digest;
use crate::upstreams::mirror::{HashColumn, Replace, RowValues, Table, TableSpec, WriteMeta};
use crate::upstreams::row_changes::tables::{ChangedRow, save_updates};

/// The schema's steps. Databases in use know this component by the name of the first source of films, which owned the
/// table alone: under another name they would be given the table once more.
pub const COMPONENT: Component = Component {
    name: "douban",
    migrations: &[Migration { name: "0001_create", sql: include_str!("migrations/0001_create.sql") }],
};

/// Joins the names in a column for people; the JSON column beside it is the one to parse.
const NAME_SEPARATOR: &str = ",";

/// The typed columns, in the order [`save_film`] binds them. [`read_film`] reads them in this order, too, behind the key
/// and `raw`.
const COLUMNS: [&str; 30] = [
    "title",
    "original_title",
    "type",
    "year",
    "release_date",
    "release_dates",
    "runtime_minutes",
    "imdb_id",
    "rating",
    "votes",
    "directors_json",
    "writers_json",
    "actors_json",
    "genres",
    "countries",
    "languages",
    "aka",
    "summary",
    "cover_url",
    "episodes",
    "list_rank",
    "subtitle",
    "detail_status",
    "detail_source",
    "detail_at",
    "detail_error",
    "merged_into",
    // Only for people.
    "directors",
    "writers",
    "actors",
];

static VIDEOS: LazyLock<Table> = LazyLock::new(|| {
    Table::new(TableSpec {
        name: "videos",
        key: &["source", "source_id"],
        number: None,
        columns: COLUMNS.to_vec(),
        hash: HashColumn::Blob,
    })
});

/// What is stored of a film.
pub fn load_film(r: &Reader<'_>, source: &str, id: &FilmId) -> Result<Option<Film>, Error> {
    let sql = select("source = ?1 AND source_id = ?2");
    Ok(r.first(&sql, &[source.into(), id.as_str().into()], read_film)?.flatten())
}

/// What is stored of every film of the source, or of all sources, newest first: in the list's order, then those that
/// have left it.
pub fn load_films(r: &Reader<'_>, source: Option<&str>) -> Result<Vec<Film>, Error> {
    let sql = select(
        "(source = ?1 OR ?1 IS NULL)
            AND deleted_at IS NULL
        ORDER BY source, list_rank NULLS LAST, first_seen_at DESC, length(source_id) DESC, source_id DESC",
    );
    let films = r.rows(&sql, &[source.into()], read_film)?;
    Ok(films.into_iter().flatten().collect())
}

/// Where the stored films are from.
pub fn load_sources(r: &Reader<'_>) -> Result<BTreeSet<String>, Error> {
    let sources = r.rows("SELECT DISTINCT source FROM videos", &[], |row| row.text(0).map(str::to_owned))?;
    Ok(sources.into_iter().collect())
}

/// What decides whose details are due.
pub fn load_candidates(r: &Reader<'_>, source: &str) -> Result<Vec<Candidate>, Error> {
    const SQL: &str = "
        SELECT source_id, list_rank, detail_status, detail_at, first_seen_at
        FROM videos
        WHERE source = ?1
            AND deleted_at IS NULL";
    let rows = r.rows(SQL, &[source.into()], |row| {
        let candidate = |id| -> Result<Candidate, Error> {
            Ok(Candidate {
                id,
                list_rank: small(row.opt_int(1)?),
                detail_status: row.text(2)?.parse().unwrap_or_default(),
                detail_at: parsed(row.opt_text(3)?),
                first_seen_at: parsed(Some(row.text(4)?)).unwrap_or(Timestamp::UNIX_EPOCH),
            })
        };
        FilmId::parse(row.text(0)?).map(candidate).transpose()
    })?;
    Ok(rows.into_iter().flatten().collect())
}

/// The films that are in the source's list now, in its order.
pub fn load_ranked(r: &Reader<'_>, source: &str) -> Result<Vec<FilmId>, Error> {
    const SQL: &str = "
        SELECT source_id
        FROM videos
        WHERE source = ?1
            AND list_rank IS NOT NULL
        ORDER BY list_rank, source_id";
    let ids = r.rows(SQL, &[source.into()], |row| Ok(FilmId::parse(row.text(0)?)))?;
    Ok(ids.into_iter().flatten().collect())
}

/// What the source's list holds of its films, but for those that are gone.
pub fn load_raws(r: &Reader<'_>, source: &str) -> Result<Vec<(FilmId, String)>, Error> {
    const SQL: &str = "
        SELECT source_id, raw
        FROM videos
        WHERE source = ?1
            AND raw IS NOT NULL
            AND detail_status <> 'gone'
            AND deleted_at IS NULL";
    let rows = r.rows(SQL, &[source.into()], |row| {
        let raw = row.text(1)?.to_owned();
        Ok(FilmId::parse(row.text(0)?).map(|id| (id, raw)))
    })?;
    Ok(rows.into_iter().flatten().collect())
}

/// The `IMDb` ids that films of other sources have, and none of this source.
pub fn load_foreign_imdb_ids(r: &Reader<'_>, source: &str) -> Result<BTreeSet<String>, Error> {
    const SQL: &str = "
        SELECT imdb_id
        FROM videos
        WHERE source <> ?1
            AND imdb_id IS NOT NULL
            AND deleted_at IS NULL
            AND NOT EXISTS (
                SELECT 1
                FROM videos AS own
                WHERE own.source = ?1
                    AND own.imdb_id = videos.imdb_id
            )";
    let ids = r.rows(SQL, &[source.into()], |row| row.text(0).map(str::to_owned))?;
    Ok(ids.into_iter().collect())
}

/// Stores what `merge` makes of the film, where it is something else than what is stored; answers that, and what became
/// of the film.
pub fn save_merged(
    w: &Writer<'_>,
    source: &str,
    id: &FilmId,
    meta: &WriteMeta,
    merge: impl FnOnce(Film) -> Film,
) -> Result<(Option<Film>, Outcome), Error> {
    let stored = load_film(w, source, id)?;
    let film = merge(stored.clone().unwrap_or_else(|| Film::new(source, id.clone())));
    let outcome = Outcome::of(stored.as_ref(), &film);
    if stored.as_ref() != Some(&film) {
        save_film(w, &film, outcome, meta)?;
    }
    Ok((stored, outcome))
}

/// Inserts the film or replaces what is stored of it. An unchanged one keeps its `last_changed_at`.
pub fn save_film(w: &Writer<'_>, film: &Film, outcome: Outcome, meta: &WriteMeta) -> Result<(), Error> {
    let detail = &film.detail;
    let release_date = detail.release_date.map(|date| date.to_string());
    let detail_at = film.detail_at.map(to_rfc3339_millis);
    let people = [&detail.directors, &detail.writers, &detail.actors];
    let joined = people.map(|names| (!names.is_empty()).then(|| names.join(NAME_SEPARATOR)));
    let [directors, writers, actors] = people.map(|names| json_list(names));
    let [release_dates, genres, countries, languages, aka] =
        [&detail.release_dates, &detail.genres, &detail.countries, &detail.languages, &detail.aka]
            .map(|items| json_list(items));
    let columns: [Value<'_>; COLUMNS.len()] = [
        detail.title.as_ref().into(),
        detail.original_title.as_ref().into(),
        detail.kind.map(Kind::name).into(),
        detail.year.map(i64::from).into(),
        release_date.as_ref().into(),
        release_dates.as_ref().into(),
        detail.runtime_minutes.map(i64::from).into(),
        detail.imdb_id.as_ref().into(),
        detail.rating.into(),
        detail.votes.map(i64::from).into(),
        directors.as_ref().into(),
        writers.as_ref().into(),
        actors.as_ref().into(),
        genres.as_ref().into(),
        countries.as_ref().into(),
        languages.as_ref().into(),
        aka.as_ref().into(),
        detail.summary.as_ref().into(),
        detail.cover_url.as_ref().into(),
        detail.episodes.map(i64::from).into(),
        film.list_rank.map(i64::from).into(),
        film.subtitle.as_ref().into(),
        film.detail_status.name().into(),
        film.detail_source.as_ref().into(),
        detail_at.as_ref().into(),
        film.detail_error.as_ref().into(),
        film.merged_into.as_ref().map(FilmId::as_str).into(),
        joined[0].as_ref().into(),
        joined[1].as_ref().into(),
        joined[2].as_ref().into(),
    ];
    let key = [film.source.as_str().into(), film.id.as_str().into()];
    let content_hash = Digest::from_le_bytes(film.content_hash());
    let row = RowValues { key: &key, number: None, content_hash, raw: film.raw.as_deref() };
    if outcome == Outcome::Updated {
        save_updates_of(w, film, meta)?;
    }
    let replace = if outcome == Outcome::Unchanged { Replace::Quietly } else { Replace::Anything };
    VIDEOS.save(w, &row, columns, replace, meta).map(drop)
}

/// Keeps how the film changes, unless this run has found it: then all of it is new.
fn save_updates_of(w: &Writer<'_>, film: &Film, meta: &WriteMeta) -> Result<(), Error> {
    let sql = select("source = ?1 AND source_id = ?2 AND (last_seen_record <> ?3 OR first_seen_at <> last_changed_at)");
    let (source, id) = (film.source.as_str(), film.id.as_str());
    let before = w.first(&sql, &[source.into(), id.into(), meta.record.into()], read_film)?.flatten();
    let Some(before) = before.map(|film| followed(&film)) else { return Ok(()) };
    let fields = before.into_iter().zip(followed(film)).map(|((field, before), (_, after))| (field, before, after));
    let row =
        ChangedRow { subject: "videos", account: source.into(), id: id.into(), record: meta.record, at: &meta.at };
    save_updates(w, &row, &fields.collect::<Vec<_>>())
}

/// The fields whose changes are kept.
fn followed(Film { detail, .. }: &Film) -> [(&'static str, Option<String>); 6] {
    [
        ("title", detail.title.clone()),
        ("year", detail.year.map(|year| year.to_string())),
        ("release_date", detail.release_date.map(|date| date.to_string())),
        ("rating", detail.rating.map(|rating| rating.to_string())),
        ("votes", detail.votes.map(|votes| votes.to_string())),
        ("episodes", detail.episodes.map(|episodes| episodes.to_string())),
    ]
}

/// Takes the film's rank away: it has left the list.
pub fn save_unranked(w: &Writer<'_>, source: &str, id: &FilmId) -> Result<(), Error> {
    const SQL: &str = "
        UPDATE videos
        SET list_rank = NULL
        WHERE source = ?1
            AND source_id = ?2";
    w.write(SQL, &[source.into(), id.as_str().into()])
}

fn select(condition: &str) -> String {
    format!(
        "SELECT source, source_id, raw, {}
        FROM videos
        WHERE {condition}",
        COLUMNS.join(", ")
    )
}

/// `None` where the row's id is none.
fn read_film(row: &Row<'_>) -> Result<Option<Film>, Error> {
    let Some(id) = FilmId::parse(row.text(1)?) else { return Ok(None) };
    let detail = Detail {
        title: owned(row.opt_text(3)?),
        original_title: owned(row.opt_text(4)?),
        kind: parsed(row.opt_text(5)?),
        year: row.opt_int(6)?.and_then(|year| year.try_into().ok()),
        release_date: parsed(row.opt_text(7)?),
        release_dates: read_list(row.opt_text(8)?),
        runtime_minutes: small(row.opt_int(9)?),
        imdb_id: owned(row.opt_text(10)?),
        rating: row.opt_real(11)?,
        votes: small(row.opt_int(12)?),
        directors: read_list(row.opt_text(13)?),
        writers: read_list(row.opt_text(14)?),
        actors: read_list(row.opt_text(15)?),
        genres: read_list(row.opt_text(16)?),
        countries: read_list(row.opt_text(17)?),
        languages: read_list(row.opt_text(18)?),
        aka: read_list(row.opt_text(19)?),
        summary: owned(row.opt_text(20)?),
        cover_url: owned(row.opt_text(21)?),
        episodes: small(row.opt_int(22)?),
    };
    Ok(Some(Film {
        source: row.text(0)?.to_owned(),
        id,
        detail,
        list_rank: small(row.opt_int(23)?),
        subtitle: owned(row.opt_text(24)?),
        detail_status: row.text(25)?.parse().unwrap_or_default(),
        detail_source: owned(row.opt_text(26)?),
        detail_at: parsed(row.opt_text(27)?),
        detail_error: owned(row.opt_text(28)?),
        merged_into: row.opt_text(29)?.and_then(FilmId::parse),
        raw: owned(row.opt_text(2)?),
    }))
}

/// A JSON array; nothing for an empty list.
fn json_list(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| serde_json::Value::from(items).to_string())
}

fn read_list(json: Option<&str>) -> Vec<String> {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(ToOwned::to_owned)
}

fn parsed<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

fn small(number: Option<i64>) -> Option<u32> {
    number?.try_into().ok()
}

#[cfg(test)]
#[path = "tables_tests.rs"]
mod tests;
