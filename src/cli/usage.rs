//! Help, version, and command lines that cannot be parsed.

use std::ffi::OsString;

use clap::error::ErrorKind;

use super::chinese;
use super::command::command;
use super::failure::ErrorOutput;
use crate::error::Class;
use crate::exit::Exit;
use crate::language::Language;
use crate::text;
use crate::ui::{OutputOptions, Ui};
use crate::upstreams::Failure;

/// Shows what clap returned instead of matches: help and version are outputs, anything else is an error.
pub fn show(error: clap::Error, args: &[OsString], ui: &Ui) -> Exit {
    let is_chinese = ui.stdout_style().language == Language::Zh;
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        if is_chinese {
            let error = chinese::explain(command(), args).unwrap_or(error);
            ui.help(&chinese::help(&ui.render_help(&error.render()), ui.terminal().width()));
        } else {
            ui.help(&ui.render_help(&error.render()));
        }
        return if ui.is_output_lost() { Exit::Internal } else { Exit::Ok };
    }
    if ui.is_json() {
        ui.error(&ErrorOutput { failure: &failure(&error.render().to_string()), holder: None });
    } else if is_chinese {
        let error = chinese::explain(command(), args).unwrap_or(error);
        ui.comment(&safe_lines(&chinese::mistake(&error, ui.terminal().width())));
    } else {
        ui.comment(&safe_lines(&error.render().to_string()));
    }
    Exit::Usage
}

/// The output options, as far as they can be found in arguments that cannot be parsed.
pub fn output_options(args: &[OsString]) -> OutputOptions {
    let flags: Vec<&str> = args
        .iter()
        .skip(1)
        .map_while(|arg| Some(arg.to_str().unwrap_or_default()).filter(|arg| *arg != "--"))
        .collect();
    let separate_lang = flags.windows(2).find(|pair| pair[0] == "--lang").map(|pair| pair[1]);
    let joined_lang = flags.iter().find_map(|flag| flag.strip_prefix("--lang="));
    let lang = separate_lang.or(joined_lang).and_then(Language::of_locale);
    OutputOptions { json: flags.contains(&"--json"), lang, ..OutputOptions::default() }
}

/// The message before clap's usage lines, and its tips as the hint.
fn failure(rendered: &str) -> Failure {
    let rendered = rendered.strip_prefix("error: ").unwrap_or(rendered);
    let is_over = |line: &&str| !line.starts_with("Usage:") && !line.trim_start().starts_with("tip:");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let message: Vec<_> = rendered.lines().take_while(is_over).map(words).filter(|line| !line.is_empty()).collect();
    let tips: Vec<_> = rendered.lines().filter_map(|line| line.trim_start().strip_prefix("tip: ")).collect();
    let plain = Failure::plain(Class::Usage, message.join(" "));
    if tips.is_empty() { plain } else { Failure { hint: tips.join("; "), ..plain } }
}

/// Several lines, each made harmless: clap repeats what was typed.
fn safe_lines(rendered: &str) -> String {
    rendered.lines().map(|line| text::safe(line).into_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::{failure, output_options, safe_lines};
    use crate::language::Language;

    fn check(args: &[&str], json: bool, lang: Option<Language>) {
        let args: Vec<_> = args.iter().map(Into::into).collect();
        let options = output_options(&args);
        assert_eq!((options.json, options.lang), (json, lang), "{args:?}");
    }

    #[test]
    fn output_options_are_found_in_broken_command_lines() {
        check(&["tongbu", "snyc", "--json"], true, None);
        check(&["tongbu", "--lang", "zh", "--nonsense"], false, Some(Language::Zh));
        check(&["tongbu", "--lang=en", "--", "--json"], false, Some(Language::En));
        check(&["--json"], false, None);
    }

    #[test]
    fn message_and_tip_are_separated() {
        let parsed =
            failure("error: unrecognized subcommand 'snyc'\n\n  tip: try 'sync'\n\nUsage: tongbu\n\nFor more.\n");
        assert_eq!((parsed.message.as_str(), parsed.hint.as_str()), ("unrecognized subcommand 'snyc'", "try 'sync'"));
        let parsed = failure("error: required arguments were not provided:\n  --window <W>\n\nUsage: tongbu\n");
        assert_eq!(parsed.message, "required arguments were not provided: --window <W>");
        assert_eq!(parsed.hint, "run `tongbu --help`");
    }

    #[test]
    fn typed_text_cannot_control_the_terminal() {
        assert_eq!(safe_lines("a\u{1b}[2J\nb"), "a\\u{1b}[2J\nb\n");
    }
}
