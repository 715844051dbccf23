//! What people and programs see of an output, for snapshots: both languages, narrow and wide, and the document.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::tables::render_output;
use crate::language::Language;
use crate::present::style::samples::style;
use crate::present::{self, Output, Style};

/// The output in both languages at 80 and 200 columns, and its document. The integration tests hold every document of a
/// snapshot against the published schemas.
pub fn render_everything(output: &dyn Output) -> String {
    let mut all = String::new();
    for (title, language) in [("English", Language::En), ("中文", Language::Zh)] {
        for width in [80, 200] {
            writeln!(all, "== {title}, {width} columns").unwrap();
            all.push_str(&render_output(output, &style(language, Some(width))));
        }
    }
    let document = present::output::document(output, &style(Language::Zh, None));
    let pretty = serde_json::from_str::<serde_json::Value>(document.as_str()).unwrap();
    writeln!(all, "== JSON\n{pretty:#}").unwrap();
    all
}

/// In both languages no line of the table is wider than 80 columns.
pub fn tables_fit(render_text: impl Fn(&Style) -> String) {
    for language in [Language::En, Language::Zh] {
        let text = render_text(&style(language, Some(80)));
        let table = text.lines().take_while(|line| !line.contains("record") && !line.contains("记录 "));
        for line in table {
            assert!(line.width() <= 80, "{} columns: {line}", line.width());
        }
    }
}
