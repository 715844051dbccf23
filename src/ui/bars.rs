//! Progress bars on a terminal: one line per scope, gone without a trace at the end.

use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::present::{Messages, sanitize};
use crate::progress::{Event, Observer};

/// A run that ends sooner shows no bars at all.
const DELAY: Duration = Duration::from_millis(250);
/// How often a spinner turns while nothing happens.
const TICK: Duration = Duration::from_millis(120);
const COUNTED: &str = "{prefix} {bar:24} {pos}/{len} {elapsed} (eta {eta}) {wide_msg}";
const UNCOUNTED: &str = "{prefix} {spinner} {pos} {elapsed} {wide_msg}";

/// The bars on the screen, where a signal ends the process in the middle of a run.
static SHOWN: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Takes the bars away that a run under way has drawn, for good.
pub fn clear_bars() {
    if let Some(screen) = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // Nothing is left to clear where stderr went away meanwhile.
        let _ = screen.clear();
        screen.set_draw_target(ProgressDrawTarget::hidden());
    }
}

/// Draws what it observes on stderr, from [`DELAY`] after its making until it is dropped.
pub struct Bars {
    messages: &'static Messages,
    screen: MultiProgress,
    by_scope: Mutex<BTreeMap<String, ProgressBar>>,
    /// Dropped to end the thread that waits for the delay.
    ended: Option<Sender<()>>,
    delay: Option<JoinHandle<()>>,
}

impl Bars {
    /// Bars on stderr.
    pub fn on_stderr(messages: &'static Messages) -> Self {
        Self::on(ProgressDrawTarget::stderr, DELAY, messages)
    }

    fn on(
        target: impl FnOnce() -> ProgressDrawTarget + Send + 'static,
        delay: Duration,
        messages: &'static Messages,
    ) -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let (ended, is_ended) = channel::<()>();
        let waiting_screen = screen.clone();
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(screen.clone());
        let waiting = std::thread::spawn(move || {
            if is_ended.recv_timeout(delay) == Err(RecvTimeoutError::Timeout) {
                waiting_screen.set_draw_target(target());
            }
        });
        Self { messages, screen, by_scope: Mutex::default(), ended: Some(ended), delay: Some(waiting) }
    }

    fn shown(&self, message: &str) -> String {
        sanitize(&self.messages.translate(message))
    }

    fn with_bar(&self, scope: &str, act: impl FnOnce(&ProgressBar)) {
        let mut by_scope = self.by_scope.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = by_scope.get(scope) {
            return act(bar);
        }
        let bar = self.screen.add(ProgressBar::no_length());
        bar.set_prefix(sanitize(scope));
        set_style(&bar, UNCOUNTED);
        bar.enable_steady_tick(TICK);
        act(&bar);
        by_scope.insert(scope.to_owned(), bar);
    }
}

impl Observer for Bars {
    fn observe(&self, event: &Event<'_>) {
        match event {
            Event::ScopeStarted { scope, total } => self.with_bar(scope, |bar| {
                set_total(bar, *total);
                bar.set_message("");
            }),
            Event::ScopeAdvanced { scope, done, total, note } => self.with_bar(scope, |bar| {
                set_total(bar, *total);
                bar.set_position(*done);
                bar.set_message(note.map(sanitize).unwrap_or_default());
            }),
            Event::ScopeWaiting { scope, reason, .. } => {
                self.with_bar(scope, |bar| bar.set_message(self.shown(reason)));
            }
            Event::ScopeFinished { scope, outcome } => self.with_bar(scope, |bar| {
                bar.abandon_with_message(self.shown(outcome));
            }),
            // The report repeats it when the bars are gone.
            Event::Warning { .. } => {}
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.ended.take();
        if let Some(delay) = self.delay.take() {
            // It cannot panic, and a bar that stays is no reason to fail.
            let _ = delay.join();
        }
        let bars = std::mem::take(&mut *self.by_scope.lock().unwrap_or_else(PoisonError::into_inner));
        for bar in bars.into_values() {
            bar.finish_and_clear();
        }
        SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Nothing is left to clear where stderr went away meanwhile.
        let _ = self.screen.clear();
    }
}

fn set_total(bar: &ProgressBar, total: Option<u64>) {
    if let Some(total) = total.filter(|total| bar.length() != Some(*total)) {
        bar.set_length(total);
        set_style(bar, COUNTED);
    }
}

/// The templates are constants that a test parses; a bar keeps its style where one were wrong.
fn set_style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use indicatif::{ProgressDrawTarget, ProgressStyle, TermLike};

    use super::{Bars, COUNTED, UNCOUNTED};
    use crate::language::Language;
    use crate::progress::{Event, Observer};
    use crate::upstreams;

    /// A terminal of as many lines as it takes, and everything that was ever written to it.
    #[derive(Clone, Debug, Default)]
    struct Screen(Arc<Mutex<Drawn>>);

    #[derive(Debug, Default)]
    struct Drawn {
        lines: Vec<String>,
        row: usize,
        written: String,
    }

    impl Screen {
        fn visible(&self) -> String {
            self.0.lock().unwrap().lines.concat()
        }

        fn written(&self) -> String {
            self.0.lock().unwrap().written.clone()
        }

        #[expect(clippy::unnecessary_wraps, reason = "every caller answers so")]
        fn put(&self, act: impl FnOnce(&mut Drawn)) -> io::Result<()> {
            let mut drawn = self.0.lock().unwrap();
            act(&mut drawn);
            let rows = drawn.lines.len().max(drawn.row + 1);
            drawn.lines.resize(rows, String::new());
            Ok(())
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, n: usize) -> io::Result<()> {
            self.put(|drawn| drawn.row = drawn.row.saturating_sub(n))
        }

        fn move_cursor_down(&self, n: usize) -> io::Result<()> {
            self.put(|drawn| drawn.row += n)
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)?;
            self.put(|drawn| drawn.row += 1)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.put(|drawn| {
                drawn.written.push_str(text);
                let row = drawn.row;
                let rows = drawn.lines.len().max(row + 1);
                drawn.lines.resize(rows, String::new());
                drawn.lines[row].push_str(text.trim());
            })
        }

        fn clear_line(&self) -> io::Result<()> {
            self.put(|drawn| {
                let row = drawn.row;
                if let Some(line) = drawn.lines.get_mut(row) {
                    line.clear();
                }
            })
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn bars_on(screen: &Screen, delay: Duration) -> Bars {
        let screen = screen.clone();
        Bars::on(move || ProgressDrawTarget::term_like(Box::new(screen)), delay, upstreams::messages(Language::Zh))
    }

    fn observe_all(bars: &Bars, scope: &str) {
        bars.observe(&Event::ScopeStarted { scope, total: None });
        bars.observe(&Event::ScopeWaiting { scope, reason: "retry \u{9b}", until: None });
        bars.observe(&Event::ScopeAdvanced { scope, done: 3, total: Some(10), note: Some("a\u{1b}[31m\nb\u{202e}") });
        bars.observe(&Event::Warning { message: "w\u{202e}" });
    }

    #[test]
    fn the_templates_are_valid() {
        for template in [COUNTED, UNCOUNTED] {
            ProgressStyle::with_template(template).unwrap();
        }
    }

    #[test]
    fn bars_show_harmless_text_and_leave_nothing_behind() {
        let screen = Screen::default();
        let mut bars = bars_on(&screen, Duration::ZERO);
        bars.delay.take().unwrap().join().unwrap();
        observe_all(&bars, "shop\u{1b}[2J/x");
        bars.by_scope.lock().unwrap().values().for_each(indicatif::ProgressBar::tick);
        let seen = screen.visible();
        assert!(seen.contains("3/10") && seen.contains("shop\\u{1b}[2J/x"), "{seen:?}");
        bars.observe(&Event::ScopeFinished { scope: "shop\u{1b}[2J/x", outcome: "success" });
        drop(bars);
        assert_eq!(screen.visible(), "");
        let hostile = ["\u{1b}[31m", "\u{1b}[2J", "\u{9b}", "\u{202e}"];
        assert!(hostile.iter().all(|raw| !screen.written().contains(raw)), "{:?}", screen.written());
    }

    #[test]
    fn a_run_shorter_than_the_delay_draws_nothing() {
        let screen = Screen::default();
        let bars = bars_on(&screen, Duration::from_secs(60));
        observe_all(&bars, "douban/movies");
        drop(bars);
        assert_eq!(screen.written(), "");
    }
}
