//! The newest films on the page of `report`.

use jiff::Timestamp;

use crate::clock::to_rfc3339_millis;
use crate::present::page::{Fact, Period, Section, Unit};
use crate::present::{Column, DocumentSchema, ListingSpec, Style, Text, listing, text};
use crate::store::{self, Reader};
use crate::upstreams::Error;

/// This many films are listed.
const COUNT: u64 = 15;

/// A film in the list.
#[derive(Clone, Debug)]
struct FilmLine {
    source: String,
    source_id: String,
    title: Option<String>,
    year: Option<i64>,
    rating: Option<f64>,
    votes: Option<i64>,
}

/// The section; none where there is no film.
pub fn sections(r: &Reader<'_>, period: &Period, style: &Style) -> Result<Vec<Section>, Error> {
    let (films, rated, mean, seen) = load_newest_rated(r, COUNT, period.begin())?;
    if films.is_empty() {
        return Ok(Vec::new());
    }
    let mut section = Section::new("films", text("Newest films", "最新影片"));
    section.facts(vec![
        Fact::count("rated", style.label(text("films with a rating", "有评分的影片")), rated),
        Fact::count("first_seen", style.label(text("new in these days", "期间新增")), seen),
        Fact::new("mean_rating", style.label(text("mean rating", "平均评分")), Unit::Count, mean),
    ]);
    section.list("films", text("newest with rating", "最新且有评分"), &films, style);
    Ok(vec![section])
}

/// The newest films with a rating; how many have one, their mean, and how many were first seen since then.
fn load_newest_rated(
    r: &Reader<'_>,
    count: u64,
    since: Timestamp,
) -> Result<(Vec<FilmLine>, u64, Option<f64>, u64), store::Error> {
    let films = r.rows(
        "SELECT source, source_id, title, year, rating, votes
         FROM videos
         WHERE deleted_at IS NULL
           AND rating IS NOT NULL
         ORDER BY first_seen_at DESC, list_rank NULLS LAST, source, source_id
         LIMIT ?1",
        &[count.into()],
        |row| {
            Ok(FilmLine {
                source: row.text(0)?.to_owned(),
                source_id: row.text(1)?.to_owned(),
                title: row.opt_text(2)?.map(str::to_owned),
                year: row.opt_int(3)?,
                rating: row.opt_real(4)?,
                votes: row.opt_int(5)?,
            })
        },
    )?;
    let rated = r.first(
        "SELECT COUNT(rating), AVG(rating)
         FROM videos
         WHERE deleted_at IS NULL",
        &[],
        |row| Ok((row.count(0)?, row.opt_real(1)?)),
    )?;
    let seen = r.first(
        "SELECT COUNT(*)
         FROM videos
         WHERE first_seen_at >= ?1",
        &[(&to_rfc3339_millis(since)).into()],
        |row| row.count(0),
    )?;
    let (rated, mean) = rated.unwrap_or_default();
    Ok((films, rated, mean, seen.unwrap_or_default()))
}

/// A column of films.
type C = Column<FilmLine>;

impl ListingSpec for FilmLine {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.report-films/1", "report", listing::schema::<Self>);
    const KEY: &'static str = "films";
    const EMPTY: Text = text("no matching films", "没有符合条件的影片");
    const COLUMNS: &'static [C] = &[
        C::optional_text("title", |film| film.title.as_deref()).titled(text("title", "片名")),
        C::optional_integer("year", |film| film.year).titled(text("year", "年份")),
        C::optional_number("rating", |film| film.rating)
            .titled(text("rating", "评分"))
            .drawn(|film, _| film.rating.map(|rating| format!("{rating:.1}")).unwrap_or_default().into()),
        C::optional_integer("votes", |film| film.votes).titled(text("votes", "评价人数")).droppable(1),
        C::text("source", |film| &film.source).titled(text("source", "来源")).droppable(2),
        C::text("id", |film| &film.source_id),
    ];
}
