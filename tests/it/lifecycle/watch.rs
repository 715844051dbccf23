//! `status --watch`: drawn again in place, and the terminal as it was at the end.

use super::ONE;
use super::bars::run_and_press;
use crate::support::Sandbox;

const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";

#[test]
fn status_is_drawn_in_place_until_a_key_or_a_signal() {
    let sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    for (key, code) in [("\u{3}", 130), ("q", 0)] {
        // The head is there a second time once it was drawn again.
        let ended = run_and_press(&sandbox, "status --watch 200ms", "\u{1b}[J\u{1b}[H", key, 1);
        assert_eq!(ended["code"], code, "{ended:#}");
        let drawn = ended["drawn"].as_str().expect("a text");
        let (frames, last) = drawn.split_once(LEAVE).expect("the screen is given back");
        assert!(frames.starts_with(ENTER) && frames.contains("every 200ms, q to end"), "{drawn}");
        assert!(!frames.contains("\u{1b}[2J"), "it would flicker: {drawn}");
        assert!(frames.matches("\u{1b}[H").count() >= 2, "{drawn}");
        assert!(last.contains("fairing") && last.contains("last result"), "{drawn}");
    }
}

#[test]
fn watching_is_refused_without_a_terminal() {
    let sandbox = Sandbox::small();
    let outcome = sandbox.run("status --watch").expect(2);
    assert!(outcome.stdout.is_empty() && outcome.stderr.contains("needs a terminal"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("hint: without one: `tongbu status`"), "{}", outcome.stderr);
    sandbox.run("status --watch 2s --json").expect(2);
}
