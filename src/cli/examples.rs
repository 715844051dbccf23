//! Examples for the long help and the manual page of every command that is not an upstream's.

use crate::upstreams;

/// By the command's words after `tongbu`, as [`fill`] takes them.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "",
        "  tongbu config init                        write a configuration to fill in
  tongbu sync all                           sync everything that is configured
  tongbu sync {sync} --dry-run             fetch and compare, write nothing
  tongbu status --max-age {sync}=2h        exit 14 when the last success is older
  tongbu records list --failed --since 7d   what went wrong this week",
    ),
    ("sync", "  tongbu sync {sync}\n  tongbu sync all --trigger auto -q"),
    ("sync all", "  tongbu sync all\n  tongbu sync all --trigger auto -q --on-lock skip"),
    ("records", "  tongbu records list --failed\n  tongbu records show 7 --log"),
    (
        "records list",
        "  tongbu records list --sync {typed} --window {type} --since 2025-10-24
  tongbu records list --failed --unread --json",
    ),
    ("records show", "  tongbu records show 7 --changes\n  tongbu records show 7 --log"),
    ("records read", "  tongbu records read 7 8 9\n  tongbu records read --all"),
    (
        "report",
        "  tongbu report\n  tongbu report --since 7d --json\n  tongbu report --since 1y --html report.html --open",
    ),
    (
        "records stats",
        "  tongbu records stats\n  tongbu records stats --by day --since 7d\n  tongbu records stats --sync {typed} --since 90d --json",
    ),
    ("records prune", "  tongbu records prune --older-than 30d --dry-run\n  tongbu records prune --keep 1000"),
    ("locks", "  tongbu locks list\n  tongbu locks break {scope} --token 7"),
    ("locks list", "  tongbu locks list\n  tongbu locks list --all --json"),
    ("locks clean", "  tongbu locks clean --dry-run\n  tongbu locks clean -q"),
    ("locks break", "  tongbu locks break {scope} --token 7"),
    (
        "status",
        "  tongbu status\n  tongbu status --watch\n  tongbu status --max-age {sync}=2h --max-age {typed}/{type}=12h",
    ),
    ("config", "  tongbu config init\n  tongbu config check"),
    ("config init", "  tongbu config init\n  tongbu config init --config /etc/tongbu/config.toml"),
    ("config path", "  tongbu config path\n  tongbu config path --json"),
    ("config show", "  tongbu config show\n  tongbu config show --json"),
    ("config check", "  tongbu config check\n  tongbu config check --config new.toml"),
    ("setup", "  tongbu setup --upstream {sync} --dry-run\n  tongbu setup --upstream {sync} --notify slack --yes"),
    ("doctor", "  tongbu doctor\n  tongbu doctor --offline --json\n  tongbu doctor --cron"),
    (
        "changes",
        "  tongbu changes
  tongbu changes {sync} --record 7 --kind deleted
  tongbu changes --since 7d --id 4711 -o csv",
    ),
    (
        "export",
        "  tongbu export\n  tongbu export sync_records --format jsonl\n  tongbu export sync_records --columns id,sync,status -o runs.csv",
    ),
    ("backup", "  tongbu backup /backup/tongbu.db\n  tongbu backup /backup --keep 14 -q"),
    ("database", "  tongbu database copy /var/lib/tongbu/tongbu.db postgres://tongbu@db.example.com/tongbu"),
    ("database copy", "  tongbu database copy /var/lib/tongbu/tongbu.db postgres://tongbu@db.example.com/tongbu"),
    ("restore", "  tongbu restore /backup/tongbu-20261128T041900.000Z.db --force"),
    ("notify", "  tongbu notify test"),
    ("notify test", "  tongbu notify test\n  tongbu notify test --kind dingtalk"),
    ("metrics", "  tongbu metrics\n  tongbu metrics > tongbu.prom"),
    ("version", "  tongbu version\n  tongbu version --json"),
    ("generate", "  tongbu generate completions fish\n  tongbu generate man ./man"),
    (
        "generate completions",
        "  tongbu generate completions bash > /usr/share/bash-completion/completions/tongbu
  tongbu generate completions zsh > ~/.zfunc/_tongbu",
    ),
    ("generate man", "  tongbu generate man /usr/local/share/man/man1"),
    (
        "generate cron",
        "  tongbu generate cron > /etc/cron.d/tongbu
  tongbu generate cron --user sync --config /srv/tongbu.toml --db /srv/tongbu.db",
    ),
    ("generate systemd", "  tongbu generate systemd\n  tongbu generate systemd /etc/systemd/system --user sync"),
    ("generate alerts", "  tongbu generate alerts > /etc/prometheus/rules/tongbu.yml"),
    ("generate schema", "  tongbu generate schema > tongbu.schema.json"),
];

/// The examples of the command with these words, if it has any here.
pub fn of(words: &str) -> Option<String> {
    EXAMPLES.iter().find(|(known, _)| *known == words).map(|(_, examples)| fill(examples))
}

/// The text with names from the registry: `{sync}` and one of its scopes, `{scope}`; `{typed}`, which has several kinds of
/// pass, and one of these, `{type}`.
pub fn fill(text: &str) -> String {
    let first = upstreams::all().next();
    let (typed, kind) = upstreams::all().find_map(|known| Some((known.name, known.sync_types.first()?))).unzip();
    text.replace("{sync}", first.map_or("NAME", |known| known.name))
        .replace("{scope}", first.map_or("NAME", |known| known.example_scope))
        .replace("{typed}", typed.unwrap_or("NAME"))
        .replace("{type}", kind.map_or("TYPE", |kind| kind.name))
}

/// Examples as the long help shows them.
pub fn headed(examples: &str) -> String {
    format!("Examples:\n{examples}")
}

#[cfg(test)]
mod tests {
    use super::{EXAMPLES, fill};
    use crate::cli::command;

    #[test]
    fn every_example_is_a_command_line_that_parses() {
        let filled: Vec<String> = EXAMPLES.iter().map(|(_, examples)| fill(examples)).collect();
        for line in filled.iter().flat_map(|examples| examples.lines()) {
            let typed = line.trim().split("  ").next().unwrap_or_default();
            let words = typed.split_whitespace().take_while(|word| *word != ">");
            let parsed = command().try_get_matches_from(words);
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn every_command_has_examples() {
        fn check(command: &clap::Command, words: &str) {
            assert!(command.get_before_long_help().is_some(), "`tongbu {words}` has no examples");
            for subcommand in command.get_subcommands() {
                check(subcommand, format!("{words} {}", subcommand.get_name()).trim());
            }
        }
        check(&command(), "");
    }
}
