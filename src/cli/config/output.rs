//! What the `config` commands show.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::cli::failure::ErrorPart;
use crate::config::{Located, Place, Setting};
use crate::exit::Exit;
use crate::present::{
    Block, Cell, Column, DocumentSchema, Done, Json, ListingSpec, Output, Severity, Style, Table, TableColumn, Text,
    listing, sanitize, text, words,
};
use crate::upstreams::Failure;

pub const CREATED_SCHEMA: DocumentSchema = DocumentSchema::of::<CreatedDocument>("tongbu.config-init/1", "config init");
pub const PATHS_SCHEMA: DocumentSchema = DocumentSchema::of::<PathsDocument>("tongbu.config-path/1", "config path");
pub static CHECKED_SCHEMA: DocumentSchema =
    DocumentSchema::of::<CheckedDocument<'static>>("tongbu.config-check/1", "config check");
pub static TESTED_SCHEMA: DocumentSchema =
    DocumentSchema::of::<CheckedDocument<'static>>("tongbu.notify-test/1", "notify test");

const CREATED: Text =
    text("wrote `{}`: fill it in, then run `tongbu config check`", "已写入 `{}`：填好后运行 `tongbu config check`");

/// Where configuration and database are.
#[derive(Debug)]
pub struct PathsOutput {
    pub config: Option<Located>,
    pub database: Located,
}

/// What `config check` opened or `notify test` reached, and what is wrong with it.
pub struct CheckedOutput {
    schema: &'static DocumentSchema,
    pub exit: Exit,
    parts: Vec<(String, Result<(), Failure>)>,
}

impl CheckedOutput {
    /// The worst of the failures is the exit code.
    pub fn new(schema: &'static DocumentSchema, parts: Vec<(String, Result<(), Failure>)>) -> Self {
        let failures = parts.iter().filter_map(|(_, outcome)| outcome.as_ref().err());
        let exit = failures.fold(Exit::Ok, |exit, failure| exit.worst(Exit::from(failure.class)));
        Self { schema, exit, parts }
    }
}

/// A column of settings.
type C = Column<Setting>;

impl ListingSpec for Setting {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.config/1", "config show", listing::schema::<Self>);
    const KEY: &'static str = "settings";
    const EMPTY: Text = text("no settings", "没有设置");
    const COLUMNS: &'static [C] = &[
        C::text("key", |setting| &setting.key).titled(text("key", "键")),
        C::nested::<Value>("value", |setting| setting.value.clone())
            .titled(text("value", "值"))
            .drawn(|setting, _| sanitize(&setting.value.to_string()).into()),
        C::nested::<Option<String>>("set_by", |setting| set_by(setting).into())
            .titled(text("set by", "来源"))
            .drawn(|setting, _| set_by(setting).as_deref().map(sanitize).unwrap_or_default().into())
            .hidden_when_blank()
            .droppable(1),
    ];
}

fn set_by(setting: &Setting) -> Option<String> {
    setting.place.as_ref().map(Place::to_string)
}

#[derive(Serialize, JsonSchema)]
pub struct CreatedDocument {
    path: PathBuf,
}

/// What `config init` wrote.
pub fn created(path: PathBuf) -> Done<CreatedDocument> {
    let shown = sanitize(&path.to_string_lossy());
    Done::new(CREATED_SCHEMA, CreatedDocument { path }).sentence(CREATED, &[&shown])
}

#[derive(Serialize, JsonSchema)]
struct PathsDocument {
    config: Option<PathPart>,
    database: PathPart,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "located")]
struct PathPart {
    path: String,
    named_by: &'static str,
    exists: bool,
}

impl PathPart {
    fn new(located: &Located) -> Self {
        let path = located.path.to_string_lossy().into_owned();
        Self { path, named_by: located.named_by, exists: located.path.exists() }
    }
}

impl Output for PathsOutput {
    fn schema(&self) -> &DocumentSchema {
        &PATHS_SCHEMA
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let value = |located: &Located| format!("{} ({})", sanitize(&located.path.to_string_lossy()), located.named_by);
        let config = self.config.as_ref().map_or_else(|| style.label(text("none", "无")).to_owned(), value);
        vec![Block::Pairs(vec![
            (style.label(words::CONFIGURATION).to_owned(), config),
            (style.label(words::DATABASE).to_owned(), value(&self.database)),
        ])]
    }

    fn json(&self, _: &Style) -> Json {
        let database = PathPart::new(&self.database);
        Json::of(&PathsDocument { config: self.config.as_ref().map(PathPart::new), database })
    }
}

#[derive(Serialize, JsonSchema)]
struct CheckedDocument<'a> {
    exit_code: u8,
    exit_name: &'static str,
    parts: Vec<CheckedPart<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct CheckedPart<'a> {
    name: &'a str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorPart<'a>>,
}

impl Output for CheckedOutput {
    fn schema(&self) -> &DocumentSchema {
        self.schema
    }

    fn is_quiet_on_success(&self) -> bool {
        self.exit == Exit::Ok
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let mut table = Table::new(vec![
            TableColumn::text(style.label(text("part", "部分"))),
            TableColumn::text(style.label(words::STATE)),
            TableColumn::text(style.label(words::MESSAGE)).hidden_when_blank(),
        ]);
        for (name, outcome) in &self.parts {
            let (label, severity) = match outcome {
                Ok(()) => (words::OK, Severity::Good),
                Err(_) => (words::ERROR, Severity::Bad),
            };
            let message = outcome.as_ref().err().map(|failure| sanitize(&failure.full_message()));
            table.push(vec![
                sanitize(name).into(),
                Cell::with_severity(style.label(label), severity),
                message.unwrap_or_default().into(),
            ]);
        }
        vec![Block::Table(table)]
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&CheckedDocument {
            exit_code: self.exit.code(),
            exit_name: self.exit.name(),
            parts: self.parts.iter().map(|(name, outcome)| CheckedPart::new(name, outcome, style)).collect(),
        })
    }
}

impl<'a> CheckedPart<'a> {
    fn new(name: &'a str, outcome: &'a Result<(), Failure>, style: &'a Style) -> Self {
        let error = outcome.as_ref().err().map(|failure| ErrorPart::new(failure, None, style));
        Self { name, ok: outcome.is_ok(), error }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use insta::assert_snapshot;

    use super::{CHECKED_SCHEMA, CheckedOutput, PathsOutput, created};
    use crate::cli::samples::{failure, failure_of};
    use crate::config::{Located, Place, Setting};
    use crate::error::Class;
    use crate::present::Listing;
    use crate::ui::{injection_tests, snapshots};

    fn located(path: &str, named_by: &'static str) -> Located {
        Located { path: PathBuf::from(path), named_by }
    }

    #[test]
    fn what_is_configured_and_where_is_shown() {
        let failure = failure(Class::Config, "`fairing.accounts`: there is none");
        let parts = vec![("database".to_owned(), Ok(())), ("fairing".to_owned(), Err(failure))];
        assert_snapshot!("check", snapshots::render_everything(&CheckedOutput::new(&CHECKED_SCHEMA, parts)));
        assert_snapshot!("init", snapshots::render_everything(&created("/etc/tongbu/config.toml".into())));
        let config = Some(located("/nowhere/config.toml", "--config"));
        let database = located("/var/lib/tongbu/tongbu.db", "the configuration");
        assert_snapshot!("path", snapshots::render_everything(&PathsOutput { config, database }));
        let setting = |key: &str, value: serde_json::Value, place| Setting { key: key.to_owned(), value, place };
        let accounts = serde_json::json!([{"token": {"env": "TOKEN"}}]);
        let settings = Listing::new(vec![
            setting("lang", "auto".into(), None),
            setting("fairing.accounts", accounts, Some(Place::Variable("X".into()))),
        ]);
        assert_snapshot!("show", snapshots::render_everything(&settings));
    }

    #[test]
    fn hostile_settings_are_harmless() {
        injection_tests::check_output(|text| Box::new(created(text.into())));
        injection_tests::check_output(|text| {
            let database = located(text, "the default");
            Box::new(PathsOutput { config: Some(database.clone()), database })
        });
        injection_tests::check_output(|text| {
            let parts = vec![(text.to_owned(), Err(failure_of(text)))];
            Box::new(CheckedOutput::new(&CHECKED_SCHEMA, parts))
        });
        injection_tests::check_output(|text| {
            let place = Some(Place::Variable(text.to_owned()));
            Box::new(Listing::new(vec![Setting { key: text.to_owned(), value: text.into(), place }]))
        });
    }
}
