//! What the README says of every upstream is what its registration says.

use std::fmt::Write as _;

use tongbu::upstreams::command::{CommandKind, CommandSpec};
use tongbu::upstreams::{ALL, SHARED_COMMANDS};

use super::{between, text_of};

const BEGIN: &str = "<!-- upstreams: begin -->\n";
const END: &str = "<!-- upstreams: end -->";

/// The commands of these that are no groups, each by its words.
fn commands(above: &str, specs: &[CommandSpec]) -> Vec<String> {
    let words = |spec: &CommandSpec| format!("{above}{}", spec.name);
    let commands = specs.iter().flat_map(|spec| match &spec.kind {
        CommandKind::Group { commands: below, .. } => commands(&format!("{} ", words(spec)), below),
        CommandKind::Command { .. } | CommandKind::Pass { .. } => vec![format!("`{}`", words(spec))],
    });
    commands.collect()
}

fn table() -> String {
    let mut table = "| sync | what it brings | its own commands |\n|---|---|---|\n".to_owned();
    for known in ALL {
        let commands = commands("", known.commands).join(", ");
        writeln!(table, "| `{}` | {} | {commands} |", known.name, known.about).expect("text can be written");
    }
    table
}

#[test]
fn the_readme_lists_every_upstream_with_its_commands() {
    let readme = text_of("README.md");
    assert!(between(&readme, BEGIN, END) == table(), "put this between the markers:\n{}", table());
    for command in commands("", SHARED_COMMANDS) {
        let shown = format!("tongbu {}", command.trim_matches('`'));
        assert!(readme.contains(&shown), "{shown}");
    }
}
