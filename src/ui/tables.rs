//! Tables that stay readable in a narrow terminal.

use comfy_table::{Attribute, CellAlignment, Color, ContentArrangement, LineStyle, presets};
use unicode_width::UnicodeWidthStr;

use super::style::Style;

/// Spaces between two columns: one of them is the border that is not drawn.
const GAP: usize = 2;
const PADDING: u16 = 1;

/// Which way a column's cells lean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lean {
    Left,
    Right,
}

/// What a cell says by its colour; never the only way it says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Bad,
    Doubtful,
}

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    title: String,
    lean: Lean,
    is_hidden_when_blank: bool,
    /// 0: stays; of the others the highest goes first where room is short.
    drop_order: u8,
}

impl Column {
    pub fn text(title: &str) -> Self {
        Self { title: title.to_owned(), lean: Lean::Left, is_hidden_when_blank: false, drop_order: 0 }
    }

    pub fn number(title: &str) -> Self {
        Self { lean: Lean::Right, ..Self::text(title) }
    }

    /// Left out where no row has anything but nothing or zero in it.
    #[must_use]
    pub fn hidden_when_blank(self) -> Self {
        Self { is_hidden_when_blank: true, ..self }
    }

    /// Left out where room is short, before those with a lower `order`.
    #[must_use]
    pub fn droppable(self, order: u8) -> Self {
        Self { drop_order: order, ..self }
    }
}

/// One cell; its text is already fit for a terminal.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    fn is_blank(&self) -> bool {
        self.text.is_empty() || self.text == "0"
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

/// Columns and rows, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub const fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row with a cell for each column.
    pub fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }

    /// The table inside the style's width: blank columns are left out, then droppable ones, then cells wrap. Ends with
    /// a line break.
    pub fn render(mut self, style: &Style) -> String {
        self.leave_out_blank_columns();
        let mut is_too_wide = false;
        if let Some(width) = style.width {
            is_too_wide = self.drop_columns(usize::from(width));
        }
        let mut drawn = comfy_table::Table::new();
        let mut line_style = presets::NOTHING;
        line_style.header_separator = LineStyle::none().fill('─').junction('─');
        drawn.load_style(line_style);
        if style.colour {
            drawn.enforce_styling();
        } else {
            drawn.force_no_tty();
        }
        if let (true, Some(width)) = (is_too_wide, style.width) {
            drawn.set_content_arrangement(ContentArrangement::Dynamic);
            drawn.set_width(width);
        }
        let titles = self.columns.iter().map(|column| bold(comfy_table::Cell::new(&column.title), style));
        drawn.set_header(titles.collect::<Vec<_>>());
        for row in self.rows {
            drawn.add_row(row.into_iter().map(|cell| coloured(cell, style)).collect::<Vec<_>>());
        }
        let last = self.columns.len().saturating_sub(1);
        for (index, (drawn_column, column)) in drawn.column_iter_mut().zip(&self.columns).enumerate() {
            drawn_column.set_padding((0, if index == last { 0 } else { PADDING }));
            drawn_column.set_cell_alignment(match column.lean {
                Lean::Left => CellAlignment::Left,
                Lean::Right => CellAlignment::Right,
            });
        }
        let mut text = drawn.trim_fmt();
        text.push('\n');
        text
    }

    fn leave_out_blank_columns(&mut self) {
        for index in (0..self.columns.len()).rev() {
            if self.columns[index].is_hidden_when_blank && self.rows.iter().all(|row| row[index].is_blank()) {
                self.remove_column(index);
            }
        }
    }

    /// Answers whether the table is still too wide without all it can spare.
    fn drop_columns(&mut self, width: usize) -> bool {
        while self.natural_width() > width {
            let droppable = self.columns.iter().enumerate().filter(|(_, column)| column.drop_order > 0);
            let Some((index, _)) = droppable.max_by_key(|(_, column)| column.drop_order) else { return true };
            self.remove_column(index);
        }
        false
    }

    fn natural_width(&self) -> usize {
        let widest = |(index, column): (usize, &Column)| {
            let cells = self.rows.iter().map(|row| row[index].text.width());
            cells.chain([column.title.width()]).max().unwrap_or_default()
        };
        let gaps = self.columns.len().saturating_sub(1) * GAP;
        self.columns.iter().enumerate().map(widest).sum::<usize>() + gaps
    }

    fn remove_column(&mut self, index: usize) {
        self.columns.remove(index);
        for row in &mut self.rows {
            row.remove(index);
        }
    }
}

/// Pairs of a name and a value, one a line, the values aligned.
pub fn render_pairs(pairs: &[(&str, String)]) -> String {
    let widest = pairs.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
    let line = |(name, value): &(&str, String)| {
        let gap = " ".repeat(widest - name.width() + GAP);
        format!("{name}{gap}{value}").trim_end().to_owned() + "\n"
    };
    pairs.iter().map(line).collect()
}

fn coloured(cell: Cell, style: &Style) -> comfy_table::Cell {
    let drawn = comfy_table::Cell::new_owned(cell.text);
    let colour = match cell.tone {
        Tone::Plain => None,
        Tone::Good => Some(Color::Green),
        Tone::Bad => Some(Color::Red),
        Tone::Doubtful => Some(Color::Yellow),
    };
    match colour {
        Some(colour) if style.colour => drawn.fg(colour),
        _ => drawn,
    }
}

fn bold(cell: comfy_table::Cell, style: &Style) -> comfy_table::Cell {
    if style.colour { cell.add_attribute(Attribute::Bold) } else { cell }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use unicode_width::UnicodeWidthStr;

    use super::{Cell, Column, Table, Tone, render_pairs};
    use crate::language::Language;
    use crate::ui::samples::style;
    use crate::ui::style::Style;

    fn sample() -> Table {
        let mut table = Table::new(vec![
            Column::text("name"),
            Column::number("count").hidden_when_blank(),
            Column::text("about").droppable(1),
            Column::number("new").droppable(2).hidden_when_blank(),
        ]);
        table.push(vec!["盗梦空间".into(), "0".into(), "x".repeat(20).into(), "1".into()]);
        table.push(vec!["Inception".into(), "".into(), "y".into(), Cell::toned("20", Tone::Good)]);
        table
    }

    #[test]
    fn blank_columns_are_left_out_and_wide_characters_align() {
        assert_snapshot!(sample().render(&style(Language::En, None)), @"
        name       about                 new
        ────────────────────────────────────
        盗梦空间   xxxxxxxxxxxxxxxxxxxx    1
        Inception  y                      20
        ");
    }

    #[test]
    fn columns_go_in_their_order_when_room_is_short_and_then_cells_wrap() {
        let at = |width| sample().render(&style(Language::En, Some(width)));
        assert_snapshot!(at(33), @"
        name       about
        ───────────────────────────────
        盗梦空间   xxxxxxxxxxxxxxxxxxxx
        Inception  y
        ");
        assert_snapshot!(at(20), @"
        name
        ─────────
        盗梦空间
        Inception
        ");
        let narrow = at(6);
        assert!(narrow.lines().all(|line| line.width() <= 6), "{narrow}");
    }

    #[test]
    fn colour_is_only_there_when_asked_for() {
        assert!(!sample().render(&style(Language::En, None)).contains('\u{1b}'));
        let coloured = sample().render(&Style { colour: true, ..style(Language::En, None) });
        assert!(coloured.contains("\u{1b}["), "{coloured}");
    }

    #[test]
    fn pairs_align_their_values() {
        let pairs = [("状态", "ok".to_owned()), ("a", "b".to_owned()), ("long", String::new())];
        assert_eq!(render_pairs(&pairs), "状态  ok\na     b\nlong\n");
    }
}
