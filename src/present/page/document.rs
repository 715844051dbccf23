//! The page as a document.

use schemars::JsonSchema;
use serde::Serialize;

use super::parts::{Part, Section, Slot, Unit};
use crate::present::output::Json;
use crate::present::style::{Style, Time};

#[derive(Serialize, JsonSchema)]
pub struct PageDocument<'a> {
    generated_at: Time,
    slots: &'a [Slot],
    sections: Vec<SectionPart<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct SectionPart<'a> {
    key: &'a str,
    title: &'a str,
    facts: Vec<FactPart<'a>>,
    charts: Vec<ChartPart<'a>>,
    lists: Vec<ListPart<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct FactPart<'a> {
    key: &'a str,
    label: &'a str,
    unit: Unit,
    value: Option<f64>,
}

#[derive(Serialize, JsonSchema)]
struct ChartPart<'a> {
    key: &'a str,
    title: &'a str,
    unit: Unit,
    series: Vec<SeriesPart<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct SeriesPart<'a> {
    key: &'a str,
    label: &'a str,
    /// One for each slot.
    values: &'a [Option<f64>],
}

#[derive(Serialize, JsonSchema)]
struct ListPart<'a> {
    key: &'a str,
    title: &'a str,
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    rows: &'a Json,
}

impl<'a> PageDocument<'a> {
    pub fn new(slots: &'a [Slot], sections: &'a [Section], style: &Style) -> Self {
        let sections = sections.iter().map(|section| SectionPart::new(section, style)).collect();
        Self { generated_at: style.time(style.now), slots, sections }
    }
}

impl<'a> SectionPart<'a> {
    fn new(section: &'a Section, style: &Style) -> Self {
        let mut part = Self {
            key: section.key,
            title: style.label(section.title),
            facts: Vec::new(),
            charts: Vec::new(),
            lists: Vec::new(),
        };
        for known in &section.parts {
            match known {
                Part::Facts(facts) => part.facts.extend(facts.iter().map(|fact| FactPart {
                    key: &fact.key,
                    label: &fact.label,
                    unit: fact.unit,
                    value: fact.value,
                })),
                Part::Chart(chart) => part.charts.push(ChartPart {
                    key: &chart.key,
                    title: &chart.title,
                    unit: chart.unit,
                    series: chart
                        .series
                        .iter()
                        .map(|series| SeriesPart { key: &series.key, label: &series.label, values: &series.values })
                        .collect(),
                }),
                Part::List(list) => {
                    part.lists.push(ListPart { key: list.key, title: style.label(list.title), rows: &list.rows });
                }
            }
        }
        part
    }
}
