//! A row of any kind, by the names of its columns.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::kind::Kind;
use crate::clock::to_rfc3339_millis;
use crate::store::Value;
use crate::upstreams::digest::Digest;
use crate::upstreams::ecs::diff::{Comparable, FieldChange, json_list};
use crate::upstreams::ecs::instance::{InstanceId, Status, Tag};
use crate::upstreams::mirror::Identified;

/// A column's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Nothing,
    Number(i64),
    Text(String),
    /// A list whose order and repetitions mean nothing.
    Texts(BTreeSet<String>),
    Tags(BTreeSet<Tag>),
}

/// Values by their columns. One that is missing was in no answer.
pub type Cells = BTreeMap<&'static str, Cell>;

/// One row of a provider's listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    pub kind: &'static Kind,
    pub id: InstanceId,
    pub cells: Cells,
    /// The provider's word for a status that nobody has documented.
    pub unknown_status: Option<String>,
    /// The provider's own row as JSON; XML becomes JSON.
    pub raw: String,
    /// The digest of that row without what always moves.
    pub content_hash: Digest,
}

/// What another answer says of a row. Several may be about one: their lists are united.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Names the patch, in its listing.
    pub key: String,
    /// The row's.
    pub id: InstanceId,
    pub cells: Cells,
}

impl Cell {
    /// As it is stored and recorded: text, or a JSON list in a fixed order.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Number(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::Texts(set) => Some(json_list(set)),
            Self::Tags(set) => Some(json_list(set)),
        }
    }

    /// What both tell: lists are united, else the later one counts.
    fn unite(&mut self, later: Self) {
        match (self, later) {
            (Self::Texts(set), Self::Texts(later)) => set.extend(later),
            (Self::Tags(set), Self::Tags(later)) => set.extend(later),
            (cell, later) => *cell = later,
        }
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }
}

impl From<Option<i64>> for Cell {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Nothing, Self::Number)
    }
}

impl From<Option<bool>> for Cell {
    fn from(truth: Option<bool>) -> Self {
        truth.map(i64::from).into()
    }
}

impl From<Option<Timestamp>> for Cell {
    fn from(time: Option<Timestamp>) -> Self {
        time.map(to_rfc3339_millis).into()
    }
}

impl From<BTreeSet<String>> for Cell {
    fn from(set: BTreeSet<String>) -> Self {
        Self::Texts(set)
    }
}

impl From<BTreeSet<Tag>> for Cell {
    fn from(set: BTreeSet<Tag>) -> Self {
        Self::Tags(set)
    }
}

impl Asset {
    /// With what another answer says of it.
    pub fn apply(&mut self, cells: Cells) {
        for (column, cell) in cells {
            match self.cells.get_mut(column) {
                Some(known) => known.unite(cell),
                None => drop(self.cells.insert(column, cell)),
            }
        }
    }

    /// The values of the typed columns, in the table's order; `texts` holds what the values borrow.
    pub fn texts(&self) -> Vec<Option<String>> {
        self.kind.columns.iter().map(|column| self.cells.get(column.name).and_then(Cell::text)).collect()
    }

    /// Those texts as they are bound.
    pub fn values<'a>(&self, texts: &'a [Option<String>]) -> Vec<Value<'a>> {
        let bound = self.kind.columns.iter().zip(texts).map(|(column, text)| {
            if !column.is_number {
                return text.as_deref().into();
            }
            text.as_deref().and_then(|text| text.parse::<i64>().ok()).into()
        });
        bound.collect()
    }
}

impl Identified for Asset {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Identified for Patch {
    fn id(&self) -> &str {
        &self.key
    }
}

/// The stored texts of the compared columns.
pub type Known = BTreeMap<&'static str, Option<String>>;

impl Comparable for Asset {
    type Compared = Known;

    fn row_id(&self) -> &InstanceId {
        &self.id
    }

    fn content_hash(&self) -> Digest {
        self.content_hash
    }

    fn status(&self) -> Status {
        let word = self.cells.get("status").and_then(Cell::text).unwrap_or_default();
        word.parse().unwrap_or_default()
    }

    fn keep_unknown(&mut self, known: &Known) {
        for (column, text) in known {
            self.cells.entry(column).or_insert_with(|| text.clone().into());
        }
    }

    fn changes(&self, known: &Known) -> Vec<FieldChange> {
        let compared = self.kind.columns.iter().filter(|column| column.is_compared);
        let changed = compared.filter_map(|column| {
            let after = self.cells.get(column.name).and_then(Cell::text);
            let before = known.get(column.name).cloned().flatten();
            (before != after).then_some(FieldChange { field: column.name, before, after })
        });
        changed.collect()
    }
}
