//! The settings in effect, each with what set it; secrets only as their references.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{Error, Place};
use super::load::Config;
use super::locate::{CONFIGURED, DEFAULT, Located};
use super::secret_ref::SecretRef;

/// One setting in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The dotted key.
    pub key: String,
    /// `null` where nothing is set and there is no default.
    pub value: Value,
    /// What set it; `None` for the default.
    pub place: Option<Place>,
}

impl Setting {
    /// The setting and, where it is a list of tables, each of them as a row after it.
    pub fn with_tables(self) -> Vec<Self> {
        let mut rows = vec![self.clone()];
        if self.is_list_of_tables() {
            let tables = self.value.as_array().into_iter().flatten().enumerate();
            rows.extend(tables.map(|(index, table)| Self {
                key: format!("{}[{index}]", self.key),
                value: table.clone(),
                place: self.place.clone(),
            }));
        }
        rows
    }

    pub fn is_list_of_tables(&self) -> bool {
        self.value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_object))
    }

    /// The texts in its value, each with its own dotted key.
    pub fn texts(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        collect_texts(&self.key, &self.value, &mut found);
        found
    }

    /// The references to secrets in its value, each with its own dotted key.
    pub fn references(&self) -> Vec<(String, SecretRef)> {
        let mut found = Vec::new();
        collect_references(&self.key, &self.value, &mut found);
        found
    }
}

fn collect_texts(key: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((key.to_owned(), text.clone())),
        Value::Object(table) => {
            table.iter().for_each(|(name, value)| collect_texts(&format!("{key}.{name}"), value, found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| collect_texts(&format!("{key}[{index}]"), item, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn collect_references(key: &str, value: &Value, found: &mut Vec<(String, SecretRef)>) {
    match value {
        Value::Object(table) if is_reference(table) => {
            found.extend(serde_json::from_value(value.clone()).ok().map(|reference| (key.to_owned(), reference)));
        }
        Value::Object(table) => {
            for (name, value) in table {
                collect_references(&format!("{key}.{name}"), value, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_references(&format!("{key}[{index}]"), item, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl Config {
    /// The settings that are no upstream's.
    pub fn describe(&self) -> Result<Vec<Setting>, Error> {
        self.flatten("", self.settings())
    }

    /// The database in effect, and what named it.
    pub fn describe_database(&self, explicit: Option<&Path>) -> Result<Setting, Error> {
        let Located { path, named_by } = self.locate_database(explicit)?;
        let key = "database".to_owned();
        let place = match named_by {
            DEFAULT => None,
            CONFIGURED => self.place_of(&key),
            flag_or_variable => Some(Place::Variable(flag_or_variable.to_owned())),
        };
        Ok(Setting { place, key, value: path.to_string_lossy().into() })
    }

    /// An upstream's settings, defaults included. What the file holds beyond `T` is an error, so nothing is shown that
    /// no type vouches for.
    pub fn describe_section<T: DeserializeOwned + Serialize>(&self, name: &str) -> Result<Vec<Setting>, Error> {
        self.flatten(name, &self.section::<T>(name)?)
    }

    fn flatten(&self, prefix: &str, settings: &impl Serialize) -> Result<Vec<Setting>, Error> {
        let value = serde_json::to_value(settings)
            .map_err(|error| Error::Invalid { key: prefix.to_owned(), reason: format!("cannot be shown: {error}") })?;
        let mut flat = Vec::new();
        self.collect(prefix, value, &mut flat);
        Ok(flat)
    }

    fn collect(&self, key: &str, value: Value, flat: &mut Vec<Setting>) {
        match value {
            Value::Object(table) if !is_reference(&table) => {
                for (name, value) in table {
                    let key = if key.is_empty() { name } else { format!("{key}.{name}") };
                    self.collect(&key, value, flat);
                }
            }
            value @ (Value::Object(_)
            | Value::Array(_)
            | Value::String(_)
            | Value::Number(_)
            | Value::Bool(_)
            | Value::Null) => flat.push(Setting { key: key.to_owned(), value, place: self.place_of(key) }),
        }
    }
}

fn is_reference(table: &serde_json::Map<String, Value>) -> bool {
    table.len() == 1 && serde_json::from_value::<SecretRef>(Value::Object(table.clone())).is_ok()
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    use super::Setting;
    use crate::config::tests::{SECTIONS, load_text};
    use crate::config::{HttpSettings, Place, SecretRef};

    #[derive(Default, Deserialize, Serialize)]
    #[serde(default, deny_unknown_fields)]
    struct Section {
        workers: u32,
        token: Option<SecretRef>,
        http: HttpSettings,
    }

    fn check(settings: &[Setting], key: &str, value: &Value, place: &str) {
        let setting = settings.iter().find(|setting| setting.key == key).unwrap();
        assert_eq!(&setting.value, value, "{key}");
        let shown = match &setting.place {
            None => "default".to_owned(),
            Some(Place::File { line, .. }) => format!("line {}", line.unwrap()),
            Some(Place::Variable(name)) => name.clone(),
        };
        assert_eq!(shown, place, "{key}");
    }

    #[test]
    fn every_setting_has_its_value_and_its_origin() {
        let text = "[http]\nretries = 5\n[fairing]\ntoken = { env = \"T\" }\n[fairing.http]\nbackoff = \"4s\"\n\
                    [monitor]\nping_url = { env = \"PING\" }\n";
        let config = load_text(text, SECTIONS, [("TONGBU_LOG__KEEP", "3d"), ("T", "hunter2")]).unwrap();

        let global = config.describe().unwrap();
        check(&global, "time_zone", &json!(null), "default");
        check(&global, "http.retries", &json!(5), "line 2");
        check(&global, "http.backoff", &json!("2s"), "default");
        check(&global, "log.keep", &json!("3d"), "TONGBU_LOG__KEEP");
        check(&global, "monitor.ping_url", &json!({"env": "PING"}), "line 8");

        let section = config.describe_section::<Section>("fairing").unwrap();
        check(&section, "fairing.workers", &json!(0), "default");
        check(&section, "fairing.token", &json!({"env": "T"}), "line 4");
        check(&section, "fairing.http.backoff", &json!("4s"), "line 6");
        check(&section, "fairing.http.retries", &json!(5), "line 2");
        assert!(!format!("{global:?}{section:?}").contains("hunter2"));
        let references: Vec<_> = global.iter().chain(&section).flat_map(Setting::references).collect();
        let expected = [("monitor.ping_url", "PING"), ("fairing.token", "T")];
        assert_eq!(references, expected.map(|(key, name)| (key.to_owned(), SecretRef::Env(name.to_owned()))));
    }

    #[test]
    fn references_are_found_at_any_depth() {
        let value = json!([{"name": "eu", "token": {"file": "/t"}}, {"env": 5}, "x"]);
        let setting = Setting { key: "fairing.accounts".to_owned(), value, place: None };
        let found = setting.references();
        assert_eq!(found, [("fairing.accounts[0].token".to_owned(), SecretRef::File("/t".into()))]);
    }
}
