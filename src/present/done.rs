//! What a command did: sentences for a person, a document for a program.

use std::fmt::Display;

use serde::Serialize;

use super::output::{Block, Json, Output};
use super::schema::DocumentSchema;
use super::style::Style;
use super::text::Text;
use super::words;

/// An answer of a command that changes something; `-q` silences it.
#[derive(Debug)]
pub struct Done<D> {
    schema: DocumentSchema,
    document: D,
    sentences: Vec<(Text, Vec<String>)>,
}

impl<D: Serialize> Done<D> {
    pub const fn new(schema: DocumentSchema, document: D) -> Self {
        Self { schema, document, sentences: Vec::new() }
    }

    /// Adds a sentence with its `{}` filled; values from elsewhere must be [sanitized](super::sanitize).
    #[must_use]
    pub fn sentence(mut self, text: Text, values: &[&dyn Display]) -> Self {
        self.sentences.push((text, values.iter().map(ToString::to_string).collect()));
        self
    }

    /// Adds that nothing was written, where that is so.
    #[must_use]
    pub fn dry_run(self, is_dry_run: bool) -> Self {
        if is_dry_run { self.sentence(words::DRY_RUN, &[]) } else { self }
    }
}

impl<D: Serialize> Output for Done<D> {
    fn schema(&self) -> &DocumentSchema {
        &self.schema
    }

    fn is_quiet_on_success(&self) -> bool {
        true
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let line = |(text, values): &(Text, Vec<String>)| {
            let values: Vec<&dyn Display> = values.iter().map(|value| value as &dyn Display).collect();
            Block::Line(text.fill(style.language, &values))
        };
        self.sentences.iter().map(line).collect()
    }

    fn json(&self, _: &Style) -> Json {
        Json::of(&self.document)
    }
}
