//! An output that is drawn again and again in place, until the person ends it.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::{Ui, tables};
use crate::present::{Output, Text, text};
use crate::secret;

const HEAD: Text = text("every {}, q to end: {}", "每 {} 刷新，按 q 结束：{}");

/// The other screen, without a cursor; and back.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";
/// The cursor's home; what is behind it on its line; and below.
const HOME: &str = "\u{1b}[H";
const REST_OF_LINE: &str = "\u{1b}[K";
const REST_OF_SCREEN: &str = "\u{1b}[J";

/// How long one look at the keyboard takes.
const LOOK: Duration = Duration::from_millis(100);
const LOOK_TENTHS: u8 = 1;

/// How the keyboard was before; `None` where nobody can type.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// The terminal while it is drawn on; as it was before once this is dropped.
struct Screen<'a>(&'a Ui);

impl Ui {
    /// Whether a screen can be drawn on and redrawn.
    pub fn can_watch(&self) -> bool {
        self.terminal.stdout_is_terminal && !self.terminal.is_dumb() && !self.options.json && !self.options.csv
    }

    /// Draws what `load` answers, and again after each `pause`, until `is_over` or somebody types `q`. Its last answer
    /// stays on the terminal.
    pub fn watch<O: Output, E>(
        &self,
        pause: Duration,
        is_over: impl Fn() -> bool,
        mut load: impl FnMut() -> Result<O, E>,
    ) -> Result<O, E> {
        let pause = pause.max(LOOK);
        let screen = Screen::enter(self);
        loop {
            let output = load()?;
            let is_shown = screen.draw(&output, pause);
            let begun = Instant::now();
            while begun.elapsed() < pause || !is_shown {
                if is_over() || !is_shown || has_quit() {
                    drop(screen);
                    self.output(&output);
                    return Ok(output);
                }
            }
        }
    }
}

/// Gives the terminal back as it was, also where a second signal ends the process at once.
#[expect(clippy::disallowed_methods, reason = "the output goes to stdout")]
pub fn leave_screen() {
    if let Some(before) = keyboard().take() {
        // Where the terminal is gone there is nothing to give back.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &before);
    }
    let _ = rustix::io::write(io::stdout(), LEAVE.as_bytes());
}

fn keyboard() -> MutexGuard<'static, Option<Termios>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Screen<'a> {
    fn enter(ui: &'a Ui) -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            // Without it keys are seen only after a line's end.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &by_key(before.clone()));
        }
        *keyboard() = before;
        ui.print(ENTER.as_bytes());
        Self(ui)
    }

    /// All at once and over what is there, so that nothing flickers; whether that was possible.
    #[expect(clippy::disallowed_methods, reason = "measures the terminal")]
    fn draw(&self, output: &dyn Output, pause: Duration) -> bool {
        let style = self.0.stdout_style();
        let head = HEAD.fill(style.language, &[&style.span(pause), &style.local(style.now)]);
        let body = tables::render_output(output, &style);
        let height = tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_row));
        let lines = [head.as_str(), ""].into_iter().chain(body.lines());
        let lines: Vec<&str> = lines.take(if height == 0 { usize::MAX } else { height }).collect();
        let frame = lines.join(&format!("{REST_OF_LINE}\r\n"));
        let text = secret::scrub(&frame).into_owned();
        self.0.print(&self.0.charset.encode(&format!("{HOME}{text}{REST_OF_LINE}{REST_OF_SCREEN}")))
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        leave_screen();
    }
}

/// Waits a moment for a key; whether it was `q`.
fn has_quit() -> bool {
    let mut keys = [0; 16];
    let has_keyboard = keyboard().is_some();
    // An error is a signal, or a terminal that went away; the caller looks for both.
    if let Some(count) = has_keyboard.then(|| rustix::io::read(io::stdin(), &mut keys).ok()).flatten() {
        return keys[..count].iter().any(|key| matches!(key, b'q' | b'Q'));
    }
    std::thread::sleep(LOOK);
    false
}

/// Key by key, without an echo; a read ends after a moment. Ctrl-C still is a signal.
fn by_key(mut modes: Termios) -> Termios {
    modes.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
    modes.special_codes[SpecialCodeIndex::VMIN] = 0;
    modes.special_codes[SpecialCodeIndex::VTIME] = LOOK_TENTHS;
    modes
}
