//! The settings in effect.

use serde::Serialize;
use serde_json::Value;

use super::Answer;
use super::labels;
use super::tables::render_table;
use crate::config::{Place, Setting};
use crate::present::style::{Style, sanitize};
use crate::present::table::{Table, TableColumn};

/// The answer of `config show`.
#[derive(Debug)]
pub struct SettingsAnswer(pub Vec<Setting>);

#[derive(Debug, Serialize)]
struct SettingsDocument<'a> {
    schema: &'static str,
    settings: Vec<SettingPart<'a>>,
}

#[derive(Debug, Serialize)]
struct SettingPart<'a> {
    key: &'a str,
    value: &'a Value,
    set_by: Option<String>,
}

impl Answer for SettingsAnswer {
    fn render_text(&self, style: &Style) -> String {
        let mut table = Table::new(vec![
            TableColumn::text(style.label(labels::KEY)),
            TableColumn::text(style.label(labels::VALUE)),
            TableColumn::text(style.label(labels::SET_BY)).hidden_when_blank().droppable(1),
        ]);
        for setting in &self.0 {
            let place = setting.place.as_ref().map(Place::to_string).unwrap_or_default();
            table.push(vec![
                sanitize(&setting.key).into(),
                sanitize(&setting.value.to_string()).into(),
                sanitize(&place).into(),
            ]);
        }
        render_table(table, style)
    }

    fn document(&self, _: &Style) -> impl Serialize {
        SettingsDocument { schema: "tongbu.config/1", settings: self.0.iter().map(SettingPart::new).collect() }
    }
}

impl<'a> SettingPart<'a> {
    fn new(setting: &'a Setting) -> Self {
        let set_by = setting.place.as_ref().map(Place::to_string);
        Self { key: &setting.key, value: &setting.value, set_by }
    }
}
