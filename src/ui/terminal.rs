//! What this process can show where: from file descriptors and the environment.

use std::io::IsTerminal;

use crate::config::env::{self, Environment};

/// The three standard streams and what the environment wants on them.
#[derive(Clone, Debug)]
pub struct Terminal {
    pub stdin_is_terminal: bool,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
    pub env: Environment,
}

impl Terminal {
    /// What this process was started with.
    #[expect(clippy::disallowed_methods, reason = "looks whether they are terminals and prints nothing")]
    pub fn detect() -> Self {
        Self {
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            env: Environment::process(),
        }
    }

    /// Whether a person seems to be there.
    pub const fn is_attended(&self) -> bool {
        self.stdin_is_terminal || self.stdout_is_terminal || self.stderr_is_terminal
    }

    /// Colour on stdout.
    pub fn colours_stdout(&self) -> bool {
        self.colours(self.stdout_is_terminal)
    }

    /// Colour on stderr.
    pub fn colours_stderr(&self) -> bool {
        self.colours(self.stderr_is_terminal)
    }

    /// Whether progress bars can be drawn on stderr.
    pub fn can_draw(&self) -> bool {
        self.stderr_is_terminal && !self.is_dumb()
    }

    /// The columns an answer should stay inside: the terminal's, or what `COLUMNS` says, or no limit.
    pub fn width(&self) -> Option<u16> {
        let measured = if self.stdout_is_terminal { comfy_table::Table::new().width() } else { None };
        measured.or_else(|| self.env.var(env::COLUMNS)?.parse().ok()).filter(|width| *width > 0)
    }

    fn colours(&self, is_terminal: bool) -> bool {
        let is_forced = self.env.var(env::CLICOLOR_FORCE).is_some_and(|value| value != "0");
        self.env.var(env::NO_COLOR).is_none() && (is_forced || (is_terminal && !self.is_dumb()))
    }

    pub fn is_dumb(&self) -> bool {
        self.env.var(env::TERM).is_some_and(|term| term == "dumb")
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, Terminal};

    fn terminal<const N: usize>(is_terminal: bool, variables: [(&'static str, &'static str); N]) -> Terminal {
        Terminal {
            stdin_is_terminal: is_terminal,
            stdout_is_terminal: is_terminal,
            stderr_is_terminal: is_terminal,
            env: Environment::fixed(variables),
        }
    }

    fn check<const N: usize>(is_terminal: bool, variables: [(&'static str, &'static str); N], expected: bool) {
        let terminal = terminal(is_terminal, variables);
        assert_eq!(terminal.colours_stdout(), expected, "{variables:?}");
        assert_eq!(terminal.colours_stderr(), expected, "{variables:?}");
    }

    #[test]
    fn no_color_wins_and_a_dumb_terminal_has_none_unless_forced() {
        check(true, [], true);
        check(false, [], false);
        check(true, [("TERM", "dumb")], false);
        check(false, [("CLICOLOR_FORCE", "1")], true);
        check(false, [("CLICOLOR_FORCE", "0")], false);
        check(true, [("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false);
    }

    #[test]
    fn the_width_is_unlimited_where_nothing_tells_it() {
        for (columns, expected) in [("120", Some(120)), ("0", None), ("wide", None), ("", None)] {
            assert_eq!(terminal(false, [("COLUMNS", columns)]).width(), expected, "{columns}");
        }
    }
}
