//! A page of numbers, charts and lists: the same for a terminal, a document and a file of HTML.

mod document;
mod parts;

use self::document::PageDocument;
use super::output::{Block, Json, Output};
use super::schema::DocumentSchema;
use super::style::{Style, sanitize};
use super::text::{Text, text};

pub use self::parts::{Chart, Fact, List, Part, Period, Section, Series, Shape, Slot, Unit};

/// The document of a page.
pub const SCHEMA: DocumentSchema = DocumentSchema::of::<PageDocument<'static>>("tongbu.report/1", "report");

pub const EMPTY: Text = text("nothing to show for these days", "这段时间没有数据");

/// The whole page.
#[derive(Debug)]
pub struct Page {
    pub period: Period,
    pub sections: Vec<Section>,
}

impl Output for Page {
    fn schema(&self) -> &DocumentSchema {
        &SCHEMA
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let mut blocks = Vec::new();
        for section in &self.sections {
            if !blocks.is_empty() {
                blocks.push(Block::Gap);
            }
            blocks.push(Block::Heading(style.label(section.title).to_owned()));
            if section.parts.is_empty() {
                blocks.push(Block::Line(style.label(EMPTY).to_owned()));
            }
            for (index, part) in section.parts.iter().enumerate() {
                if index > 0 {
                    blocks.push(Block::Gap);
                }
                match part {
                    Part::Facts(facts) => {
                        let pair = |fact: &Fact| (sanitize(&fact.label), fact.text(style));
                        blocks.push(Block::Pairs(facts.iter().map(pair).collect()));
                    }
                    Part::Chart(chart) => blocks.push(Block::Table(chart.table(style))),
                    Part::List(list) => {
                        blocks.push(Block::Line(style.label(list.title).to_owned()));
                        blocks.push(Block::Table(list.table.clone()));
                    }
                }
            }
        }
        blocks
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&PageDocument::new(&self.period.slots, &self.sections, style))
    }
}
