//! The numbers of a terminal and of a page of HTML are those of the document.

use scraper::{ElementRef, Html, Selector};
use serde_json::Value;

use super::{Document, fleet, used};
use crate::support::{Running, Sandbox};

/// A number as a person reads it.
fn shown(value: &Value, unit: &Value) -> String {
    let Some(value) = value.as_f64() else { return String::new() };
    match unit.as_str().expect("a unit") {
        "share" => format!("{:.1}%", value * 100.0),
        "seconds" => span(value),
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.1}"),
    }
}

/// The two largest units of a span.
fn span(seconds: f64) -> String {
    let millis = std::time::Duration::from_secs_f64(seconds).as_millis();
    if millis < 1_000 {
        return format!("{millis}ms");
    }
    if millis < 60_000 {
        return format!("{}.{}s", millis / 1_000, millis / 100 % 10);
    }
    let whole = millis / 1_000;
    let parts = [(whole / 86_400, "d"), (whole / 3_600 % 24, "h"), (whole / 60 % 60, "m"), (whole % 60, "s")];
    let parts = parts.iter().skip_while(|(count, _)| *count == 0).take(2).filter(|(count, _)| *count > 0);
    parts.map(|(count, unit)| format!("{count}{unit}")).collect::<Vec<_>>().join(" ")
}

/// The page as a document, on a wide terminal and as HTML, of the same database.
fn drawn(sandbox: &Sandbox) -> (Document, String, Html) {
    let document = Document::load(sandbox, "9d");
    let mut command = sandbox.command();
    command.args(["report", "--since", "9d"]).env("COLUMNS", "240");
    let terminal = Running::start_with(&mut command).expect(0).stdout;
    let file = sandbox.home.path().join("report.html");
    sandbox.run(&format!("report --since 9d --html {}", file.display())).expect(0);
    (document, terminal, Html::parse_document(&std::fs::read_to_string(file).expect("a page")))
}

fn select(selector: &str) -> Selector {
    Selector::parse(selector).expect("a selector")
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().trim().to_owned()
}

fn texts(element: ElementRef<'_>, selector: &str) -> Vec<String> {
    element.select(&select(selector)).map(text).collect()
}

#[test]
fn terminal_and_html_show_the_numbers_of_the_document() {
    let sandbox = used();
    fleet::past(&sandbox);
    let (document, terminal, html) = drawn(&sandbox);
    let is_shown = |words: &[String]| {
        terminal
            .lines()
            .any(|line| words.iter().try_fold(line, |rest, word| Some(rest.split_once(word.as_str())?.1)).is_some())
    };
    let mut count = 0;
    for section in document.0["sections"].as_array().expect("sections") {
        let key = section["key"].as_str().expect("a key");
        let page = html.select(&select(&format!("#{key}"))).next().expect("a section");
        let list = |kind: &str| section[kind].as_array().expect("a list").clone();
        let label = |value: &Value| value.as_str().expect("a label").to_owned();
        let pairs: Vec<_> = texts(page, "dt").into_iter().zip(texts(page, "dd")).collect();
        for fact in list("facts") {
            let value = if fact["value"].is_null() { "–".to_owned() } else { shown(&fact["value"], &fact["unit"]) };
            let pair = (label(&fact["label"]), value);
            assert!(pairs.contains(&pair), "{pair:?} is not among {pairs:?}");
            assert!(is_shown(&[pair.0.clone(), pair.1.clone()]), "{pair:?}: {terminal}");
            count += 1;
        }
        let figures: Vec<_> = page.select(&select("figure")).collect();
        assert_eq!(figures.len(), list("charts").len(), "{key}");
        for (chart, figure) in list("charts").iter().zip(figures) {
            let series = chart["series"].as_array().expect("series");
            // The newest slot is the first row.
            let mut rows: Vec<Vec<String>> = figure.select(&select("tbody tr")).map(|row| texts(row, "td")).collect();
            rows.reverse();
            for (column, one) in series.iter().enumerate() {
                let values = one["values"].as_array().expect("values");
                let expected: Vec<String> = values.iter().map(|value| shown(value, &chart["unit"])).collect();
                let found: Vec<String> = rows.iter().map(|row| row[column].clone()).collect();
                assert_eq!(found, expected, "{key} {} {}", chart["key"], one["key"]);
                let numbers: Vec<f64> = values.iter().filter_map(Value::as_f64).collect();
                let show = |value: f64| shown(&value.into(), &chart["unit"]);
                let newest = numbers.last().copied().map(show).unwrap_or_default();
                let least = numbers.iter().copied().reduce(f64::min).map(show).unwrap_or_default();
                let most = numbers.iter().copied().reduce(f64::max).map(show).unwrap_or_default();
                let mut words =
                    vec![label(&one["label"]), " ".to_owned(), newest, " ".to_owned(), least, " ".to_owned(), most];
                if ["rows", "problems", "requests", "churn"].contains(&key) {
                    words.extend([" ".to_owned(), show(numbers.iter().sum())]);
                }
                assert!(is_shown(&words), "{words:?}: {terminal}");
                count += values.len();
            }
        }
        let tables: Vec<_> = page.select(&select(".list")).collect();
        assert_eq!(tables.len(), list("lists").len(), "{key}");
        for (known, table) in list("lists").iter().zip(tables) {
            let rows = known["rows"].as_array().expect("rows");
            let cells: Vec<Vec<String>> = table.select(&select("tbody tr")).map(|row| texts(row, "td")).collect();
            assert_eq!(cells.len(), rows.len(), "{key} {}", known["key"]);
            for (row, cells) in rows.iter().zip(cells) {
                for number in ["count", "open", "dead", "delivered", "votes", "year"] {
                    let Some(value) = row[number].as_u64() else { continue };
                    assert!(cells.contains(&value.to_string()), "{number} of {row:#}: {cells:?}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 300, "{count} numbers");
}
