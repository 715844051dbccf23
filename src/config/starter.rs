//! A configuration to start with: the template with some of its keys in force.

use std::path::Path;

use super::document::Document;
use super::env::Environment;
use super::error::Error;
use super::load::{Config, inspect_document};
use super::template::Section;

/// The template with each of these lines in the place of the first line with its key. They are written as in a
/// template, but without the `#`; an empty line ends a table.
pub fn starter(template: &str, lines: &str) -> String {
    let mut table = "";
    let mut wanted: Vec<_> = lines.lines().filter_map(|line| Some((key_of(line, &mut table)?, line))).collect();
    table = "";
    let mut in_force = |line| {
        let key = key_of(line, &mut table)?;
        let position = wanted.iter().position(|(known, _)| *known == key)?;
        Some(wanted.remove(position).1)
    };
    template.lines().map(|line| in_force(line).unwrap_or(line)).collect::<Vec<_>>().join("\n") + "\n"
}

/// The configuration as this text in that file says it.
pub fn load_text(path: &Path, text: String, sections: &[Section], environment: &Environment) -> Result<Config, Error> {
    let document = Document::of(path.to_owned(), text);
    let (config, mistakes) = inspect_document(Some(document), sections, environment)?;
    mistakes.into_iter().next().map_or(Ok(config), Err)
}

/// The table and the key that a line of a template sets, whether it is commented out or not; `table` is the one above it.
fn key_of<'a>(line: &'a str, table: &mut &'a str) -> Option<(&'a str, &'a str)> {
    let line = line.strip_prefix('#').unwrap_or(line);
    if line.is_empty() {
        *table = "";
    }
    if line.starts_with('[') {
        *table = line;
        return Some((line, ""));
    }
    let (key, _) = line.split_once(" = ")?;
    (!key.contains(' ')).then_some((*table, key))
}

#[cfg(test)]
mod tests {
    use super::starter;

    #[test]
    fn chosen_lines_are_in_force_and_all_others_stay_comments() {
        let template = "# All keys.\n#a.x = 1\n#a.y = 2\n\n# Tables, n = 1 is the first.\n#[[a.n]]\n#n = \"o\"\n#s = { env = \"S\" }\n\
                        #[[a.n]]\n#n = \"p\"\n";
        let lines = "[[a.n]]\nn = \"q\"\ns = { file = \"f\" }\n\na.y = 3\n";
        assert_eq!(
            starter(template, lines),
            "# All keys.\n#a.x = 1\na.y = 3\n\n# Tables, n = 1 is the first.\n[[a.n]]\nn = \"q\"\ns = { file = \"f\" }\n\
             #[[a.n]]\n#n = \"p\"\n"
        );
        assert_eq!(starter(template, ""), template);
    }
}
