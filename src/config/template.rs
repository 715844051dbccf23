//! The commented configuration that `tongbu config init` writes.
//!
//! In a template a key is commented out by `#` alone and prose by `#` and a blank, so that removing the `#`
//! gives the default, and the file as written changes nothing. A key is written with its whole path, so that each line
//! does without the others.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use toml::Table;

use super::error::Error;
use super::secret_ref::SecretRef;

/// What is no upstream's.
const GLOBAL: &str = include_str!("template/global.toml");

/// The file holds references to secrets and other private settings.
const FILE_MODE: u32 = 0o600;

/// An upstream's section.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    pub name: &'static str,
    /// What the template says of it.
    pub template: &'static str,
}

/// The whole template: the global part, then each upstream's. What begins with a table's header comes last, as a key
/// below it would belong to that table.
pub fn template(sections: &[Section]) -> String {
    let parts = std::iter::once(GLOBAL).chain(sections.iter().map(|section| section.template));
    let paragraphs = parts.flat_map(|part| part.trim_end().split("\n\n"));
    let (tables, keys): (Vec<_>, Vec<_>) =
        paragraphs.partition(|paragraph| paragraph.lines().any(|line| line.starts_with("#[")));
    [keys, tables].concat().join("\n\n") + "\n"
}

/// The template with every key in force.
fn uncommented(text: &str) -> String {
    let line = |line: &str| {
        line.strip_prefix('#').filter(|rest| !rest.is_empty() && !rest.starts_with(' ')).unwrap_or(line).to_owned()
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Where keys of that name belong: "into `[http]`". Only those of the table around it that has some, else all.
pub fn homes_of(key: &str, around: &str, sections: &[Section]) -> Vec<String> {
    let mut homes = Vec::new();
    if let Ok(whole) = uncommented(&template(sections)).parse::<Table>() {
        collect_homes(key, &whole, "", &mut homes);
    }
    let section = around.split(['.', '[']).next().unwrap_or_default();
    let is_near = |home: &String| home.trim_start_matches('[').split(['.', ']']).next() == Some(section);
    if homes.iter().any(is_near) {
        homes.retain(is_near);
    }
    homes.iter().map(|home| home_in_words(home)).collect()
}

fn home_in_words(table: &str) -> String {
    if table.is_empty() { "at the top, above every section".to_owned() } else { format!("into `{table}`") }
}

fn collect_homes(key: &str, table: &Table, header: &str, homes: &mut Vec<String>) {
    // A reference to a secret has keys that are no settings.
    if !header.is_empty() && table.clone().try_into::<SecretRef>().is_ok() {
        return;
    }
    if table.contains_key(key) {
        homes.push(header.to_owned());
    }
    let below = header.trim_matches(['[', ']']);
    for (name, value) in table {
        let path = if below.is_empty() { name.clone() } else { format!("{below}.{name}") };
        match value {
            toml::Value::Table(table) => collect_homes(key, table, &format!("[{path}]"), homes),
            toml::Value::Array(list) => {
                if let Some(table) = list.first().and_then(toml::Value::as_table) {
                    collect_homes(key, table, &format!("[[{path}]]"), homes);
                }
            }
            toml::Value::String(_)
            | toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_) => {}
        }
    }
}

/// Writes the text where no file is yet, for its owner only, and makes the directories above it.
pub fn write_template(path: &Path, text: &str) -> Result<(), Error> {
    let unwritable = |source| Error::Unwritable { path: path.to_owned(), source };
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(unwritable)?;
    }
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Error::AlreadyThere { path: path.to_owned() });
        }
        Err(error) => return Err(unwritable(error)),
    };
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritable)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::{Error, Section, homes_of, template, uncommented, write_template};
    use crate::config::tests::load_text;
    use crate::config::{Config, NotifyKind, Settings};

    const SECTIONS: &[Section] =
        &[Section { name: "fairing", template: include_str!("../upstreams/fairing/template.toml") }];

    fn check(config: &Config, expected: &Settings) {
        let with_defaults = |settings: &Settings| {
            let mut value = serde_json::to_value(settings).unwrap();
            // What has no default can only be shown by example.
            for key in ["database", "database_password", "database_mode", "time_zone", "log", "monitor"] {
                value.as_object_mut().unwrap().remove(key);
            }
            value
        };
        assert_eq!(with_defaults(config.settings()), with_defaults(expected));
        assert_eq!(config.settings().log.keep, expected.log.keep);
    }

    #[test]
    fn the_template_changes_nothing_as_written() {
        let text = template(SECTIONS);
        assert!(text.parse::<toml::Table>().unwrap().is_empty(), "a key is not commented out");
        check(&load_text(&text, SECTIONS, []).unwrap(), &Settings::default());
    }

    #[test]
    fn the_template_uncommented_holds_every_key_with_its_default() {
        let text = uncommented(&template(SECTIONS));
        let config = load_text(&text, SECTIONS, []).unwrap();
        check(&config, &Settings::default());
        assert_eq!(config.settings().monitor.notify[0].kind, NotifyKind::Dingtalk);
        assert_eq!(config.settings().monitor.notify[0].after, 3);
        assert!(config.has_section("fairing"));

        let written = serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
        let mut known = serde_json::to_value(Settings::default()).unwrap();
        known["monitor"]["notify"] = serde_json::json!([]);
        for (name, setting) in known.as_object().unwrap() {
            assert!(written.get(name).is_some(), "`{name}` is missing");
            for key in setting.as_object().into_iter().flat_map(serde_json::Map::keys) {
                assert!(written[name].get(key).is_some(), "`{name}.{key}` is missing");
            }
        }
    }

    #[test]
    fn key_belongs_to_the_tables_that_the_template_has_it_in() {
        let homes = |key, around| homes_of(key, around, SECTIONS).join(" or ");
        assert_eq!(homes("retries", ""), "into `[http]`");
        assert_eq!(homes("token", "fairing"), "into `[[fairing.accounts]]`");
        assert_eq!(homes("database", "log"), "at the top, above every section");
        assert_eq!(homes("keep", ""), "into `[history]` or into `[log]` or into `[records]`");
        assert_eq!(homes("keep", "log.file"), "into `[log]`");
        assert_eq!(homes("env", ""), "");
    }

    #[test]
    fn a_template_is_written_for_its_owner_and_never_over_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/tongbu/config.toml");
        write_template(&path, "# mine\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(write_template(&path, "# other\n"), Err(Error::AlreadyThere { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "# mine\n");
        let below_a_file = path.join("config.toml");
        assert!(matches!(write_template(&below_a_file, ""), Err(Error::Unwritable { .. })));
    }
}
