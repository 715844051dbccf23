//! The configuration file as it was written: its values for the layers, its lines for the errors.

use std::fs;
use std::path::{Path, PathBuf, absolute};

use figment::value::{Dict, Value};
use toml::de::{DeTable, DeValue};

use super::error::Error;
use super::locate::is_server;

/// A configuration file that was read.
pub struct Document {
    pub path: PathBuf,
    text: String,
}

impl Document {
    /// One that is not read but given.
    pub const fn of(path: PathBuf, text: String) -> Self {
        Self { path, text }
    }

    pub fn read(path: &Path) -> Result<Self, Error> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self { path: path.to_owned(), text }),
            Err(source) => Err(Error::Unreadable { path: path.to_owned(), source }),
        }
    }

    /// The file's values; relative paths among them start at the file's directory.
    pub fn values(&self) -> Result<Dict, Error> {
        let table = DeTable::parse(&self.text).map_err(|error| self.syntax(&error))?;
        let path = absolute(&self.path).map_err(|source| Error::Unreadable { path: self.path.clone(), source })?;
        Ok(to_dict(table.get_ref(), path.parent()))
    }

    /// The line on which the key is, or else the innermost table around it.
    pub fn line_of(&self, path: &[String]) -> Option<usize> {
        let root = DeTable::parse(&self.text).ok()?;
        let mut value = &DeValue::Table(root.into_inner());
        let mut offset = None;
        for segment in path {
            let (found, next) = match value {
                DeValue::Table(table) => match table.iter().find(|(key, _)| key.get_ref() == segment) {
                    Some((key, next)) => (key.span().start, next),
                    None => break,
                },
                DeValue::Array(list) => match segment.parse().ok().and_then(|index: usize| list.get(index)) {
                    Some(next) => (next.span().start, next),
                    None => break,
                },
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_) => break,
            };
            offset = Some(found);
            value = next.get_ref();
        }
        offset.map(|offset| position(&self.text, offset).0)
    }

    /// The parser's words without the line itself, which may hold a secret.
    fn syntax(&self, error: &toml::de::Error) -> Error {
        let offset = error.span().map_or(self.text.len(), |span| span.start);
        let (line, column) = position(&self.text, offset);
        let mut reason = error.message().trim().replace('\n', ", ");
        if reason == DUPLICATE_KEY {
            let key = self.text.lines().nth(line.saturating_sub(1)).and_then(name_of_key);
            reason = key.map_or(reason, |key| format!("`{key}` is there already, as a key or as a section `[{key}]`"));
        }
        Error::Syntax { path: self.path.clone(), line, column, reason }
    }
}

/// What the parser calls a key or a table that comes twice.
const DUPLICATE_KEY: &str = "duplicate key";

/// The first name of a key or of a section, where it is a plain one: anything else may be a secret.
fn name_of_key(line: &str) -> Option<&str> {
    let line = line.trim_start_matches(['[', ' ', '\t']);
    let end = line.find(|sign: char| !sign.is_ascii_lowercase() && sign != '_')?;
    let is_name = end > 0 && matches!(line[end..].trim_start().chars().next(), Some('.' | '=' | ']'));
    is_name.then(|| &line[..end])
}

/// Whether a line of the text begins with that section or a key of it, even where the text is no TOML.
pub fn names_section(text: &str, name: &str) -> bool {
    let rests = text.lines().filter_map(|line| line.trim_start_matches(['[', ' ', '\t']).strip_prefix(name));
    rests.into_iter().any(|rest| !rest.starts_with(|sign: char| sign.is_alphanumeric() || "_-".contains(sign)))
}

/// A TOML value for the layers. With a directory, keys that hold paths (`database`, `file`, `…_file`) have it put in
/// front of what is relative: a secret's `{ file = … }` included at any depth.
pub fn to_value(value: &DeValue<'_>, directory: Option<&Path>) -> Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        // A number beyond all bounds stays text, as which no setting that wants a number takes it.
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or_else(|_| number.as_str().into(), Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or_else(|_| number.as_str().into(), Value::from),
        DeValue::Boolean(truth) => (*truth).into(),
        DeValue::Datetime(time) => time.to_string().into(),
        DeValue::Array(list) => list.iter().map(|item| to_value(item.get_ref(), directory)).collect::<Vec<_>>().into(),
        DeValue::Table(table) => to_dict(table, directory).into(),
    }
}

fn to_dict(table: &DeTable<'_>, directory: Option<&Path>) -> Dict {
    table
        .iter()
        .map(|(key, value)| {
            let key = key.get_ref().as_ref();
            let value = match (value.get_ref(), directory) {
                (DeValue::String(path), Some(directory)) if holds_path(key) => below(directory, path).into(),
                (value, _) => to_value(value, directory),
            };
            (key.to_owned(), value)
        })
        .collect()
}

fn holds_path(key: &str) -> bool {
    key == "database" || key == "file" || key.ends_with("_file")
}

/// An empty path stays empty, so that it is found to be; a directory whose name is not UTF-8 cannot be put in front. The
/// address of a server is no path.
fn below(directory: &Path, path: &str) -> String {
    let joined = (!path.is_empty() && !is_server(path)).then(|| directory.join(path).into_os_string());
    joined.and_then(|joined| joined.into_string().ok()).unwrap_or_else(|| path.to_owned())
}

/// Line and column, both from 1, the column in characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::Document;
    use crate::config::Error;

    const TEXT: &str = "lang = \"zh\" # 中文\n[fairing]\nworkers = 2\n[[fairing.accounts]]\nname = \"a\"\n\
                        [[fairing.accounts]]\nname = \"b\"\ntoken = { env = \"B\" }\n";

    fn document(text: &str) -> Document {
        Document { path: "/etc/tongbu/config.toml".into(), text: text.to_owned() }
    }

    fn check_line(key: &str, expected: Option<usize>) {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        assert_eq!(document(TEXT).line_of(&path), expected, "{key}");
    }

    #[test]
    fn key_is_found_on_its_line_and_missing_key_on_its_table() {
        check_line("lang", Some(1));
        check_line("fairing", Some(2));
        check_line("fairing.workers", Some(3));
        check_line("fairing.accounts.1.name", Some(7));
        check_line("fairing.accounts.1.token.env", Some(8));
        check_line("fairing.accounts.0.token", Some(4));
        check_line("fairing.missing", Some(2));
        check_line("douban", None);
    }

    fn check_syntax(text: &str, expected_line: usize, expected_column: usize) {
        match document(text).values() {
            Err(Error::Syntax { line, column, reason, .. }) => {
                assert_eq!((line, column), (expected_line, expected_column), "{reason}");
                assert!(!reason.is_empty() && !reason.contains('\n') && !reason.contains("hunter2"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn syntax_error_names_its_place_and_quotes_nothing() {
        check_syntax("token = hunter2", 1, 9);
        check_syntax("lang = \"zh\"\ntoken = \"hunter2\nx = 1\n", 2, 17);
        check_syntax("[fairing]\ntoken = \"hunter2\"\ntoken = \"hunter2\"\n", 3, 1);
        check_syntax("a = [1,\n", 1, 8);
        check_syntax("名 = 1\n", 1, 1);
        check_syntax("key = 1\nkey2 = 0xhunter2", 2, 10);
    }

    #[test]
    fn relative_paths_start_at_the_directory_of_the_file() {
        let values = document(
            "database = \"a.db\"\n[log]\nfile = \"../log\"\n[x]\nfile = \"/abs\"\nname = \"n\"\n\
                               y = [{ key = { file = \"k\" } }]",
        )
        .values()
        .unwrap();
        assert_eq!(values["database"].as_str(), Some("/etc/tongbu/a.db"));
        assert_eq!(values["log"].find_ref("file").and_then(|v| v.as_str()), Some("/etc/tongbu/../log"));
        let section = values["x"].as_dict().unwrap();
        assert_eq!(section["file"].as_str(), Some("/abs"));
        assert_eq!(section["name"].as_str(), Some("n"));
        let reference = &section["y"].as_array().unwrap()[0];
        assert_eq!(reference.find_ref("key.file").and_then(|v| v.as_str()), Some("/etc/tongbu/k"));
    }
}
