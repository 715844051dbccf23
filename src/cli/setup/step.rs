//! What a step of a setup is, and what is said beside the steps.

use std::fmt::Display;

use crate::present::{Style, Text, sanitize};

/// One step.
#[derive(Debug)]
pub struct Step {
    pub what: &'static str,
    /// A path, or a name.
    pub subject: String,
    pub state: State,
    pub action: Action,
}

/// A sentence for the person.
#[derive(Clone, Debug)]
pub struct Note {
    text: Text,
    values: Vec<String>,
}

/// Who gets a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Root,
    /// Root; the user's group may read it.
    Group,
    User,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    MakeUser,
    MakeFolder { mode: u32, owner: Owner },
    WriteFile { mode: u32, owner: Owner, text: String },
    WriteSecret,
    WriteCrontab { text: String },
    EnableTimers { names: Vec<String> },
}

/// How things are before a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is to be done.
    Present,
    Missing,
    /// A file that is there with another text: it stays, unless somebody says yes.
    Differs,
    /// A secret's file that is there and holds nothing.
    Empty,
    Done,
}

impl Note {
    pub fn of(text: Text, values: &[&dyn Display]) -> Self {
        Self { text, values: values.iter().map(|value| sanitize(&value.to_string())).collect() }
    }

    pub fn fill(&self, style: &Style) -> String {
        let values: Vec<&dyn Display> = self.values.iter().map(|value| value as &dyn Display).collect();
        self.text.fill(style.language, &values)
    }
}
