//! What `doctor` finds: one checked thing, its state, and what to do about it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::error::Class;
use crate::exit::Exit;
use crate::upstreams::Failure;

/// A finding of cron's environment, and the state of the same here.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Difference {
    #[serde(flatten)]
    pub finding: Finding,
    /// `null` where there is no such finding here.
    pub here: Option<State>,
}

/// One checked thing.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    pub check: Check,
    /// Which of several: a setting, an account.
    pub subject: Option<String>,
    pub state: State,
    pub found: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What a failed check means.
    pub class: Option<Class>,
}

/// What was checked.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum Check {
    Configuration,
    Secret,
    Sqlite,
    Database,
    Permissions,
    FreeSpace,
    LockFolder,
    Locks,
    Records,
    Log,
    MetricsFile,
    Credentials,
    Rights,
    Durability,
    Encryption,
    Schedule,
    Mail,
    Clock,
    Cron,
}

/// Its state.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum State {
    Ok,
    Warning,
    Failed,
}

impl Finding {
    pub fn ok(check: Check, found: impl Into<String>) -> Self {
        Self { check, subject: None, state: State::Ok, found: found.into(), hint: None, class: None }
    }

    pub fn warning(check: Check, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { state: State::Warning, hint: Some(hint.into()), ..Self::ok(check, found) }
    }

    /// What an error says, with its causes.
    pub fn failed(check: Check, failure: &Failure) -> Self {
        let hint = Some(failure.hint.clone()).filter(|hint| !hint.is_empty());
        Self { state: State::Failed, hint, class: Some(failure.class), ..Self::ok(check, failure.full_message()) }
    }

    #[must_use]
    pub fn of(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    /// How it ends the command: only what has failed does.
    pub fn exit(&self) -> Exit {
        self.class.filter(|_| self.state == State::Failed).map_or(Exit::Ok, Exit::from)
    }
}
