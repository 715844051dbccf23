//! What `setup` shows: the plan, then what became of it.

use schemars::JsonSchema;
use serde::Serialize;

use super::step::{Note, State, Step};
use crate::exit::Exit;
use crate::present::listing::RowsJson;
use crate::present::{
    Block, Column, DocumentSchema, Json, ListingSpec, Output, Severity, Style, Text, Word, listing, text, words,
};

pub const SCHEMA: DocumentSchema = DocumentSchema::of::<SetupDocument<'static>>("tongbu.setup/1", "setup");

/// The plan or its outcome.
pub struct SetupOutput<'a> {
    pub stage: Stage,
    pub exit: Exit,
    pub steps: &'a [Step],
    pub notes: &'a [Note],
    pub checks: &'a [Checked],
}

/// How far it came. A person sees the steps with the plan only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Plan,
    Undone,
    Applied,
}

/// A command that looked at the result.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Checked {
    pub command: String,
    pub exit_code: u8,
    pub exit_name: &'static str,
}

/// A column of steps.
type C = Column<Step>;

impl ListingSpec for Step {
    const SCHEMA: DocumentSchema = SCHEMA;
    const KEY: &'static str = "steps";
    const EMPTY: Text = text("no steps", "没有步骤");
    const COLUMNS: &'static [C] = &[
        C::word("what", |step| what_word(step.what)).titled(text("step", "步骤")),
        C::text("subject", |step| &step.subject).titled(text("what", "对象")),
        C::word("state", |step| state_word(step.state)).titled(words::STATE),
    ];
}

#[derive(Serialize, JsonSchema)]
struct SetupDocument<'a> {
    exit_code: u8,
    exit_name: &'static str,
    /// Whether the steps were taken.
    applied: bool,
    steps: RowsJson<'a, Step>,
    notes: Vec<String>,
    checks: &'a [Checked],
}

impl Output for SetupOutput<'_> {
    fn schema(&self) -> &DocumentSchema {
        &SCHEMA
    }

    fn is_quiet_on_success(&self) -> bool {
        self.exit == Exit::Ok
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let table = (self.stage == Stage::Plan).then(|| Block::Table(listing::table(self.steps, style)));
        table.into_iter().chain(self.notes.iter().map(|note| Block::Line(note.fill(style)))).collect()
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&SetupDocument {
            exit_code: self.exit.code(),
            exit_name: self.exit.name(),
            applied: self.stage == Stage::Applied,
            steps: RowsJson(self.steps, style),
            notes: self.notes.iter().map(|note| note.fill(style)).collect(),
            checks: self.checks,
        })
    }
}

fn what_word(what: &'static str) -> Word {
    let label = match what {
        "user" => text("user", "用户"),
        "folder" => text("folder", "目录"),
        "configuration" => words::CONFIGURATION,
        "secret" => text("secret", "密钥"),
        "timers" => text("timers", "定时器"),
        _ => text("schedule", "定时"),
    };
    Word::new(what, label, Severity::Plain)
}

const fn state_word(state: State) -> Word {
    let (name, label, severity) = match state {
        State::Present => ("present", text("is there", "已存在"), Severity::Plain),
        State::Missing => ("planned", text("to be made", "将创建"), Severity::Warning),
        State::Differs => ("differs", text("differs, stays as it is", "内容不同，保持原样"), Severity::Warning),
        State::Empty => ("empty", text("is there, and empty", "已存在，内容为空"), Severity::Warning),
        State::Done => ("done", text("made", "已创建"), Severity::Good),
    };
    Word::new(name, label, severity)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{Checked, Note, SetupOutput, Stage, State, Step};
    use crate::cli::setup::step::Action;
    use crate::exit::Exit;
    use crate::present::text;
    use crate::ui::{injection_tests, snapshots};

    fn step(what: &'static str, subject: &str, state: State) -> Step {
        Step { what, subject: subject.to_owned(), state, action: Action::WriteSecret }
    }

    #[test]
    fn every_step_is_shown_with_its_state() {
        let steps = [
            step("user", "tongbu", State::Present),
            step("folder", "/var/lib/tongbu", State::Missing),
            step("configuration", "/etc/tongbu/config.toml", State::Missing),
            step("secret", "/etc/tongbu/secrets/tasks", State::Empty),
            step("schedule", "/etc/cron.d/tongbu", State::Differs),
        ];
        let notes = [Note::of(text("see `{}`", "见 `{}`"), &[&"/etc/tongbu"])];
        let checks = [Checked { command: "config check".to_owned(), exit_code: 0, exit_name: "ok" }];
        let output = SetupOutput { stage: Stage::Plan, exit: Exit::Ok, steps: &steps, notes: &notes, checks: &checks };
        assert_snapshot!("setup", snapshots::render_everything(&output));
    }

    #[test]
    fn hostile_paths_are_harmless() {
        for hostile in injection_tests::hostile_strings() {
            let steps = [step("folder", &hostile, State::Missing)];
            let notes = [Note::of(text("see `{}`", "见 `{}`"), &[&hostile])];
            let output = SetupOutput { stage: Stage::Plan, exit: Exit::Ok, steps: &steps, notes: &notes, checks: &[] };
            injection_tests::check_shown(&hostile, &output);
        }
    }
}
