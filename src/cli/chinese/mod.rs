//! The command line in Chinese: help, manual pages and the messages of the parser.
//!
//! English stays beside the commands. A catalogue has the Chinese for each text: `core.toml` here, and `chinese.toml` in
//! the folder of each upstream. It is read only where it is shown.

mod error;
mod layout;
mod phrases;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::LazyLock;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::exit_status::exit_status;
use super::{examples, manual};
use crate::exit::Exit;
use crate::upstreams;

const CORE: &str = include_str!("core.toml");

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::load);

type Texts = BTreeMap<String, String>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Catalogue {
    /// By the words after `tongbu`: `about`, `more` (its further paragraphs), `examples`, and each argument by its [`key`].
    commands: BTreeMap<String, Texts>,
    /// The arguments that mean the same in several commands.
    shared: Texts,
    /// The names of values.
    values: Texts,
    /// The headings of groups of options.
    headings: Texts,
    /// The meaning of each exit code, by its name.
    exit: Texts,
    /// What [`Messages`](crate::present::Messages) has.
    #[serde(rename = "messages")]
    _messages: IgnoredAny,
    #[serde(rename = "more")]
    _more: IgnoredAny,
}

impl Catalogue {
    /// A text that cannot be read stays English; a test reads them all.
    fn load() -> Self {
        let mut all = Self::default();
        for text in [CORE].into_iter().chain(upstreams::chinese()) {
            let part: Self = toml::from_str(&examples::fill(text)).unwrap_or_default();
            all.commands.extend(part.commands);
            all.shared.extend(part.shared);
            all.values.extend(part.values);
            all.headings.extend(part.headings);
            all.exit.extend(part.exit);
        }
        all
    }

    fn command(&self, command: Command, words: &str) -> Command {
        let none = Texts::new();
        let own = self.commands.get(words).unwrap_or(&none);
        let exit_status = exit_status("退出状态", meaning);
        let mut command = command.mut_args(|arg| self.argument(arg, own)).after_long_help(exit_status);
        if let Some(about) = own.get("about") {
            command = command.about(about);
            if let Some(more) = own.get("more") {
                command = command.long_about(format!("{about}\n\n{more}"));
            }
        }
        if let Some(english) = command.get_before_long_help().map(ToString::to_string) {
            let commands = english.split_once('\n').map_or(english.as_str(), |(_, commands)| commands);
            let shown = own.get("examples").map_or_else(|| commands.to_owned(), Clone::clone);
            command = command.before_long_help(format!("示例:\n{}", shown.trim_end()));
        }
        command.mut_subcommands(|subcommand| {
            let words = format!("{words} {}", subcommand.get_name());
            self.command(subcommand, words.trim_start())
        })
    }

    fn argument(&self, mut arg: Arg, own: &Texts) -> Arg {
        let key = key(&arg);
        let find = |key: &str| own.get(key).or_else(|| self.shared.get(key));
        if arg.get_long_help().is_some()
            && let Some(long) = find(&format!("{key}, long"))
        {
            arg = arg.long_help(long);
        }
        if let Some(help) = find(&key) {
            arg = arg.help(help);
        }
        if let Some(heading) = arg.get_help_heading().and_then(|english| self.headings.get(english)) {
            arg = arg.help_heading(heading);
        }
        let possible = arg.get_possible_values();
        if possible.iter().any(|value| value.get_help().is_some()) {
            // What was parsed by this command is never used, so that the type of the value does not matter.
            let explained = possible.into_iter().map(|value| match find(&format!("{key}={}", value.get_name())) {
                Some(help) => value.help(help),
                None => value,
            });
            arg = arg.value_parser(PossibleValuesParser::new(explained));
        }
        if let Some(names) = arg.get_value_names() {
            let names: Vec<String> =
                names.iter().map(|name| self.values.get(name.as_str()).cloned().unwrap_or(name.to_string())).collect();
            arg = arg.value_names(names);
        }
        arg
    }
}

/// What the catalogue knows an argument by: its long flag, or the name of its value.
fn key(arg: &Arg) -> String {
    let value = || arg.get_value_names().and_then(<[_]>::first).map(ToString::to_string);
    arg.get_long().map(str::to_owned).or_else(value).unwrap_or_else(|| arg.get_id().to_string())
}

/// The meaning of an exit code.
pub fn meaning(exit: Exit) -> &'static str {
    CATALOGUE.exit.get(exit.name()).map_or(exit.meaning(), String::as_str)
}

/// The command with its texts in Chinese, for what is shown of it. Lines are wrapped later, as clap takes a Chinese
/// sentence for one word.
fn translated(command: Command) -> Command {
    let mut command = command.term_width(0);
    command.build();
    CATALOGUE.command(command, "")
}

/// What there is to show instead of running these arguments: help, or a mistake in them.
pub fn explain(command: Command, args: &[OsString]) -> Option<clap::Error> {
    translated(command).try_get_matches_from(args).err()
}

/// Help as clap made it, with or without colour.
pub fn help(rendered: &str, width: Option<u16>) -> String {
    layout::fit(&phrases::in_help(rendered), width)
}

/// A mistake in the command line.
pub fn mistake(error: &clap::Error, width: Option<u16>) -> String {
    layout::fit(&error::render(error), width)
}

/// Every manual page with its file name.
pub fn manual_pages(command: Command) -> Vec<(String, Vec<u8>)> {
    let pages = manual::pages(translated(command), meaning);
    pages
        .into_iter()
        .map(|(name, page)| (name, phrases::in_manual(&String::from_utf8_lossy(&page)).into_bytes()))
        .collect()
}
