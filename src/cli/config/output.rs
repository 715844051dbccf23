//! What the `config` commands show.

use std::path::{Path, PathBuf};

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

const FILE: Text = text("read `{}`", "已读取 `{}`");
const BELOW: Text = text("{} below", "下列 {} 项");
const NO_FILE: Text = text(
    "there is no configuration file, so the defaults hold; write one with `tongbu config init`",
    "没有配置文件，使用默认值；可运行 `tongbu config init` 写一个",
);

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
    /// What was read; `None` where no file was to be read.
    source: Option<Source>,
    parts: Vec<CheckedPart>,
    /// Whether a person is shown what to do: what is wrong with a file says so itself.
    has_hints: bool,
}

/// Where the configuration is from.
#[derive(Debug)]
enum Source {
    File(PathBuf),
    Defaults,
}

/// A part of the configuration, or a receiver, and everything that is wrong with it.
#[derive(Debug)]
pub struct CheckedPart {
    pub name: String,
    pub failures: Vec<Failure>,
}

impl CheckedOutput {
    /// The worst of the failures is the exit code.
    pub fn new(schema: &'static DocumentSchema, parts: Vec<CheckedPart>) -> Self {
        let failures = parts.iter().flat_map(|part| &part.failures);
        let exit = failures.fold(Exit::Ok, |exit, failure| exit.worst(Exit::from(failure.class)));
        Self { schema, exit, source: None, parts, has_hints: false }
    }

    /// With what to do about each failure.
    pub fn with_hints(self) -> Self {
        Self { has_hints: true, ..self }
    }

    /// Names the configuration's file first.
    pub fn reading(self, file: Option<&Path>) -> Self {
        let source = file.map_or(Source::Defaults, |path| Source::File(path.to_owned()));
        Self { source: Some(source), ..self }
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
        C::nested::<Value>("value", |setting| setting.value.clone()).titled(text("value", "值")).drawn(
            |setting, style| match setting.value.as_array() {
                Some(tables) if setting.is_list_of_tables() => BELOW.fill(style.language, &[&tables.len()]).into(),
                _ => sanitize(&setting.value.to_string()).into(),
            },
        ),
        C::nested::<Option<String>>("set_by", |setting| set_by(setting).into())
            .titled(text("set by", "来源"))
            .drawn(|setting, style| style.message(&set_by(setting).unwrap_or_default()).into())
            .hidden_when_blank(),
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
        let value = |located: &Located| {
            format!("{} ({})", sanitize(&located.path.to_string_lossy()), style.message(located.named_by))
        };
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
    path: Option<&'a Path>,
    parts: Vec<PartDocument<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct PartDocument<'a> {
    name: &'a str,
    ok: bool,
    /// The first of `errors`.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorPart<'a>>,
    errors: Vec<ErrorPart<'a>>,
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
            TableColumn::text(style.label(words::WHAT_TO_DO)).hidden_when_blank(),
        ]);
        for CheckedPart { name, failures } in &self.parts {
            let mut row = |label, severity, message: String, hint: &str| {
                table.push(vec![
                    style.message(name).into(),
                    Cell::with_severity(style.label(label), severity),
                    message.into(),
                    style.message(if self.has_hints { hint } else { "" }).into(),
                ]);
            };
            if failures.is_empty() {
                row(words::OK, Severity::Good, String::new(), "");
            }
            for failure in failures {
                row(words::ERROR, Severity::Bad, style.message(&failure.full_message()), &failure.hint);
            }
        }
        let source = self.source.as_ref().map(|source| match source {
            Source::File(path) => FILE.fill(style.language, &[&sanitize(&path.to_string_lossy())]),
            Source::Defaults => style.label(NO_FILE).to_owned(),
        });
        source.map(Block::Line).into_iter().chain([Block::Table(table)]).collect()
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&CheckedDocument {
            exit_code: self.exit.code(),
            exit_name: self.exit.name(),
            path: match &self.source {
                Some(Source::File(path)) => Some(path),
                Some(Source::Defaults) | None => None,
            },
            parts: self.parts.iter().map(|part| PartDocument::new(part, style)).collect(),
        })
    }
}

impl CheckedPart {
    pub fn new(name: impl Into<String>, failures: Vec<Failure>) -> Self {
        Self { name: name.into(), failures }
    }
}

impl<'a> PartDocument<'a> {
    fn new(part: &'a CheckedPart, style: &'a Style) -> Self {
        let error = |failure| ErrorPart::new(failure, None, style);
        let errors = part.failures.iter().map(error).collect();
        Self { name: &part.name, ok: part.failures.is_empty(), error: part.failures.first().map(error), errors }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use insta::assert_snapshot;

    use super::{CHECKED_SCHEMA, CheckedOutput, CheckedPart, PathsOutput, created};
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
        let parts =
            vec![CheckedPart::new("database", vec![]), CheckedPart::new("fairing", vec![failure.clone(), failure])];
        let checked = CheckedOutput::new(&CHECKED_SCHEMA, parts).reading(Some(Path::new("/etc/tongbu/config.toml")));
        assert_snapshot!("check", snapshots::render_everything(&checked));
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
            let parts = vec![CheckedPart::new(text, vec![failure_of(text)])];
            Box::new(CheckedOutput::new(&CHECKED_SCHEMA, parts).reading(Some(Path::new(text))))
        });
        injection_tests::check_output(|text| {
            let place = Some(Place::Variable(text.to_owned()));
            Box::new(Listing::new(vec![Setting { key: text.to_owned(), value: text.into(), place }]))
        });
    }
}
