//! The stored films.

use serde::Serialize;

use super::Answer;
use super::labels::{self, Text};
use super::style::{Style, shown};
use super::tables::{Cell, Column, Table, Tone};
use crate::upstreams::douban::film::{Detail, DetailSource, DetailStatus, Film, FilmId};

/// The answer of `douban list`.
#[derive(Debug)]
pub struct FilmsAnswer(pub Vec<Film>);

impl FilmsAnswer {
    fn missing_count(&self) -> usize {
        self.0.iter().filter(|film| film.detail_status != DetailStatus::Ok).count()
    }
}

impl Answer for FilmsAnswer {
    fn render_text(&self, style: &Style) -> String {
        if self.0.is_empty() {
            return format!("{}\n", style.say(labels::NO_FILMS));
        }
        let mut table = Table::new(columns(style));
        for film in &self.0 {
            table.push(row(film, style));
        }
        let foot = labels::FILMS.fill(style.language, &[&self.0.len(), &self.missing_count()]);
        format!("{}{foot}\n", table.render(style))
    }

    fn document(&self, style: &Style) -> impl Serialize {
        FilmsDocument {
            schema: "tongbu.films/1",
            films: self.0.iter().map(|film| FilmPart::new(film, style)).collect(),
            total: self.0.len(),
            missing_count: self.missing_count(),
        }
    }
}

#[derive(Debug, Serialize)]
struct FilmsDocument<'a> {
    schema: &'static str,
    films: Vec<FilmPart<'a>>,
    total: usize,
    missing_count: usize,
}

#[derive(Debug, Serialize)]
struct FilmPart<'a> {
    rank: Option<u32>,
    id: &'a str,
    #[serde(flatten)]
    detail: &'a Detail,
    subtitle: Option<&'a str>,
    detail_status: &'static str,
    detail_status_label: &'static str,
    detail_source: Option<&'static str>,
    detail_at: Option<String>,
    detail_error: Option<&'a str>,
    merged_into: Option<&'a str>,
}

impl<'a> FilmPart<'a> {
    fn new(film: &'a Film, style: &Style) -> Self {
        Self {
            rank: place(film),
            id: film.id.as_str(),
            detail: &film.detail,
            subtitle: film.subtitle.as_deref(),
            detail_status: film.detail_status.name(),
            detail_status_label: style.say(labels::detail_status(film.detail_status)),
            detail_source: film.detail_source.map(DetailSource::name),
            detail_at: film.detail_at.map(|at| style.rfc3339(at)),
            detail_error: film.detail_error.as_deref(),
            merged_into: film.merged_into.as_ref().map(FilmId::as_str),
        }
    }
}

/// The place in the list as people count it.
fn place(film: &Film) -> Option<u32> {
    film.list_rank.map(|rank| rank.saturating_add(1))
}

fn columns(style: &Style) -> Vec<Column> {
    let text = |label: Text| Column::text(style.say(label));
    let number = |label: Text| Column::number(style.say(label));
    vec![
        number(labels::RANK).droppable(2),
        number(labels::ID),
        text(labels::TITLE),
        number(labels::YEAR).droppable(4),
        number(labels::RATING),
        number(labels::VOTES).droppable(3),
        text(labels::RELEASE_DATE).droppable(1),
        text(labels::DETAILS),
    ]
}

fn row(film: &Film, style: &Style) -> Vec<Cell> {
    let detail = &film.detail;
    let told = |value: Option<String>| Cell::from(value.unwrap_or_default());
    vec![
        told(place(film).map(|place| place.to_string())),
        film.id.as_str().into(),
        told(detail.title.as_deref().map(shown)),
        told(detail.year.map(|year| year.to_string())),
        told(detail.rating.map(|rating| format!("{rating:.1}"))),
        told(detail.votes.map(|votes| votes.to_string())),
        told(detail.release_date.map(|date| date.to_string())),
        Cell::toned(style.say(labels::detail_status(film.detail_status)), tone(film.detail_status)),
    ]
}

const fn tone(status: DetailStatus) -> Tone {
    match status {
        DetailStatus::Ok => Tone::Good,
        DetailStatus::Missing | DetailStatus::Gone => Tone::Plain,
        DetailStatus::Blocked | DetailStatus::Parse => Tone::Doubtful,
    }
}
