//! What only a person can say: which upstreams, which secrets, yes.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use super::plan::Plan;
use super::step::{Action, State, Step};
use crate::cli::error::Error;
use crate::cli::session::Session;
use crate::config::choices;
use crate::present::{Text, sanitize, text};
use crate::secret::Secret;
use crate::upstreams;

const UPSTREAMS: Text = text(
    "Which upstreams? One or several of {}, with blanks between: ",
    "要同步哪些上游？从 {} 中选一个或多个，以空格分隔：",
);
const GO_ON: Text = text("Do this? [y/N] ", "执行以上步骤？[y/N] ");
const REPLACE: Text = text("`{}` differs. Replace it? [y/N] ", "`{}` 与此不同。替换它？[y/N] ");
const SECRET: Text = text(
    "The secret for `{}` (not shown; Enter leaves it for later): ",
    "`{}` 的密钥（输入不显示；直接回车则以后再填）：",
);

/// Secrets by the name of their file.
pub type Secrets = BTreeMap<String, Secret>;

/// The upstreams to configure; the question comes again until they are known. None where nobody is there to answer.
pub fn upstreams(session: &Session) -> Vec<String> {
    let names = upstreams::names();
    let question = UPSTREAMS.fill(session.ui.language(), &[&names.join(", ")]);
    while let Some(answer) = session.ui.ask(&question) {
        let chosen: Vec<String> = answer.split([' ', ',']).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if chosen.iter().all(|name| names.contains(&name.as_str())) {
            return chosen;
        }
    }
    Vec::new()
}

/// Whether to go on; `None` where nobody is there to answer.
pub fn go_on(session: &Session) -> Option<bool> {
    session.ui.ask(GO_ON.label(session.ui.language())).map(|answer| is_yes(&answer))
}

/// Whether to replace a file that somebody changed; no where nobody is there to answer.
pub fn replace(session: &Session, step: &Step) -> bool {
    let question = REPLACE.fill(session.ui.language(), &[&sanitize(&step.subject)]);
    session.ui.ask(&question).is_some_and(|answer| is_yes(&answer))
}

/// The secret that a person types for a step that lacks one.
pub fn secret(session: &Session, step: &Step) -> Option<Secret> {
    if !is_secret(step) || !matches!(step.state, State::Missing | State::Empty) {
        return None;
    }
    session.ui.ask_secret(&SECRET.fill(session.ui.language(), &[&sanitize(&step.subject)]))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "是" | "好")
}

/// The secrets on stdin, one a line: `NAME=VALUE`. Each has to belong to a step.
pub fn secrets_on_stdin(plan: &Plan) -> Result<Secrets, Error> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|source| Error::Read { path: "/dev/stdin".into(), source })?;
    let known: Vec<&str> = plan.steps.iter().filter(|step| is_secret(step)).map(name_of).collect();
    let mut secrets = Secrets::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let named = line.split_once('=').map(|(name, value)| (name.trim(), value));
        let Some((name, value)) = named.filter(|(name, _)| known.contains(name)) else {
            // The line may be the secret itself: it is not quoted.
            return Err(Error::Usage {
                message: format!("line {} of the secrets does not begin with the name of one", index + 1),
                hint: format!("write it as `NAME=VALUE`; the names are {}", choices(known)),
            });
        };
        secrets.insert(name.to_owned(), Secret::new(value.to_owned()));
    }
    Ok(secrets)
}

/// The name of a secret's file.
pub fn name_of(step: &Step) -> &str {
    Path::new(&step.subject).file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

const fn is_secret(step: &Step) -> bool {
    matches!(step.action, Action::WriteSecret)
}
