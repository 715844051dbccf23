//! A table as values: titles, cells, and what may be left out on a narrow terminal.

/// To which side a column's cells are aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    Left,
    Right,
}

/// What a cell's colour says; never the only way it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Plain,
    Good,
    Bad,
    Warning,
}

/// A column as it is drawn.
#[derive(Clone, Debug)]
pub struct TableColumn {
    pub title: String,
    pub alignment: Alignment,
    /// Left out where every row is empty or zero in it.
    pub is_hidden_when_blank: bool,
    /// 0: never left out; of the others the highest goes first where space is short.
    pub drop_order: u8,
}

impl TableColumn {
    pub fn text(title: &str) -> Self {
        Self { title: title.to_owned(), alignment: Alignment::Left, is_hidden_when_blank: false, drop_order: 0 }
    }

    pub fn number(title: &str) -> Self {
        Self { alignment: Alignment::Right, ..Self::text(title) }
    }

    /// Leaves the column out where every row is empty or zero in it.
    #[must_use]
    pub fn hidden_when_blank(self) -> Self {
        Self { is_hidden_when_blank: true, ..self }
    }

    /// Leaves the column out where space is short, before those with a lower `order`.
    #[must_use]
    pub fn droppable(self, order: u8) -> Self {
        Self { drop_order: order, ..self }
    }
}

/// One cell; its text is already safe for a terminal.
#[derive(Clone, Debug)]
pub struct Cell {
    pub text: String,
    pub severity: Severity,
}

impl Cell {
    pub fn with_severity(text: impl Into<String>, severity: Severity) -> Self {
        Self { text: text.into(), severity }
    }

    pub fn is_blank(&self) -> bool {
        self.text.is_empty() || self.text == "0"
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::with_severity(text, Severity::Plain)
    }
}

/// Columns and rows, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Table {
    pub columns: Vec<TableColumn>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    pub const fn new(columns: Vec<TableColumn>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row with a cell for each column.
    pub fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }
}
