//! A film's page.
//!
//! Older and newer markup differ only in the spots the parts name. Every field may be missing, but a page without a
//! heading or an `#info` block is none.

mod dates;
mod dom;
mod info;
mod ld;
mod limits;
mod runtime;
mod synopsis;
mod title;

use scraper::Html;

use self::dom::{by_id, by_name, by_word, has_word, text_of};
use self::info::Line;
use super::parsed::{DetailSource, ParsedDetail, Unreadable, subject_id};
use crate::upstreams::films::film::{Detail, FilmId, Kind};
use crate::upstreams::films::normalize::{cover_url, filled, imdb_id, leading_count, rating, unique, year};

pub use self::dates::{is_date, release_date};
pub use self::runtime::minutes;

/// The labels of a series.
const SERIES_LABELS: [&str; 3] = ["首播", "集数", "单集片长"];

/// Reads a film's page.
pub fn parse(body: &[u8]) -> Result<ParsedDetail, Unreadable> {
    limits::check(body)?;
    let html = Html::parse_document(&String::from_utf8_lossy(body));
    let root = html.root_element();
    let heading = by_word(root, "property", "v:itemreviewed").map(text_of).filter(|heading| !heading.is_empty());
    let heading = heading.ok_or_else(|| Unreadable("a page without a title".to_owned()))?;
    let info = by_id(&html, "info").ok_or_else(|| Unreadable("a page without its `#info` block".to_owned()))?;
    if limits::is_cut(body) {
        return Err(Unreadable("a page that is cut off".to_owned()));
    }

    let structured = ld::detail(&html);
    let shown = shown(&html, &heading, &info::lines(info), structured.kind);
    let detail = shown.clone().completed_by(Detail {
        // The page may show a year or a month only, and this would make a day of it.
        release_date: structured.release_date.filter(|_| shown.release_dates.is_empty()),
        ..structured
    });
    let source = if detail == shown { DetailSource::Page } else { DetailSource::PageAndLd };
    ParsedDetail { detail, source, subjects: subjects(&html) }.of_text(body)
}

/// The films that its canonical address and its `og:url` name.
fn subjects(html: &Html) -> Vec<FilmId> {
    let named = html.root_element().descendent_elements().filter_map(|element| {
        if has_word(element, "rel", "canonical") {
            subject_id(element.attr("href")?)
        } else if has_word(element, "property", "og:url") {
            subject_id(element.attr("content")?)
        } else {
            None
        }
    });
    named.collect()
}

/// What the page shows to its reader.
fn shown(html: &Html, heading: &str, lines: &[Line], structured_kind: Option<Kind>) -> Detail {
    let root = html.root_element();
    let poster = by_word(root, "rel", "v:image");
    let poster_name = poster.and_then(|poster| poster.attr("alt")).and_then(filled);
    let window = by_name(root, "title").map(text_of);
    let (title, original_title) =
        title::names(title::Names { heading, poster: poster_name.as_deref(), window: window.as_deref() });

    let line = |label: &str| lines.iter().find(|line| line.label == label);
    let names = |label: &str| line(label).map(Line::names).unwrap_or_default();
    let list = |label: &str| line(label).map(Line::list).unwrap_or_default();
    let is_series = lines.iter().any(|line| SERIES_LABELS.contains(&line.label.as_str()));
    let genres = lines.iter().map(|line| line.marked("v:genre")).find(|genres| !genres.is_empty());
    let release_dates = release_dates(lines);

    Detail {
        title: Some(title),
        original_title,
        kind: if is_series { Some(Kind::Tv) } else { structured_kind },
        year: by_word(root, "class", "year").and_then(|element| year(&text_of(element))),
        release_date: release_date(&release_dates),
        release_dates,
        runtime_minutes: lines.iter().find_map(runtime),
        imdb_id: lines.iter().filter(|line| line.label.starts_with("IMDb")).find_map(|line| imdb_id(&line.text())),
        rating: by_word(root, "property", "v:average")
            .and_then(|element| text_of(element).parse().ok())
            .and_then(rating),
        votes: by_word(root, "property", "v:votes").and_then(|element| leading_count(&text_of(element))),
        directors: names("导演"),
        writers: names("编剧"),
        actors: names("主演"),
        genres: genres.unwrap_or_else(|| list("类型")),
        countries: list("制片国家/地区"),
        languages: list("语言"),
        aka: line("又名").map(Line::titles).unwrap_or_default(),
        summary: synopsis::synopsis(html),
        cover_url: poster.and_then(|poster| poster.attr("src")).and_then(cover_url),
        episodes: line("集数").and_then(|line| leading_count(&line.text())),
    }
}

/// The dates of every line: films have 上映日期, series 首播.
fn release_dates(lines: &[Line]) -> Vec<String> {
    let marked: Vec<String> = lines.iter().flat_map(|line| line.marked("v:initialReleaseDate")).collect();
    let dates = if marked.is_empty() {
        let dated = lines.iter().filter(|line| line.label == "上映日期" || line.label.starts_with("首播"));
        dated.flat_map(Line::list).collect()
    } else {
        marked
    };
    unique(dates.into_iter().filter(|text| is_date(text)).collect())
}

/// The runtime, from a marked span or else from the line's text.
fn runtime(line: &Line) -> Option<u32> {
    let marked = line.marked("v:runtime").iter().find_map(|text| minutes(text));
    let is_runtime = line.label == "片长" || line.label == "单集片长";
    marked.or_else(|| if is_runtime { minutes(&line.text()) } else { None })
}

#[cfg(test)]
mod tests;
