//! Lines that fit: Chinese signs are two columns wide, and a line may end after almost each of them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What clap takes where no width is known, and at most.
const WIDEST: usize = 100;
/// From here on a line is the text below a flag, and no flag.
const TEXT_INDENT: usize = 10;
const NEVER_FIRST: &str = "，。；：、！？）》」”’…,.;:!?)]>'`";
const NEVER_LAST: &str = "（《「“‘([<'`";

/// The text with its descriptions in one column, and its long lines broken.
pub fn fit(text: &str, width: Option<u16>) -> String {
    let width = width.map_or(WIDEST, |width| usize::from(width).min(WIDEST));
    let lines: Vec<&str> = text.lines().collect();
    let blocks = lines.chunk_by(|one, other| entry(one).is_some() == entry(other).is_some());
    let mut fitted = String::new();
    for line in blocks.flat_map(align) {
        fitted.push_str(&wrap(&line, width));
        fitted.push('\n');
    }
    fitted
}

/// A flag or a command, and its description.
fn entry(line: &str) -> Option<(&str, &str)> {
    let indent = line.len() - line.trim_start().len();
    if !(2..TEXT_INDENT).contains(&indent) || is_example(line) {
        return None;
    }
    let gap = indent + line[indent..].find("  ")?;
    Some((&line[..gap], line[gap..].trim_start()))
}

/// A command line that can be copied, which stays on its line.
fn is_example(line: &str) -> bool {
    line.starts_with("  tongbu ")
}

fn align(lines: &[&str]) -> Vec<String> {
    let widest = lines.iter().filter_map(|line| entry(line)).map(|(head, _)| columns(head)).max().unwrap_or_default();
    let aligned = lines.iter().map(|line| match entry(line) {
        Some((head, text)) => format!("{head}{}{text}", " ".repeat(widest + 2 - columns(head))),
        None => line.trim_end().to_owned(),
    });
    aligned.collect()
}

fn wrap(line: &str, width: usize) -> String {
    if is_example(line) || columns(line) <= width {
        return line.to_owned();
    }
    let hanging = line.trim_end().rfind("  ").map_or(0, |gap| columns(&line[..gap + 2]));
    let (mut wrapped, mut column) = (String::new(), 0);
    for unit in units(line) {
        let size = columns(unit);
        if column > hanging && column + columns(unit.trim_end()) > width {
            wrapped.truncate(wrapped.trim_end().len());
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(hanging));
            column = hanging;
            if unit.trim().is_empty() {
                continue;
            }
        }
        wrapped.push_str(unit);
        column += size;
    }
    wrapped
}

/// The pieces between which the line may be broken.
fn units(line: &str) -> Vec<&str> {
    let mut units = Vec::new();
    let mut start = 0;
    let pairs = line.char_indices().zip(line.char_indices().skip(1));
    for ((_, before), (index, after)) in pairs {
        let is_wide = |sign: char| sign.width() == Some(2);
        let is_edge = after == ' ' || is_wide(before) || is_wide(after);
        if before == ' ' || (is_edge && !NEVER_FIRST.contains(after) && !NEVER_LAST.contains(before)) {
            units.push(&line[start..index]);
            start = index;
        }
    }
    units.push(&line[start..]);
    units
}

/// How wide it is on a terminal; sequences for colour take no room.
fn columns(text: &str) -> usize {
    let mut parts = text.split('\u{1b}');
    let plain = parts.next().unwrap_or_default().width();
    plain + parts.map(|part| part.split_once('m').map_or(0, |(_, shown)| shown.width())).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::{columns, fit};

    #[test]
    fn descriptions_are_in_one_column_and_no_line_is_too_wide() {
        let text = "选项:\n      --db <文件>  数据库文件\n  -q             成功时不输出任何内容，失败时照常输出\n";
        let expected = "选项:\n      --db <文件>  数据库文件\n  -q               成功时不输出任\n                   何内容，失败时\n                   照常输出\n";
        assert_eq!(fit(text, Some(34)), expected);
    }

    #[test]
    fn a_word_and_a_mark_after_a_sign_stay_together() {
        let expected = "          一二三\n          四，五\n          --force\n          六\n";
        assert_eq!(fit("          一二三四，五 --force 六", Some(19)), expected);
    }

    #[test]
    fn examples_stay_on_their_lines_and_colour_takes_no_room() {
        let example = "  tongbu sync all        同步全部已配置的上游\n";
        assert_eq!(fit(example, Some(20)), example);
        assert_eq!(columns("\u{1b}[1m\u{1b}[4m用法:\u{1b}[0m a"), 7);
    }
}
