//! The two JSON sources of a film whose page cannot be read; each has fewer fields than the page.
//!
//! Neither has the `IMDb` id or the writers; `subject_abstract` has one text for both names, so neither is taken.

use serde_json::Value;

use super::page::{is_date, minutes, release_date};
use super::parsed::{DetailSource, ParsedDetail, Unreadable};
use crate::upstreams::films::film::{Detail, FilmId, Kind};
use crate::upstreams::films::json::{count, document, rating, text, texts};
use crate::upstreams::films::normalize::{cover_url, paragraphs, split_list, year};

/// Reads the mobile site's `/rexxar/api/v2/movie/<id>`.
pub fn parse_rexxar(body: &[u8]) -> Result<ParsedDetail, Unreadable> {
    let value = document(body)?;
    let title = text(&value, "title").ok_or_else(|| Unreadable("no `title` in the film's JSON".to_owned()))?;
    let rating_part = value.get("rating").unwrap_or(&Value::Null);
    let pictures = value.get("pic").unwrap_or(&Value::Null);
    let covers = [text(&value, "cover_url"), text(pictures, "large"), text(pictures, "normal")];
    let release_dates: Vec<String> = texts(&value, "pubdate").into_iter().filter(|text| is_date(text)).collect();
    let detail = Detail {
        original_title: text(&value, "original_title").filter(|original| *original != title),
        title: Some(title),
        kind: kind(&value).or_else(|| text(&value, "type").and_then(|name| name.parse().ok())),
        year: text(&value, "year").and_then(|text| year(&text)),
        release_date: release_date(&release_dates),
        release_dates,
        runtime_minutes: texts(&value, "durations").iter().find_map(|text| minutes(text)),
        rating: rating(rating_part, "value"),
        votes: count(rating_part, "count"),
        directors: texts(&value, "directors"),
        actors: texts(&value, "actors"),
        genres: texts(&value, "genres"),
        countries: texts(&value, "countries"),
        languages: texts(&value, "languages"),
        aka: texts(&value, "aka"),
        summary: value.get("intro").and_then(Value::as_str).and_then(paragraphs),
        cover_url: covers.iter().flatten().find_map(|url| cover_url(url)),
        episodes: count(&value, "episodes_count"),
        ..Detail::default()
    };
    ParsedDetail { detail, source: DetailSource::Rexxar, subjects: subjects(&value) }.of_text(body)
}

/// Reads the hover card's `/j/subject_abstract?subject_id=<id>`.
pub fn parse_abstract(body: &[u8]) -> Result<ParsedDetail, Unreadable> {
    let value = document(body)?;
    let subject = value.get("subject").filter(|subject| text(subject, "title").is_some());
    let subject = subject.ok_or_else(|| Unreadable("no `subject` in the film's JSON".to_owned()))?;
    let detail = Detail {
        kind: kind(subject),
        year: text(subject, "release_year").and_then(|text| year(&text)),
        runtime_minutes: text(subject, "duration").and_then(|text| minutes(&text)),
        rating: rating(subject, "rate"),
        directors: texts(subject, "directors"),
        actors: texts(subject, "actors"),
        genres: texts(subject, "types"),
        countries: text(subject, "region").map(|text| split_list(&text)).unwrap_or_default(),
        episodes: count(subject, "episodes_count"),
        ..Detail::default()
    };
    ParsedDetail { detail, source: DetailSource::Abstract, subjects: subjects(subject) }.of_text(body)
}

fn subjects(value: &Value) -> Vec<FilmId> {
    text(value, "id").and_then(|id| FilmId::parse(&id)).into_iter().collect()
}

fn kind(value: &Value) -> Option<Kind> {
    value.get("is_tv").and_then(Value::as_bool).map(|is_tv| if is_tv { Kind::Tv } else { Kind::Movie })
}

#[cfg(test)]
mod tests {
    use super::{parse_abstract, parse_rexxar};
    use crate::upstreams::films::film::{Detail, Kind};

    fn owned(items: &[&str]) -> Vec<String> {
        items.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_mobile_json_has_all_but_writers_and_imdb() {
        let parsed = parse_rexxar(include_bytes!("../../../tests/fixtures/douban/rexxar_movie.json")).unwrap();
        let expected = Detail {
            title: Some("潮汐邮局".to_owned()),
            original_title: Some("The Tide Office".to_owned()),
            kind: Some(Kind::Movie),
            year: Some(2025),
            release_date: Some("2025-11-07".parse().unwrap()),
            release_dates: owned(&["2025-09-03(威尼斯电影节)", "2025-11-07(中国大陆)"]),
            runtime_minutes: Some(118),
            rating: Some(8.1),
            votes: Some(20_451),
            directors: owned(&["林一"]),
            actors: owned(&["周二", "Ann Lee, Jr."]),
            genres: owned(&["剧情", "奇幻"]),
            countries: owned(&["中国大陆", "法国"]),
            languages: owned(&["汉语普通话"]),
            aka: owned(&["海边的邮局"]),
            summary: Some("海边小镇的邮局只在涨潮时开门。\n新来的邮差收到一封寄给自己的信。".to_owned()),
            cover_url: Some("https://img.example/l/p1.jpg".to_owned()),
            ..Detail::default()
        };
        assert_eq!(parsed.detail, expected);
    }

    #[test]
    fn the_hover_card_is_read_for_a_film() {
        let parsed = parse_abstract(include_bytes!("../../../tests/fixtures/douban/abstract_movie.json")).unwrap();
        let expected = Detail {
            kind: Some(Kind::Movie),
            year: Some(2025),
            runtime_minutes: Some(118),
            rating: Some(8.1),
            directors: owned(&["林一"]),
            actors: owned(&["周二", "Ann Lee, Jr."]),
            genres: owned(&["剧情", "奇幻"]),
            countries: owned(&["中国大陆", "法国"]),
            ..Detail::default()
        };
        assert_eq!(parsed.detail, expected);
    }

    #[test]
    fn the_hover_card_is_read_for_a_series() {
        let parsed = parse_abstract(include_bytes!("../../../tests/fixtures/douban/abstract_tv.json")).unwrap();
        let expected = Detail {
            kind: Some(Kind::Tv),
            year: Some(2024),
            runtime_minutes: Some(60),
            directors: owned(&["林一"]),
            genres: owned(&["剧情"]),
            countries: owned(&["韩国"]),
            episodes: Some(12),
            ..Detail::default()
        };
        assert_eq!(parsed.detail, expected);
    }

    #[test]
    fn an_answer_without_a_film_is_not_read_as_an_empty_one() {
        for body in
            ["", "[]", "{}", r#"{"r":1}"#, r#"{"title":""}"#, r#"{"subject":{}}"#, r#"{"subject":null}"#, "<html>"]
        {
            assert!(parse_rexxar(body.as_bytes()).is_err(), "{body}");
            assert!(parse_abstract(body.as_bytes()).is_err(), "{body}");
        }
    }
}
