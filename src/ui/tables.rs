//! Draws what `present` describes: tables that stay readable in a narrow terminal, pairs, lines.

use comfy_table::{Attribute, CellAlignment, Color, ContentArrangement, LineStyle, presets};
use unicode_width::UnicodeWidthStr;

use super::notice;
use crate::present::style::{Style, cut};
use crate::present::table::{Alignment, Cell, Severity, Table, TableColumn};
use crate::present::{Block, Output, Text, text};

/// Spaces between two columns: one of them is the border that is not drawn.
const GAP: usize = 2;
const PADDING: u16 = 1;

const LEFT_OUT: Text = text("`--wide` shows more columns: {}", "`--wide` 还会显示：{}");
const COMMA: Text = text(", ", "、");

/// Everything a person reads of the output; ends with a line break unless it is empty.
pub fn render_output(output: &dyn Output, style: &Style) -> String {
    let render = |block| match block {
        Block::Table(table) => render_table(table, style),
        Block::Pairs(pairs) => render_pairs(&pairs),
        Block::Line(line) => line + "\n",
        Block::Notice { label, severity, message } => notice::render(label, &message, severity, style),
        Block::Heading(title) => render_heading(&title, style),
        Block::Gap => "\n".to_owned(),
    };
    output.blocks(style).into_iter().map(render).collect()
}

/// The table inside the style's width: blank columns are left out, then droppable ones, then cells wrap. Ends with a
/// line break.
pub fn render_table(mut table: Table, style: &Style) -> String {
    drop_blank_columns(&mut table);
    let (is_too_wide, left_out) = match style.width {
        Some(width) => drop_columns(&mut table, usize::from(width)),
        None => (false, Vec::new()),
    };
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
    let titles = table.columns.iter().map(|column| bold(comfy_table::Cell::new(&column.title), style));
    drawn.set_header(titles.collect::<Vec<_>>());
    for row in table.rows {
        drawn.add_row(row.into_iter().map(|cell| coloured(cell, style)).collect::<Vec<_>>());
    }
    let last = table.columns.len().saturating_sub(1);
    for (index, (drawn_column, column)) in drawn.column_iter_mut().zip(&table.columns).enumerate() {
        drawn_column.set_padding((0, if index == last { 0 } else { PADDING }));
        drawn_column.set_cell_alignment(match column.alignment {
            Alignment::Left => CellAlignment::Left,
            Alignment::Right => CellAlignment::Right,
        });
    }
    let mut text = drawn.trim_fmt();
    text.push('\n');
    if style.names_left_out && !left_out.is_empty() {
        text.push_str(&render_left_out(&left_out, style));
    }
    text
}

fn render_left_out(titles: &[String], style: &Style) -> String {
    let line = LEFT_OUT.fill(style.language, &[&titles.join(style.label(COMMA))]);
    let line = style.width.map_or_else(|| line.clone(), |width| cut(&line, usize::from(width)));
    if style.colour { format!("\u{1b}[2m{line}\u{1b}[0m\n") } else { line + "\n" }
}

fn drop_blank_columns(table: &mut Table) {
    for index in (0..table.columns.len()).rev() {
        if table.columns[index].is_hidden_when_blank && table.rows.iter().all(|row| row[index].is_blank()) {
            remove_column(table, index);
        }
    }
}

/// Drops columns until the table fits; whether it is still too wide without every droppable one, and their titles.
fn drop_columns(table: &mut Table, width: usize) -> (bool, Vec<String>) {
    let mut titles = Vec::new();
    while natural_width(table) > width {
        let droppable = table.columns.iter().enumerate().filter(|(_, column)| column.drop_order > 0);
        let Some((index, _)) = droppable.max_by_key(|(_, column)| column.drop_order) else { return (true, titles) };
        titles.push(table.columns[index].title.clone());
        remove_column(table, index);
    }
    (false, titles)
}

fn natural_width(table: &Table) -> usize {
    let widest = |(index, column): (usize, &TableColumn)| {
        let cells = table.rows.iter().map(|row| row[index].text.width());
        cells.chain([column.title.width()]).max().unwrap_or_default()
    };
    let gaps = table.columns.len().saturating_sub(1) * GAP;
    table.columns.iter().enumerate().map(widest).sum::<usize>() + gaps
}

fn remove_column(table: &mut Table, index: usize) {
    table.columns.remove(index);
    for row in &mut table.rows {
        row.remove(index);
    }
}

fn render_heading(title: &str, style: &Style) -> String {
    let line = "═".repeat(title.width());
    if style.colour { format!("\u{1b}[1m{title}\u{1b}[0m\n{line}\n") } else { format!("{title}\n{line}\n") }
}

/// Pairs of a name and a value, one a line, the values aligned.
pub fn render_pairs<N: AsRef<str>>(pairs: &[(N, String)]) -> String {
    let widest = pairs.iter().map(|(name, _)| name.as_ref().width()).max().unwrap_or_default();
    let line = |(name, value): &(N, String)| {
        let name = name.as_ref();
        let gap = " ".repeat(widest - name.width() + GAP);
        format!("{name}{gap}{value}").trim_end().to_owned() + "\n"
    };
    pairs.iter().map(line).collect()
}

fn coloured(cell: Cell, style: &Style) -> comfy_table::Cell {
    let drawn = comfy_table::Cell::new_owned(cell.text);
    let colour = match cell.severity {
        Severity::Plain => None,
        Severity::Good => Some(Color::Green),
        Severity::Bad => Some(Color::Red),
        Severity::Warning => Some(Color::Yellow),
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

    use super::{Cell, Severity, Table, TableColumn, render_pairs, render_table};
    use crate::language::Language;
    use crate::present::style::Style;
    use crate::present::style::samples::style;

    fn sample() -> Table {
        let mut table = Table::new(vec![
            TableColumn::text("name"),
            TableColumn::number("count").hidden_when_blank(),
            TableColumn::text("about").droppable(1),
            TableColumn::number("new").droppable(2).hidden_when_blank(),
        ]);
        table.push(vec!["盗梦空间".into(), "0".into(), "x".repeat(20).into(), "1".into()]);
        table.push(vec!["Inception".into(), "".into(), "y".into(), Cell::with_severity("20", Severity::Good)]);
        table
    }

    #[test]
    fn blank_columns_are_left_out_and_wide_characters_align() {
        assert_snapshot!(render_table(sample(), &style(Language::En, None)), @"
        name       about                 new
        ────────────────────────────────────
        盗梦空间   xxxxxxxxxxxxxxxxxxxx    1
        Inception  y                      20
        ");
    }

    #[test]
    fn columns_go_in_their_order_when_room_is_short_and_then_cells_wrap() {
        let at = |width| render_table(sample(), &style(Language::En, Some(width)));
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
        let named = Style { names_left_out: true, ..style(Language::En, Some(33)) };
        assert!(render_table(sample(), &named).ends_with("\n`--wide` shows more columns: new\n"));
        assert!(!render_table(sample(), &Style { width: None, ..named }).contains("--wide"));
        let narrow = at(6);
        assert!(narrow.lines().all(|line| line.width() <= 6), "{narrow}");
    }

    #[test]
    fn colour_is_used_only_where_the_style_has_it() {
        assert!(!render_table(sample(), &style(Language::En, None)).contains('\u{1b}'));
        let coloured = render_table(sample(), &Style { colour: true, ..style(Language::En, None) });
        assert!(coloured.contains("\u{1b}["), "{coloured}");
    }

    #[test]
    fn pairs_align_their_values() {
        let pairs = [("状态", "ok".to_owned()), ("a", "b".to_owned()), ("long", String::new())];
        assert_eq!(render_pairs(&pairs), "状态  ok\na     b\nlong\n");
    }
}
