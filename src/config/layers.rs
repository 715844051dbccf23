//! The layers a setting can come from, in figment's terms.

use std::path::Path;

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};
use toml::de::DeValue;

use super::document::to_value;
use super::env::Override;
use super::error::{Error, Place};

/// Values with the name of where they are from.
pub struct Layer {
    metadata: Metadata,
    values: Dict,
}

impl Layer {
    pub fn of_file(path: &Path, values: Dict) -> Self {
        Self { metadata: Metadata::from("file", path), values }
    }

    /// One environment variable, so that an error can name it.
    pub fn of_variable(variable: Override) -> Result<Self, Error> {
        let Override { variable: name, key, value } = variable;
        let text = value.into_string().map_err(|_| Error::Misplaced {
            place: Place::Variable(name.clone()),
            reason: "the value is not valid UTF-8".to_owned(),
        })?;
        let value =
            DeValue::parse(&text).map_or_else(|_| text.as_str().into(), |value| to_value(value.get_ref(), None));
        Ok(Self { metadata: Metadata::from("variable", name), values: nested(&key, value) })
    }

    /// Values that already know where they are from, put under another key.
    pub fn moved(key: &str, value: Value) -> Self {
        Self { metadata: Metadata::named("moved"), values: nested(key, value) }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn nested(key: &str, value: Value) -> Dict {
    figment::util::nest(key, value).into_dict().unwrap_or_default()
}

/// Where a layer's values are from; `None` for defaults. The line is for the caller to find.
pub fn place_of(metadata: &Metadata) -> Option<Place> {
    let source = metadata.source.as_ref()?;
    source
        .file_path()
        .map(|path| Place::File { path: path.to_owned(), line: None })
        .or_else(|| source.custom().map(|name| Place::Variable(name.to_owned())))
}

#[cfg(test)]
mod tests {
    use figment::Figment;
    use serde_json::{Value, json};

    use super::Layer;
    use crate::config::env::Environment;

    fn check(value: &'static str, expected: &Value) {
        let variable = Environment::fixed([("TONGBU_A__B", value)]).overrides().remove(0);
        let figment = Figment::from(Layer::of_variable(variable).unwrap());
        assert_eq!(figment.find_value("a.b").unwrap().deserialize::<Value>().unwrap(), *expected);
    }

    #[test]
    fn a_variable_is_read_as_toml_where_it_is_toml_and_as_text_otherwise() {
        check("5", &json!(5));
        check("true", &json!(true));
        check("\"5\"", &json!("5"));
        check("https://app.example/api?a=b", &json!("https://app.example/api?a=b"));
        check("2h", &json!("2h"));
        check("2025-10-24", &json!("2025-10-24"));
        check("[\"a\", \"b\"]", &json!(["a", "b"]));
        check("[{ name = \"eu\", token = { env = \"T\" } }]", &json!([{"name": "eu", "token": {"env": "T"}}]));
        check("[broken", &json!("[broken"));
        check("99999999999999999999", &json!("99999999999999999999"));
        check("-0x10", &json!("-0x10"));
        check("1_000", &json!(1000));
        check("1.5", &json!(1.5));
        check("a\nb = 1", &json!("a\nb = 1"));
    }
}
