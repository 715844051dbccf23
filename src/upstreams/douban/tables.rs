//! Every statement on `videos`, for the rows whose source is Douban.

use jiff::Timestamp;

use super::film::{Detail, DetailSource, DetailStatus, Film, FilmId, Kind};
use super::plan::Candidate;
use crate::clock::to_rfc3339_millis;
use crate::store::{Error, Migration, Reader, RecordId, Row, Value, Writer};

/// The schema's steps.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "0001_create", sql: include_str!("migrations/0001_create.sql") }];

/// What these rows carry as their source. Another upstream of films writes its own into the same table.
pub const SOURCE: &str = "douban";

/// What stands between the names in a column for people; the JSON twin is the one to take apart.
const NAME_SEPARATOR: &str = ",";

/// `last_changed_at` moves only where the content did.
const SAVE_FILM: &str = "
    INSERT INTO videos (
        source, source_id, title, original_title, type, year, release_date, release_dates, runtime_minutes,
        imdb_id, rating, votes, directors, directors_json, writers, writers_json, actors, actors_json, genres,
        countries, languages, aka, summary, cover_url, episodes, list_rank, subtitle, detail_status, detail_source,
        detail_at, detail_error, merged_into, raw, content_hash, last_seen_record, first_seen_at, last_changed_at
    )
    VALUES (
        ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
        ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?36
    )
    ON CONFLICT (source, source_id) DO UPDATE
    SET title = excluded.title,
        original_title = excluded.original_title,
        type = excluded.type,
        year = excluded.year,
        release_date = excluded.release_date,
        release_dates = excluded.release_dates,
        runtime_minutes = excluded.runtime_minutes,
        imdb_id = excluded.imdb_id,
        rating = excluded.rating,
        votes = excluded.votes,
        directors = excluded.directors,
        directors_json = excluded.directors_json,
        writers = excluded.writers,
        writers_json = excluded.writers_json,
        actors = excluded.actors,
        actors_json = excluded.actors_json,
        genres = excluded.genres,
        countries = excluded.countries,
        languages = excluded.languages,
        aka = excluded.aka,
        summary = excluded.summary,
        cover_url = excluded.cover_url,
        episodes = excluded.episodes,
        list_rank = excluded.list_rank,
        subtitle = excluded.subtitle,
        detail_status = excluded.detail_status,
        detail_source = excluded.detail_source,
        detail_at = excluded.detail_at,
        detail_error = excluded.detail_error,
        merged_into = excluded.merged_into,
        raw = excluded.raw,
        last_changed_at = CASE
            WHEN videos.content_hash = excluded.content_hash THEN videos.last_changed_at
            ELSE excluded.last_changed_at
        END,
        content_hash = excluded.content_hash,
        last_seen_record = excluded.last_seen_record,
        deleted_at = NULL";

/// Every column that is read of a film, in the order `read_film` takes them.
const SELECT_FILM: &str = "
    SELECT
        source_id, title, original_title, type, year, release_date, release_dates, runtime_minutes, imdb_id,
        rating, votes, directors_json, writers_json, actors_json, genres, countries, languages, aka, summary,
        cover_url, episodes, list_rank, subtitle, detail_status, detail_source, detail_at, detail_error,
        merged_into, raw
    FROM videos";

/// What is stored of a film.
pub fn load_film(r: &Reader<'_>, id: &FilmId) -> Result<Option<Film>, Error> {
    let sql = format!(
        "{SELECT_FILM}
        WHERE source = ?1
            AND source_id = ?2"
    );
    r.first(&sql, &[SOURCE.into(), id.as_str().into()], |row| read_film(row, id.clone()))
}

/// What is stored of every film, newest first: in the list's order, then those that have left it.
pub fn load_films(r: &Reader<'_>) -> Result<Vec<Film>, Error> {
    let sql = format!(
        "{SELECT_FILM}
        WHERE source = ?1
            AND deleted_at IS NULL
        ORDER BY list_rank IS NULL, list_rank, first_seen_at DESC, length(source_id) DESC, source_id DESC"
    );
    let films =
        r.rows(&sql, &[SOURCE.into()], |row| FilmId::parse(row.text(0)?).map(|id| read_film(row, id)).transpose())?;
    Ok(films.into_iter().flatten().collect())
}

/// What decides whose details are due.
pub fn load_candidates(r: &Reader<'_>) -> Result<Vec<Candidate>, Error> {
    const SQL: &str = "
        SELECT source_id, list_rank, detail_status, detail_at, first_seen_at
        FROM videos
        WHERE source = ?1
            AND deleted_at IS NULL";
    let rows = r.rows(SQL, &[SOURCE.into()], |row| {
        let candidate = |id| -> Result<Candidate, Error> {
            Ok(Candidate {
                id,
                list_rank: small(row.opt_int(1)?),
                detail_status: DetailStatus::from_name(row.text(2)?).unwrap_or_default(),
                detail_at: parsed(row.opt_text(3)?),
                first_seen_at: parsed(Some(row.text(4)?)).unwrap_or(Timestamp::UNIX_EPOCH),
            })
        };
        FilmId::parse(row.text(0)?).map(candidate).transpose()
    })?;
    Ok(rows.into_iter().flatten().collect())
}

/// The films that are in the list now, in its order.
pub fn load_ranked(r: &Reader<'_>) -> Result<Vec<FilmId>, Error> {
    const SQL: &str = "
        SELECT source_id
        FROM videos
        WHERE source = ?1
            AND list_rank IS NOT NULL
        ORDER BY list_rank, source_id";
    let ids = r.rows(SQL, &[SOURCE.into()], |row| Ok(FilmId::parse(row.text(0)?)))?;
    Ok(ids.into_iter().flatten().collect())
}

/// Inserts the film or replaces what is stored of it; `record` is the run that read it.
pub fn save_film(w: &Writer<'_>, film: &Film, record: RecordId, at: Timestamp) -> Result<(), Error> {
    let detail = &film.detail;
    let release_date = detail.release_date.map(|date| date.to_string());
    let release_dates = json_list(&detail.release_dates);
    let directors = People::of(&detail.directors);
    let writers = People::of(&detail.writers);
    let actors = People::of(&detail.actors);
    let genres = json_list(&detail.genres);
    let countries = json_list(&detail.countries);
    let languages = json_list(&detail.languages);
    let aka = json_list(&detail.aka);
    let detail_at = film.detail_at.map(to_rfc3339_millis);
    let content_hash = film.content_hash();
    let at = to_rfc3339_millis(at);
    let params = [
        SOURCE.into(),
        film.id.as_str().into(),
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
        directors.joined.as_ref().into(),
        directors.json.as_ref().into(),
        writers.joined.as_ref().into(),
        writers.json.as_ref().into(),
        actors.joined.as_ref().into(),
        actors.json.as_ref().into(),
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
        film.detail_source.map(DetailSource::name).into(),
        detail_at.as_ref().into(),
        film.detail_error.as_ref().into(),
        film.merged_into.as_ref().map(FilmId::as_str).into(),
        film.raw.as_ref().into(),
        Value::Blob(&content_hash),
        record.0.into(),
        (&at).into(),
    ];
    w.execute(SAVE_FILM, &params).map(drop)
}

/// Takes the film's place in the list away: it has left it.
pub fn save_unranked(w: &Writer<'_>, id: &FilmId) -> Result<(), Error> {
    const SQL: &str = "
        UPDATE videos
        SET list_rank = NULL
        WHERE source = ?1
            AND source_id = ?2";
    w.execute(SQL, &[SOURCE.into(), id.as_str().into()]).map(drop)
}

fn read_film(row: &Row<'_>, id: FilmId) -> Result<Film, Error> {
    let detail = Detail {
        title: owned(row.opt_text(1)?),
        original_title: owned(row.opt_text(2)?),
        kind: row.opt_text(3)?.and_then(Kind::from_name),
        year: row.opt_int(4)?.and_then(|year| year.try_into().ok()),
        release_date: parsed(row.opt_text(5)?),
        release_dates: read_list(row.opt_text(6)?),
        runtime_minutes: small(row.opt_int(7)?),
        imdb_id: owned(row.opt_text(8)?),
        rating: row.opt_real(9)?,
        votes: small(row.opt_int(10)?),
        directors: read_list(row.opt_text(11)?),
        writers: read_list(row.opt_text(12)?),
        actors: read_list(row.opt_text(13)?),
        genres: read_list(row.opt_text(14)?),
        countries: read_list(row.opt_text(15)?),
        languages: read_list(row.opt_text(16)?),
        aka: read_list(row.opt_text(17)?),
        summary: owned(row.opt_text(18)?),
        cover_url: owned(row.opt_text(19)?),
        episodes: small(row.opt_int(20)?),
    };
    Ok(Film {
        id,
        detail,
        list_rank: small(row.opt_int(21)?),
        subtitle: owned(row.opt_text(22)?),
        detail_status: DetailStatus::from_name(row.text(23)?).unwrap_or_default(),
        detail_source: row.opt_text(24)?.and_then(DetailSource::from_name),
        detail_at: parsed(row.opt_text(25)?),
        detail_error: owned(row.opt_text(26)?),
        merged_into: row.opt_text(27)?.and_then(FilmId::parse),
        raw: owned(row.opt_text(28)?),
    })
}

/// A list of people as it is stored twice: for people and for programs.
struct People {
    joined: Option<String>,
    json: Option<String>,
}

impl People {
    fn of(names: &[String]) -> Self {
        Self { joined: (!names.is_empty()).then(|| names.join(NAME_SEPARATOR)), json: json_list(names) }
    }
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
mod tests {
    use super::{People, json_list, read_list};

    #[test]
    fn lists_are_stored_for_people_and_for_programs() {
        let names = vec!["Ann \"A\" Lee, Jr.".to_owned(), "林一".to_owned()];
        let people = People::of(&names);
        assert_eq!(people.joined.as_deref(), Some("Ann \"A\" Lee, Jr.,林一"));
        assert_eq!(people.json.as_deref(), Some(r#"["Ann \"A\" Lee, Jr.","林一"]"#));
        assert_eq!(read_list(people.json.as_deref()), names);
        assert_eq!(json_list(&[]), None);
        assert!(read_list(None).is_empty());
    }
}
