//! Pages of hand-made values, also of hostile ones.

use insta::assert_snapshot;
use jiff::civil::date;
use jiff::tz::TimeZone;
use scraper::{Html, Selector};

use super::render_page;
use crate::language::Language;
use crate::present::page::{Chart, Fact, Page, Period, Section, Shape, Unit};
use crate::present::style::samples::style;
use crate::present::{Column, DocumentSchema, ListingSpec, Severity, Text, Word, listing, text};
use crate::ui::{injection_tests, snapshots};

struct Row(String);

impl ListingSpec for Row {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.sample/1", "a test", listing::schema::<Self>);
    const KEY: &'static str = "rows";
    const EMPTY: Text = text("none", "无");
    const COLUMNS: &'static [Column<Self>] = &[
        Column::text("name", |row: &Self| &row.0).titled(text("name", "名称")),
        Column::word("state", |_| Word::new("bad", text("bad", "坏"), Severity::Bad)).titled(text("state", "状态")),
    ];
}

fn page(name: &str) -> Page {
    let period = Period::new(date(2026, 1, 1), date(2026, 1, 3), TimeZone::UTC);
    let mut section = Section::new("sample", text("Sample", "样例"));
    section.facts(vec![Fact::count(name, name, 7), Fact::new("rate", "rate", Unit::Share, Some(0.75))]);
    let mut chart = Chart::new(name, name, Shape::Stacked, Unit::Count);
    chart.add(name, name, vec![Some(3.0), None, Some(4.0)]);
    chart.add_marked("bad", "bad", Severity::Bad, vec![Some(1.0), None, Some(0.0)]);
    section.chart(chart);
    let mut lines = Chart::new("lines", "lines", Shape::Lines, Unit::Seconds);
    lines.add(name, name, vec![Some(0.5), None, Some(90.0)]);
    section.chart(lines);
    section.list("rows", text("rows", "行"), &[Row(name.to_owned())], &style(Language::En, None));
    Page { period, sections: vec![section, Section::new("empty", text("Empty", "空"))] }
}

fn parsed(name: &str) -> (Html, String) {
    let html = render_page(&page(name), &style(Language::En, None));
    (Html::parse_document(&html), html)
}

fn select<'a>(document: &'a Html, selector: &str) -> Vec<scraper::ElementRef<'a>> {
    let selector = Selector::parse(selector).unwrap();
    document.select(&selector).collect()
}

#[test]
fn a_page_on_a_terminal_and_as_a_document() {
    assert_snapshot!("page", snapshots::render_everything(&page("盗梦空间")));
}

#[test]
fn hostile_names_are_harmless_on_a_terminal() {
    injection_tests::check_output(|text| Box::new(page(text)));
}

#[test]
fn hostile_names_change_nothing_of_the_page_but_its_texts() {
    let shape = |document: &Html| -> Vec<String> {
        let elements = select(document, "*");
        let shape = elements.iter().map(|element| {
            let value = element.value();
            let mut attributes: Vec<_> = value.attrs().map(|(name, _)| name).collect();
            attributes.sort_unstable();
            format!("{} {attributes:?}", value.name())
        });
        shape.collect()
    };
    let expected = shape(&parsed("plain").0);
    let hostile = [
        "</script><script>alert(1)</script>",
        "</title></style></svg></table></details><img src=x onerror=alert(1)>",
        "]]><!--",
        "--><b>",
        "\" onload=\"alert(1)",
        "' onload='alert(1)",
        "`${alert(1)}`",
        "javascript:alert(1)",
        "&lt;b&gt;&#60;b&#62;&amp;",
        "{{7*7}}",
    ];
    let long = ["x".repeat(10_000), "宽".repeat(10_000), "<".repeat(10_000)];
    for name in hostile.map(str::to_owned).into_iter().chain(long).chain(injection_tests::hostile_strings()) {
        let (document, html) = parsed(&name);
        assert_eq!(shape(&document), expected, "{name:?}");
        let raw = html.chars().find(|sign| *sign != '\n' && crate::text::safe(&sign.to_string()).len() > 4);
        assert_eq!(raw, None, "{name:?}");
        assert!(!html.contains("<script") && !html.contains("<img"), "{name:?}");
    }
}

#[test]
fn a_page_refers_to_nothing_outside() {
    let (document, html) = parsed("plain");
    for word in ["http:", "https:", "src=", "url(", "@import", "<script", "<link", "<iframe"] {
        assert!(!html.contains(word), "{word}");
    }
    let links = select(&document, "a");
    assert!(!links.is_empty() && links.iter().all(|link| link.attr("href").unwrap().starts_with('#')));
    let policy = select(&document, "meta[http-equiv]")[0].attr("content").unwrap().to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
}

#[test]
fn every_chart_has_its_values_in_a_table() {
    let (document, _) = parsed("plain");
    let figures = select(&document, "figure");
    assert_eq!(figures.len(), 2);
    let cells: Vec<String> =
        select(&document, "figure:first-of-type td").iter().map(scraper::ElementRef::inner_html).collect();
    assert_eq!(cells, ["4", "0", "", "", "3", "1"], "the newest first");
    let captions = select(&document, "figure details table caption");
    assert_eq!(captions.len(), 2);
}

#[test]
fn the_page_is_in_the_language_of_its_reader() {
    let html = render_page(&page("x"), &style(Language::Zh, None));
    assert!(html.contains("lang=\"zh-CN\"") && html.contains("同步状况") && html.contains("样例"), "{html}");
}
