//! The commented configuration that `tongbu config init` writes.
//!
//! In a template a key is commented out by `#` alone and prose by `#` and a blank, so that removing the `#`
//! gives the default, and the file as written changes nothing.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::error::Error;

/// What is no upstream's.
const GLOBAL: &str = include_str!("template/global.toml");

/// The file holds references to secrets and other private settings.
const FILE_MODE: u32 = 0o600;

/// The whole template: the global part, then each upstream's snippet.
pub fn template(snippets: &[&str]) -> String {
    let parts: Vec<&str> = [GLOBAL].iter().chain(snippets).map(|part| part.trim_end()).collect();
    parts.join("\n\n") + "\n"
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

    use super::{Error, template, write_template};
    use crate::config::tests::load_text;
    use crate::config::{Config, NotifyKind, Settings};

    const FAIRING: &str = include_str!("../upstreams/fairing/template.toml");

    /// Every key uncommented, prose left.
    fn uncommented(text: &str) -> String {
        text.lines()
            .map(|line| {
                line.strip_prefix('#').filter(|rest| !rest.is_empty() && !rest.starts_with(' ')).unwrap_or(line)
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn check(config: &Config, expected: &Settings) {
        let with_defaults = |settings: &Settings| {
            let mut value = serde_json::to_value(settings).unwrap();
            // What has no default can only be shown by example.
            for key in ["database", "time_zone", "log", "monitor"] {
                value.as_object_mut().unwrap().remove(key);
            }
            value
        };
        assert_eq!(with_defaults(config.settings()), with_defaults(expected));
        assert_eq!(config.settings().log.keep, expected.log.keep);
    }

    #[test]
    fn the_template_changes_nothing_as_written() {
        let text = template(&[FAIRING]);
        assert!(text.parse::<toml::Table>().unwrap().is_empty(), "a key is not commented out");
        check(&load_text(&text, &["fairing"], []).unwrap(), &Settings::default());
    }

    #[test]
    fn the_template_uncommented_holds_every_key_with_its_default() {
        let text = uncommented(&template(&[FAIRING]));
        let config = load_text(&text, &["fairing"], []).unwrap();
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
