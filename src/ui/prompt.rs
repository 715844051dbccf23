//! Questions to the person at the terminal.

use std::io::{self, BufRead as _};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use super::Ui;
use crate::secret::Secret;

/// What Ctrl-C sends.
const INTERRUPT: u8 = 3;

impl Ui {
    /// What the person answers; `None` where nobody is there to answer, or there is no answer.
    pub fn ask(&self, question: &str) -> Option<String> {
        if self.is_json() || !self.terminal().stdin_is_terminal || !self.terminal().stderr_is_terminal {
            return None;
        }
        self.comment(question);
        let mut line = String::new();
        let count = io::stdin().lock().read_line(&mut line).ok().filter(|count| *count > 0)?;
        line.truncate(count);
        Some(line.trim_end_matches(['\n', '\r']).to_owned())
    }

    /// The same for a secret, which is not shown while it is typed; nothing typed is no answer.
    pub fn ask_secret(&self, question: &str) -> Option<Secret> {
        let before = tcgetattr(io::stdin()).ok()?;
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden(before.clone())).ok()?;
        let answer = self.ask(question);
        let shown_again = tcsetattr(io::stdin(), OptionalActions::Flush, &before);
        self.comment("\n");
        shown_again.ok()?;
        answer.filter(|typed| !typed.is_empty() && !typed.as_bytes().contains(&INTERRUPT)).map(Secret::new)
    }
}

/// Without an echo. Ctrl-C ends the line instead of the process: it would leave the terminal without one.
fn hidden(mut modes: Termios) -> Termios {
    modes.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
    modes.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
    modes
}
