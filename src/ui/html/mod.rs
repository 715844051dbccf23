//! Draws a page as one file of HTML: it refers to nothing outside, runs nothing, and reads in any browser.

mod chart;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::language::Language;
use crate::present::page::{Chart, EMPTY, Fact, List, Page, Part, Period, Section, Slot};
use crate::present::table::{Alignment, Cell, Severity, Table};
use crate::present::{Style, Text, sanitize, text};

const STYLE: &str = include_str!("page.css");
/// What a browser may load: only what is inside.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const TITLE: Text = text("State of the syncs", "同步状况");
const MADE: Text = text("{} to {} · made {}", "{} 至 {} · 生成于 {}");
const AS_TABLE: Text = text("as a table", "查看数据表");
const DAY: Text = text("day", "日期");
const CONTENTS: Text = text("Sections", "目录");

/// The whole file.
pub fn render_page(page: &Page, style: &Style) -> String {
    let language = match style.language {
        Language::En => "en",
        Language::Zh => "zh-CN",
    };
    let title = style.label(TITLE);
    let period = &page.period;
    let made = MADE.fill(style.language, &[&period.first(), &period.last(), &style.local(style.now)]);
    let markup = html! {
        (DOCTYPE)
        html lang=(language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "tongbu · " (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p.made { (made) }
                    nav aria-label=(style.label(CONTENTS)) {
                        @for section in &page.sections {
                            a href={ "#" (section.key) } { (style.label(section.title)) }
                        }
                    }
                }
                main {
                    @for section in &page.sections { (render_section(section, period, style)) }
                }
                footer { "tongbu " (env!("CARGO_PKG_VERSION")) }
            }
        }
    };
    markup.into_string()
}

fn render_section(section: &Section, period: &Period, style: &Style) -> Markup {
    html! {
        section #(section.key) {
            h2 { (style.label(section.title)) }
            @if section.parts.is_empty() { p.empty { (style.label(EMPTY)) } }
            div.parts {
                @for part in &section.parts {
                    @match part {
                        Part::Facts(facts) => dl.facts { @for fact in facts { (render_fact(fact, style)) } },
                        Part::Chart(chart) => (render_chart(chart, period, style)),
                        Part::List(list) => (render_list(list, style)),
                    }
                }
            }
        }
    }
}

fn render_fact(fact: &Fact, style: &Style) -> Markup {
    html! {
        div.fact {
            dt { (sanitize(&fact.label)) }
            dd class=(severity_class(fact.severity)) { (fact.text(style)) }
        }
    }
}

fn render_chart(chart: &Chart, period: &Period, style: &Style) -> Markup {
    let title = sanitize(&chart.title);
    let top = chart::top(chart);
    let days = [period.slots.first(), period.slots.last()];
    html! {
        figure.chart {
            figcaption { (title) }
            @if chart.series.len() > 1 || chart.series.iter().any(|series| series.label != title) {
                ul.legend {
                    @for (index, series) in chart.series.iter().enumerate() {
                        li { span.key.{ "c" (chart::colour(index, series)) } aria-hidden="true" {} (series.label) }
                    }
                }
            }
            div.plot {
                span.top aria-hidden="true" { (chart.unit.show(top, style)) }
                svg viewBox=(chart::VIEW_BOX) role="img" aria-label=(title) preserveAspectRatio="none" {
                    (chart::draw(chart, top))
                }
                span.days aria-hidden="true" {
                    @for day in days.into_iter().flatten() { span { (day.first.strftime("%m-%d").to_string()) } }
                }
            }
            details {
                summary { (style.label(AS_TABLE)) }
                (render_values(chart, &title, period, style))
            }
        }
    }
}

/// The values of a chart: a row for each slot, the newest first, so that a reader hears the present state at once.
fn render_values(chart: &Chart, title: &str, period: &Period, style: &Style) -> Markup {
    let value = |slot: usize, series: usize| {
        let value = chart.series.get(series).and_then(|series| series.values.get(slot).copied().flatten());
        value.map(|value| chart.unit.show(value, style)).unwrap_or_default()
    };
    html! {
        div.scroll tabindex="0" role="region" aria-label=(title) {
            table {
                caption { (title) }
                thead {
                    tr {
                        th scope="col" { (style.label(DAY)) }
                        @for series in &chart.series { th.number scope="col" { (series.label) } }
                    }
                }
                tbody {
                    @for (index, slot) in period.slots.iter().enumerate().rev() {
                        tr {
                            th scope="row" { (slot_label(*slot)) }
                            @for series in 0..chart.series.len() { td.number { (value(index, series)) } }
                        }
                    }
                }
            }
        }
    }
}

fn slot_label(slot: Slot) -> String {
    if slot.first == slot.last { slot.first.to_string() } else { format!("{} – {}", slot.first, slot.last) }
}

fn render_list(list: &List, style: &Style) -> Markup {
    let Table { columns, rows } = &list.table;
    let is_shown: Vec<bool> = (0..columns.len())
        .map(|index| !columns[index].is_hidden_when_blank || rows.iter().any(|row| !row[index].is_blank()))
        .collect();
    let class = |index: usize| match columns[index].alignment {
        Alignment::Left => "",
        Alignment::Right => "number",
    };
    let shown = || (0..columns.len()).filter(|index| is_shown[*index]);
    html! {
        div.list {
            div.scroll tabindex="0" role="region" aria-label=(style.label(list.title)) {
                table {
                    caption { (style.label(list.title)) }
                    thead {
                        tr {
                            @for index in shown() { th scope="col" class=(class(index)) { (columns[index].title) } }
                        }
                    }
                    tbody {
                        @for row in rows {
                            tr { @for index in shown() { td class=(class(index)) { (render_cell(&row[index])) } } }
                        }
                    }
                }
            }
        }
    }
}

fn render_cell(cell: &Cell) -> Markup {
    html! {
        @if cell.severity == Severity::Plain {
            (cell.text)
        } @else {
            span.dot.(severity_class(cell.severity)) aria-hidden="true" {}
            span class=(severity_class(cell.severity)) { (cell.text) }
        }
    }
}

const fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Plain => "plain",
        Severity::Good => "good",
        Severity::Bad => "bad",
        Severity::Warning => "warning",
    }
}

#[cfg(test)]
mod tests;
