//! Reading the configuration, and giving out its parts.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider};
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;

use super::document::Document;
use super::env::Environment;
use super::error::{Error, Place};
use super::explain::Origin;
use super::layers::Layer;
use super::locate::{Located, database_path, locate_config};
use super::mistakes;
use super::nearest::suggestion;
use super::settings::{HttpSettings, Settings};
use super::template::Section;
use crate::language::Language;
use crate::zone;

/// The loaded configuration.
#[derive(Clone)]
pub struct Config {
    settings: Settings,
    figment: Figment,
    document: Option<Arc<Document>>,
    sections: Vec<Section>,
    environment: Environment,
}

/// Reads the configuration. `explicit` is `--config`: a file that must exist. `sections` are those of the upstreams, so
/// that a misspelled one is found.
pub fn load(explicit: Option<&Path>, sections: &[Section], environment: &Environment) -> Result<Config, Error> {
    let (config, mistakes) = inspect(explicit, sections, environment)?;
    mistakes.into_iter().next().map_or(Ok(config), Err)
}

/// The configuration without what is wrong in the settings, and everything that is.
pub fn inspect(
    explicit: Option<&Path>,
    sections: &[Section],
    environment: &Environment,
) -> Result<(Config, Vec<Error>), Error> {
    let document = locate_config(explicit, environment).map(|located| Document::read(&located.path)).transpose()?;
    inspect_document(document, sections, environment)
}

/// The same from a document.
pub(super) fn inspect_document(
    document: Option<Document>,
    sections: &[Section],
    environment: &Environment,
) -> Result<(Config, Vec<Error>), Error> {
    let mut figment = Figment::new();
    if let Some(document) = &document {
        figment = figment.merge(Layer::of_file(&document.path, document.values()?));
    }
    for variable in environment.overrides() {
        figment = figment.merge(Layer::of_variable(variable)?);
    }
    let origin = Origin { figment: &figment, document: document.as_ref(), sections };
    let mut mistakes = refuse_unknown(origin);
    let top = figment.data().ok().and_then(|mut data| data.remove(&Profile::Default)).unwrap_or_default();
    let (settings, wrong) = mistakes::read::<Settings>(&origin, &[], top.into());
    mistakes.extend(wrong);
    let settings = settings.unwrap_or_default();
    let document = document.map(Arc::new);
    let (sections, environment) = (sections.to_vec(), environment.clone());
    Ok((Config { settings, figment, document, sections, environment }, mistakes))
}

impl Config {
    /// What holds without a file.
    pub fn defaults() -> Self {
        Self {
            settings: Settings::default(),
            figment: Figment::new(),
            document: None,
            sections: Vec::new(),
            environment: Environment::process(),
        }
    }

    /// The file it came from; `None` where no configuration file was found and the defaults apply.
    pub fn path(&self) -> Option<&Path> {
        self.document.as_deref().map(|document| document.path.as_path())
    }

    /// What is not an upstream's.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The database file: `--db`, `TONGBU_DB`, the configuration, `$XDG_STATE_HOME/tongbu/tongbu.db` (or below
    /// `~/.local/state`).
    pub fn locate_database(&self, explicit: Option<&Path>) -> Result<Located, Error> {
        database_path(explicit, self.settings.database.as_deref(), &self.environment)
    }

    /// Whether the section is there at all.
    pub fn has_section(&self, name: &str) -> bool {
        self.figment.contains(name)
    }

    /// Whether that section is there and sets nothing.
    pub fn is_section_empty(&self, name: &str) -> bool {
        self.figment.find_value(name).is_ok_and(|value| value.as_dict().is_some_and(Dict::is_empty))
    }

    /// An upstream's part, with defaults for what is missing. `[http]` is laid under the section's own `http` table, so
    /// `T` must hold `#[serde(default)] http: HttpSettings`; unknown keys are refused by its `deny_unknown_fields`.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<T, Error> {
        let (section, mistakes) = self.inspect_section(name);
        match (mistakes.into_iter().next(), section) {
            (None, Some(section)) => Ok(section),
            (mistake, _) => Err(mistake.unwrap_or_else(|| self.invalid(name, "cannot be read"))),
        }
    }

    /// Everything that is wrong in an upstream's part, and the part without it.
    pub fn inspect_section<T: DeserializeOwned>(&self, name: &str) -> (Option<T>, Vec<Error>) {
        let mut figment = self.figment.clone().join(Layer::moved(name, Dict::new().into()));
        if let Ok(http) = self.figment.find_value("http") {
            figment = figment.join(Layer::moved(&format!("{name}.http"), http));
        }
        let section = figment.find_value(name).unwrap_or_else(|_| Dict::new().into());
        mistakes::read(&self.origin(), &[name.to_owned()], section)
    }

    /// How an upstream's requests are sent: its section's own `http` table over `[http]`.
    pub fn http(&self, name: &str) -> Result<HttpSettings, Error> {
        #[derive(serde::Deserialize)]
        struct Section {
            #[serde(default)]
            http: HttpSettings,
        }

        Ok(self.section::<Section>(name)?.http)
    }

    /// The zone of time windows and of what people read.
    pub fn time_zone(&self) -> Result<TimeZone, Error> {
        let Some(name) = &self.settings.time_zone else { return Ok(zone::system()) };
        zone::find(name).ok_or_else(|| {
            let available: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
            let meant = zone_of_china(name).unwrap_or(name);
            let meant = suggestion(meant, available.iter().map(String::as_str));
            self.invalid("time_zone", &format!("must be the name of a time zone such as `Asia/Shanghai`{meant}"))
        })
    }

    /// The language of the output: the flag's, else `TONGBU_LANG`'s, else the file's, else the locale's.
    pub fn language(&self, flag: Option<Language>) -> Language {
        flag.unwrap_or_else(|| self.settings.lang.resolve(&self.environment))
    }

    /// An error about a value that was read but does not do, at the place it came from. The reason goes on after the
    /// key: "must not be empty".
    pub fn invalid(&self, key: &str, reason: &str) -> Error {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        self.origin().located(&path, format!("`{key}` {reason}"))
    }

    /// What set the key; `None` for a default.
    pub(super) fn place_of(&self, key: &str) -> Option<Place> {
        let inherited = key.split_once('.').map(|(_, rest)| rest).filter(|rest| rest.starts_with("http."));
        let key = std::iter::once(key).chain(inherited).find(|key| self.figment.contains(key))?;
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        self.origin().place(&path)
    }

    fn origin(&self) -> Origin<'_> {
        Origin { figment: &self.figment, document: self.document.as_deref(), sections: &self.sections }
    }
}

impl fmt::Debug for Config {
    /// The file may hold a secret where none belongs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("path", &self.path()).field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The top holds the settings' own names and sections; a section is a table.
fn refuse_unknown(origin: Origin<'_>) -> Vec<Error> {
    let top = origin.figment.data().ok().and_then(|mut data| data.remove(&Profile::Default)).unwrap_or_default();
    let (settings, sections) = (setting_names(), origin.sections);
    let check = |(name, value): (&String, &Value)| {
        if sections.iter().any(|section| section.name == name) {
            let reason = || format!("`{name}` must be a table that begins with `[{name}]`");
            return (!matches!(value, Value::Dict(..))).then(|| origin.located(std::slice::from_ref(name), reason()));
        }
        let known = settings.iter().map(String::as_str).chain(sections.iter().map(|section| section.name));
        (!settings.contains(name)).then(|| origin.unknown_top(name, known))
    };
    top.iter().filter_map(check).collect()
}

/// What people write for the time of China, which has one zone and no city of that name in the list.
fn zone_of_china(name: &str) -> Option<&'static str> {
    let name: String =
        name.to_lowercase().chars().filter(|sign| sign.is_alphanumeric() || "+/".contains(*sign)).collect();
    let is_meant = matches!(
        name.as_str(),
        "cst"
            | "china"
            | "beijing"
            | "asia/beijing"
            | "asia/shenzhen"
            | "asia/guangzhou"
            | "beijingtime"
            | "北京"
            | "北京时间"
            | "上海"
            | "utc+8"
            | "utc+08"
            | "utc+800"
            | "utc+0800"
            | "gmt+8"
            | "gmt+08"
            | "gmt+800"
            | "gmt+0800"
            | "+8"
            | "+08"
            | "+800"
            | "+0800"
    );
    is_meant.then_some("Asia/Shanghai")
}

fn setting_names() -> Vec<String> {
    match serde_json::to_value(Settings::default()) {
        Ok(serde_json::Value::Object(table)) => table.into_iter().map(|(name, _)| name).collect(),
        Ok(_) | Err(_) => Vec::new(),
    }
}
